//! What an admin without a second step sees where admins need one.

use leptos::{prelude::*, task::spawn_local};

use super::second_factor::SetUp;
use crate::api::use_api;
use crate::language::say;
use crate::session::{Session, use_desk};
use crate::ui::{Icon, icons, use_toasts};

/// The set-up in the middle of an otherwise empty page.
#[component]
pub fn EnrolmentPage() -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    document().set_title(say!(account.factor_required_page));
    let on_done = Callback::new(move |()| desk.must_enrol.set(false));
    let sign_out = move |_| {
        spawn_local(async move {
            match api.sign_out().await {
                Ok(()) => desk.session.set(Session::SignedOut { ended: false }),
                Err(failure) => toasts.show(failure.message()),
            }
        });
    };
    view! {
        <main class="sign-in">
            <div class="sign-in-form">
                <span class="sign-in-mark no-print"><Icon icon=icons::Mark class="icon-lg" /></span>
                <h1 class="sign-in-title">{say!(account.factor_required_title)}</h1>
                <p class="sign-in-note no-print">{say!(account.factor_required_text)}</p>
                <SetUp on_done />
                <button type="button" class="link w-fit no-print" on:click=sign_out>
                    {say!(sign_in.sign_out)}
                </button>
            </div>
        </main>
    }
}
