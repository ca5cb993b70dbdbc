//! A tablet becomes a kiosk: a code for its camera or for typing, until it has called or the time is up.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::{FeedView, KioskPairing, TokenKind, TokenView};
use uuid::Uuid;

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::qr::QrCode;
use crate::session::fresh;
use crate::ui::{Failed, Icon, Modal, ModalHead, Skeleton, When, icons};

/// How often is looked whether the tablet has called.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The code, the time left for it, and that it was used.
#[component]
pub fn PairingDialog(
    /// Of which feed.
    feed: FeedView,
    /// It was closed.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let id = feed.id;
    let pairing = Loader::<KioskPairing>::new();
    let paired = RwSignal::new(false);
    let before = StoredValue::new(None::<Vec<Uuid>>);
    let ask = Callback::new(move |()| {
        pairing.reset();
        pairing.run(fresh(api, move || api.pair_kiosk(id)));
    });
    // What is paired already is known before there is a code that something could be paired with.
    spawn_local(async move {
        if let Ok(found) = api.feed_devices(id).await {
            before.try_set_value(Some(kiosks(&found.tokens)));
        }
        ask.run(());
    });
    let look = move || {
        if paired.get_untracked() || !untrack(move || pairing.is_ready()) {
            return;
        }
        spawn_local(async move {
            let (Ok(found), Some(Some(before))) = (api.feed_devices(id).await, before.try_get_value()) else {
                return;
            };
            if kiosks(&found.tokens).iter().any(|token| !before.contains(token)) {
                paired.try_set(true);
            }
        });
    };
    if let Ok(timer) = set_interval_with_handle(look, LOOK_EVERY) {
        on_cleanup(move || timer.clear());
    }
    view! {
        <Modal label=say!(devices.pair) on_close>
            <ModalHead title=say!(devices.pair) on_close />
            <div class="dialog-content pairing" data-testid="pairing">
                <p class="font-medium">{say!(devices.pair_title, name = feed.name)}</p>
                {move || match (paired.get(), pairing.get()) {
                    (true, _) => {
                        view! {
                            <p class="good-box" role="status" data-testid="paired">
                                <Icon icon=icons::Good />
                                <span>{say!(devices.paired)}</span>
                            </p>
                        }
                            .into_any()
                    }
                    (_, Load::Waiting) => view! { <Skeleton rows=4 /> }.into_any(),
                    (_, Load::Failed(failure)) => view! { <Failed failure retry=ask /> }.into_any(),
                    (_, Load::Ready(pairing)) => view! { <Code pairing ask /> }.into_any(),
                }}
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn btn-primary" on:click=move |_| on_close.run(())>
                    {say!(words.done)}
                </button>
            </footer>
        </Modal>
    }
}

fn kiosks(tokens: &[TokenView]) -> Vec<Uuid> {
    tokens.iter().filter(|token| token.kind == TokenKind::Kiosk).map(|token| token.id).collect()
}

#[component]
fn Code(pairing: KioskPairing, ask: Callback<()>) -> impl IntoView {
    let now = RwSignal::new(js_sys::Date::now());
    let tick = move || {
        now.try_set(js_sys::Date::now());
    };
    if let Ok(timer) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || timer.clear());
    }
    let ends = pairing.expires_at.timestamp_millis() as f64;
    let left = Memo::new(move |_| ((ends - now.get()) / 1000.0).ceil().max(0.0) as u32);
    let code = in_halves(&pairing.code);
    let address = pairing.url.split('#').next().unwrap_or_default().to_owned();
    let insecure = !is_reachable(&pairing.url);
    view! {
        <When is=move || insecure>
            <p class="advice-box text-start" role="alert" data-testid="pairing-insecure">
                <Icon icon=icons::Alert />
                <span>{say!(devices.insecure)}</span>
            </p>
        </When>
        <p class="text-soft">{say!(devices.pair_text)} " " <bdi class="break-words">{address}</bdi></p>
        <div class="pairing-code" class:pairing-over=move || left.get() == 0>
            <QrCode svg=pairing.qr_svg label=say!(devices.pair_qr) />
            <p class="pairing-letters tabular" dir="ltr" data-testid="pairing-code">{code}</p>
        </div>
        {move || match left.get() {
            0 => {
                view! {
                    <p role="alert">{say!(devices.pair_over)}</p>
                    <button type="button" class="btn" on:click=move |_| ask.run(())>
                        <Icon icon=icons::Retry />
                        {say!(devices.pair_again)}
                    </button>
                }
                    .into_any()
            }
            left => {
                let time = format!("{}:{:02}", left / 60, left % 60);
                view! { <p class="note tabular" role="timer">{say!(devices.pair_left, time = time)}</p> }.into_any()
            }
        }}
    }
}

/// Whether a tablet that opens this address reaches this server and may use its camera.
fn is_reachable(url: &str) -> bool {
    let host = url.strip_prefix("https://").unwrap_or_default();
    !host.is_empty() && !["localhost", "127.", "[::1]"].iter().any(|own| host.starts_with(own))
}

/// A code in two halves, easier to read off.
fn in_halves(code: &str) -> String {
    let signs: Vec<char> = code.chars().filter(|sign| sign.is_alphanumeric()).collect();
    let (first, second) = signs.split_at(signs.len() / 2);
    format!("{}-{}", first.iter().collect::<String>(), second.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{in_halves, is_reachable};

    #[test]
    fn a_tablet_needs_an_address_that_is_secure_and_not_its_own() {
        assert!(is_reachable("https://door.example/kiosk#code"));
        for url in ["http://10.0.0.5:8080/kiosk", "https://127.0.0.1:8443/kiosk", "https://localhost/kiosk"] {
            assert!(!is_reachable(url), "{url}");
        }
    }

    #[test]
    fn a_code_is_read_in_halves() {
        assert_eq!(in_halves("K7PM3XQD"), "K7PM-3XQD");
        assert_eq!(in_halves("K7PM-3XQD"), "K7PM-3XQD");
    }
}
