//! Straight edges of a sheet or a device around a face.
//!
//! On each of the four sides of the face the strongest straight edge is looked for, parallel to that side or
//! turned by a few degrees. An edge is as strong as the share of its length along which the brightness changes
//! across it. A sheet or a device has such an edge on all sides; in front of a live person's chest, below the
//! face, there is none, whatever the room behind has. So the weakest side counts.

use std::ops::Range;

use types::BoundingBox;

use crate::{
    align::{Cutter, Similarity},
    decode::Frame,
};

/// Side of the picture that is looked at, in pixels, and in longer sides of the face's box.
const SIDE: usize = 128;
const EXTENT: f32 = 5.0;
/// Where edges are looked for: from the face outwards.
const NEAREST: f32 = 0.6;
/// Length of an edge, in sides of the face's box.
const LENGTH: f32 = 1.8;
/// Change of brightness across an edge, over two pixels.
const CONTRAST: f32 = 14.0;
/// Slopes that are tried: up to 8 degrees.
const SLOPES: [f32; 9] = [-0.14, -0.105, -0.07, -0.035, 0.0, 0.035, 0.07, 0.105, 0.14];

/// The search for edges; keeps its memory between faces.
#[derive(Default)]
pub struct Bezel {
    picture: Vec<u8>,
    luma: Vec<f32>,
}

impl Bezel {
    /// Strength of the weakest of the four sides, 0 to 1.
    pub fn strength(&mut self, frame: &Frame, bounds: &BoundingBox, cutter: &mut Cutter) -> f32 {
        self.sides(frame, bounds, cutter).into_iter().fold(1.0, f32::min)
    }

    /// Strength of the strongest edge left, right, above and below.
    pub fn sides(&mut self, frame: &Frame, bounds: &BoundingBox, cutter: &mut Cutter) -> [f32; 4] {
        let centre = [bounds.x + bounds.width / 2.0, bounds.y + bounds.height / 2.0];
        let extent = bounds.width.max(bounds.height) * EXTENT;
        let place = Similarity::square(centre, extent, 0.0, SIDE);
        cutter.cut(frame, &place, SIDE, SIDE, &mut self.picture);
        self.luma.clear();
        self.luma.extend(self.picture.as_chunks::<3>().0.iter().map(super::luma));
        // Outside the frame there is nothing, and its border is no edge.
        let inside = |size: usize, shift: f32| {
            let at = |frame: f32| (frame - shift) / place.scale();
            (at(0.0) + 2.0).max(1.0)..(at(size as f32) - 2.0).min(SIDE as f32 - 1.0)
        };
        let (x, y) = (inside(frame.width, place.tx), inside(frame.height, place.ty));
        let (across, down) =
            (Axis { u: x.clone(), v: y.clone(), swap: false }, Axis { u: y, v: x, swap: true });
        [
            self.strongest(&across, -1.0),
            self.strongest(&across, 1.0),
            self.strongest(&down, -1.0),
            self.strongest(&down, 1.0),
        ]
    }

    /// The strongest edge on one side of the face.
    fn strongest(&self, axis: &Axis, side: f32) -> f32 {
        let face = SIDE as f32 / EXTENT;
        let middle = SIDE as f32 / 2.0;
        let half_length = (face * LENGTH / 2.0).floor();
        let mut best = 0.0f32;
        let mut distance = face * NEAREST;
        while distance < middle {
            for slope in SLOPES {
                let (mut rising, mut falling) = (0, 0);
                let mut along = -half_length;
                while along < half_length {
                    let (u, v) = ((middle + side * distance + slope * along).round(), middle + along);
                    along += 1.0;
                    if !axis.u.contains(&u) || !axis.v.contains(&v) {
                        continue;
                    }
                    let (u, v) = (u as usize, v as usize);
                    let change = self.luma[axis.index(u + 1, v)] - self.luma[axis.index(u - 1, v)];
                    rising += usize::from(change > CONTRAST);
                    falling += usize::from(change < -CONTRAST);
                }
                best = best.max(rising.max(falling) as f32 / (2.0 * half_length));
            }
            distance += 1.0;
        }
        best
    }
}

/// A direction in the picture: `u` runs across an edge, `v` along it; where both are inside the frame.
struct Axis {
    u: Range<f32>,
    v: Range<f32>,
    swap: bool,
}

impl Axis {
    fn index(&self, u: usize, v: usize) -> usize {
        if self.swap { u * SIDE + v } else { v * SIDE + u }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: impl Fn(f32, f32) -> u8) -> Frame {
        let (width, height) = (640, 480);
        let pixels =
            (0..width * height).flat_map(|i| [value((i % width) as f32, (i / width) as f32); 3]).collect();
        Frame { width, height, pixels }
    }

    const FACE: BoundingBox = BoundingBox { x: 290.0, y: 200.0, width: 60.0, height: 60.0 };

    #[test]
    fn a_turned_sheet_has_four_sides() {
        let sheet = frame(|x, y| {
            let (dx, dy) = (x - 320.0, y - 230.0);
            let (u, v) = (dx + 0.07 * dy, dy - 0.07 * dx);
            if u.abs() < 100.0 && v.abs() < 110.0 { 200 } else { 90 }
        });
        let strength = Bezel::default().strength(&sheet, &FACE, &mut Cutter::default());
        assert!(strength > 0.8, "{strength}");
    }

    #[test]
    fn a_door_behind_a_person_has_none_below() {
        let door = frame(|x, y| {
            let shoulders = (x - 320.0).hypot(y - 360.0) < 90.0;
            let person = shoulders || (x - 320.0).hypot(y - 230.0) < 40.0;
            let door = (x - 320.0).abs() < 90.0 && y > 140.0;
            if person {
                60
            } else if door {
                130
            } else {
                220
            }
        });
        let mut bezel = Bezel::default();
        let [left, right, above, below] = bezel.sides(&door, &FACE, &mut Cutter::default());
        assert!(left > 0.8 && right > 0.8 && above > 0.8, "{left} {right} {above}");
        assert!(below < 0.7, "{below}");
    }

    #[test]
    fn a_face_at_the_edge_of_the_frame_is_looked_at_too() {
        let corner = BoundingBox { x: 600.0, y: 450.0, width: 100.0, height: 100.0 };
        let strength = Bezel::default().strength(&frame(|_, _| 100), &corner, &mut Cutter::default());
        assert!((0.0..=1.0).contains(&strength));
    }
}
