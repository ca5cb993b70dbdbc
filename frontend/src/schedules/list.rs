//! The list of schedules.

use leptos::prelude::*;
use types::ScheduleView;

use super::create::CreateSheet;
use super::week_view::{slot_words, weekdays};
use super::{holding, kind_name};
use crate::api::use_api;
use crate::calendar;
use crate::language::say;
use crate::loading::Loader;
use crate::people::PeopleNav;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Empty, Icon, When, icons, listed};

/// The head of both pages about when people are expected.
#[component]
pub fn SchedulesHead(
    /// The address of the page that shows.
    here: &'static str,
    /// What can be done there.
    children: ChildrenFn,
) -> impl IntoView {
    let link = move |href: &'static str, label: &'static str| {
        view! { <a class="segment" href=href aria-current=(href == here).then_some("page")>{label}</a> }
    };
    view! {
        <PeopleNav here="/schedules" />
        <header class="page-head">
            <h1 class="page-title">
                {if here == "/schedules" { say!(schedules.title) } else { say!(schedules.holidays) }}
            </h1>
            <nav class="segments" aria-label=say!(schedules.parts)>
                {link("/schedules", say!(schedules.title))} {link("/schedules/holidays", say!(schedules.holidays))}
            </nav>
            {children()}
        </header>
    }
}

/// Schedules with what holds today.
#[component]
pub fn SchedulesPage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let schedules = Loader::<Vec<ScheduleView>>::new();
    let fetch = move || schedules.run(async move { api.schedules().await.map(|page| page.items) });
    fetch();
    let adding = RwSignal::new(false);
    let on_close = Callback::new(move |made: Option<ScheduleView>| {
        adding.set(false);
        if let Some(schedule) = made {
            router.go(&format!("/schedules/{}", schedule.id));
        }
    });
    view! {
        <div class="content">
            <SchedulesHead here="/schedules">
                <When is=move || desk.is_admin()>
                    <button
                        type="button"
                        class="btn btn-primary ms-auto"
                        data-testid="schedule-add"
                        on:click=move |_| adding.set(true)
                    >
                        <Icon icon=icons::Plus />
                        {say!(schedules.add)}
                    </button>
                </When>
            </SchedulesHead>
            {listed(
                schedules,
                Callback::new(move |()| fetch()),
                5,
                || view! { <Empty icon=icons::Clock title=say!(schedules.empty) text=say!(schedules.empty_text) /> }.into_any(),
                move |schedules| {
                    view! {
                        <ul class="rows">
                            {schedules.into_iter().map(|schedule| view! { <ScheduleRow schedule /> }).collect_view()}
                        </ul>
                    }
                        .into_any()
                },
            )}
        </div>
        <When is=move || adding.get()>
            <CreateSheet on_close />
        </When>
    }
}

#[component]
fn ScheduleRow(schedule: ScheduleView) -> impl IntoView {
    let today = calendar::today(use_desk());
    let names = weekdays();
    let shown = holding(&schedule.versions, today).unwrap_or(0);
    let slots =
        schedule.versions.get(shown).map(|version| version.rules.slots.as_slice()).unwrap_or_default();
    let first: Vec<String> = slots.iter().take(3).map(|slot| slot_words(slot, &names)).collect();
    let more = slots.len().saturating_sub(3);
    let held = |until: Option<chrono::NaiveDate>| until.is_none_or(|until| until > today);
    let groups: Vec<_> = schedule.groups.into_iter().filter(|group| held(group.until_day)).collect();
    let nobody = groups.is_empty();
    view! {
        <li class="row schedule-row" data-testid="schedule-row">
            <span class="row-mark"><Icon icon=icons::Clock /></span>
            <div class="min-w-0 flex-1">
                <p>
                    <a class="row-name" href=format!("/schedules/{}", schedule.id)>{schedule.name}</a>
                    <span class="note">{kind_name(schedule.kind)}</span>
                </p>
                {first.into_iter().map(|words| view! { <p class="text-soft tabular">{words}</p> }).collect_view()}
                {(more > 0).then(|| view! { <p class="note">{say!(schedules.more_slots, count = more)}</p> })}
            </div>
            <span class="tags schedule-groups">
                {groups
                    .into_iter()
                    .map(|held| view! { <a class="tag truncate" href=format!("/groups/{}", held.group.id)>{held.group.name}</a> })
                    .collect_view()}
                {nobody.then(|| view! { <span class="tag tag-uncertain">{say!(schedules.no_group)}</span> })}
            </span>
        </li>
    }
}
