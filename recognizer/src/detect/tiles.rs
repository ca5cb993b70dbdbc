//! Which parts of a frame the detector looks at.
//!
//! A part is shrunk to the detector's input, so a smaller part shows smaller faces. The parts of one level overlap
//! by more than the largest face that only this level shows, so each such face lies whole in one of them.

use types::Range;

/// A part of the frame, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub left: usize,
    /// Top edge.
    pub top: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// Least width of the faces that are looked for at [`Range::Medium`], in pixels of the frame.
pub const MEDIUM_FACE_PX: f32 = 80.0;
/// Least width of the faces that are looked for at [`Range::Far`].
pub const FAR_FACE_PX: f32 = 40.0;
/// Most parts of one level; where more would be needed, the parts and the least face grow. At 6 ms a part this is
/// a quarter of a second.
const MAX_TILES: usize = 40;
/// Overlap in widths of the largest face that may lie across a border: a tenth more than the face.
const OVERLAP: f32 = 1.1;

/// The whole frame and, where `range` asks for smaller faces than it shows, smaller and smaller parts.
/// `smallest_face` is the least width of a face that the detector finds, in pixels of its `input`.
pub fn areas(range: Range, frame: (usize, usize), input: (usize, usize), smallest_face: f32) -> Vec<Area> {
    let faces: &[f32] = match range {
        Range::Near => &[],
        Range::Medium => &[MEDIUM_FACE_PX],
        Range::Far => &[MEDIUM_FACE_PX, FAR_FACE_PX],
    };
    let mut areas = vec![Area { left: 0, top: 0, width: frame.0, height: frame.1 }];
    // Pixels of the frame per pixel of the input.
    let mut seen = (frame.0 as f32 / input.0 as f32).max(frame.1 as f32 / input.1 as f32);
    for face in faces {
        let scale = face / smallest_face;
        if scale < seen {
            areas.extend(level(frame, input, scale, seen * smallest_face * OVERLAP));
            seen = scale;
        }
    }
    areas
}

/// The parts at `scale` or, where those would be too many, at the next larger one.
fn level(frame: (usize, usize), input: (usize, usize), mut scale: f32, overlap: f32) -> Vec<Area> {
    loop {
        let side = |input: usize, frame: usize| ((input as f32 * scale).ceil() as usize).clamp(1, frame);
        let size = (side(input.0, frame.0), side(input.1, frame.1));
        let tiles = tiles(frame, size, overlap.ceil() as usize);
        if tiles.len() <= MAX_TILES {
            return tiles;
        }
        scale *= 1.1;
    }
}

/// Squares of the frame's shorter side, or, at higher levels, of half of that and so on, for a frame that seems to
/// hold no face; None when they would show nothing that the level before did not.
pub fn smaller_parts(frame: (usize, usize), input: (usize, usize), level: usize) -> Option<Vec<Area>> {
    let side = frame.0.min(frame.1) >> level.saturating_sub(1);
    // Parts that are hardly larger than the network's input show nothing new.
    (side * 2 >= input.0 * 3).then(|| tiles(frame, (side, side), side / 5))
}

/// Parts of `size` that cover the frame and overlap by `overlap` (at most half a part) or more.
fn tiles(frame: (usize, usize), size: (usize, usize), overlap: usize) -> Vec<Area> {
    let starts = |length: usize, side: usize| {
        let step = side - overlap.min(side / 2);
        let steps = (length - side).div_ceil(step.max(1));
        (0..=steps).map(move |i| (length - side) * i / steps.max(1))
    };
    let rows = starts(frame.1, size.1);
    rows.flat_map(|top| {
        starts(frame.0, size.0).map(move |left| Area { left, top, width: size.0, height: size.1 })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HD: (usize, usize) = (1280, 720);

    #[test]
    fn a_small_input_needs_many_parts_and_a_large_one_few() {
        let count = |range, input, smallest| areas(range, HD, input, smallest).len();
        assert_eq!(count(Range::Near, (256, 256), 28.0), 1);
        assert_eq!(count(Range::Medium, (256, 256), 28.0), 1 + 2);
        assert_eq!(count(Range::Far, (256, 256), 28.0), 1 + 2 + 15);
        assert_eq!(count(Range::Far, (640, 384), 16.0), 1);
    }

    #[test]
    fn smaller_parts_end_where_they_show_nothing_new() {
        assert_eq!(smaller_parts(HD, (256, 256), 1).map(|parts| parts.len()), Some(2));
        assert_eq!(smaller_parts(HD, (256, 256), 2), None);
    }

    proptest! {
        #[test]
        fn parts_cover_the_frame_within_bounds(
            width in 8usize..6000, height in 8usize..6000, input in 1usize..24, smallest in 4.0f32..60.0,
        ) {
            let list = areas(Range::Far, (width, height), (input * 32, input * 32), smallest);
            prop_assert!(list.len() <= 1 + 2 * MAX_TILES);
            for area in list {
                prop_assert!(area.width > 0 && area.left + area.width <= width);
                prop_assert!(area.height > 0 && area.top + area.height <= height);
            }
        }

        #[test]
        fn whatever_is_smaller_than_the_overlap_lies_whole_in_a_part(
            frame in (1usize..3000, 1usize..3000), size in (1usize..900, 1usize..900), overlap in 1usize..400,
            place in (0.0f32..1.0, 0.0f32..1.0),
        ) {
            let size = (size.0.min(frame.0), size.1.min(frame.1));
            let face = overlap.min(size.0 / 2).min(size.1 / 2);
            let list = tiles(frame, size, overlap);
            let at = |share: f32, length: usize| (share * (length - face) as f32) as usize;
            let (x, y) = (at(place.0, frame.0), at(place.1, frame.1));
            prop_assert!(list.iter().any(|a| a.left <= x && x + face <= a.left + a.width
                && a.top <= y && y + face <= a.top + a.height));
        }
    }
}
