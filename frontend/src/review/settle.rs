//! What can be said about an arrival: that it is right, or that it counts no more.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{ArrivalView, PersonId, ReassignArrival, VoidArrival};

use super::name::PersonChoice;
use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::language::say;
use crate::ui::{Icon, Modal, ModalHead, Problem, SaveButton, TextField, When, icons, use_toasts};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// The buttons. `on_settled` gets the arrival as it is then, or nothing where it counts no more.
#[component]
pub fn ArrivalActions(
    /// The arrival.
    arrival: ArrivalView,
    /// It was settled.
    on_settled: Callback<Option<ArrivalView>>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let voiding = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let id = arrival.id;
    let name = arrival.person.name.clone();
    let doubtful = arrival.doubt.is_some();
    let right = ArrivalView { doubt: None, ..arrival };
    let confirm = move |_| {
        let right = right.clone();
        busy.set(true);
        spawn_local(async move {
            match api.confirm_arrival(id).await {
                Ok(()) => {
                    toasts.show(say!(review.noted_right));
                    arrivals.settle(id, Some(right.clone()));
                    on_settled.run(Some(right));
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    let on_voided = Callback::new(move |()| {
        voiding.try_set(false);
        arrivals.settle(id, None);
        on_settled.run(None);
    });
    view! {
        <div class="arrival-actions">
            {doubtful
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="btn btn-small"
                            data-testid="arrival-confirm"
                            disabled=busy
                            on:click=confirm
                        >
                            <Icon icon=icons::Check />
                            {say!(review.is_right)}
                        </button>
                    }
                })}
            <button
                type="button"
                class="btn btn-small btn-quiet"
                data-testid="arrival-void"
                on:click=move |_| voiding.set(true)
            >
                {say!(review.take_back)}
            </button>
        </div>
        <When is=move || voiding.get()>
            <VoidDialog
                id
                name=name.clone()
                on_voided
                on_close=Callback::new(move |()| voiding.set(false))
            />
        </When>
    }
}

#[component]
fn VoidDialog(
    id: types::ArrivalId,
    name: String,
    on_voided: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let reason = RwSignal::new(String::new());
    let somebody_else = RwSignal::new(false);
    let who = RwSignal::new(None::<PersonId>);
    let arrivals = expect_context::<Arrivals>();
    let reason_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let text = reason.get_untracked().trim().to_owned();
        let good = (1..=LONGEST_REASON).contains(&text.chars().count());
        reason_problem.set((!good).then(|| say!(review.void_reason_wrong, most = LONGEST_REASON)));
        if !good || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let not_this_person = somebody_else.get_untracked();
        let whose = who.get_untracked().filter(|_| not_this_person);
        let done = match whose {
            Some(person) => api.reassign_arrival(id, &ReassignArrival { person, reason: text }),
            None => api.void_arrival(id, &VoidArrival { reason: text, not_this_person }),
        };
        spawn_local(async move {
            match done.await {
                Ok(()) => {
                    toasts.show(if whose.is_some() {
                        say!(review.given_on)
                    } else {
                        say!(review.taken_back)
                    });
                    on_voided.run(());
                    if whose.is_some() {
                        arrivals.refresh();
                    }
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    let title = say!(review.void_title, name = name);
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <form id="void-form" class="dialog-content form" on:submit=submit novalidate>
                <p class="text-soft">{say!(review.void_text)}</p>
                <TextField
                    id="void-reason"
                    label=say!(words.reason)
                    value=reason
                    problem=reason_problem
                    required=true
                    testid="void-reason"
                />
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=somebody_else
                        on:change:target=move |event| somebody_else.set(event.target().checked())
                    />
                    <span>{say!(review.void_somebody)}</span>
                </label>
                <When is=move || somebody_else.get()>
                    <p class="note">{say!(review.void_who)}</p>
                    <PersonChoice who suggested=Vec::new() />
                </When>
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(review.take_back_now)
                    busy_words=say!(words.saving)
                    busy
                    form="void-form"
                    testid="void-save"
                />
            </footer>
        </Modal>
    }
}
