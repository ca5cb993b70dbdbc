//! `attendance-camera test`: opens each camera, takes a picture and calls the server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::Args;
use tokio::io::AsyncWriteExt;
use types::Heartbeat;

use crate::config::{Camera, Config, Flags};
use crate::health::Health;
use crate::pace::Rules;
use crate::picture::{Luma, Picture};
use crate::source::{self, Captured, Sink, SourceError, Wanted};
use crate::state::{self, private};
use crate::uplink::heartbeat::AGENT;
use crate::uplink::{ConnectError, Server};

/// How long pictures are looked at, after the first one.
const LOOK: Duration = Duration::from_secs(4);
const FIRST: Duration = Duration::from_secs(20);
/// A clock that is further off is told.
const DRIFT_MS: i64 = 2_000;

/// Of `attendance-camera test`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to test.
    #[command(flatten)]
    pub flags: Flags,
    /// Where to put a picture of each camera (FEED.jpg); it shows whoever stands there: delete it afterwards.
    #[arg(long, value_name = "FOLDER")]
    pub snapshots: Option<PathBuf>,
    /// Leave the server out.
    #[arg(long)]
    pub offline: bool,
}

/// What was found, for people, and whether all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Lines of text.
    pub text: String,
    /// Nothing is wrong.
    pub well: bool,
}

impl Report {
    fn say(&mut self, line: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "  {line}");
    }

    fn wrong(&mut self, line: impl std::fmt::Display) {
        self.well = false;
        self.say(format_args!("WRONG: {line}"));
    }
}

/// Tests all cameras, one after the other.
///
/// # Errors
/// When the configuration is wrong, or a picture cannot be written.
pub async fn test(arguments: &Arguments) -> anyhow::Result<Report> {
    let config = arguments.flags.config()?;
    let mut report = Report { text: String::new(), well: true };
    for camera in &config.cameras {
        let _ = writeln!(report.text, "{}", camera.name);
        test_source(camera, arguments.snapshots.as_deref(), &mut report).await?;
        if !arguments.offline {
            test_server(&config, camera, &mut report).await;
        }
    }
    let _ = writeln!(
        report.text,
        "{}",
        if report.well { "All is well." } else { "Something is wrong: see above." }
    );
    Ok(report)
}

async fn test_source(camera: &Camera, folder: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    let seen = match look(camera).await {
        Ok(seen) => seen,
        Err(error) => {
            report.wrong(&error.message);
            return Ok(());
        }
    };
    let (width, height) = seen.size;
    report.say(format_args!(
        "{width} × {height} pixels, {:.1} pictures a second (no more than 30 are asked for)",
        seen.fps
    ));
    if seen.corrupt > 0 {
        report.wrong(format_args!("{} pictures could not be read: check cable and network", seen.corrupt));
    }
    if width < 640 {
        report.wrong("fewer than 640 pixels across: faces more than two metres away are too small");
    }
    for hint in hints(&seen.luma) {
        report.say(hint);
    }
    let jpeg = seen.picture.jpeg(1920, 90, false)?;
    report.say(format_args!("a JPEG of it has {} kB", jpeg.len() / 1000));
    if let Some(folder) = folder {
        let file = folder.join(format!("{}.jpg", camera.feed.0));
        let mut options = std::fs::OpenOptions::new();
        let opened = private(options.write(true).create(true).truncate(true)).open(&file)?;
        let mut out = tokio::fs::File::from_std(opened);
        out.write_all(&jpeg).await?;
        out.flush().await?;
        report.say(format_args!("written to {}", file.display()));
    }
    Ok(())
}

struct Seen {
    picture: Picture,
    luma: Luma,
    size: (u32, u32),
    fps: f32,
    corrupt: u64,
}

/// Looks at what a camera gives for a while.
async fn look(camera: &Camera) -> Result<Seen, SourceError> {
    let health = Arc::new(Health::default());
    let sink = Sink::new(Arc::clone(&health));
    let mut source = source::of(camera)?;
    let wanted = Wanted { max_width: 3840, fps: 30.0 };
    let watching = watch(&sink);
    let (first, last) = tokio::select! {
        seen = watching => seen.ok_or_else(|| {
            SourceError::lost("no picture came within 20 seconds: check the camera's power, cable and address")
        })?,
        ended = source.run(wanted, &sink) => {
            // A short recording ends before it was looked at for long.
            ended?;
            let only = tokio::time::timeout(Duration::from_millis(10), sink.take()).await;
            let only = only.map_err(|_| SourceError::unreadable("it ended without a picture"))?;
            (only.clone(), only)
        }
    };
    let counts = health.counts();
    let seconds = last.at.duration_since(first.at).as_secs_f32();
    let fps = if seconds > 0.0 { (counts.captured - 1) as f32 / seconds } else { 0.0 };
    let unreadable = |error: crate::picture::PictureError| SourceError::unreadable(error.to_string());
    let (luma, size) = last.picture.luma(usize::MAX).map_err(unreadable)?;
    Ok(Seen { picture: last.picture, luma, size, fps, corrupt: counts.corrupt })
}

/// The first picture, and the last one within a while.
async fn watch(sink: &Sink) -> Option<(Captured, Captured)> {
    let first = tokio::time::timeout(FIRST, sink.take()).await.ok()?;
    let mut last = first.clone();
    let until = Instant::now() + LOOK;
    while let Ok(next) =
        tokio::time::timeout(until.saturating_duration_since(Instant::now()), sink.take()).await
    {
        last = next;
    }
    Some((first, last))
}

/// What brightness and sharpness say.
fn hints(luma: &Luma) -> Vec<String> {
    let count = luma.pixels.len().max(1) as f64;
    let mean = luma.pixels.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let bright = luma.pixels.iter().filter(|&&value| value >= 250).count() as f64 / count;
    let sharpness = laplacian_variance(luma);
    let mut hints = vec![format!("brightness {mean:.0} of 255, sharpness {sharpness:.0}")];
    if mean < 40.0 {
        hints.push(
            "hint: the picture is dark: add light, or point the camera away from bright windows".to_owned(),
        );
    }
    if mean > 215.0 || bright > 0.3 {
        hints.push("hint: the picture is too bright: lower the exposure, or keep the sun out".to_owned());
    }
    if sharpness < 20.0 {
        hints.push(
            "hint: the picture is blurred or shows nothing: clean the lens and set the focus".to_owned(),
        );
    }
    hints
}

/// The variance of the Laplacian: large where there are edges (Pech-Pacheco et al., 2000).
fn laplacian_variance(luma: &Luma) -> f64 {
    let (width, height) = (luma.width, luma.height);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let at = |x: usize, y: usize| f64::from(luma.pixels[y * width + x]);
    let (mut sum, mut squares) = (0.0, 0.0);
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let edge = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y);
            sum += edge;
            squares += edge * edge;
        }
    }
    let count = ((width - 2) * (height - 2)) as f64;
    squares / count - (sum / count) * (sum / count)
}

async fn test_server(config: &Config, camera: &Camera, report: &mut Report) {
    let server = match Server::new(config, camera) {
        Ok(server) => server,
        Err(error) => return report.wrong(error),
    };
    match server.live().await {
        Ok(mut socket) => {
            report.say("the server is there and the token opens the feed");
            // It is closed in any case.
            let _ = socket.close(None).await;
        }
        Err(ConnectError::Refused(401 | 403)) => {
            return report.wrong("the server refuses the token: make a new one on the feed's page");
        }
        Err(ConnectError::Refused(404)) => {
            return report
                .wrong("the server knows no such feed: check `feed`, and that `server` leads to Attendance");
        }
        Err(error) => {
            return report.wrong(format_args!("{error}: check `server`, the network and the certificate"));
        }
    }
    // As the device that runs here, so that no other one shows up on the feed's page.
    let device = state::device(&config.state_dir.join(camera.feed.0.to_string()));
    clock(&server, device.unwrap_or_else(uuid::Uuid::new_v4), report).await;
}

/// Compares clocks by a heartbeat.
async fn clock(server: &Server, device: uuid::Uuid, report: &mut Report) {
    let health = Health::default();
    let heartbeat = Heartbeat {
        device,
        agent: format!("{AGENT} test"),
        sent_at: Utc::now(),
        started_at: health.started_at,
        source: health.status(),
        frames: health.counts(),
        backlog: types::Backlog::default(),
        temperature_c: None,
        settings_revision: 0,
    };
    let asked = Instant::now();
    let before = Utc::now();
    let sent =
        server.post("heartbeat?trial=true").timeout(Duration::from_secs(10)).json(&heartbeat).send().await;
    let answer = match sent {
        Ok(answer) if answer.status().as_u16() == 200 => answer,
        Ok(answer) if answer.status().as_u16() == 404 => {
            return report
                .say("the server takes no heartbeats: it is older than this agent, and no frames are kept");
        }
        Ok(answer) => {
            return report.wrong(format_args!("the server answers a heartbeat with {}", answer.status()));
        }
        Err(error) => return report.wrong(crate::tls::root_cause(&error)),
    };
    match answer.json::<types::HeartbeatAnswer>().await {
        Ok(told) => {
            let middle = before + chrono::TimeDelta::from_std(asked.elapsed() / 2).unwrap_or_default();
            let drift_ms = (middle - told.now).num_milliseconds();
            report.say(format_args!("this clock is {drift_ms} ms ahead of the server's"));
            if drift_ms.abs() > DRIFT_MS {
                report.say(
                    "hint: switch on time synchronisation; frames are dated by the server's clock meanwhile",
                );
            }
            let rules = Rules { settings: told.settings, max_fps: told.max_fps };
            report.say(format_args!(
                "settings: {} a second while something moves, {} otherwise, {} pixels wide at most",
                rules.active_fps(),
                rules.idle_fps(),
                told.settings.max_width
            ));
        }
        Err(error) => report.wrong(crate::tls::root_cause(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luma(pixel: impl Fn(usize, usize) -> u8) -> Luma {
        let pixels = (0..64 * 48).map(|at| pixel(at % 64, at / 64)).collect();
        Luma { width: 64, height: 48, pixels }
    }

    #[test]
    fn dark_bright_and_blurred_pictures_are_told() {
        let told = |luma: &Luma| hints(luma).join("\n");
        let sharp = luma(|x, y| if (x / 4 + y / 4).is_multiple_of(2) { 60 } else { 180 });
        assert!(!told(&sharp).contains("hint"), "{}", told(&sharp));
        assert!(told(&luma(|_, _| 10)).contains("dark"));
        assert!(told(&luma(|_, _| 10)).contains("blurred"));
        assert!(told(&luma(|x, _| if x.is_multiple_of(2) { 255 } else { 90 })).contains("too bright"));
        assert!(told(&luma(|x, _| (x * 3) as u8)).contains("blurred"));
    }
}
