//! Bars with their words and values beside them.

use leptos::prelude::*;

use super::explore::px;

/// A part of a bar.
pub struct Part {
    /// How long it is, of the whole width.
    pub share: f64,
    /// The class of its colour.
    pub class: &'static str,
}

/// A bar: what it is of, its parts from the start on, and its value in words.
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Its value.
    pub value: String,
}

/// Bars below each other.
#[component]
pub fn Bars(
    /// The bars.
    bars: Vec<Bar>,
) -> impl IntoView {
    let row = |bar: Bar| {
        let (mut from, label) = (0.0, bar.label.clone());
        let parts: Vec<AnyView> = bar
            .parts
            .iter()
            .filter(|part| part.share > 0.0)
            .map(|part| {
                let start = from;
                from += part.share;
                view! {
                    <rect class=part.class x=px(start * 1000.0) y="0" width=px(part.share * 1000.0) height="10" />
                }
                .into_any()
            })
            .collect();
        view! {
            <li class="bar">
                <span class="bar-label" title=label dir="auto">{bar.label}</span>
                <svg class="bar-picture turns" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar-track" x="0" y="0" width="1000" height="10" />
                    {parts}
                </svg>
                <span class="bar-value">{bar.value}</span>
            </li>
        }
    };
    view! { <ul class="bars">{bars.into_iter().map(row).collect_view()}</ul> }
}
