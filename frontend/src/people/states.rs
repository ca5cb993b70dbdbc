//! What a day's periods come to, and the colour of each state.

use types::AttendanceState;

/// The state of a whole day out of those of its periods; none for a day without any.
///
/// Whoever was there for some and absent from others has half a day; else what is to be looked at comes first.
pub fn of_day(states: &[AttendanceState]) -> Option<AttendanceState> {
    use AttendanceState::{
        Absent, Excused, Expected, HalfDay, Holiday, Late, LeftEarly, Present, Unconfirmed,
    };
    let any = |state: &AttendanceState| states.contains(state);
    let there = states.iter().any(|state| state.attended());
    if any(&HalfDay) || (there && any(&Absent)) {
        return Some(HalfDay);
    }
    [Late, LeftEarly, Present, Absent, Unconfirmed, Expected, Excused, Holiday].into_iter().find(any)
}

/// The colour and shape of its letter.
pub fn class(state: AttendanceState) -> &'static str {
    match state {
        AttendanceState::Present => "cal-mark cal-known",
        AttendanceState::Late
        | AttendanceState::LeftEarly
        | AttendanceState::HalfDay
        | AttendanceState::Unconfirmed => "cal-mark cal-uncertain",
        AttendanceState::Absent => "cal-mark cal-unknown",
        AttendanceState::Expected | AttendanceState::Excused | AttendanceState::Holiday => {
            "cal-mark cal-plain"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_what_its_periods_come_to() {
        use AttendanceState::{Absent, Excused, Expected, HalfDay, Holiday, Late, Present, Unconfirmed};
        for (periods, day) in [
            (&[][..], None),
            (&[Present, Present], Some(Present)),
            (&[Present, Late], Some(Late)),
            (&[Present, Absent], Some(HalfDay)),
            (&[HalfDay, Late], Some(HalfDay)),
            (&[Absent, Excused], Some(Absent)),
            (&[Unconfirmed, Expected], Some(Unconfirmed)),
            (&[Excused, Holiday], Some(Excused)),
            (&[Holiday], Some(Holiday)),
        ] {
            assert_eq!(of_day(periods), day, "{periods:?}");
        }
    }
}
