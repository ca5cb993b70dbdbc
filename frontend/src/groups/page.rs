//! One group: its members, and the schedules and feeds that are for it.

use leptos::{prelude::*, task::spawn_local};
use types::{FeedView, GroupId, GroupView, ScheduleView};

use super::form::GroupForm;
use super::kind_name;
use super::members::Members;
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Confirm, Empty, Failed, Icon, Skeleton, When, icons, use_toasts};

/// The page of one group.
#[component]
pub fn GroupPage(id: GroupId) -> impl IntoView {
    let api = use_api();
    let group = Loader::<GroupView>::new();
    let read = Callback::new(move |()| group.run(api.group(id)));
    read.run(());
    view! {
        <div class="content">
            <a class="crumb" href="/groups">{say!(words.groups)}</a>
            {move || match group.get() {
                Load::Waiting => view! { <Skeleton rows=6 /> }.into_any(),
                Load::Failed(failure) if failure.code() == types::codes::NOT_FOUND => {
                    view! {
                        <Empty icon=icons::People title=say!(groups.no_such) text=say!(groups.no_such_text)>
                            <a class="btn" href="/groups">{say!(groups.to_list)}</a>
                        </Empty>
                    }
                        .into_any()
                }
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(shown) => view! { <Head shown group /> }.into_any(),
            }}
            // The members stay as they are when the head is read anew.
            <When is=move || group.is_ready()>
                <div class="panels group-panels">
                    <Members group=id on_change=read />
                    <aside class="panel group-aside">
                        <Schedules group=id />
                        <Feeds group=id />
                    </aside>
                </div>
            </When>
        </div>
    }
}

#[component]
fn Head(shown: GroupView, group: Loader<GroupView>) -> impl IntoView {
    let (api, desk, router, toasts) = (use_api(), use_desk(), use_router(), use_toasts());
    let id = shown.id;
    let name = StoredValue::new(shown.name.clone());
    let (editing, asking) = (RwSignal::new(false), RwSignal::new(false));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let delete = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.delete_group(id).await {
                Ok(_) => {
                    toasts.show(say!(groups.deleted, name = name.try_get_value().unwrap_or_default()));
                    router.replace("/groups");
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    let edited = Callback::new(move |changed: Option<GroupView>| {
        editing.set(false);
        if let Some(changed) = changed {
            group.set(changed);
        }
    });
    let now = StoredValue::new(shown.clone());
    view! {
        <header class="person-head">
            <div class="person-main">
                <h1 class="person-name">{shown.name}</h1>
                <p class="person-facts">
                    <span>{kind_name(shown.kind)}</span>
                    <span data-testid="group-count">{say!(groups.people_count, count = shown.members)}</span>
                </p>
            </div>
            <div class="person-actions">
                <When is=move || desk.marks()>
                    <a class="btn btn-quiet" href=format!("/attendance?group={id}")>
                        <Icon icon=icons::Attendance />
                        {say!(groups.sheet)}
                    </a>
                </When>
                <When is=move || desk.is_admin()>
                    <button type="button" class="btn btn-quiet" data-testid="group-edit" on:click=move |_| editing.set(true)>
                        <Icon icon=icons::Edit />
                        {say!(words.edit)}
                    </button>
                    <button
                        type="button"
                        class="btn btn-quiet btn-quiet-danger"
                        data-testid="group-delete"
                        on:click=move |_| asking.set(true)
                    >
                        <Icon icon=icons::Delete />
                        {say!(words.delete)}
                    </button>
                </When>
            </div>
        </header>
        <When is=move || editing.get()>
            <GroupForm group=Some(now.get_value()) on_close=edited />
        </When>
        <When is=move || asking.get()>
            <Confirm
                title=say!(groups.delete_title, name = name.get_value())
                text=say!(groups.delete_text)
                action=say!(groups.delete_action, name = name.get_value())
                busy
                problem
                on_confirm=delete
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}

/// The schedules that are this group's now or will be.
#[component]
fn Schedules(group: GroupId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let schedules = Loader::<Vec<ScheduleView>>::new();
    schedules.run(async move { api.schedules().await.map(|page| page.items) });
    let today = calendar::today(desk);
    let row = move |schedule: ScheduleView| {
        let mut mine = schedule.groups.iter().filter(|held| held.group.id == group);
        let held = mine.rfind(|held| held.until_day.is_none_or(|until| until > today))?;
        let from = calendar::write(held.from_day, DayStyle::Medium);
        let when = match held.until_day.and_then(|until| until.pred_opt()) {
            Some(last) => say!(groups.span, from = from, last = calendar::write(last, DayStyle::Medium)),
            None => say!(groups.since, from = from),
        };
        Some(view! {
            <li class="aside-row">
                <a class="link" href=format!("/schedules/{}", schedule.id)>{schedule.name}</a>
                <span class="note">{when}</span>
            </li>
        })
    };
    view! {
        <section class="panel" aria-labelledby="group-schedules">
            <h2 id="group-schedules" class="section-title">{say!(groups.schedules)}</h2>
            {move || match schedules.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <p class="problem" role="alert">{failure.message()}</p> }.into_any(),
                Load::Ready(schedules) => {
                    let rows: Vec<_> = schedules.into_iter().filter_map(row).collect();
                    if rows.is_empty() {
                        view! {
                            <p class="text-soft">{say!(groups.no_schedules)}</p>
                            <a class="link w-fit" href="/schedules">{say!(groups.to_schedules)}</a>
                        }
                            .into_any()
                    } else {
                        view! { <ul data-testid="group-schedules">{rows}</ul> }.into_any()
                    }
                }
            }}
        </section>
    }
}

/// The feeds that this group comes past.
#[component]
fn Feeds(group: GroupId) -> impl IntoView {
    let api = use_api();
    let feeds = Loader::<Vec<FeedView>>::new();
    feeds.run(async move { api.feeds().await.map(|page| page.items) });
    let row = |feed: FeedView| {
        let everybody = feed.groups.is_empty();
        view! {
            <li class="aside-row">
                <span>{feed.name}</span>
                {everybody.then(|| view! { <span class="note">{say!(groups.feed_of_all)}</span> })}
            </li>
        }
    };
    view! {
        <section class="panel" aria-labelledby="group-feeds">
            <h2 id="group-feeds" class="section-title">{say!(groups.feeds)}</h2>
            {move || match feeds.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <p class="problem" role="alert">{failure.message()}</p> }.into_any(),
                Load::Ready(feeds) => {
                    let serves = |feed: &FeedView| feed.groups.is_empty() || feed.groups.contains(&group);
                    let rows: Vec<_> = feeds.into_iter().filter(serves).map(row).collect();
                    if rows.is_empty() {
                        view! { <p class="text-soft">{say!(groups.no_feeds)}</p> }.into_any()
                    } else {
                        view! { <ul data-testid="group-feeds">{rows}</ul> }.into_any()
                    }
                }
            }}
        </section>
    }
}
