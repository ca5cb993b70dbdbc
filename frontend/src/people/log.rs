//! A person's whole log, by day.

use leptos::prelude::*;
use types::{ArrivalMethod, ArrivalView, PersonId};

use crate::api::{ArrivalQuery, use_api};
use crate::arrivals::Arrivals;
use crate::clock::{self, Style};
use crate::loading::{Load, Pages};
use crate::numbers::fixed;
use crate::session::use_desk;
use crate::ui::{Empty, Entry, Failed, Icon, List, Moment, MoreButton, Skeleton, When, icons};

const PAGE: u32 = 50;

#[component]
pub fn LogTab(person: PersonId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let arrivals = expect_context::<Arrivals>();
    let log = Pages::<ArrivalView>::new();
    let fetch = move |restart: bool| {
        log.fetch(restart, move |after| async move {
            api.arrivals(&ArrivalQuery { person: Some(person), limit: PAGE, after }).await
        });
    };
    fetch(true);
    follow(arrivals, person, log);

    let rows = Signal::derive(move || {
        let zone = desk.timezone();
        let mut day = String::new();
        // Where a new day begins, its name stands above the arrival.
        let entry = |arrival: ArrivalView| {
            let key = clock::format(arrival.at, &zone, Style::Key);
            let begins = (key != day).then(|| clock::format(arrival.at, &zone, Style::Day));
            day = key;
            let name = format!("{} {} {}", arrival.id, arrival.at.timestamp_millis(), begins.is_some());
            Entry::new(name, move || {
                view! { <LogRow day=begins.clone() arrival=arrival.clone() /> }.into_any()
            })
        };
        log.items.get().into_iter().map(entry).collect()
    });
    let zone = move || Some(desk.timezone()).filter(|zone| !zone.is_empty() && *zone != clock::own_zone());
    view! {
        {move || zone().map(|zone| view! { <p class="note mb-3">"Times in the zone " {zone}</p> })}
        <ol class="log" aria-label="Arrivals, newest first">
            <List entries=rows />
        </ol>
        {move || {
            let retry = Callback::new(move |()| fetch(log.items.with_untracked(Vec::is_empty)));
            match (log.state.get(), log.items.with(Vec::is_empty)) {
                (Load::Waiting, true) => view! { <Skeleton rows=6 /> }.into_any(),
                (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                (Load::Ready(()), true) => {
                    view! {
                        <Empty
                            icon=icons::Feed
                            title="Not seen yet"
                            text="Every arrival of this person will be listed here."
                        />
                    }
                        .into_any()
                }
                _ => ().into_any(),
            }
        }}
        <When is=move || log.has_more()>
            <MoreButton
                busy=Signal::derive(move || log.state.with(|state| *state == Load::Waiting))
                on_more=Callback::new(move |()| fetch(false))
            />
        </When>
    }
}

/// Puts this person's pushed arrivals on top.
fn follow(arrivals: Arrivals, person: PersonId, log: Pages<ArrivalView>) {
    Effect::new(move |_| {
        let pushed = arrivals.items.with(|items| {
            let own = |recent: &&crate::arrivals::Recent| recent.pushed && recent.arrival.person.id == person;
            items.iter().find(own).map(|recent| recent.arrival.clone())
        });
        let Some(arrival) = pushed else { return };
        let ready = log.state.with_untracked(|state| matches!(state, Load::Ready(())));
        let known = log.items.with_untracked(|items| items.iter().any(|item| item.id == arrival.id));
        if ready && !known {
            log.items.update(|items| items.insert(0, arrival));
        }
    });
}

#[component]
fn LogRow(day: Option<String>, arrival: ArrivalView) -> impl IntoView {
    let method = match arrival.method {
        ArrivalMethod::Face => "Face",
        ArrivalMethod::Pin => "PIN",
        ArrivalMethod::Qr => "Badge",
        ArrivalMethod::Manual => "By hand",
    };
    let starts = day.is_some();
    view! {
        <li class="log-entry" class:log-entry-first=starts data-testid="log-item">
            {day.map(|day| view! { <h2 class="log-day">{day}</h2> })}
            <div class="log-row">
                <Moment at=arrival.at style=Style::Second />
                <span class="log-feed truncate">
                    <Icon icon=icons::Feed class="icon text-faint" />
                    <span class="truncate">{arrival.feed.name}</span>
                </span>
                <span class="log-how">
                    {method}
                    {arrival
                        .similarity
                        .map(|score| view! { <span class="tabular">{format!(" {}", fixed(f64::from(score), 2))}</span> })}
                </span>
            </div>
        </li>
    }
}
