//! The question before something goes for good, or changes for everybody.

use crate::language::say;
use leptos::prelude::*;

use super::{Modal, ModalHead, Problem};

/// Asks, naming what goes.
#[component]
pub fn Confirm(
    /// The question.
    #[prop(into)]
    title: String,
    /// What will happen.
    #[prop(into)]
    text: String,
    /// The button that does it.
    #[prop(into)]
    action: String,
    /// Whether something goes for good.
    #[prop(default = true)]
    danger: bool,
    /// While it is being done.
    #[prop(into)]
    busy: Signal<bool>,
    /// Why it could not be done.
    #[prop(into)]
    problem: Signal<Option<String>>,
    /// Does it.
    on_confirm: Callback<()>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title=title on_close />
            <div class="px-6 py-4">
                <p class="text-soft break-words">{text}</p>
                <Problem text=problem />
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>
                    {if danger { say!(words.keep) } else { say!(words.cancel) }}
                </button>
                <button
                    type="button"
                    class=if danger { "btn btn-danger" } else { "btn btn-primary" }
                    data-testid="confirm-delete"
                    disabled=busy
                    on:click=move |_| on_confirm.run(())
                >
                    {action}
                </button>
            </footer>
        </Modal>
    }
}
