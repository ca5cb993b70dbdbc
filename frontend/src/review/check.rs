//! Arrivals that somebody should look at: kept on a tablet that could not ask, or of a time that nothing proves.

use leptos::prelude::*;
use types::{ArrivalDoubt, ArrivalView};

use super::settle::ArrivalActions;
use crate::api::{ArrivalQuery, use_api};
use crate::arrivals::{Arrivals, DoubtMark, method_icon, method_words};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Avatar, Empty, Entry, Failed, Icon, List, Moment, Skeleton, icons};

/// How many are shown; those behind come up when these are settled.
const SHOWN: u32 = 50;

/// The doubtful arrivals, newest first, each with what can be said about it.
#[component]
pub fn ToCheck() -> impl IntoView {
    let api = use_api();
    let arrivals = expect_context::<Arrivals>();
    let found = Loader::<Vec<ArrivalView>>::new();
    let read = Callback::new(move |()| {
        let query = ArrivalQuery { doubtful: true, limit: SHOWN, ..ArrivalQuery::default() };
        found.run(async move { api.arrivals(&query).await.map(|page| page.items) });
    });
    // Asked again with every arrival that comes in or is settled.
    Effect::new(move |_| {
        arrivals.items.track();
        read.run(());
    });
    let row = move |arrival: ArrivalView| {
        Entry::new(arrival.id, move || view! { <Row arrival=arrival.clone() read /> }.into_any())
    };
    let rows = Signal::derive(move || found.value().unwrap_or_default().into_iter().map(row).collect());
    view! {
        <ul class="arrival-list" data-testid="arrivals-doubtful">
            <List entries=rows />
        </ul>
        {move || match found.get() {
            Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(found) if found.is_empty() => {
                view! { <Empty icon=icons::Good title=say!(review.none_to_check) text=say!(review.none_to_check_text) /> }
                    .into_any()
            }
            Load::Ready(_) => ().into_any(),
        }}
    }
}

#[component]
fn Row(arrival: ArrivalView, read: Callback<()>) -> impl IntoView {
    let person = arrival.person.clone();
    let method = arrival.method;
    let recorded = clock::format(arrival.recorded_at, &use_desk().timezone(), Style::Full);
    let why = arrival.doubt.map(|doubt| match doubt {
        ArrivalDoubt::Provisional => say!(review.doubt_provisional_why, at = recorded),
        ArrivalDoubt::TimeUnproven => say!(review.doubt_time_why, at = recorded),
    });
    view! {
        <li class="arrival check-row" data-testid="check-row">
            <a class="arrival-link" href=format!("/people/{}", person.id)>
                <Avatar person=person.id name=person.name.clone() photo=person.photo />
                <span class="arrival-text">
                    <span class="arrival-name" title=person.name.clone()>{person.name.clone()}</span>
                    <span class="arrival-feed">
                        <span class="truncate" dir="auto">{arrival.feed.name.clone()}</span>
                        <span class="arrival-method">
                            <Icon icon=method_icon(method) />
                            {method_words(method)}
                        </span>
                    </span>
                    <span class="note"><Moment at=arrival.at style=Style::Full /></span>
                    {arrival.doubt.map(|doubt| view! { <DoubtMark doubt /> })}
                    {why.map(|why| view! { <span class="note">{why}</span> })}
                </span>
            </a>
            <ArrivalActions arrival on_settled=Callback::new(move |_| read.run(())) />
        </li>
    }
}
