//! What a day was: states, marks, corrections.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{CorrectionId, FeedRef, GroupRef, MarkId, PersonId, PersonRef, ScheduleId, UserId};

/// The state of a person in one shift instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttendanceState {
    /// Not over, and nobody seen yet.
    Expected,
    /// There in time.
    Present,
    /// There, after the grace.
    Late,
    /// There, and gone too early.
    LeftEarly,
    /// There for less than the rules ask of a whole day.
    HalfDay,
    /// Not seen, and it is over.
    Absent,
    /// Not there, with leave.
    Excused,
    /// Nobody is expected.
    Holiday,
    /// Not seen, while a camera that would have seen them was away.
    Unconfirmed,
}

impl AttendanceState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Expected,
        Self::Present,
        Self::Late,
        Self::LeftEarly,
        Self::HalfDay,
        Self::Absent,
        Self::Excused,
        Self::Holiday,
        Self::Unconfirmed,
    ];

    /// The name on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Present => "present",
            Self::Late => "late",
            Self::LeftEarly => "left_early",
            Self::HalfDay => "half_day",
            Self::Absent => "absent",
            Self::Excused => "excused",
            Self::Holiday => "holiday",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether the person was there, for however long.
    pub fn attended(self) -> bool {
        matches!(self, Self::Present | Self::Late | Self::LeftEarly | Self::HalfDay)
    }
}

/// What can be marked by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MarkState {
    /// There in time.
    Present,
    /// Not there.
    Absent,
    /// There, too late.
    Late,
    /// Not there, with leave.
    Excused,
}

impl MarkState {
    /// Every state that can be marked.
    pub const ALL: [Self; 4] = [Self::Present, Self::Absent, Self::Late, Self::Excused];

    /// What it makes of the day.
    pub fn state(self) -> AttendanceState {
        match self {
            Self::Present => AttendanceState::Present,
            Self::Absent => AttendanceState::Absent,
            Self::Late => AttendanceState::Late,
            Self::Excused => AttendanceState::Excused,
        }
    }

    /// The name on the wire and in the database.
    pub fn name(self) -> &'static str {
        self.state().name()
    }
}

/// A schedule, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleRef {
    /// Its id.
    pub id: ScheduleId,
    /// Its name.
    pub name: String,
}

/// Somebody who signs in, or a program's key, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRef {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, or the key's name; null where the account is gone.
    pub email: Option<String>,
}

/// A hand mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MarkView {
    /// Its id.
    pub id: MarkId,
    /// What was marked; null took an earlier mark back.
    pub state: Option<MarkState>,
    /// What was noted.
    pub note: Option<String>,
    /// Who marked.
    pub by: UserRef,
    /// When.
    pub at: DateTime<Utc>,
}

/// A person whose newest mark is another one than the request saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MarkConflict {
    /// Who.
    pub person: PersonRef,
    /// The mark that stands; null where there is none.
    pub mark: Option<MarkView>,
}

/// Answer of `GET` and `PUT /api/v1/attendance`: one period of a group on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sheet {
    /// The group.
    pub group: GroupRef,
    /// The day.
    pub day: NaiveDate,
    /// What the group has that day, in the order of time; for a group without a schedule the whole day.
    pub instances: Vec<SheetInstance>,
    /// Place in `instances` of the one that the rows are about; null where there is none.
    pub shown: Option<usize>,
    /// Whether nobody is expected.
    pub holiday: bool,
    /// One row for each member of that day, by name.
    pub rows: Vec<SheetRow>,
}

/// One period of a group on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SheetInstance {
    /// The schedule.
    pub schedule: ScheduleRef,
    /// The slot's number.
    pub slot: i16,
    /// The slot's name.
    pub name: Option<String>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// A person on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SheetRow {
    /// Who.
    pub person: PersonRef,
    /// Their staff or roll number.
    pub external_id: String,
    /// When a camera first saw them come.
    pub first_in: Option<DateTime<Utc>>,
    /// Where that was.
    pub feed: Option<FeedRef>,
    /// When a camera last saw them leave.
    pub last_out: Option<DateTime<Utc>>,
    /// The state that counts; null where nothing is known of it yet.
    pub state: Option<AttendanceState>,
    /// Whether a hand mark decided.
    pub by_hand: bool,
    /// The newest mark, one that took an earlier one back included.
    pub mark: Option<MarkView>,
}

/// A row of the body of `PUT /api/v1/attendance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkRow {
    /// Who.
    pub person: PersonId,
    /// What to mark; null takes an earlier mark back, so that what the cameras saw counts.
    pub state: Option<MarkState>,
    /// A note of at most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
    /// The id of the mark that the sheet showed; null for none.
    pub seen_mark: Option<MarkId>,
}

/// The state of a person in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayView {
    /// The day on which it begins.
    pub day: NaiveDate,
    /// The schedule.
    pub schedule: ScheduleRef,
    /// The slot's number.
    pub slot: i16,
    /// The group through which it is theirs.
    pub group: Option<GroupRef>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The state.
    pub state: AttendanceState,
    /// Whether a hand mark decided.
    pub by_hand: bool,
    /// What was noted at the mark that decided.
    pub note: Option<String>,
    /// When a camera first saw them come.
    pub first_in: Option<DateTime<Utc>>,
    /// When a camera last saw them leave.
    pub last_out: Option<DateTime<Utc>>,
    /// Whole minutes after the start; 0 within the grace.
    pub late_minutes: i32,
    /// Whole minutes before the end; 0 where that is not too early.
    pub early_minutes: i32,
    /// Whole minutes between coming and leaving, without breaks; null where one of them was not seen.
    pub worked_minutes: Option<i32>,
}

/// Body of `POST /api/v1/corrections`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskCorrection {
    /// Whose day; left out it is the caller's own.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// The schedule.
    pub schedule: ScheduleId,
    /// The day.
    pub day: NaiveDate,
    /// The slot's number.
    pub slot: i16,
    /// What it should be.
    pub state: MarkState,
    /// Why, in 1 to 500 characters.
    pub reason: String,
}

/// A request to put a day right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CorrectionView {
    /// Its id.
    pub id: CorrectionId,
    /// Whose day.
    pub person: PersonRef,
    /// The schedule.
    pub schedule: ScheduleRef,
    /// The day.
    pub day: NaiveDate,
    /// The slot's number.
    pub slot: i16,
    /// What it should be.
    pub state: MarkState,
    /// What it is.
    pub current: Option<AttendanceState>,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub asked_by: UserRef,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Whether it was granted; null while it is open.
    pub approved: Option<bool>,
    /// Who decided.
    pub decided_by: Option<UserRef>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said to it.
    pub decision_note: Option<String>,
}

/// Body of `POST /api/v1/corrections/{id}/decision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideCorrection {
    /// Whether it is granted.
    pub approved: bool,
    /// A note of at most 500 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// Answer of `GET /api/v1/attendance/on-site`: the roll call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OnSite {
    /// When the list was made.
    pub as_of: DateTime<Utc>,
    /// How many people.
    pub count: usize,
    /// Who came and was not seen to leave, by name.
    pub people: Vec<OnSitePerson>,
}

/// Somebody on site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OnSitePerson {
    /// Who.
    pub person: PersonRef,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Where they were last seen; null for somebody whom a person marked as present.
    pub feed: Option<FeedRef>,
    /// When they were last seen or marked.
    pub last_seen: DateTime<Utc>,
}
