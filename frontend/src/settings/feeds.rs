//! Feeds: camera positions, made, changed, given new tokens, deleted.

use leptos::{prelude::*, task::spawn_local};
use types::{Direction, FeedView};

use super::feed_choices;
use super::feed_form::FeedSheet;
use super::token::TokenDialog;
use crate::api::use_api;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Ago, Confirm, Empty, Failed, Icon, Skeleton, When, icons, use_toasts};

/// A feed that sent nothing for this long is quiet, in milliseconds.
const QUIET_MS: f64 = 10_000.0;

/// What is being done with a feed.
#[derive(Clone, PartialEq)]
pub enum Doing {
    Nothing,
    Making,
    Changing(FeedView),
    Renewing(FeedView),
    Deleting(FeedView),
    /// The token of a feed by this name is shown, this once.
    Showing {
        name: String,
        token: String,
    },
}

#[component]
pub fn FeedsSection() -> impl IntoView {
    let api = use_api();
    let feeds = Loader::<Vec<FeedView>>::new();
    let read = Callback::new(move |()| feeds.run(async move { api.feeds().await.map(|page| page.items) }));
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let done = Callback::new(move |next: Doing| {
        doing.try_set(next);
        read.run(());
    });
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">"Feeds"</h2>
                <p class="note">"A feed is a camera position: an entrance, a room."</p>
            </div>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="feed-create"
                on:click=move |_| doing.set(Doing::Making)
            >
                <Icon icon=icons::Plus />
                "Add feed"
            </button>
        </header>
        {move || match feeds.get() {
            Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(feeds) if feeds.is_empty() => {
                view! {
                    <Empty
                        icon=icons::Feed
                        title="No feeds yet"
                        text="Add one, then start a browser's camera as it on the Live page."
                    />
                }
                    .into_any()
            }
            Load::Ready(feeds) => {
                view! {
                    <ul class="rows">
                        {feeds.into_iter().map(|feed| view! { <FeedRow feed doing /> }).collect_view()}
                    </ul>
                }
                    .into_any()
            }
        }}
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Making => view! { <FeedSheet feed=None done doing /> }.into_any(),
            Doing::Changing(feed) => view! { <FeedSheet feed=Some(feed) done doing /> }.into_any(),
            Doing::Renewing(feed) => view! { <RenewToken feed done doing /> }.into_any(),
            Doing::Deleting(feed) => view! { <DeleteFeed feed done doing /> }.into_any(),
            Doing::Showing { name, token } => view! { <TokenDialog name token doing /> }.into_any(),
        }}
    }
}

/// Which way people pass, in a word.
pub fn direction_words(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "In",
        Direction::Out => "Out",
        Direction::Both => "In and out",
    }
}

fn summary(feed: &FeedView) -> String {
    format!(
        "{}, {} frames to decide, once per {} s{}",
        direction_words(feed.direction),
        feed.min_frames,
        feed.dedup_seconds,
        feed_choices::summary(feed.range, feed.liveness)
    )
}

#[component]
fn FeedRow(feed: FeedView, doing: RwSignal<Doing>) -> impl IntoView {
    let desk = use_desk();
    let last = feed.last_frame_at;
    let live = move || last.is_some_and(|at| desk.now_ms.get() - (at.timestamp_millis() as f64) < QUIET_MS);
    let (name, rules) = (feed.name.clone(), summary(&feed));
    let button = |label: &str, icon, class: &'static str, next: Doing| {
        let words = format!("{label} {}", feed.name);
        view! {
            <button
                type="button"
                class=class
                aria-label=words.clone()
                title=words
                on:click=move |_| doing.set(next.clone())
            >
                <Icon icon />
            </button>
        }
    };
    view! {
        <li class="row">
            <span class="row-mark"><Icon icon=icons::Feed /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">{name}</p>
                <p class="note">{rules}</p>
                <p class="note">
                    {match last {
                        Some(at) => {
                            view! {
                                <span class:text-known=live>{move || if live() { "Live" } else { "Last picture" }}</span>
                                <When is=move || !live()>
                                    <Ago at />
                                </When>
                            }
                                .into_any()
                        }
                        None => "No picture yet".into_any(),
                    }}
                </p>
            </div>
            <div class="row-actions">
                {button("Edit", icons::Edit, "icon-btn", Doing::Changing(feed.clone()))}
                {button("New token for", icons::Key, "icon-btn", Doing::Renewing(feed.clone()))}
                {button("Delete", icons::Delete, "icon-btn", Doing::Deleting(feed.clone()))}
            </div>
        </li>
    }
}

#[component]
fn RenewToken(feed: FeedView, done: Callback<Doing>, doing: RwSignal<Doing>) -> impl IntoView {
    let api = use_api();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let (id, name) = (feed.id, feed.name.clone());
    let renew = Callback::new(move |()| {
        busy.set(true);
        let name = name.clone();
        spawn_local(async move {
            match api.rotate_token(id).await {
                Ok(fresh) => done.run(Doing::Showing { name, token: fresh.token }),
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=format!("New token for {}?", feed.name)
            text="The device that sends this feed stops at once and needs the new token."
            action="Make new token"
            busy
            problem
            on_confirm=renew
            on_close=Callback::new(move |()| doing.set(Doing::Nothing))
        />
    }
}

#[component]
fn DeleteFeed(feed: FeedView, done: Callback<Doing>, doing: RwSignal<Doing>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let (id, name) = (feed.id, feed.name.clone());
    let delete = Callback::new(move |()| {
        busy.set(true);
        let name = name.clone();
        spawn_local(async move {
            match api.delete_feed(id).await {
                Ok(()) => {
                    toasts.show(format!("{name} deleted"));
                    done.run(Doing::Nothing);
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=format!("Delete {}?", feed.name)
            text="Its camera can send no more. This cannot be undone."
            action=format!("Delete {}", feed.name)
            busy
            problem
            on_confirm=delete
            on_close=Callback::new(move |()| doing.set(Doing::Nothing))
        />
    }
}
