//! The sheet that makes a schedule, and the dialog that changes its name and zone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use leptos::{ev, prelude::*, task::spawn_local};
use types::{AssignSchedule, CreateSchedule, GroupId, GroupView, ScheduleKind, ScheduleView, UpdateSchedule};

use super::kind_name;
use super::rules_form::{RulesFields, RulesForm, usual};
use super::week_view::WeekView;
use crate::api::{Failure, use_api};
use crate::calendar;
use crate::clock;
use crate::language::say;
use crate::loading::Loader;
use crate::session::use_desk;
use crate::ui::{
    Choice, Modal, ModalHead, OptionsField, Problem, SaveButton, SelectField, TextField, When, use_toasts,
};

const FORM: &str = "schedule-form";

/// What a failure says of the fields outside of the rules.
#[derive(Clone, Copy)]
pub struct HeadProblems {
    fields: RwSignal<BTreeMap<String, String>>,
    /// What no field is to blame for.
    pub other: RwSignal<Option<String>>,
}

impl HeadProblems {
    pub fn new() -> Self {
        Self { fields: RwSignal::new(BTreeMap::new()), other: RwSignal::new(None) }
    }

    pub fn of(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.fields.with(|fields| fields.get(field).cloned()))
    }

    pub fn clear(self) {
        self.fields.set(BTreeMap::new());
        self.other.set(None);
    }

    pub fn set(self, field: &str, text: String) {
        self.fields.update(|fields| {
            fields.insert(field.to_owned(), text);
        });
    }

    /// Shows a failure at the fields it names; `shown` says whether it stands somewhere else already.
    pub fn take(self, failure: &Failure, shown: bool) {
        let mut fields = failure.fields();
        fields.retain(|field, _| !field.starts_with("rules."));
        if failure.code() == "name_taken" {
            fields.insert("name".to_owned(), failure.message());
        }
        let named = shown || ["name", "timezone", "from_day"].iter().any(|field| fields.contains_key(*field));
        self.other.try_set((!named).then(|| failure.message()));
        self.fields.try_set(fields);
    }
}

/// The zones of the browser, the site's own first as the empty choice.
fn zones(site: &str) -> Vec<(String, String)> {
    let own = (String::new(), say!(schedules.zone_of_site, zone = site.to_owned()));
    std::iter::once(own).chain(clock::zones().into_iter().map(|zone| (zone.clone(), zone))).collect()
}

/// `on_close` is told the schedule that was made.
#[component]
pub fn CreateSheet(on_close: Callback<Option<ScheduleView>>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let name = RwSignal::new(String::new());
    let kind = RwSignal::new("period".to_owned());
    let zone = RwSignal::new(String::new());
    let from = RwSignal::new(calendar::today(desk).to_string());
    let groups = RwSignal::new(Vec::<GroupId>::new());
    let form = RulesForm::new(&usual(ScheduleKind::Period));
    let problems = HeadProblems::new();
    let (busy, leaving) = (RwSignal::new(false), RwSignal::new(false));
    let kind_of = |name: &str| if name == "shift" { ScheduleKind::Shift } else { ScheduleKind::Period };
    Effect::new(move |before: Option<String>| {
        let now = kind.get();
        if before.is_some_and(|before| before != now) {
            form.suit(kind_of(&now));
        }
        now
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problems.clear();
        let wanted = name.get_untracked().trim().to_owned();
        let from_day = from.get_untracked().parse::<NaiveDate>().ok();
        if wanted.is_empty() {
            problems.set("name", say!(schedules.enter_name).to_owned());
        }
        if from_day.is_none() {
            problems.set("from_day", say!(schedules.give_day).to_owned());
        }
        let rules = form.checked();
        let Some(rules) = rules.filter(|_| !wanted.is_empty() && from_day.is_some() && !busy.get_untracked())
        else {
            return;
        };
        let timezone = Some(zone.get_untracked()).filter(|zone| !zone.is_empty());
        let request = CreateSchedule {
            name: wanted,
            kind: kind.with_untracked(|kind| kind_of(kind)),
            timezone,
            from_day,
            rules,
        };
        let groups = groups.get_untracked();
        busy.set(true);
        spawn_local(async move {
            match api.create_schedule(&request).await {
                Ok(schedule) => {
                    for group in groups {
                        let assigned = AssignSchedule { group, from_day, until_day: None };
                        if let Err(failure) = api.assign_schedule(schedule.id, &assigned).await {
                            toasts.show(failure.message());
                        }
                    }
                    toasts.show(say!(words.saved));
                    on_close.run(Some(schedule));
                }
                Err(failure) => {
                    let shown = form.take(&failure);
                    problems.take(&failure, shown);
                    busy.try_set(false);
                }
            }
        });
    };
    let close = Callback::new(move |()| {
        if name.with_untracked(|name| name.trim().is_empty()) || leaving.get_untracked() {
            on_close.run(None);
        } else {
            leaving.set(true);
        }
    });
    let choice = |key, kind, text| Choice { key, title: kind_name(kind), text, missing: None };
    let kinds = vec![
        choice("period", ScheduleKind::Period, say!(schedules.periods_text)),
        choice("shift", ScheduleKind::Shift, say!(schedules.shifts_text)),
    ];
    let zone_choices = Signal::derive(move || zones(&desk.timezone()));
    view! {
        <Modal label=say!(schedules.add) kind="sheet" on_close=close>
            <ModalHead title=say!(schedules.add) on_close=close />
            <form id=FORM class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField
                        id="schedule-name"
                        label=say!(words.name)
                        value=name
                        problem=problems.of("name")
                        required=true
                        testid="schedule-name"
                    />
                    <OptionsField
                        id="schedule-kind"
                        label=say!(words.kind)
                        value=kind
                        choices=kinds
                        problem=Signal::stored(None::<String>)
                    />
                    <RulesFields form />
                </div>
                <div class="sheet-column">
                    <h3 class="label">{say!(schedules.week)}</h3>
                    <WeekView rules=Signal::derive(move || form.so_far()) />
                    <TextField
                        id="schedule-from"
                        label=say!(schedules.valid_from)
                        hint=say!(schedules.valid_from_hint)
                        value=from
                        kind="date"
                        problem=problems.of("from_day")
                        required=true
                    />
                    <SelectField
                        id="schedule-zone"
                        label=say!(schedules.zone)
                        value=zone
                        choices=zone_choices
                        hint=say!(schedules.zone_hint)
                    />
                    <Problem text=problems.of("timezone") />
                    <GroupChecks chosen=groups />
                </div>
            </form>
            <div class="objections">
                <Problem text=problems.other boxed=true />
            </div>
            <footer class="modal-foot">
                <When
                    is=move || leaving.get()
                    otherwise=move || {
                        view! {
                            <button type="button" class="btn" on:click=move |_| close.run(())>{say!(words.cancel)}</button>
                            <SaveButton
                                words=say!(schedules.add)
                                busy_words=say!(words.saving)
                                busy
                                form=FORM
                                testid="schedule-save"
                            />
                        }
                    }
                >
                    <p class="me-auto font-medium" role="alert">{say!(schedules.discard_question)}</p>
                    <button type="button" class="btn" on:click=move |_| leaving.set(false)>
                        {say!(schedules.keep_editing)}
                    </button>
                    <button type="button" class="btn btn-danger" on:click=move |_| on_close.run(None)>
                        {say!(words.discard)}
                    </button>
                </When>
            </footer>
        </Modal>
    }
}

/// Whose the schedule is from its first day on.
#[component]
fn GroupChecks(chosen: RwSignal<Vec<GroupId>>) -> impl IntoView {
    let api = use_api();
    let groups = Loader::<Vec<GroupView>>::new();
    groups.run(async move { api.groups().await.map(|page| page.items) });
    let row = move |group: GroupView| {
        let id = group.id;
        let toggle = move |on: bool| {
            chosen.update(|chosen| {
                chosen.retain(|other| *other != id);
                if on {
                    chosen.push(id);
                }
            });
        };
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || chosen.with(|chosen| chosen.contains(&id))
                    on:change:target=move |event| toggle(event.target().checked())
                />
                <span>{group.name} " " <span class="note">{say!(schedules.members, count = group.members)}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="slots">
            <legend class="label">{say!(words.groups)}</legend>
            <p class="note">{say!(schedules.groups_hint)}</p>
            <div class="group-checks">
                {move || groups.value().map(|groups| groups.into_iter().map(row).collect_view())}
            </div>
        </fieldset>
    }
}

/// Changes name and zone; the zone only as long as no rules have begun.
#[component]
pub fn RenameDialog(
    schedule: ScheduleView,
    /// Whether the zone may change still.
    zone_open: bool,
    on_close: Callback<Option<ScheduleView>>,
) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let id = schedule.id;
    let name = RwSignal::new(schedule.name);
    let zone = RwSignal::new(schedule.timezone.unwrap_or_default());
    let problems = HeadProblems::new();
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problems.clear();
        if busy.get_untracked() {
            return;
        }
        let timezone = Some(zone.get_untracked()).filter(|zone| !zone.is_empty());
        let changes = UpdateSchedule {
            name: Some(name.get_untracked().trim().to_owned()),
            timezone: zone_open.then_some(timezone),
        };
        busy.set(true);
        spawn_local(async move {
            match api.update_schedule(id, &changes).await {
                Ok(schedule) => {
                    toasts.show(say!(words.saved));
                    on_close.run(Some(schedule));
                }
                Err(failure) => {
                    problems.take(&failure, false);
                    busy.try_set(false);
                }
            }
        });
    };
    let close = Callback::new(move |()| on_close.run(None));
    let zone_choices = Signal::derive(move || zones(&desk.timezone()));
    view! {
        <Modal label=say!(schedules.change) on_close=close>
            <ModalHead title=say!(schedules.change) on_close=close />
            <form id=FORM class="dialog-content" on:submit=submit novalidate>
                <TextField
                    id="schedule-name"
                    label=say!(words.name)
                    value=name
                    problem=problems.of("name")
                    required=true
                    testid="schedule-name"
                />
                {if zone_open {
                    view! {
                        <SelectField id="schedule-zone" label=say!(schedules.zone) value=zone choices=zone_choices />
                        <Problem text=problems.of("timezone") />
                    }
                        .into_any()
                } else {
                    view! { <p class="note">{say!(schedules.zone_fixed)}</p> }.into_any()
                }}
                <Problem text=problems.other />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy form=FORM />
            </footer>
        </Modal>
    }
}
