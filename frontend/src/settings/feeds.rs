//! Feeds: camera positions, made, changed, given new tokens, deleted.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::{Direction, FeedId, FeedView};

use super::device_sheet::{self, DeviceSheet, NewToken, PairingDialog, TokenShown};
use super::feed_choices;
use super::feed_form::FeedSheet;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Ago, Confirm, Empty, Entry, Failed, Icon, List, Skeleton, When, icons, use_toasts};

/// A feed that sent nothing for this long is quiet, in milliseconds.
const QUIET_MS: f64 = 10_000.0;
/// How often the list is read again: as often as devices call.
const EVERY: Duration = Duration::from_secs(10);

/// What is being done with a feed.
#[derive(Clone, PartialEq)]
pub enum Doing {
    Nothing,
    Making,
    Changing(FeedView),
    Renewing(FeedView),
    /// A tablet is made its kiosk.
    Pairing(FeedView),
    Deleting(FeedView),
    /// The token of a feed by this name is shown, this once.
    Showing {
        feed: FeedId,
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
    if let Ok(timer) = set_interval_with_handle(move || read.run(()), EVERY) {
        on_cleanup(move || timer.clear());
    }
    let doing = RwSignal::new(Doing::Nothing);
    // The feed whose device is looked at; what is done with it opens above.
    let device = RwSignal::new(None::<FeedView>);
    let changed = RwSignal::new(0_u32);
    Effect::new(move |_| {
        if doing.with(|doing| *doing == Doing::Nothing) {
            changed.update(|count| *count += 1);
        }
    });
    let done = Callback::new(move |next: Doing| {
        doing.try_set(next);
        read.run(());
    });
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let all = Memo::new(move |_| feeds.value().unwrap_or_default());
    let row = move |feed: FeedView| {
        let id = feed.id;
        // A row stays as it is while what it tells changes with every reading.
        Entry::new(id, move || view! { <FeedRow id all doing device /> }.into_any())
    };
    let rows = Signal::derive(move || all.get().into_iter().map(row).collect());
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
            Load::Ready(_) => ().into_any(),
        }}
        <ul class="rows">
            <List entries=rows />
        </ul>
        {move || {
            device
                .get()
                .map(|feed| {
                    let (renewed, paired) = (feed.clone(), feed.clone());
                    view! {
                        <DeviceSheet
                            feed
                            changed
                            on_token=Callback::new(move |()| doing.set(Doing::Renewing(renewed.clone())))
                            on_pair=Callback::new(move |()| doing.set(Doing::Pairing(paired.clone())))
                            on_close=Callback::new(move |()| device.set(None))
                        />
                    }
                })
        }}
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Making => view! { <FeedSheet feed=None done doing /> }.into_any(),
            Doing::Changing(feed) => view! { <FeedSheet feed=Some(feed) done doing /> }.into_any(),
            Doing::Renewing(feed) => {
                let (id, name) = (feed.id, feed.name.clone());
                let on_made = Callback::new(move |token: String| {
                    done.run(Doing::Showing { feed: id, name: name.clone(), token });
                });
                view! { <NewToken feed on_made on_close /> }.into_any()
            }
            Doing::Pairing(feed) => view! { <PairingDialog feed on_close /> }.into_any(),
            Doing::Deleting(feed) => view! { <DeleteFeed feed done doing /> }.into_any(),
            Doing::Showing { feed, name, token } => view! { <TokenShown feed name token on_close /> }.into_any(),
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
fn FeedRow(
    id: FeedId,
    all: Memo<Vec<FeedView>>,
    doing: RwSignal<Doing>,
    device: RwSignal<Option<FeedView>>,
) -> impl IntoView {
    let found = Memo::new(move |_| all.with(|all| all.iter().find(|feed| feed.id == id).cloned()));
    let name = Memo::new(move |_| {
        found.with(|feed| feed.as_ref().map(|feed| feed.name.clone()).unwrap_or_default())
    });
    let rules = Memo::new(move |_| found.with(|feed| feed.as_ref().map(summary).unwrap_or_default()));
    let said =
        Memo::new(move |_| found.with(|feed| feed.as_ref()?.device.as_ref().map(device_sheet::summary)));
    let button = |words: fn(String) -> String, icon, act: fn(FeedView) -> Doing| {
        let label = move || words(name.get());
        let open = move |_| {
            if let Some(feed) = found.get_untracked() {
                doing.set(act(feed));
            }
        };
        view! {
            <button type="button" class="icon-btn" aria-label=label title=label on:click=open>
                <Icon icon />
            </button>
        }
    };
    view! {
        <li class="row" data-testid="feed-row">
            <span class="row-mark"><Icon icon=icons::Feed /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">{name}</p>
                <p class="tags">
                    {move || rules.get().into_iter().map(|words| view! { <span class="tag">{words}</span> }).collect_view()}
                </p>
                <p class="note"><LastPicture found /></p>
                {move || {
                    said.get()
                        .map(|(well, words)| {
                            view! {
                                <p class="note" class:warned=!well data-testid="feed-device">
                                    {words}
                                </p>
                            }
                        })
                }}
            </div>
            <div class="row-actions">
                <button
                    type="button"
                    class="btn"
                    data-testid="feed-open-device"
                    aria-label=move || say!(devices.title, name = name.get())
                    on:click=move |_| device.set(found.get_untracked())
                >
                    <Icon icon=icons::Camera />
                    <span class="btn-word">{say!(devices.device)}</span>
                </button>
                {button(|name| say!(settings.feed_edit, name = name), icons::Edit, Doing::Changing)}
                {button(|name| say!(settings.token_new_for, name = name), icons::Key, Doing::Renewing)}
                {button(|name| say!(settings.feed_delete, name = name), icons::Delete, Doing::Deleting)}
            </div>
        </li>
    }
}

/// When the feed's last picture came.
#[component]
fn LastPicture(found: Memo<Option<FeedView>>) -> impl IntoView {
    let desk = use_desk();
    let last = Memo::new(move |_| found.with(|feed| feed.as_ref().and_then(|feed| feed.last_frame_at)));
    let live = move || {
        last.get().is_some_and(|at| {
            desk.now_ms.get() - (at.timestamp_millis() as f64) < QUIET_MS + EVERY.as_millis() as f64
        })
    };
    view! {
        <span class:text-known=live>
            {move || match (last.get(), live()) {
                (None, _) => say!(settings.no_picture),
                (_, true) => say!(settings.live),
                (_, false) => say!(settings.last_picture),
            }}
        </span>
        <When is=move || !live()>
            {move || last.get().map(|at| view! { " " <Ago at /> })}
        </When>
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
