//! Wire types between the API and the recognizer, version 1.
//!
//! Embeddings live here and not in `types`, so that code built for the browser cannot name one. Their `Debug`
//! prints the length alone: an embedding is biometric data and never reaches a log.

use serde::{Deserialize, Serialize};
pub use types::{BoundingBox, Landmarks, PackFile, PackView, Quality, QualityReason};

/// Answer of `POST /v1/faces`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FacesAnswer {
    /// [`PackView::id`] of the pack that made the embeddings.
    pub model: String,
    /// Pixels across, after EXIF rotation.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Every face found, largest first.
    pub faces: Vec<DetectedFace>,
    /// Time spent by stage.
    pub timings_ms: StageTimings,
}

/// One face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectedFace {
    /// The same face over the frames of a stream: `{epoch}-{number}`, where the epoch is random per process
    /// and stream. Null without `stream`.
    pub track: Option<String>,
    /// Where the face is, in pixels, clipped to the frame.
    #[serde(rename = "box")]
    pub bounding_box: BoundingBox,
    /// Eyes, nose, mouth corners, in pixels.
    pub landmarks: Landmarks,
    /// Detector confidence, 0 to 1.
    pub score: f32,
    /// Whether the face is good enough to be enrolled or judged.
    pub quality: Quality,
    /// Evidence of a live person, 0 to 1; null where the pack has no such model.
    pub liveness: Option<f32>,
    /// Unit length, [`PackView::dimensions`] numbers; null only for a settled track.
    pub embedding: Option<Embedding>,
}

/// A face's template vector, of unit length.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Embedding(pub Vec<f32>);

impl std::fmt::Debug for Embedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedding({} numbers)", self.0.len())
    }
}

/// Milliseconds spent in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StageTimings {
    pub decode: f32,
    pub detect: f32,
    pub landmarks: f32,
    pub align: f32,
    pub embed: f32,
    pub liveness: f32,
    pub total: f32,
}

/// Body of the recognizer's 4xx and 5xx answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecognizerError {
    /// What went wrong.
    pub error: RecognizerErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecognizerErrorDetail {
    /// Machine-readable, for example `not_an_image`, `truncated`, `animated`, `too_large`, `overloaded`.
    pub code: String,
    /// For a person: what was wrong with the picture and what to do.
    pub message: String,
}
