//! QR codes, as pictures that a page can show and print.

use anyhow::anyhow;
use qrcode::QrCode;
use qrcode::render::svg::Color;

use crate::error::ApiError;

/// Pixels that a side has at least where nothing scales it.
const SIDE: u32 = 240;

/// A text as the SVG of its QR code, with the quiet zone that readers want.
///
/// # Errors
/// For a text that is too long, of more than 2331 bytes.
pub fn svg(text: &str) -> Result<String, ApiError> {
    let code = QrCode::new(text).map_err(|error| anyhow!("a QR code: {error}"))?;
    Ok(code.render::<Color<'_>>().min_dimensions(SIDE, SIDE).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_picture_of_its_text() {
        let (one, other) = (svg("AB1.one").expect("a code"), svg("AB1.two").expect("a code"));
        assert!(one.contains("<svg") && one.ends_with("</svg>"), "{one}");
        assert_ne!(one, other);
        assert!(svg(&"x".repeat(3000)).is_err());
    }
}
