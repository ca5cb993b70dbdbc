//! Wire types of the public HTTP API, version 1.
//!
//! What the browser, the camera agent and the API say to each other, and nothing else: `serde`, `uuid` and
//! `chrono` are the only dependencies, so the crate compiles to wasm32 and cannot name a database row or an
//! embedding. Times are RFC 3339 in UTC; boxes and landmarks are in pixels of the frame after its EXIF
//! rotation.

mod arrivals;
mod attendance;
mod errors;
mod faces;
mod feeds;
mod ids;
mod model;
mod people;
mod review;
mod session;
mod system;
mod watch;

pub use arrivals::{ArrivalMethod, ArrivalView, FeedRef, PersonRef};
pub use attendance::AttendanceState;
pub use errors::{ErrorBody, ErrorDetail, codes};
pub use faces::{
    BoundingBox, Challenge, ChallengeAction, FaceState, FaceView, FrameAnswer, Landmarks, Quality,
    QualityReason,
};
pub use feeds::{
    CreateFeed, Direction, FeedCreated, FeedToken, FeedView, Liveness, OnDoubt, Range, Reveals, UpdateFeed,
};
pub use ids::{ArrivalId, FeedId, FrameId, GroupId, PersonId, PhotoId, ReviewFaceId, ReviewId, UserId};
pub use model::{FailedPhoto, MatchingRisk, OperatingPoint, PackFile, PackState, PackStatus, PackView};
pub use people::{
    ConsentDetail, ConsentGiven, Count, CreatePerson, GroupRef, PersonView, PhotoView, UpdatePerson,
};
pub use review::{
    EnrolFromReview, NonMatch, ReviewCandidate, ReviewFace, ReviewItem, ReviewReason, ReviewSettings,
};
pub use session::{ChangePassword, Role, SessionView, SignIn, UserView};
pub use system::{Health, HealthStatus, Page, PartStatus, Settings, Today};
pub use watch::{FrameHeader, WatchRequest, WatchedFrame};
