//! The door's screen: the picture, the clock, who is greeted, and the ways in without a face.

use std::rc::Rc;
use std::time::Duration;

use leptos::{ev, html, prelude::*, task::spawn_local};
use types::KioskView;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::MediaStream;

use super::badge::{self, BadgePanel};
use super::browser::Newer;
use super::frames::Frames;
use super::greeting::{Advice, Greeting};
use super::heart;
use super::keeper::Keeper;
use super::leave::{Corner, LeavePanel};
use super::memory;
use super::pin::PinPanel;
use super::state::{Camera, Kiosk, Panel};
use crate::camera::{self, Trouble};
use crate::clock::Style;
use crate::language::{LANGUAGES, choose, current, say};
use crate::live::ChallengePrompt;
use crate::ui::{Icon, When, icons};

/// How long nothing moves before the screen goes dark, in milliseconds.
const DIM_MS: f64 = 60_000.0;
/// Until a camera is asked for again that could not be opened.
const CAMERA_AGAIN: Duration = Duration::from_secs(5);

/// The camera of this screen.
#[derive(Clone, Copy)]
struct Lens {
    kiosk: Kiosk,
    keeper: StoredValue<Rc<Keeper>, LocalStorage>,
    video: NodeRef<html::Video>,
    /// Whether it looks at whoever looks at the screen, who expects a mirror.
    mirrored: RwSignal<bool>,
    stream: StoredValue<Option<MediaStream>, LocalStorage>,
    frames: StoredValue<Option<Frames>, LocalStorage>,
}

impl Lens {
    fn open(self) {
        spawn_local(async move {
            let chosen = memory::camera();
            let opened = match camera::open(chosen.as_deref(), Some("user")).await {
                // The one that was chosen is not there any more.
                Err(Trouble::Missing) if chosen.is_some() => camera::open(None, Some("user")).await,
                outcome => outcome,
            };
            match opened {
                Ok(stream) if self.kiosk.camera.try_get_untracked().is_some() => self.show(stream),
                Ok(stream) => camera::close(&stream),
                Err(trouble) => self.fail(trouble),
            }
        });
    }

    fn show(self, stream: MediaStream) {
        let Some(video) = self.video.get_untracked() else { return camera::close(&stream) };
        video.set_muted(true);
        video.set_src_object(Some(&stream));
        if let Ok(playing) = video.play() {
            // Playing a muted camera needs no gesture; if the page goes meanwhile, nobody needs the error.
            spawn_local(async move {
                let _ = wasm_bindgen_futures::JsFuture::from(playing).await;
            });
        }
        let ended = Closure::once_into_js(move || {
            self.close();
            self.fail(Trouble::Missing);
        });
        for track in stream.get_tracks().iter() {
            if let Ok(track) = track.dyn_into::<web_sys::MediaStreamTrack>() {
                track.set_onended(Some(ended.unchecked_ref()));
            }
        }
        self.mirrored.set(camera::faces_user(&stream));
        self.stream.set_value(Some(stream));
        self.kiosk.camera.set(Camera::On);
        self.frames.set_value(Frames::start(self.kiosk, self.keeper.get_value(), video));
    }

    fn fail(self, trouble: Trouble) {
        self.kiosk.camera.try_set(Camera::Trouble(trouble));
        set_timeout(
            move || {
                if matches!(self.kiosk.camera.try_get_untracked(), Some(Camera::Trouble(_))) {
                    self.open();
                }
            },
            CAMERA_AGAIN,
        );
    }

    fn close(self) {
        self.frames.try_set_value(None);
        self.stream.try_update_value(|held| {
            if let Some(stream) = held.take() {
                camera::close(&stream);
            }
        });
    }

    fn choose(self, device: &str) {
        memory::set_camera(device);
        self.close();
        self.kiosk.camera.set(Camera::Opening);
        self.open();
    }
}

/// The screen of a tablet that is paired.
#[component]
pub fn Screen(
    view: KioskView,
    /// Set once the server no longer takes this tablet for a kiosk.
    revoked: RwSignal<bool>,
    /// This tablet was told to be no kiosk any more.
    on_left: Callback<()>,
) -> impl IntoView {
    document().set_title(&view.name);
    let kiosk = Kiosk::new(view, revoked);
    let keeper = Keeper::start(kiosk);
    heart::start(kiosk, keeper.clone());
    let stopping = StoredValue::new_local(keeper.clone());
    let keeper = StoredValue::new_local(keeper);
    let lens = Lens {
        kiosk,
        keeper,
        video: NodeRef::new(),
        mirrored: RwSignal::new(true),
        stream: StoredValue::new_local(None),
        frames: StoredValue::new_local(None),
    };
    on_cleanup(move || {
        lens.close();
        stopping.try_with_value(|keeper| keeper.stop());
    });
    Effect::new(move |_| lens.open());
    badge::watch(kiosk, keeper, lens.video);
    watch_time(kiosk);
    let on_camera = Callback::new(move |device: String| lens.choose(&device));
    view! {
        <div
            class="kiosk-door"
            data-testid="kiosk-door"
            class:kiosk-greeting-on=move || kiosk.greetings.with(|greetings| !greetings.is_empty())
        >
            <video
                node_ref=lens.video
                class="kiosk-video"
                class:kiosk-mirror=lens.mirrored
                data-testid="kiosk-video"
                playsinline
                aria-label=say!(live.picture_of_this_camera)
            ></video>
            <ChallengePrompt seen=kiosk.seen mirrored=lens.mirrored />
            <Top kiosk />
            <CameraTrouble kiosk />
            <Greeting kiosk />
            <Bottom kiosk />
            <When is=move || kiosk.panel.get() == Panel::Pin>
                <PinPanel kiosk keeper />
            </When>
            <When is=move || kiosk.panel.get() == Panel::Badge>
                <BadgePanel kiosk />
            </When>
            <When is=move || kiosk.panel.get() == Panel::Leave>
                <LeavePanel kiosk keeper on_camera on_left />
            </When>
            <Corner kiosk />
            <When is=move || !kiosk.awake.get()>
                <div class="kiosk-dark" data-testid="kiosk-dark">
                    <p class="kiosk-time tabular">{move || kiosk.time(Style::Minute)}</p>
                </div>
            </When>
        </div>
    }
}

/// Name, connection, the other language.
#[component]
fn Top(kiosk: Kiosk) -> impl IntoView {
    let name = move || kiosk.view.with(|view| view.name.clone());
    let other = LANGUAGES.into_iter().find(|(locale, _)| *locale != current());
    let chip = move || {
        let kept = kiosk.kept.get();
        match (kiosk.online.get(), kept) {
            (true, 0) => None,
            (true, kept) => Some(("sending", say!(kiosk.sending_kept, count = kept))),
            (false, _) => Some(("offline", say!(kiosk.offline).to_owned())),
        }
    };
    let chip = Memo::new(move |_| chip());
    view! {
        <header class="kiosk-top">
            <p class="kiosk-name" data-testid="kiosk-name" dir="auto">{name}</p>
            <p class="kiosk-chip-place" role="status">
                {move || {
                    chip.get()
                        .map(|(state, words)| {
                            view! {
                                <span class="kiosk-chip" data-testid="kiosk-chip" data-state=state>
                                    <Icon icon=if state == "offline" { icons::Offline } else { icons::Retry } />
                                    {words}
                                </span>
                            }
                        })
                }}
            </p>
            {other
                .map(|(locale, name)| {
                    view! {
                        <button
                            type="button"
                            class="kiosk-language kiosk-before-corner"
                            data-testid="kiosk-language"
                            lang=leptos_i18n::Locale::as_str(locale)
                            on:click=move |_| choose(Some(locale))
                        >
                            {name}
                        </button>
                    }
                })}
        </header>
    }
}

/// Clock, advice, the ways in without a face.
#[component]
fn Bottom(kiosk: Kiosk) -> impl IntoView {
    let pin = move || kiosk.view.with(|view| view.pin);
    let badge = move || kiosk.view.with(|view| view.badge);
    view! {
        <footer class="kiosk-bottom">
            <div class="kiosk-clock">
                <p class="kiosk-time tabular" data-testid="kiosk-time">{move || kiosk.time(Style::Minute)}</p>
                <p class="kiosk-date">{move || kiosk.time(Style::Day)}</p>
            </div>
            <Advice kiosk />
            <div class="kiosk-ways">
                <When is=pin>
                    <button type="button" class="kiosk-btn" data-testid="kiosk-pin-open" on:click=move |_| kiosk.panel.set(Panel::Pin)>
                        <Icon icon=icons::Key />
                        {say!(kiosk.pin)}
                    </button>
                </When>
                <When is=badge>
                    <button type="button" class="kiosk-btn" data-testid="kiosk-badge-open" on:click=move |_| kiosk.panel.set(Panel::Badge)>
                        <Icon icon=icons::Mark />
                        {say!(kiosk.badge)}
                    </button>
                </When>
            </div>
        </footer>
    }
}

#[component]
fn CameraTrouble(kiosk: Kiosk) -> impl IntoView {
    move || match kiosk.camera.get() {
        Camera::Trouble(trouble) => view! {
            <div class="kiosk-trouble" role="alert" data-testid="kiosk-camera-trouble">
                <Icon icon=icons::CameraOff class="kiosk-trouble-icon" />
                <p class="kiosk-title">{trouble.title()}</p>
                <p class="kiosk-text">{trouble.advice()}</p>
            </div>
        }
        .into_any(),
        _ => ().into_any(),
    }
}

/// Moves the clock on, and darkens the screen where nothing has moved for a minute: a good moment for a newer program.
fn watch_time(kiosk: Kiosk) {
    let newer = Newer::listen();
    let second = move || {
        kiosk.now_ms.try_set(kiosk.server_ms());
        if kiosk.still_ms() > DIM_MS && kiosk.awake.try_get_untracked() == Some(true) {
            kiosk.panel.set(Panel::Nothing);
            kiosk.awake.set(false);
            if kiosk.online.get_untracked() {
                spawn_local(newer.take());
            }
        }
    };
    if let Ok(timer) = set_interval_with_handle(second, Duration::from_secs(1)) {
        on_cleanup(move || timer.clear());
    }
    let touched = window_event_listener(ev::pointerdown, move |_| kiosk.stir());
    let typed = window_event_listener(ev::keydown, move |_| kiosk.stir());
    on_cleanup(move || {
        touched.remove();
        typed.remove();
    });
}
