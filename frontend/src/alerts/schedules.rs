//! Reports that are sent by themselves.

use leptos::{prelude::*, task::spawn_local};
use types::ReportScheduleView;

use super::schedule_form::ScheduleDialog;
use super::words;
use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::loading::Loader;
use crate::reports::kind_name;
use crate::ui::{Act, Empty, Icon, Moment, Removal, icons, listed, use_toasts};

#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Editing(Option<ReportScheduleView>),
    Deleting(ReportScheduleView),
}

/// All scheduled reports, and the way to another.
#[component]
pub fn Schedules() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let schedules = Loader::<Vec<ReportScheduleView>>::new();
    let read = Callback::new(move |()| schedules.run(async move { Ok(api.report_schedules().await?.items) }));
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let on_saved = Callback::new(move |()| {
        toasts.show(say!(words.saved));
        doing.try_set(Doing::Nothing);
        read.try_run(());
    });
    let on_deleted = Callback::new(move |()| {
        doing.try_set(Doing::Nothing);
        read.try_run(());
    });
    view! {
        <header class="section-head">
            <p class="text-soft">{say!(alerts.schedules_text)}</p>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="schedule-add"
                on:click=move |_| doing.set(Doing::Editing(None))
            >
                <Icon icon=icons::Plus />
                {say!(alerts.schedule_add)}
            </button>
        </header>
        {listed(
            schedules,
            read,
            3,
            || view! { <Empty icon=icons::Reports title=say!(alerts.no_schedules) text=say!(alerts.no_schedules_text) /> }.into_any(),
            move |schedules| {
                view! {
                    <ul class="rows" data-testid="schedules">
                        {schedules.into_iter().map(|schedule| view! { <ScheduleRow schedule doing read /> }).collect_view()}
                    </ul>
                }
                    .into_any()
            },
        )}
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Editing(schedule) => view! { <ScheduleDialog schedule on_saved on_close /> }.into_any(),
            Doing::Deleting(schedule) => {
                let id = schedule.id;
                view! {
                    <Removal
                        title=say!(alerts.schedule_delete, name = schedule.name)
                        text=say!(alerts.schedule_delete_text)
                        act=Act::new(move || api.delete_report_schedule(id))
                        on_done=on_deleted
                        on_close
                    />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn ScheduleRow(schedule: ReportScheduleView, doing: RwSignal<Doing>, read: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let id = schedule.id;
    let run = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.run_report_schedule(id).await {
                Ok(()) => {
                    toasts.show(say!(alerts.schedule_ran));
                    read.try_run(());
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    let name = schedule.name.clone();
    let facts = [
        Some(kind_name(schedule.kind).to_owned()),
        Some(words::range(schedule.range).to_owned()),
        schedule.group.as_ref().map(|group| group.name.clone()),
        Some(words::cadence(schedule.cadence, schedule.time.to_string())),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let next = schedule.next_run_at;
    let (edit, delete) = (schedule.clone(), schedule);
    let label = say!(alerts.delete_named, name = name.clone());
    view! {
        <li class="row" data-testid="schedule">
            <span class="min-w-0">
                <button type="button" class="link" on:click=move |_| doing.set(Doing::Editing(Some(edit.clone())))>
                    {name}
                </button>
                <span class="note block">{facts}</span>
                <span class="note block">
                    {match next {
                        Some(at) => view! { {say!(alerts.next_run)} " " <Moment at style=Style::Full /> }.into_any(),
                        None => say!(words.off).into_any(),
                    }}
                </span>
            </span>
            <span class="row-actions ms-auto">
                <button type="button" class="btn" disabled=busy on:click=run>{say!(alerts.send_now)}</button>
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=label.clone()
                    title=label
                    on:click=move |_| doing.set(Doing::Deleting(delete.clone()))
                >
                    <Icon icon=icons::Delete />
                </button>
            </span>
        </li>
    }
}
