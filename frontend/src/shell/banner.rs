//! What is wrong at the moment, above the page, for as long as it is.

use std::time::Duration;

use leptos::prelude::*;

use super::Signals;
use crate::api::use_api;
use crate::language::say;
use crate::ui::{Icon, When, icons};
use crate::watch::Link;

/// A connection that comes back within this time is not worth a word.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[component]
pub fn Banner() -> impl IntoView {
    let api = use_api();
    let signals = expect_context::<Signals>();
    let broken = Memo::new(move |_| {
        !api.server_up.get() || [signals.watch.get(), signals.camera.get()].contains(&Link::Down)
    });
    let lost = lasting(broken);
    view! {
        <div class="banners" role="status" aria-live="polite">
            <When is=move || lost.get()>
                <p class="banner banner-error" data-testid="banner-connection">
                    <Icon icon=icons::Offline />
                    <span>{say!(shell.connection_lost)}</span>
                </p>
            </When>
            <When is=move || signals.recognizer_down.get() && !lost.get()>
                <p class="banner banner-warning" data-testid="banner-recognizer">
                    <Icon icon=icons::Alert />
                    <span>{say!(shell.recognizer_down)}</span>
                </p>
            </When>
        </div>
    }
}

/// True once `signal` has been true for a while, false at once.
fn lasting(signal: Memo<bool>) -> RwSignal<bool> {
    let shown = RwSignal::new(false);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(Some(handle)) = timer.try_update_value(Option::take) {
            handle.clear();
        }
    };
    Effect::new(move |_| {
        stop();
        if signal.get() {
            let later = move || {
                shown.try_set(true);
            };
            timer.set_value(set_timeout_with_handle(later, PATIENCE).ok());
        } else {
            shown.set(false);
        }
    });
    on_cleanup(stop);
    shown
}
