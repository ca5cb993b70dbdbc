//! Analytics: numbers for charts, which read as tables too.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{AttendanceState, GroupRef};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AnalyticsKind {
    /// The attendance rate of each day.
    Rate,
    /// When people come.
    ArrivalsByTime,
    /// Lateness of each group.
    LatenessByGroup,
    /// The days of one person.
    Heatmap,
    /// Today so far, by group.
    Today,
}

/// The answer, by what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Analytics {
    /// The attendance rate of each day that something was expected on.
    Rate {
        /// In order.
        days: Vec<RateOfDay>,
    },
    /// When people come: the first time that each was seen on each day.
    ArrivalsByTime {
        /// By quarter hour of the local day; quarters in which nobody came are left out.
        quarters: Vec<QuarterHour>,
        /// By weekday, Monday first; weekdays on which nobody came are left out.
        weekdays: Vec<WeekdayArrivals>,
    },
    /// Lateness of each group, most late first.
    LatenessByGroup {
        /// The groups.
        groups: Vec<GroupLateness>,
    },
    /// The days of one person.
    Heatmap {
        /// In order; days without anything expected are left out.
        days: Vec<HeatDay>,
    },
    /// Today so far.
    Today {
        /// The day in the site's zone.
        date: NaiveDate,
        /// By group name; people whose group is gone come last.
        groups: Vec<GroupToday>,
    },
}

/// A day's attendance; the unit is a person in one shift instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateOfDay {
    /// The day.
    pub day: NaiveDate,
    /// There, for however long.
    pub attended: i64,
    /// Not there.
    pub absent: i64,
    /// Not there, with leave; not in the rate.
    pub excused: i64,
    /// Nobody is expected; not in the rate.
    pub holiday: i64,
    /// Not known; not in the rate.
    pub unconfirmed: i64,
    /// Not over yet; not in the rate.
    pub expected: i64,
    /// attended / (attended + absent); null where both are 0.
    pub rate: Option<f64>,
}

/// How many came within a quarter hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuarterHour {
    /// Minutes since midnight at which it begins: 480 is 08:00.
    pub minute: i32,
    /// How many came.
    pub arrivals: i64,
}

/// How many came on a weekday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeekdayArrivals {
    /// 1 is Monday, 7 Sunday.
    pub weekday: i32,
    /// How many came.
    pub arrivals: i64,
    /// On how many days that was.
    pub days: i64,
}

/// Lateness of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupLateness {
    /// The group; null for those whose group is gone.
    pub group: Option<GroupRef>,
    /// Shift instances that somebody was there in.
    pub attended: i64,
    /// Those that they were late for.
    pub late: i64,
    /// late / attended; null where nobody was there.
    pub share: Option<f64>,
    /// Median minutes of those late.
    pub median_minutes: Option<f64>,
    /// Nine of ten of those late were at most this late.
    pub p90_minutes: Option<f64>,
}

/// A day of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeatDay {
    /// The day.
    pub day: NaiveDate,
    /// What it was as a whole, as a register says it.
    pub state: AttendanceState,
    /// Minutes late, all shift instances together.
    pub late_minutes: i64,
}

/// A group's day so far, in people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupToday {
    /// The group; null for those whose group is gone.
    pub group: Option<GroupRef>,
    /// Who should come: all but holidays and those excused.
    pub expected: i64,
    /// Of them: there and not late.
    pub present: i64,
    /// There, late.
    pub late: i64,
    /// Not there, and it is over.
    pub absent: i64,
    /// Not seen while a camera was away.
    pub unconfirmed: i64,
    /// Not seen yet.
    pub waiting: i64,
    /// Not among the expected: with leave.
    pub excused: i64,
}
