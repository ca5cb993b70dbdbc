//! How one face is drawn over a picture: its ring, its label, the mark of its state.
//!
//! A state is told by colour, by the shape of its mark and by words: a ring for a face that is being checked, a
//! disc for a known one, a square for an unknown one, and for a presentation attack a warning triangle, a broken
//! ring and a label in the warning colour.

use types::FaceState;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use leptos::prelude::window;

use crate::geometry::{Rect, label_place};

/// What a label says.
pub struct Label<'a> {
    pub state: FaceState,
    pub title: &'a str,
    /// Smaller, after the title; may be empty.
    pub detail: &'a str,
}

/// The style sheet's colours and the text size for this picture.
pub struct Ink {
    states: [String; 4],
    plate: String,
    dark: String,
    text: String,
    soft: String,
    family: String,
    size: f64,
    rtl: bool,
}

impl Ink {
    pub fn of(canvas: &HtmlCanvasElement, height: f64) -> Self {
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
            dark: read("--picture"),
            text: read("--overlay-text"),
            soft: read("--overlay-soft"),
            family: read("font-family"),
            size: (height / 34.0).clamp(12.0, 28.0).round(),
            rtl: read("direction") == "rtl",
        }
    }

    pub fn state(&self, state: FaceState) -> &str {
        match state {
            FaceState::Known => &self.states[0],
            FaceState::Uncertain => &self.states[1],
            FaceState::Unknown => &self.states[2],
            FaceState::Spoof => &self.states[3],
        }
    }
}

/// The ring around a face.
pub fn draw_ring(pen: &CanvasRenderingContext2d, rect: &Rect, state: FaceState, ink: &Ink) {
    let radius = (rect.width.min(rect.height) * 0.08).clamp(4.0, 14.0);
    // A dark edge under the ring keeps it visible on a bright picture.
    let attack = state == FaceState::Spoof;
    let width = if attack { 4.0 } else { 2.0 };
    for (width, stroke, broken) in
        [(width + 2.0, ink.plate.as_str(), false), (width, ink.state(state), attack)]
    {
        pen.begin_path();
        // Fails only for a negative radius.
        let _ = pen.round_rect_with_f64(rect.x, rect.y, rect.width, rect.height, radius);
        let dashes = js_sys::Array::new();
        if broken {
            dashes.push(&14.0.into());
            dashes.push(&8.0.into());
        }
        // Fails only for dashes that are not numbers.
        let _ = pen.set_line_dash(&dashes);
        pen.set_line_width(width);
        pen.set_stroke_style_str(stroke);
        pen.stroke();
    }
    let _ = pen.set_line_dash(&js_sys::Array::new());
}

/// The label of a face, where it covers none of `taken`; answers where it lies.
pub fn draw_label(
    pen: &CanvasRenderingContext2d,
    face: &Rect,
    label: &Label<'_>,
    area: (f64, f64),
    ink: &Ink,
    taken: &[Rect],
) -> Rect {
    let text_width = |text: &str| pen.measure_text(text).map_or(0.0, |metrics| metrics.width());
    let (pad, mark) = ((ink.size * 0.6).round(), (ink.size * 0.6).round());
    let small = format!("500 {}px {}", (ink.size * 0.85).round() as u32, ink.family);
    pen.set_font(&small);
    let detail_width = if label.detail.is_empty() { 0.0 } else { text_width(label.detail) + pad };
    pen.set_font(&format!("600 {}px {}", ink.size as u32, ink.family));
    let room = (area.0 - 3.0 * pad - mark - detail_width).min((ink.size * 16.0).max(face.width));
    let title = shortened(label.title, room, text_width);
    let width = pad + mark + pad * 0.7 + text_width(&title) + detail_width + pad;
    let height = (ink.size * 1.75).round();
    let place = label_place(face, (width, height), area, 6.0, taken);
    let middle = place.y + height / 2.0;
    // So far from the side where one begins to read.
    let along = |offset: f64| if ink.rtl { place.x + width - offset } else { place.x + offset };

    let attack = label.state == FaceState::Spoof;
    let (plate, text, soft) = if attack {
        (ink.state(label.state), ink.dark.as_str(), ink.dark.as_str())
    } else {
        (ink.plate.as_str(), ink.text.as_str(), ink.soft.as_str())
    };
    pen.begin_path();
    // Fails only for a negative radius.
    let _ = pen.round_rect_with_f64(place.x, place.y, width, height, 6.0);
    pen.set_fill_style_str(plate);
    pen.fill();
    let colour = if attack { ink.dark.as_str() } else { ink.state(label.state) };
    draw_mark(pen, label.state, (along(pad + mark / 2.0), middle), mark / 2.0, colour);
    pen.set_text_baseline("middle");
    pen.set_text_align(if ink.rtl { "right" } else { "left" });
    pen.set_fill_style_str(text);
    let title_at = pad + mark + pad * 0.7;
    // Fails for no text at all.
    let _ = pen.fill_text(&isolated(&title), along(title_at), middle + 0.5);
    if !label.detail.is_empty() {
        let detail_at = title_at + text_width(&title) + pad;
        pen.set_font(&small);
        pen.set_fill_style_str(soft);
        let _ = pen.fill_text(label.detail, along(detail_at), middle + 0.5);
    }
    place
}

/// Marked to be written in the direction of its own letters, so that the ellipsis of a name ends it on either side.
fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// The mark of a state around `centre`, `reach` pixels to each side.
fn draw_mark(pen: &CanvasRenderingContext2d, state: FaceState, (x, y): (f64, f64), reach: f64, colour: &str) {
    pen.begin_path();
    pen.set_fill_style_str(colour);
    pen.set_stroke_style_str(colour);
    pen.set_line_width(2.0);
    // A radius is never negative here.
    match state {
        FaceState::Known => {
            let _ = pen.arc(x, y, reach * 0.85, 0.0, std::f64::consts::TAU);
            pen.fill();
        }
        FaceState::Uncertain => {
            let _ = pen.arc(x, y, reach * 0.85 - 1.0, 0.0, std::f64::consts::TAU);
            pen.stroke();
        }
        FaceState::Unknown => pen.fill_rect(x - reach * 0.75, y - reach * 0.75, reach * 1.5, reach * 1.5),
        FaceState::Spoof => {
            pen.move_to(x, y - reach);
            pen.line_to(x + reach * 1.15, y + reach);
            pen.line_to(x - reach * 1.15, y + reach);
            pen.close_path();
            pen.fill();
        }
    }
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
