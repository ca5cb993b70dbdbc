//! What lies over the tile of this browser's camera: before it runs the way to start it, then the way to stop.

use leptos::{prelude::*, task::spawn_local};

use super::own::{OwnCamera, Stage};
use crate::api::{FeedRequest, LiveFeed, use_api};
use crate::language::say;
use crate::ui::{Icon, When, icons, use_toasts};

/// Before the camera runs: as which feed, and the button; or what went wrong.
#[component]
pub fn StartPanel(
    own: OwnCamera,
    feeds: Signal<Vec<LiveFeed>>,
    on_feed: Callback<LiveFeed>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let name = RwSignal::new(say!(live.main_entrance).to_owned());
    let making = RwSignal::new(false);
    let chosen = Signal::derive(move || {
        let wanted = own.feed.get();
        // Before anything was chosen, a feed that no device sends.
        let free = |feed: &&LiveFeed| !feed.device.as_ref().is_some_and(|device| device.online);
        feeds.with(|feeds| {
            let chosen = feeds.iter().find(|feed| Some(feed.id) == wanted);
            chosen.or_else(|| feeds.iter().find(free)).or(feeds.first()).cloned()
        })
    });
    let no_feed = Memo::new(move |_| feeds.with(Vec::is_empty));
    let start = move |_| {
        if let Some(feed) = chosen.get_untracked() {
            return own.start(feed);
        }
        making.set(true);
        spawn_local(async move {
            let request = FeedRequest::named(name.get_untracked().trim().to_owned());
            match api.create_feed(&request).await {
                Ok((feed, _)) => {
                    on_feed.run(feed.clone());
                    own.start(feed);
                }
                Err(failure) => toasts.show(failure.message()),
            }
            making.try_set(false);
        });
    };
    let off = move || {
        let nameless = no_feed.get() && name.with(|name| name.trim().is_empty());
        making.get() || own.stage.get() == Stage::Asking || nameless
    };
    view! {
        <div class="tile-panel">
            {move || view! { <PanelWords stage=own.stage.get() no_feed=no_feed.get() /> }}
            <div class="tile-panel-row">
                <When is=move || no_feed.get() otherwise=move || view! { <FeedChoice own feeds chosen /> }>
                    <input
                        class="input tile-select"
                        aria-label=say!(live.first_feed)
                        prop:value=name
                        on:input:target=move |event| name.set(event.target().value())
                    />
                </When>
                <button
                    type="button"
                    class="btn btn-primary"
                    data-testid="camera-start"
                    disabled=off
                    on:click=start
                >
                    {move || match (own.stage.get(), no_feed.get()) {
                        (Stage::Asking, _) => say!(live.waiting_permission),
                        (Stage::Trouble(_), _) => say!(words.try_again),
                        (_, true) => say!(live.create_start),
                        _ => say!(live.start),
                    }}
                </button>
            </div>
        </div>
    }
}

#[component]
fn PanelWords(stage: Stage, no_feed: bool) -> impl IntoView {
    let (icon, title, text) = match stage {
        Stage::Trouble(trouble) => (icons::CameraOff, trouble.title(), trouble.advice()),
        _ if no_feed => (icons::Camera, say!(live.use_camera), say!(live.use_first)),
        _ => (icons::Camera, say!(live.use_camera), say!(live.use_text)),
    };
    let failed = matches!(stage, Stage::Trouble(_));
    view! {
        <span class="tile-panel-mark" class:tile-panel-error=failed>
            <Icon icon class="icon-lg" />
        </span>
        <div role=failed.then_some("alert")>
            <p class="tile-panel-title">{title}</p>
            <p class="tile-panel-text">{text}</p>
        </div>
    }
}

/// The feed that the camera will send as.
#[component]
fn FeedChoice(
    own: OwnCamera,
    feeds: Signal<Vec<LiveFeed>>,
    chosen: Signal<Option<LiveFeed>>,
) -> impl IntoView {
    let options = move || {
        let now = chosen.get().map(|feed| feed.id);
        let option = |feed: LiveFeed| {
            view! { <option value=feed.id.to_string() selected=Some(feed.id) == now>{feed.name}</option> }
        };
        feeds.get().into_iter().map(option).collect_view()
    };
    view! {
        <select
            class="input tile-select"
            aria-label=say!(live.send_as)
            on:change:target=move |event| own.feed.set(event.target().value().parse().ok())
        >
            {options}
        </select>
    }
}

/// While the camera runs: another camera, and the way to stop.
#[component]
pub fn Controls(own: OwnCamera, feeds: Signal<Vec<LiveFeed>>) -> impl IntoView {
    let restart = move |device: String| {
        own.device.set(Some(device));
        let feed = own.feed.get_untracked();
        let feed = feeds.with_untracked(|feeds| feeds.iter().find(|f| Some(f.id) == feed).cloned());
        if let Some(feed) = feed {
            own.start(feed);
        }
    };
    view! {
        <div class="tile-controls">
            <When is=move || { own.devices.with(|devices| devices.len() > 1) }>
                <select
                    class="chip chip-select"
                    aria-label=say!(live.camera)
                    on:change:target=move |event| restart(event.target().value())
                >
                    {move || {
                        let now = own.device.get();
                        own.devices
                            .get()
                            .into_iter()
                            .map(|choice| {
                                let selected = Some(&choice.id) == now.as_ref();
                                view! { <option value=choice.id selected=selected>{choice.label}</option> }
                            })
                            .collect_view()
                    }}
                </select>
            </When>
            <button type="button" class="chip chip-button" on:click=move |_| own.stop()>
                <Icon icon=icons::Stop />
                {say!(live.stop)}
            </button>
        </div>
    }
}
