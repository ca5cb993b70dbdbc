//! The rules of a schedule as they are being typed, with the week that they make.

use std::collections::BTreeMap;

use leptos::prelude::*;
use types::{Break, ClockTime, ScheduleKind, ScheduleRules, Slot};

use super::slots::{BreakFields, BreakForm, SlotFields, SlotForm, workdays};
use super::week;
use crate::api::Failure;
use crate::language::say;
use crate::ui::{TextField, When};

/// What the form says of each field, by its name in the API.
type Problems = BTreeMap<String, String>;

/// The fields of the rules.
#[derive(Clone, Copy)]
pub struct RulesForm {
    pub slots: RwSignal<Vec<SlotForm>>,
    pub breaks: RwSignal<Vec<BreakForm>>,
    grace: RwSignal<String>,
    early: RwSignal<String>,
    half_day: RwSignal<String>,
    opens: RwSignal<String>,
    closes: RwSignal<String>,
    asks_check_out: RwSignal<bool>,
    problems: RwSignal<Problems>,
    last: StoredValue<u32>,
}

/// Rules to begin with: a lesson or a working day.
pub fn usual(kind: ScheduleKind) -> ScheduleRules {
    let (start, end) = match kind {
        ScheduleKind::Period => (8 * 60, 8 * 60 + 45),
        ScheduleKind::Shift => (9 * 60, 17 * 60),
    };
    let times = ClockTime::from_minutes(start).zip(ClockTime::from_minutes(end));
    let slot = |(start, end)| Slot { name: None, days: workdays(), start, end };
    ScheduleRules {
        slots: times.map(slot).into_iter().collect(),
        grace_minutes: 5,
        early_minutes: 0,
        half_day_minutes: None,
        breaks: Vec::new(),
        opens_minutes_before: 120,
        closes_minutes_after: 240,
        asks_check_out: kind == ScheduleKind::Shift,
    }
}

impl RulesForm {
    /// A form that starts from `rules`.
    pub fn new(rules: &ScheduleRules) -> Self {
        let text = |minutes: u16| RwSignal::new(minutes.to_string());
        let form = Self {
            slots: RwSignal::new(Vec::new()),
            breaks: RwSignal::new(Vec::new()),
            grace: text(rules.grace_minutes),
            early: text(rules.early_minutes),
            half_day: RwSignal::new(
                rules.half_day_minutes.map(|count| count.to_string()).unwrap_or_default(),
            ),
            opens: text(rules.opens_minutes_before),
            closes: text(rules.closes_minutes_after),
            asks_check_out: RwSignal::new(rules.asks_check_out),
            problems: RwSignal::new(Problems::new()),
            last: StoredValue::new(0),
        };
        form.fill(rules);
        form
    }

    fn fill(self, rules: &ScheduleRules) {
        self.slots.set(rules.slots.iter().map(|slot| SlotForm::new(self.next_id(), slot)).collect());
        self.breaks.set(rules.breaks.iter().map(|pause| BreakForm::new(self.next_id(), pause)).collect());
    }

    /// Begins anew with what is usual for `kind`, as long as nothing but the first slot is there.
    pub fn suit(self, kind: ScheduleKind) {
        let rules = usual(kind);
        if self.slots.with_untracked(Vec::len) == 1 && self.breaks.with_untracked(Vec::is_empty) {
            self.fill(&rules);
            self.asks_check_out.set(rules.asks_check_out);
        }
    }

    fn next_id(self) -> u32 {
        self.last
            .try_update_value(|last| {
                *last += 1;
                *last
            })
            .unwrap_or_default()
    }

    /// Adds a slot that follows the last one: on the same days, as long, right after it.
    pub fn add_slot(self) {
        let last = untrack(|| self.slots.get().last().copied().and_then(SlotForm::slot));
        let next = |slot: Slot| {
            let end = (slot.end.minutes() + week::length(slot.start, slot.end)) % (24 * 60);
            Some(Slot { name: None, start: slot.end, end: ClockTime::from_minutes(end)?, days: slot.days })
        };
        let next = last.and_then(next).or_else(|| usual(ScheduleKind::Shift).slots.pop());
        if let Some(next) = next {
            let form = SlotForm::new(self.next_id(), &next);
            self.slots.update(|slots| slots.push(form));
        }
    }

    /// Adds half an hour in the middle of the day.
    pub fn add_break(self) {
        let times = ClockTime::from_minutes(12 * 60).zip(ClockTime::from_minutes(12 * 60 + 30));
        if let Some((start, end)) = times {
            let form = BreakForm::new(self.next_id(), &Break { start, end });
            self.breaks.update(|breaks| breaks.push(form));
        }
    }

    /// What can be read of the form so far, for the picture of the week.
    pub fn so_far(self) -> ScheduleRules {
        let number = |text: RwSignal<String>| text.get().trim().parse().unwrap_or_default();
        let check_out = self.asks_check_out.get();
        ScheduleRules {
            slots: self.slots.get().into_iter().filter_map(SlotForm::slot).collect(),
            grace_minutes: number(self.grace),
            early_minutes: if check_out { number(self.early) } else { 0 },
            half_day_minutes: self.half_day.get().trim().parse().ok().filter(|_| check_out),
            breaks: if check_out {
                self.breaks.get().into_iter().filter_map(BreakForm::pause).collect()
            } else {
                Vec::new()
            },
            opens_minutes_before: number(self.opens),
            closes_minutes_after: number(self.closes),
            asks_check_out: check_out,
        }
    }

    /// The rules, where every field can be read; else what is wrong shows at its field.
    pub fn checked(self) -> Option<ScheduleRules> {
        let (rules, problems) = untrack(|| (self.so_far(), self.wrong()));
        let good = problems.is_empty();
        self.problems.set(problems);
        good.then_some(rules)
    }

    fn wrong(self) -> Problems {
        let mut wrong = Problems::new();
        let mut read = Vec::new();
        for (place, slot) in self.slots.get().into_iter().enumerate() {
            match slot.slot() {
                Some(slot) if slot.days.is_empty() => {
                    let field = format!("rules.slots[{place}].days");
                    wrong.insert(field, say!(schedules.choose_days).to_owned());
                }
                Some(slot) => read.push((place, slot)),
                None => {
                    let field = format!("rules.slots[{place}]");
                    wrong.insert(field, say!(schedules.give_times).to_owned());
                }
            }
        }
        let places: Vec<usize> = read.iter().map(|(place, _)| *place).collect();
        let slots: Vec<Slot> = read.into_iter().map(|(_, slot)| slot).collect();
        for (one, other) in week::overlaps(&slots) {
            let text = say!(schedules.overlaps, number = places[other] + 1);
            wrong.insert(format!("rules.slots[{}]", places[one]), text);
        }
        let check_out = self.asks_check_out.get();
        let mut number = |field: &str, text: RwSignal<String>, most: u16, may_be_empty: bool| {
            let text = text.get();
            let text = text.trim();
            let good = text.parse::<u16>().is_ok_and(|minutes| minutes <= most);
            if !(good || may_be_empty && text.is_empty()) {
                wrong.insert(format!("rules.{field}"), say!(schedules.give_minutes, most = most));
            }
        };
        number("grace_minutes", self.grace, 240, false);
        number("opens_minutes_before", self.opens, 720, false);
        number("closes_minutes_after", self.closes, 720, false);
        if check_out {
            number("early_minutes", self.early, 240, false);
            number("half_day_minutes", self.half_day, 24 * 60, true);
            for (place, pause) in self.breaks.get().into_iter().enumerate() {
                if pause.pause().is_none() {
                    wrong.insert(format!("rules.breaks[{place}]"), say!(schedules.give_times).to_owned());
                }
            }
        }
        wrong
    }

    /// Shows what the server said at the fields; true if it named one of the rules.
    pub fn take(self, failure: &Failure) -> bool {
        let named: Problems =
            failure.fields().into_iter().filter(|(field, _)| field.starts_with("rules.")).collect();
        let any = !named.is_empty();
        self.problems.try_set(named);
        any
    }

    /// What is wrong with a field.
    pub fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.problem_at(field))
    }

    /// The same for a field whose name is made on the way.
    pub fn problem_at(self, field: &str) -> Option<String> {
        self.problems.with(|problems| problems.get(field).cloned())
    }
}

/// The fields themselves.
#[component]
pub fn RulesFields(form: RulesForm) -> impl IntoView {
    let leaving = form.asks_check_out;
    view! {
        <SlotFields form />
        <TextField
            id="rules-grace"
            label=say!(schedules.grace)
            hint=say!(schedules.grace_hint)
            value=form.grace
            problem=form.problem("rules.grace_minutes")
            inputmode="numeric"
            required=true
            testid="rules-grace"
        />
        <label class="check">
            <input
                type="checkbox"
                data-testid="rules-check-out"
                prop:checked=leaving
                on:change:target=move |event| leaving.set(event.target().checked())
            />
            <span>
                <span class="font-medium">{say!(schedules.check_out)}</span>
                <span class="note block">{say!(schedules.check_out_hint)}</span>
            </span>
        </label>
        <When is=move || leaving.get()>
            <div class="field-pair">
                <TextField
                    id="rules-early"
                    label=say!(schedules.early)
                    hint=say!(schedules.early_hint)
                    value=form.early
                    problem=form.problem("rules.early_minutes")
                    inputmode="numeric"
                    required=true
                />
                <TextField
                    id="rules-half-day"
                    label=say!(schedules.half_day)
                    hint=say!(schedules.half_day_hint)
                    value=form.half_day
                    problem=form.problem("rules.half_day_minutes")
                    inputmode="numeric"
                />
            </div>
            <BreakFields form />
        </When>
        <details class="more">
            <summary class="link">{say!(schedules.windows)}</summary>
            <p class="note measure">{say!(schedules.windows_text)}</p>
            <div class="field-pair">
                <TextField
                    id="rules-opens"
                    label=say!(schedules.opens)
                    value=form.opens
                    problem=form.problem("rules.opens_minutes_before")
                    inputmode="numeric"
                    required=true
                />
                <TextField
                    id="rules-closes"
                    label=say!(schedules.closes)
                    value=form.closes
                    problem=form.problem("rules.closes_minutes_after")
                    inputmode="numeric"
                    required=true
                />
            </div>
        </details>
    }
}
