//! Rows that are wider than the screen.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Scrolls the row around the chosen one sideways until that stands in its middle, once it is drawn; both are told by a
/// selector. Nothing happens where all of the row is seen, and the page itself stays where it is.
pub fn reveal(row: &'static str, chosen: &'static str) {
    request_animation_frame(move || {
        let found = document().query_selector(&format!("{row} {chosen}")).ok().flatten();
        let Some(chosen) = found else { return };
        let around = chosen.closest(row).ok().flatten();
        let Some(row) = around.and_then(|row| row.dyn_into::<HtmlElement>().ok()) else { return };
        let middle = |element: &Element| {
            let place = element.get_bounding_client_rect();
            place.left() + place.width() / 2.0
        };
        row.set_scroll_left(row.scroll_left() + (middle(&chosen) - middle(&row)) as i32);
    });
}
