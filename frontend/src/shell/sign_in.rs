//! Signing in: e-mail address and password, and the code of an app where the account has a second step.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{SignIn as Credentials, codes};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::api::use_api;
use crate::language::say;
use crate::session::{Session, use_desk};
use crate::shell::oidc;
use crate::ui::{Icon, Problem, SaveButton, TextField, When, icons};

/// What is typed, in both steps.
#[derive(Clone, Copy)]
struct Form {
    email: RwSignal<String>,
    password: RwSignal<String>,
    code: RwSignal<String>,
    /// Whether the password was right and the code is asked for.
    second: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    code_problem: RwSignal<Option<String>>,
}

impl Form {
    /// Back to the password, which is forgotten.
    fn restart(self) {
        self.second.set(false);
        self.password.set(String::new());
        self.code.set(String::new());
        self.problem.set(None);
        self.code_problem.set(None);
    }
}

#[component]
pub fn SignIn() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let form = Form {
        email: RwSignal::new(String::new()),
        password: RwSignal::new(String::new()),
        code: RwSignal::new(String::new()),
        second: RwSignal::new(false),
        problem: RwSignal::new(oidc::problem()),
        code_problem: RwSignal::new(None),
    };
    let busy = RwSignal::new(false);
    let ended = desk.session.with_untracked(|s| matches!(s, Session::SignedOut { ended: true }));
    document().set_title(say!(sign_in.page_title));
    Effect::new(move |_| focus(if form.second.get() { "sign-in-code" } else { "email" }));

    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let second = form.second.get_untracked();
        let request = Credentials {
            email: form.email.get_untracked().trim().to_owned(),
            password: form.password.get_untracked(),
            totp: second.then(|| form.code.get_untracked().trim().to_owned()),
        };
        form.problem.set(None);
        form.code_problem.set(None);
        if request.email.is_empty() || request.password.is_empty() {
            form.problem.set(Some(say!(sign_in.enter_both).to_owned()));
            return;
        }
        if request.totp.as_ref().is_some_and(String::is_empty) {
            form.code_problem.set(Some(say!(sign_in.enter_code).to_owned()));
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.sign_in(&request).await {
                Ok(view) => desk.enter(view),
                Err(failure) => {
                    match failure.code() {
                        codes::TOTP_REQUIRED => {
                            form.second.try_set(true);
                        }
                        codes::TOTP_WRONG => {
                            form.code_problem.try_set(Some(failure.message()));
                        }
                        // The password was changed meanwhile.
                        codes::WRONG_CREDENTIALS if second => {
                            form.restart();
                            form.problem.try_set(Some(failure.message()));
                        }
                        _ => {
                            form.problem.try_set(Some(failure.message()));
                        }
                    }
                    busy.try_set(false);
                }
            }
        });
    };
    let title = move || if form.second.get() { say!(sign_in.code_title) } else { say!(sign_in.title) };
    view! {
        <main class="sign-in">
            <form class="sign-in-form" on:submit=submit novalidate>
                <span class="sign-in-mark"><Icon icon=icons::Mark class="icon-lg" /></span>
                <h1 class="sign-in-title">{title}</h1>
                {ended.then(|| view! { <p class="sign-in-note">{say!(sign_in.ended)}</p> })}
                <When is=move || form.second.get() otherwise=move || view! { <PasswordStep form /> }>
                    <CodeStep form />
                </When>
                <Problem text=form.problem boxed=true />
                <SaveButton
                    words=say!(sign_in.title)
                    busy_words=say!(sign_in.signing_in)
                    busy
                    testid="sign-in-submit"
                    class="btn-wide"
                />
                <When is=move || form.second.get()>
                    <button type="button" class="link w-fit" on:click=move |_| form.restart()>
                        {say!(sign_in.other_account)}
                    </button>
                </When>
                <oidc::Provider />
            </form>
        </main>
    }
}

#[component]
fn PasswordStep(form: Form) -> impl IntoView {
    view! {
        <TextField
            id="email"
            label=say!(words.email)
            value=form.email
            kind="email"
            inputmode="email"
            autocomplete="username"
            required=true
            testid="sign-in-email"
        />
        <TextField
            id="password"
            label=say!(words.password)
            value=form.password
            kind="password"
            autocomplete="current-password"
            required=true
            testid="sign-in-password"
        />
    }
}

/// The code of the app, or a recovery code in its place: the server takes either.
#[component]
fn CodeStep(form: Form) -> impl IntoView {
    let recovery = RwSignal::new(false);
    let swap = move |_| {
        recovery.update(|recovery| *recovery = !*recovery);
        form.code.set(String::new());
        form.code_problem.set(None);
    };
    view! {
        <When
            is=move || recovery.get()
            otherwise=move || {
                view! {
                    <p class="sign-in-note">{say!(sign_in.code_text)}</p>
                    <TextField
                        id="sign-in-code"
                        label=say!(sign_in.code)
                        value=form.code
                        problem=form.code_problem
                        inputmode="numeric"
                        autocomplete="one-time-code"
                        required=true
                        hint=say!(sign_in.code_six)
                        testid="sign-in-code"
                    />
                }
            }
        >
            <TextField
                id="sign-in-recovery"
                label=say!(sign_in.recovery_code)
                value=form.code
                problem=form.code_problem
                required=true
                hint=say!(sign_in.recovery_hint)
                testid="sign-in-recovery"
            />
        </When>
        <button type="button" class="link w-fit" data-testid="sign-in-swap" on:click=swap>
            {move || if recovery.get() { say!(sign_in.use_app) } else { say!(sign_in.use_recovery) }}
        </button>
    }
}

/// Puts the cursor into a field once it is there.
pub fn focus(id: &'static str) {
    request_animation_frame(move || {
        let field = document().get_element_by_id(id).and_then(|field| field.dyn_into::<HtmlElement>().ok());
        if let Some(field) = field {
            // Fails only for an element that is not on the page.
            let _ = field.focus();
        }
    });
}
