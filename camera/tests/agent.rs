//! The whole agent against a server that goes away and comes back.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use support::{Came, Script, Server, TOKEN, jpeg, until};
use tempfile::TempDir;

/// The agent as a process of its own, with a folder of pictures as its camera.
struct Agent {
    folder: TempDir,
    script: Arc<Script>,
    child: Option<Child>,
}

impl Agent {
    fn new(script: &Arc<Script>, port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pictures = folder.path().join("pictures");
        fs::create_dir(&pictures).expect("a folder");
        for number in 0..20 {
            fs::write(pictures.join(format!("{number:02}.jpg")), jpeg(number)).expect("written");
        }
        let agent = Self { folder, script: Arc::clone(script), child: None };
        agent.configure(port, "kind = \"folder\"\npath = \"pictures\"\nloop = true\nfps = 10\n");
        agent
    }

    fn configure(&self, port: u16, source: &str) {
        let text = format!(
            "server = \"http://127.0.0.1:{port}\"\nstate_dir = \"state\"\n[[camera]]\nname = \"Gate\"\nfeed = \"{}\"\n\
             token_file = \"token\"\n[camera.source]\n{source}",
            self.script.feed
        );
        private(&self.file("camera.toml"), &text);
        private(&self.file("token"), TOKEN);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.file("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_attendance-camera"))
            .args(["run", "--log-format", "json", "--config"])
            .arg(self.file("camera.toml"))
            .env("RUST_LOG", "trace")
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .expect("the agent");
        self.child = Some(child);
    }

    /// As a power cut would: no word of farewell.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("reaped");
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Bytes of frames that wait on disk.
    fn waiting(&self) -> u64 {
        let queue = self.file("state").join(self.script.feed.to_string()).join("queue");
        let Ok(entries) = fs::read_dir(queue) else { return 0 };
        entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "frames"))
            .map(|entry| entry.metadata().map_or(0, |data| data.len()))
            .sum()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}", self.log());
        }
    }
}

fn private(file: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(file).expect("opened");
    out.write_all(text.as_bytes()).expect("written");
}

/// Of frames that came more than once the first, in the order in which they came.
fn once(frames: &[Came]) -> Vec<&Came> {
    let mut seen = BTreeSet::new();
    frames.iter().filter(|came| seen.insert(came.sequence)).collect()
}

fn assert_in_order(frames: &[&Came]) {
    for pair in frames.windows(2) {
        assert!(pair[0].sequence < pair[1].sequence, "{} came before {}", pair[0].sequence, pair[1].sequence);
        assert!(pair[0].captured_at < pair[1].captured_at, "capture times grow with the numbers");
        assert_eq!(pair[0].device, pair[1].device);
    }
}

fn live(script: &Script) -> usize {
    script.came().iter().filter(|came| !came.replayed).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_of_a_cut_arrives_once_and_in_order() {
    let script = Script::new();
    // This machine's clock is an hour behind the server's.
    script.ahead_ms.store(3_600_000, Ordering::SeqCst);
    let server = Server::start(Arc::clone(&script), 0).await;
    let port = server.port;
    let mut agent = Agent::new(&script, port);
    agent.start();
    until("live frames and the server's key", || {
        live(&script) > 5 && script.heartbeats.lock().expect("heartbeats").len() > 1
    })
    .await;
    drop(server);
    until("frames are kept", || agent.waiting() > 100_000).await;
    // Killed without a word, and started again while the server is still away.
    agent.kill();
    let kept = agent.waiting();
    agent.start();
    until("frames are kept again", || agent.waiting() > kept + 100_000).await;
    // Some answers get lost on the way, and some frames come too soon.
    script.fail_after_taking.store(3, Ordering::SeqCst);
    script.busy.store(2, Ordering::SeqCst);
    let _server = Server::start(Arc::clone(&script), port).await;
    until("all are sent", || agent.waiting() == 0).await;
    until("the agent tells so", || {
        script
            .heartbeats
            .lock()
            .expect("heartbeats")
            .last()
            .is_some_and(|told| told.backlog.frames == 0 && told.frames.replayed > 0)
    })
    .await;

    let replayed = script.replayed();
    let frames = once(&replayed);
    assert!(frames.len() >= 20, "{}", frames.len());
    assert_eq!(replayed.len() - frames.len(), 3, "each that got no answer is sent again, and no other");
    assert_in_order(&frames);
    let told = script.heartbeats.lock().expect("heartbeats").last().cloned().expect("a heartbeat");
    assert_eq!((told.frames.lost, told.frames.refused, told.settings_revision), (0, 0, 4));
    // At five a second no gap is longer than a second, but for the agent's own start.
    let gaps =
        frames.windows(2).filter(|pair| pair[1].captured_at - pair[0].captured_at > TimeDelta::seconds(1));
    assert!(gaps.count() <= 1, "frames are missing");
    // The clock is corrected: also of frames of the second run, which has not heard the server before.
    for came in script.came() {
        let age = came.received_at - came.captured_at;
        assert!(age > TimeDelta::minutes(-1) && age < TimeDelta::minutes(5), "an age of {age}");
    }
    assert!(frames.iter().all(|came| came.jpeg.starts_with(&[0xff, 0xd8])));
    assert!(!agent.log().contains(TOKEN), "the log has the token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_loses_nothing() {
    let script = Script::new();
    let server = Server::start(Arc::clone(&script), 0).await;
    let mut agent = Agent::new(&script, server.port);
    agent.start();
    until("live frames and the server's key", || {
        live(&script) > 5 && script.heartbeats.lock().expect("heartbeats").len() > 1
    })
    .await;
    // Those before the first contact are dated by the server.
    script.frames.lock().expect("frames").clear();
    script.mute.store(true, Ordering::SeqCst);
    until("frames are kept", || agent.waiting() > 50_000).await;
    script.mute.store(false, Ordering::SeqCst);
    until("they are sent", || agent.waiting() == 0 && script.replayed().len() > 5).await;
    let all = script.came();
    let mut by_number: Vec<&Came> = once(&all);
    by_number.sort_by_key(|came| came.sequence);
    assert_in_order(&by_number);
    for pair in by_number.windows(2) {
        let gap = pair[1].captured_at - pair[0].captured_at;
        assert!(gap < TimeDelta::seconds(2), "{gap} without a frame at {}", pair[0].sequence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_heartbeats_gets_live_frames() {
    let script = Script::new();
    script.heartbeat.store(false, Ordering::SeqCst);
    let server = Server::start(Arc::clone(&script), 0).await;
    let mut agent = Agent::new(&script, server.port);
    agent.start();
    until("live frames", || live(&script) > 10).await;
    until("it is said", || agent.log().contains("takes no heartbeats")).await;
    assert_eq!(agent.log().matches("takes no heartbeats").count(), 1);
    drop(server);
    until("it is said that nothing is kept", || agent.log().contains("no key to seal frames to")).await;
    assert_eq!(agent.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_keeps_frames_and_is_said() {
    let script = Script::new();
    let server = Server::start(Arc::clone(&script), 0).await;
    let port = server.port;
    let mut agent = Agent::new(&script, port);
    agent.start();
    until("live frames and the server's key", || {
        live(&script) > 0 && script.heartbeats.lock().expect("heartbeats").len() > 1
    })
    .await;
    *script.token.lock().expect("token") = "another".to_owned();
    drop(server);
    let _server = Server::start(Arc::clone(&script), port).await;
    until("it is said", || agent.log().contains("refuses the token")).await;
    until("frames are kept", || agent.waiting() > 0).await;
    assert_eq!(agent.log().matches("refuses the token").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_hold_after_a_restart_without_the_server() {
    let script = Script::new();
    script.settings.lock().expect("settings").keep_hours = 7;
    let server = Server::start(Arc::clone(&script), 0).await;
    let mut agent = Agent::new(&script, server.port);
    agent.start();
    until("heartbeats", || script.heartbeats.lock().expect("heartbeats").len() > 1).await;
    drop(server);
    agent.kill();
    let state = agent.file("state").join(script.feed.to_string()).join("state.json");
    let text = fs::read_to_string(&state).expect("a state");
    assert!(text.contains("\"keep_hours\": 7") && text.contains("\"settings_revision\": 4"), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&state).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_camera_that_fails_stops_no_other() {
    let script = Script::new();
    let server = Server::start(Arc::clone(&script), 0).await;
    let mut agent = Agent::new(&script, server.port);
    let file = agent.file("camera.toml");
    let mut text = fs::read_to_string(&file).expect("a configuration");
    text.push_str(
        "[[camera]]\nname = \"Dead\"\nfeed = \"6f3a1d0e-3f0a-4a47-9a0f-1f8f3c1f2a10\"\ntoken_file = \"token\"\n\
         [camera.source]\nkind = \"rtsp\"\nurl = \"rtsp://admin:hush-hush@127.0.0.1:9/x\"\n",
    );
    private(&file, &text);
    agent.start();
    until("the dead one is said", || agent.log().contains("\"camera\":\"Dead\",\"why\"")).await;
    until("live frames of the other", || live(&script) > 10).await;
    assert!(!agent.log().contains("hush-hush"), "the log has the camera's password");
}
