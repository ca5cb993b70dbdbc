//! Rules with the day they begin on: shown, deleted while they lie ahead, and followed by others.

use chrono::{Days, NaiveDate};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{ScheduleId, ScheduleRules, ScheduleVersion, ScheduleView};

use super::create::HeadProblems;
use super::rules_form::{RulesFields, RulesForm};
use super::week_view::{WeekView, duration};
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::session::use_desk;
use crate::ui::{Confirm, Icon, Modal, ModalHead, Problem, SaveButton, TextField, When, icons, use_toasts};

const FORM: &str = "version-form";

/// Where rules stand in time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They held before.
    Past,
    /// They hold.
    Now,
    /// They begin later.
    Ahead,
}

/// Rules, with their week and what counts as late.
#[component]
pub fn VersionPanel(
    schedule: ScheduleId,
    version: ScheduleVersion,
    standing: Standing,
    on_change: Callback<()>,
) -> impl IntoView {
    let desk = use_desk();
    let ScheduleVersion { from_day, rules } = version;
    let from = say!(schedules.rules_since, day = calendar::write(from_day, DayStyle::Full));
    let tag = match standing {
        Standing::Past => view! { <span class="tag">{say!(schedules.past)}</span> }.into_any(),
        Standing::Now => view! { <span class="tag tag-known">{say!(schedules.now)}</span> }.into_any(),
        Standing::Ahead => {
            view! { <span class="tag tag-uncertain">{say!(schedules.ahead)}</span> }.into_any()
        }
    };
    let asking = RwSignal::new(false);
    let facts = facts(&rules);
    let body = view! {
        <div class="version-body">
            <WeekView rules=Signal::stored(rules) />
            <ul class="version-facts">{facts.into_iter().map(|fact| view! { <li>{fact}</li> }).collect_view()}</ul>
        </div>
    };
    let removable = move || desk.is_admin() && standing == Standing::Ahead;
    view! {
        <section class="version" data-testid="version">
            <details open=standing != Standing::Past>
                <summary class="version-head">
                    <span class="section-title">{from}</span>
                    {tag}
                </summary>
                {body}
                <When is=removable>
                    <button type="button" class="btn btn-quiet btn-quiet-danger w-fit" on:click=move |_| asking.set(true)>
                        <Icon icon=icons::Delete />
                        {say!(schedules.delete_rules)}
                    </button>
                </When>
            </details>
        </section>
        <When is=move || asking.get()>
            <DeleteVersion schedule from_day on_change on_close=Callback::new(move |()| asking.set(false)) />
        </When>
    }
}

/// What the rules say besides the slots, in sentences.
fn facts(rules: &ScheduleRules) -> Vec<String> {
    let mut facts = vec![say!(schedules.fact_grace, count = rules.grace_minutes)];
    if rules.asks_check_out {
        facts.push(say!(schedules.fact_check_out).to_owned());
        facts.push(say!(schedules.fact_early, count = rules.early_minutes));
        if let Some(minutes) = rules.half_day_minutes {
            facts.push(say!(schedules.fact_half_day, time = duration(minutes)));
        }
        for pause in &rules.breaks {
            let (start, end) = (pause.start.to_string(), pause.end.to_string());
            facts.push(say!(schedules.fact_break, start = start, end = end));
        }
    }
    let (opens, closes) = (duration(rules.opens_minutes_before), duration(rules.closes_minutes_after));
    facts.push(say!(schedules.fact_window, opens = opens, closes = closes));
    facts
}

#[component]
fn DeleteVersion(
    schedule: ScheduleId,
    from_day: NaiveDate,
    on_change: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let delete = Callback::new(move |()| {
        busy.set(true);
        spawn_local(async move {
            match api.delete_schedule_version(schedule, from_day).await {
                Ok(()) => {
                    toasts.show(say!(words.deleted));
                    on_close.run(());
                    on_change.run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=say!(schedules.delete_rules_title, day = calendar::write(from_day, DayStyle::Full))
            text=say!(schedules.delete_rules_text)
            action=say!(schedules.delete_rules)
            busy
            problem
            on_confirm=delete
            on_close
        />
    }
}

/// The sheet that lets other rules follow from a day on.
#[component]
pub fn VersionSheet(
    schedule: ScheduleView,
    /// Rules to begin with.
    rules: ScheduleRules,
    on_close: Callback<Option<ScheduleView>>,
) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let id = schedule.id;
    let form = RulesForm::new(&rules);
    let tomorrow = calendar::today(desk) + Days::new(1);
    let from = RwSignal::new(tomorrow.to_string());
    let problems = HeadProblems::new();
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problems.clear();
        let from_day = from.get_untracked().parse::<NaiveDate>().ok();
        if from_day.is_none() {
            problems.set("from_day", say!(schedules.give_day).to_owned());
        }
        let Some((rules, from_day)) = form.checked().zip(from_day).filter(|_| !busy.get_untracked()) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            match api.add_schedule_version(id, &ScheduleVersion { from_day, rules }).await {
                Ok(schedule) => {
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
    let close = Callback::new(move |()| on_close.run(None));
    let title = say!(schedules.new_rules_of, name = schedule.name);
    view! {
        <Modal label=title.clone() kind="sheet" on_close=close>
            <ModalHead title on_close=close />
            <form id=FORM class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField
                        id="version-from"
                        label=say!(schedules.begin_on)
                        hint=say!(schedules.begin_on_hint)
                        value=from
                        kind="date"
                        problem=problems.of("from_day")
                        required=true
                        testid="version-from"
                    />
                    <RulesFields form />
                </div>
                <div class="sheet-column">
                    <h3 class="label">{say!(schedules.week)}</h3>
                    <WeekView rules=Signal::derive(move || form.so_far()) />
                </div>
            </form>
            <div class="objections">
                <Problem text=problems.other boxed=true />
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(schedules.add_rules)
                    busy_words=say!(words.saving)
                    busy
                    form=FORM
                    testid="version-save"
                />
            </footer>
        </Modal>
    }
}
