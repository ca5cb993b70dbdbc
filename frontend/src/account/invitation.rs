//! The page that an invitation's or a reset's link leads to: it sets a password. The token stands after the `#`, which
//! browsers send to nobody, and leaves the address with the page.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{AcceptInvitation, SignIn, codes};

use super::new_password::{NewPassword, NewPasswordFields};
use crate::api::use_api;
use crate::language::say;
use crate::router::use_router;
use crate::session::{Session, use_desk};
use crate::ui::{Icon, Problem, SaveButton, When, icons};

#[derive(Clone, PartialEq, Eq)]
enum Stage {
    Asking,
    /// The link has no token.
    Incomplete,
    /// The token opens nothing any more.
    Void,
    /// The password of this account is set, and signing in takes more than that.
    Done {
        email: String,
    },
}

/// Chooses a password by a link; nobody has to be signed in.
#[component]
pub fn InvitationPage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let token = window().location().hash().unwrap_or_default().trim_start_matches('#').to_owned();
    let stage = RwSignal::new(if token.is_empty() { Stage::Incomplete } else { Stage::Asking });
    let new = NewPassword::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    document().set_title(say!(account.invitation_page));
    let submit = Callback::new(move |()| {
        problem.set(None);
        let Some(password) = new.checked().filter(|_| !busy.get_untracked()) else { return };
        let request = AcceptInvitation { token: token.clone(), password };
        busy.set(true);
        spawn_local(async move {
            match api.accept_invitation(&request).await {
                Ok(accepted) => {
                    let email = accepted.email;
                    let request = SignIn { email: email.clone(), password: request.password, totp: None };
                    match api.sign_in(&request).await {
                        Ok(view) => {
                            desk.enter(view);
                            router.replace("/");
                        }
                        Err(_) => {
                            // Whoever was signed in before is not who set this password.
                            desk.session.set(Session::SignedOut { ended: false });
                            stage.try_set(Stage::Done { email });
                        }
                    }
                }
                Err(failure) if failure.code() == codes::NOT_FOUND => {
                    stage.try_set(Stage::Void);
                }
                Err(failure) => {
                    let in_field = failure.field("password");
                    problem.try_set(in_field.is_none().then(|| failure.message()));
                    new.problem.try_set(in_field);
                }
            }
            busy.try_set(false);
        });
    });
    view! {
        <main class="sign-in">
            {move || match stage.get() {
                Stage::Asking => view! { <Form new busy problem submit /> }.into_any(),
                Stage::Incomplete => {
                    told(say!(account.invitation_incomplete), say!(account.invitation_incomplete_text).to_owned())
                }
                Stage::Void => told(say!(account.invitation_void), say!(account.invitation_void_text).to_owned()),
                Stage::Done { email } => {
                    told(say!(account.invitation_done), say!(account.invitation_done_text, email = email))
                }
            }}
        </main>
    }
}

#[component]
fn Form(
    new: NewPassword,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    submit: Callback<()>,
) -> impl IntoView {
    let desk = use_desk();
    let signed_in = Memo::new(move |_| desk.session.with(|session| matches!(session, Session::SignedIn(_))));
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        submit.run(());
    };
    view! {
        <form class="sign-in-form" on:submit=on_submit novalidate>
            <span class="sign-in-mark"><Icon icon=icons::Mark class="icon-lg" /></span>
            <h1 class="sign-in-title">{say!(account.invitation_title)}</h1>
            <p class="sign-in-note">{say!(account.invitation_text)}</p>
            <When is=move || signed_in.get()>
                <p class="advice-box">
                    <Icon icon=icons::Alert />
                    <span>{move || say!(account.invitation_signed_in, email = desk.email())}</span>
                </p>
            </When>
            <NewPasswordFields new />
            <Problem text=problem boxed=true />
            <SaveButton
                words=say!(account.set_password)
                busy_words=say!(account.setting_password)
                busy
                testid="invitation-submit"
                class="btn-wide"
            />
        </form>
    }
}

/// There is nothing to fill in, or nothing any more.
fn told(title: &'static str, text: String) -> AnyView {
    view! {
        <div class="sign-in-form">
            <span class="sign-in-mark"><Icon icon=icons::Mark class="icon-lg" /></span>
            <h1 class="sign-in-title" tabindex="-1">{title}</h1>
            <p class="sign-in-note" role="status">{text}</p>
            <a class="btn btn-primary btn-wide" href="/" data-testid="invitation-sign-in">
                {say!(account.go_sign_in)}
            </a>
        </div>
    }
    .into_any()
}
