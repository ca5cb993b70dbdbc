//! What one asked to have put right, and what became of it.

use chrono::{DateTime, Days, Utc};
use leptos::prelude::*;
use types::{CorrectionView, DayView, PersonId};

use crate::api::use_api;
use crate::attendance::StateChange;
use crate::calendar::{self, DayStyle};
use crate::clock::Style;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Ago, Empty, Entry, Failed, Icon, List, Moment, Skeleton, icons};

/// Most days that the server answers at once.
const MOST_DAYS: u64 = 366;

/// When the period is, as far as that is known, and what was asked about it.
type Asked = (Option<(DateTime<Utc>, DateTime<Utc>)>, CorrectionView);

/// One's requests, newest first; `asked` changes when there is another.
#[component]
pub fn Requests(person: PersonId, asked: RwSignal<u32>) -> impl IntoView {
    let api = use_api();
    let requests = Loader::<Vec<Asked>>::new();
    let read = Callback::new(move |()| {
        requests.run(async move {
            let requests = api.corrections_of(person).await?.items;
            let days = requests.iter().map(|request| request.day);
            let first = days.clone().max().map(|last| last - Days::new(MOST_DAYS - 1));
            let periods = match first.max(days.clone().min()).zip(days.max()) {
                // They say when it was; a request can be read without.
                Some((first, last)) => {
                    let page = api.person_days(person, first, last + Days::new(1)).await;
                    page.map(|page| page.items).unwrap_or_default()
                }
                None => Vec::new(),
            };
            let period = |request: &CorrectionView| {
                let own = |period: &&DayView| {
                    (period.day, period.schedule.id, period.slot)
                        == (request.day, request.schedule.id, request.slot)
                };
                periods.iter().find(own).map(|period| (period.starts_at, period.ends_at))
            };
            Ok(requests.into_iter().map(|request| (period(&request), request)).collect())
        });
    });
    Effect::new(move |_| {
        asked.track();
        read.run(());
    });
    let entry = |(period, request): Asked| {
        let key = format!("{} {:?}", request.id, request.approved);
        Entry::new(key, move || view! { <Request request=request.clone() period /> }.into_any())
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
fn Request(request: CorrectionView, period: Option<(DateTime<Utc>, DateTime<Utc>)>) -> impl IntoView {
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
                    " · " <bdi>{request.schedule.name}</bdi>
                    {period
                        .map(|(starts, ends)| {
                            view! {
                                " · "
                                <bdi class="nowrap">
                                    <Moment at=starts style=Style::Minute /> "–" <Moment at=ends style=Style::Minute />
                                </bdi>
                            }
                        })}
                    <span class="note">" · " <Ago at=request.asked_at /></span>
                </p>
                <StateChange current=request.current wanted=request.state approved=request.approved />
                <p class="text-soft break-words" dir="auto">{request.reason}</p>
                {request.decision_note.map(|note| view! { <p class="note break-words" dir="auto">{note}</p> })}
            </div>
            <span class=class>
                <Icon icon />
                {outcome}
            </span>
        </li>
    }
}
