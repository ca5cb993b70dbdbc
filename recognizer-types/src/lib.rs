//! Wire types between the API and the recognizer, version 1.
//!
//! Embeddings live here and not in `types`, so that code built for the browser cannot name one. Their `Debug`
//! prints the length alone: an embedding is biometric data and never reaches a log.

use serde::{Deserialize, Serialize};
pub use types::{BoundingBox, Landmarks, OperatingPoint, PackFile, PackView, Quality, QualityReason, Range};

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
    /// Evidence of a live person, 0 to 1, over the frames of the track so far; null unless `liveness=passive` was
    /// asked for and there is evidence.
    pub liveness: Option<f32>,
    /// What `liveness` was made of.
    #[serde(default)]
    pub cues: Option<LivenessCues>,
    /// How the head is held; null unless `liveness=challenge` was asked for and the pack has a mesh.
    #[serde(default)]
    pub pose: Option<HeadPose>,
    /// Unit length, [`PackView::dimensions`] numbers; null only for a settled track.
    pub embedding: Option<Embedding>,
}

/// Passive liveness evidence by cue, each 0 (a picture) to 1 (live), over `frames` frames of the track. Null
/// where the pack or the scene gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LivenessCues {
    /// Frames of the track that were looked at; the newest ones count.
    pub frames: u32,
    /// The pack's anti-spoofing networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<f32>,
    /// Under motion a flat picture's points follow one homography, a head's do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planarity: Option<f32>,
    /// Periodic patterns of a screen or a print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moire: Option<f32>,
    /// Straight edges of a sheet or a device around the face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bezel: Option<f32>,
}

/// How a head is held, from the mesh. Angles in degrees, 0 when the person looks straight at the camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadPose {
    /// Turn; positive to the person's own left.
    pub yaw: f32,
    /// Nod; positive upwards.
    pub pitch: f32,
    /// Tilt; positive to the person's own left shoulder.
    pub roll: f32,
    /// How far the eye on the left (as seen) is open: height over width of the lids.
    pub left_eye: f32,
    /// How far the eye on the right (as seen) is open.
    pub right_eye: f32,
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
