//! Where pictures come from: one [`FrameSource`] for each kind of camera.
//!
//! A source runs until it ends or fails, and hands each picture to a [`Sink`], where the newest one wins. It is stopped by
//! dropping its future, which frees whatever it holds; [`supervise`] does that when nothing comes any more, and
//! starts it again.

mod digest;
pub mod ffmpeg;
mod ffmpeg_says;
pub mod folder;
pub mod http;
mod multipart;
pub mod supervise;
pub mod webcam;
mod yuv4mpeg;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use types::SourceState;

use crate::config::{Camera, SourceConfig};
use crate::health::Health;
use crate::picture::Picture;

/// What is wanted of a source: more would only be thrown away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Pixels across at most, for sources that can make pictures smaller.
    pub max_width: u16,
    /// Pictures a second at most.
    pub fps: f32,
}

/// Why a source stopped: the state that this is, and what to do, for people; without credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// In a word.
    pub state: SourceState,
    /// What is wrong and what to do.
    pub message: String,
}

impl SourceError {
    /// It cannot be opened, or went away.
    pub fn lost(message: impl Into<String>) -> Self {
        Self { state: SourceState::Lost, message: message.into() }
    }

    /// It gives what cannot be read.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self { state: SourceState::Unreadable, message: message.into() }
    }
}

/// A camera, or what stands for one.
pub trait FrameSource: Send {
    /// Runs until the source ends, which only recordings do, or fails.
    fn run<'a>(&'a mut self, wanted: Wanted, sink: &'a Sink) -> BoxFuture<'a, Result<(), SourceError>>;
}

/// A picture and when it came.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The picture.
    pub picture: Picture,
    /// By the monotonic clock.
    pub at: Instant,
}

/// Takes a source's pictures: the newest one waits, and replaces one that was not taken.
#[derive(Debug)]
pub struct Sink {
    newest: Mutex<Option<Captured>>,
    came: Notify,
    health: Arc<Health>,
}

impl Sink {
    /// An empty one; it counts what comes.
    pub fn new(health: Arc<Health>) -> Self {
        Self { newest: Mutex::new(None), came: Notify::new(), health }
    }

    /// Takes a picture.
    pub fn put(&self, picture: Picture) {
        self.health.captured();
        let captured = Captured { picture, at: Instant::now() };
        let replaced = self.newest.lock().unwrap_or_else(PoisonError::into_inner).replace(captured);
        if replaced.is_some() {
            self.health.count(|frames| &mut frames.dropped);
        }
        self.came.notify_one();
    }

    /// A picture came and cannot be read.
    pub fn corrupt(&self) {
        self.health.captured();
        self.health.count(|frames| &mut frames.corrupt);
    }

    /// Waits for a picture.
    pub async fn take(&self) -> Captured {
        loop {
            let came = self.came.notified();
            let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take();
            match newest {
                Some(captured) => return captured,
                None => came.await,
            }
        }
    }
}

/// The source of a camera.
///
/// # Errors
/// When the means to open it are missing, such as certificates.
pub fn of(camera: &Camera) -> Result<Box<dyn FrameSource>, SourceError> {
    Ok(match &camera.source {
        SourceConfig::Webcam(webcam) => Box::new(webcam::Webcam::new(webcam.clone())),
        SourceConfig::Rtsp(rtsp) => Box::new(ffmpeg::Ffmpeg::rtsp(rtsp.clone())),
        SourceConfig::File(file) => Box::new(ffmpeg::Ffmpeg::file(file.clone())),
        SourceConfig::Http(http) => Box::new(http::Http::new(http.clone())?),
        SourceConfig::Folder(folder) => Box::new(folder::Folder::new(folder.clone())),
    })
}
