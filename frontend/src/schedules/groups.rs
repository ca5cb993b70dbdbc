//! The groups that a schedule is for: given from a day on, taken away from today on.

use chrono::NaiveDate;
use leptos::{ev, prelude::*, task::spawn_local};
use types::{AssignSchedule, GroupView, ScheduleGroup, ScheduleId};

use super::create::HeadProblems;
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::Loader;
use crate::session::use_desk;
use crate::ui::{
    Act, Icon, Modal, ModalHead, Problem, Removal, SaveButton, SelectField, TextField, When, icons,
    use_toasts,
};

const FORM: &str = "assign-form";

/// Whose a schedule is, was and will be.
#[component]
pub fn Assignments(
    schedule: ScheduleId,
    groups: Vec<ScheduleGroup>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let today = calendar::today(desk);
    let (adding, going) = (RwSignal::new(false), RwSignal::new(None::<ScheduleGroup>));
    let (held, past): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|held| held.until_day.is_none_or(|until| until > today));
    let nobody = held.is_empty();
    let row = move |held: ScheduleGroup, ended: bool| view! { <AssignmentRow held going ended /> };
    view! {
        <section class="panel" aria-labelledby="assignments-title">
            <h2 id="assignments-title" class="section-title">{say!(words.groups)}</h2>
            {nobody.then(|| view! { <p class="text-soft">{say!(schedules.no_group_text)}</p> })}
            <ul data-testid="assignments">
                {held.into_iter().map(|held| row(held, false)).collect_view()}
                {past.into_iter().map(|held| row(held, true)).collect_view()}
            </ul>
            <When is=move || desk.is_admin()>
                <button type="button" class="btn w-fit" data-testid="assign" on:click=move |_| adding.set(true)>
                    <Icon icon=icons::Plus />
                    {say!(schedules.assign)}
                </button>
            </When>
        </section>
        <When is=move || adding.get()>
            <AssignDialog schedule on_change on_close=Callback::new(move |()| adding.set(false)) />
        </When>
        {move || {
            let held = going.get()?;
            let id = held.id;
            Some(
                view! {
                    <Removal
                        title=say!(schedules.take_from_title, name = held.group.name)
                        text=say!(schedules.take_from_text)
                        action=say!(schedules.take_away)
                        told=say!(words.saved)
                        act=Act::new(move || api.unassign_schedule(schedule, id))
                        on_done=Callback::new(move |()| {
                            going.try_set(None);
                            on_change.try_run(());
                        })
                        on_close=Callback::new(move |()| going.set(None))
                    />
                },
            )
        }}
    }
}

#[component]
fn AssignmentRow(held: ScheduleGroup, going: RwSignal<Option<ScheduleGroup>>, ended: bool) -> impl IntoView {
    let desk = use_desk();
    let from = calendar::write(held.from_day, DayStyle::Medium);
    let when = match held.until_day.and_then(|until| until.pred_opt()) {
        Some(last) => say!(groups.span, from = from, last = calendar::write(last, DayStyle::Medium)),
        None => say!(groups.since, from = from),
    };
    let label = say!(schedules.take_from, name = held.group.name.clone());
    let chosen = held.clone();
    let take = (desk.is_admin() && !ended).then(move || {
        view! {
            <button
                type="button"
                class="icon-btn"
                aria-label=label
                data-testid="unassign"
                on:click=move |_| going.set(Some(chosen.clone()))
            >
                <Icon icon=icons::Close />
            </button>
        }
    });
    view! {
        <li class="aside-row" class:text-faint=ended>
            <span class="min-w-0 flex-1">
                <a class="row-name" href=format!("/groups/{}", held.group.id)>{held.group.name}</a>
                <span class="note">{when}</span>
            </span>
            {take}
        </li>
    }
}

#[component]
fn AssignDialog(schedule: ScheduleId, on_change: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let group = RwSignal::new(String::new());
    let from = RwSignal::new(calendar::today(desk).to_string());
    let last = RwSignal::new(String::new());
    let problems = HeadProblems::new();
    let busy = RwSignal::new(false);
    let groups = Loader::<Vec<GroupView>>::new();
    groups.run(async move { api.groups().await.map(|page| page.items) });
    let choices = Signal::derive(move || {
        let nothing = (String::new(), say!(schedules.choose_group).to_owned());
        let groups = groups.value().unwrap_or_default().into_iter();
        std::iter::once(nothing)
            .chain(groups.map(|group| (group.id.to_string(), group.name)))
            .collect::<Vec<_>>()
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problems.clear();
        let Some(group) = group.with_untracked(|id| id.parse().ok()) else {
            return problems.other.set(Some(say!(schedules.choose_group).to_owned()));
        };
        if busy.get_untracked() {
            return;
        }
        let day = |text: RwSignal<String>| text.get_untracked().parse::<NaiveDate>().ok();
        if day(from).zip(day(last)).is_some_and(|(from, last)| last < from) {
            return problems.set("until_day", say!(schedules.last_before_first).to_owned());
        }
        let request = AssignSchedule {
            group,
            from_day: day(from),
            until_day: day(last).and_then(|last| last.succ_opt()),
        };
        busy.set(true);
        spawn_local(async move {
            match api.assign_schedule(schedule, &request).await {
                Ok(_) => {
                    toasts.show(say!(words.saved));
                    on_close.run(());
                    on_change.run(());
                }
                Err(failure) => {
                    problems.take(&failure, failure.field("until_day").is_some());
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=say!(schedules.assign) on_close>
            <ModalHead title=say!(schedules.assign) on_close />
            <form id=FORM class="dialog-content" on:submit=submit novalidate>
                <SelectField id="assign-group" label=say!(words.group) value=group choices />
                <div class="field-pair">
                    <TextField
                        id="assign-from"
                        label=say!(words.from)
                        value=from
                        kind="date"
                        problem=problems.of("from_day")
                        required=true
                    />
                    <TextField
                        id="assign-last"
                        label=say!(groups.last_day)
                        value=last
                        kind="date"
                        problem=problems.of("until_day")
                    />
                </div>
                <Problem text=problems.other />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(schedules.assign)
                    busy_words=say!(words.saving)
                    busy
                    form=FORM
                    testid="assign-save"
                />
            </footer>
        </Modal>
    }
}
