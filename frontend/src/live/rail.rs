//! Last arrivals: newest first, pushed; and those of them that somebody should look at.

use leptos::prelude::*;
use types::ArrivalMethod;

use crate::arrivals::{Arrivals, DoubtMark, Recent, method_icon, method_words};
use crate::language::say;
use crate::loading::Load;
use crate::session::use_desk;
use crate::shell::parts;
use crate::ui::{Ago, Avatar, Empty, Entry, Failed, Icon, Later, List, Skeleton, When, icons};

#[component]
pub fn LastArrivals() -> impl IntoView {
    let desk = use_desk();
    let arrivals = expect_context::<Arrivals>();
    let checking = RwSignal::new(false);
    let doubtful = move || arrivals.items.with(|items| items.iter().any(|item| item.arrival.doubt.is_some()));
    view! {
        <section class="arrivals" aria-labelledby="arrivals-title">
            <header class="arrivals-head">
                <h2 id="arrivals-title" class="section-title">{say!(live.last_arrivals)}</h2>
                <When is=move || desk.marks()>
                    <button
                        type="button"
                        class="filter-chip"
                        class:filter-chip-due=doubtful
                        aria-pressed=move || if checking.get() { "true" } else { "false" }
                        data-testid="arrivals-to-check"
                        on:click=move |_| checking.update(|checking| *checking = !*checking)
                    >
                        {say!(live.to_check)}
                    </button>
                </When>
            </header>
            <p class="sr-only" aria-live="polite">{move || arrivals.spoken.get()}</p>
            <When is=move || checking.get() otherwise=|| view! { <Newest /> }>
                <Later fetch=parts::to_check() />
            </When>
        </section>
    }
}

#[component]
fn Newest() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let retry = Callback::new(move |()| arrivals.refresh());
    let row = |recent: Recent| {
        let (id, at) = (recent.arrival.id, recent.arrival.at.timestamp_millis());
        let key = format!("{id} {at} {}", recent.arrival.doubt.is_some());
        Entry::new(key, move || view! { <ArrivalRow recent=recent.clone() /> }.into_any())
    };
    let rows = Signal::derive(move || arrivals.items.get().into_iter().map(row).collect());
    let empty = move || arrivals.items.with(Vec::is_empty);
    view! {
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
    }
}

#[component]
fn ArrivalRow(recent: Recent) -> impl IntoView {
    let Recent { arrival, pushed } = recent;
    let otherwise = (arrival.method != ArrivalMethod::Face).then_some(arrival.method);
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
                    <span class="arrival-feed">
                        <span class="truncate" dir="auto">{arrival.feed.name}</span>
                        {otherwise
                            .map(|method| {
                                view! {
                                    <span class="arrival-method">
                                        <Icon icon=method_icon(method) />
                                        {method_words(method)}
                                    </span>
                                }
                            })}
                    </span>
                    {arrival.doubt.map(|doubt| view! { <DoubtMark doubt /> })}
                </span>
                <Ago at=arrival.at />
            </a>
        </li>
    }
}
