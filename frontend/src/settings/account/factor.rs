//! One's own second step at sign-in: setting it up and switching it off.

use leptos::{ev, prelude::*, task::spawn_local};
use types::ConfirmSession;

use crate::account::SetUp;
use crate::api::use_api;
use crate::language::say;
use crate::session::use_desk;
use crate::ui::{Modal, ModalHead, Problem, SaveButton, TextField, When, use_toasts};

#[component]
pub fn FactorPart() -> impl IntoView {
    let desk = use_desk();
    // The set-up stays until its codes are kept, although the second step counts before.
    let setting_up = RwSignal::new(!desk.second_factor.get_untracked());
    let removing = RwSignal::new(false);
    let on_done = Callback::new(move |()| setting_up.set(false));
    let on_close = Callback::new(move |removed: bool| {
        removing.set(false);
        setting_up.set(removed);
    });
    let is_on = move || desk.second_factor.get();
    view! {
        <section aria-labelledby="factor-title">
            <h3 id="factor-title" class="label no-print">
                {say!(account.factor_title)}
                <span class="tag" class:tag-known=is_on data-testid="factor-state">
                    {move || if is_on() { say!(account.factor_on) } else { say!(account.factor_off) }}
                </span>
            </h3>
            <p class="note measure no-print">{say!(account.factor_text)}</p>
            <div class="mt-3">
                <When
                    is=move || setting_up.get()
                    otherwise=move || {
                        view! {
                            <button
                                type="button"
                                class="btn"
                                data-testid="factor-remove"
                                on:click=move |_| removing.set(true)
                            >
                                {say!(account.factor_remove)}
                            </button>
                        }
                    }
                >
                    <SetUp on_done />
                </When>
            </div>
            <When is=move || removing.get()>
                <Removal on_close />
            </When>
        </section>
    }
}

/// Asks for password and code, which the server wants at once. Closes with whether the second step is off.
#[component]
fn Removal(on_close: Callback<bool>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let password = RwSignal::new(String::new());
    let code = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let password_problem = RwSignal::new(None::<String>);
    let code_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let leave = Callback::new(move |()| on_close.run(false));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let totp = code.get_untracked().trim().to_owned();
        let request = ConfirmSession { password: password.get_untracked(), totp: Some(totp.clone()) };
        password_problem.set(request.password.is_empty().then(|| say!(sign_in.enter_password).to_owned()));
        code_problem.set(totp.is_empty().then(|| say!(sign_in.enter_code).to_owned()));
        problem.set(None);
        if request.password.is_empty() || totp.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.remove_totp(&request).await {
                Ok(()) => {
                    toasts.show(say!(account.factor_removed));
                    desk.second_factor.set(false);
                    on_close.run(true);
                }
                Err(failure) => {
                    let wrong_password = failure.field("password").is_some();
                    let wrong_code = failure.field("totp").is_some();
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
        <Modal label=say!(account.factor_remove_title) on_close=leave>
            <ModalHead title=say!(account.factor_remove_title) on_close=leave />
            <form id="factor-removal" class="dialog-content" on:submit=submit novalidate>
                <p class="text-soft">{say!(account.factor_remove_text)}</p>
                <TextField
                    id="removal-password"
                    label=say!(words.password)
                    value=password
                    problem=password_problem
                    kind="password"
                    autocomplete="current-password"
                    required=true
                />
                <TextField
                    id="removal-code"
                    label=say!(sign_in.code)
                    value=code
                    problem=code_problem
                    autocomplete="one-time-code"
                    required=true
                    hint=say!(sign_in.code_hint)
                />
                <Problem text=problem boxed=true />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| leave.run(())>{say!(words.keep)}</button>
                <SaveButton
                    words=say!(account.factor_remove)
                    busy_words=say!(account.factor_confirming)
                    busy
                    form="factor-removal"
                    testid="factor-removal-submit"
                />
            </footer>
        </Modal>
    }
}
