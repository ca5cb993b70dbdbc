//! The search in the top bar. What it finds, and how, is fetched when somebody first looks for something.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::parts;
use crate::language::say;
use crate::ui::{Icon, Later, When, icons};

const FIELD: &str = "search";

/// Puts the cursor into the search.
pub fn focus() {
    if let Some(field) =
        document().get_element_by_id(FIELD).and_then(|e| e.dyn_into::<web_sys::HtmlInputElement>().ok())
    {
        let _ = field.focus();
        field.select();
    }
}

/// What the field shares with the list under it.
#[derive(Clone, Copy)]
pub struct Search {
    pub text: RwSignal<String>,
    pub open: RwSignal<bool>,
    /// The line of the list that Enter takes.
    pub chosen: RwSignal<usize>,
    /// What the list does with a key; nothing while it is not there.
    pub keys: StoredValue<Option<Callback<ev::KeyboardEvent>>>,
    field: NodeRef<html::Input>,
}

impl Search {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            open: RwSignal::new(false),
            chosen: RwSignal::new(0),
            keys: StoredValue::new(None),
            field: NodeRef::new(),
        }
    }

    fn typed(self, value: String) {
        self.text.set(value);
        self.open.set(true);
    }

    pub fn leave(self) {
        self.open.set(false);
        self.text.set(String::new());
        if let Some(field) = self.field.get_untracked() {
            // Fails only for an element that is not on the page.
            let _ = field.blur();
        }
    }

    fn pressed(self, event: ev::KeyboardEvent) {
        if event.key() == "Escape" {
            event.prevent_default();
            self.leave();
        } else if let Some(keys) = self.keys.get_value() {
            keys.run(event);
        }
    }
}

#[component]
pub fn SearchBox() -> impl IntoView {
    let search = Search::new();
    let open = search.open;
    view! {
        <div class="search" role="search">
            <Icon icon=icons::Search class="icon search-icon" />
            <input
                node_ref=search.field
                id=FIELD
                class="search-input"
                type="search"
                role="combobox"
                placeholder=say!(shell.search_people)
                aria-label=say!(shell.search_label)
                aria-keyshortcuts="/ Control+K"
                aria-controls="search-results"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-activedescendant=move || open.get().then(|| format!("hit-{}", search.chosen.get()))
                autocomplete="off"
                data-testid="search-input"
                prop:value=search.text
                on:input:target=move |event| search.typed(event.target().value())
                on:focus=move |_| open.set(true)
                on:blur=move |_| open.set(false)
                on:keydown=move |event| search.pressed(event)
            />
            <kbd class="search-key" aria-hidden="true">"/"</kbd>
            <When is=move || open.get()>
                <Later fetch=parts::hits(search) meanwhile=|| ().into_any() />
            </When>
        </div>
    }
}
