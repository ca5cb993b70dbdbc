//! Feeds: camera positions, made, changed, given new tokens, deleted.

use leptos::{prelude::*, task::spawn_local};
use types::{Direction, FeedView};

use super::feed_choices;
use super::feed_form::FeedSheet;
use super::secret::SecretDialog;
use crate::api::use_api;
use crate::language::say;
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
                <h2 class="section-title">{say!(settings.feeds)}</h2>
                <p class="note">{say!(settings.feeds_about)}</p>
            </div>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="feed-create"
                on:click=move |_| doing.set(Doing::Making)
            >
                <Icon icon=icons::Plus />
                {say!(settings.feed_add)}
            </button>
        </header>
        {move || match feeds.get() {
            Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(feeds) if feeds.is_empty() => {
                view! {
                    <Empty
                        icon=icons::Feed
                        title=say!(settings.feeds_none)
                        text=say!(settings.feeds_none_text)
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
            Doing::Showing { name, token } => {
                view! {
                    <SecretDialog
                        title=say!(settings.token_of, name = name)
                        text=say!(settings.token_text)
                        note=say!(settings.token_note)
                        secret=token
                        testid="feed-token"
                        on_close=Callback::new(move |()| doing.set(Doing::Nothing))
                    />
                }
                    .into_any()
            }
        }}
    }
}

/// Which way people pass, in a word or two.
pub fn direction_words(direction: Direction) -> &'static str {
    match direction {
        Direction::In => say!(settings.direction_in),
        Direction::Out => say!(settings.direction_out),
        Direction::Both => say!(settings.direction_both),
    }
}

/// What a feed asks for, each in a few words.
fn summary(feed: &FeedView) -> Vec<String> {
    let mut parts = vec![
        direction_words(feed.direction).to_owned(),
        say!(settings.frames_to_decide, count = u32::from(feed.min_frames)),
        say!(settings.once_in, count = feed.dedup_seconds),
    ];
    parts.extend(feed_choices::summary(feed.range, feed.liveness).into_iter().map(str::to_owned));
    if !feed.groups.is_empty() {
        parts.push(say!(settings.for_groups, count = feed.groups.len() as u32));
    }
    parts
}

#[component]
fn FeedRow(feed: FeedView, doing: RwSignal<Doing>) -> impl IntoView {
    let desk = use_desk();
    let last = feed.last_frame_at;
    let live = move || last.is_some_and(|at| desk.now_ms.get() - (at.timestamp_millis() as f64) < QUIET_MS);
    let (name, rules) = (feed.name.clone(), summary(&feed));
    let button = |words: String, icon, class: &'static str, next: Doing| {
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
                <p class="tags">
                    {rules.into_iter().map(|words| view! { <span class="tag">{words}</span> }).collect_view()}
                </p>
                <p class="note">
                    {match last {
                        Some(at) => {
                            view! {
                                <span class:text-known=live>{move || if live() { say!(settings.live) } else { say!(settings.last_picture) }}</span>
                                <When is=move || !live()>
                                    <Ago at />
                                </When>
                            }
                                .into_any()
                        }
                        None => say!(settings.no_picture).into_any(),
                    }}
                </p>
            </div>
            <div class="row-actions">
                {button(say!(settings.feed_edit, name = feed.name.clone()), icons::Edit, "icon-btn", Doing::Changing(feed.clone()))}
                {button(say!(settings.token_new_for, name = feed.name.clone()), icons::Key, "icon-btn", Doing::Renewing(feed.clone()))}
                {button(say!(settings.feed_delete, name = feed.name.clone()), icons::Delete, "icon-btn", Doing::Deleting(feed.clone()))}
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
            title=say!(settings.token_new_title, name = feed.name)
            text=say!(settings.token_new_text)
            action=say!(settings.token_new)
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
                    toasts.show(say!(settings.feed_deleted, name = name));
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
            title=say!(settings.feed_delete_title, name = feed.name.clone())
            text=say!(settings.feed_delete_text)
            action=say!(settings.feed_delete, name = feed.name)
            busy
            problem
            on_confirm=delete
            on_close=Callback::new(move |()| doing.set(Doing::Nothing))
        />
    }
}
