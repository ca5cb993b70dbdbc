//! Short notes that something was done; they leave by themselves.

use std::time::Duration;

use leptos::prelude::*;

use super::{Entry, Icon, List, icons};

const SHOWN_FOR: Duration = Duration::from_secs(5);

/// The notes on screen.
#[derive(Clone, Copy)]
pub struct Toasts {
    notes: RwSignal<Vec<(u32, String)>>,
    last: StoredValue<u32>,
}

impl Toasts {
    /// None.
    pub fn new() -> Self {
        Self { notes: RwSignal::new(Vec::new()), last: StoredValue::new(0) }
    }

    /// Shows `text` for a few seconds.
    pub fn show(self, text: impl Into<String>) {
        let Some(id) = self.last.try_update_value(|last| {
            *last = last.wrapping_add(1);
            *last
        }) else {
            return;
        };
        self.notes.try_update(|notes| notes.push((id, text.into())));
        set_timeout(
            move || {
                self.notes.try_update(|notes| notes.retain(|(other, _)| *other != id));
            },
            SHOWN_FOR,
        );
    }
}

/// The notes of this page.
pub fn use_toasts() -> Toasts {
    expect_context::<Toasts>()
}

/// Where the notes appear.
#[component]
pub fn ToastsView() -> impl IntoView {
    let toasts = use_toasts();
    let entry = |(id, text): (u32, String)| {
        Entry::new(id, move || {
            view! {
                <p class="toast">
                    <Icon icon=icons::Good />
                    <span>{text.clone()}</span>
                </p>
            }
            .into_any()
        })
    };
    let entries = Signal::derive(move || toasts.notes.get().into_iter().map(entry).collect());
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <List entries />
        </div>
    }
}
