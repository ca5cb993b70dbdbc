//! A feed's token, shown this once.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::feeds::Doing;
use crate::ui::{Icon, Modal, ModalHead, icons};

#[component]
pub fn TokenDialog(name: String, token: String, doing: RwSignal<Doing>) -> impl IntoView {
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let copied = RwSignal::new(None::<bool>);
    let text = token.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            // Outside https and localhost there is no clipboard; the text can be marked and copied by hand.
            let done = if window().is_secure_context() {
                JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok()
            } else {
                false
            };
            copied.try_set(Some(done));
        });
    };
    let title = format!("Token of {name}");
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content">
                <p class="text-soft">
                    "The device that sends this feed signs in with this token. It is shown this once; only a hash of it is kept."
                </p>
                <div class="token">
                    <code data-testid="feed-token">{token}</code>
                    <button type="button" class="btn" on:click=copy>
                        <Icon icon=icons::Copy />
                        "Copy"
                    </button>
                </div>
                <p class="note" role="status">
                    {move || match copied.get() {
                        Some(true) => "Copied.",
                        Some(false) => "The browser gave no clipboard: mark the token and copy it by hand.",
                        None => "This browser's own camera needs no token.",
                    }}
                </p>
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn btn-primary" on:click=move |_| on_close.run(())>"Done"</button>
            </footer>
        </Modal>
    }
}
