//! Last arrivals: newest first, pushed; and those of them that somebody should look at.

use leptos::prelude::*;
use types::ArrivalMethod;

use crate::api::{ArrivalQuery, use_api};
use crate::arrivals::{Arrivals, DoubtMark, Recent, method_icon, method_words};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::shell::parts;
use crate::ui::{Ago, Avatar, Empty, Entry, Failed, Icon, Later, List, Skeleton, When, icons};

/// So many doubtful ones are counted.
const MOST: usize = 50;

/// How many arrivals somebody should look at; counted again whenever today's figures are.
fn doubtful(arrivals: Arrivals) -> Memo<usize> {
    let api = use_api();
    let count = Loader::<usize>::new();
    Effect::new(move |_| {
        if arrivals.today.is_ready() {
            let query = ArrivalQuery { doubtful: true, limit: MOST as u32, ..ArrivalQuery::default() };
            count.run(async move { api.arrivals(&query).await.map(|page| page.items.len()) });
        }
    });
    Memo::new(move |_| count.value().unwrap_or(0))
}

#[component]
pub fn LastArrivals() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let checking = RwSignal::new(false);
    let doubtful = doubtful(arrivals);
    view! {
        <section class="arrivals" aria-labelledby="arrivals-title">
            <header class="arrivals-head">
                <h2 id="arrivals-title" class="section-title">{say!(live.last_arrivals)}</h2>
                <button
                    type="button"
                    class="filter-chip"
                    class:filter-chip-due=move || { doubtful.get() > 0 }
                    aria-pressed=move || if checking.get() { "true" } else { "false" }
                    data-testid="arrivals-to-check"
                    on:click=move |_| checking.update(|checking| *checking = !*checking)
                >
                    {say!(live.to_check)} " "
                    <When is=move || { doubtful.get() > 0 }>
                        <span class="tabular">
                            {move || if doubtful.get() < MOST { doubtful.get().to_string() } else { format!("{MOST}+") }}
                        </span>
                    </When>
                </button>
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
