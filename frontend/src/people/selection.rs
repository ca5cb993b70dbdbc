//! People that are selected in the list, and what can be done with all of them.

use std::collections::BTreeMap;

use leptos::prelude::*;
use types::{PersonId, PersonView};

use crate::language::say;
use crate::loading::Pages;
use crate::privacy::GiveManyDialog;
use crate::ui::When;

/// Who is selected, by name.
#[derive(Clone, Copy)]
pub struct Selection {
    people: RwSignal<BTreeMap<PersonId, String>>,
}

impl Selection {
    /// Nobody.
    pub fn new() -> Self {
        Self { people: RwSignal::new(BTreeMap::new()) }
    }

    /// Whether somebody is.
    pub fn has(self, id: PersonId) -> bool {
        self.people.with(|selected| selected.contains_key(&id))
    }

    /// Selects somebody, or no longer.
    pub fn set(self, person: &PersonView, on: bool) {
        self.people.update(|selected| {
            if on {
                selected.insert(person.id, person.name.clone());
            } else {
                selected.remove(&person.id);
            }
        });
    }

    /// Selects nobody.
    pub fn clear(self) {
        self.people.set(BTreeMap::new());
    }

    fn count(self) -> usize {
        self.people.with(BTreeMap::len)
    }
}

/// How many are selected and what to do with them; it is there while there are any.
#[component]
pub fn SelectionBar(
    /// Who is selected.
    selection: Selection,
    /// The people of the list: they are brought up to date.
    people: Pages<PersonView>,
) -> impl IntoView {
    let giving = RwSignal::new(false);
    let on_given = Callback::new(move |person: PersonView| {
        selection.set(&person, false);
        people.items.try_update(|items| {
            if let Some(item) = items.iter_mut().find(|item| item.id == person.id) {
                *item = person;
            }
        });
    });
    view! {
        <When is=move || { selection.count() > 0 }>
            <div class="save-bar" role="status" data-testid="selection">
                <span class="me-auto">{move || say!(people.selected, count = selection.count())}</span>
                <button type="button" class="btn" on:click=move |_| selection.clear()>
                    {say!(people.clear_selection)}
                </button>
                <button
                    type="button"
                    class="btn btn-primary"
                    data-testid="selection-consent"
                    on:click=move |_| giving.set(true)
                >
                    {say!(people.consent_bulk)}
                </button>
            </div>
        </When>
        <When is=move || giving.get()>
            <GiveManyDialog
                people=selection.people.get_untracked().into_iter().collect()
                on_given
                on_close=Callback::new(move |()| giving.set(false))
            />
        </When>
    }
}
