//! What one asked to have put right, and what became of it.

use leptos::prelude::*;
use types::{CorrectionView, PersonId};

use crate::api::use_api;
use crate::attendance::StateChip;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Ago, Empty, Entry, Failed, Icon, List, Skeleton, icons};

/// One's requests, newest first; `asked` changes when there is another.
#[component]
pub fn Requests(person: PersonId, asked: RwSignal<u32>) -> impl IntoView {
    let api = use_api();
    let requests = Loader::<Vec<CorrectionView>>::new();
    let read = Callback::new(move |()| {
        requests.run(async move { api.corrections_of(person).await.map(|page| page.items) });
    });
    Effect::new(move |_| {
        asked.track();
        read.run(());
    });
    let entry = |request: CorrectionView| {
        let key = format!("{} {:?}", request.id, request.approved);
        Entry::new(key, move || view! { <Request request=request.clone() /> }.into_any())
    };
    let entries =
        Signal::derive(move || requests.value().unwrap_or_default().into_iter().map(entry).collect());
    view! {
        <ul class="requests" data-testid="me-requests">
            <List entries />
        </ul>
        {move || match requests.get() {
            Load::Waiting => view! { <Skeleton rows=3 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(found) if found.is_empty() => {
                view! {
                    <Empty icon=icons::Note title=say!(me.no_requests) text=say!(me.no_requests_text) />
                }
                    .into_any()
            }
            Load::Ready(_) => ().into_any(),
        }}
    }
}

#[component]
fn Request(request: CorrectionView) -> impl IntoView {
    let (outcome, class, icon) = match request.approved {
        None => (say!(me.waiting), "tag", icons::Pending),
        Some(true) => (say!(attendance.granted), "tag tag-known", icons::Check),
        Some(false) => (say!(attendance.refused), "tag tag-uncertain", icons::Close),
    };
    view! {
        <li class="request me-request" data-testid="me-request">
            <div class="min-w-0">
                <p>
                    <span class="font-medium">{calendar::write(request.day, DayStyle::Long)}</span>
                    <span class="note">" " {request.schedule.name} " · " <Ago at=request.asked_at /></span>
                </p>
                <p class="request-change">
                    <StateChip state=request.current />
                    <Icon icon=icons::Forward class="icon turns text-faint" />
                    <StateChip state=Some(request.state.state()) />
                </p>
                <p class="text-soft break-words">{request.reason}</p>
                {request.decision_note.map(|note| view! { <p class="note break-words">{note}</p> })}
            </div>
            <span class=class>
                <Icon icon />
                {outcome}
            </span>
        </li>
    }
}
