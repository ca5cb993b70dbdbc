//! This browser's camera: permission, the feed it sends as, the picture with its boxes.

use leptos::{html, prelude::*, task::spawn_local};
use types::{FeedId, PersonId, codes};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlVideoElement, MediaStream};

use super::challenge::ChallengePrompt;
use super::overlay::Overlay;
use super::own_panel::{Controls, StartPanel};
use super::sender::{Report, Sender};
use super::state::TileState;
use super::tile::{Enlarged, TileFrame};
use super::unknown::UnknownShown;
use crate::api::{Failure, LiveFeed};
use crate::camera::{self, Choice, Trouble};
use crate::language::say;
use crate::router::use_router;
use crate::shell::Signals;
use crate::ui::{Icon, When, icons};
use crate::watch::{Link, Seen};

const FEED_KEY: &str = "camera-feed";

/// Where the camera stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Off,
    Asking,
    Trouble(Trouble),
    On,
}

/// What the parts of the tile share.
#[derive(Clone, Copy)]
pub struct OwnCamera {
    pub stage: RwSignal<Stage>,
    pub feed: RwSignal<Option<FeedId>>,
    pub device: RwSignal<Option<String>>,
    pub devices: RwSignal<Vec<Choice>>,
    /// Whether the camera looks at whoever looks at the screen, who expects a mirror.
    mirrored: RwSignal<bool>,
    seen: RwSignal<Option<Seen>>,
    problem: RwSignal<Option<String>>,
    stream: StoredValue<Option<MediaStream>, LocalStorage>,
    sender: StoredValue<Option<Sender>, LocalStorage>,
    /// What the pictures are taken from: beside the pages, so that it plays on whichever is open.
    source: StoredValue<Option<HtmlVideoElement>, LocalStorage>,
    signals: Signals,
}

impl OwnCamera {
    fn new() -> Self {
        Self {
            stage: RwSignal::new(Stage::Off),
            feed: RwSignal::new(remembered_feed()),
            device: RwSignal::new(None),
            devices: RwSignal::new(Vec::new()),
            mirrored: RwSignal::new(true),
            seen: RwSignal::new(None),
            problem: RwSignal::new(None),
            stream: StoredValue::new_local(None),
            sender: StoredValue::new_local(None),
            source: StoredValue::new_local(None),
            signals: expect_context::<Signals>(),
        }
    }

    /// The camera of this dashboard: it goes on while other pages are open, until somebody stops it or signs out.
    fn of_dashboard() -> Self {
        let held = expect_context::<CameraHeld>();
        held.own.get_value().unwrap_or_else(|| {
            held.owner.with_value(|owner| {
                owner.with(|| {
                    let own = Self::new();
                    on_cleanup(move || own.stop());
                    held.own.set_value(Some(own));
                    own
                })
            })
        })
    }

    /// Asks for the camera and sends it as `feed`.
    pub fn start(self, feed: LiveFeed) {
        self.stop();
        self.stage.set(Stage::Asking);
        self.feed.set(Some(feed.id));
        remember_feed(feed.id);
        spawn_local(async move {
            let device = self.device.get_untracked();
            match camera::open(device.as_deref(), None).await {
                Ok(stream) if self.stage.try_get_untracked() == Some(Stage::Asking) => {
                    self.show(stream, feed);
                    self.devices.try_set(camera::choices().await);
                }
                Ok(stream) => camera::close(&stream),
                Err(trouble) => {
                    self.stage.try_set(Stage::Trouble(trouble));
                }
            }
        });
    }

    fn show(self, stream: MediaStream, feed: LiveFeed) {
        let Some(video) = beside_the_pages() else { return camera::close(&stream) };
        play(&video, &stream);
        self.notice_unplugging(&stream);
        self.mirrored.set(camera::faces_user(&stream));
        self.stream.set_value(Some(stream));
        self.source.set_value(Some(video.clone()));
        self.stage.set(Stage::On);
        self.signals.stop_camera.set(Some(Callback::new(move |()| self.stop())));
        self.signals.camera.set(Link::Opening);
        let sender = Sender::start(feed.id, feed.max_fps, video, move |report| self.take(report));
        self.sender.set_value(sender);
    }

    fn notice_unplugging(self, stream: &MediaStream) {
        let ended = Closure::once_into_js(move || {
            self.stop();
            self.stage.try_set(Stage::Trouble(Trouble::Missing));
        });
        for track in stream.get_tracks().iter() {
            if let Ok(track) = track.dyn_into::<web_sys::MediaStreamTrack>() {
                track.set_onended(Some(ended.unchecked_ref()));
            }
        }
    }

    fn take(self, report: Report) {
        match report {
            Report::Link(link) => {
                self.signals.camera.try_set(link);
                if link == Link::Down {
                    self.seen.try_set(None);
                }
            }
            Report::Seen(seen) => {
                self.seen.try_set(Some(seen));
                self.problem.try_set(None);
                if self.signals.recognizer_down.try_get_untracked() == Some(true) {
                    self.signals.recognizer_down.set(false);
                }
            }
            Report::Refused(error) => {
                self.seen.try_set(None);
                match error.code.as_str() {
                    codes::RECOGNIZER_UNAVAILABLE => {
                        self.signals.recognizer_down.try_set(true);
                        self.problem.try_set(Some(say!(live.recognizer_away).to_owned()));
                    }
                    codes::TOO_MANY_REQUESTS => {}
                    _ => {
                        self.problem.try_set(Some(Failure::told(error).message()));
                    }
                }
            }
        }
    }

    /// Lets camera and connection go.
    pub fn stop(self) {
        self.sender.try_set_value(None);
        self.stream.try_update_value(|held| {
            if let Some(stream) = held.take() {
                camera::close(&stream);
            }
        });
        self.source.try_update_value(|held| {
            if let Some(video) = held.take() {
                video.set_src_object(None);
                video.remove();
            }
        });
        self.seen.try_set(None);
        self.problem.try_set(None);
        self.signals.camera.try_set(Link::Idle);
        self.signals.stop_camera.try_set(None);
        self.stage.try_set(Stage::Off);
    }
}

/// This browser's camera once it was shown, and what it belongs to: the dashboard, not a page.
#[derive(Clone, Copy)]
pub struct CameraHeld {
    own: StoredValue<Option<OwnCamera>, LocalStorage>,
    owner: StoredValue<Owner>,
}

/// Holds the camera for the whole dashboard.
pub fn provide_camera() {
    provide_context(CameraHeld { own: StoredValue::new_local(None), owner: StoredValue::new(Owner::new()) });
}

/// The tile of this browser's camera. `sending` tells the page which feed it is, while it is on.
#[component]
pub fn OwnTile(
    /// All feeds.
    #[prop(into)]
    feeds: Signal<Vec<LiveFeed>>,
    /// A feed was made here.
    on_feed: Callback<LiveFeed>,
    /// The feed that this tile shows, while it does.
    sending: RwSignal<Option<FeedId>>,
) -> impl IntoView {
    let own = OwnCamera::of_dashboard();
    let picture = NodeRef::<html::Video>::new();
    let enlarged = expect_context::<Enlarged>().0;
    let on = Memo::new(move |_| own.stage.get() == Stage::On);
    Effect::new(move |_| sending.set(if on.get() { own.feed.get() } else { None }));
    Effect::new(move |_| {
        let (Some(video), _) = (picture.get(), own.stage.get()) else { return };
        own.stream.with_value(|stream| match stream {
            Some(stream) => play(&video, stream),
            None => video.set_src_object(None),
        });
    });
    let name = Signal::derive(move || {
        let feed = if on.get() { own.feed.get() } else { None };
        feeds
            .with(|feeds| feeds.iter().find(|f| Some(f.id) == feed).map(|f| f.name.clone()))
            .unwrap_or_else(|| say!(live.this_browser).to_owned())
    });
    let state = Signal::derive(move || match (own.stage.get(), own.signals.camera.get()) {
        (Stage::On, Link::Up) if own.problem.with(Option::is_none) => {
            TileState::plain("live", say!(live.live_here))
        }
        (Stage::On, Link::Up) => TileState::plain("quiet", say!(live.not_recognising)),
        (Stage::On, _) => TileState::plain("quiet", say!(live.connecting)),
        (Stage::Asking, _) => TileState::plain("quiet", say!(live.asking)),
        _ => TileState::plain("quiet", say!(live.camera_off)),
    });
    let router = use_router();
    let unknown = expect_context::<UnknownShown>();
    let on_unknown = unknown.opener(Signal::derive(move || own.feed.get()));
    let on_person = move |person: PersonId| router.go(&format!("/people/{person}"));
    let on_click = move |()| {
        if on.get_untracked() {
            let feed = own.feed.get_untracked();
            enlarged.update(|shown| *shown = if *shown == feed { None } else { feed });
        }
    };
    view! {
        <TileFrame feed=Signal::derive(move || own.feed.get()) name state can_enlarge=on>
            <video
                node_ref=picture
                class="tile-picture"
                class:invisible=move || !on.get()
                class:tile-mirror=own.mirrored
                data-testid="camera-video"
                playsinline
                aria-label=say!(live.picture_of_this_camera)
            ></video>
            <Overlay seen=own.seen mirrored=own.mirrored testid="overlay" on_person on_unknown on_click />
            <ChallengePrompt seen=own.seen mirrored=own.mirrored />
            <When is=move || !on.get()>
                <StartPanel own feeds on_feed />
            </When>
            <When is=move || on.get()>
                <Controls own feeds />
                <When is=move || own.problem.with(Option::is_some)>
                    <p class="tile-problem" role="alert">
                        <Icon icon=icons::Alert />
                        <span>{move || own.problem.get()}</span>
                    </p>
                </When>
            </When>
        </TileFrame>
    }
}

/// A video that nobody sees: one that leaves the page, or is in none, may stop.
fn beside_the_pages() -> Option<HtmlVideoElement> {
    let video: HtmlVideoElement = document().create_element("video").ok()?.dyn_into().ok()?;
    video.set_class_name("camera-source");
    // These set attributes, and add to a page that has a body.
    let _ = video.set_attribute("playsinline", "");
    let _ = video.set_attribute("aria-hidden", "true");
    document().body()?.append_child(&video).ok()?;
    Some(video)
}

fn play(video: &HtmlVideoElement, stream: &MediaStream) {
    video.set_muted(true);
    video.set_src_object(Some(stream));
    if let Ok(playing) = video.play() {
        // Playing a muted camera needs no gesture; if the page goes meanwhile, nobody needs the error.
        spawn_local(async move {
            let _ = wasm_bindgen_futures::JsFuture::from(playing).await;
        });
    }
}

fn remembered_feed() -> Option<FeedId> {
    window().local_storage().ok().flatten()?.get_item(FEED_KEY).ok().flatten()?.parse().ok()
}

fn remember_feed(feed: FeedId) {
    if let Some(storage) = window().local_storage().ok().flatten() {
        // A full or closed storage only means choosing the feed again next time.
        let _ = storage.set_item(FEED_KEY, &feed.to_string());
    }
}
