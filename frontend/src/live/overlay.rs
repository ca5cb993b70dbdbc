//! Boxes and names over a picture, on a canvas with one pixel per device pixel.

use std::time::Duration;

use leptos::{html, prelude::*};
use types::{FaceState, PersonId};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ResizeObserver};

use super::{Seen, state_name, words};
use crate::geometry::{Fit, Rect, label_place};
use crate::numbers::fixed;

/// How long a box takes to follow its face, in milliseconds.
const GLIDE_MS: f64 = 120.0;
/// Boxes that no answer has confirmed for this long are taken away.
const STALE_AFTER: Duration = Duration::from_millis(2_500);

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

    /// Takes up what the newest answer says; boxes start from where they are drawn at `now`.
    fn take(&mut self, seen: Option<&Seen>, now: f64, glide_ms: f64) {
        let share = self.share(now, glide_ms);
        let mut glides: Vec<Glide> = Vec::new();
        for face in seen.iter().flat_map(|seen| &seen.answer.faces) {
            let bounding = &face.bounding_box;
            let to = Rect {
                x: f64::from(bounding.x),
                y: f64::from(bounding.y),
                width: f64::from(bounding.width),
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
    /// Prefix of the test ids.
    testid: &'static str,
    /// A click on a recognised face.
    #[prop(into)]
    on_person: Callback<PersonId>,
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
        current.with(|seen| scene.update_value(|scene| scene.take(seen.as_ref(), now, glide_ms)));
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
            under.person
        });
        match hit {
            Some(person) => on_person.run(person),
            None => on_click.run(()),
        }
    };
    view! {
        <canvas node_ref=canvas class="overlay" data-testid=testid aria-hidden="true" on:click=clicked></canvas>
        <ul class="sr-only" data-testid=format!("{testid}-faces") aria-label="Faces in the picture">
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
    let mut labels = Vec::new();
    for glide in &scene.glides {
        let rect = place(&fit, &glide.from.towards(&glide.to, share)).snapped(ratio);
        pen.set_global_alpha(opacity(glide, share));
        draw_ring(&pen, &rect, ink.state(glide.state), &ink);
        let label = draw_label(&pen, &rect, glide, area, &ink, &labels);
        labels.push(label);
    }
    pen.set_global_alpha(1.0);
}

/// The style sheet's colours and the text size for this picture.
struct Ink {
    states: [String; 4],
    plate: String,
    text: String,
    soft: String,
    family: String,
    size: f64,
}

impl Ink {
    fn of(canvas: &HtmlCanvasElement, height: f64) -> Self {
        let style = window().get_computed_style(canvas).ok().flatten();
        let read = |name: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok());
            value.unwrap_or_default().trim().to_owned()
        };
        Self {
            states: [
                read("--overlay-known"),
                read("--overlay-uncertain"),
                read("--overlay-unknown"),
                read("--overlay-spoof"),
            ],
            plate: read("--overlay-plate"),
            text: read("--overlay-text"),
            soft: read("--overlay-soft"),
            family: read("font-family"),
            size: (height / 34.0).clamp(12.0, 28.0).round(),
        }
    }

    fn state(&self, state: FaceState) -> &str {
        match state {
            FaceState::Known => &self.states[0],
            FaceState::Uncertain => &self.states[1],
            FaceState::Unknown => &self.states[2],
            FaceState::Spoof => &self.states[3],
        }
    }
}

fn draw_ring(pen: &CanvasRenderingContext2d, rect: &Rect, colour: &str, ink: &Ink) {
    let radius = (rect.width.min(rect.height) * 0.08).clamp(4.0, 14.0);
    // A dark edge under the ring keeps it visible on a bright picture.
    for (width, stroke) in [(4.0, ink.plate.as_str()), (2.0, colour)] {
        pen.begin_path();
        // Fails only for a negative radius.
        let _ = pen.round_rect_with_f64(rect.x, rect.y, rect.width, rect.height, radius);
        pen.set_line_width(width);
        pen.set_stroke_style_str(stroke);
        pen.stroke();
    }
}

fn draw_label(
    pen: &CanvasRenderingContext2d,
    face: &Rect,
    glide: &Glide,
    area: (f64, f64),
    ink: &Ink,
    taken: &[Rect],
) -> Rect {
    let text_width = |text: &str| pen.measure_text(text).map_or(0.0, |metrics| metrics.width());
    let (pad, dot) = ((ink.size * 0.6).round(), (ink.size * 0.5).round());
    let small = format!("500 {}px {}", (ink.size * 0.85).round() as u32, ink.family);
    pen.set_font(&small);
    let detail_width = if glide.detail.is_empty() { 0.0 } else { text_width(&glide.detail) + pad };
    pen.set_font(&format!("600 {}px {}", ink.size as u32, ink.family));
    let room = (area.0 - 3.0 * pad - dot - detail_width).min((ink.size * 16.0).max(face.width));
    let title = shortened(&glide.title, room, text_width);
    let width = pad + dot + pad * 0.7 + text_width(&title) + detail_width + pad;
    let height = (ink.size * 1.75).round();
    let place = label_place(face, (width, height), area, 6.0, taken);
    let (x, y) = (place.x, place.y);

    pen.begin_path();
    // Fails only for a negative radius.
    let _ = pen.round_rect_with_f64(x, y, width, height, 6.0);
    pen.set_fill_style_str(&ink.plate);
    pen.fill();
    let middle = y + height / 2.0;
    pen.begin_path();
    // Fails only for a negative radius.
    let _ = pen.arc(x + pad + dot / 2.0, middle, dot / 2.0, 0.0, std::f64::consts::TAU);
    pen.set_fill_style_str(ink.state(glide.state));
    pen.fill();
    pen.set_text_baseline("middle");
    pen.set_fill_style_str(&ink.text);
    let text_x = x + pad + dot + pad * 0.7;
    let _ = pen.fill_text(&title, text_x, middle + 0.5);
    if !glide.detail.is_empty() {
        let detail_x = text_x + text_width(&title) + pad;
        pen.set_font(&small);
        pen.set_fill_style_str(&ink.soft);
        let _ = pen.fill_text(&glide.detail, detail_x, middle + 0.5);
    }
    place
}

/// `text` cut with an ellipsis so that it fits into `room`.
fn shortened(text: &str, room: f64, width: impl Fn(&str) -> f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.pop().is_some() {
        let candidate: String = letters.iter().collect::<String>().trim_end().to_owned() + "…";
        if width(&candidate) <= room {
            return candidate;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_name_ends_in_an_ellipsis() {
        let width = |text: &str| text.chars().count() as f64;
        assert_eq!(shortened("Zoë", 3.0, width), "Zoë");
        assert_eq!(shortened("Maria Fernández", 7.0, width), "Maria…");
        assert_eq!(shortened("Maria", 0.0, width), "");
    }
}
