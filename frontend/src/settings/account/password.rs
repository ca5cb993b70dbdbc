//! Changing one's own password.

use leptos::{ev, prelude::*, task::spawn_local};
use types::ChangePassword;

use crate::account::{NewPassword, NewPasswordFields};
use crate::api::use_api;
use crate::language::say;
use crate::ui::{Problem, SaveButton, TextField, use_toasts};

#[component]
pub fn PasswordPart() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let current = RwSignal::new(String::new());
    let new = NewPassword::new();
    let busy = RwSignal::new(false);
    let current_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let no_current = current.with_untracked(String::is_empty);
        current_problem.set(no_current.then(|| say!(sign_in.enter_password).to_owned()));
        problem.set(None);
        let Some(text) = new.checked().filter(|_| !no_current && !busy.get_untracked()) else { return };
        let request = ChangePassword { current: current.get_untracked(), new: text };
        busy.set(true);
        spawn_local(async move {
            match api.change_password(&request).await {
                Ok(()) => {
                    toasts.show(say!(account.password_changed));
                    current.try_set(String::new());
                    new.clear();
                }
                Err(failure) => {
                    let (wrong, in_new) = (failure.field("current").is_some(), failure.field("new"));
                    current_problem.try_set(wrong.then(|| say!(sign_in.wrong_password).to_owned()));
                    problem.try_set((!wrong && in_new.is_none()).then(|| failure.message()));
                    new.problem.try_set(in_new);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="no-print" aria-labelledby="password-title">
            <h3 id="password-title" class="label">{say!(account.password_title)}</h3>
            <p class="note">{say!(account.password_text)}</p>
            <form class="form mt-3" on:submit=submit novalidate>
                <TextField
                    id="password-current"
                    label=say!(words.current_password)
                    value=current
                    problem=current_problem
                    kind="password"
                    autocomplete="current-password"
                    required=true
                />
                <NewPasswordFields new />
                <Problem text=problem boxed=true />
                <SaveButton
                    words=say!(account.password_change)
                    busy_words=say!(account.password_changing)
                    busy
                    testid="password-change"
                />
            </form>
        </section>
    }
}
