//! Faces in a frame, as the answer of `…/frames` and `…/live` tells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ArrivalId, FrameId, PersonRef};

/// An axis-aligned box in pixels, clipped to the frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BoundingBox {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width, more than zero.
    pub width: f32,
    /// Height, more than zero.
    pub height: f32,
}

impl BoundingBox {
    /// Intersection over union with `other`, 0 (apart) to 1 (the same box).
    pub fn iou(&self, other: &Self) -> f32 {
        let overlap_x = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let overlap_y = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        if overlap_x <= 0.0 || overlap_y <= 0.0 {
            return 0.0;
        }
        let overlap = overlap_x * overlap_y;
        overlap / (self.width * self.height + other.width * other.height - overlap)
    }
}

/// Left eye, right eye, nose tip, left and right mouth corner (left and right as seen in the picture), each
/// `[x, y]` in pixels.
pub type Landmarks = [[f32; 2]; 5];

/// Whether a face is good enough to be enrolled or judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// No reason against it.
    pub ok: bool,
    /// What stands against it, worst first.
    pub reasons: Vec<QualityReason>,
}

/// Why a face is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QualityReason {
    /// Too few pixels between the eyes.
    TooSmall,
    /// Part of the face lies outside the picture.
    CutOff,
    /// Turned or tilted too far from the camera.
    TurnedAway,
    /// Out of focus or moved.
    Blurred,
    /// Too little light.
    TooDark,
    /// Too much light.
    TooBright,
    /// Glasses that reflect light where the eyes are.
    Glare,
}

impl QualityReason {
    /// One sentence for the person in front of the camera: what is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::TooSmall => "The face is too small: come closer or use a larger picture.",
            Self::CutOff => "Part of the face is outside the picture: move to the middle.",
            Self::TurnedAway => "The face is turned away: look straight at the camera.",
            Self::Blurred => "The picture is blurred: hold still and let the camera focus.",
            Self::TooDark => "The face is too dark: turn towards the light.",
            Self::TooBright => "The face is too bright: move out of the glare.",
            Self::Glare => "The glasses reflect the light: tilt your head a little or take them off.",
        }
    }
}

/// What a frame showed and what was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameAnswer {
    /// Names this frame in the log.
    pub frame_id: FrameId,
    /// Every face found, largest first; empty when there is none.
    pub faces: Vec<FaceView>,
    /// Time spent by stage, in milliseconds (`decode`, `detect`, `embed`, `match`, `total`, …).
    pub timings_ms: BTreeMap<String, f32>,
}

/// One face in a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceView {
    /// The same face over successive frames of a stream; never reused.
    pub track: String,
    /// Where the face is.
    #[serde(rename = "box")]
    pub bounding_box: BoundingBox,
    /// Eyes, nose, mouth corners.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<f32>>))]
    pub landmarks: Landmarks,
    /// Detector confidence, 0 to 1.
    pub score: f32,
    /// Whether the face is good enough to be judged.
    pub quality: Quality,
    /// Evidence that a live person stands there, 0 to 1; null where the pack cannot tell.
    pub liveness: Option<f32>,
    /// The challenge under way, where the feed asks for one.
    pub challenge: Option<Challenge>,
    /// What was decided.
    pub state: FaceState,
    /// Who it is, once `state` is `known`.
    pub person: Option<PersonRef>,
    /// Comparison score (cosine) of the best candidate; null where the feed reveals states only.
    pub similarity: Option<f32>,
    /// The arrival this sighting wrote or belongs to.
    pub arrival_id: Option<ArrivalId>,
}

/// What was decided about a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FaceState {
    /// Recognised; an arrival stands.
    Known,
    /// Not settled yet; nothing is logged.
    Uncertain,
    /// Nobody who is enrolled.
    Unknown,
    /// A presentation attack.
    Spoof,
}

/// What an active liveness challenge asks for. Left and right are the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChallengeAction {
    /// Look straight at the camera, as between two actions.
    LookStraight,
    /// Turn the head to the left.
    TurnLeft,
    /// Turn the head to the right.
    TurnRight,
    /// Lift the chin.
    LookUp,
    /// Lower the chin.
    LookDown,
    /// Lay the head on the left shoulder.
    TiltLeft,
    /// Lay the head on the right shoulder.
    TiltRight,
    /// Close both eyes and open them again; asked for at 15 frames a second or more only.
    Blink,
}

/// One step of an active liveness challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Challenge {
    /// The step asked for, from 1.
    pub step: u8,
    /// Number of steps.
    pub of: u8,
    /// What to do now.
    pub action: ChallengeAction,
    /// When the challenge lapses.
    pub expires_at: chrono::DateTime<chrono::Utc>,
}
