//! The password once more, for what needs it to have been given lately.

use leptos::{ev, prelude::*, task::spawn_local};
use types::ConfirmSession;

use super::oidc::ConfirmAtProvider;
use super::parts;
use super::sign_in::focus;
use crate::api::use_api;
use crate::language::say;
use crate::session::use_desk;
use crate::ui::{Later, Modal, ModalHead, Problem, SaveButton, TextField, When};

/// The question, while something waits for its answer (`session::fresh`).
#[component]
pub fn Confirmation() -> impl IntoView {
    let open = use_api().confirming.open;
    view! {
        <When is=move || open.get()>
            <Later fetch=parts::confirmation() />
        </When>
    }
}

/// The question itself: the password, or the way to the provider that knows the account.
#[component]
pub fn Question() -> impl IntoView {
    let (confirming, desk) = (use_api().confirming, use_desk());
    let on_close = Callback::new(move |()| confirming.settle(false));
    view! {
        <When is=move || desk.password.get() otherwise=move || view! { <ConfirmAtProvider on_close /> }>
            <PasswordQuestion />
        </When>
    }
}

#[component]
fn PasswordQuestion() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let password = RwSignal::new(String::new());
    let code = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let password_problem = RwSignal::new(None::<String>);
    let code_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let on_close = Callback::new(move |()| api.confirming.settle(false));
    Effect::new(|_| focus("confirmation-password"));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let with_code = desk.second_factor.get_untracked();
        let totp = Some(code.get_untracked()).filter(|code| with_code && !code.trim().is_empty());
        let request = ConfirmSession { password: password.get_untracked(), totp };
        let no_password = request.password.is_empty();
        let no_code = with_code && request.totp.is_none();
        password_problem.set(no_password.then(|| say!(sign_in.enter_password).to_owned()));
        code_problem.set(no_code.then(|| say!(sign_in.enter_code).to_owned()));
        problem.set(None);
        if no_password || no_code {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.confirm_session(&request).await {
                Ok(()) => api.confirming.settle(true),
                Err(failure) => {
                    let wrong_password = failure.field("password").is_some();
                    let wrong_code = failure.field("totp").is_some();
                    if wrong_code {
                        // Set up elsewhere since this page was loaded.
                        desk.second_factor.set(true);
                    }
                    password_problem.try_set(wrong_password.then(|| say!(sign_in.wrong_password).to_owned()));
                    code_problem.try_set(wrong_code.then(|| say!(sign_in.wrong_code).to_owned()));
                    if !wrong_password && !wrong_code {
                        problem.try_set(Some(failure.message()));
                    }
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=say!(sign_in.confirm_title) on_close>
            <ModalHead title=say!(sign_in.confirm_title) on_close />
            <form id="confirmation" class="dialog-content" on:submit=submit novalidate>
                <p class="text-soft">{say!(sign_in.confirm_text)}</p>
                // Tells password managers whose password it is.
                <input type="text" class="hidden" autocomplete="username" prop:value=desk.email() tabindex="-1" aria-hidden="true" />
                <TextField
                    id="confirmation-password"
                    label=say!(words.password)
                    value=password
                    problem=password_problem
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    testid="confirmation-password"
                />
                <When is=move || desk.second_factor.get()>
                    <TextField
                        id="confirmation-code"
                        label=say!(sign_in.code)
                        value=code
                        problem=code_problem
                        autocomplete="one-time-code"
                        required=true
                        hint=say!(sign_in.code_hint)
                        testid="confirmation-code"
                    />
                </When>
                <Problem text=problem boxed=true />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>
                    {say!(words.cancel)}
                </button>
                <SaveButton
                    words=say!(sign_in.confirm)
                    busy_words=say!(sign_in.confirming)
                    busy
                    form="confirmation"
                    testid="confirmation-submit"
                />
            </footer>
        </Modal>
    }
}
