//! Pictures of faces: upright, without metadata, small enough; and how good a portrait each makes.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader, Limits, RgbImage};
use recognizer_types::DetectedFace;
use tokio::sync::Semaphore;
use types::{BoundingBox, Landmarks};

use crate::error::ApiError;

/// Larger images are not read.
pub const MAX_IMAGE_BYTES: usize = 10 * 1024 * 1024;
/// Longer sides are scaled down to this before storing: enough to enrol anew with another model.
const STORED_SIDE: u32 = 1600;
const STORED_QUALITY: u8 = 90;
/// The recognizer has refused larger ones before anything is decoded here.
const MAX_SIDE: u32 = 16_384;
/// Longer side of the picture of a face in the review queue, in pixels.
const FACE_SIDE: u32 = 320;
/// What is shown around a face on each side, as a share of its box: enough for a detector to find it again.
const FACE_BORDER: f32 = 0.4;
/// A face is compared for sharpness at this side, in pixels: about what networks for recognition see. A smaller
/// one is enlarged and looks as blurred as it is.
const SHARPNESS_SIDE: u32 = 128;
/// Variance of the Laplacian at which sharpness counts half. Portraits in focus reach several hundred.
const HALF_SHARP: f32 = 100.0;

/// A large photo takes a hundred megabytes while it is decoded: one at a time.
static DECODING: Semaphore = Semaphore::const_new(1);

/// Runs work on a picture beside the requests, one picture at a time.
///
/// # Errors
/// Whatever `work` fails with.
pub async fn decoding<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let _permit = DECODING.acquire().await.map_err(|e| ApiError::Internal(e.into()))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| ApiError::Internal(e.into()))?
}

/// Decodes a picture and turns it upright.
///
/// # Errors
/// 422 `unreadable`.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ApiError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| unreadable(image::ImageError::IoError(error)))?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

fn unreadable(error: image::ImageError) -> ApiError {
    ApiError::ImageRefused {
        status: 422,
        code: "unreadable".to_owned(),
        message: format!("The photo cannot be read: {error}."),
    }
}

/// A picture as it is stored: a JPEG without metadata.
pub struct Portrait {
    /// The JPEG.
    pub jpeg: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Encodes a picture for storing, scaled down to 1600 pixels.
///
/// # Errors
/// When it cannot be encoded.
pub fn portrait(image: RgbImage) -> Result<Portrait, ApiError> {
    encode(image, STORED_SIDE)
}

/// A small JPEG of a face in a frame, with some of what is around it: `area` is in pixels of a frame that is
/// `width` across.
///
/// # Errors
/// When it cannot be encoded.
pub fn face(frame: &RgbImage, area: BoundingBox, width: u32) -> Result<Vec<u8>, ApiError> {
    let scale = frame.width() as f32 / width.max(1) as f32;
    let area = BoundingBox {
        x: area.x * scale,
        y: area.y * scale,
        width: area.width * scale,
        height: area.height * scale,
    };
    Ok(encode(cut(frame, area, FACE_BORDER), FACE_SIDE)?.jpeg)
}

fn encode(image: RgbImage, side: u32) -> Result<Portrait, ApiError> {
    let image = if image.width().max(image.height()) > side {
        DynamicImage::from(image).thumbnail(side, side).into_rgb8()
    } else {
        image
    };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, STORED_QUALITY).encode_image(&image).map_err(unreadable)?;
    Ok(Portrait { jpeg, width: image.width(), height: image.height() })
}

/// How good a portrait a face makes, 0 to 1, for choosing the best of several pictures: how sharp it is at the size
/// that networks see, how straight it looks at the camera, how sure the detector is.
pub fn portrait_score(image: &RgbImage, face: &DetectedFace) -> f32 {
    let sharp = sharpness(image, face.bounding_box);
    face.score.clamp(0.0, 1.0) * frontality(&face.landmarks) * sharp / (sharp + HALF_SHARP)
}

/// 1 for a nose midway between the eyes, 0 for one below an eye or beside it.
fn frontality(landmarks: &Landmarks) -> f32 {
    let [left, right, nose, ..] = landmarks;
    let half = (right[0] - left[0]).abs() / 2.0;
    if half == 0.0 {
        return 0.0;
    }
    (1.0 - (nose[0] - (left[0] + right[0]) / 2.0).abs() / half).max(0.0)
}

/// Variance of the Laplacian of a face (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR
/// 2000), after scaling it to one size.
fn sharpness(image: &RgbImage, area: BoundingBox) -> f32 {
    let grey: GrayImage = DynamicImage::from(cut(image, area, 0.0)).into_luma8();
    let grey = image::imageops::resize(&grey, SHARPNESS_SIDE, SHARPNESS_SIDE, FilterType::Triangle);
    let at = |x: u32, y: u32| f32::from(grey.get_pixel(x, y)[0]);
    let inner = 1..SHARPNESS_SIDE - 1;
    let laplacians = inner.clone().flat_map(|y| inner.clone().map(move |x| (x, y)));
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for (x, y) in laplacians {
        let value = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y);
        (sum, squares, count) = (sum + value, squares + value * value, count + 1.0);
    }
    squares / count - (sum / count) * (sum / count)
}

/// The part of a picture within `area`, widened by `border` of its size on each side, as far as the picture goes.
fn cut(image: &RgbImage, area: BoundingBox, border: f32) -> RgbImage {
    let span = |start: f32, length: f32, end: u32| {
        let low = (start - border * length).floor().clamp(0.0, (end - 1) as f32) as u32;
        let high = (start + (1.0 + border) * length).ceil().clamp(0.0, end as f32) as u32;
        (low, high.max(low + 1) - low)
    };
    let (x, width) = span(area.x, area.width, image.width());
    let (y, height) = span(area.y, area.height, image.height());
    image::imageops::crop_imm(image, x, y, width, height).to_image()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn a_stored_photo_is_upright_small_enough_and_carries_no_metadata() {
        // A JPEG with an EXIF block that says "turned by 90 degrees" (orientation 6).
        let image = RgbImage::from_fn(2400, 1200, |x, y| Rgb([(x / 10) as u8, (y / 5) as u8, 90]));
        let mut plain = Vec::new();
        JpegEncoder::new(&mut plain).encode_image(&image).expect("encode");
        let exif: &[u8] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = plain[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend(u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
        turned.extend(exif);
        turned.extend(&plain[2..]);

        let stored = portrait(decode(&turned).expect("decode")).expect("encode");
        assert_eq!((stored.width, stored.height), (800, 1600));
        assert!(!stored.jpeg.windows(4).any(|window| window == b"Exif"));
    }

    #[test]
    fn a_face_is_cut_out_with_some_of_its_surroundings() {
        let frame = RgbImage::from_pixel(1600, 1200, Rgb([9, 9, 9]));
        let area = BoundingBox { x: 400.0, y: 300.0, width: 100.0, height: 100.0 };
        let read = |jpeg: Vec<u8>| image::load_from_memory(&jpeg).expect("a picture");
        let shown = read(face(&frame, area, 1600).expect("encode"));
        assert_eq!((shown.width(), shown.height()), (180, 180));
        let shown = read(face(&frame, area, 800).expect("encode"));
        assert_eq!(
            (shown.width(), shown.height()),
            (320, 320),
            "scaled as the frame is, and down to the limit"
        );
    }

    /// A face of 200 pixels in a fine checkerboard, its nose `aside` of the middle.
    fn detected(aside: f32) -> DetectedFace {
        DetectedFace {
            track: None,
            bounding_box: BoundingBox { x: 20.0, y: 20.0, width: 200.0, height: 200.0 },
            landmarks: [[80.0, 90.0], [160.0, 90.0], [120.0 + aside, 130.0], [90.0, 170.0], [150.0, 170.0]],
            score: 1.0,
            quality: types::Quality::default(),
            liveness: None,
            cues: None,
            pose: None,
            embedding: None,
        }
    }

    #[test]
    fn the_sharper_straighter_and_larger_picture_scores_higher() {
        let sharp =
            RgbImage::from_fn(240, 240, |x, y| Rgb([if (x / 4 + y / 4) % 2 == 0 { 40 } else { 200 }; 3]));
        let blurred = image::imageops::blur(&sharp, 3.0);
        let straight = portrait_score(&sharp, &detected(0.0));
        assert!((0.5..=1.0).contains(&straight), "{straight}");
        assert!(portrait_score(&blurred, &detected(0.0)) < straight / 2.0);
        let turned = portrait_score(&sharp, &detected(20.0));
        assert!((turned - straight / 2.0).abs() < 1e-3, "halfway to an eye: {turned} of {straight}");
        assert_eq!(portrait_score(&sharp, &detected(60.0)), 0.0);
        let mut small = detected(0.0);
        small.bounding_box = BoundingBox { x: 230.0, y: 230.0, width: 40.0, height: 40.0 };
        assert!(portrait_score(&sharp, &small) < straight, "and a box over the edge is cut");
    }
}
