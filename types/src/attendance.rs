//! What a day was: states, marks, corrections.

use serde::{Deserialize, Serialize};

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
