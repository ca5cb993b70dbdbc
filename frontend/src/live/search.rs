//! Looking for feeds where they are many.

use leptos::prelude::*;

use super::arrange::is_found;
use crate::api::{LiveFeed, use_api};
use crate::language::say;
use crate::loading::Loader;
use crate::ui::When;

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Search {
    words: RwSignal<String>,
    /// Id of a group that comes past; empty for all.
    group: RwSignal<String>,
}

impl Search {
    /// Finds all.
    pub fn new() -> Self {
        Self { words: RwSignal::new(String::new()), group: RwSignal::new(String::new()) }
    }

    /// Whether a feed is one of those.
    pub fn finds(self, feed: &LiveFeed) -> bool {
        let group = self.group.get();
        self.words.with(|words| is_found(&feed.name, words))
            && (group.is_empty() || feed.groups.iter().any(|id| id.to_string() == group))
    }
}

/// Looks for feeds by name, and by the groups that come past.
#[component]
pub fn SearchBar(search: Search, feeds: Signal<Vec<LiveFeed>>) -> impl IntoView {
    let api = use_api();
    let groups = Loader::<Vec<(String, String)>>::new();
    groups.run(async move {
        let page = api.groups().await?;
        Ok(page.items.into_iter().map(|group| (group.id.to_string(), group.name)).collect())
    });
    let used = Memo::new(move |_| {
        let of_feed =
            |id: &str| feeds.with(|feeds| feeds.iter().any(|f| f.groups.iter().any(|g| g.to_string() == id)));
        groups.value().unwrap_or_default().into_iter().filter(|(id, _)| of_feed(id)).collect::<Vec<_>>()
    });
    view! {
        <div class="toolbar">
            <input
                type="search"
                class="input toolbar-search"
                placeholder=say!(live.find_feed)
                aria-label=say!(live.find_feed)
                data-testid="feed-search"
                prop:value=search.words
                on:input:target=move |event| search.words.set(event.target().value())
            />
            <When is=move || !used.with(Vec::is_empty)>
                <select
                    class="input w-auto"
                    aria-label=say!(live.groups_past)
                    on:change:target=move |event| search.group.set(event.target().value())
                >
                    <option value="">{say!(live.all_groups)}</option>
                    {move || {
                        used.get().into_iter().map(|(id, name)| view! { <option value=id>{name}</option> }).collect_view()
                    }}
                </select>
            </When>
        </div>
    }
}
