//! A person's month: a grid of days, each with the state it came to, and the periods of the day that is chosen.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};
use leptos::{ev, prelude::*};
use types::{AttendanceState, DayView, PersonId};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::states;
use super::timeline::PeriodRow;
use crate::api::use_api;
use crate::attendance::{state_letter, state_name};
use crate::calendar::{self, DayStyle, Week};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Failed, Icon, When, icons};

/// The periods of a month by day.
type Month = BTreeMap<NaiveDate, Vec<DayView>>;

/// A month of somebody's day states. Arrow keys move by day, Page Up and Page Down by month.
#[component]
pub fn CalendarTab(person: PersonId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let today = calendar::today(desk);
    // The day under the cursor says which month shows and which periods stand beneath it.
    let at = RwSignal::new(today);
    let month = Memo::new(move |_| first_of(at.get()));
    let days = Loader::<Month>::new();
    let fetch = move |from: NaiveDate| {
        days.run(async move {
            let page = api.person_days(person, from, from + Months::new(1)).await?;
            let mut month = Month::new();
            for period in page.items {
                month.entry(period.day).or_default().push(period);
            }
            Ok(month)
        });
    };
    Effect::new(move |_| {
        days.reset();
        fetch(month.get());
    });
    let step = move |forward: bool| {
        let day = at.get_untracked();
        let other = if forward {
            day.checked_add_months(Months::new(1))
        } else {
            day.checked_sub_months(Months::new(1))
        };
        at.set(other.unwrap_or(day));
    };
    view! {
        <section class="calendar" aria-label=say!(people.calendar)>
            <div class="toolbar">
                <div class="stepper">
                    <button type="button" class="icon-btn" aria-label=say!(people.month_before) on:click=move |_| step(false)>
                        <Icon icon=icons::Back class="icon turns" />
                    </button>
                    <h2 class="cal-title" aria-live="polite" data-testid="calendar-month">
                        {move || calendar::write(month.get(), DayStyle::MonthOfYear)}
                    </h2>
                    <button type="button" class="icon-btn" aria-label=say!(people.month_after) on:click=move |_| step(true)>
                        <Icon icon=icons::Forward class="icon turns" />
                    </button>
                </div>
                <button type="button" class="btn" disabled=move || at.get() == today on:click=move |_| at.set(today)>
                    {say!(people.today)}
                </button>
            </div>
            <Grid at month days today />
            {move || match days.get() {
                Load::Failed(failure) => {
                    let retry = Callback::new(move |()| fetch(month.get_untracked()));
                    view! { <Failed failure retry /> }.into_any()
                }
                _ => ().into_any(),
            }}
            <Counts days />
            <ChosenDay at days />
        </section>
    }
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn state_of(periods: &[DayView]) -> Option<AttendanceState> {
    let states: Vec<AttendanceState> = periods.iter().map(|period| period.state).collect();
    states::of_day(&states)
}

/// The weeks that have a day of the month; days of other months are left out.
fn weeks(first: NaiveDate) -> Vec<Vec<Option<NaiveDate>>> {
    let blank = Week::get().column(first) as usize;
    let days = first.iter_days().take_while(|day| day.month() == first.month()).map(Some);
    let cells: Vec<Option<NaiveDate>> = std::iter::repeat_n(None, blank).chain(days).collect();
    cells.chunks(7).map(<[_]>::to_vec).collect()
}

#[component]
fn Grid(
    at: RwSignal<NaiveDate>,
    month: Memo<NaiveDate>,
    days: Loader<Month>,
    today: NaiveDate,
) -> impl IntoView {
    let known = Memo::new(move |_| days.value().unwrap_or_default());
    let cell = move |day: Option<NaiveDate>| match day {
        Some(day) => view! { <Cell day at known today=day == today /> }.into_any(),
        None => view! { <td></td> }.into_any(),
    };
    view! {
        <table class="cal-grid" role="grid" aria-label=say!(people.calendar) aria-busy=move || (!days.is_ready()).then_some("true") on:keydown=move |event| moved(&event, at)>
            <thead>
                <tr>
                    {move || {
                        // Any week will do for the names of its days.
                        let first = month.get();
                        let start = first - Days::new(Week::get().column(first).into());
                        start
                            .iter_days()
                            .take(7)
                            .map(|day| {
                                view! {
                                    <th scope="col">{calendar::write(day, DayStyle::Weekday)}</th>
                                }
                            })
                            .collect_view()
                    }}
                </tr>
            </thead>
            <tbody>
                {move || {
                    weeks(month.get())
                        .into_iter()
                        .map(|week| view! { <tr>{week.into_iter().map(cell).collect_view()}</tr> })
                        .collect_view()
                }}
            </tbody>
        </table>
    }
}

#[component]
fn Cell(day: NaiveDate, at: RwSignal<NaiveDate>, known: Memo<Month>, today: bool) -> impl IntoView {
    let state = Memo::new(move |_| known.with(|known| known.get(&day).and_then(|periods| state_of(periods))));
    let chosen = Memo::new(move |_| at.get() == day);
    let label = move || {
        let date = calendar::write(day, DayStyle::Full);
        match state.get() {
            Some(state) => say!(people.day_with_state, day = date, state = state_name(state)),
            None => date,
        }
    };
    view! {
        <td role="gridcell" aria-selected=move || if chosen.get() { "true" } else { "false" }>
            <button
                type="button"
                id=cell_id(day)
                class="cal-day"
                class:cal-today=today
                class:cal-chosen=chosen
                tabindex=move || if chosen.get() { "0" } else { "-1" }
                aria-current=today.then_some("date")
                data-testid="calendar-day"
                data-state=move || state.get().map(AttendanceState::name)
                on:click=move |_| at.set(day)
            >
                <span class="sr-only">{label}</span>
                <span class="cal-number tabular" aria-hidden="true">{day.day()}</span>
                {move || {
                    state
                        .get()
                        .map(|state| {
                            view! { <span class=states::class(state) aria-hidden="true">{state_letter(state)}</span> }
                        })
                }}
            </button>
        </td>
    }
}

fn cell_id(day: NaiveDate) -> String {
    format!("day-{day}")
}

/// Moves the cursor with the keyboard.
fn moved(event: &ev::KeyboardEvent, at: RwSignal<NaiveDate>) {
    let day = at.get_untracked();
    let mirrored = document().document_element().and_then(|root| root.get_attribute("dir"));
    let ahead = if mirrored.as_deref() == Some("rtl") { "ArrowLeft" } else { "ArrowRight" };
    let column = Week::get().column(day);
    let to = match event.key().as_str() {
        key @ ("ArrowLeft" | "ArrowRight") if key == ahead => day.succ_opt(),
        "ArrowLeft" | "ArrowRight" => day.pred_opt(),
        "ArrowUp" => day.checked_sub_days(Days::new(7)),
        "ArrowDown" => day.checked_add_days(Days::new(7)),
        "Home" => day.checked_sub_days(Days::new(column.into())),
        "End" => day.checked_add_days(Days::new((6 - column).into())),
        "PageUp" => day.checked_sub_months(Months::new(1)),
        "PageDown" => day.checked_add_months(Months::new(1)),
        _ => return,
    };
    event.prevent_default();
    let Some(to) = to else { return };
    at.set(to);
    // The cell of another month is there after the next frame.
    request_animation_frame(move || {
        let cell =
            document().get_element_by_id(&cell_id(to)).and_then(|cell| cell.dyn_into::<HtmlElement>().ok());
        if let Some(cell) = cell {
            // Fails only for an element that is not on the page.
            let _ = cell.focus();
        }
    });
}

/// How many days of each state the month has; it explains the letters, too.
#[component]
fn Counts(days: Loader<Month>) -> impl IntoView {
    let counts = move || {
        let month = days.value()?;
        let states: Vec<AttendanceState> = month.values().filter_map(|periods| state_of(periods)).collect();
        let count = |state: AttendanceState| states.iter().filter(|other| **other == state).count();
        let counts: Vec<_> = AttendanceState::ALL.into_iter().map(|state| (state, count(state))).collect();
        Some(counts.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>())
    };
    view! {
        {move || {
            counts()
                .map(|counts| {
                    if counts.is_empty() {
                        return view! { <p class="note">{say!(people.month_empty)}</p> }.into_any();
                    }
                    let count = |(state, count): (AttendanceState, usize)| {
                        view! {
                            <li class="cal-count" data-state=state.name()>
                                <span class=states::class(state) aria-hidden="true">{state_letter(state)}</span>
                                <span>{state_name(state)}</span>
                                <span class="tabular font-medium">{count}</span>
                            </li>
                        }
                    };
                    view! {
                        <ul class="cal-counts" aria-label=say!(people.month_counts) data-testid="calendar-counts">
                            {counts.into_iter().map(count).collect_view()}
                        </ul>
                    }
                        .into_any()
                })
        }}
    }
}

/// The periods of the day under the cursor.
#[component]
fn ChosenDay(at: RwSignal<NaiveDate>, days: Loader<Month>) -> impl IntoView {
    let periods = Memo::new(move |_| {
        let day = at.get();
        days.value().and_then(|month| month.get(&day).cloned()).unwrap_or_default()
    });
    view! {
        <section class="cal-chosen-day" aria-live="polite">
            <h3 class="section-title">{move || calendar::write(at.get(), DayStyle::Full)}</h3>
            <When
                is=move || periods.with(|periods| !periods.is_empty())
                otherwise=|| view! { <p class="note">{say!(people.day_empty)}</p> }
            >
                <ul class="periods">
                    {move || periods.get().into_iter().map(|period| view! { <PeriodRow period /> }).collect_view()}
                </ul>
            </When>
        </section>
    }
}
