//! Requests to put a day right: what is asked, by whom, and the decision.

use chrono::NaiveDate;
use leptos::{prelude::*, task::spawn_local};
use types::{AttendanceState, CorrectionView, DecideCorrection, MarkState, ScheduleView};

use super::words::{self, StateChip};
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::{Load, Loader, Pages};
use crate::ui::{
    Ago, Avatar, Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons, use_toasts,
};

/// Open requests first; those that were decided are a switch away.
#[component]
pub fn Corrections() -> impl IntoView {
    let api = use_api();
    let pages = Pages::<CorrectionView>::new();
    let open = RwSignal::new(true);
    let fetch = move |restart: bool| {
        let open = open.get_untracked();
        pages.fetch(restart, move |after| async move { api.corrections(open, after.as_deref()).await });
    };
    fetch(true);
    let show = move |what: bool| {
        open.set(what);
        fetch(true);
    };
    let segment = move |what: bool, label: &'static str| {
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || if open.get() == what { "true" } else { "false" }
                on:click=move |_| show(what)
            >
                {label}
            </button>
        }
    };
    let decided = Callback::new(move |()| fetch(true));
    // They name the periods; a request can be read without, so a failure is not worth a page.
    let schedules = Loader::<Vec<ScheduleView>>::new();
    schedules.run(async move { api.schedules().await.map(|page| page.items) });
    let entry = move |request: CorrectionView| {
        Entry::new(request.id, move || {
            view! { <Request request=request.clone() schedules decided /> }.into_any()
        })
    };
    let entries = Signal::derive(move || pages.items.get().into_iter().map(entry).collect());
    view! {
        <div class="toolbar">
            <div class="segments" role="group" aria-label=say!(attendance.which_requests)>
                {segment(true, say!(attendance.open))} {segment(false, say!(attendance.decided))}
            </div>
        </div>
        <ul class="requests" data-testid="corrections">
            <List entries />
        </ul>
        {move || {
            let retry = Callback::new(move |()| fetch(true));
            match (pages.state.get(), pages.items.with(Vec::is_empty)) {
                (Load::Waiting, true) => view! { <Skeleton rows=5 /> }.into_any(),
                (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                (Load::Ready(()), true) if open.get() => {
                    view! {
                        <Empty
                            icon=icons::Good
                            title=say!(attendance.nothing_to_decide)
                            text=say!(attendance.nothing_to_decide_text)
                        />
                    }
                        .into_any()
                }
                (Load::Ready(()), true) => view! { <Empty icon=icons::Note title=say!(attendance.nothing_decided) /> }.into_any(),
                _ => ().into_any(),
            }
        }}
        <When is=move || pages.has_more()>
            <MoreButton
                busy=Signal::derive(move || pages.state.with(|state| *state == Load::Waiting))
                on_more=Callback::new(move |()| fetch(false))
            />
        </When>
    }
}

/// Which period of a schedule a slot was on a day, in words: its name and its times.
fn period_words(schedule: &ScheduleView, day: NaiveDate, slot: i16) -> Option<String> {
    let version = schedule.versions.iter().rfind(|version| version.from_day <= day)?;
    let slot = version.rules.slots.get(usize::try_from(slot).ok()?)?;
    let times = format!("{}–{}", slot.start, slot.end);
    Some(match &slot.name {
        Some(name) => format!("{name} {times}"),
        None => times,
    })
}

/// What a request would change. What it was before one was granted is not kept, so that shows what it became alone.
#[component]
pub fn StateChange(
    /// What it is now.
    current: Option<AttendanceState>,
    /// What it should be.
    wanted: MarkState,
    /// Whether it was granted; none while it is open.
    approved: Option<bool>,
) -> impl IntoView {
    let before = (approved != Some(true) && current != Some(wanted.state())).then(|| {
        view! {
            <StateChip state=current />
            <Icon icon=icons::Forward class="icon turns text-faint" />
        }
    });
    view! {
        <p class="request-change">
            {before}
            <StateChip state=Some(wanted.state()) />
        </p>
    }
}

#[component]
fn Request(
    request: CorrectionView,
    schedules: Loader<Vec<ScheduleView>>,
    decided: Callback<()>,
) -> impl IntoView {
    let CorrectionView {
        id, person, schedule, day, slot, state, current, reason, asked_at, approved, ..
    } = request;
    let period = move || {
        schedules
            .value()
            .and_then(|known| period_words(&known.into_iter().find(|one| one.id == schedule.id)?, day, slot))
    };
    let by = request.decided_by.and_then(|user| user.email);
    view! {
        <li class="request" data-testid="correction">
            <Avatar person=person.id name=person.name.clone() photo=person.photo />
            <div class="min-w-0 request-body">
                <p>
                    <a class="row-name" href=format!("/people/{}", person.id)><bdi>{person.name.clone()}</bdi></a>
                </p>
                <p>
                    {calendar::write(day, DayStyle::Medium)} " · " <bdi>{schedule.name}</bdi>
                    {move || period().map(|words| view! { " · " <bdi class="tabular">{words}</bdi> })}
                    <span class="note">" · " <Ago at=asked_at /></span>
                </p>
                <StateChange current wanted=state approved />
                <p class="text-soft break-words" dir="auto">{reason}</p>
                {request.decision_note.map(|note| view! { <p class="note break-words" dir="auto">{note}</p> })}
            </div>
            {match approved {
                None => view! { <Decision id words=words::name(state.state()) decided /> }.into_any(),
                Some(approved) => {
                    let what = match (approved, by) {
                        (true, Some(by)) => say!(attendance.granted_by, by = by),
                        (true, None) => say!(attendance.granted).to_owned(),
                        (false, Some(by)) => say!(attendance.refused_by, by = by),
                        (false, None) => say!(attendance.refused).to_owned(),
                    };
                    view! { <span class="tag">{what}</span> }.into_any()
                }
            }}
        </li>
    }
}

/// Grants or refuses, with a word to it.
#[component]
fn Decision(id: types::CorrectionId, words: &'static str, decided: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (note, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let decide = move |approved: bool| {
        busy.set(true);
        let note = Some(note.get_untracked().trim().to_owned()).filter(|note| !note.is_empty());
        spawn_local(async move {
            match api.decide_correction(id, &DecideCorrection { approved, note }).await {
                Ok(()) => {
                    toasts.show(if approved {
                        say!(attendance.marked_as, state = words)
                    } else {
                        say!(attendance.refused).to_owned()
                    });
                    decided.try_run(());
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="request-decision">
            <input
                class="input"
                maxlength="500"
                placeholder=say!(attendance.word_to_it_optional)
                aria-label=say!(attendance.word_to_it)
                prop:value=note
                on:input:target=move |event| note.set(event.target().value())
            />
            <button type="button" class="btn" disabled=busy on:click=move |_| decide(false)>{say!(attendance.refuse)}</button>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="correction-grant"
                disabled=busy
                on:click=move |_| decide(true)
            >
                {say!(attendance.grant)}
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_period() {
        let schedule: ScheduleView = serde_json::from_value(serde_json::json!({
            "id": "6f1cd2f0-4c6f-4f0e-8a52-111111111111", "name": "5A", "kind": "period", "timezone": null,
            "versions": [
                { "from_day": "2026-01-01", "rules": { "slots": [
                    { "days": ["mon"], "start": "08:00", "end": "08:45" }] } },
                { "from_day": "2026-09-01", "rules": { "slots": [
                    { "name": "Maths", "days": ["mon"], "start": "08:15", "end": "09:00" }] } }],
            "groups": [], "created_at": "2026-01-01T00:00:00Z",
        }))
        .expect("a schedule");
        let words = |day: &str, slot| period_words(&schedule, day.parse().expect("a day"), slot);
        assert_eq!(words("2026-08-31", 0).as_deref(), Some("08:00–08:45"));
        assert_eq!(words("2026-09-01", 0).as_deref(), Some("Maths 08:15–09:00"));
        assert_eq!((words("2026-09-01", 1), words("2025-12-31", 0)), (None, None));
    }
}
