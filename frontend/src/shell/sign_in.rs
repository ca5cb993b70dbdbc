//! Signing in.

use leptos::{ev, prelude::*, task::spawn_local};
use types::SignIn as Credentials;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::api::use_api;
use crate::session::{Session, use_desk};
use crate::shell::oidc;
use crate::ui::{Icon, Problem, SaveButton, TextField, icons};

#[component]
pub fn SignIn() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(oidc::problem());
    let ended = desk.session.with_untracked(|s| matches!(s, Session::SignedOut { ended: true }));
    document().set_title("Sign in – Attendance");
    Effect::new(|_| {
        let field =
            document().get_element_by_id("email").and_then(|field| field.dyn_into::<HtmlElement>().ok());
        if let Some(field) = field {
            // Fails only for an element that is not on the page.
            let _ = field.focus();
        }
    });

    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let request = Credentials {
            email: email.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            totp: None,
        };
        if request.email.is_empty() || request.password.is_empty() {
            problem.set(Some("Enter your e-mail address and your password.".to_owned()));
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.sign_in(&request).await {
                Ok(view) => desk.session.set(Session::SignedIn(view.user)),
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <main class="sign-in">
            <form class="sign-in-form" on:submit=submit novalidate>
                <span class="sign-in-mark"><Icon icon=icons::Mark class="icon-lg" /></span>
                <h1 class="sign-in-title">"Sign in"</h1>
                {ended.then(|| view! { <p class="sign-in-note">"Your session has ended. Sign in again."</p> })}
                <TextField
                    id="email"
                    label="E-mail"
                    value=email
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    required=true
                    testid="sign-in-email"
                />
                <TextField
                    id="password"
                    label="Password"
                    value=password
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    testid="sign-in-password"
                />
                <Problem text=problem boxed=true />
                <SaveButton
                    words="Sign in"
                    busy_words="Signing in…"
                    busy
                    testid="sign-in-submit"
                    class="btn-wide"
                />
                <oidc::Provider />
            </form>
        </main>
    }
}
