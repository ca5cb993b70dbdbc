//! What the numbers of each kind of detector mean.

use models::pack::{AnchorGrid, DetectorDecode, ScrfdStride};

use crate::network::{NetworkError, Outputs};

/// A candidate's box (left, top, right, bottom), points and score, in pixels of the input.
pub type Push<'a> = dyn FnMut([f32; 4], [[f32; 2]; 5], f32) + 'a;

/// The outputs that are read, with how many numbers each must have for an input of `size`.
pub fn outputs(decode: &DetectorDecode, (width, height): (usize, usize)) -> Vec<(String, usize)> {
    let cells = |stride: usize| (width / stride) * (height / stride);
    match decode {
        DetectorDecode::Blazeface { grids } => {
            let anchors: usize = grids.iter().map(|grid| grid.cells * grid.cells * grid.per_cell).sum();
            vec![("boxes".into(), anchors * 16), ("scores".into(), anchors)]
        }
        DetectorDecode::Yunet { strides } => {
            let of_stride = |&stride: &usize| {
                [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)]
                    .map(|(name, numbers)| (format!("{name}_{stride}"), cells(stride) * numbers))
            };
            strides.iter().flat_map(of_stride).collect()
        }
        DetectorDecode::Scrfd { per_cell, strides } => {
            let of_stride = |level: &ScrfdStride| {
                let anchors = cells(level.stride) * per_cell;
                let ScrfdStride { scores, boxes, points, .. } = level;
                [(scores.clone(), anchors), (boxes.clone(), anchors * 4), (points.clone(), anchors * 10)]
            };
            strides.iter().flat_map(of_stride).collect()
        }
    }
}

/// Hands every candidate of at least `min_score` to `push`.
pub fn read(
    decode: &DetectorDecode,
    outputs: &Outputs,
    size: (usize, usize),
    min_score: f32,
    push: &mut Push,
) -> Result<(), NetworkError> {
    match decode {
        DetectorDecode::Blazeface { grids } => {
            let (boxes, scores) = (outputs.floats("boxes")?, outputs.floats("scores")?);
            read_blazeface(boxes, scores, grids, size.0 as f32, min_score, push);
        }
        DetectorDecode::Yunet { strides } => {
            for &stride in strides {
                let read = |name: &str| outputs.floats(&format!("{name}_{stride}"));
                let level = [read("cls")?, read("obj")?, read("bbox")?, read("kps")?];
                read_yunet(level, stride, size.0 / stride, min_score, push);
            }
        }
        DetectorDecode::Scrfd { per_cell, strides } => {
            for ScrfdStride { stride, scores, boxes, points } in strides {
                let level = [outputs.floats(scores)?, outputs.floats(boxes)?, outputs.floats(points)?];
                read_scrfd(level, *stride, size.0 / stride, *per_cell, min_score, push);
            }
        }
    }
    Ok(())
}

/// BlazeFace's points are left eye, right eye (as seen), nose, mouth, left ear, right ear; the one mouth point
/// stands for both corners until the mesh finds them.
fn read_blazeface(
    boxes: &[f32],
    scores: &[f32],
    grids: &[AnchorGrid],
    side: f32,
    min_score: f32,
    push: &mut Push,
) {
    let anchors = grids.iter().flat_map(|grid| {
        let cell = side / grid.cells as f32;
        (0..grid.cells * grid.cells).flat_map(move |i| {
            let (column, row) = (i % grid.cells, i / grid.cells);
            let centre = [(column as f32 + 0.5) * cell, (row as f32 + 0.5) * cell];
            std::iter::repeat_n(centre, grid.per_cell)
        })
    });
    // The least score as a logit, so that the sigmoid is worked out for faces alone.
    let min_logit = (min_score / (1.0 - min_score)).ln();
    for ((&logit, numbers), anchor) in scores.iter().zip(boxes.as_chunks::<16>().0).zip(anchors) {
        if logit < min_logit {
            continue;
        }
        let point = |i: usize| [numbers[i] + anchor[0], numbers[i + 1] + anchor[1]];
        let [x, y] = point(0);
        let (half_width, half_height) = (numbers[2] / 2.0, numbers[3] / 2.0);
        let bounds = [x - half_width, y - half_height, x + half_width, y + half_height];
        let mouth = point(10);
        push(bounds, [point(4), point(6), point(8), mouth, mouth], 1.0 / (1.0 + (-logit).exp()));
    }
}

/// YuNet (OpenCV's `FaceDetectorYN`): per cell class, objectness, box (centre from the cell's corner, logarithm of
/// the size) and five points from the cell's corner, in strides.
fn read_yunet(
    [classes, objects, boxes, points]: [&[f32]; 4],
    stride: usize,
    columns: usize,
    min_score: f32,
    push: &mut Push,
) {
    let cells = classes.iter().zip(objects).zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
    for (i, (((class, object), numbers), points)) in cells.enumerate() {
        let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
        if score < min_score {
            continue;
        }
        let size = stride as f32;
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        let (x, y) = ((column + numbers[0]) * size, (row + numbers[1]) * size);
        let (half_width, half_height) = (numbers[2].exp() * size / 2.0, numbers[3].exp() * size / 2.0);
        let bounds = [x - half_width, y - half_height, x + half_width, y + half_height];
        let point = |p: usize| [(points[2 * p] + column) * size, (points[2 * p + 1] + row) * size];
        push(bounds, [0, 1, 2, 3, 4].map(point), score);
    }
}

/// SCRFD (InsightFace's `scrfd.py`): anchors stand at the cells' corners, several on each; a score, the distances
/// from the anchor to the box's left, top, right and bottom edge, and five points from the anchor, in strides.
fn read_scrfd(
    [scores, boxes, points]: [&[f32]; 3],
    stride: usize,
    columns: usize,
    per_cell: usize,
    min_score: f32,
    push: &mut Push,
) {
    let anchors = scores.iter().zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
    for (i, ((&score, distances), points)) in anchors.enumerate() {
        // Not-a-number is no score.
        if score.is_nan() || score < min_score {
            continue;
        }
        let size = stride as f32;
        let cell = i / per_cell;
        let (column, row) = ((cell % columns) as f32, (cell / columns) as f32);
        let [left, top, right, bottom] = *distances;
        let bounds = [column - left, row - top, column + right, row + bottom].map(|number| number * size);
        let point = |p: usize| [(points[2 * p] + column) * size, (points[2 * p + 1] + row) * size];
        push(bounds, [0, 1, 2, 3, 4].map(point), score);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Candidate = ([f32; 4], [[f32; 2]; 5], f32);

    fn collect(read: impl FnOnce(&mut Push)) -> Vec<Candidate> {
        let mut list = vec![];
        read(&mut |bounds, points, score| list.push((bounds, points, score)));
        list
    }

    #[test]
    fn yunet_cells_become_boxes() {
        // Four columns and two rows of stride 8; the face is in the second row's third column.
        let (mut classes, objects) = ([0.0; 8], [0.81; 8]);
        classes[6] = 1.0;
        let mut boxes = [0.0; 32];
        boxes[24..28].copy_from_slice(&[0.5, 0.25, 4f32.ln(), 2f32.ln()]);
        let mut points = [0.0; 80];
        points[60..70].copy_from_slice(&[0.0, 0.0, 1.0, 0.0, 0.5, 0.5, 0.0, 1.0, 1.0, 1.0]);
        let list = collect(|push| read_yunet([&classes, &objects, &boxes, &points], 8, 4, 0.5, push));
        let [(bounds, points, score)] = list[..] else { panic!("{list:?}") };
        assert!((score - 0.9).abs() < 1e-6, "geometric mean of class and objectness");
        // Centre ((2 + 0.5)·8, (1 + 0.25)·8) = (20, 10), size (32, 16).
        let expected = [4.0, 2.0, 36.0, 18.0];
        assert!(bounds.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{bounds:?}");
        assert_eq!(points[1], [24.0, 8.0]);
        assert_eq!(points[4], [24.0, 16.0]);
    }

    #[test]
    fn scrfd_distances_become_boxes() {
        // Two columns and two rows of stride 16, two anchors each; the face is the second anchor of the last cell.
        let mut scores = [0.1, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7];
        let mut boxes = [0.0; 32];
        boxes[28..32].copy_from_slice(&[0.5, 1.0, 2.0, 3.0]);
        let mut points = [0.0; 80];
        points[70..80].copy_from_slice(&[-0.25, 0.0, 0.25, 0.0, 0.0, 0.5, -0.25, 1.0, 0.25, 1.0]);
        let list = collect(|push| read_scrfd([&scores, &boxes, &points], 16, 2, 2, 0.5, push));
        let [(bounds, points, score)] = list[..] else { panic!("{list:?}") };
        assert_eq!((bounds, score), ([8.0, 0.0, 48.0, 64.0], 0.7));
        assert_eq!(points, [[12.0, 16.0], [20.0, 16.0], [16.0, 24.0], [12.0, 32.0], [20.0, 32.0]]);
        scores[7] = 0.4;
        assert!(collect(|push| read_scrfd([&scores, &boxes, &[0.0; 80]], 16, 2, 2, 0.5, push)).is_empty());
    }

    #[test]
    fn the_outputs_of_each_kind_have_a_length() {
        let yunet = outputs(&DetectorDecode::Yunet { strides: vec![8, 32] }, (64, 32));
        assert_eq!(yunet[3], ("kps_8".into(), 320));
        assert_eq!(yunet[6], ("bbox_32".into(), 8));
        let level =
            ScrfdStride { stride: 16, scores: "448".into(), boxes: "451".into(), points: "454".into() };
        let scrfd = outputs(&DetectorDecode::Scrfd { per_cell: 2, strides: vec![level] }, (64, 32));
        assert_eq!(scrfd, [("448".into(), 16), ("451".into(), 64), ("454".into(), 160)]);
    }
}
