//! What is there only at times, and lists that grow and shrink.
//!
//! Leptos's own `Show` and `For` are compiled once per use; these once in all, which keeps the page small.

use std::sync::Arc;

use leptos::prelude::*;

/// Shows its children while a condition holds.
#[component]
pub fn When(
    /// The condition.
    #[prop(into)]
    is: Signal<bool>,
    /// What shows otherwise.
    #[prop(optional, into)]
    otherwise: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let is = Memo::new(move |_| is.get());
    move || if is.get() { children() } else { otherwise.run() }
}

/// One entry of a [`List`].
#[derive(Clone)]
pub struct Entry {
    key: String,
    view: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

impl Entry {
    /// An entry that is kept as it is for as long as its key is in the list.
    pub fn new(key: impl ToString, view: impl Fn() -> AnyView + Send + Sync + 'static) -> Self {
        Self { key: key.to_string(), view: Arc::new(view) }
    }
}

/// Entries in their order; one that stays keeps its elements.
#[component]
pub fn List(
    /// The entries.
    #[prop(into)]
    entries: Signal<Vec<Entry>>,
) -> impl IntoView {
    view! { <For each=move || entries.get() key=|entry| entry.key.clone() children=|entry: Entry| (entry.view)() /> }
}
