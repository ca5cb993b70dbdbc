//! Wire types of the public HTTP API, version 1.
//!
//! What the browser, the camera agent and the API say to each other, and nothing else: `serde`, `uuid` and
//! `chrono` are the only dependencies, so the crate compiles to wasm32 and cannot name a database row or an
//! embedding. Times are RFC 3339 in UTC; boxes and landmarks are in pixels of the frame after its EXIF
//! rotation.

mod alerts;
mod analytics;
mod arrivals;
mod attendance;
mod audit;
mod devices;
mod errors;
mod faces;
mod feeds;
mod groups;
mod ids;
mod imports;
mod keys;
mod model;
mod people;
mod reports;
mod review;
mod rights;
mod schedules;
mod session;
mod system;
mod users;
mod watch;

pub use alerts::{
    AlertChannel, AlertKind, AlertPreferences, AlertRuleView, Cadence, ChannelView, Digest, MessageKind,
    MessageState, MessageView, Muted, OutboxCounts, QuietHours, Recipients, ReportRange, ReportScheduleView,
    Retried, RetryMessages, SaveAlertRule, SaveReportSchedule, SaveWebhook, TestMessage, TestOutcome,
    WebhookCreated, WebhookView,
};
pub use analytics::{
    Analytics, AnalyticsKind, GroupLateness, GroupToday, HeatDay, QuarterHour, RateOfDay, WeekdayArrivals,
};
pub use arrivals::{
    ArrivalDoubt, ArrivalMethod, ArrivalView, FeedRef, PersonRef, ReassignArrival, VoidArrival, VoidedView,
};
pub use attendance::{
    AskCorrection, AttendanceState, CorrectionView, DayView, DecideCorrection, MarkConflict, MarkRow,
    MarkState, MarkView, OnSite, OnSitePerson, ScheduleRef, Sheet, SheetInstance, SheetRow, UserRef,
};
pub use audit::{AuditEntry, AuditParty};
pub use devices::{
    Backlog, BadgeCreated, BadgeView, CheckIn, CheckInMeans, CheckInProof, DeviceSettings, DeviceView,
    FeedDevices, FrameCounts, Heartbeat, HeartbeatAnswer, KioskGreeting, KioskPairing, KioskView, PairKiosk,
    Passage, RotateToken, SetPin, SourceState, SourceStatus, TokenKind, TokenView,
};
pub use errors::{ErrorBody, ErrorDetail, codes};
pub use faces::{
    BoundingBox, Challenge, ChallengeAction, FaceState, FaceView, FrameAnswer, Landmarks, Quality,
    QualityReason,
};
pub use feeds::{
    CreateFeed, Direction, FeedCreated, FeedToken, FeedView, Liveness, OnDoubt, Range, Reveals, UpdateFeed,
};
pub use groups::{
    AddMember, CreateGroup, GroupDeleted, GroupKind, GroupView, MembershipView, PersonMembership,
    UpdateGroup, UpdateMember,
};
pub use ids::{
    AlertRuleId, ArrivalId, AssignmentId, CorrectionId, FeedId, FrameId, GroupId, HolidayId, ImportId,
    MarkId, MembershipId, MessageId, PersonId, PhotoId, ReportScheduleId, ReviewFaceId, ReviewId, ScheduleId,
    UserId, WebhookId,
};
pub use imports::{
    ImportCounts, ImportRow, ImportSource, ImportState, ImportVerdict, ImportView, PhotoImportEntry,
    PhotoImportView,
};
pub use keys::{CreateKey, KeyCreated, KeyView};
pub use model::{FailedPhoto, MatchingRisk, OperatingPoint, PackFile, PackState, PackStatus, PackView};
pub use people::{
    ConsentDetail, ConsentGiven, Count, CreatePerson, GroupRef, PersonView, PhotoView, UpdatePerson,
};
pub use reports::{
    ColumnKind, LegendEntry, ReportCell, ReportColumn, ReportFormat, ReportKind, ReportTotal, ReportView,
};
pub use review::{
    EnrolFromReview, NonMatch, ReviewCandidate, ReviewFace, ReviewItem, ReviewReason, ReviewSettings,
};
pub use rights::{
    ConsentRecord, ConsentText, EraseRequest, ErasedCounts, ErasureReport, NewConsentText, Retention,
};
pub use schedules::{
    AssignSchedule, Break, ClockTime, CreateHoliday, CreateSchedule, HolidayView, InstanceView,
    ScheduleGroup, ScheduleKind, ScheduleRules, ScheduleVersion, ScheduleView, Slot, UpdateSchedule, Weekday,
};
pub use session::{
    ChangePassword, ConfirmSession, ConfirmTotp, OidcRefusal, OidcSecondFactor, OidcSignedIn, OidcView,
    RecoveryCodes, Role, SessionView, SignIn, TotpEnrolment, UserView,
};
pub use system::{Health, HealthStatus, Page, PartStatus, Settings, Today};
pub use users::{
    AcceptInvitation, AccountView, CreateUser, Invitation, InvitationAccepted, OpenSession, UpdateUser,
    UserCreated,
};
pub use watch::{FrameHeader, WatchRequest, WatchedArrival, WatchedFrame};
