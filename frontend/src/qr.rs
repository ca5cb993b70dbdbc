//! QR codes that the server drew.

use leptos::prelude::*;

/// A QR code on its own white ground, in either theme.
#[component]
pub fn QrCode(
    /// The drawing (SVG).
    svg: String,
    /// What it is, for screen readers.
    label: &'static str,
) -> impl IntoView {
    // As a picture, not as part of the page: whatever the drawing held, it could do nothing.
    let source = format!("data:image/svg+xml,{}", String::from(js_sys::encode_uri_component(&svg)));
    view! { <img class="qr" src=source alt=label data-testid="qr" /> }
}
