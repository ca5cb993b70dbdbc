//! Sources against real cameras' ways: HTTP servers that send rubbish and stall, ffmpeg with a clip that is made here,
//! and a real RTSP server. What needs a program that is not here says so.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use camera::config::{Camera, FileSource, FolderSource, HttpSource, RtspSource, SourceConfig, Transport};
use camera::context::Context;
use camera::health::Health;
use camera::picture::Picture;
use camera::secret::{CameraUrl, Secret};
use camera::source::supervise::run_source;
use camera::source::{Sink, SourceError, Wanted, of};
use camera::state::StateFolder;
use support::{jpeg, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use types::{FeedId, SourceState};

const WANTED: Wanted = Wanted { max_width: 1280, fps: 30.0 };

fn camera(source: SourceConfig) -> Camera {
    Camera { name: "Gate".to_owned(), feed: FeedId(uuid::Uuid::new_v4()), token: Secret::new("t"), source }
}

fn url(text: &str) -> CameraUrl {
    CameraUrl::new(text.parse().expect("an address"))
}

fn say(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("written");
}

fn here(program: &str) -> bool {
    let found =
        Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        say(&format!("not tried: {program} is not here"));
    }
    found
}

/// Runs a source until it has given so many pictures, or ends.
async fn collect(
    source: SourceConfig,
    count: usize,
) -> (Vec<Picture>, Option<Result<(), SourceError>>, Arc<Health>) {
    let health = Arc::new(Health::default());
    let sink = Sink::new(Arc::clone(&health));
    let mut source = of(&camera(source)).expect("a source");
    let mut pictures = Vec::new();
    let mut ended = None;
    {
        let running = source.run(WANTED, &sink);
        tokio::pin!(running);
        while pictures.len() < count {
            tokio::select! {
                captured = sink.take() => pictures.push(captured.picture),
                end = &mut running => {
                    ended = Some(end);
                    break;
                }
            }
        }
    }
    (pictures, ended, health)
}

/// Answers each connection with what `serve` writes.
async fn http<F, S>(serve: S) -> u16
where
    S: Fn(TcpStream, String, usize) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            tokio::spawn(serve(stream, head, number));
            number += 1;
        }
    });
    port
}

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--here\r\n\r\n";

fn part(jpeg: &[u8]) -> Vec<u8> {
    let head = format!("--here\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    [head.as_bytes(), jpeg, b"\r\n"].concat()
}

#[tokio::test]
async fn a_stream_with_broken_pictures_that_stalls_is_opened_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&connections);
    let port = http(move |mut stream, _, number| {
        seen.store(number + 1, Ordering::SeqCst);
        async move {
            stream.write_all(STREAM_HEAD).await.expect("written");
            for round in 0..10 {
                let good = jpeg(round);
                let mut flipped = good.clone();
                flipped.truncate(good.len() / 2);
                for bytes in [good.as_slice(), &flipped, b"rubbish"] {
                    stream.write_all(&part(bytes)).await.expect("written");
                    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
                }
            }
            // From now on it says nothing and stays open.
            std::future::pending::<()>().await;
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let gate = camera(SourceConfig::Http(HttpSource {
        url: url(&format!("http://127.0.0.1:{port}/video?pwd=hush")),
        fps: 5.0,
    }));
    let state = StateFolder::open(folder.path()).expect("a state");
    let context = Arc::new(Context::new("Gate", gate.feed, state, folder.path()).expect("a context"));
    let sink = Arc::new(Sink::new(Arc::clone(&context.health)));
    let source = of(&gate).expect("a source");
    let running = tokio::spawn(run_source(Arc::clone(&context), source, Arc::clone(&sink)));
    let taking = tokio::spawn({
        let context = Arc::clone(&context);
        async move {
            loop {
                match sink.take().await.picture.luma(160) {
                    Ok((_, (width, height))) => context.health.size(width, height),
                    Err(_) => context.health.count(|frames| &mut frames.corrupt),
                }
            }
        }
    });
    until("pictures", || context.health.counts().captured >= 10).await;
    assert_eq!((context.health.status().width, context.health.status().height), (320, 180));
    until("the stall is noticed", || context.health.status().state != SourceState::Running).await;
    let message = context.health.status().message.expect("a message");
    assert!(!message.contains("hush"), "{message}");
    until("it is opened again", || connections.load(Ordering::SeqCst) > 1).await;
    until("pictures again", || context.health.status().state == SourceState::Running).await;
    assert!(context.health.counts().corrupt >= 3, "{:?}", context.health.counts());
    running.abort();
    taking.abort();
}

#[tokio::test]
async fn single_pictures_are_asked_for_with_user_and_password() {
    let port = http(|mut stream, head, number| async move {
        // "cam:hush" as basic authentication.
        let allowed = head.contains("Basic Y2FtOmh1c2g=") || head.contains("basic Y2FtOmh1c2g=");
        assert!(!head.contains("hush"), "{head}");
        let answer = if allowed {
            let picture = jpeg(number as u8);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                picture.len()
            );
            [head.as_bytes(), &picture].concat()
        } else {
            b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
        };
        stream.write_all(&answer).await.expect("written");
    })
    .await;
    let source = |login: &str| {
        SourceConfig::Http(HttpSource {
            url: url(&format!("http://{login}127.0.0.1:{port}/still")),
            fps: 30.0,
        })
    };
    let (pictures, ended, _) = collect(source("cam:hush@"), 3).await;
    assert_eq!((pictures.len(), ended), (3, None));
    assert_ne!(pictures[0], pictures[1]);
    let (_, ended, _) = collect(source("cam:wrong@"), 1).await;
    let error = ended.expect("an end").expect_err("refused");
    assert!(error.state == SourceState::Lost && error.message.contains("password"), "{error}");
}

#[tokio::test]
async fn a_camera_that_wants_digest_is_never_sent_the_password() {
    let port = http(|mut stream, head, _| async move {
        assert!(!head.to_ascii_lowercase().contains("basic"), "{head}");
        let picture = jpeg(1);
        let answer = if head.contains("Digest username=\"cam\"") && head.contains("uri=\"/still?x=1\"") {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                picture.len()
            );
            [head.as_bytes(), &picture].concat()
        } else {
            b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"n1\", qop=\"auth\"\r\n\
              Content-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec()
        };
        stream.write_all(&answer).await.expect("written");
    })
    .await;
    let source = HttpSource { url: url(&format!("http://cam:hush@127.0.0.1:{port}/still?x=1")), fps: 30.0 };
    let (pictures, ended, _) = collect(SourceConfig::Http(source), 2).await;
    assert_eq!((pictures.len(), ended), (2, None));
}

#[tokio::test]
async fn what_is_no_camera_is_said() {
    let port = http(|mut stream, head, _| async move {
        let answer: &[u8] = match head.split(' ').nth(1) {
            Some("/page") => b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
            Some("/moved") => b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            _ => b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
        };
        stream.write_all(answer).await.expect("written");
    })
    .await;
    for (path, state, word) in [
        ("page", SourceState::Unreadable, "text/html"),
        ("moved", SourceState::Lost, "another address"),
        ("none", SourceState::Lost, "source.url"),
    ] {
        let source = HttpSource { url: url(&format!("http://127.0.0.1:{port}/{path}")), fps: 5.0 };
        let error = collect(SourceConfig::Http(source), 1).await.1.expect("an end").expect_err("wrong");
        assert!(error.state == state && error.message.contains(word), "{path}: {error}");
    }
    let source = HttpSource { url: url("http://127.0.0.1:9/"), fps: 5.0 };
    let error = collect(SourceConfig::Http(source), 1).await.1.expect("an end").expect_err("nobody");
    assert!(error.message.contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn a_folder_is_shown_in_order_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in [2, 0, 1] {
        std::fs::write(folder.path().join(format!("{number}.JPG")), jpeg(number)).expect("written");
    }
    std::fs::write(folder.path().join("notes.txt"), "no picture").expect("written");
    let path = folder.path().to_owned();
    let source = FolderSource { path: path.clone(), fps: 30.0, looped: false };
    let (pictures, ended, _) = collect(SourceConfig::Folder(source), 9).await;
    assert_eq!(ended, Some(Ok(())));
    let expected: Vec<Picture> = (0..2).map(|number| Picture::Jpeg(jpeg(number).into())).collect();
    assert_eq!(&pictures[..2], &expected[..]);
    let empty = tempfile::tempdir().expect("a folder");
    let source = FolderSource { path: empty.path().to_owned(), fps: 5.0, looped: true };
    let error = collect(SourceConfig::Folder(source), 1).await.1.expect("an end").expect_err("empty");
    assert_eq!(error.state, SourceState::Unreadable);
}

fn clip(folder: &Path, seconds: u32) -> PathBuf {
    let file = folder.join("it's a clip.mp4");
    let status = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i"])
        .arg(format!("testsrc=size=640x360:rate=25:duration={seconds}"))
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .arg(&file)
        .status()
        .expect("ffmpeg");
    assert!(status.success());
    file
}

#[tokio::test]
async fn a_clip_is_shown_in_real_time_and_ends() {
    if !here("ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = clip(folder.path(), 2);
    let began = std::time::Instant::now();
    let (pictures, ended, health) =
        collect(SourceConfig::File(FileSource { path: path.clone(), looped: false }), usize::MAX).await;
    assert_eq!(ended, Some(Ok(())));
    assert!(began.elapsed().as_secs_f32() > 1.5, "in real time");
    assert!((45..=50).contains(&health.counts().captured), "{:?}", health.counts());
    let (luma, size) = pictures[pictures.len() - 1].luma(160).expect("luma");
    assert_eq!(size, (640, 360));
    assert!(luma.pixels.iter().max() > Some(&230) && luma.pixels.iter().min() < Some(&20), "full range");

    // Slower and smaller, as ffmpeg itself is told; and again and again.
    let health = Arc::new(Health::default());
    let sink = Sink::new(Arc::clone(&health));
    let mut source = of(&camera(SourceConfig::File(FileSource { path, looped: true }))).expect("a source");
    let running = source.run(Wanted { max_width: 320, fps: 5.0 }, &sink);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(4), running).await;
    assert!(ended.is_err(), "a loop does not end");
    assert!((12..=22).contains(&health.counts().captured), "{:?}", health.counts());
    assert_eq!(sink.take().await.picture.luma(160).expect("luma").1, (320, 180));
}

#[tokio::test]
async fn a_file_that_is_no_video_is_said() {
    if !here("ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no.mp4");
    std::fs::write(&path, "this is no video".repeat(100)).expect("written");
    let source = SourceConfig::File(FileSource { path, looped: true });
    let error = collect(source, 1).await.1.expect("an end").expect_err("no video");
    assert_eq!(error.state, SourceState::Unreadable, "{error}");
}

/// A real RTSP server; see `tests/rtsp/serve.py`.
struct Rtsp {
    child: Child,
    port: u16,
}

impl Rtsp {
    fn start(arguments: &[&str]) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/rtsp/serve.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok());
        if port.is_none() || !here("ffmpeg") {
            say("not tried: no RTSP server (gir1.2-gst-rtsp-server-1.0, GStreamer's plugins) or no ffmpeg");
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        port.map(|port| Self { child, port })
    }

    fn source(&self, login: &str) -> SourceConfig {
        let url = url(&format!("rtsp://{login}127.0.0.1:{}/cam", self.port));
        SourceConfig::Rtsp(RtspSource { url, transport: Transport::Tcp })
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill");
        assert!(status.success());
    }
}

impl Drop for Rtsp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LOGIN: &[&str] = &["--user", "cam", "--password", "s3cr%t-word"];

/// The ffmpeg processes that this process started.
fn children() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(')') else { continue };
        let parent = rest.split_whitespace().nth(1).and_then(|id| id.parse::<u32>().ok());
        if name.ends_with("(ffmpeg") && parent == Some(std::process::id()) {
            found.push(entry.path());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rtsp_camera_plays_and_its_password_is_nowhere_to_be_seen() {
    let Some(server) = Rtsp::start(LOGIN) else { return };
    let health = Arc::new(Health::default());
    let sink = Arc::new(Sink::new(Arc::clone(&health)));
    let mut source = of(&camera(server.source("cam:s3cr%25t-word@"))).expect("a source");
    let running = tokio::spawn({
        let sink = Arc::clone(&sink);
        async move { source.run(WANTED, &sink).await }
    });
    until("pictures", || health.counts().captured > 10).await;
    assert_eq!(sink.take().await.picture.luma(160).expect("luma").1, (640, 360));
    let processes = children();
    assert!(!processes.is_empty());
    for process in &processes {
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(process.join(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("t-word") && !text.contains("127.0.0.1"), "{file}: {text}");
        }
        // The agent's own environment may hold them: cargo's variables stand for it here.
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        let needed = ["PATH=", "LD_LIBRARY_PATH=", "TMPDIR="];
        let told = environment.split('\0').filter(|variable| !variable.is_empty());
        for variable in told {
            assert!(needed.iter().any(|name| variable.starts_with(name)), "{variable}");
        }
    }
    // Stopping the source ends its ffmpeg and leaves no zombie.
    running.abort();
    let _ = running.await;
    until("ffmpeg is gone", || processes.iter().all(|process| !process.exists())).await;
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_stream_are_said() {
    let Some(server) = Rtsp::start(LOGIN) else { return };
    let error = collect(server.source("cam:wr0ng-word@"), 1).await.1.expect("an end").expect_err("refused");
    assert!(error.state == SourceState::Lost && error.message.contains("password"), "{error}");
    assert!(!error.message.contains("wr0ng"), "{error}");
    for stream in ["unknown", "audio"] {
        let Some(server) = Rtsp::start(&["--stream", stream]) else { return };
        let error = collect(server.source(""), 1).await.1.expect("an end").expect_err("no video");
        assert_eq!(error.state, SourceState::Unreadable, "{stream}: {error}");
    }
    let gone = server.source("");
    drop(server);
    let error = collect(gone, 1).await.1.expect("an end").expect_err("nobody");
    assert!(error.state == SourceState::Lost && error.message.contains("nothing answers"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rtsp_camera_that_stalls_or_restarts_is_opened_again() {
    let Some(server) = Rtsp::start(&[]) else { return };
    let port = server.port.to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let gate = camera(server.source(""));
    let state = StateFolder::open(folder.path()).expect("a state");
    let context = Arc::new(Context::new("Gate", gate.feed, state, folder.path()).expect("a context"));
    let sink = Arc::new(Sink::new(Arc::clone(&context.health)));
    let running =
        tokio::spawn(run_source(Arc::clone(&context), of(&gate).expect("a source"), Arc::clone(&sink)));
    let captured = || context.health.counts().captured;
    until("pictures", || captured() > 5).await;
    context.health.size(640, 360);
    server.signal("-STOP");
    until("the stall is noticed", || context.health.status().state != SourceState::Running).await;
    let stalled = captured();
    server.signal("-CONT");
    until("pictures again", || captured() > stalled + 5).await;
    drop(server);
    let stopped = captured();
    let Some(_again) = Rtsp::start(&["--port", &port]) else { return };
    until("pictures after a restart of the camera", || captured() > stopped + 20).await;
    running.abort();
}
