//! What the agent costs: `cargo run --release -p camera --example measure_agent [SECONDS]`.
//!
//! The agent runs as a process of its own, at ten frames a second of 1280 × 720 from a file with motion everywhere, against
//! a server here that answers at once. Its processor time and memory are read from /proc, without those of its ffmpeg.
//! The baseline of the same run is a bare ffmpeg that decodes the same file in real time to nowhere.

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camera::commands::run;
use camera::config::Flags;
use support::{Script, Server, TOKEN};

/// Ticks of /proc's times a second (`getconf CLK_TCK`), 100 on every Linux.
const TICKS: f64 = 100.0;
const WARM_UP: Duration = Duration::from_secs(5);

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("agent") {
        let flags = Flags { config: std::env::args().nth(2).map(Into::into), ..Flags::default() };
        return if run::run(&flags).await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let seconds = argument.and_then(|text| text.parse().ok()).unwrap_or(60);
    match measure(Duration::from_secs(seconds)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("not measured: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    // Whoever closed the pipe does not want to read it.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Processor seconds and resident megabytes of a process, its children left out.
fn used(id: u32) -> std::io::Result<(f64, f64)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = peak.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
    Ok(((ticks(11) + ticks(12)) / TICKS, kb / 1000.0))
}

async fn share(child: &Child, time: Duration) -> std::io::Result<(f64, f64)> {
    tokio::time::sleep(WARM_UP).await;
    let (began, (before, _)) = (Instant::now(), used(child.id())?);
    tokio::time::sleep(time).await;
    let (after, peak) = used(child.id())?;
    Ok((100.0 * (after - before) / began.elapsed().as_secs_f64(), peak))
}

fn end(mut child: Child) -> std::io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}

fn make_clip(file: &Path) -> anyhow::Result<()> {
    let status = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-nostdin",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=1280x720:rate=25:duration=20",
        ])
        .args(["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"])
        .arg(file)
        .status()?;
    anyhow::ensure!(status.success(), "ffmpeg makes no clip");
    Ok(())
}

async fn measure(time: Duration) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clip = folder.path().join("clip.mp4");
    make_clip(&clip)?;
    let script = Script::new();
    let server = Server::start(Arc::clone(&script), 0).await;
    let config = folder.path().join("camera.toml");
    std::fs::write(
        &config,
        format!(
            "server = \"http://127.0.0.1:{}\"\nstate_dir = \"state\"\n[[camera]]\nfeed = \"{}\"\ntoken_file = \"token\"\n\
             [camera.source]\nkind = \"file\"\npath = \"clip.mp4\"\nloop = true\n",
            server.port, script.feed
        ),
    )?;
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN)?;
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;

    let agent = Command::new(std::env::current_exe()?).arg("agent").arg(&config).spawn()?;
    let (agent_cpu, agent_memory) = share(&agent, time).await?;
    let frames = script.came();
    end(agent)?;
    let bytes: usize = frames.iter().map(|came| came.jpeg.len()).sum();

    let bare = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i"])
        .arg(&clip)
        .args(["-an", "-f", "null", "-"])
        .stdout(Stdio::null())
        .spawn()?;
    let (bare_cpu, bare_memory) = share(&bare, time).await?;
    end(bare)?;

    let rate = frames.len() as f64 / (time + WARM_UP).as_secs_f64();
    say(&format!(
        "frames sent: {:.1} a second, {:.0} kB each",
        rate,
        bytes as f64 / frames.len().max(1) as f64 / 1000.0
    ));
    say(&format!("agent without ffmpeg: {agent_cpu:.1} % of a core, {agent_memory:.0} MB at most"));
    say(&format!("bare ffmpeg -f null:  {bare_cpu:.1} % of a core, {bare_memory:.0} MB at most"));
    say(&format!("ratio of processor time: {:.2}", agent_cpu / bare_cpu));
    Ok(())
}
