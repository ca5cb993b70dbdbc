//! RTSP cameras and video files, by ffmpeg as a child process.
//!
//! ffmpeg is told what to open by a list on its standard input (`-f concat`), never by its arguments or its environment, so
//! other users of the machine do not see the camera's password there. It decodes, throws away what comes faster than
//! wanted before it scales, and writes plain pictures to a pipe; of these the newest wins. It runs without a shell, with
//! a list of protocols it may use, in a process group of its own that is killed and reaped whenever the source stops.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::{FrameSource, Sink, SourceError, Wanted, ffmpeg_says, yuv4mpeg};
use crate::config::{FileSource, RtspSource};
use crate::picture::Picture;
use crate::secret::redact_urls;

/// ffmpeg gives up a camera that answers nothing for this long, in microseconds.
const SILENCE_US: u32 = 8_000_000;
/// What ffmpeg is told of the agent's environment: where programs and libraries are.
const NEEDED: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "TMPDIR"];
/// Lines that are kept to say what was wrong.
const LINES_KEPT: usize = 12;

/// A camera or a file that ffmpeg reads.
#[derive(Debug)]
pub struct Ffmpeg(Input);

#[derive(Debug)]
enum Input {
    Rtsp(RtspSource),
    File(FileSource),
}

impl Ffmpeg {
    /// An RTSP camera.
    pub fn rtsp(source: RtspSource) -> Self {
        Self(Input::Rtsp(source))
    }

    /// A video file.
    pub fn file(source: FileSource) -> Self {
        Self(Input::File(source))
    }

    fn redact(&self, text: &str) -> String {
        match &self.0 {
            Input::Rtsp(rtsp) => rtsp.url.redact(text),
            Input::File(_) => redact_urls(text),
        }
    }

    fn arguments(&self, wanted: Wanted) -> Vec<String> {
        let (protocols, real_time): (_, &[&str]) = match &self.0 {
            Input::Rtsp(_) => {
                ("pipe,rtsp,rtsps,rtp,udp,tcp,tls", &["-fflags", "nobuffer", "-flags", "low_delay"])
            }
            Input::File(file) if file.looped => ("pipe,file", &["-re", "-stream_loop", "-1"]),
            Input::File(_) => ("pipe,file", &["-re"]),
        };
        let fps = wanted.fps.max(0.1);
        // A picture passes when it begins another period of 1/fps, so that faster sources give just that many.
        let filter = format!(
            "select='not(eq(floor(t*{fps}),floor(prev_selected_t*{fps})))',\
             scale=w='trunc(min({width},iw)/2)*2':h=-2:out_range=full:out_color_matrix=bt601:flags=bilinear,\
             format=yuv420p",
            width = wanted.max_width,
        );
        let mut arguments: Vec<String> = [
            "-hide_banner",
            "-nostdin",
            "-nostats",
            "-loglevel",
            "warning",
            "-protocol_whitelist",
            protocols,
        ]
        .map(str::to_owned)
        .into();
        arguments.extend(real_time.iter().map(|&argument| argument.to_owned()));
        arguments.extend(
            ["-f", "concat", "-safe", "0", "-i", "pipe:0", "-map", "0:v:0", "-an", "-sn", "-dn", "-vf"]
                .map(str::to_owned),
        );
        arguments.push(filter);
        arguments.extend(["-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "pipe:1"].map(str::to_owned));
        arguments
    }

    fn list(&self) -> Result<String, SourceError> {
        Ok(match &self.0 {
            Input::Rtsp(rtsp) => format!(
                "ffconcat version 1.0\nfile {}\noption rtsp_transport {}\noption timeout {SILENCE_US}\n\
                 option allowed_media_types video\n",
                quoted(rtsp.url.reveal().as_str()),
                rtsp.transport.name(),
            ),
            Input::File(file) => {
                format!("ffconcat version 1.0\nfile {}\n", quoted(&file_address(&file.path)?))
            }
        })
    }

    fn start(&self, wanted: Wanted) -> Result<Running, SourceError> {
        let mut command = Command::new("ffmpeg");
        command.args(self.arguments(wanted)).kill_on_drop(true);
        // The agent's environment may hold the token and the source's password.
        command.env_clear().envs(NEEDED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|error| {
            SourceError::lost(format!(
                "ffmpeg cannot be started: {error}. Install it (Debian, Ubuntu: apt install ffmpeg; 5.1 or newer)"
            ))
        })?;
        Ok(Running(Some(child)))
    }

    async fn play(&self, wanted: Wanted, sink: &Sink) -> Result<(), SourceError> {
        let mut running = self.start(wanted)?;
        let Some((stdin, stdout, stderr)) = running.pipes() else {
            return Err(SourceError::lost("ffmpeg has no pipes"));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let list = self.list()?;
        let told = tell(stdin, &list);
        let listened = self.listen(stderr, Arc::clone(&said));
        let shown = show(stdout, sink);
        // A broken pipe here means that ffmpeg ended, and what it said tells why.
        let ((), (), shown) = tokio::join!(told, listened, shown);
        let pictures = shown?;
        let ended_well = running.wait().await;
        // A file ends; a camera that ends its stream was restarted.
        if ended_well && pictures > 0 && matches!(self.0, Input::File(_)) {
            return Ok(());
        }
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        Err(ffmpeg_says::meaning(&said, pictures > 0))
    }

    async fn listen(&self, stderr: ChildStderr, said: Arc<Mutex<Vec<String>>>) {
        let mut lines = BufReader::new(stderr).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = self.redact(String::from_utf8_lossy(&line).trim());
            tracing::debug!(line, "ffmpeg says");
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() == LINES_KEPT {
                said.remove(0);
            }
            said.push(line);
        }
    }
}

async fn tell(mut stdin: ChildStdin, list: &str) {
    if let Err(error) = stdin.write_all(list.as_bytes()).await {
        tracing::debug!(%error, "ffmpeg takes no list");
    }
}

/// Hands on pictures to the end; returns how many there were.
async fn show(stdout: ChildStdout, sink: &Sink) -> Result<u64, SourceError> {
    let mut reader = yuv4mpeg::Reader::new(BufReader::new(stdout));
    let mut pictures = 0;
    while let Some(planar) = reader.next().await? {
        pictures += 1;
        sink.put(Picture::Planar(planar));
    }
    Ok(pictures)
}

impl FrameSource for Ffmpeg {
    fn run<'a>(&'a mut self, wanted: Wanted, sink: &'a Sink) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(self.play(wanted, sink))
    }
}

/// In the quotes of ffmpeg's lists.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn file_address(path: &Path) -> Result<String, SourceError> {
    let whole = path
        .canonicalize()
        .map_err(|error| SourceError::lost(format!("{}: {error}: check source.path", path.display())))?;
    let text = whole.to_str().filter(|text| !text.contains(['\n', '\r']));
    text.map(|text| format!("file:{text}"))
        .ok_or_else(|| SourceError::lost(format!("{}: a name in plain UTF-8 is wanted", path.display())))
}

/// ffmpeg while it runs: dropping it kills its process group and has it reaped.
struct Running(Option<Child>);

impl Running {
    fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout, ChildStderr)> {
        let child = self.0.as_mut()?;
        Some((child.stdin.take()?, child.stdout.take()?, child.stderr.take()?))
    }

    async fn wait(&mut self) -> bool {
        let Some(child) = self.0.as_mut() else { return false };
        let status = child.wait().await;
        self.0 = None;
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        #[cfg(unix)]
        if let Some(group) =
            child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.start_kill();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { child.wait().await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;
    use crate::secret::CameraUrl;

    #[test]
    fn no_argument_has_the_password_and_the_list_has_the_address() {
        let url = CameraUrl::new("rtsp://admin:hu'sh@10.0.0.7/x".parse().expect("an address"));
        let ffmpeg = Ffmpeg::rtsp(RtspSource { url, transport: Transport::Tcp });
        let arguments = ffmpeg.arguments(Wanted { max_width: 1280, fps: 10.0 });
        assert!(!arguments.iter().any(|argument| argument.contains("sh@") || argument.contains("10.0.0.7")));
        let list = ffmpeg.list().expect("a list");
        assert!(list.contains("option rtsp_transport tcp\n"));
        assert!(list.lines().any(|line| line.starts_with("file 'rtsp://admin:hu")));
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert!(!format!("{ffmpeg:?}").contains("sh@"));
    }
}
