//! What is shown this once: a feed's token, a key, the link of an invitation.

use leptos::prelude::*;

use crate::language::say;
use crate::ui::{CopyButton, Modal, ModalHead};

/// A dialog with one text to copy.
#[component]
pub fn SecretDialog(
    /// What it is.
    #[prop(into)]
    title: String,
    /// What it is for.
    #[prop(into)]
    text: String,
    /// What stands below it.
    #[prop(into, optional)]
    note: String,
    /// The secret.
    secret: String,
    /// Names it for tests.
    testid: &'static str,
    /// It was kept.
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content">
                <p class="text-soft">{text}</p>
                <div class="token">
                    <code dir="ltr" data-testid=testid>{secret.clone()}</code>
                </div>
                <CopyButton text=secret />
                <p class="note">{note}</p>
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn btn-primary" data-testid="secret-done" on:click=move |_| on_close.run(())>
                    {say!(words.done)}
                </button>
            </footer>
        </Modal>
    }
}
