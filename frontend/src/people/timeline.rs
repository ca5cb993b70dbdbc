//! A person's days, newest first: what each came to, what was put right by hand, and where they were seen.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use leptos::{prelude::*, task::spawn_local};
use types::{ArrivalView, CorrectionView, DayView, PersonId};

use crate::api::{Api, ArrivalQuery, Failure, use_api};
use crate::arrivals::{Arrivals, DoubtMark, method_icon, method_words};
use crate::attendance::{StateChip, state_name};
use crate::calendar::{self, DayStyle};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Pages};
use crate::numbers::fixed;
use crate::review::ArrivalActions;
use crate::session::use_desk;
use crate::ui::{Empty, Entry, Failed, Icon, List, Moment, MoreButton, Skeleton, When, icons};
use crate::watch::use_watch;

const PAGE: u32 = 50;
/// Most days that the server answers at once.
const MOST_DAYS: u64 = 366;

/// What one day was.
#[derive(Clone, Default)]
struct DayLog {
    periods: Vec<DayView>,
    arrivals: Vec<ArrivalView>,
    corrections: Vec<CorrectionView>,
}

/// A person's days. Arrivals come in pages, and the states of the days between them with each page.
#[component]
pub fn TimelineTab(person: PersonId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let arrivals = expect_context::<Arrivals>();
    let log = Pages::<ArrivalView>::new();
    let periods = RwSignal::new(Vec::<DayView>::new());
    let corrections = RwSignal::new(Vec::<CorrectionView>::new());
    let reached = StoredValue::new(None::<NaiveDate>);
    let today = calendar::today(desk);
    let fetch = move |restart: bool| {
        log.fetch(restart, move |after| async move {
            let page = api
                .arrivals(&ArrivalQuery { person: Some(person), limit: PAGE, after, doubtful: false })
                .await?;
            let oldest = page.items.last().and_then(|arrival| day_of(arrival, &untrack(|| desk.timezone())));
            let year = today - Days::new(MOST_DAYS - 1);
            let from = match oldest {
                Some(day) if page.next.is_some() => day,
                Some(day) => day.min(year),
                None => year,
            };
            let to = reached.try_get_value().flatten().filter(|_| !restart).unwrap_or(today + Days::new(1));
            let found = periods_between(api, person, from, to).await?;
            periods.try_update(|periods| {
                if restart {
                    periods.clear();
                }
                periods.extend(found);
            });
            reached.try_set_value(Some(from.min(to)));
            Ok(page)
        });
    };
    fetch(true);
    spawn_local(async move {
        // Without them the timeline is still true, so a failure is not worth a page.
        if let Ok(page) = api.corrections_of(person).await {
            corrections.try_set(page.items);
        }
    });
    if !desk.is_member() {
        use_watch().follow();
    }
    follow(arrivals, person, log);

    let entries = Signal::derive(move || {
        let zone = desk.timezone();
        let mut days = BTreeMap::<NaiveDate, DayLog>::new();
        for period in periods.get() {
            days.entry(period.day).or_default().periods.push(period);
        }
        for arrival in log.items.get() {
            if let Some(day) = day_of(&arrival, &zone) {
                days.entry(day).or_default().arrivals.push(arrival);
            }
        }
        for correction in corrections.get() {
            days.entry(correction.day).or_default().corrections.push(correction);
        }
        days.into_iter().rev().map(|(day, log)| entry(day, log)).collect::<Vec<_>>()
    });
    let nothing = Memo::new(move |_| entries.with(Vec::is_empty));
    let zone = move || Some(desk.timezone()).filter(|zone| !zone.is_empty() && *zone != clock::own_zone());
    view! {
        {move || zone().map(|zone| view! { <p class="note mb-3">{say!(people.times_in_zone, zone = zone)}</p> })}
        <ol class="log" aria-label=say!(people.timeline_label)>
            <List entries />
        </ol>
        {move || {
            let retry = Callback::new(move |()| fetch(log.items.with_untracked(Vec::is_empty)));
            match (log.state.get(), nothing.get()) {
                (Load::Waiting, true) => view! { <Skeleton rows=6 /> }.into_any(),
                (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                (Load::Ready(()), true) => {
                    view! {
                        <Empty
                            icon=icons::Feed
                            title=say!(people.not_seen)
                            text=say!(people.not_seen_text)
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

fn day_of(arrival: &ArrivalView, zone: &str) -> Option<NaiveDate> {
    clock::format(arrival.at, zone, Style::Key).parse().ok()
}

/// The periods of the days `[from, to)`, as many questions as that takes.
async fn periods_between(
    api: Api,
    person: PersonId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<DayView>, Failure> {
    let (mut found, mut to) = (Vec::new(), to);
    while from < to {
        let start = from.max(to - Days::new(MOST_DAYS));
        found.extend(api.person_days(person, start, to).await?.items);
        to = start;
    }
    Ok(found)
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

/// A day that has changed is another entry, so that it is made anew.
fn entry(day: NaiveDate, mut log: DayLog) -> Entry {
    log.periods.sort_by_key(|period| (period.starts_at, period.slot));
    let mut key = day.to_string();
    for period in &log.periods {
        key += &format!(" {}{}{}", period.schedule.id, period.slot, period.state.name());
    }
    for arrival in &log.arrivals {
        key += &format!(" {}", arrival.id);
    }
    for correction in &log.corrections {
        key += &format!(" {}", correction.id);
    }
    Entry::new(key, move || view! { <Day day log=log.clone() /> }.into_any())
}

#[component]
fn Day(day: NaiveDate, log: DayLog) -> impl IntoView {
    let DayLog { periods, arrivals, corrections } = log;
    let corrections: Vec<AnyView> = corrections
        .into_iter()
        .map(|correction| {
            let own = |period: &&DayView| {
                (period.schedule.id, period.slot) == (correction.schedule.id, correction.slot)
            };
            let times = periods.iter().find(own).map(|period| (period.starts_at, period.ends_at));
            view! { <CorrectionRow correction times /> }.into_any()
        })
        .collect();
    view! {
        <li class="log-entry" data-testid="log-day">
            <h2 class="log-day">{calendar::write(day, DayStyle::Full)}</h2>
            {(!periods.is_empty())
                .then(|| {
                    view! {
                        <ul class="periods">
                            {periods.into_iter().map(|period| view! { <PeriodRow period /> }).collect_view()}
                        </ul>
                    }
                })}
            {corrections}
            {arrivals.into_iter().map(|arrival| view! { <ArrivalRow arrival /> }).collect_view()}
        </li>
    }
}

/// One period of a day: its state, when it was, and what made it so.
#[component]
pub fn PeriodRow(period: DayView) -> impl IntoView {
    let desk = use_desk();
    let (starts, ends) = (period.starts_at, period.ends_at);
    let times = move || {
        let zone = desk.timezone();
        let time = |at| clock::format(at, &zone, Style::Minute);
        say!(people.times, start = time(starts), end = time(ends))
    };
    let minutes = |count: i32, words: fn(i32) -> String| (count > 0).then(|| words(count));
    let late = minutes(period.late_minutes, |count| say!(people.minutes_late, count = count));
    let early = minutes(period.early_minutes, |count| say!(people.minutes_early, count = count));
    // Of a period that has not been held there is nothing to tell.
    let worked = period
        .worked_minutes
        .filter(|minutes| *minutes > 0 || period.first_in.is_some())
        .map(|minutes| say!(people.worked, hours = minutes / 60, minutes = format!("{:02}", minutes % 60)));
    view! {
        <li class="day-period" data-testid="period" data-state=period.state.name()>
            <StateChip state=Some(period.state) />
            <span class="day-period-what">
                <span class="truncate">{period.schedule.name}</span>
                <span class="day-period-time tabular">{times}</span>
            </span>
            <span class="day-period-facts note">
                {[late, early, worked]
                    .into_iter()
                    .flatten()
                    .map(|fact| view! { <span>{fact}</span> })
                    .collect_view()}
                {period.by_hand.then(|| view! { <span class="tag">{say!(people.by_hand)}</span> })}
            </span>
            {period
                .note
                .filter(|note| !note.is_empty())
                .map(|note| view! { <p class="day-period-note text-soft break-words" dir="auto">{note}</p> })}
        </li>
    }
}

#[component]
fn CorrectionRow(
    correction: CorrectionView,
    /// When its period is.
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> impl IntoView {
    let by = |user: types::UserRef| user.email.unwrap_or_else(|| say!(people.somebody).to_owned());
    let state = state_name(correction.state.state());
    let decided_by = correction.decided_by.map(by);
    let outcome = match (correction.approved, decided_by) {
        (None, _) => say!(people.correction_open).to_owned(),
        (Some(true), Some(who)) => say!(people.correction_granted_by, who = who),
        (Some(false), Some(who)) => say!(people.correction_refused_by, who = who),
        (Some(true), None) => say!(people.correction_granted).to_owned(),
        (Some(false), None) => say!(people.correction_refused).to_owned(),
    };
    view! {
        <div class="log-row log-correction" data-testid="log-correction">
            <Icon icon=icons::Edit class="icon text-faint" />
            <div class="log-words">
                <p>
                    {say!(people.correction_asked, who = by(correction.asked_by), state = state)} " "
                    <span class="note">
                        <bdi>{correction.schedule.name}</bdi>
                        {times
                            .map(|(starts, ends)| {
                                view! {
                                    " · "
                                    <bdi class="nowrap">
                                        <Moment at=starts style=Style::Minute /> "–" <Moment at=ends style=Style::Minute />
                                    </bdi>
                                }
                            })}
                    </span>
                </p>
                <p class="text-soft break-words" dir="auto">{correction.reason}</p>
                {correction.decision_note.map(|note| view! { <p class="note break-words" dir="auto">{note}</p> })}
            </div>
            <span class="tag">{outcome}</span>
        </div>
    }
}

#[component]
fn ArrivalRow(arrival: ArrivalView) -> impl IntoView {
    let desk = use_desk();
    let shown = RwSignal::new(Some(arrival));
    let on_settled = Callback::new(move |settled| shown.set(settled));
    move || {
        let arrival = shown.get()?;
        let (method, actions) = (arrival.method, (!desk.is_member()).then(|| arrival.clone()));
        Some(view! {
        <div class="log-row" data-testid="log-item">
            <Moment at=arrival.at style=Style::Second />
            <span class="log-feed truncate">
                <Icon icon=icons::Feed class="icon text-faint" />
                <span class="truncate">{arrival.feed.name}</span>
            </span>
            {arrival.doubt.map(|doubt| view! { <DoubtMark doubt /> })}
            {actions.map(|arrival| view! { <ArrivalActions arrival on_settled /> })}
            <span class="log-how">
                <Icon icon=method_icon(method) class="icon text-faint" />
                {method_words(method)}
                {arrival
                    .similarity
                    .map(|score| view! { <span class="tabular">{format!(" {}", fixed(f64::from(score), 2))}</span> })}
            </span>
        </div>
        })
    }
}
