//! Dialogs and side sheets on the browser's own `<dialog>`, which keeps the focus inside.

use crate::language::say;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{Icon, icons};

/// A dialog that is open as long as it is mounted.
#[component]
pub fn Modal(
    /// Names it for screen readers.
    #[prop(into)]
    label: String,
    /// `sheet` (from the side) or `dialog` (in the middle).
    #[prop(default = "dialog")]
    kind: &'static str,
    /// Escape, or a click beside it. The owner decides whether it goes.
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let before = StoredValue::new_local(
        document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok()),
    );
    Effect::new(move |_| {
        if let Some(dialog) = node.get()
            && !dialog.open()
        {
            // Fails only for a dialog that is open without being modal, which this one never is.
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        // Taking an open dialog out of the page loses the focus; give it back to where it came from.
        before.try_with_value(|element| element.as_ref().map(|element| element.focus()));
    });
    let beside = move |event: ev::MouseEvent| {
        let inside = event.target() != event.current_target();
        if !inside {
            on_close.run(());
        }
    };
    view! {
        <dialog
            node_ref=node
            class=kind
            aria-label=label
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                on_close.run(());
            }
            on:close=move |_| on_close.run(())
            on:mousedown=beside
        >
            <div class="modal-body">{children()}</div>
        </dialog>
    }
}

/// The title of a dialog and the cross that closes it.
#[component]
pub fn ModalHead(
    /// What it is about.
    #[prop(into)]
    title: String,
    /// The cross.
    on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <header class="modal-head">
            <h2 class="title truncate">{title}</h2>
            <button type="button" class="icon-btn" aria-label=say!(words.close) on:click=move |_| on_close.run(())>
                <Icon icon=icons::Close />
            </button>
        </header>
    }
}
