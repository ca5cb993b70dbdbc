//! Seals frames that cannot be sent and puts them into the queue; forces it to the disk once a second; gives up what is
//! too old; and looks whether the device's clock was moved.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::context::Context;
use crate::outbox::Frame;
use crate::queue::Record;

const SYNC_EVERY: Duration = Duration::from_secs(1);
/// At the first start ever, what comes before the server's key waits for it this long: it comes with the first heartbeat.
const FIRST_KEY: Duration = Duration::from_secs(3);

/// The purpose that frames of a feed are sealed for.
pub fn purpose(feed: types::FeedId) -> Vec<u8> {
    format!("frame {}", feed.0).into_bytes()
}

/// Keeps the frames that come, one after the other; ends when nobody can send any more and the last one is on the disk.
pub async fn keep_frames(context: Arc<Context>, mut frames: mpsc::Receiver<Frame>) {
    let mut tick = interval(SYNC_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let started = Instant::now();
    loop {
        while context.seal_key().is_none() && started.elapsed() < FIRST_KEY && !frames.is_closed() {
            tokio::time::sleep(FIRST_KEY / 60).await;
        }
        let frame = tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => Some(frame),
                None => break,
            },
            _ = tick.tick() => None,
        };
        let shared = Arc::clone(&context);
        let work = tokio::task::spawn_blocking(move || match frame {
            Some(frame) => keep(&shared, &frame),
            None => tend(&shared),
        });
        if work.await.is_err() {
            context.health.count(|frames| &mut frames.lost);
        }
    }
    // A task that fails here is said by its panic alone: nothing is left to do.
    let _ = tokio::task::spawn_blocking(move || tend(&context)).await;
}

/// Seals and keeps one frame.
fn keep(context: &Context, frame: &Frame) {
    let lost = |what: &str, problem: &str| {
        context.health.count(|frames| &mut frames.lost);
        context.once(what, || {
            tracing::warn!(camera = %context.name, problem, "frames are lost");
        });
    };
    let Some(key) = context.seal_key() else {
        lost(
            "no key",
            "the server was never reached, so there is no key to seal frames to, and none are kept",
        );
        return;
    };
    let settings = context.rules.borrow().settings;
    let jpeg = match frame.picture.jpeg(settings.max_width, settings.jpeg_quality, false) {
        Ok(jpeg) => jpeg,
        Err(_) => {
            context.health.count(|frames| &mut frames.corrupt);
            return;
        }
    };
    let Ok(sealed) = key.seal(&jpeg, &purpose(context.feed)) else {
        lost("sealing", "nothing can be sealed on this device");
        return;
    };
    let record = Record {
        sequence: frame.sequence,
        captured_at: frame.stamp.captured_at,
        drift_ms: frame.stamp.drift_ms,
        run: context.run,
        before_contact: frame.stamp.before_contact,
        undecided: frame.undecided,
        sealed,
    };
    let pushed = context.queue().push(&record);
    match pushed {
        Ok(()) => {
            context.health.count(|frames| &mut frames.stored);
            context.over("disk");
        }
        Err(error) => lost("disk", &format!("the state folder cannot be written: {error}")),
    }
}

fn tend(context: &Context) {
    if let Some(moved_ms) = context.clock.look(Utc::now(), Instant::now()) {
        tracing::warn!(camera = %context.name, moved_ms, "the device's clock was moved; frames keep the server's time");
    }
    let mut queue = context.queue();
    queue.expire(context.clock.at(Instant::now()));
    let unsynced = queue.take_unsynced();
    let lost = queue.take_lost();
    drop(queue);
    // A slow disk takes seconds for this: nobody waits for the queue meanwhile.
    let synced = unsynced.and_then(|file| file.map_or(Ok(()), |file| file.sync_data()));
    if lost > 0 {
        context.health.count_many(|frames| &mut frames.lost, lost);
        tracing::warn!(camera = %context.name, frames = lost, "kept frames were given up: too old, no room, or damaged");
    }
    if let Err(error) = synced {
        context.once("sync", || {
            tracing::warn!(camera = %context.name, %error, "kept frames cannot be forced to the disk");
        });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use types::{DeviceSettings, FeedId, HeartbeatAnswer};
    use uuid::Uuid;

    use super::*;
    use crate::picture::Picture;
    use crate::state::StateFolder;

    fn context(folder: &std::path::Path) -> Arc<Context> {
        let state = StateFolder::open(folder).expect("a state");
        Arc::new(Context::new("Gate", FeedId(Uuid::new_v4()), state, folder).expect("a context"))
    }

    fn frame(context: &Context) -> Frame {
        let mut jpeg = Vec::new();
        jpeg_encoder::Encoder::new(&mut jpeg, 80)
            .encode(&[128; 64 * 64], 64, 64, jpeg_encoder::ColorType::Luma)
            .expect("a JPEG");
        let picture = Picture::Jpeg(Bytes::from(jpeg));
        let stamp = context.clock.stamp(Instant::now());
        Frame { picture, stamp, sequence: context.next_sequence(), moving: true, undecided: false }
    }

    #[tokio::test]
    async fn what_comes_before_the_first_key_waits_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = context(folder.path());
        let (sender, frames) = mpsc::channel(4);
        let keeping = tokio::spawn(keep_frames(Arc::clone(&context), frames));
        sender.send(frame(&context)).await.expect("taken");
        tokio::time::sleep(FIRST_KEY / 6).await;
        assert_eq!((context.health.counts().stored, context.health.counts().lost), (0, 0));
        let now = Instant::now();
        let answer = HeartbeatAnswer {
            now: Utc::now(),
            seal_key: sealing::SecretKey::derive(&[9; 32]).public().to_string(),
            settings: DeviceSettings::default(),
            settings_revision: 1,
            max_fps: 10,
            warning: None,
        };
        context.learn(&answer, now, now);
        drop(sender);
        keeping.await.expect("kept");
        assert_eq!((context.health.counts().stored, context.health.counts().lost), (1, 0));
        assert_eq!(context.queue().backlog().frames, 1);
    }

    #[tokio::test]
    async fn without_any_key_frames_are_lost_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = context(folder.path());
        let (sender, frames) = mpsc::channel(4);
        let keeping = tokio::spawn(keep_frames(Arc::clone(&context), frames));
        sender.send(frame(&context)).await.expect("taken");
        // An agent that ends does not wait.
        let since = Instant::now();
        drop(sender);
        keeping.await.expect("ended");
        assert!(since.elapsed() < FIRST_KEY / 2, "{:?}", since.elapsed());
        assert_eq!((context.health.counts().stored, context.health.counts().lost), (0, 1));
    }
}
