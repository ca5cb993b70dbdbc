//! Who is signed in, and the way out.

use leptos::{prelude::*, task::spawn_local};

use crate::api::use_api;
use crate::attendance::forget_on_site;
use crate::language::say;
use crate::session::{Session, use_desk};
use crate::ui::{Icon, icons, use_toasts};

#[component]
pub fn AccountMenu() -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let busy = RwSignal::new(false);
    let sign_out = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.sign_out().await {
                Ok(()) => {
                    forget_on_site();
                    desk.session.set(Session::SignedOut { ended: false });
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    view! {
        <button type="button" class="icon-btn" popovertarget="account-menu" aria-label=say!(account.menu)>
            <Icon icon=icons::Person />
        </button>
        <div id="account-menu" class="menu" popover="auto">
            <p class="menu-head">
                <span class="block truncate font-medium">{move || desk.email()}</span>
                <span class="block text-xs text-faint">
                    {move || desk.role_name()}
                </span>
            </p>
            <a class="menu-item" href="/settings/account">
                <Icon icon=icons::Key />
                {say!(account.settings)}
            </a>
            <a class="menu-item" href="/settings/appearance">
                <Icon icon=icons::Appearance />
                {say!(account.appearance)}
            </a>
            <button type="button" class="menu-item" disabled=busy on:click=sign_out>
                <Icon icon=icons::SignOut />
                {say!(sign_in.sign_out)}
            </button>
        </div>
    }
}
