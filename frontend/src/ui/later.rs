//! Pages whose code is fetched when they are first opened, so that the first page does not wait for all of them.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::SplitLoaderError;

use super::{Icon, Skeleton, icons};
use crate::language::say;

/// Makes a page's view. What a fetched part of the program hands over: views are made where they are shown, since
/// they belong to the reactive owner there.
pub type Build = Box<dyn FnOnce() -> AnyView>;

/// The code of a page could not be fetched: no network, or the server has a newer build.
#[derive(Debug)]
pub struct NotFetched;

impl From<SplitLoaderError> for NotFetched {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Coming,
    Here,
    Failed,
}

/// Shows what `fetch` brings, a skeleton until then, and a way on where it fails.
#[component]
pub fn Later<F>(
    /// Fetches the code, through a function that is marked `wasm_split`.
    fetch: F,
    /// What shows until then; by default a skeleton of a page.
    #[prop(optional)]
    meanwhile: Option<fn() -> AnyView>,
) -> impl IntoView
where
    F: Future<Output = Result<Build, NotFetched>> + 'static,
{
    let stage = RwSignal::new(Stage::Coming);
    let build = StoredValue::new_local(None::<Build>);
    spawn_local(async move {
        let fetched = fetch.await;
        let now = if fetched.is_ok() { Stage::Here } else { Stage::Failed };
        // Nothing is left to set where the reader has gone on to another page.
        if build.try_set_value(fetched.ok()).is_none() {
            stage.try_set(now);
        }
    });
    move || match stage.get() {
        Stage::Coming => match meanwhile {
            Some(view) => view(),
            None => view! { <div class="content"><Skeleton /></div> }.into_any(),
        },
        Stage::Here => build.try_update_value(Option::take).flatten().map(|build| build()).into_any(),
        Stage::Failed => view! { <Unfetched /> }.into_any(),
    }
}

#[component]
fn Unfetched() -> impl IntoView {
    let reload = move |_| {
        // Fails only for a page that is being left.
        let _ = window().location().reload();
    };
    view! {
        <div class="state" role="alert">
            <span class="state-mark state-mark-error"><Icon icon=icons::Alert class="icon-lg" /></span>
            <p class="state-title">{say!(shell.part_missing)}</p>
            <p class="state-text">{say!(shell.part_missing_text)}</p>
            <div class="state-actions">
                <button type="button" class="btn" on:click=reload>
                    <Icon icon=icons::Retry />
                    {say!(shell.load_again)}
                </button>
            </div>
        </div>
    }
}
