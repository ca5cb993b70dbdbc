//! Many candidates, of several anchors and several parts of the frame → one detection for each face.

use types::BoundingBox;

use super::Detection;

/// Most faces that one frame is searched for; a class room has fewer.
pub const MAX_FACES: usize = 64;
/// Two boxes of which the smaller lies in the other by more than this share are of one face: part of a large face
/// can look like a small one.
const MAX_INSIDE: f32 = 0.7;
/// The same where one of them was cut by the border of a part: its box says little of where the face ends.
const MAX_INSIDE_CUT: f32 = 0.3;

/// What one anchor sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The face.
    pub face: Detection,
    /// Whether the face reaches the border of the part that was looked at, and the frame goes on there.
    pub cut: bool,
}

/// Merges candidates that overlap the best one by more than `max_overlap` (intersection over union) into their
/// mean, weighted by score; largest first. A candidate that was cut counts only where none shows the face whole.
pub fn merge(candidates: &mut Vec<Candidate>, max_overlap: f32) -> Vec<Detection> {
    candidates.sort_unstable_by(|a, b| a.cut.cmp(&b.cut).then(b.face.score.total_cmp(&a.face.score)));
    let mut faces: Vec<Detection> = vec![];
    while let Some(&best) = candidates.first()
        && faces.len() < MAX_FACES
    {
        let mut sum = Detection { score: 0.0, points: [[0.0; 2]; 5], bounding_box: EMPTY };
        candidates.retain(|other| {
            let bounds = &other.face.bounding_box;
            let overlaps = best.face.bounding_box.iou(bounds) > max_overlap || *other == best;
            if overlaps && best.cut == other.cut {
                add(&mut sum, &other.face);
            }
            let most_inside = if other.cut { MAX_INSIDE_CUT } else { MAX_INSIDE };
            !overlaps && inside(&best.face.bounding_box, bounds) <= most_inside
        });
        faces.push(mean(&sum, best.face.score));
    }
    let area = |face: &Detection| face.bounding_box.width * face.bounding_box.height;
    faces.sort_unstable_by(|a, b| area(b).total_cmp(&area(a)));
    faces
}

/// Share of the smaller box that lies in the larger one.
fn inside(a: &BoundingBox, b: &BoundingBox) -> f32 {
    let common =
        |a: f32, a_length: f32, b: f32, b_length: f32| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    let overlap = common(a.x, a.width, b.x, b.width) * common(a.y, a.height, b.y, b.height);
    overlap / (a.width * a.height).min(b.width * b.height).max(f32::MIN_POSITIVE)
}

const EMPTY: BoundingBox = BoundingBox { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };

fn add(sum: &mut Detection, face: &Detection) {
    let weight = face.score;
    sum.score += weight;
    sum.bounding_box.x += face.bounding_box.x * weight;
    sum.bounding_box.y += face.bounding_box.y * weight;
    sum.bounding_box.width += face.bounding_box.width * weight;
    sum.bounding_box.height += face.bounding_box.height * weight;
    for (sum, point) in sum.points.iter_mut().flatten().zip(face.points.iter().flatten()) {
        *sum += point * weight;
    }
}

fn mean(sum: &Detection, score: f32) -> Detection {
    let whole = sum.score;
    let BoundingBox { x, y, width, height } = sum.bounding_box;
    Detection {
        bounding_box: BoundingBox {
            x: x / whole,
            y: y / whole,
            width: width / whole,
            height: height / whole,
        },
        points: sum.points.map(|point| point.map(|number| number / whole)),
        score,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::Range;

    use super::*;
    use crate::detect::tiles::{Area, areas};

    fn square(x: f32, y: f32, size: f32) -> BoundingBox {
        BoundingBox { x, y, width: size, height: size }
    }

    fn face(x: f32, size: f32, score: f32) -> Candidate {
        let face = Detection { bounding_box: square(x, 0.0, size), points: [[x, 0.0]; 5], score };
        Candidate { face, cut: false }
    }

    #[test]
    fn anchors_of_one_face_are_merged_by_score() {
        let mut candidates = vec![face(0.0, 100.0, 0.9), face(10.0, 100.0, 0.6), face(300.0, 50.0, 0.7)];
        let faces = merge(&mut candidates, 0.3);
        assert_eq!(faces.len(), 2);
        assert!((faces[0].bounding_box.x - 4.0).abs() < 1e-4, "10 · 0.6 / 1.5");
        assert_eq!(faces[0].score, 0.9);
        assert_eq!(faces[1].bounding_box.x, 300.0);
    }

    #[test]
    fn the_largest_face_comes_first() {
        let faces = merge(&mut vec![face(0.0, 50.0, 0.99), face(500.0, 80.0, 0.7)], 0.3);
        assert_eq!(faces[0].bounding_box.width, 80.0);
    }

    #[test]
    fn part_of_a_face_is_not_a_second_one() {
        let faces = merge(&mut vec![face(0.0, 200.0, 0.9), face(20.0, 60.0, 0.8)], 0.3);
        assert_eq!(faces.len(), 1);
        assert_eq!(faces[0].bounding_box.width, 200.0);
    }

    #[test]
    fn a_cut_face_does_not_displace_the_whole_one() {
        let half = Candidate { cut: true, ..face(40.0, 70.0, 0.99) };
        let faces = merge(&mut vec![half, face(0.0, 100.0, 0.7)], 0.3);
        assert_eq!((faces.len(), faces[0].bounding_box.x, faces[0].score), (1, 0.0, 0.7));
        assert_eq!(merge(&mut vec![half], 0.3).len(), 1, "better than nothing");
    }

    /// What a perfect detector says of `truth` in a part: the box as far as it can be seen, unless less than half
    /// can be or it is too small for this part.
    fn see(truth: &BoundingBox, area: &Area, smallest: f32) -> Option<Candidate> {
        let (left, top) = (area.left as f32, area.top as f32);
        let (right, bottom) = (left + area.width as f32, top + area.height as f32);
        let x = truth.x.max(left);
        let y = truth.y.max(top);
        let width = (truth.x + truth.width).min(right) - x;
        let height = (truth.y + truth.height).min(bottom) - y;
        if width < truth.width / 2.0 || height < truth.height / 2.0 || truth.width < smallest {
            return None;
        }
        let cut = width < truth.width - 0.01 || height < truth.height - 0.01;
        let bounding_box = BoundingBox { x, y, width, height };
        // A cut face that is surer than the whole one is the harder case.
        let score = if cut { 0.95 } else { 0.8 };
        Some(Candidate { face: Detection { bounding_box, points: [[x, y]; 5], score }, cut })
    }

    proptest! {
        /// Faces anywhere in a frame, also across the borders of its parts: one box for each, in its place.
        #[test]
        fn one_box_for_each_face_across_parts(
            places in prop::collection::vec((0usize..12, 0usize..6, 0.0f32..30.0, 0.0f32..30.0, 40.0f32..70.0), 1..40),
        ) {
            // One face in each cell of 105 × 115 pixels, so that they do not overlap.
            let mut cells: Vec<(usize, usize)> = vec![];
            let mut truths: Vec<BoundingBox> = vec![];
            for (column, row, dx, dy, size) in places {
                if !cells.contains(&(column, row)) {
                    cells.push((column, row));
                    truths.push(square(column as f32 * 105.0 + dx, row as f32 * 115.0 + dy, size));
                }
            }
            let mut candidates = vec![];
            for area in areas(Range::Far, (1280, 720), (256, 256), 28.0) {
                let smallest = 28.0 * (area.width as f32 / 256.0).max(area.height as f32 / 256.0) * 0.99;
                candidates.extend(truths.iter().filter_map(|truth| see(truth, &area, smallest)));
            }
            let faces = merge(&mut candidates, 0.3);
            prop_assert_eq!(faces.len(), truths.len());
            for truth in &truths {
                let best = faces.iter().map(|face| face.bounding_box.iou(truth)).fold(0.0, f32::max);
                prop_assert!(best > 0.999, "{:?} is displaced: {}", truth, best);
            }
        }

        #[test]
        fn merged_faces_do_not_hide_candidates(
            list in prop::collection::vec((0.0f32..1000.0, 1.0f32..200.0, 0.1f32..1.0), 0..40),
        ) {
            let mut candidates: Vec<_> = list.iter().map(|&(x, size, score)| face(x, size, score)).collect();
            let faces = merge(&mut candidates, 0.3);
            prop_assert!(candidates.is_empty());
            prop_assert_eq!(faces.is_empty(), list.is_empty());
            for (x, size, _) in list {
                // What hides a candidate overlaps it, and is shown as the mean of a group: moved by less than the
                // largest size.
                let near = |f: &Detection| {
                    f.bounding_box.x <= x + size + 200.0 && x <= f.bounding_box.x + f.bounding_box.width + 200.0
                };
                prop_assert!(faces.iter().any(near));
            }
        }
    }
}
