//! One person or nobody, found by name or number.

use std::time::Duration;

use leptos::prelude::*;
use types::{PersonId, PersonRef, PersonView};

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Avatar, Icon, When, icons};

const SHOWN: u32 = 6;
const TYPING_PAUSE: Duration = Duration::from_millis(200);

fn named(person: PersonView) -> PersonRef {
    PersonRef { id: person.id, photo: person.photos.first().map(|photo| photo.id), name: person.name }
}

/// The person who an account belongs to.
#[component]
pub fn PersonChoice(
    /// Who is chosen.
    who: RwSignal<Option<PersonId>>,
    /// What is wrong with the choice.
    #[prop(into)]
    problem: Signal<Option<String>>,
) -> impl IntoView {
    let api = use_api();
    let person = Loader::<PersonRef>::new();
    Effect::new(move |_| {
        if let Some(id) = who.get() {
            person.reset();
            person.run(async move { api.person(id).await.map(named) });
        }
    });
    view! {
        <div class="field">
            <When is=move || who.get().is_some() otherwise=move || view! { <Search who /> }>
                <p class="label">{say!(users.person)}</p>
                <div class="chosen-person">
                    {move || match person.get() {
                        Load::Waiting => view! { <span class="note">{say!(words.loading)}</span> }.into_any(),
                        Load::Failed(failure) => view! { <span class="problem">{failure.message()}</span> }.into_any(),
                        Load::Ready(person) => {
                            view! {
                                <Avatar person=person.id name=person.name.clone() photo=person.photo size="avatar-sm" />
                                <span class="min-w-0 flex-1 truncate">{person.name.clone()}</span>
                            }
                                .into_any()
                        }
                    }}
                    <button
                        type="button"
                        class="icon-btn"
                        aria-label=say!(users.person_remove)
                        title=say!(users.person_remove)
                        on:click=move |_| who.set(None)
                    >
                        <Icon icon=icons::Close />
                    </button>
                </div>
            </When>
            <p class="note">{say!(users.person_hint)}</p>
            <p class="note problem" role="alert">{problem}</p>
        </div>
    }
}

#[component]
fn Search(who: RwSignal<Option<PersonId>>) -> impl IntoView {
    let api = use_api();
    let query = RwSignal::new(String::new());
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let found = Loader::<Vec<PersonRef>>::new();
    let look_up = move || {
        let Some(text) = query.try_get_untracked().map(|text| text.trim().to_owned()) else { return };
        found.run(async move {
            if text.is_empty() {
                return Ok(Vec::new());
            }
            let page = api.people(&text, false, SHOWN, None).await?;
            Ok(page.items.into_iter().map(named).collect())
        });
    };
    let typed = move |text: String| {
        query.set(text);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        pause.set_value(set_timeout_with_handle(look_up, TYPING_PAUSE).ok());
    };
    let note = move || match found.get() {
        Load::Failed(failure) => failure.message(),
        Load::Ready(people) if people.is_empty() && query.with(|query| !query.trim().is_empty()) => {
            say!(users.person_none).to_owned()
        }
        _ => String::new(),
    };
    let row = move |person: PersonRef| {
        let id = person.id;
        view! {
            <li>
                <button type="button" class="choice-row w-full text-start" on:click=move |_| who.set(Some(id))>
                    <Avatar person=id name=person.name.clone() photo=person.photo size="avatar-sm" />
                    <span class="min-w-0 truncate" title=person.name.clone()>{person.name.clone()}</span>
                </button>
            </li>
        }
    };
    view! {
        <label class="label" for="user-person">
            {say!(users.person)}
            <span class="optional">{say!(words.optional)}</span>
        </label>
        <input
            id="user-person"
            class="input"
            type="search"
            placeholder=say!(users.person_search)
            autocomplete="off"
            prop:value=query
            on:input:target=move |event| typed(event.target().value())
        />
        <p class="note" role="status">{note}</p>
        <ul class="choice-list">{move || found.value().unwrap_or_default().into_iter().map(row).collect_view()}</ul>
    }
}
