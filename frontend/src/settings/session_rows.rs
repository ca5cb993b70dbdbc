//! Sessions, one's own or somebody else's: which browser, from where, when last.

use leptos::prelude::*;
use types::OpenSession;
use uuid::Uuid;

use super::device::Device;
use crate::clock::Style;
use crate::language::say;
use crate::ui::{Ago, Icon, Moment, icons};

/// The sessions, each with a button that ends it; the one that looks at them has none.
#[component]
pub fn SessionRows(
    /// The sessions.
    sessions: Vec<OpenSession>,
    /// Ends one.
    on_end: Callback<Uuid>,
    /// While one is being ended.
    #[prop(into)]
    busy: Signal<bool>,
) -> impl IntoView {
    let row = move |session: OpenSession| {
        let device = Device::of(session.user_agent.as_deref().unwrap_or_default());
        let name = match device {
            Some(device) => say!(account.device, browser = device.browser, system = device.system),
            None => say!(account.device_unknown).to_owned(),
        };
        let icon = if device.is_some_and(Device::is_mobile) { icons::Phone } else { icons::System };
        let id = session.id;
        let end = (!session.current).then(|| {
            let words = format!("{}: {name}", say!(account.session_end));
            view! {
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=words.clone()
                    title=words
                    data-testid="session-end"
                    disabled=busy
                    on:click=move |_| on_end.run(id)
                >
                    <Icon icon=icons::SignOut />
                </button>
            }
        });
        let this = session
            .current
            .then(|| view! { <span class="tag tag-known">{say!(account.session_this)}</span> });
        let address = session.address.unwrap_or_else(|| say!(account.address_unknown).to_owned());
        view! {
            <li class="row" data-testid="session-row">
                <span class="row-mark"><Icon icon /></span>
                <div class="min-w-0 flex-1">
                    <p class="session-name" title=session.user_agent.unwrap_or_default()>
                        <span class="font-medium">{name}</span>
                        {this}
                    </p>
                    <p class="note tabular"><bdi>{address}</bdi></p>
                    <p class="note">{say!(account.session_used)} " " <Ago at=session.last_used_at /></p>
                    <p class="note">
                        {say!(account.session_since)} " " <Moment at=session.created_at style=Style::Full />
                    </p>
                </div>
                {end}
            </li>
        }
    };
    view! { <ul class="rows">{sessions.into_iter().map(row).collect_view()}</ul> }
}
