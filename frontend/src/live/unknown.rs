//! The faces that nobody knows, beside the grid: what can be done about them is the same as on the review page, and its
//! code is fetched from there.

use leptos::prelude::*;
use types::FeedId;

use super::tile::Enlarged;
use crate::language::say;
use crate::session::use_desk;
use crate::shell::parts;
use crate::ui::{Icon, Later, icons};

/// Whose faces the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All that wait.
    Everywhere,
    /// Those that one feed saw.
    Feed(FeedId),
}

/// The panel, if it is open.
#[derive(Clone, Copy)]
pub struct UnknownShown(pub RwSignal<Option<Whose>>);

impl UnknownShown {
    /// What a click on an unknown face does at `feed`; nothing for those who may not review.
    pub fn opener(self, feed: Signal<Option<FeedId>>) -> Option<Callback<()>> {
        let enlarged = expect_context::<Enlarged>().0;
        use_desk().is_admin().then(|| {
            Callback::new(move |()| {
                if let Some(feed) = feed.get_untracked() {
                    // A tile that fills the screen would cover it.
                    enlarged.set(None);
                    self.0.set(Some(Whose::Feed(feed)));
                }
            })
        })
    }
}

/// The panel while it is open. `name` gives a feed's name.
#[component]
pub fn UnknownPanel(whose: Whose, name: Signal<String>) -> impl IntoView {
    let shown = expect_context::<UnknownShown>().0;
    let feed = match whose {
        Whose::Everywhere => None,
        Whose::Feed(feed) => Some(feed),
    };
    view! {
        <aside class="unknown-panel" aria-labelledby="unknown-title" data-testid="unknown-panel">
            <header class="unknown-head">
                <div class="min-w-0 flex-1">
                    <h2 id="unknown-title" class="section-title">{say!(live.unknown_faces)}</h2>
                    <p class="note truncate">{name}</p>
                </div>
                <a class="btn btn-quiet" href="/review">{say!(live.open_review)}</a>
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=say!(words.close)
                    data-testid="unknown-close"
                    on:click=move |_| shown.set(None)
                >
                    <Icon icon=icons::Close />
                </button>
            </header>
            <Later fetch=parts::unknown_faces(feed) />
        </aside>
    }
}
