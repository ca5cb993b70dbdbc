//! The user's own password.

use leptos::{ev, prelude::*, task::spawn_local};
use types::ChangePassword;

use crate::api::use_api;
use crate::session::use_desk;
use crate::ui::{SaveButton, TextField, use_toasts};

#[component]
pub fn AccountSection() -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let current = RwSignal::new(String::new());
    let fresh = RwSignal::new(String::new());
    let again = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let current_problem = RwSignal::new(None::<String>);
    let fresh_problem = RwSignal::new(None::<String>);
    let again_problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let request = ChangePassword { current: current.get_untracked(), new: fresh.get_untracked() };
        let length = request.new.chars().count();
        current_problem
            .set(request.current.is_empty().then(|| "Enter the password you sign in with.".to_owned()));
        fresh_problem.set((!(12..=128).contains(&length)).then(|| "Use 12 to 128 characters.".to_owned()));
        again_problem.set((again.get_untracked() != request.new).then(|| "The two do not match.".to_owned()));
        let bad =
            [current_problem, fresh_problem, again_problem].iter().any(|p| p.with_untracked(Option::is_some));
        if bad || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.change_password(&request).await {
                Ok(()) => {
                    toasts.show("Password changed");
                    for field in [current, fresh, again] {
                        field.try_set(String::new());
                    }
                }
                Err(failure) => {
                    let in_new = failure.field("new");
                    current_problem.try_set(
                        failure.field("current").or_else(|| in_new.is_none().then(|| failure.message())),
                    );
                    fresh_problem.try_set(in_new);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">"Account"</h2>
                <p class="note">{move || desk.email()} ", " {move || if desk.is_admin() { "administrator" } else { "guard" }}</p>
            </div>
        </header>
        <form class="form" on:submit=submit novalidate>
            <TextField id="password-current" label="Current password" value=current problem=current_problem kind="password" autocomplete="current-password" required=true />
            <TextField
                id="password-new"
                label="New password"
                value=fresh
                problem=fresh_problem
                kind="password"
                autocomplete="new-password"
                required=true
                hint="At least 12 characters; a few words are easier to keep than signs."
            />
            <TextField id="password-again" label="New password again" value=again problem=again_problem kind="password" autocomplete="new-password" required=true />
            <SaveButton words="Change password" busy_words="Changing…" busy />
        </form>
    }
}
