//! Signing in by a provider of OpenID Connect: the button, why it came to nothing, and the second factor that is asked
//! for here. The provider's pages come in between, so what happened there stands in the address.

use leptos::{ev, prelude::*, task::spawn_local};
use types::OidcRefusal;

use crate::api::use_api;
use crate::language::say;
use crate::router::{Router, use_router};
use crate::ui::{Modal, ModalHead, Problem, SaveButton, TextField, When};

const START: &str = "/api/v1/session/oidc/start?return=";

/// Why the sign-in that the address tells of came to nothing; the address is put right.
pub fn problem() -> Option<String> {
    let router = use_router();
    let query = router.query.get_untracked();
    let name = query.strip_prefix("?sign-in-error=")?;
    router.replace("/");
    let why = OidcRefusal::ALL.into_iter().find(|known| known.name() == name);
    Some(words(why.unwrap_or(OidcRefusal::Unavailable)).to_owned())
}

fn words(why: OidcRefusal) -> &'static str {
    match why {
        OidcRefusal::Expired => say!(oidc.expired),
        OidcRefusal::Denied => say!(oidc.denied),
        OidcRefusal::ProviderUnavailable => say!(oidc.provider_unavailable),
        OidcRefusal::TokenRefused => say!(oidc.token_refused),
        OidcRefusal::EmailUnverified => say!(oidc.email_unverified),
        OidcRefusal::NoAccount => say!(oidc.no_account),
        OidcRefusal::AccountDisabled => say!(oidc.account_disabled),
        OidcRefusal::AccountTaken => say!(oidc.account_taken),
        OidcRefusal::NotRecent => say!(oidc.not_recent),
        OidcRefusal::OtherAccount => say!(oidc.other_account),
        OidcRefusal::Unavailable => say!(oidc.unavailable),
    }
}

/// Whether the provider has vouched for somebody, and their second factor is to be given here.
pub fn asks_second_factor() -> bool {
    use_router().query.with_untracked(|query| query == "?sign-in=second-factor")
}

/// The way to the provider, where there is one.
#[component]
pub fn Provider() -> impl IntoView {
    let (api, router) = (use_api(), use_router());
    let label = RwSignal::new(String::new());
    spawn_local(async move {
        // Without an answer the password is there.
        if let Ok(view) = api.oidc().await
            && view.enabled
        {
            label.try_set(view.label);
        }
    });
    let address = move || format!("{START}{}", back_to(router));
    view! {
        <When is=move || label.with(|label| !label.is_empty())>
            <p class="provider-or">{say!(oidc.or)}</p>
            <a class="btn btn-wide" href=address data-testid="sign-in-provider">
                {move || label.get()}
            </a>
        </When>
    }
}

/// Where the provider's pages lead back to.
fn back_to(router: Router) -> String {
    let page = format!("{}{}", router.path.get(), router.query.get());
    js_sys::encode_uri_component(&page).into()
}

/// Has an account without a password confirm itself where it signs in.
#[component]
pub fn ConfirmAtProvider(
    /// Not now.
    on_close: Callback<()>,
) -> impl IntoView {
    let router = use_router();
    view! {
        <Modal label=say!(sign_in.confirm_title) on_close>
            <ModalHead title=say!(sign_in.confirm_title) on_close />
            <p class="dialog-content text-soft">{say!(oidc.confirm_text)}</p>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>
                    {say!(words.cancel)}
                </button>
                <a
                    class="btn btn-primary"
                    href=move || format!("{START}{}&confirm=true", back_to(router))
                    data-testid="confirm-at-provider"
                >
                    {say!(oidc.confirm)}
                </a>
            </footer>
        </Modal>
    }
}

/// Asks for the second factor of somebody whom the provider has vouched for.
#[component]
pub fn ProviderSecondFactor() -> impl IntoView {
    let api = use_api();
    let code = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    document().set_title(say!(oidc.second_factor));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let given = code.get_untracked().trim().to_owned();
        if busy.get_untracked() {
            return;
        }
        if given.is_empty() {
            problem.set(Some(say!(oidc.enter_code).to_owned()));
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let words = match api.oidc_second_factor(given).await {
                // Loaded anew: who is signed in has changed.
                Ok(signed_in) if window().location().replace(&signed_in.return_to).is_ok() => return,
                Ok(_) => say!(oidc.unavailable).to_owned(),
                Err(failure) => match failure.code() {
                    "totp_wrong" => say!(oidc.wrong_code).to_owned(),
                    "not_found" => say!(oidc.expired).to_owned(),
                    _ => failure.message(),
                },
            };
            problem.try_set(Some(words));
            busy.try_set(false);
        });
    };
    view! {
        <main class="sign-in">
            <form class="sign-in-form" on:submit=submit novalidate>
                <h1 class="sign-in-title">{say!(oidc.second_factor)}</h1>
                <TextField
                    id="provider-code"
                    label=say!(oidc.code)
                    hint=say!(oidc.code_hint)
                    value=code
                    autocomplete="one-time-code"
                    required=true
                    testid="provider-code"
                />
                <Problem text=problem boxed=true />
                <SaveButton
                    words=say!(oidc.sign_in)
                    busy_words=say!(oidc.signing_in)
                    busy
                    testid="provider-code-submit"
                    class="btn-wide"
                />
                // Not a step within this page: what the address asks for is read when it is loaded.
                <a class="btn btn-quiet btn-wide" href="/" target="_self">{say!(oidc.back)}</a>
            </form>
        </main>
    }
}
