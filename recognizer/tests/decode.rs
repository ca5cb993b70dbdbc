//! Pictures of every kind, good and bad.

mod support;

use image::{RgbImage, imageops};
use proptest::prelude::*;
use recognizer::decode::{DecodeError, Frame, MAX_BYTES, decode, read_header};
use support::{
    animated_png, animated_webp, cmyk_jpeg, gradient, huge_jpeg, huge_png, jpeg, jpeg_turned, png, webp,
};

fn read(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let mut frame = Frame::default();
    decode(bytes, read_header(bytes)?, &mut frame)?;
    Ok(frame)
}

/// Mean difference per channel.
fn difference(frame: &Frame, picture: &RgbImage) -> f32 {
    assert_eq!((frame.width as u32, frame.height as u32), picture.dimensions());
    assert_eq!(frame.pixels.len(), picture.as_raw().len());
    let pairs = frame.pixels.iter().zip(picture.as_raw());
    pairs.map(|(a, b)| f32::from(a.abs_diff(*b))).sum::<f32>() / frame.pixels.len() as f32
}

#[test]
fn every_format_is_read() {
    let picture = gradient(61, 37);
    assert_eq!(difference(&read(&png(&picture)).expect("png"), &picture), 0.0);
    assert_eq!(difference(&read(&webp(&picture)).expect("webp"), &picture), 0.0);
    assert!(difference(&read(&jpeg(&picture)).expect("jpeg"), &picture) < 3.0);
}

#[test]
fn grey_and_transparent_pictures_become_rgb() {
    let grey = image::GrayImage::from_fn(9, 8, |x, y| image::Luma([(x * 20 + y) as u8]));
    let expected = image::DynamicImage::from(grey.clone()).to_rgb8();
    let mut bytes = vec![];
    grey.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).expect("png");
    assert_eq!(difference(&read(&bytes).expect("grey"), &expected), 0.0);
    let mut bytes = vec![];
    let clear = image::RgbaImage::from_fn(9, 8, |x, y| image::Rgba([x as u8, y as u8, 7, 100]));
    clear.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).expect("png");
    let expected = image::DynamicImage::from(clear).to_rgb8();
    assert_eq!(difference(&read(&bytes).expect("rgba"), &expected), 0.0);
}

#[test]
fn all_eight_orientations_are_honoured() {
    let picture = gradient(64, 48);
    type Turn = fn(&RgbImage) -> RgbImage;
    let turns: [Turn; 8] = [
        RgbImage::clone,
        |p| imageops::flip_horizontal(p),
        |p| imageops::rotate180(p),
        |p| imageops::flip_vertical(p),
        |p| imageops::flip_horizontal(&imageops::rotate90(p)),
        |p| imageops::rotate90(p),
        |p| imageops::flip_horizontal(&imageops::rotate270(p)),
        |p| imageops::rotate270(p),
    ];
    for (value, turn) in (1u8..).zip(turns) {
        let frame = read(&jpeg_turned(&picture, value)).expect("jpeg");
        assert!(difference(&frame, &turn(&picture)) < 3.0, "orientation {value}");
    }
}

#[test]
fn a_picture_that_ends_early_is_truncated() {
    let picture = gradient(300, 200);
    for (name, bytes) in [("jpeg", jpeg(&picture)), ("png", png(&picture)), ("webp", webp(&picture))] {
        for share in [10, 50, 90, 99] {
            let cut = &bytes[..bytes.len() * share / 100];
            let error = read(cut).expect_err("truncated");
            assert!(
                matches!(error, DecodeError::Truncated | DecodeError::Corrupt(_)),
                "{name} {share} %: {error:?}"
            );
            if name == "jpeg" && share > 10 {
                assert_eq!(error, DecodeError::Truncated, "{share} %");
            }
        }
    }
}

#[test]
fn a_cut_jpeg_with_a_complete_thumbnail_is_truncated() {
    let mut bytes = jpeg(&gradient(64, 64));
    let thumbnail = jpeg(&gradient(8, 8));
    let length = (thumbnail.len() as u16 + 2).to_be_bytes();
    bytes.splice(2..2, [&[0xff, 0xe1], &length[..], &thumbnail].concat());
    read(&bytes).expect("whole");
    bytes.truncate(bytes.len() - 100);
    assert_eq!(read(&bytes).expect_err("cut"), DecodeError::Truncated);
}

#[test]
fn refusals_say_what_is_wrong() {
    assert_eq!(read(b"").expect_err("empty"), DecodeError::NotAnImage);
    assert_eq!(read(b"%PDF-1.7 hello").expect_err("pdf"), DecodeError::NotAnImage);
    assert_eq!(read(b"GIF89a....").expect_err("gif"), DecodeError::Animated);
    assert_eq!(read(&animated_png()).expect_err("apng"), DecodeError::Animated);
    assert_eq!(read(&animated_webp()).expect_err("webp"), DecodeError::Animated);
    assert_eq!(read(&cmyk_jpeg()).expect_err("cmyk"), DecodeError::Colours("CMYK"));
    let huge = DecodeError::TooManyPixels { width: 30_000, height: 30_000 };
    assert_eq!(read(&huge_png()).expect_err("huge"), huge);
    assert_eq!(read(&huge_jpeg()).expect_err("huge"), huge);
    assert_eq!(read(&vec![0xff; MAX_BYTES + 1]).expect_err("long"), DecodeError::TooManyBytes);
    let mut none = png(&gradient(4, 4));
    none[16..20].fill(0);
    assert!(matches!(read(&none).expect_err("no pixels"), DecodeError::Corrupt(_)));
}

#[test]
fn a_picture_too_small_for_a_face_is_refused() {
    let dot = RgbImage::from_pixel(1, 1, image::Rgb([10, 20, 30]));
    for bytes in [png(&dot), jpeg(&dot), webp(&dot)] {
        assert_eq!(read(&bytes).expect_err("dot"), DecodeError::TooFewPixels { width: 1, height: 1 });
    }
    read(&png(&gradient(8, 8))).expect("the least");
}

#[test]
fn memory_of_a_larger_frame_is_not_shown_again() {
    let mut frame = Frame::default();
    for picture in [gradient(60, 60), gradient(9, 8)] {
        let bytes = png(&picture);
        decode(&bytes, read_header(&bytes).expect("header"), &mut frame).expect("png");
        assert_eq!(difference(&frame, &picture), 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_pictures_never_panic(
        kind in 0usize..3, flips in prop::collection::vec((0usize..4000, any::<u8>()), 1..20), cut in 0usize..4000,
    ) {
        let picture = gradient(40, 30);
        let mut bytes = [jpeg, png, webp][kind](&picture);
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if cut < bytes.len() && cut % 3 == 0 {
            bytes.truncate(cut);
        }
        if let Ok(frame) = read(&bytes) {
            prop_assert_eq!(frame.pixels.len(), frame.width * frame.height * 3);
        }
    }

    #[test]
    fn other_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0usize..4) {
        let start: &[u8] = [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""][kind];
        let _ = read(&[start, &bytes].concat());
    }
}
