//! The root: who is signed in decides whether the sign-in page or the dashboard shows.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Api, Failure};
use crate::backoff::Backoff;
use crate::language::say;
use crate::router::{Place, Router};
use crate::session::{Desk, Session};
use crate::shell::{Confirmation, Shell, SignIn, oidc, parts, theme};
use crate::ui::{Icon, Later, Toasts, ToastsView, When, icons};

/// How often "3 min ago" is looked at again.
const TICK: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Asking,
    SignIn,
    Invitation,
    Kiosk,
    Enrolment,
    Dashboard,
}

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let api = Api::new();
    let desk = Desk::new();
    provide_context(api);
    provide_context(desk);
    let router = Router::new();
    provide_context(router);
    let toasts = Toasts::new();
    provide_context(toasts);
    theme::follow_system();
    let outside = Memo::new(move |_| {
        router.path.with(|path| match Place::at(path) {
            Place::Invitation => Some(Shown::Invitation),
            Place::Kiosk => Some(Shown::Kiosk),
            _ => None,
        })
    });
    if outside.get_untracked() != Some(Shown::Kiosk) {
        ask_session(api, desk);
    }

    Effect::new(move |_| {
        if api.signed_out.get() {
            api.signed_out.set(false);
            api.confirming.settle(false);
            let ended = matches!(desk.session.get_untracked(), Session::SignedIn(_));
            desk.session.set(Session::SignedOut { ended });
        }
    });
    set_interval(move || desk.now_ms.set(js_sys::Date::now()), TICK);

    let shown = Memo::new(move |_| {
        outside.get().unwrap_or_else(|| match desk.session.get() {
            Session::Asking => Shown::Asking,
            Session::SignedOut { .. } => Shown::SignIn,
            Session::SignedIn(_) if desk.must_enrol.get() => Shown::Enrolment,
            Session::SignedIn(_) => Shown::Dashboard,
        })
    });
    let second_factor = oidc::asks_second_factor();
    view! {
        {move || match shown.get() {
            _ if second_factor => view! { <Later fetch=parts::provider_second_factor() /> }.into_any(),
            Shown::Asking => view! { <Asking /> }.into_any(),
            Shown::SignIn => view! { <SignIn /> }.into_any(),
            Shown::Invitation => view! { <Later fetch=parts::invitation() /> }.into_any(),
            Shown::Kiosk => view! { <Later fetch=parts::kiosk() /> }.into_any(),
            Shown::Enrolment => view! { <Later fetch=parts::enrolment() /> }.into_any(),
            Shown::Dashboard => {
                // A confirmation came to nothing; whoever is signed in stays so.
                if let Some(problem) = oidc::problem() {
                    toasts.show(problem);
                }
                view! { <Shell /> }.into_any()
            }
        }}
        <Confirmation />
        <ToastsView />
    }
}

/// Before the session is known: nothing at first, and a word when the server does not answer.
#[component]
fn Asking() -> impl IntoView {
    let api = expect_context::<Api>();
    view! {
        <main class="boot">
            <When
                is=move || !api.server_up.get()
                otherwise=|| view! { <span class="boot-mark" role="status" aria-label=say!(words.loading)></span> }
            >
                <div class="state" role="alert">
                    <span class="state-mark state-mark-error">
                        <Icon icon=icons::Offline class="icon-lg" />
                    </span>
                    <p class="state-title">{say!(errors.server_away)}</p>
                    <p class="state-text">{say!(errors.server_away_text)}</p>
                </div>
            </When>
        </main>
    }
}

/// Asks who is signed in until there is an answer.
fn ask_session(api: Api, desk: Desk) {
    spawn_local(async move {
        let mut backoff = Backoff::default();
        loop {
            match api.session().await {
                Ok(view) => {
                    desk.enter(view);
                    return;
                }
                Err(Failure::Refused { status: 401, .. }) => {
                    desk.session.set(Session::SignedOut { ended: false });
                    return;
                }
                Err(_) => {
                    api.server_up.set(false);
                    TimeoutFuture::new(backoff.next_ms(js_sys::Math::random())).await;
                }
            }
        }
    });
}
