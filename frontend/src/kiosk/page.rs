//! Whether this tablet is a kiosk, and of which feed.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::KioskView;
use wasm_bindgen::JsValue;

use super::code::{is_whole, normalised};
use super::leave::InstallOffer;
use super::pairing::Pairing;
use super::replay::is_revoked;
use super::screen::Screen;
use super::state::ahead_ms;
use super::{browser, memory, outfit};
use crate::api::kiosk as server;
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// How often a tablet that is not paired asks whether it is by now.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How long a second tab waits before it says why it shows nothing.
const TAB_PATIENCE: Duration = Duration::from_millis(800);

/// What the tablet is.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Not known yet.
    Asking,
    /// No kiosk; with the code that its address brought.
    Pairing(Option<String>),
    /// A kiosk.
    Paired(KioskView),
}

/// The whole page.
#[component]
pub fn KioskPage() -> impl IntoView {
    let dressed = outfit::put_on();
    outfit::lock();
    provide_context(InstallOffer::listen());
    let brought = take_code();
    let stage = RwSignal::new(Stage::Asking);
    let revoked = RwSignal::new(false);
    let alone = RwSignal::new(false);
    spawn_local(async move {
        browser::only_tab().await;
        alone.try_set(true);
        match brought {
            Some(code) => {
                stage.try_set(Stage::Pairing(Some(code)));
            }
            None => ask(stage, true).await,
        }
    });
    ask_again(stage, alone);
    Effect::new(move |_| {
        if revoked.get() && matches!(stage.get_untracked(), Stage::Paired(_)) {
            stage.set(Stage::Pairing(None));
        }
    });
    let on_paired = Callback::new(move |()| {
        revoked.set(false);
        spawn_local(ask(stage, false));
    });
    let on_left = Callback::new(move |()| stage.set(Stage::Pairing(None)));
    view! {
        <main class="kiosk" data-testid="kiosk" class:invisible=move || !dressed.get()>
            <When is=move || alone.get() otherwise=|| view! { <OtherTab /> }>
                {move || match stage.get() {
                    Stage::Asking => view! { <span class="boot-mark kiosk-wait" role="status" aria-label=say!(words.loading)></span> }.into_any(),
                    Stage::Pairing(brought) => {
                        view! { <Pairing brought revoked=revoked.get_untracked() on_paired /> }.into_any()
                    }
                    Stage::Paired(view) => view! { <Screen view revoked on_left /> }.into_any(),
                }}
            </When>
        </main>
    }
}

/// Another tab of this browser is the kiosk: this one takes its place once that is closed.
#[component]
fn OtherTab() -> impl IntoView {
    let late = RwSignal::new(false);
    set_timeout(
        move || {
            late.try_set(true);
        },
        TAB_PATIENCE,
    );
    view! {
        <When is=move || late.get()>
            <div class="kiosk-trouble" role="status" data-testid="kiosk-other-tab">
                <Icon icon=icons::Wall class="kiosk-trouble-icon" />
                <p class="kiosk-title">{say!(kiosk.other_tab)}</p>
                <p class="kiosk-text">{say!(kiosk.other_tab_text)}</p>
            </div>
        </When>
    }
}

/// Asks the server what this tablet is. Without a server it stays what it was, `or_remembered`.
async fn ask(stage: RwSignal<Stage>, or_remembered: bool) {
    let asked = js_sys::Date::now();
    let next = match server::kiosk().await {
        Ok(view) => {
            memory::set_clock_ahead_ms(ahead_ms(view.now, asked, js_sys::Date::now()));
            memory::set_view(Some(&view));
            Stage::Paired(view)
        }
        Err(failure) if is_revoked(&failure) || !or_remembered => Stage::Pairing(None),
        Err(_) => memory::view().map_or(Stage::Pairing(None), Stage::Paired),
    };
    if stage.try_with_untracked(|now| *now != next) == Some(true) {
        stage.set(next);
    }
}

/// A tablet that is not paired may have become one by other means, or was one whose token is back.
fn ask_again(stage: RwSignal<Stage>, alone: RwSignal<bool>) {
    let look = move || {
        let waiting = matches!(stage.get_untracked(), Stage::Pairing(_)) && alone.get_untracked();
        if waiting && memory::view().is_some() {
            spawn_local(async move {
                if let Ok(view) = server::kiosk().await {
                    memory::set_view(Some(&view));
                    stage.try_set(Stage::Paired(view));
                }
            });
        }
    };
    if let Ok(timer) = set_interval_with_handle(look, ASK_EVERY) {
        on_cleanup(move || timer.clear());
    }
}

/// The code behind the address's `#`, which nobody else is to see there.
fn take_code() -> Option<String> {
    let code = normalised(&window().location().hash().ok()?);
    if let Ok(history) = window().history() {
        // Fails only for a page that is being left.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/kiosk"));
    }
    is_whole(&code).then_some(code)
}
