//! A person's PIN: set, replaced, removed. It is never shown, and nobody can look it up.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{CheckInMeans, PersonId, SetPin};

use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::session::fresh;
use crate::ui::{
    Confirm, Icon, Modal, ModalHead, Moment, Problem, SaveButton, TextField, When, icons, use_toasts,
};

/// What stands against a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weakness {
    /// Not four to eight digits.
    Shape,
    /// All the same.
    Same,
    /// Counting up or down.
    Counting,
}

impl Weakness {
    fn words(self) -> &'static str {
        match self {
            Self::Shape => say!(checkin.pin_shape),
            Self::Same => say!(checkin.pin_same),
            Self::Counting => say!(checkin.pin_counting),
        }
    }
}

/// The rules that the server has too.
fn weakness(pin: &str) -> Option<Weakness> {
    let digits = pin.as_bytes();
    if !(4..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Some(Weakness::Shape);
    }
    let steps = |by: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by);
    if steps(0) {
        Some(Weakness::Same)
    } else if steps(1) || steps(-1) {
        Some(Weakness::Counting)
    } else {
        None
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    Setting,
    Removing,
}

/// Whether there is a PIN, and what can be done with it.
#[component]
pub fn PinPart(person: PersonId, own: bool, means: CheckInMeans, on_change: Callback<()>) -> impl IntoView {
    let doing = RwSignal::new(Doing::Nothing);
    let there = means.pin_set_at;
    let stopped = there.is_some() && means.pin_stopped;
    let on_close = Callback::new(move |()| {
        doing.try_set(Doing::Nothing);
    });
    let on_done = Callback::new(move |()| {
        doing.try_set(Doing::Nothing);
        on_change.run(());
    });
    view! {
        <div class="means" data-testid="pin">
            <span class="row-mark"><Icon icon=icons::Pin /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">{say!(checkin.pin)}</p>
                {match there {
                    Some(at) => {
                        view! {
                            <p class="note">{say!(checkin.pin_set_on)} " " <Moment at style=Style::Full /></p>
                        }
                            .into_any()
                    }
                    None => view! { <p class="note">{say!(checkin.pin_none)}</p> }.into_any(),
                }}
                {stopped
                    .then(|| {
                        view! {
                            <p class="advice-box" role="alert" data-testid="pin-stopped">
                                <Icon icon=icons::Alert />
                                <span>{say!(checkin.pin_stopped)}</span>
                            </p>
                        }
                    })}
                <p class="tags">
                    <button
                        type="button"
                        class="btn btn-small"
                        data-testid="pin-set"
                        on:click=move |_| doing.set(Doing::Setting)
                    >
                        {if there.is_some() { say!(checkin.pin_replace) } else { say!(checkin.pin_set) }}
                    </button>
                    {there
                        .filter(|_| !own)
                        .map(|_| {
                            view! {
                                <button
                                    type="button"
                                    class="btn btn-small btn-quiet btn-quiet-danger"
                                    data-testid="pin-remove"
                                    on:click=move |_| doing.set(Doing::Removing)
                                >
                                    {say!(checkin.pin_remove)}
                                </button>
                            }
                        })}
                </p>
            </div>
        </div>
        <When is=move || doing.get() == Doing::Setting>
            <SetDialog person on_done on_close />
        </When>
        <When is=move || doing.get() == Doing::Removing>
            <RemoveDialog person on_done on_close />
        </When>
    }
}

#[component]
fn SetDialog(person: PersonId, on_done: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (pin, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let pin_problem = RwSignal::new(None::<String>);
    let again_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let typed = pin.get_untracked();
        let weak = weakness(&typed);
        let differs = again.with_untracked(|again| *again != typed);
        pin_problem.set(weak.map(|weak| weak.words().to_owned()));
        again_problem.set((weak.is_none() && differs).then(|| say!(checkin.pin_differs).to_owned()));
        if weak.is_some() || differs || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let request = SetPin { pin: typed };
        spawn_local(async move {
            match fresh(api, move || api.set_pin(person, &request)).await {
                Ok(()) => {
                    toasts.show(say!(checkin.pin_saved));
                    on_done.run(());
                }
                Err(failure) => {
                    let at_pin = failure.field("pin");
                    problem.try_set(at_pin.is_none().then(|| failure.message()));
                    pin_problem.try_set(at_pin);
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=say!(checkin.pin_title) on_close>
            <ModalHead title=say!(checkin.pin_title) on_close />
            <form id="pin-form" class="dialog-content form" on:submit=submit novalidate>
                <p class="text-soft">{say!(checkin.pin_rules)}</p>
                <TextField
                    id="pin-new"
                    label=say!(checkin.pin_new)
                    value=pin
                    problem=pin_problem
                    kind="password"
                    inputmode="numeric"
                    autocomplete="new-password"
                    required=true
                    testid="pin-new"
                />
                <TextField
                    id="pin-again"
                    label=say!(checkin.pin_again)
                    value=again
                    problem=again_problem
                    kind="password"
                    inputmode="numeric"
                    autocomplete="new-password"
                    required=true
                    testid="pin-again"
                />
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy form="pin-form" testid="pin-save" />
            </footer>
        </Modal>
    }
}

#[component]
fn RemoveDialog(person: PersonId, on_done: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let remove = Callback::new(move |()| {
        busy.set(true);
        spawn_local(async move {
            match fresh(api, move || api.remove_pin(person)).await {
                Ok(()) => {
                    toasts.show(say!(checkin.pin_removed));
                    on_done.run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=say!(checkin.pin_remove_title)
            text=say!(checkin.pin_remove_text)
            action=say!(checkin.pin_remove)
            busy
            problem
            on_confirm=remove
            on_close
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_anybody_would_try_first_is_refused() {
        for (pin, weak) in [
            ("4711", None),
            ("90210", None),
            ("13579024", None),
            ("1223", None),
            ("123", Some(Weakness::Shape)),
            ("123456789", Some(Weakness::Shape)),
            ("12a4", Some(Weakness::Shape)),
            ("١٢٣٤", Some(Weakness::Shape)),
            ("0000", Some(Weakness::Same)),
            ("1234", Some(Weakness::Counting)),
            ("98765", Some(Weakness::Counting)),
        ] {
            assert_eq!(weakness(pin), weak, "{pin}");
        }
    }
}
