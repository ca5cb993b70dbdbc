//! Copying a text to the clipboard.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::{Icon, icons};
use crate::language::say;

/// A button that copies, and says whether it did.
#[component]
pub fn CopyButton(
    /// What it copies.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let copied = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            // Outside https and localhost there is no clipboard; the text can be marked and copied by hand.
            let done = window().is_secure_context()
                && JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok();
            copied.try_set(Some(done));
        });
    };
    view! {
        <span class="copy">
            <button type="button" class="btn" on:click=copy>
                <Icon icon=icons::Copy />
                {say!(words.copy)}
            </button>
            <span class="note" role="status">
                {move || match copied.get() {
                    Some(true) => say!(words.copied),
                    Some(false) => say!(account.clipboard_missing),
                    None => "",
                }}
            </span>
        </span>
    }
}
