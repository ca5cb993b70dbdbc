//! The frame of the page: who one is, today, and the parts below.

use std::time::Duration;

use chrono::Days;
use leptos::prelude::*;
use types::{DayView, PersonId, PersonView};

use super::ask::AskDialog;
use super::requests::Requests;
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::checkin::OwnPin;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::people::calendar::CalendarTab;
use crate::people::timeline::{PeriodRow, TimelineTab};
use crate::privacy::PersonRights;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Ago, Avatar, Empty, Failed, Icon, Skeleton, When, icons};

/// How often today is read again: nothing is pushed to members.
const EVERY: Duration = Duration::from_secs(60);
/// The parts of the page; the first is shown where the address names none.
const TABS: [&str; 5] = ["month", "days", "requests", "check-in", "privacy"];

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Me {
    person: PersonId,
    today: Loader<Vec<DayView>>,
    /// Counts what was asked for here, so that the list of requests is read again.
    asked: RwSignal<u32>,
}

/// One's own record.
#[component]
pub fn MePage() -> impl IntoView {
    let person = use_desk().person;
    view! {
        <div class="content">
            {move || match person.get() {
                Some(id) => view! { <Record id /> }.into_any(),
                None => {
                    view! {
                        <h1 class="sr-only">{say!(shell.me)}</h1>
                        <Empty icon=icons::Person title=say!(me.no_record) text=say!(me.no_record_text) />
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn Record(id: PersonId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let person = Loader::<PersonView>::new();
    let me = Me { person: id, today: Loader::new(), asked: RwSignal::new(0) };
    let read = Callback::new(move |()| {
        person.run(api.person(id));
        let today = calendar::today(desk);
        me.today.run(async move {
            let page = api.person_days(id, today, today + Days::new(1)).await?;
            Ok(page.items)
        });
    });
    // Which day it is depends on the site's zone, which may be known only later.
    Effect::new(move |_| {
        desk.site.track();
        read.run(());
    });
    if let Ok(timer) = set_interval_with_handle(move || read.run(()), EVERY) {
        on_cleanup(move || timer.clear());
    }
    let known = Memo::new(move |_| person.value());
    let not_yet = move || match person.get() {
        Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
        _ => view! { <Skeleton rows=6 /> }.into_any(),
    };
    view! {
        <When is=move || known.with(Option::is_some) otherwise=not_yet>
            <Parts me known />
        </When>
    }
}

#[component]
fn Parts(me: Me, known: Memo<Option<PersonView>>) -> impl IntoView {
    let router = use_router();
    let asking = RwSignal::new(false);
    let tab = Memo::new(move |_| {
        router.query.with(|query| {
            let wanted = query.strip_prefix("?tab=").unwrap_or_default();
            TABS.into_iter().find(|tab| *tab == wanted).unwrap_or(TABS[0])
        })
    });
    let link = move |key: &'static str, label: &'static str| {
        let here = move || (tab.get() == key).then_some("page");
        view! { <a class="tab" href=format!("/me?tab={key}") aria-current=here>{label}</a> }
    };
    let id = me.person;
    view! {
        {move || known.get().map(|person| view! { <Head person asking /> })}
        <TodayPanel me />
        <nav class="tabs" aria-label=say!(me.parts)>
            {link("month", say!(me.month))} {link("days", say!(me.days))} {link("requests", say!(me.requests))}
            {link("check-in", say!(checkin.pin))} {link("privacy", say!(me.privacy))}
        </nav>
        {move || match tab.get() {
            "days" => view! { <TimelineTab person=id /> }.into_any(),
            "requests" => view! { <Requests person=id asked=me.asked /> }.into_any(),
            "check-in" => known.get_untracked().map(|person| view! { <OwnPin person /> }).into_any(),
            "privacy" => known.get_untracked().map(|person| view! { <PersonRights person /> }).into_any(),
            _ => view! { <CalendarTab person=id /> }.into_any(),
        }}
        <When is=move || asking.get()>
            <AskDialog
                person=id
                on_asked=Callback::new(move |()| {
                    asking.set(false);
                    me.asked.update(|count| *count += 1);
                })
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}

/// Who one is, and the way to ask for a correction.
#[component]
fn Head(person: PersonView, asking: RwSignal<bool>) -> impl IntoView {
    let unseen = person.photos.is_empty() || person.archived_at.is_some();
    view! {
        <header class="person-head" data-testid="me-head">
            <Avatar
                person=person.id
                name=person.name.clone()
                photo=person.photos.first().map(|photo| photo.id)
                size="avatar-lg"
            />
            <div class="person-main">
                <h1 class="person-name">{person.name}</h1>
                <p class="person-facts">
                    <span class="tabular">{person.external_id}</span>
                    {person.branch.map(|branch| view! { <span>{branch}</span> })}
                    <span>
                        {match person.last_seen {
                            Some(at) => view! { {say!(me.last_seen)} " " <Ago at /> }.into_any(),
                            None => view! { {say!(me.never_seen)} }.into_any(),
                        }}
                    </span>
                </p>
                <p class="tags">
                    {unseen.then(|| view! { <span class="tag tag-uncertain">{say!(me.not_recognised)}</span> })}
                    {person
                        .groups
                        .into_iter()
                        .map(|group| view! { <span class="tag truncate">{group.name}</span> })
                        .collect_view()}
                </p>
            </div>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="me-ask"
                on:click=move |_| asking.set(true)
            >
                <Icon icon=icons::Edit />
                {say!(me.ask)}
            </button>
        </header>
    }
}

/// What is expected of one today, and what it came to so far.
#[component]
fn TodayPanel(me: Me) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let date = move || {
        desk.site.track();
        calendar::write(calendar::today(desk), DayStyle::Long)
    };
    let retry = Callback::new(move |()| {
        let today = calendar::today(desk);
        me.today.run(async move {
            let page = api.person_days(me.person, today, today + Days::new(1)).await?;
            Ok(page.items)
        });
    });
    view! {
        <section class="me-today" aria-labelledby="me-today" data-testid="me-today">
            <h2 id="me-today" class="section-title">
                {say!(words.today)} " " <span class="note">{date}</span>
            </h2>
            {move || match me.today.get() {
                Load::Waiting => view! { <Skeleton rows=1 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry /> }.into_any(),
                Load::Ready(periods) if periods.is_empty() => {
                    view! { <p class="text-soft">{say!(me.free_today)}</p> }.into_any()
                }
                Load::Ready(periods) => {
                    view! {
                        <ul class="periods">
                            {periods.into_iter().map(|period| view! { <PeriodRow period /> }).collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}
