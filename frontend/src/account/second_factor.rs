//! Setting up the second step: a QR code for the app, a first code from it, the recovery codes.

use leptos::{ev, prelude::*, task::spawn_local};
use types::TotpEnrolment;

use super::recovery_codes::RecoveryCodes;
use crate::api::use_api;
use crate::language::say;
use crate::session::{fresh, use_desk};
use crate::ui::{Problem, SaveButton, TextField};

#[derive(Clone, PartialEq)]
enum Stage {
    Before,
    /// The app has yet to be shown its secret.
    Scanning(TotpEnrolment),
    /// The second step counts.
    Kept(Vec<String>),
}

/// From the button to the recovery codes.
#[component]
pub fn SetUp(
    /// The codes are kept.
    on_done: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let stage = RwSignal::new(Stage::Before);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let begin = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match fresh(api, move || api.begin_totp()).await {
                Ok(enrolment) => {
                    stage.try_set(Stage::Scanning(enrolment));
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    let kept = Callback::new(move |codes| stage.set(Stage::Kept(codes)));
    move || {
        match stage.get() {
        Stage::Before => view! {
            <div class="grid gap-2">
                <button
                    type="button"
                    class="btn btn-primary w-fit"
                    data-testid="factor-begin"
                    disabled=busy
                    on:click=begin
                >
                    {move || if busy.get() { say!(account.factor_beginning) } else { say!(account.factor_begin) }}
                </button>
                <Problem text=problem />
            </div>
        }
        .into_any(),
        Stage::Scanning(enrolment) => view! { <Scan enrolment kept /> }.into_any(),
        Stage::Kept(codes) => view! { <RecoveryCodes codes on_done /> }.into_any(),
    }
    }
}

#[component]
fn Scan(enrolment: TotpEnrolment, kept: Callback<Vec<String>>) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let code = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let code_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed: String = code.get_untracked().chars().filter(char::is_ascii_digit).collect();
        code_problem.set((typed.len() != 6).then(|| say!(account.factor_six).to_owned()));
        problem.set(None);
        if typed.len() != 6 {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match fresh(api, move || api.confirm_totp(typed.clone())).await {
                Ok(codes) => {
                    desk.second_factor.set(true);
                    kept.run(codes.items);
                }
                Err(failure) => {
                    let wrong = failure.field("code").is_some();
                    code_problem.try_set(wrong.then(|| say!(account.factor_wrong).to_owned()));
                    problem.try_set((!wrong).then(|| failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <form class="factor" on:submit=submit novalidate>
            <p>{say!(account.factor_scan)}</p>
            <img class="factor-qr" src=enrolment.qr.clone() alt=say!(account.factor_qr) />
            <p>
                <a class="link" href=enrolment.otpauth_url.clone()>{say!(account.factor_open_app)}</a>
            </p>
            <p class="note">{say!(account.factor_secret)}</p>
            <code class="factor-secret" dir="ltr" data-testid="factor-secret">{in_fours(&enrolment.secret)}</code>
            <TextField
                id="factor-code"
                label=say!(account.factor_code)
                value=code
                problem=code_problem
                inputmode="numeric"
                autocomplete="one-time-code"
                required=true
                testid="factor-code"
            />
            <Problem text=problem boxed=true />
            <SaveButton
                words=say!(account.factor_confirm)
                busy_words=say!(account.factor_confirming)
                busy
                testid="factor-confirm"
            />
        </form>
    }
}

/// A secret in groups of four, to be typed off.
fn in_fours(secret: &str) -> String {
    let signs: Vec<char> = secret.chars().collect();
    signs.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
