//! Boxes and names over a picture, on a canvas with one pixel per device pixel.

use std::time::Duration;

use leptos::{html, prelude::*};
use types::{FaceState, PersonId};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ResizeObserver};

use super::drawing::{Ink, Label, draw_label, draw_ring};
use super::{state_name, words};
use crate::geometry::{Fit, Rect};
use crate::language::say;
use crate::numbers::fixed;
use crate::watch::Seen;

/// How long a box takes to follow its face, in milliseconds.
const GLIDE_MS: f64 = 120.0;
/// Boxes that no answer has confirmed for this long are taken away.
const STALE_AFTER: Duration = Duration::from_millis(2_500);

/// A picture lower than this has room for names alone.
const SMALL_PX: f64 = 240.0;

/// A box on its way from where it was to where it is. Rectangles are in picture pixels.
#[derive(Clone)]
struct Glide {
    track: String,
    from: Rect,
    to: Rect,
    opacity_from: f64,
    opacity_to: f64,
    state: FaceState,
    title: String,
    detail: String,
    person: Option<PersonId>,
}

#[derive(Default)]
struct Scene {
    picture: (f64, f64),
    glides: Vec<Glide>,
    changed_ms: f64,
    drawing: bool,
}

impl Scene {
    fn share(&self, now: f64, glide_ms: f64) -> f64 {
        if glide_ms <= 0.0 { 1.0 } else { ((now - self.changed_ms) / glide_ms).clamp(0.0, 1.0) }
    }

    /// Takes up what the newest answer says; boxes start from where they are drawn at `now`. In a mirror left and
    /// right are exchanged.
    fn take(&mut self, seen: Option<&Seen>, mirrored: bool, now: f64, glide_ms: f64) {
        let share = self.share(now, glide_ms);
        let mut glides: Vec<Glide> = Vec::new();
        for face in seen.iter().flat_map(|seen| &seen.answer.faces) {
            let bounding = &face.bounding_box;
            let (x, width) = (f64::from(bounding.x), f64::from(bounding.width));
            let across = seen.map_or(0.0, |seen| f64::from(seen.width));
            let to = Rect {
                x: if mirrored { across - x - width } else { x },
                y: f64::from(bounding.y),
                width,
                height: f64::from(bounding.height),
            };
            let before = self.glides.iter().find(|glide| glide.track == face.track);
            glides.push(Glide {
                track: face.track.clone(),
                from: before.map_or(to, |glide| glide.from.towards(&glide.to, share)),
                to,
                opacity_from: before.map_or(0.0, |glide| opacity(glide, share)),
                opacity_to: 1.0,
                state: face.state,
                title: words(face),
                detail: face.similarity.map(|score| fixed(f64::from(score), 2)).unwrap_or_default(),
                person: face.person.as_ref().map(|person| person.id),
            });
        }
        for gone in &self.glides {
            let stays = glides.iter().any(|glide| glide.track == gone.track);
            if !stays && opacity(gone, share) > 0.01 && glide_ms > 0.0 {
                let at = gone.from.towards(&gone.to, share);
                let from = opacity(gone, share);
                glides.push(Glide { from: at, to: at, opacity_from: from, opacity_to: 0.0, ..gone.clone() });
            }
        }
        if let Some(seen) = seen {
            self.picture = (f64::from(seen.width), f64::from(seen.height));
        }
        self.glides = glides;
        self.changed_ms = now;
    }
}

fn opacity(glide: &Glide, share: f64) -> f64 {
    glide.opacity_from + (glide.opacity_to - glide.opacity_from) * share
}

/// The faces of a picture that is shown whole in the same area.
#[component]
pub fn Overlay(
    /// What the newest picture showed.
    #[prop(into)]
    seen: Signal<Option<Seen>>,
    /// Whether the picture is shown as in a mirror.
    #[prop(into, optional)]
    mirrored: Signal<bool>,
    /// Prefix of the test ids.
    testid: &'static str,
    /// A click on a recognised face.
    #[prop(into)]
    on_person: Callback<PersonId>,
    /// A click on a face that nobody knows, where something can be done about it.
    #[prop(optional_no_strip)]
    on_unknown: Option<Callback<()>>,
    /// A click elsewhere.
    #[prop(into)]
    on_click: Callback<()>,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let scene = StoredValue::new_local(Scene::default());
    let fresh = RwSignal::new(true);
    let stale_timer = StoredValue::new(None::<TimeoutHandle>);
    let glide_ms = if reduced_motion() { 0.0 } else { GLIDE_MS };

    let current = Memo::new(move |_| if fresh.get() { seen.get() } else { None });
    Effect::new(move |_| {
        seen.track();
        fresh.set(true);
        if let Some(Some(timer)) = stale_timer.try_update_value(Option::take) {
            timer.clear();
        }
        let later = move || {
            fresh.try_set(false);
        };
        stale_timer.set_value(set_timeout_with_handle(later, STALE_AFTER).ok());
    });
    Effect::new(move |_| {
        let now = js_sys::Date::now();
        let mirrored = mirrored.get();
        let bare = scene.with_value(|scene| scene.glides.is_empty() && scene.picture.0 > 0.0);
        if bare && current.with(|seen| seen.as_ref().is_none_or(|seen| seen.answer.faces.is_empty())) {
            // No face before, none now: nothing to draw, which is most pictures of most cameras.
            return;
        }
        current.with(|seen| scene.update_value(|scene| scene.take(seen.as_ref(), mirrored, now, glide_ms)));
        if let Some(canvas) = canvas.get() {
            animate(canvas, scene, glide_ms);
        }
    });
    redraw_on_resize(canvas, scene, glide_ms);

    let names = Memo::new(move |_| {
        current.with(|seen| {
            let faces = seen.iter().flat_map(|seen| &seen.answer.faces);
            faces.map(|face| (state_name(face.state), words(face))).collect::<Vec<_>>()
        })
    });
    let clicked = move |event: leptos::ev::MouseEvent| {
        let hit = scene.with_value(|scene| {
            let area = canvas.get_untracked().map(|canvas| client_size(&canvas))?;
            let fit = Fit::contain(scene.picture, area)?;
            let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
            let under = scene.glides.iter().find(|glide| place(&fit, &glide.to).contains(x, y))?;
            Some((under.person, under.state == FaceState::Unknown))
        });
        match (hit, on_unknown) {
            (Some((Some(person), _)), _) => on_person.run(person),
            (Some((None, true)), Some(on_unknown)) => on_unknown.run(()),
            _ => on_click.run(()),
        }
    };
    view! {
        <canvas node_ref=canvas class="overlay" data-testid=testid aria-hidden="true" on:click=clicked></canvas>
        <ul class="sr-only" data-testid=format!("{testid}-faces") aria-label=say!(live.faces)>
            {move || {
                names
                    .get()
                    .into_iter()
                    .map(|(state, name)| view! { <li data-state=state>{name}</li> })
                    .collect_view()
            }}
        </ul>
    }
}

fn reduced_motion() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

fn client_size(canvas: &HtmlCanvasElement) -> (f64, f64) {
    (f64::from(canvas.client_width()), f64::from(canvas.client_height()))
}

fn place(fit: &Fit, rect: &Rect) -> Rect {
    fit.place(&types::BoundingBox {
        x: rect.x as f32,
        y: rect.y as f32,
        width: rect.width as f32,
        height: rect.height as f32,
    })
}

fn redraw_on_resize(node: NodeRef<html::Canvas>, scene: StoredValue<Scene, LocalStorage>, glide_ms: f64) {
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move |_| {
        let Some(canvas) = node.get() else { return };
        let watched = canvas.clone();
        let resized = Closure::<dyn FnMut()>::new(move || {
            scene.try_with_value(|scene| draw(&canvas, scene, glide_ms));
        });
        if let Ok(resize) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            resize.observe(&watched);
            observer.set_value(Some((resize, resized)));
        }
    });
    on_cleanup(move || {
        observer.try_update_value(|held| {
            if let Some((observer, _)) = held.take() {
                observer.disconnect();
            }
        });
    });
}

/// Draws until the boxes have come to rest.
fn animate(canvas: HtmlCanvasElement, scene: StoredValue<Scene, LocalStorage>, glide_ms: f64) {
    if scene.try_update_value(|scene| std::mem::replace(&mut scene.drawing, true)) != Some(false) {
        return;
    }
    next_frame(canvas, scene, glide_ms);
}

fn next_frame(canvas: HtmlCanvasElement, scene: StoredValue<Scene, LocalStorage>, glide_ms: f64) {
    request_animation_frame(move || {
        let moving = scene.try_update_value(|scene| {
            draw(&canvas, scene, glide_ms);
            scene.drawing = scene.share(js_sys::Date::now(), glide_ms) < 1.0;
            scene.drawing
        });
        if moving == Some(true) {
            next_frame(canvas, scene, glide_ms);
        }
    });
}

fn draw(canvas: &HtmlCanvasElement, scene: &Scene, glide_ms: f64) {
    let area = client_size(canvas);
    let ratio = window().device_pixel_ratio();
    let size = ((area.0 * ratio).round() as u32, (area.1 * ratio).round() as u32);
    if (canvas.width(), canvas.height()) != size {
        canvas.set_width(size.0);
        canvas.set_height(size.1);
    }
    let Some(pen) = canvas
        .get_context("2d")
        .ok()
        .flatten()
        .and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
    else {
        return;
    };
    // These set numbers on the context and cannot fail for finite ones.
    let _ = pen.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    pen.clear_rect(0.0, 0.0, area.0, area.1);
    let Some(fit) = Fit::contain(scene.picture, area) else { return };
    let share = scene.share(js_sys::Date::now(), glide_ms);
    let ink = Ink::of(canvas, area.1);
    let small = area.1 < SMALL_PX;
    let mut labels = Vec::new();
    for glide in &scene.glides {
        let rect = place(&fit, &glide.from.towards(&glide.to, share)).snapped(ratio);
        pen.set_global_alpha(opacity(glide, share));
        draw_ring(&pen, &rect, glide.state, &ink);
        // A face that is gone has no name any more: it would stand beside the same one under its new track.
        if glide.opacity_to == 0.0 {
            continue;
        }
        let label =
            Label { state: glide.state, title: &glide.title, detail: if small { "" } else { &glide.detail } };
        let place = draw_label(&pen, &rect, &label, area, &ink, &labels);
        labels.push(place);
    }
    pen.set_global_alpha(1.0);
}
