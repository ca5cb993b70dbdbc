//! A link to a file that the server makes: fetched first, so that a refusal is told instead of saved.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Url};

use super::{Icon, icons};
use crate::api::{Failure, ServedFile, file_address, use_api};
use crate::session::fresh;

/// How long a browser may take to save what it was handed.
const SAVED_WITHIN: Duration = Duration::from_secs(60);

/// A link that saves a file.
#[component]
pub fn DownloadLink(
    /// Path of the file in the API, without its prefix.
    #[prop(into)]
    path: Signal<String>,
    /// What it is.
    #[prop(into)]
    words: String,
    /// Whether it cannot be had now.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// Told of a refusal, and of nothing when a new try begins.
    problem: Callback<Option<Failure>>,
    /// Names it for tests.
    #[prop(optional)]
    testid: Option<&'static str>,
) -> impl IntoView {
    let api = use_api();
    let busy = RwSignal::new(false);
    let off = move || busy.get() || disabled.get();
    let fetch = move |event: ev::MouseEvent| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if untrack(off) {
            event.prevent_default();
        } else if plain {
            event.prevent_default();
            busy.set(true);
            problem.run(None);
            spawn_local(async move {
                match fresh(api, move || api.file(path.get_untracked())).await {
                    Ok(file) => save(&file),
                    Err(failure) => {
                        problem.try_run(Some(failure));
                    }
                }
                busy.try_set(false);
            });
        }
    };
    view! {
        <a
            class="btn"
            class:btn-off=off
            href=move || file_address(&path.get())
            download=""
            aria-disabled=move || off().then_some("true")
            aria-busy=move || busy.get().then_some("true")
            data-testid=testid
            on:click=fetch
        >
            {move || {
                if busy.get() {
                    view! { <span class="spinner" aria-hidden="true"></span> }.into_any()
                } else {
                    view! { <Icon icon=icons::Download /> }.into_any()
                }
            }}
            {words}
        </a>
    }
}

/// Hands a file to the browser to save.
pub fn save(file: &ServedFile) {
    let Ok(address) = Url::create_object_url_with_blob(&file.content) else { return };
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        // Neither fails: both are plain attributes of an element that is not on the page.
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", &file.name);
        link.click();
    }
    set_timeout(
        move || {
            let _ = Url::revoke_object_url(&address);
        },
        SAVED_WITHIN,
    );
}
