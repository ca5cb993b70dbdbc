//! Schedules: what is expected of a group, and when.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{AssignmentId, GroupId, GroupRef, HolidayId, ScheduleId};

/// A time of day on a clock, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, example = "08:30"))]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(u16);

impl ClockTime {
    /// The time `minutes` after midnight; none from 24 hours on.
    pub fn from_minutes(minutes: u16) -> Option<Self> {
        (minutes < 24 * 60).then_some(Self(minutes))
    }

    /// Minutes after midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for ClockTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = |part: &str| if digits(part) { part.parse::<u16>().ok() } else { None };
        let time = text.split_once(':').and_then(|(hours, minutes)| {
            let (hours, minutes) = (number(hours)?, number(minutes)?);
            (hours < 24 && minutes < 60).then_some(Self(hours * 60 + minutes))
        });
        time.ok_or_else(|| {
            let shown: String = text.chars().take(20).collect();
            format!("`{shown}` is no time of day: write HH:MM, from 00:00 to 23:59")
        })
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// Every day, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
}

/// One period or shift of a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What it is called, for example "Maths".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub start: ClockTime,
    /// When it ends; at or before `start` it is the next day.
    pub end: ClockTime,
}

/// A pause that does not count as worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// When it begins.
    pub start: ClockTime,
    /// When it ends; before `start` it is the next day.
    pub end: ClockTime,
}

/// The rules of a schedule: when somebody is expected, and what counts as late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleRules {
    /// Periods or shifts; they may not overlap. A slot's number is its place here, from 0.
    pub slots: Vec<Slot>,
    /// Coming this many minutes after the start is still in time.
    #[serde(default = "defaults::grace_minutes")]
    pub grace_minutes: u16,
    /// Going this many minutes before the end is not too early yet.
    #[serde(default)]
    pub early_minutes: u16,
    /// Whoever is there for fewer minutes than this has a half day; null asks for none.
    #[serde(default)]
    pub half_day_minutes: Option<u16>,
    /// Pauses that do not count as worked; each lies within a slot.
    #[serde(default)]
    pub breaks: Vec<Break>,
    /// From this many minutes before the start on, arrivals belong to the slot.
    #[serde(default = "defaults::opens_minutes_before")]
    pub opens_minutes_before: u16,
    /// Until this many minutes after the end, people who leave belong to the slot.
    #[serde(default = "defaults::closes_minutes_after")]
    pub closes_minutes_after: u16,
    /// Whether leaving is recorded: going too early then counts, and a feed of both directions sees people leave.
    #[serde(default)]
    pub asks_check_out: bool,
}

mod defaults {
    pub(super) fn grace_minutes() -> u16 {
        5
    }

    pub(super) fn opens_minutes_before() -> u16 {
        120
    }

    pub(super) fn closes_minutes_after() -> u16 {
        240
    }
}

/// Class periods or work shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// Class periods.
    Period,
    /// Shifts.
    Shift,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleView {
    /// Its id.
    pub id: ScheduleId,
    /// Its name, unique among schedules.
    pub name: String,
    /// Periods or shifts.
    pub kind: ScheduleKind,
    /// IANA name of its zone; null takes the site's.
    pub timezone: Option<String>,
    /// Its rules, oldest first; each stands until the next begins.
    pub versions: Vec<ScheduleVersion>,
    /// Whose it is and was.
    pub groups: Vec<ScheduleGroup>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Rules from a day on. Also the body of `POST /api/v1/schedules/{id}/versions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleVersion {
    /// The first day that they hold for.
    pub from_day: NaiveDate,
    /// The rules.
    pub rules: ScheduleRules,
}

/// A group that a schedule is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduleGroup {
    /// Names this assignment.
    pub id: AssignmentId,
    /// The group.
    pub group: GroupRef,
    /// The first day.
    pub from_day: NaiveDate,
    /// The day after the last; null without an end.
    pub until_day: Option<NaiveDate>,
}

/// Body of `POST /api/v1/schedules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSchedule {
    /// A name of 1 to 100 characters.
    pub name: String,
    /// Periods or shifts.
    pub kind: ScheduleKind,
    /// IANA name of its zone; left out or null takes the site's.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The first day of the rules; left out it is today.
    #[serde(default)]
    pub from_day: Option<NaiveDate>,
    /// The first rules.
    pub rules: ScheduleRules,
}

/// Body of `PATCH /api/v1/schedules/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateSchedule {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another zone, or the site's: only before the first version begins.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::people::present")]
    pub timezone: Option<Option<String>>,
}

/// Body of `POST /api/v1/schedules/{id}/groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignSchedule {
    /// The group.
    pub group: GroupId,
    /// The first day; left out it is today.
    #[serde(default)]
    pub from_day: Option<NaiveDate>,
    /// The day after the last; left out or null it has no end.
    #[serde(default)]
    pub until_day: Option<NaiveDate>,
}

/// When one slot of a schedule happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceView {
    /// The day on which it begins, in the schedule's zone.
    pub day: NaiveDate,
    /// The slot's number.
    pub slot: i16,
    /// The slot's name.
    pub name: Option<String>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// From when on arrivals belong to it.
    pub opens_at: DateTime<Utc>,
    /// Until when people who leave belong to it.
    pub closes_at: DateTime<Utc>,
}

/// Days on which nobody is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HolidayView {
    /// Its id.
    pub id: HolidayId,
    /// Whose; null is everybody's.
    pub group: Option<GroupRef>,
    /// Its name.
    pub name: String,
    /// The first day.
    pub from_day: NaiveDate,
    /// The day after the last.
    pub until_day: NaiveDate,
}

/// Body of `POST /api/v1/holidays`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateHoliday {
    /// Whose; left out or null it is everybody's.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// A name of 1 to 100 characters.
    pub name: String,
    /// The first day.
    pub from_day: NaiveDate,
    /// The day after the last; at most 366 days after the first.
    pub until_day: NaiveDate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_and_written_alike() {
        for good in ["00:00", "08:30", "23:59"] {
            let time: ClockTime = serde_json::from_value(good.into()).expect(good);
            assert_eq!(serde_json::to_value(time).expect(good), good);
        }
        for bad in ["", "8:30", "24:00", "12:60", "12", "12:3", "+1:30", "12:30:00", "١٢:٣٠"] {
            assert!(serde_json::from_value::<ClockTime>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_have_defaults_and_no_unknown_fields() {
        let rules = serde_json::json!({ "slots": [{ "days": ["mon"], "start": "08:00", "end": "16:00" }] });
        let rules: ScheduleRules = serde_json::from_value(rules).expect("rules");
        assert_eq!((rules.grace_minutes, rules.opens_minutes_before), (5, 120));
        let wrong = serde_json::json!({ "slots": [], "grace": 5 });
        assert!(serde_json::from_value::<ScheduleRules>(wrong).is_err());
    }
}
