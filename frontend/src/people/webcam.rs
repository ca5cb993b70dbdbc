//! Taking an enrolment photo: an oval to stand in, and a hint while one moves.

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*, task::spawn_local};
use web_sys::{Blob, FormData, HtmlCanvasElement, MediaStream};

use crate::api::{Api, use_api};
use crate::camera::{self, Trouble};
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

/// The webcam with its oval guide.
#[component]
pub fn Webcam(on_photo: Callback<Blob>, on_close: Callback<()>) -> impl IntoView {
    let api = use_api();
    let video = NodeRef::<html::Video>::new();
    let stream = StoredValue::new_local(None::<MediaStream>);
    let trouble = RwSignal::new(None::<Trouble>);
    let hint = RwSignal::new(Hint::Starting);
    let start = move || {
        trouble.set(None);
        spawn_local(async move {
            match camera::open(None).await {
                Ok(opened) => {
                    let Some(Some(video)) = video.try_get_untracked() else { return camera::close(&opened) };
                    video.set_muted(true);
                    video.set_src_object(Some(&opened));
                    // Playing a muted camera needs no gesture.
                    let _ = video.play();
                    stream.try_set_value(Some(opened));
                    give_hints(api, video, hint);
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
        let (Some(video), Some(canvas)) = (video.get_untracked(), camera::hidden_canvas()) else { return };
        if camera::draw(&video, &canvas, PHOTO_SIDE) {
            spawn_local(async move {
                if let Some(photo) = camera::encode(&canvas).await {
                    on_photo.run(photo);
                }
            });
        }
    };
    view! {
        <div class="webcam">
            <video node_ref=video class="webcam-video" playsinline aria-label="Picture of the camera"></video>
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
                                <button type="button" class="btn" on:click=move |_| start()>"Try again"</button>
                            </div>
                        }
                    })
            }}
            <When is=move || trouble.get().is_none()>
                <p class="webcam-hint" class:webcam-ready=move || hint.get() == Hint::Ready aria-live="polite">
                    {move || match hint.get() {
                        Hint::Starting => "Put your face into the oval".to_owned(),
                        Hint::Ready => "Good, hold still".to_owned(),
                        Hint::Advice(text) => text,
                    }}
                </p>
            </When>
        </div>
        <div class="drop-buttons">
            <button type="button" class="btn btn-primary" disabled=move || trouble.get().is_some() on:click=take>
                <Icon icon=icons::Camera />
                "Take photo"
            </button>
            <button type="button" class="btn" on:click=move |_| on_close.run(())>"Close camera"</button>
        </div>
    }
}

/// Has small pictures judged, one at a time, for as long as the webcam is open.
fn give_hints(api: Api, video: web_sys::HtmlVideoElement, hint: RwSignal<Hint>) {
    let Some(canvas) = camera::hidden_canvas() else { return };
    spawn_local(async move {
        // The signal goes with the component, and the loop with the signal.
        while hint.try_get_untracked().is_some() {
            TimeoutFuture::new(HINT_PAUSE_MS).await;
            if let Some(said) = judge(api, &video, &canvas).await {
                hint.try_set(said);
            }
        }
    });
}

async fn judge(api: Api, video: &web_sys::HtmlVideoElement, canvas: &HtmlCanvasElement) -> Option<Hint> {
    if !camera::draw(video, canvas, HINT_SIDE) {
        return None;
    }
    let photo = camera::encode(canvas).await?;
    let form = FormData::new().ok()?;
    form.append_with_blob_and_filename("photo", &photo, "photo.jpg").ok()?;
    let item = api.check_photos(&form).await.ok()?.items.into_iter().next()?;
    Some(if item.ok { Hint::Ready } else { Hint::Advice(item.message?) })
}
