//! Chooses frames: those that show motion, and now and then one that does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::motion::{CELLS_ACROSS, MotionGate};
use crate::outbox::{Frame, Outbox};
use crate::pace::Rate;
use crate::picture::{Picture, PictureError};
use crate::source::Sink;

/// JPEGs from here on are decoded on another thread: decoding takes longer than a task may.
const LARGE: usize = 32 * 1024;

/// Looks at each picture that comes, and offers those that are due to the outbox.
pub async fn pick_frames(context: Arc<Context>, sink: Arc<Sink>, outbox: Arc<Outbox>) {
    let mut gate = MotionGate::default();
    let mut rate = Rate::default();
    let mut before: Option<Instant> = None;
    loop {
        let captured = sink.take().await;
        let since = before.map_or(Duration::ZERO, |before| captured.at.duration_since(before));
        let Ok((luma, (width, height))) = luma(&captured.picture).await else {
            context.health.count(|frames| &mut frames.corrupt);
            continue;
        };
        before = Some(captured.at);
        context.health.size(width, height);
        let rules = *context.rules.borrow();
        let moves = gate.changed(&luma, since) >= rules.settings.motion_share;
        let (moving, undecided) = {
            let mut activity = context.activity();
            if moves {
                activity.moved(captured.at);
            }
            (activity.moving(captured.at), activity.undecided(captured.at))
        };
        let fps = if moving || undecided { rules.active_fps() } else { rules.idle_fps() };
        if !rate.pass(captured.at, fps) {
            if moving || undecided {
                context.health.count(|frames| &mut frames.dropped);
            } else {
                context.health.count(|frames| &mut frames.still);
            }
            continue;
        }
        let stamp = context.clock.stamp(captured.at);
        let sequence = context.next_sequence();
        let frame = Frame { picture: captured.picture, stamp, sequence, moving, undecided };
        outbox.offer(frame, Instant::now());
    }
}

async fn luma(picture: &Picture) -> Result<(crate::picture::Luma, (u32, u32)), PictureError> {
    match picture {
        Picture::Jpeg(bytes) if bytes.len() >= LARGE => {
            let picture = picture.clone();
            let decoded = tokio::task::spawn_blocking(move || picture.luma(CELLS_ACROSS)).await;
            decoded.unwrap_or_else(|_| Err(PictureError::Corrupt("the decoder failed".to_owned())))
        }
        _ => picture.luma(CELLS_ACROSS),
    }
}
