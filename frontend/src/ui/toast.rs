//! Short notes that something was done; they leave by themselves.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::{Entry, Icon, List, icons};
use crate::language::say;

const SHOWN_FOR: Duration = Duration::from_secs(5);
/// With something to press: long enough to read, think and press.
const SHOWN_FOR_PRESSING: Duration = Duration::from_secs(10);

/// What can be pressed on a note.
type Press = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Note {
    id: u32,
    text: String,
    undo: Option<Press>,
}

/// The notes on screen.
#[derive(Clone, Copy)]
pub struct Toasts {
    notes: RwSignal<Vec<Note>>,
    last: StoredValue<u32>,
}

impl Toasts {
    /// None.
    pub fn new() -> Self {
        Self { notes: RwSignal::new(Vec::new()), last: StoredValue::new(0) }
    }

    /// Shows `text` for a few seconds.
    pub fn show(self, text: impl Into<String>) {
        self.add(text.into(), None);
    }

    /// Shows what was done, with a button that takes it back.
    pub fn show_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.add(text.into(), Some(Arc::new(undo)));
    }

    fn drop_note(self, id: u32) {
        self.notes.try_update(|notes| notes.retain(|note| note.id != id));
    }

    fn add(self, text: String, undo: Option<Press>) {
        let Some(id) = self.last.try_update_value(|last| {
            *last = last.wrapping_add(1);
            *last
        }) else {
            return;
        };
        let shown_for = if undo.is_some() { SHOWN_FOR_PRESSING } else { SHOWN_FOR };
        self.notes.try_update(|notes| notes.push(Note { id, text, undo }));
        set_timeout(move || self.drop_note(id), shown_for);
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
    let entry = move |Note { id, text, undo }: Note| {
        Entry::new(id, move || {
            let button = undo.clone().map(|undo| {
                let press = move |_| {
                    undo();
                    toasts.drop_note(id);
                };
                view! {
                    <button type="button" class="toast-undo" data-testid="toast-undo" on:click=press>
                        {say!(words.undo)}
                    </button>
                }
            });
            view! {
                <p class="toast">
                    <Icon icon=icons::Good />
                    <span>{text.clone()}</span>
                    {button}
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
