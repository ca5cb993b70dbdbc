//! What a list shows when it has nothing to show yet.

use std::time::Duration;

use leptos::prelude::*;

use super::{Icon, icons};
use crate::api::Failure;
use crate::language::say;

/// How often a failure that may pass is tried again by itself.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// An empty list: what it is and how to fill it.
#[component]
pub fn Empty(
    /// A picture of what is missing.
    icon: icondata_core::Icon,
    /// What it is, in a few words.
    #[prop(into)]
    title: String,
    /// How to fill it.
    #[prop(into, optional)]
    text: String,
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state">
            <span class="state-mark"><Icon icon class="icon-lg" /></span>
            <p class="state-title">{title}</p>
            {(!text.is_empty()).then(|| view! { <p class="state-text">{text}</p> })}
            {children.map(|children| view! { <div class="state-actions">{children()}</div> })}
        </div>
    }
}

/// What went wrong, with a retry; what may pass is also tried again by itself.
#[component]
pub fn Failed(
    /// The failure.
    failure: Failure,
    /// Tries again.
    retry: Callback<()>,
) -> impl IntoView {
    if failure.is_passing() {
        let timer = set_interval_with_handle(move || retry.run(()), RETRY_AFTER).ok();
        on_cleanup(move || {
            if let Some(timer) = timer {
                timer.clear();
            }
        });
    }
    view! {
        <div class="state" role="alert">
            <span class="state-mark state-mark-error"><Icon icon=icons::Alert class="icon-lg" /></span>
            <p class="state-title">{say!(errors.not_loaded)}</p>
            <p class="state-text">{failure.message()}</p>
            <div class="state-actions">
                <button type="button" class="btn" on:click=move |_| retry.run(())>
                    <Icon icon=icons::Retry />
                    {say!(words.try_again)}
                </button>
            </div>
        </div>
    }
}

/// Grey rows of the size of what is coming; they show after 150 ms, so that a quick answer does not flicker.
#[component]
pub fn Skeleton(
    /// How many rows.
    #[prop(default = 6)]
    rows: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="sr-only">{say!(words.loading)}</span>
            {(0..rows)
                .map(|_| {
                    view! {
                        <div class="skeleton-row" aria-hidden="true">
                            <span class="skeleton-dot"></span>
                            <span class="skeleton-bar"></span>
                            <span class="skeleton-bar skeleton-bar-short"></span>
                        </div>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// Fetches the next page of a list.
#[component]
pub fn MoreButton(
    /// Whether the next page is on its way.
    #[prop(into)]
    busy: Signal<bool>,
    /// Fetches it.
    on_more: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="flex justify-center py-4">
            <button type="button" class="btn" disabled=busy on:click=move |_| on_more.run(())>
                {move || if busy.get() { say!(words.loading) } else { say!(words.show_more) }}
            </button>
        </div>
    }
}
