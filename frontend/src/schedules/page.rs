//! One schedule: its rules over time, and the groups it is for.

use leptos::prelude::*;
use types::{ScheduleId, ScheduleRules, ScheduleView};

use super::create::RenameDialog;
use super::groups::Assignments;
use super::rules_form::usual;
use super::version::{Standing, VersionPanel, VersionSheet};
use super::{holding, kind_name};
use crate::api::use_api;
use crate::calendar;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Act, Empty, Failed, Icon, Removal, Skeleton, When, icons};

/// The page of one schedule.
#[component]
pub fn SchedulePage(id: ScheduleId) -> impl IntoView {
    let api = use_api();
    let schedule = Loader::<ScheduleView>::new();
    let read = Callback::new(move |()| schedule.run(api.schedule(id)));
    read.run(());
    view! {
        <div class="content">
            <a class="crumb" href="/schedules">{say!(schedules.title)}</a>
            {move || match schedule.get() {
                Load::Waiting => view! { <Skeleton rows=6 /> }.into_any(),
                Load::Failed(failure) if failure.code() == types::codes::NOT_FOUND => {
                    view! {
                        <Empty icon=icons::Clock title=say!(schedules.no_such) text=say!(schedules.no_such_text)>
                            <a class="btn" href="/schedules">{say!(schedules.to_list)}</a>
                        </Empty>
                    }
                        .into_any()
                }
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(shown) => view! { <Schedule shown schedule read /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Schedule(shown: ScheduleView, schedule: Loader<ScheduleView>, read: Callback<()>) -> impl IntoView {
    let desk = use_desk();
    let today = calendar::today(desk);
    let id = shown.id;
    let now = holding(&shown.versions, today);
    let newest = shown.versions.last().map(|version| version.rules.clone());
    let rules: StoredValue<ScheduleRules> = StoredValue::new(newest.unwrap_or_else(|| usual(shown.kind)));
    let whole = StoredValue::new(shown.clone());
    let following = RwSignal::new(false);
    let followed = Callback::new(move |changed: Option<ScheduleView>| {
        following.set(false);
        if let Some(changed) = changed {
            schedule.set(changed);
        }
    });
    let standing = |place: usize| match now {
        Some(now) if place == now => Standing::Now,
        Some(now) if place < now => Standing::Past,
        _ => Standing::Ahead,
    };
    let versions: Vec<_> = shown.versions.iter().cloned().enumerate().collect();
    view! {
        <Head shown=shown.clone() schedule zone_open=now.is_none() />
        <div class="panels group-panels">
            <section class="panel" aria-labelledby="rules-title">
                <div class="section-head">
                    <h2 id="rules-title" class="section-title">{say!(schedules.rules)}</h2>
                    <When is=move || desk.is_admin()>
                        <button
                            type="button"
                            class="btn"
                            data-testid="version-add"
                            on:click=move |_| following.set(true)
                        >
                            <Icon icon=icons::Plus />
                            {say!(schedules.new_rules)}
                        </button>
                    </When>
                </div>
                // What holds or lies ahead stands first.
                {versions
                    .into_iter()
                    .rev()
                    .map(|(place, version)| {
                        view! { <VersionPanel schedule=id version standing=standing(place) on_change=read /> }
                    })
                    .collect_view()}
            </section>
            <Assignments schedule=id groups=shown.groups on_change=read />
        </div>
        <When is=move || following.get()>
            <VersionSheet schedule=whole.get_value() rules=rules.get_value() on_close=followed />
        </When>
    }
}

#[component]
fn Head(shown: ScheduleView, schedule: Loader<ScheduleView>, zone_open: bool) -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let id = shown.id;
    let whole = StoredValue::new(shown.clone());
    let (editing, asking) = (RwSignal::new(false), RwSignal::new(false));
    let edited = Callback::new(move |changed: Option<ScheduleView>| {
        editing.set(false);
        if let Some(changed) = changed {
            schedule.set(changed);
        }
    });
    let own_zone = shown.timezone.clone();
    let zone = move || own_zone.clone().unwrap_or_else(|| desk.timezone());
    view! {
        <header class="person-head">
            <div class="person-main">
                <h1 class="person-name">{shown.name.clone()}</h1>
                <p class="person-facts">
                    <span>{kind_name(shown.kind)}</span>
                    <span>{move || say!(people.times_in_zone, zone = zone())}</span>
                </p>
            </div>
            <When is=move || desk.is_admin()>
                <div class="person-actions">
                    <button type="button" class="btn btn-quiet" on:click=move |_| editing.set(true)>
                        <Icon icon=icons::Edit />
                        {say!(words.edit)}
                    </button>
                    <button
                        type="button"
                        class="btn btn-quiet btn-quiet-danger"
                        data-testid="schedule-delete"
                        on:click=move |_| asking.set(true)
                    >
                        <Icon icon=icons::Delete />
                        {say!(words.delete)}
                    </button>
                </div>
            </When>
        </header>
        <When is=move || editing.get()>
            <RenameDialog schedule=whole.get_value() zone_open on_close=edited />
        </When>
        <When is=move || asking.get()>
            <Removal
                title=say!(schedules.delete_title, name = whole.with_value(|shown| shown.name.clone()))
                text=say!(schedules.delete_text)
                action=say!(schedules.delete)
                act=Act::new(move || api.delete_schedule(id))
                on_done=Callback::new(move |()| router.replace("/schedules"))
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}
