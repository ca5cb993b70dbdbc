//! What the page of a kiosk has that the dashboard has not: its style sheet, its manifest, darkness, and nothing to
//! press by mistake.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, VisibilityState};

use super::browser;

/// Dresses the page; true once it looks as it should.
pub fn put_on() -> RwSignal<bool> {
    let ready = RwSignal::new(false);
    if let Some(root) = document().document_element().filter(|_| !light_was_chosen()) {
        // Setting an attribute with a plain name does not fail.
        let _ = root.set_attribute("data-theme", "dark");
    }
    if let Some(link) = link("manifest")
        && let Some(address) = link.get_attribute("data-kiosk")
    {
        let _ = link.set_attribute("href", &address);
    }
    match link("stylesheet").and_then(|link| Some((link.get_attribute("data-kiosk")?, link))) {
        Some((address, beside)) => add_sheet(&address, &beside, ready),
        None => ready.set(true),
    }
    ready
}

/// Takes away what a passer-by could leave the page with, and keeps the screen on.
pub fn lock() {
    for refused in ["contextmenu", "dragstart", "selectstart", "gesturestart"] {
        let handle = window_event_listener_untyped(refused, |event| {
            let typing =
                event.target().is_some_and(|target| target.dyn_ref::<web_sys::HtmlInputElement>().is_some());
            if !typing {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    }
    let touched = window_event_listener(ev::pointerup, |_| spawn_local(browser::fill_screen()));
    on_cleanup(move || touched.remove());
    spawn_local(browser::keep_awake());
    let shown = Closure::<dyn FnMut()>::new(|| {
        if document().visibility_state() == VisibilityState::Visible {
            spawn_local(browser::keep_awake());
        }
    });
    // The listener lives as long as the page; a kiosk is never left for another one.
    let _ = document().add_event_listener_with_callback("visibilitychange", shown.as_ref().unchecked_ref());
    shown.forget();
    spawn_local(async {
        browser::keep_program().await;
        browser::keep_storage().await;
    });
}

fn link(rel: &str) -> Option<Element> {
    document().query_selector(&format!("link[rel={rel}]")).ok().flatten()
}

fn add_sheet(address: &str, beside: &Element, ready: RwSignal<bool>) {
    let Ok(sheet) = document().create_element("link") else { return ready.set(true) };
    let _ = sheet.set_attribute("rel", "stylesheet");
    let _ = sheet.set_attribute("href", address);
    // A page without its looks is better than none.
    let settled = Closure::once_into_js(move || ready.set(true));
    for outcome in ["load", "error"] {
        let _ = sheet.add_event_listener_with_callback(outcome, settled.unchecked_ref());
    }
    if beside.parent_node().is_none_or(|head| head.append_child(&sheet).is_err()) {
        ready.set(true);
    }
}

fn light_was_chosen() -> bool {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item("theme").ok().flatten()).as_deref() == Some("light")
}
