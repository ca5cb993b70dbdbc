//! Moments: absolute in the site's zone, or as "3 min ago".

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::clock::{self, Style};
use crate::elapsed::ago;
use crate::session::use_desk;

/// A moment in the site's zone.
#[component]
pub fn Moment(
    /// When.
    at: DateTime<Utc>,
    /// What to show of it.
    style: Style,
) -> impl IntoView {
    let desk = use_desk();
    view! {
        <time class="tabular" datetime=at.to_rfc3339() title=move || full(at, &desk.timezone())>
            {move || clock::format(at, &desk.timezone(), style)}
        </time>
    }
}

/// How long ago; the clock time takes its place under the pointer or the keyboard's focus.
#[component]
pub fn Ago(
    /// When.
    at: DateTime<Utc>,
) -> impl IntoView {
    let desk = use_desk();
    let elapsed = Memo::new(move |_| ago((desk.now_ms.get() as i64 - at.timestamp_millis()) / 1000));
    view! {
        <time class="ago tabular" datetime=at.to_rfc3339() title=move || full(at, &desk.timezone())>
            <span class="ago-words">{elapsed}</span>
            <span class="ago-clock" aria-hidden="true">
                {move || clock::format(at, &desk.timezone(), Style::Second)}
            </span>
        </time>
    }
}

fn full(at: DateTime<Utc>, zone: &str) -> String {
    let text = clock::format(at, zone, Style::Full);
    if zone.is_empty() || zone == clock::own_zone() { text } else { format!("{text} ({zone})") }
}
