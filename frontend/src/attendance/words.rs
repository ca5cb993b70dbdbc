//! What states are called, and their colours.

use leptos::prelude::*;
use types::{AttendanceState, MarkState};

use crate::ui::{Icon, icons};

/// A state in words.
pub fn name(state: AttendanceState) -> &'static str {
    match state {
        AttendanceState::Expected => "Expected",
        AttendanceState::Present => "Present",
        AttendanceState::Late => "Late",
        AttendanceState::LeftEarly => "Left early",
        AttendanceState::HalfDay => "Half day",
        AttendanceState::Absent => "Absent",
        AttendanceState::Excused => "Excused",
        AttendanceState::Holiday => "Holiday",
        AttendanceState::Unconfirmed => "Unconfirmed",
    }
}

/// The key that marks a state.
pub fn key(state: MarkState) -> &'static str {
    match state {
        MarkState::Present => "P",
        MarkState::Absent => "A",
        MarkState::Late => "L",
        MarkState::Excused => "E",
    }
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
        None => view! { <span class="state-tag">"As seen"</span> }.into_any(),
    }
}
