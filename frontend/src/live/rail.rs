//! Last arrivals: newest first, pushed.

use leptos::prelude::*;

use crate::arrivals::{Arrivals, Recent};
use crate::language::say;
use crate::loading::Load;
use crate::ui::{Ago, Avatar, Empty, Entry, Failed, List, Skeleton, icons};

#[component]
pub fn LastArrivals() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let retry = Callback::new(move |()| arrivals.refresh());
    let row = |recent: Recent| {
        let key = format!("{} {}", recent.arrival.id, recent.arrival.at.timestamp_millis());
        Entry::new(key, move || view! { <ArrivalRow recent=recent.clone() /> }.into_any())
    };
    let rows = Signal::derive(move || arrivals.items.get().into_iter().map(row).collect());
    let empty = move || arrivals.items.with(Vec::is_empty);
    view! {
        <section class="arrivals" aria-labelledby="arrivals-title">
            <h2 id="arrivals-title" class="section-title">{say!(live.last_arrivals)}</h2>
            <p class="sr-only" aria-live="polite">{move || arrivals.spoken.get()}</p>
            <ul class="arrival-list" data-testid="last-arrivals">
                <List entries=rows />
            </ul>
            {move || match (arrivals.state.get(), empty()) {
                (Load::Waiting, true) => Some(view! { <Skeleton rows=8 /> }.into_any()),
                (Load::Failed(failure), true) => Some(view! { <Failed failure retry /> }.into_any()),
                (Load::Ready(()), true) => {
                    Some(
                        view! {
                            <Empty
                                icon=icons::Person
                                title=say!(live.no_arrivals)
                                text=say!(live.no_arrivals_text)
                            />
                        }
                            .into_any(),
                    )
                }
                _ => None,
            }}
        </section>
    }
}

#[component]
fn ArrivalRow(recent: Recent) -> impl IntoView {
    let Recent { arrival, pushed } = recent;
    view! {
        <li class="arrival" class:arrival-new=pushed data-testid="arrival-item">
            <a class="arrival-link" href=format!("/people/{}", arrival.person.id)>
                <Avatar
                    person=arrival.person.id
                    name=arrival.person.name.clone()
                    photo=arrival.person.photo
                />
                <span class="arrival-text">
                    <span class="arrival-name" title=arrival.person.name.clone()>
                        {arrival.person.name.clone()}
                    </span>
                    <span class="arrival-feed truncate">{arrival.feed.name}</span>
                </span>
                <Ago at=arrival.at />
            </a>
        </li>
    }
}
