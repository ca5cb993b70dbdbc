//! Choosing days and a group: presets, two dates, a list.

use chrono::NaiveDate;
use leptos::prelude::*;
use types::GroupId;

use super::choice::{Preset, RangeProblem};
use super::words::{preset_name, range_problem};
use crate::api::{Span, use_api};
use crate::calendar::{self, Week};
use crate::language::say;
use crate::loading::Loader;
use crate::session::use_desk;
use crate::ui::reveal;

/// Ranges at one press; the one that stands is pressed.
#[component]
pub fn Presets(
    /// The days that stand.
    span: Signal<Span>,
    /// Whether one day alone can be chosen.
    #[prop(into)]
    one_day: Signal<bool>,
    /// Takes the days.
    on_days: Callback<(NaiveDate, NaiveDate)>,
) -> impl IntoView {
    // Made anew only when there is something else to choose, so that what has the focus keeps it.
    let one_day = Memo::new(move |_| one_day.get());
    let today = calendar::today(use_desk());
    Effect::new(move |_| {
        span.track();
        one_day.track();
        reveal(".presets", "[aria-pressed=true]");
    });
    let begins = Week::get().first;
    let button = move |preset: Preset| {
        let days = preset.days(today, begins);
        let on = move || span.with(|span| (span.first, span.last) == days);
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| on_days.run(days)
            >
                {preset_name(preset)}
            </button>
        }
    };
    view! {
        <div class="segments presets" role="group" aria-label=say!(reports.presets)>
            {move || {
                let one_day = one_day.get();
                let shown = Preset::ALL.into_iter().filter(move |preset| !one_day || preset.is_day());
                shown.map(button).collect_view()
            }}
        </div>
    }
}

/// The first and the last day; one field where one day alone can be chosen. A wrong range is told here.
#[component]
pub fn DaysField(
    /// The days that stand.
    span: Signal<Span>,
    /// Whether one day alone can be chosen.
    #[prop(into)]
    one_day: Signal<bool>,
    /// What is wrong with them.
    #[prop(into)]
    problem: Signal<Option<RangeProblem>>,
    /// Takes the days.
    on_days: Callback<(NaiveDate, NaiveDate)>,
) -> impl IntoView {
    let one_day = Memo::new(move |_| one_day.get());
    let field = move |id: &'static str, words: &'static str, last: bool| {
        let shown = move || span.with(|span| if last { span.last } else { span.first }.to_string());
        let take = move |text: String| {
            let Span { first, last: end, .. } = span.get_untracked();
            match text.parse::<NaiveDate>() {
                Ok(day) if one_day.get_untracked() => on_days.run((day, day)),
                Ok(day) if last => on_days.run((first, day)),
                Ok(day) => on_days.run((day, end)),
                // An emptied field leaves the day as it stands; it takes a whole day to change it.
                Err(_) => {}
            }
        };
        view! {
            <span class="days-field">
                <label class="days-label" for=id>{words}</label>
                <input
                    id=id
                    class="input"
                    type="date"
                    data-testid=id
                    prop:value=shown
                    aria-invalid=move || problem.get().is_some().then_some("true")
                    aria-describedby="days-problem"
                    on:change:target=move |event| take(event.target().value())
                />
            </span>
        }
    };
    view! {
        <div class="days">
            <div class="days-row">
                {move || {
                    if one_day.get() {
                        field("days-first", say!(words.day), false).into_any()
                    } else {
                        view! {
                            {field("days-first", say!(words.from), false)}
                            {field("days-last", say!(words.until), true)}
                        }
                            .into_any()
                    }
                }}
            </div>
            <p id="days-problem" class="note problem" role="alert" data-testid="days-problem">
                {move || problem.get().map(range_problem)}
            </p>
        </div>
    }
}

/// One group's, or everybody's.
#[component]
pub fn GroupField(
    /// The group that stands.
    #[prop(into)]
    group: Signal<Option<GroupId>>,
    /// Takes another.
    on_group: Callback<Option<GroupId>>,
) -> impl IntoView {
    let api = use_api();
    let groups = Loader::<Vec<(GroupId, String)>>::new();
    groups.run(async move {
        let page = api.groups().await?;
        Ok(page.items.into_iter().map(|group| (group.id, group.name)).collect())
    });
    view! {
        <select
            class="input group-field"
            aria-label=say!(words.group)
            data-testid="report-group"
            on:change:target=move |event| on_group.run(event.target().value().parse().ok())
        >
            <option value="" selected=move || group.get().is_none()>{say!(reports.all_groups)}</option>
            {move || {
                groups
                    .value()
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(id, name)| {
                        view! { <option value=id.to_string() selected=move || group.get() == Some(id)>{name}</option> }
                    })
                    .collect_view()
            }}
        </select>
    }
}
