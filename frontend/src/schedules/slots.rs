//! The fields of periods, shifts and breaks: a row for each, taken off and added at will.

use leptos::prelude::*;
use types::{Break, ClockTime, Slot, Weekday};

use super::rules_form::RulesForm;
use super::week_view::weekdays;
use crate::calendar::Week;
use crate::language::say;
use crate::ui::{Entry, Icon, List, icons};

/// A slot as it is being typed.
#[derive(Clone, Copy)]
pub struct SlotForm {
    pub id: u32,
    pub name: RwSignal<String>,
    pub days: RwSignal<Vec<Weekday>>,
    pub start: RwSignal<String>,
    pub end: RwSignal<String>,
}

impl SlotForm {
    pub fn new(id: u32, slot: &Slot) -> Self {
        Self {
            id,
            name: RwSignal::new(slot.name.clone().unwrap_or_default()),
            days: RwSignal::new(slot.days.clone()),
            start: RwSignal::new(slot.start.to_string()),
            end: RwSignal::new(slot.end.to_string()),
        }
    }

    /// The slot, where both of its times are there.
    pub fn slot(self) -> Option<Slot> {
        let name = Some(self.name.get().trim().to_owned()).filter(|name| !name.is_empty());
        Some(Slot {
            name,
            days: self.days.get(),
            start: time(&self.start.get())?,
            end: time(&self.end.get())?,
        })
    }
}

/// A break as it is being typed.
#[derive(Clone, Copy)]
pub struct BreakForm {
    pub id: u32,
    pub start: RwSignal<String>,
    pub end: RwSignal<String>,
}

impl BreakForm {
    pub fn new(id: u32, pause: &Break) -> Self {
        let text = |time: ClockTime| RwSignal::new(time.to_string());
        Self { id, start: text(pause.start), end: text(pause.end) }
    }

    /// The break, where both of its times are there.
    pub fn pause(self) -> Option<Break> {
        Some(Break { start: time(&self.start.get())?, end: time(&self.end.get())? })
    }
}

/// A time that a browser's field may give with seconds.
fn time(text: &str) -> Option<ClockTime> {
    ClockTime::try_from(text.get(..5)?.to_owned()).ok()
}

/// The days that most work where the reader lives.
pub fn workdays() -> Vec<Weekday> {
    let weekend = Week::get().weekend;
    let free = |day: &Weekday| weekend.iter().any(|other| other.num_days_from_monday() == *day as u32);
    Weekday::ALL.into_iter().filter(|day| !free(day)).collect()
}

/// All slots, with the way to another.
#[component]
pub fn SlotFields(form: RulesForm) -> impl IntoView {
    let entry =
        move |slot: SlotForm| Entry::new(slot.id, move || view! { <SlotRow row=slot form /> }.into_any());
    let entries = Signal::derive(move || form.slots.get().into_iter().map(entry).collect());
    view! {
        <fieldset class="slots">
            <legend class="label">{say!(schedules.slots)}</legend>
            <ol class="slot-list">
                <List entries />
            </ol>
            <p class="note problem" role="alert">{form.problem("rules.slots")}</p>
            <button type="button" class="btn w-fit" data-testid="slot-add" on:click=move |_| form.add_slot()>
                <Icon icon=icons::Plus />
                {say!(schedules.add_slot)}
            </button>
        </fieldset>
    }
}

#[component]
fn SlotRow(row: SlotForm, form: RulesForm) -> impl IntoView {
    let slot = row;
    let id = slot.id;
    let place = Memo::new(move |_| {
        form.slots.with(|slots| slots.iter().position(|other| other.id == id)).unwrap_or(0)
    });
    let problem = move |field: &'static str| {
        Signal::derive(move || form.problem_at(&format!("rules.slots[{}]{field}", place.get())))
    };
    let (whole, of_name, of_days) = (problem(""), problem(".name"), problem(".days"));
    let (of_start, of_end) = (problem(".start"), problem(".end"));
    let only = move || form.slots.with(Vec::len) == 1;
    let overnight = move || slot.slot().is_some_and(|slot| slot.end <= slot.start);
    view! {
        <li class="slot" data-testid="slot">
            <div class="slot-head">
                <span class="slot-number tabular">{move || say!(schedules.slot_number, number = place.get() + 1)}</span>
                <input
                    class="input"
                    aria-label=say!(schedules.slot_name)
                    placeholder=say!(schedules.slot_name)
                    maxlength="100"
                    prop:value=slot.name
                    on:input:target=move |event| slot.name.set(event.target().value())
                />
                <button
                    type="button"
                    class="icon-btn"
                    disabled=only
                    aria-label=move || say!(schedules.remove_slot, number = place.get() + 1)
                    on:click=move |_| form.slots.update(|slots| slots.retain(|other| other.id != id))
                >
                    <Icon icon=icons::Delete />
                </button>
            </div>
            <DayPicker days=slot.days />
            <div class="slot-times">
                <TimeInput id=format!("slot-{id}-start") label=say!(schedules.start) value=slot.start problem=of_start />
                <TimeInput id=format!("slot-{id}-end") label=say!(schedules.end) value=slot.end problem=of_end />
                <span class="note">{move || overnight().then(|| say!(schedules.next_day))}</span>
            </div>
            {[whole, of_name, of_days, of_start, of_end]
                .into_iter()
                .map(|problem| view! { <p class="note problem" role="alert">{problem}</p> })
                .collect_view()}
        </li>
    }
}

/// The days of a week to press, with the usual choices beside.
#[component]
fn DayPicker(days: RwSignal<Vec<Weekday>>) -> impl IntoView {
    let toggle = move |day: Weekday| {
        days.update(|days| {
            let before = days.len();
            days.retain(|other| *other != day);
            if days.len() == before {
                days.push(day);
                days.sort_unstable();
            }
        });
    };
    let pill = move |(day, name): (Weekday, String)| {
        let on = move || days.with(|days| days.contains(&day));
        view! {
            <button
                type="button"
                class="day-pill"
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| toggle(day)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="day-picker" role="group" aria-label=say!(schedules.days)>
            {weekdays().into_iter().map(pill).collect_view()}
            <button type="button" class="link note" on:click=move |_| days.set(workdays())>
                {say!(schedules.workdays)}
            </button>
            <button type="button" class="link note" on:click=move |_| days.set(Weekday::ALL.to_vec())>
                {say!(schedules.every_day)}
            </button>
        </div>
    }
}

#[component]
fn TimeInput(
    id: String,
    label: &'static str,
    value: RwSignal<String>,
    problem: Signal<Option<String>>,
) -> impl IntoView {
    let name = id.clone();
    view! {
        <label class="time-field" for=name>
            <span class="note">{label}</span>
            <input
                id=id
                class="input"
                type="time"
                prop:value=value
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                on:input:target=move |event| value.set(event.target().value())
            />
        </label>
    }
}

/// All breaks, with the way to another.
#[component]
pub fn BreakFields(form: RulesForm) -> impl IntoView {
    let entry =
        move |pause: BreakForm| Entry::new(pause.id, move || view! { <BreakRow pause form /> }.into_any());
    let entries = Signal::derive(move || form.breaks.get().into_iter().map(entry).collect());
    view! {
        <fieldset class="slots">
            <legend class="label">{say!(schedules.breaks)}</legend>
            <p class="note">{say!(schedules.breaks_text)}</p>
            <ol class="slot-list">
                <List entries />
            </ol>
            <p class="note problem" role="alert">{form.problem("rules.breaks")}</p>
            <button type="button" class="btn w-fit" on:click=move |_| form.add_break()>
                <Icon icon=icons::Plus />
                {say!(schedules.add_break)}
            </button>
        </fieldset>
    }
}

#[component]
fn BreakRow(pause: BreakForm, form: RulesForm) -> impl IntoView {
    let id = pause.id;
    let place =
        Memo::new(move |_| form.breaks.with(|all| all.iter().position(|other| other.id == id)).unwrap_or(0));
    let problem = move |field: &'static str| {
        Signal::derive(move || form.problem_at(&format!("rules.breaks[{}]{field}", place.get())))
    };
    let (whole, of_start, of_end) = (problem(""), problem(".start"), problem(".end"));
    view! {
        <li class="slot">
            <div class="slot-times">
                <TimeInput id=format!("break-{id}-start") label=say!(schedules.start) value=pause.start problem=of_start />
                <TimeInput id=format!("break-{id}-end") label=say!(schedules.end) value=pause.end problem=of_end />
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=say!(schedules.remove_break)
                    on:click=move |_| form.breaks.update(|all| all.retain(|other| other.id != id))
                >
                    <Icon icon=icons::Delete />
                </button>
            </div>
            {[whole, of_start, of_end]
                .into_iter()
                .map(|problem| view! { <p class="note problem" role="alert">{problem}</p> })
                .collect_view()}
        </li>
    }
}
