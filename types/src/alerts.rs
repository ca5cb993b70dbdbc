//! Alerts: who is told of what, by which way, and what was sent. Reports that are sent by themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    AlertRuleId, ClockTime, FeedId, FeedRef, GroupId, GroupRef, MessageId, PersonRef, ReportFormat,
    ReportKind, ReportScheduleId, UserId, UserRef, WebhookId, Weekday,
};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A period is over and somebody was not seen.
    Absence,
    /// Somebody came late.
    Lateness,
    /// The review queue took a face that nobody was recognised in.
    UnknownFace,
    /// A camera sends nothing any more; and, later, that it is back.
    CameraSilent,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Absence, Self::Lateness, Self::UnknownFace, Self::CameraSilent];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absence => "absence",
            Self::Lateness => "lateness",
            Self::UnknownFace => "unknown_face",
            Self::CameraSilent => "camera_silent",
        }
    }

    /// Whether it is about a person: a group confines it then, else a feed does.
    pub fn is_of_person(self) -> bool {
        matches!(self, Self::Absence | Self::Lateness)
    }
}

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertChannel {
    /// E-mail.
    Email,
    /// A text message to a phone.
    Sms,
    /// A signed HTTP request to a program.
    Webhook,
}

impl AlertChannel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::Webhook];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Webhook => "webhook",
        }
    }
}

/// Hours in which nothing is sent; what falls into them waits for their end. In the site's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin.
    pub from: ClockTime,
    /// When they end; before `from` it is the next day. Not equal to `from`.
    pub until: ClockTime,
}

/// When alerts are sent: each at once, or gathered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "when", rename_all = "snake_case", deny_unknown_fields)]
pub enum Digest {
    /// At once; what happens at the same moment comes in one message.
    #[default]
    AtOnce,
    /// With the next full hour.
    Hourly,
    /// Once a day.
    Daily {
        /// At this time of the site's clocks.
        time: ClockTime,
    },
}

/// Who is told. At least one of all these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Recipients {
    /// Accounts. They are told only of people they may see, and as their preferences say.
    pub users: Vec<UserId>,
    /// The managers of the group that it is about.
    pub managers: bool,
    /// The person that it is about, at their own e-mail address and phone.
    pub person: bool,
    /// Other e-mail addresses.
    pub emails: Vec<String>,
    /// Other phone numbers, `+` and digits.
    pub phones: Vec<String>,
    /// Programs.
    pub webhooks: Vec<WebhookId>,
}

/// Body of `POST /api/v1/alerts/rules` and `PUT /api/v1/alerts/rules/{rule}`: who is told of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveAlertRule {
    /// Its name, 1 to 100 characters, unique among rules.
    pub name: String,
    /// What it is about.
    pub kind: AlertKind,
    /// Absence and lateness: of this group alone; null: of everybody.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// Unknown faces and silent cameras: of this feed alone; null: of all.
    #[serde(default)]
    pub feed: Option<FeedId>,
    /// By which ways users, managers and the person are told: `email`, `sms` or both. The other recipients are
    /// addresses, whose way is their own.
    #[serde(default)]
    pub channels: Vec<AlertChannel>,
    /// Who is told.
    pub recipients: Recipients,
    /// When nothing is sent.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// At once, or gathered.
    #[serde(default)]
    pub digest: Digest,
    /// Whether it is switched on.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRuleView {
    /// Its id.
    pub id: AlertRuleId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The group that it is confined to.
    pub group: Option<GroupRef>,
    /// The feed that it is confined to.
    pub feed: Option<FeedRef>,
    /// By which ways users, managers and the person are told.
    pub channels: Vec<AlertChannel>,
    /// Who is told.
    pub recipients: Recipients,
    /// When nothing is sent.
    pub quiet_hours: Option<QuietHours>,
    /// At once, or gathered.
    pub digest: Digest,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Whether a channel can be used: e-mail and SMS are set up on the server, webhooks here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChannelView {
    /// Which.
    pub channel: AlertChannel,
    /// Whether the server has been told how to send by it.
    pub configured: bool,
    /// As whom it sends: an e-mail address or a phone number, where one is set.
    pub sender: Option<String>,
}

/// Body of `POST /api/v1/alerts/channels/{channel}/test`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestMessage {
    /// The e-mail address or phone number that a test message goes to.
    pub to: String,
}

/// What became of a test message, which is sent while one waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestOutcome {
    /// Whether it was taken over.
    pub sent: bool,
    /// Why not, in words for an admin.
    pub error: Option<String>,
}

/// Body of `POST /api/v1/alerts/webhooks` and `PUT /api/v1/alerts/webhooks/{webhook}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveWebhook {
    /// What it is for: 1 to 100 characters, unique among webhooks.
    pub name: String,
    /// Where to: an `https` address without user name and password.
    pub url: String,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// What it is for.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Whether it is used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its secret was last changed.
    pub secret_changed_at: DateTime<Utc>,
}

/// A webhook and its secret, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookCreated {
    /// The webhook.
    #[serde(flatten)]
    pub view: WebhookView,
    /// What its requests are signed with.
    pub secret: String,
}

impl std::fmt::Debug for WebhookCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookCreated").field("view", &self.view).finish_non_exhaustive()
    }
}

/// What is told in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "see AlertKind")]
pub enum MessageKind {
    Absence,
    Lateness,
    UnknownFace,
    CameraSilent,
    /// A camera that was silent is back.
    CameraBack,
    /// A scheduled report.
    Report,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Absence,
        Self::Lateness,
        Self::UnknownFace,
        Self::CameraSilent,
        Self::CameraBack,
        Self::Report,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absence => "absence",
            Self::Lateness => "lateness",
            Self::UnknownFace => "unknown_face",
            Self::CameraSilent => "camera_silent",
            Self::CameraBack => "camera_back",
            Self::Report => "report",
        }
    }
}

impl From<AlertKind> for MessageKind {
    fn from(kind: AlertKind) -> Self {
        match kind {
            AlertKind::Absence => Self::Absence,
            AlertKind::Lateness => Self::Lateness,
            AlertKind::UnknownFace => Self::UnknownFace,
            AlertKind::CameraSilent => Self::CameraSilent,
        }
    }
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits for its time, or for the next attempt.
    Pending,
    /// Far more than is usual at this hour: somebody has to let it go.
    Held,
    /// It was taken over.
    Sent,
    /// Its reason went away before it was sent.
    Withdrawn,
    /// A dead letter: every attempt failed. It can be tried again or dropped.
    Dead,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Held, Self::Sent, Self::Withdrawn, Self::Dead];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Withdrawn => "withdrawn",
            Self::Dead => "dead",
        }
    }
}

/// One thing that somebody is told by one way. Things that go to the same address at the same time share a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// What it tells.
    pub kind: MessageKind,
    /// By which way.
    pub channel: AlertChannel,
    /// To whom: an address, a phone number, or the name of a webhook.
    pub to: String,
    /// How far it is.
    pub state: MessageState,
    /// The person that it is about.
    pub person: Option<PersonRef>,
    /// The feed that it is about.
    pub feed: Option<FeedRef>,
    /// When it came about.
    pub created_at: DateTime<Utc>,
    /// Before when it is not sent: the next attempt, the end of quiet hours, the time of a digest.
    pub not_before: DateTime<Utc>,
    /// Attempts so far.
    pub attempts: i32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When it was taken over.
    pub sent_at: Option<DateTime<Utc>>,
}

/// How many messages there are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs, reason = "see MessageState")]
pub struct OutboxCounts {
    pub pending: i64,
    pub held: i64,
    pub sent: i64,
    pub withdrawn: i64,
    pub dead: i64,
}

/// Body of `POST /api/v1/alerts/outbox/retry`: all messages of a state are to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryMessages {
    /// `held` or `dead`.
    pub state: MessageState,
}

/// How many messages will be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retried {
    /// How many.
    pub count: i64,
}

/// What somebody wants to be told, and by which way. Answer of `GET` and body of `PUT /api/v1/alerts/preferences`,
/// and of `/api/v1/alerts/people/{person}/preferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AlertPreferences {
    /// Nothing at all.
    pub opted_out: bool,
    /// What is not wanted by which way; all else comes as the rules say.
    pub muted: Vec<Muted>,
    /// When nothing is sent to them, besides the quiet hours of the rule.
    pub quiet_hours: Option<QuietHours>,
}

/// A kind of alert that somebody does not want by one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Muted {
    /// What.
    pub kind: AlertKind,
    /// By which way: `email` or `sms`.
    pub channel: AlertChannel,
}

/// Which days a scheduled report is about, as seen from the day on which it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportRange {
    /// That day.
    Today,
    /// The day before.
    Yesterday,
    /// The seven days before.
    Last7Days,
    /// Monday to Sunday of the week before.
    LastWeek,
    /// The month before.
    LastMonth,
}

impl ReportRange {
    /// Every range.
    pub const ALL: [Self; 5] =
        [Self::Today, Self::Yesterday, Self::Last7Days, Self::LastWeek, Self::LastMonth];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::Last7Days => "last7_days",
            Self::LastWeek => "last_week",
            Self::LastMonth => "last_month",
        }
    }
}

/// How often a report is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "every", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cadence {
    /// Every day.
    Day,
    /// Once a week.
    Week {
        /// On this day.
        weekday: Weekday,
    },
    /// Once a month.
    Month {
        /// On this day of it, 1 to 31; a shorter month's last day where it lacks it.
        day: u8,
    },
}

/// Body of `POST /api/v1/report-schedules` and `PUT /api/v1/report-schedules/{report_schedule}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveReportSchedule {
    /// Its name, 1 to 100 characters, unique among scheduled reports; the subject of the e-mail.
    pub name: String,
    /// Which report.
    pub kind: ReportKind,
    /// Of which days; a day sheet is of one day.
    pub range: ReportRange,
    /// One group's; null: everybody's.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// `csv`, `xlsx` or `pdf`.
    pub format: ReportFormat,
    /// Accounts that get it by e-mail, each with the people they may see.
    #[serde(default)]
    pub users: Vec<UserId>,
    /// Other e-mail addresses, which get all of it.
    #[serde(default)]
    pub emails: Vec<String>,
    /// How often.
    pub cadence: Cadence,
    /// At which time of the site's clocks.
    pub time: ClockTime,
    /// Whether it is switched on.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A scheduled report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportScheduleView {
    /// Its id.
    pub id: ReportScheduleId,
    /// Its name.
    pub name: String,
    /// Which report.
    pub kind: ReportKind,
    /// Of which days.
    pub range: ReportRange,
    /// One group's.
    pub group: Option<GroupRef>,
    /// As what.
    pub format: ReportFormat,
    /// Accounts that get it.
    pub users: Vec<UserRef>,
    /// Other e-mail addresses.
    pub emails: Vec<String>,
    /// How often.
    pub cadence: Cadence,
    /// At which time of the site's clocks.
    pub time: ClockTime,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it was last handed to the outbox.
    pub last_run_at: Option<DateTime<Utc>>,
    /// When it will be next; null while it is switched off.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
