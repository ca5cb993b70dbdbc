//! What states are called, and their colours.

use leptos::prelude::*;
use types::{AttendanceState, MarkState};

use crate::language::say;
use crate::ui::{Icon, icons};

/// A state in words.
pub fn name(state: AttendanceState) -> &'static str {
    match state {
        AttendanceState::Expected => say!(attendance.expected),
        AttendanceState::Present => say!(attendance.present),
        AttendanceState::Late => say!(attendance.late),
        AttendanceState::LeftEarly => say!(attendance.left_early),
        AttendanceState::HalfDay => say!(attendance.half_day),
        AttendanceState::Absent => say!(attendance.absent),
        AttendanceState::Excused => say!(attendance.excused),
        AttendanceState::Holiday => say!(attendance.holiday),
        AttendanceState::Unconfirmed => say!(attendance.unconfirmed),
    }
}

/// The letter that stands for a state where a word does not fit: on the sheet, in the calendar, in the register.
pub fn letter(state: AttendanceState) -> &'static str {
    match state {
        AttendanceState::Expected => say!(attendance.letter_expected),
        AttendanceState::Present => say!(attendance.letter_present),
        AttendanceState::Late => say!(attendance.letter_late),
        AttendanceState::LeftEarly => say!(attendance.letter_left_early),
        AttendanceState::HalfDay => say!(attendance.letter_half_day),
        AttendanceState::Absent => say!(attendance.letter_absent),
        AttendanceState::Excused => say!(attendance.letter_excused),
        AttendanceState::Holiday => say!(attendance.letter_holiday),
        AttendanceState::Unconfirmed => say!(attendance.letter_unconfirmed),
    }
}

/// The key that marks a state.
pub fn key(state: MarkState) -> &'static str {
    letter(state.state())
}

/// The mark that a pressed key stands for: by the letter that is on the button, or by the Latin one.
pub fn marked(pressed: &str, latin: &str) -> Option<MarkState> {
    let by_name = |mark: &MarkState| latin.len() == 1 && mark.name().starts_with(latin);
    let shown = MarkState::ALL.into_iter().find(|mark| key(*mark).eq_ignore_ascii_case(pressed));
    shown.or_else(|| MarkState::ALL.into_iter().find(by_name))
}

fn class(state: AttendanceState) -> &'static str {
    match state {
        AttendanceState::Present => "state-tag state-tag-known",
        AttendanceState::Late
        | AttendanceState::LeftEarly
        | AttendanceState::HalfDay
        | AttendanceState::Unconfirmed => "state-tag state-tag-uncertain",
        AttendanceState::Absent => "state-tag state-tag-unknown",
        AttendanceState::Expected | AttendanceState::Excused | AttendanceState::Holiday => "state-tag",
    }
}

fn icon(state: AttendanceState) -> icondata_core::Icon {
    match state {
        AttendanceState::Present => icons::Check,
        AttendanceState::Late | AttendanceState::LeftEarly | AttendanceState::HalfDay => icons::Clock,
        AttendanceState::Absent => icons::Missing,
        AttendanceState::Unconfirmed => icons::CameraOff,
        AttendanceState::Expected => icons::Pending,
        AttendanceState::Excused => icons::Note,
        AttendanceState::Holiday => icons::Holiday,
    }
}

/// A state: an icon, a word and a colour.
#[component]
pub fn StateChip(
    /// The state; none where the page cannot tell.
    state: Option<AttendanceState>,
) -> impl IntoView {
    match state {
        Some(state) => view! {
            <span class=class(state)>
                <Icon icon=icon(state) />
                {name(state)}
            </span>
        }
        .into_any(),
        None => view! { <span class="state-tag">{say!(attendance.as_seen)}</span> }.into_any(),
    }
}
