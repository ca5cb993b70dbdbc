//! What sends a feed's pictures: how it does, what it signs in with, how it is to work.

mod pairing;
mod rules;
mod status;
mod tokens;

use std::time::Duration;

use leptos::prelude::*;
use types::{FeedDevices, FeedView};

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Failed, Modal, ModalHead, Skeleton, When};

pub use pairing::PairingDialog;
pub use status::summary;
pub use tokens::{NewToken, TokenShown};

use rules::RulesForm;
use status::Devices;
use tokens::Tokens;

/// How often it is read again: as often as devices call.
const EVERY: Duration = Duration::from_secs(10);

/// The sheet of one feed.
#[component]
pub fn DeviceSheet(
    /// Which feed.
    feed: FeedView,
    /// Makes a new token.
    on_token: Callback<()>,
    /// Pairs a tablet.
    on_pair: Callback<()>,
    /// Something else was opened over the sheet and closed again: there may be other tokens.
    #[prop(into)]
    changed: Signal<u32>,
    /// It was closed.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let found = Loader::<FeedDevices>::new();
    let id = feed.id;
    let read = Callback::new(move |()| found.run(api.feed_devices(id)));
    Effect::new(move |_| {
        changed.track();
        read.run(());
    });
    if let Ok(timer) = set_interval_with_handle(move || read.run(()), EVERY) {
        on_cleanup(move || timer.clear());
    }
    let title = say!(devices.title, name = feed.name.clone());
    let devices = Memo::new(move |_| found.value().map(|found| found.devices).unwrap_or_default());
    let tokens = Memo::new(move |_| found.value().map(|found| found.tokens).unwrap_or_default());
    let settings = Memo::new(move |_| found.value().map(|found| (found.settings, found.settings_revision)));
    let not_yet = move || match found.get() {
        Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
        _ => view! { <Skeleton rows=6 /> }.into_any(),
    };
    let max_fps = feed.max_fps;
    view! {
        <Modal label=title.clone() kind="sheet" on_close>
            <ModalHead title on_close />
            <div class="sheet-columns device-sheet" data-testid="device-sheet">
                <When is=move || found.is_ready() otherwise=not_yet>
                    <div class="sheet-column">
                        <Devices devices />
                    </div>
                    <div class="sheet-column">
                        <Tokens feed=id tokens on_token on_pair read />
                        {move || {
                            settings
                                .get()
                                .map(|(settings, revision)| view! { <RulesForm feed=id settings revision max_fps read /> })
                        }}
                    </div>
                </When>
            </div>
        </Modal>
    }
}
