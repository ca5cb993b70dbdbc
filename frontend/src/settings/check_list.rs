//! Any number of a list that is fetched: groups, feeds.

use leptos::prelude::*;

use crate::api::Api;
use crate::language::say;
use crate::loading::{Load, Loader};

/// The id and the name of each thing to choose from.
pub type Named = Vec<(String, String)>;

/// Every group.
pub fn groups(api: Api) -> Loader<Named> {
    let list = Loader::new();
    list.run(async move {
        let page = api.groups().await?;
        Ok(page.items.into_iter().map(|group| (group.id.to_string(), group.name)).collect())
    });
    list
}

/// Every feed.
pub fn feeds(api: Api) -> Loader<Named> {
    let list = Loader::new();
    list.run(async move {
        let page = api.feeds().await?;
        Ok(page.items.into_iter().map(|feed| (feed.id.to_string(), feed.name)).collect())
    });
    list
}

/// A box to tick for each thing.
#[component]
pub fn CheckList(
    /// What to choose.
    label: &'static str,
    /// What the choice means.
    hint: &'static str,
    /// Told where there is nothing to choose from.
    empty: &'static str,
    /// What there is.
    list: Loader<Named>,
    /// Ids of what is chosen.
    chosen: RwSignal<Vec<String>>,
    /// What is wrong with the choice.
    #[prop(into, optional)]
    problem: Signal<Option<String>>,
    /// Names the list for tests.
    testid: &'static str,
) -> impl IntoView {
    let row = move |(id, name): (String, String)| {
        let mine = id.clone();
        let is_chosen = move || chosen.with(|chosen| chosen.contains(&mine));
        let toggle = move |on: bool| {
            chosen.update(|chosen| {
                chosen.retain(|other| *other != id);
                if on {
                    chosen.push(id.clone());
                }
            });
        };
        view! {
            <li>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=is_chosen
                        on:change:target=move |event| toggle(event.target().checked())
                    />
                    <span class="min-w-0 break-words">{name}</span>
                </label>
            </li>
        }
    };
    view! {
        <fieldset class="check-list" data-testid=testid>
            <legend class="label">{label}</legend>
            <p class="note">{hint}</p>
            {move || match list.get() {
                Load::Waiting => view! { <p class="note">{say!(words.loading)}</p> }.into_any(),
                Load::Failed(failure) => view! { <p class="problem">{failure.message()}</p> }.into_any(),
                Load::Ready(list) if list.is_empty() => view! { <p class="note">{empty}</p> }.into_any(),
                Load::Ready(list) => {
                    view! { <ul class="check-items">{list.into_iter().map(row).collect_view()}</ul> }.into_any()
                }
            }}
            <p class="note problem" role="alert">{problem}</p>
        </fieldset>
    }
}
