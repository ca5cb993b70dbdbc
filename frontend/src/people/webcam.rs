//! Taking enrolment photos: an oval to stand in, a hint while one moves, and a burst of which the best are kept.

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*, task::spawn_local};
use web_sys::{Blob, FormData, HtmlCanvasElement, HtmlVideoElement, MediaStream};

use super::burst::{self, PAUSE_MS, SHOTS};
use crate::api::{Api, Failure, PhotoCheck, use_api};
use crate::camera::{self, Trouble};
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// Longer side of a photo that is kept, in pixels.
const PHOTO_SIDE: f64 = 1280.0;
/// Longer side of a picture that is only judged, in pixels.
const HINT_SIDE: f64 = 640.0;
/// Pause between two judged pictures, in milliseconds.
const HINT_PAUSE_MS: u32 = 700;

#[derive(Debug, Clone, PartialEq)]
enum Hint {
    Starting,
    Ready,
    Advice(String),
}

/// Where a burst stands.
#[derive(Debug, Clone, PartialEq)]
enum Burst {
    /// None yet.
    Idle,
    /// So many pictures are taken.
    Taking(usize),
    /// The server judges them.
    Judging,
    /// So many were kept; what was wrong with the others.
    Done { kept: usize, reasons: Vec<(usize, String)> },
    /// They could not be judged.
    Failed(String),
}

impl Burst {
    fn is_running(&self) -> bool {
        matches!(self, Self::Taking(_) | Self::Judging)
    }
}

/// The webcam with its oval guide. `room` is how many photos may be added still; `on_photos` gets the kept ones.
#[component]
pub fn Webcam(room: Signal<usize>, on_photos: Callback<Vec<Blob>>, on_close: Callback<()>) -> impl IntoView {
    let api = use_api();
    let video = NodeRef::<html::Video>::new();
    let stream = StoredValue::new_local(None::<MediaStream>);
    let trouble = RwSignal::new(None::<Trouble>);
    let hint = RwSignal::new(Hint::Starting);
    let burst = RwSignal::new(Burst::Idle);
    let start = move || {
        trouble.set(None);
        spawn_local(async move {
            match camera::open(None, None).await {
                Ok(opened) => {
                    let Some(Some(video)) = video.try_get_untracked() else { return camera::close(&opened) };
                    video.set_muted(true);
                    video.set_src_object(Some(&opened));
                    // Playing a muted camera needs no gesture.
                    let _ = video.play();
                    stream.try_set_value(Some(opened));
                    give_hints(api, video, hint, burst);
                }
                Err(why) => {
                    trouble.try_set(Some(why));
                }
            }
        });
    };
    Effect::new(move |_| start());
    on_cleanup(move || {
        stream.try_update_value(|held| {
            if let Some(stream) = held.take() {
                camera::close(&stream);
            }
        });
    });
    let take = move |_| {
        if let Some(video) = video.get_untracked() {
            let most = room.get_untracked();
            spawn_local(async move {
                let (photos, outcome) = shoot(api, &video, burst, most).await;
                if burst.try_set(outcome).is_none() && !photos.is_empty() {
                    on_photos.run(photos);
                }
            });
        }
    };
    let off = move || {
        trouble.with(Option::is_some)
            || burst.with(Burst::is_running)
            || room.get() == 0
            || hint.with(|hint| *hint == Hint::Starting)
    };
    view! {
        <div class="webcam">
            <video node_ref=video class="webcam-video" playsinline aria-label=say!(people.camera_picture)></video>
            <svg class="webcam-guide" viewBox="0 0 160 120" aria-hidden="true">
                <ellipse cx="80" cy="58" rx="31" ry="42" />
            </svg>
            {move || {
                trouble
                    .get()
                    .map(|why| {
                        view! {
                            <div class="webcam-trouble" role="alert">
                                <Icon icon=icons::CameraOff class="icon-lg" />
                                <p class="font-medium">{why.title()}</p>
                                <p class="note">{why.advice()}</p>
                                <button type="button" class="btn" on:click=move |_| start()>{say!(words.try_again)}</button>
                            </div>
                        }
                    })
            }}
            <When is=move || trouble.get().is_none()>
                <HintLine hint burst />
            </When>
        </div>
        <div class="drop-buttons">
            <button type="button" class="btn btn-primary" data-testid="webcam-take" disabled=off on:click=take>
                <Icon icon=icons::Camera />
                {move || if burst.with(|burst| *burst == Burst::Idle) { say!(people.take_photos) } else { say!(people.take_more) }}
            </button>
            <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(people.close_camera)}</button>
        </div>
        <BurstNote burst room />
    }
}

/// What to do now, over the picture.
#[component]
fn HintLine(hint: RwSignal<Hint>, burst: RwSignal<Burst>) -> impl IntoView {
    let taken = Memo::new(move |_| match burst.get() {
        Burst::Taking(taken) => Some(taken),
        Burst::Judging => Some(SHOTS),
        _ => None,
    });
    let words = move || match (burst.get(), hint.get()) {
        (Burst::Taking(taken), _) => {
            say!(people.burst_shot, number = (taken + 1).min(SHOTS), of = SHOTS)
        }
        (Burst::Judging, _) => say!(people.burst_choosing).to_owned(),
        (_, Hint::Starting) => say!(people.burst_oval).to_owned(),
        (_, Hint::Ready) => say!(people.burst_hold).to_owned(),
        (_, Hint::Advice(text)) => text,
    };
    view! {
        <p class="webcam-hint" class:webcam-ready=move || hint.get() == Hint::Ready aria-live="polite">
            {words}
        </p>
        {move || {
            taken.get().map(|taken| {
                view! {
                    <progress class="webcam-progress" max=SHOTS.to_string() prop:value=taken as f64 aria-label=say!(people.photos_taken)></progress>
                }
            })
        }}
    }
}

/// What became of the burst, under the buttons.
#[component]
fn BurstNote(burst: RwSignal<Burst>, room: Signal<usize>) -> impl IntoView {
    view! {
        <div class="burst" role="status" data-testid="webcam-outcome">
            {move || match burst.get() {
                Burst::Done { kept, reasons } => view! { <Outcome kept reasons room /> }.into_any(),
                Burst::Failed(text) => view! { <p class="note problem">{text}</p> }.into_any(),
                _ => {
                    view! {
                        <p class="note">{say!(people.burst_text, of = SHOTS, kept = burst::KEPT)}</p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn Outcome(kept: usize, reasons: Vec<(usize, String)>, room: Signal<usize>) -> impl IntoView {
    let (class, icon, words) = match kept {
        0 => ("verdict verdict-bad", icons::Alert, say!(people.burst_none).to_owned()),
        kept => ("verdict verdict-good", icons::Good, say!(people.burst_kept, count = kept, of = SHOTS)),
    };
    let reason = |(count, text): (usize, String)| {
        view! { <li class="note">{say!(people.burst_reason, count = count, of = SHOTS, text = text)}</li> }
    };
    view! {
        <p class=class>
            <Icon icon />
            <span>{words}</span>
        </p>
        <ul>{reasons.into_iter().map(reason).collect_view()}</ul>
        <When is=move || room.get() == 0>
            <p class="note">{say!(people.no_room)}</p>
        </When>
    }
}

/// Takes a burst and has it judged: the photos to keep, and how it went.
async fn shoot(
    api: Api,
    video: &HtmlVideoElement,
    burst: RwSignal<Burst>,
    most: usize,
) -> (Vec<Blob>, Burst) {
    let Some(canvas) = camera::hidden_canvas() else {
        return (Vec::new(), Burst::Failed(say!(people.no_photos_here).to_owned()));
    };
    let mut shots = Vec::new();
    for taken in 0..SHOTS {
        burst.try_set(Burst::Taking(taken));
        if taken > 0 {
            TimeoutFuture::new(PAUSE_MS).await;
        }
        if camera::draw(video, &canvas, PHOTO_SIDE) {
            shots.extend(camera::encode(&canvas).await);
        }
    }
    burst.try_set(Burst::Judging);
    match check(api, &shots).await {
        Ok(checks) => {
            let burst::Choice { kept, reasons } = burst::choose(&checks, most);
            let photos: Vec<Blob> = kept.into_iter().filter_map(|at| shots.get(at).cloned()).collect();
            let kept = photos.len();
            (photos, Burst::Done { kept, reasons })
        }
        Err(failure) => (Vec::new(), Burst::Failed(failure.message())),
    }
}

/// Has photos judged together, so that one of somebody else is told.
async fn check(api: Api, photos: &[Blob]) -> Result<Vec<PhotoCheck>, Failure> {
    let Ok(form) = FormData::new() else { return Ok(Vec::new()) };
    for photo in photos {
        // Appending a blob to a form does not fail.
        let _ = form.append_with_blob_and_filename("photo", photo, "photo.jpg");
    }
    api.check_photos(&form).await.map(|answer| answer.items)
}

/// Has small pictures judged, one at a time and none during a burst, for as long as the webcam is open.
fn give_hints(api: Api, video: HtmlVideoElement, hint: RwSignal<Hint>, burst: RwSignal<Burst>) {
    let Some(canvas) = camera::hidden_canvas() else { return };
    spawn_local(async move {
        // The signals go with the component, and the loop with them.
        while let Some(running) = burst.try_with_untracked(Burst::is_running) {
            TimeoutFuture::new(HINT_PAUSE_MS).await;
            if running {
                continue;
            }
            if let Some(said) = judge(api, &video, &canvas).await {
                hint.try_set(said);
            }
        }
    });
}

async fn judge(api: Api, video: &HtmlVideoElement, canvas: &HtmlCanvasElement) -> Option<Hint> {
    if !camera::draw(video, canvas, HINT_SIDE) {
        return None;
    }
    let photo = camera::encode(canvas).await?;
    let item = check(api, &[photo]).await.ok()?.into_iter().next()?;
    Some(if item.ok { Hint::Ready } else { Hint::Advice(item.message?) })
}
