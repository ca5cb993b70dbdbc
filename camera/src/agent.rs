//! Runs cameras, each on its own: what one of them does never stops another.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Camera, Config};
use crate::context::Context;
use crate::keeper::keep_frames;
use crate::outbox::Outbox;
use crate::picker::pick_frames;
use crate::source::supervise::run_source;
use crate::source::{self, Sink};
use crate::state::StateFolder;
use crate::uplink::Server;
use crate::uplink::heartbeat::{beat, tell};
use crate::uplink::live::send_frames;
use crate::uplink::replay::replay_frames;

/// Frames that wait to be written to the disk.
const TO_KEEP: usize = 32;
/// A camera that failed is taken up again.
const AGAIN: Duration = Duration::from_secs(10);
const SUMMARY: Duration = Duration::from_secs(60);
/// For the last heartbeat when the agent ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs all cameras until `stop` turns true.
pub async fn run(config: Config, stop: watch::Receiver<bool>) {
    let config = Arc::new(config);
    let mut cameras = JoinSet::new();
    for camera in config.cameras.clone() {
        cameras.spawn(run_always(Arc::clone(&config), camera, stop.clone()));
    }
    while cameras.join_next().await.is_some() {}
}

/// Takes a camera up again when it failed, whatever the reason.
async fn run_always(config: Arc<Config>, camera: Camera, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let one = tokio::spawn(run_camera(Arc::clone(&config), camera.clone(), stop.clone()));
        match one.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::error!(camera = %camera.name, error = format!("{error:#}"), "the camera cannot be taken up; it is tried again");
            }
            Err(error) => {
                tracing::error!(camera = %camera.name, %error, "a fault of the agent; the camera is taken up again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// Runs one camera until `stop` turns true.
///
/// # Errors
/// When it cannot be taken up.
pub async fn run_camera(
    config: Arc<Config>,
    camera: Camera,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let context = Arc::new(take_up(&config, &camera).await?);
    let server = Server::new(&config, &camera)?;
    let source = source::of(&camera)?;
    let sink = Arc::new(Sink::new(Arc::clone(&context.health)));
    let (kept, to_keep) = mpsc::channel(TO_KEEP);
    let outbox = Arc::new(Outbox::new(kept, Arc::clone(&context.health)));
    tracing::info!(camera = %context.name, feed = %camera.feed.0, device = %context.device, "taken up");
    // Parts of their own, so that none waits for another; dropping the set stops them all.
    let mut parts = JoinSet::new();
    parts.spawn(run_source(Arc::clone(&context), source, Arc::clone(&sink)));
    parts.spawn(pick_frames(Arc::clone(&context), sink, Arc::clone(&outbox)));
    parts.spawn(send_frames(Arc::clone(&context), server.clone(), Arc::clone(&outbox)));
    parts.spawn(replay_frames(Arc::clone(&context), server.clone(), Arc::clone(&outbox)));
    parts.spawn(beat(Arc::clone(&context), server.clone()));
    parts.spawn(summarise(Arc::clone(&context)));
    let keeping = tokio::spawn(keep_frames(Arc::clone(&context), to_keep));
    let failed = loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break None,
            ended = parts.join_next() => match ended {
                // A recording that ended.
                Some(Ok(())) => {}
                Some(Err(error)) => break Some(error),
                None => break None,
            },
        }
    };
    parts.shutdown().await;
    outbox.disconnected();
    // Nobody can keep a frame any more: the keeper ends when it has kept the last one.
    drop(outbox);
    let finished = keeping.await.context("frames could not be kept to the end");
    let _ = tokio::time::timeout(FAREWELL, tell(&context, &server)).await;
    match failed {
        Some(error) => Err(error).context("a part of the camera's agent failed"),
        None => finished,
    }
}

async fn take_up(config: &Config, camera: &Camera) -> anyhow::Result<Context> {
    let folder = config.state_dir.join(camera.feed.0.to_string());
    let (name, feed) = (camera.name.clone(), camera.feed);
    tokio::task::spawn_blocking(move || {
        let state = StateFolder::open(&folder)?;
        let queue = folder.join("queue");
        Context::new(&name, feed, state, &folder).with_context(|| format!("{}", queue.display()))
    })
    .await?
}

/// One line a minute for each camera.
async fn summarise(context: Arc<Context>) {
    let mut tick = interval(SUMMARY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await;
    let mut before = context.health.counts();
    loop {
        tick.tick().await;
        let (now, waiting) = (context.health.counts(), context.queue().backlog());
        tracing::info!(
            camera = %context.name,
            source = ?context.health.status().state,
            captured = now.captured - before.captured,
            sent = now.sent - before.sent,
            still = now.still - before.still,
            dropped = now.dropped - before.dropped,
            corrupt = now.corrupt - before.corrupt,
            refused = now.refused - before.refused,
            stored = now.stored - before.stored,
            replayed = now.replayed - before.replayed,
            lost = now.lost - before.lost,
            waiting = waiting.frames,
            "the last minute"
        );
        before = now;
    }
}
