//! Choosing one person by name or number.

use std::time::Duration;

use leptos::{ev, prelude::*};
use types::{PersonId, PersonView};

use crate::api::use_api;
use crate::language::say;
use crate::loading::Loader;
use crate::ui::{Avatar, Icon, icons};

const SHOWN: u32 = 8;
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// A search that ends in one person, and the way back to everybody.
#[component]
pub fn PersonField(
    /// The person that stands.
    #[prop(into)]
    person: Signal<Option<PersonId>>,
    /// Takes another, or nobody in particular.
    on_person: Callback<Option<PersonId>>,
) -> impl IntoView {
    let chosen = Memo::new(move |_| person.get());
    move || match chosen.get() {
        Some(id) => view! { <Chosen id on_person /> }.into_any(),
        None => view! { <Search on_person /> }.into_any(),
    }
}

#[component]
fn Chosen(id: PersonId, on_person: Callback<Option<PersonId>>) -> impl IntoView {
    let api = use_api();
    let person = Loader::<PersonView>::new();
    person.run(api.person(id));
    view! {
        <span class="chosen-person" data-testid="chosen-person">
            <Icon icon=icons::Person />
            <span class="truncate">{move || person.value().map(|person| person.name)}</span>
            <button
                type="button"
                class="icon-btn"
                aria-label=say!(reports.everybody_again)
                title=say!(reports.everybody_again)
                on:click=move |_| on_person.run(None)
            >
                <Icon icon=icons::Close />
            </button>
        </span>
    }
}

#[component]
fn Search(on_person: Callback<Option<PersonId>>) -> impl IntoView {
    let api = use_api();
    let query = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let found = Loader::<Vec<PersonView>>::new();
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let look = move || {
        let Some(text) = query.try_get_untracked().map(|text| text.trim().to_owned()) else { return };
        if text.is_empty() {
            found.reset();
        } else {
            found.run(async move { Ok(api.people(&text, false, SHOWN, None).await?.items) });
        }
    };
    let typed = move |text: String| {
        query.set(text);
        at.set(0);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        pause.set_value(set_timeout_with_handle(look, TYPING_PAUSE).ok());
    };
    let people = move || {
        let typed = query.with(|query| !query.trim().is_empty());
        found.value().filter(|_| typed)
    };
    let key = move |event: ev::KeyboardEvent| {
        let Some(people) = untrack(people) else { return };
        let most = people.len().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(most)),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                if let Some(person) = people.get(at.get_untracked()) {
                    on_person.run(Some(person.id));
                }
            }
            "Escape" => query.set(String::new()),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="person-search">
            <input
                class="input"
                type="search"
                role="combobox"
                autocomplete="off"
                placeholder=say!(reports.one_person)
                aria-label=say!(reports.one_person)
                aria-controls="person-options"
                aria-expanded=move || if people().is_some() { "true" } else { "false" }
                aria-activedescendant=move || people().map(|_| format!("person-option-{}", at.get()))
                data-testid="report-person"
                prop:value=query
                on:input:target=move |event| typed(event.target().value())
                on:keydown=key
            />
            <ul id="person-options" class="person-options" role="listbox" aria-label=say!(words.people)>
                {move || {
                    people()
                        .map(|people| {
                            if people.is_empty() {
                                return view! { <li class="note person-nobody">{say!(reports.nobody_found)}</li> }.into_any();
                            }
                            people
                                .into_iter()
                                .enumerate()
                                .map(|(place, person)| {
                                    let id = person.id;
                                    view! {
                                        <li
                                            id=format!("person-option-{place}")
                                            class="person-option"
                                            role="option"
                                            aria-selected=move || if at.get() == place { "true" } else { "false" }
                                            on:mousedown=move |event: ev::MouseEvent| {
                                                event.prevent_default();
                                                on_person.run(Some(id));
                                            }
                                        >
                                            <Avatar
                                                person=id
                                                name=person.name.clone()
                                                photo=person.photos.first().map(|photo| photo.id)
                                                size="avatar-sm"
                                            />
                                            <span class="min-w-0">
                                                <span class="block truncate">{person.name}</span>
                                                <span class="note tabular">{person.external_id}</span>
                                            </span>
                                        </li>
                                    }
                                })
                                .collect_view()
                                .into_any()
                        })
                }}
            </ul>
        </div>
    }
}
