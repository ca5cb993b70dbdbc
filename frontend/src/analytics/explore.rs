//! The frame of a chart: as wide as there is room, one stop of the keyboard, and a line below that tells the value which
//! the pointer or the arrow keys are at.

use std::sync::Arc;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver};

use crate::numbers::fixed;

/// Room beside the plot for the labels of its axis.
const LEFT: f64 = 48.0;
/// Room at the other side, for the label of the last value.
const RIGHT: f64 = 16.0;
/// Room above and below.
const TOP: f64 = 20.0;
const BOTTOM: f64 = 28.0;

/// Where things lie in a chart, in pixels. Time runs as the reader reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    rtl: bool,
}

impl Frame {
    /// The distance from the left edge of what lies at `part`, 0 to 1, of the plot.
    pub fn x(&self, part: f64) -> f64 {
        let along = LEFT + part * (self.width - LEFT - RIGHT).max(0.0);
        if self.rtl { self.width - along } else { along }
    }

    /// The distance from the top of what is `part`, 0 to 1, of the highest.
    pub fn y(&self, part: f64) -> f64 {
        TOP + (1.0 - part) * (self.height - TOP - BOTTOM)
    }

    /// How many pixels the plot is wide.
    pub fn plot(&self) -> f64 {
        (self.width - LEFT - RIGHT).max(0.0)
    }

    /// Which of `count` things side by side lies at `x`.
    pub fn nearest(&self, x: f64, count: usize) -> usize {
        let along = if self.rtl { self.width - x } else { x };
        let part = (along - LEFT) / self.plot().max(1.0);
        ((part * count as f64).max(0.0) as usize).min(count.saturating_sub(1))
    }

    /// A line across the plot with the words of its height beside it.
    pub fn rule(&self, part: f64, words: String) -> AnyView {
        let (near, far, y) = (self.x(0.0), self.x(1.0), self.y(part));
        let (at, anchor) = if self.rtl { (near + 8.0, "start") } else { (near - 8.0, "end") };
        view! {
            <line class="chart-rule" x1=px(near) x2=px(far) y1=px(y) y2=px(y) />
            <text class="chart-tick" x=px(at) y=px(y + 4.0) text-anchor=anchor>{words}</text>
        }
        .into_any()
    }

    /// Words below the plot.
    pub fn tick(&self, part: f64, words: String) -> AnyView {
        view! {
            <text class="chart-tick" x=px(self.x(part)) y=px(self.height - 8.0) text-anchor="middle">{words}</text>
        }
        .into_any()
    }
}

/// A length as the text of an attribute.
pub fn px(length: f64) -> String {
    fixed(length, 1)
}

/// The first of `steps` that leaves no more than one label for every `room` pixels.
pub fn step_of(count: usize, plot: f64, room: f64, steps: &[usize]) -> usize {
    let fitting = (plot / room).max(1.0);
    let enough = |step: &&usize| count as f64 / **step as f64 <= fitting;
    steps.iter().find(enough).copied().unwrap_or_else(|| count.max(1))
}

/// A whole number at or above `most` that halves to a whole one and is easy to read.
pub fn ceiling(most: i64) -> i64 {
    let mut scale = 1;
    loop {
        if let Some(nice) = [2, 4, 6, 10].iter().map(|nice| nice * scale).find(|nice| *nice >= most) {
            return nice;
        }
        scale *= 10;
    }
}

/// Draws a chart for the width there is.
pub type Draw = Arc<dyn Fn(Frame, RwSignal<Option<usize>>) -> AnyView + Send + Sync>;

/// Finds the value that lies at a place.
pub type Nearest = Arc<dyn Fn(Frame, f64, f64) -> Option<usize> + Send + Sync>;

/// A chart whose values can be walked through.
#[component]
pub fn Explore(
    /// Names it in the page.
    id: &'static str,
    /// What it is.
    title: String,
    /// What it says, in a sentence.
    description: String,
    /// How many values there are.
    count: usize,
    /// A value in words.
    tell: Arc<dyn Fn(usize) -> String + Send + Sync>,
    /// Draws it.
    draw: Draw,
    /// Its height in pixels.
    #[prop(default = 240.0)]
    height: f64,
    /// Which value lies at a place; side by side unless said otherwise.
    #[prop(optional)]
    nearest: Option<Nearest>,
    /// The least width, beyond which it is scrolled.
    #[prop(optional)]
    least: f64,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let width = measured(node);
    let at = RwSignal::new(None::<usize>);
    let rtl =
        document().document_element().is_some_and(|root| root.get_attribute("dir").as_deref() == Some("rtl"));
    let frame = Memo::new(move |_| Frame { width: width.get().max(least), height, rtl });
    let key = move |event: ev::KeyboardEvent| {
        let last = count.saturating_sub(1);
        let now = at.get_untracked();
        let forward = if rtl { "ArrowLeft" } else { "ArrowRight" };
        let back = if rtl { "ArrowRight" } else { "ArrowLeft" };
        let next = match event.key().as_str() {
            key if key == forward || key == "ArrowDown" => now.map_or(0, |now| (now + 1).min(last)),
            key if key == back || key == "ArrowUp" => now.map_or(last, |now| now.saturating_sub(1)),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        at.set(Some(next));
    };
    let point = move |event: ev::PointerEvent| {
        let Some(chart) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        let edge = chart.get_bounding_client_rect();
        let (x, y) = (f64::from(event.client_x()) - edge.left(), f64::from(event.client_y()) - edge.top());
        let frame = frame.get_untracked();
        let found = match &nearest {
            Some(nearest) => nearest(frame, x, y),
            None => Some(frame.nearest(x, count)),
        };
        if found != at.get_untracked() {
            at.set(found);
        }
    };
    let summary = description.clone();
    view! {
        <div class="chart scroll-x" node_ref=node>
            <svg
                class="chart-picture"
                role="img"
                tabindex="0"
                direction="ltr"
                aria-labelledby=format!("{id}-title {id}-desc")
                aria-describedby=format!("{id}-value")
                width=move || px(frame.get().width)
                height=px(height)
                on:keydown=key
                on:pointermove=point
                on:pointerleave=move |_| at.set(None)
                on:blur=move |_| at.set(None)
            >
                <title id=format!("{id}-title")>{title}</title>
                <desc id=format!("{id}-desc")>{description}</desc>
                {move || draw(frame.get(), at)}
            </svg>
        </div>
        <p id=format!("{id}-value") class="chart-readout" aria-live="polite">
            {move || at.get().filter(|at| *at < count).map_or_else(|| summary.clone(), |at| tell(at))}
        </p>
    }
}

/// The width of an element, as it changes.
fn measured(node: NodeRef<html::Div>) -> RwSignal<f64> {
    let width = RwSignal::new(320.0);
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let watched = element.clone();
        let resized = Closure::<dyn FnMut()>::new(move || {
            let now = f64::from(element.client_width());
            if now > 0.0 && width.try_get_untracked().is_some_and(|before| before != now) {
                width.set(now);
            }
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
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_are_mirrored_for_who_reads_from_the_right() {
        let frame = Frame { width: 264.0, height: 240.0, rtl: false };
        let mirrored = Frame { rtl: true, ..frame };
        assert_eq!((frame.x(0.0), frame.x(1.0)), (48.0, 248.0));
        assert_eq!((mirrored.x(0.0), mirrored.x(1.0)), (216.0, 16.0));
        for (x, place) in [(0.0, 0), (49.0, 0), (149.0, 1), (264.0, 1)] {
            assert_eq!(frame.nearest(x, 2), place, "{x}");
            assert_eq!(mirrored.nearest(264.0 - x, 2), place, "{x}");
        }
    }

    #[test]
    fn axes_end_at_numbers_that_are_easy_to_read() {
        for (most, end) in [(0, 2), (2, 2), (3, 4), (7, 10), (11, 20), (55, 60), (132, 200)] {
            assert_eq!(ceiling(most), end, "{most}");
        }
    }

    #[test]
    fn labels_leave_each_other_room() {
        assert_eq!(step_of(5, 400.0, 56.0, &[1, 2, 5]), 1);
        assert_eq!(step_of(22, 400.0, 56.0, &[1, 2, 5, 10]), 5);
        assert_eq!(step_of(1000, 100.0, 56.0, &[1, 2]), 1000);
    }
}
