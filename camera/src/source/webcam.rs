//! USB and built-in webcams, by nokhwa: V4L2 on Linux, Media Foundation on Windows, AVFoundation on macOS.
//!
//! The driver's calls block, so they have a thread of their own. It ends with the next picture after nobody takes any; a
//! driver that blocks for ever keeps its thread and its device.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType,
};
use nokhwa::{Buffer, Camera};
use tokio::sync::mpsc;

use super::{FrameSource, Sink, SourceError, Wanted};
use crate::config::WebcamSource;
use crate::pace::Rate;
use crate::picture::{Picture, Planar};

const FORMATS: &[FrameFormat] =
    &[FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::GRAY];
/// A driver that fails this often in a row is opened again.
const FAILURES: u32 = 10;

/// A webcam.
#[derive(Debug)]
pub struct Webcam(WebcamSource);

impl Webcam {
    /// Shows a webcam.
    pub fn new(source: WebcamSource) -> Self {
        Self(source)
    }

    async fn play(&self, wanted: Wanted, sink: &Sink) -> Result<(), SourceError> {
        let (sender, mut pictures) = mpsc::channel(1);
        let device = self.0.device;
        let thread = tokio::task::spawn_blocking(move || capture(device, wanted, &sender));
        while let Some(picture) = pictures.recv().await {
            match picture {
                Some(picture) => sink.put(picture),
                None => sink.corrupt(),
            }
        }
        thread
            .await
            .unwrap_or_else(|error| Err(SourceError::lost(format!("the webcam's driver failed: {error}"))))
    }
}

impl FrameSource for Webcam {
    fn run<'a>(&'a mut self, wanted: Wanted, sink: &'a Sink) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(self.play(wanted, sink))
    }
}

fn failed(device: u32, what: &str, error: &dyn std::fmt::Display) -> SourceError {
    SourceError::lost(format!(
        "webcam {device} cannot be {what}: {error}. `attendance-camera list` tells which there are; on Linux the user \
         must be in the group `video`, and no other program may use it"
    ))
}

/// Hands on pictures until nobody takes any.
fn capture(device: u32, wanted: Wanted, out: &mpsc::Sender<Option<Picture>>) -> Result<(), SourceError> {
    allow();
    let wish = CameraFormat::new_from(
        u32::from(wanted.max_width),
        u32::from(wanted.max_width) * 9 / 16,
        FrameFormat::MJPEG,
        30,
    );
    let request = RequestedFormat::with_formats(RequestedFormatType::Closest(wish), FORMATS);
    let mut camera =
        Camera::new(CameraIndex::Index(device), request).map_err(|error| failed(device, "opened", &error))?;
    camera.open_stream().map_err(|error| failed(device, "started", &error))?;
    let mut rate = Rate::default();
    let mut failures = 0;
    loop {
        let picture = match camera.frame() {
            Ok(buffer) => {
                failures = 0;
                if !rate.pass(Instant::now(), wanted.fps) {
                    continue;
                }
                picture_of(&buffer)
            }
            Err(error) => {
                failures += 1;
                if failures >= FAILURES {
                    return Err(failed(device, "read", &error));
                }
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        if out.blocking_send(picture).is_err() {
            // Nobody takes any: the stream is closed, and what that says helps nobody any more.
            let _ = camera.stop_stream();
            return Ok(());
        }
    }
}

/// macOS asks the person at the screen; elsewhere there is nothing to ask.
fn allow() {
    #[cfg(target_os = "macos")]
    if !nokhwa::nokhwa_check() {
        let (answered, answer) = std::sync::mpsc::channel();
        nokhwa::nokhwa_initialize(move |allowed| {
            let _ = answered.send(allowed);
        });
        // Without an answer, opening fails and says so.
        let _ = answer.recv_timeout(Duration::from_secs(60));
    }
}

fn picture_of(buffer: &Buffer) -> Option<Picture> {
    let (width, height) = (buffer.resolution().width() as usize, buffer.resolution().height() as usize);
    let bytes = buffer.buffer();
    if buffer.source_frame_format() == FrameFormat::MJPEG {
        return Some(Picture::Jpeg(Bytes::copy_from_slice(bytes)));
    }
    let planes = planes(buffer.source_frame_format(), width, height, bytes)?;
    Planar::new(width, height, planes.into()).map(Picture::Planar)
}

/// Planes of full range from what webcams give in the range of television (16 to 235).
fn planes(format: FrameFormat, width: usize, height: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    if width == 0 || height == 0 || !width.is_multiple_of(2) || !height.is_multiple_of(2) {
        return None;
    }
    let luma = |value: u8| ((i32::from(value) - 16) * 255 / 219).clamp(0, 255) as u8;
    let chroma = |value: u8| ((i32::from(value) - 128) * 255 / 224 + 128).clamp(0, 255) as u8;
    let mut out = Vec::with_capacity(Planar::bytes(width, height));
    match format {
        FrameFormat::YUYV => {
            let bytes = bytes.get(..width * height * 2)?;
            out.extend(bytes.iter().step_by(2).map(|&value| luma(value)));
            for channel in [1, 3] {
                for row in bytes.chunks_exact(width * 2).step_by(2) {
                    out.extend(row.iter().skip(channel).step_by(4).map(|&value| chroma(value)));
                }
            }
        }
        FrameFormat::NV12 => {
            let bytes = bytes.get(..width * height * 3 / 2)?;
            let (y, uv) = bytes.split_at(width * height);
            out.extend(y.iter().map(|&value| luma(value)));
            for channel in [0, 1] {
                out.extend(uv.iter().skip(channel).step_by(2).map(|&value| chroma(value)));
            }
        }
        FrameFormat::GRAY => {
            out.extend_from_slice(bytes.get(..width * height)?);
            out.resize(Planar::bytes(width, height), 128);
        }
        _ => return None,
    }
    Some(out)
}

/// A webcam, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What the configuration calls `device`.
    pub index: String,
    /// Its name.
    pub name: String,
    /// What it can give, such as `1280 × 720 MJPEG, up to 30 a second`; or why that cannot be told.
    pub formats: Vec<String>,
}

/// The webcams of this machine.
///
/// # Errors
/// When the system does not tell.
pub fn list() -> Result<Vec<Found>, String> {
    allow();
    let cameras = nokhwa::query(ApiBackend::Auto).map_err(|error| error.to_string())?;
    let formats = |index: &CameraIndex| -> Result<Vec<String>, nokhwa::NokhwaError> {
        let request = RequestedFormat::with_formats(RequestedFormatType::None, FORMATS);
        let mut formats = Camera::new(index.clone(), request)?.compatible_camera_formats()?;
        formats.sort_by_key(|format| {
            (
                std::cmp::Reverse(format.width() * format.height()),
                format.format(),
                std::cmp::Reverse(format.frame_rate()),
            )
        });
        formats.dedup_by_key(|format| (format.resolution(), format.format()));
        let shown = |f: &CameraFormat| {
            format!("{} × {} {}, up to {} a second", f.width(), f.height(), f.format(), f.frame_rate())
        };
        Ok(formats.iter().map(shown).collect())
    };
    Ok(cameras
        .iter()
        .map(|camera| Found {
            index: camera.index().as_string(),
            name: camera.human_name(),
            formats: formats(camera.index())
                .unwrap_or_else(|error| vec![format!("cannot be opened: {error}")]),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_webcams_give_becomes_planes() {
        let grey = |planes: &[u8]| planes.iter().skip(8).all(|&value| value == 128);
        let yuyv = planes(FrameFormat::YUYV, 4, 2, &[16, 128, 235, 128].repeat(4)).expect("planes");
        assert_eq!((&yuyv[..4], yuyv.len(), grey(&yuyv)), (&[0, 255, 0, 255][..], 12, true));
        let nv12 = planes(FrameFormat::NV12, 4, 2, &[[235; 8].as_slice(), &[16, 240, 16, 240]].concat());
        let nv12 = nv12.expect("planes");
        assert_eq!((nv12[0], &nv12[8..]), (255, &[1, 1, 255, 255][..]));
        let gray = planes(FrameFormat::GRAY, 4, 2, &[77; 8]).expect("planes");
        assert!(gray[..8] == [77; 8] && grey(&gray));
        assert_eq!(planes(FrameFormat::YUYV, 4, 2, &[0; 15]), None, "cut off");
        assert_eq!(planes(FrameFormat::GRAY, 3, 2, &[0; 6]), None);
    }
}
