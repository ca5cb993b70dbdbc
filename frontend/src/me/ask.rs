//! Asking to have a day put right: which day, which period, what it should be, and why.

use chrono::{Days, NaiveDate};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{AskCorrection, DayView, MarkState, PersonId};

use crate::api::use_api;
use crate::attendance::state_name;
use crate::calendar;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Modal, ModalHead, Problem, SaveButton, SelectField, use_toasts};

const LONGEST_REASON: usize = 500;

/// The dialog; `on_asked` is told when the request is on its way to whoever decides.
#[component]
pub fn AskDialog(person: PersonId, on_asked: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let today = calendar::today(desk);
    let day = RwSignal::new(Some(today));
    let period = RwSignal::new("0".to_owned());
    let state = RwSignal::new(MarkState::Present.name().to_owned());
    let reason = RwSignal::new(String::new());
    let reason_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let periods = Loader::<Vec<DayView>>::new();
    Effect::new(move |_| {
        period.set("0".to_owned());
        periods.reset();
        if let Some(day) = day.get() {
            periods.run(async move {
                let page = api.person_days(person, day, day + Days::new(1)).await?;
                Ok(page.items)
            });
        }
    });
    let period_choices = Signal::derive(move || {
        let words = |(at, period): (usize, DayView)| {
            let time = |at| clock::format(at, &desk.timezone(), Style::Minute);
            let words = say!(
                me.period_choice,
                name = period.schedule.name,
                from = time(period.starts_at),
                until = time(period.ends_at),
                state = state_name(period.state),
            );
            (at.to_string(), words)
        };
        periods.value().unwrap_or_default().into_iter().enumerate().map(words).collect::<Vec<_>>()
    });
    let states = MarkState::ALL.map(|state| (state.name().to_owned(), state_name(state.state()).to_owned()));
    let chosen = move || {
        let at: usize = untrack(|| period.get()).parse().ok()?;
        untrack(|| periods.value())?.into_iter().nth(at)
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let why = reason.get_untracked().trim().to_owned();
        let fits = (1..=LONGEST_REASON).contains(&why.chars().count());
        reason_problem.set((!fits).then(|| say!(me.reason_wrong, most = LONGEST_REASON)));
        problem.set(None);
        let wanted =
            MarkState::ALL.into_iter().find(|mark| state.with_untracked(|state| mark.name() == state));
        let (Some(period), Some(wanted)) = (chosen().filter(|_| fits && !busy.get_untracked()), wanted)
        else {
            return;
        };
        let request = AskCorrection {
            person: Some(person),
            schedule: period.schedule.id,
            day: period.day,
            slot: period.slot,
            state: wanted,
            reason: why,
        };
        busy.set(true);
        spawn_local(async move {
            match api.ask_correction(&request).await {
                Ok(()) => {
                    toasts.show(say!(me.asked));
                    on_asked.try_run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    let none = move || periods.value().is_some_and(|periods| periods.is_empty());
    view! {
        <Modal label=say!(me.ask) on_close>
            <ModalHead title=say!(me.ask) on_close />
            <form id="me-ask-form" class="dialog-content form" on:submit=submit novalidate>
                <div class="field">
                    <label class="label" for="ask-day">{say!(words.day)}</label>
                    <input
                        id="ask-day"
                        class="input"
                        type="date"
                        max=today.to_string()
                        prop:value=today.to_string()
                        data-testid="ask-day"
                        aria-describedby="ask-day-note"
                        on:change:target=move |event| day.set(event.target().value().parse::<NaiveDate>().ok())
                    />
                    <p id="ask-day-note" class="note" role="status">
                        {move || match periods.get() {
                            Load::Failed(failure) => failure.message(),
                            _ if none() => say!(me.nothing_that_day).to_owned(),
                            _ => String::new(),
                        }}
                    </p>
                </div>
                <SelectField id="ask-period" label=say!(me.period) value=period choices=period_choices />
                <SelectField
                    id="ask-state"
                    label=say!(me.should_be)
                    value=state
                    choices=Signal::stored(states.to_vec())
                />
                <div class="field">
                    <label class="label" for="ask-reason">{say!(words.reason)}</label>
                    <textarea
                        id="ask-reason"
                        class="input"
                        rows="3"
                        dir="auto"
                        maxlength=LONGEST_REASON.to_string()
                        aria-required="true"
                        aria-invalid=move || reason_problem.with(Option::is_some).then_some("true")
                        aria-describedby="ask-reason-note"
                        data-testid="ask-reason"
                        prop:value=reason
                        on:input:target=move |event| reason.set(event.target().value())
                    ></textarea>
                    <p
                        id="ask-reason-note"
                        class="note"
                        class:problem=move || reason_problem.with(Option::is_some)
                    >
                        {move || reason_problem.get().unwrap_or_else(|| say!(me.reason_hint).to_owned())}
                    </p>
                </div>
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(words.send)
                    busy_words=say!(words.sending)
                    busy
                    disabled=Signal::derive(move || !periods.is_ready() || none())
                    form="me-ask-form"
                    testid="ask-send"
                />
            </footer>
        </Modal>
    }
}
