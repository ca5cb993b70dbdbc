//! Stage 2: a frame → every face in it.
//!
//! The frame is fitted into the detector's square, black around it. A frame can be
//! looked at in parts, which shows faces that are further away. Anchors that see the same face are merged
//! by their scores (as the BlazeFace paper proposes instead of plain suppression: steadier boxes).

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use models::pack::{AnchorGrid, Detector, DetectorDecode, LoadedPack};
use ort::environment::Environment;
use types::BoundingBox;

use crate::{
    decode::Frame,
    network::{Network, NetworkError, Outputs},
};

/// A face as the detector sees it, in pixels of the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where; may reach beyond the frame.
    pub bounding_box: BoundingBox,
    /// Left eye, right eye, nose, mouth left, mouth right (as seen).
    pub points: [[f32; 2]; 5],
    /// 0 to 1.
    pub score: f32,
}

/// The frame does not fit into the detector.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The frame could not be made smaller.
    #[error("resize: {0}")]
    Resize(String),
}

/// Most faces that one frame is searched for; a class room has fewer.
const MAX_FACES: usize = 64;

/// The detector with its memory.
pub struct FaceDetector {
    network: Network,
    decode: DetectorDecode,
    min_score: f32,
    max_overlap: f32,
    resizer: Resizer,
    fitted: Vec<u8>,
    square: Vec<u8>,
    candidates: Vec<Detection>,
}

/// A part of the frame, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// How an area lies in the detector's input.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    left: f32,
    top: f32,
    /// Pixels of the frame per pixel of the input.
    scale_x: f32,
    scale_y: f32,
    /// Of the area in the frame.
    origin: [f32; 2],
}

impl Fit {
    fn point(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [(x - self.left) * self.scale_x + self.origin[0], (y - self.top) * self.scale_y + self.origin[1]]
    }
}

impl FaceDetector {
    /// Loads the pack's detector.
    pub fn load(environment: &Environment, pack: &LoadedPack) -> Result<Self, NetworkError> {
        let Detector { decode, min_score, max_overlap, model } = &pack.pack.detector;
        let names = output_names(decode);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Self {
            network: Network::load(environment, pack, model, &names)?,
            decode: decode.clone(),
            min_score: *min_score,
            max_overlap: *max_overlap,
            resizer: Resizer::new(),
            fitted: vec![],
            square: vec![],
            candidates: vec![],
        })
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        self.network.check_golden()
    }

    /// Puts the whole frame in and runs the network, for measuring the network alone.
    pub fn run_bare(&mut self) -> Result<(), NetworkError> {
        self.network.run().map(drop)
    }

    /// Every face, largest first. Level 0 looks at the whole frame, each further one at squares of it (the frame's
    /// shorter side, half of that, …), which shows smaller faces; None when that would show nothing that the level before did not.
    pub fn detect(&mut self, frame: &Frame, level: usize) -> Result<Option<Vec<Detection>>, DetectError> {
        self.candidates.clear();
        if level == 0 {
            self.look_at(frame, Area { left: 0, top: 0, width: frame.width, height: frame.height })?;
        } else {
            let side = frame.width.min(frame.height) >> (level - 1);
            // Parts that are hardly larger than the network's input show nothing new.
            if side * 2 < self.network.size().0 * 3 {
                return Ok(None);
            }
            for area in tiles(frame.width, frame.height, side) {
                self.look_at(frame, area)?;
            }
        }
        Ok(Some(merge(&mut self.candidates, self.max_overlap)))
    }

    fn look_at(&mut self, frame: &Frame, area: Area) -> Result<(), DetectError> {
        let fit = self.fit(frame, area)?;
        self.network.set_picture(&self.square);
        let size = self.network.size();
        let outputs = self.network.run()?;
        let candidates = &mut self.candidates;
        let min_score = self.min_score;
        let mut push = |[left, top, right, bottom]: [f32; 4], points: [[f32; 2]; 5], score: f32| {
            let [left, top] = fit.point([left, top]);
            let [right, bottom] = fit.point([right, bottom]);
            let finite = [left, top, right, bottom, score].iter().all(|number| number.is_finite());
            if finite && right > left && bottom > top {
                let bounding_box = BoundingBox { x: left, y: top, width: right - left, height: bottom - top };
                let points = points.map(|point| fit.point(point));
                candidates.push(Detection { bounding_box, points, score });
            }
        };
        match &self.decode {
            DetectorDecode::Blazeface { grids } => {
                read_blazeface(&outputs, grids, size.0 as f32, min_score, &mut push)?;
            }
            DetectorDecode::Yunet { strides } => {
                read_yunet(&outputs, strides, size, min_score, &mut push)?;
            }
        }
        Ok(())
    }

    /// Fits `area` into the detector's square, centred, black around it.
    fn fit(&mut self, frame: &Frame, area: Area) -> Result<Fit, DetectError> {
        let (width, height) = self.network.size();
        let scale = (area.width as f32 / width as f32).max(area.height as f32 / height as f32);
        let side = |pixels: usize, most: usize| ((pixels as f32 / scale).round() as usize).clamp(1, most);
        let (inner_width, inner_height) = (side(area.width, width), side(area.height, height));
        self.fitted.resize(inner_width * inner_height * 3, 0);
        let failed = |error: &dyn std::fmt::Display| DetectError::Resize(error.to_string());
        let source = ImageRef::new(frame.width as u32, frame.height as u32, &frame.pixels, PixelType::U8x3)
            .map_err(|error| failed(&error))?;
        let (to_width, to_height) = (inner_width as u32, inner_height as u32);
        let mut target = Image::from_slice_u8(to_width, to_height, &mut self.fitted, PixelType::U8x3)
            .map_err(|error| failed(&error))?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(
            area.left as f64,
            area.top as f64,
            area.width as f64,
            area.height as f64,
        );
        self.resizer.resize(&source, &mut target, &options).map_err(|error| failed(&error))?;

        let (left, top) = ((width - inner_width) / 2, (height - inner_height) / 2);
        self.square.clear();
        self.square.resize(width * height * 3, 0);
        for (y, row) in self.fitted.chunks(inner_width * 3).enumerate() {
            let start = ((top + y) * width + left) * 3;
            self.square[start..start + row.len()].copy_from_slice(row);
        }
        Ok(Fit {
            left: left as f32,
            top: top as f32,
            scale_x: area.width as f32 / inner_width as f32,
            scale_y: area.height as f32 / inner_height as f32,
            origin: [area.left as f32, area.top as f32],
        })
    }
}

/// Squares of `side` that cover the picture and overlap by a fifth or more.
fn tiles(width: usize, height: usize, side: usize) -> impl Iterator<Item = Area> {
    let starts = move |length: usize| {
        let steps = (length - side).div_ceil((side * 4 / 5).max(1));
        (0..=steps).map(move |i| (length - side) * i / steps.max(1))
    };
    starts(height)
        .flat_map(move |top| starts(width).map(move |left| Area { left, top, width: side, height: side }))
}

fn output_names(decode: &DetectorDecode) -> Vec<String> {
    match decode {
        DetectorDecode::Blazeface { .. } => vec!["boxes".into(), "scores".into()],
        DetectorDecode::Yunet { strides } => {
            let names = |stride| ["cls", "obj", "bbox", "kps"].map(|name| format!("{name}_{stride}"));
            strides.iter().flat_map(names).collect()
        }
    }
}

/// A candidate's box (left, top, right, bottom), points and score, in pixels of the input.
type Push<'a> = dyn FnMut([f32; 4], [[f32; 2]; 5], f32) + 'a;

/// BlazeFace's points are left eye, right eye (as seen), nose, mouth, left ear, right ear; the one mouth point
/// stands for both corners until the mesh finds them.
fn read_blazeface(
    outputs: &Outputs,
    grids: &[AnchorGrid],
    side: f32,
    min_score: f32,
    push: &mut Push,
) -> Result<(), NetworkError> {
    let (boxes, scores) = (outputs.floats("boxes")?, outputs.floats("scores")?);
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
    Ok(())
}

fn read_yunet(
    outputs: &Outputs,
    strides: &[usize],
    (width, height): (usize, usize),
    min_score: f32,
    push: &mut Push,
) -> Result<(), NetworkError> {
    for &stride in strides {
        let read = |name: &str| outputs.floats(&format!("{name}_{stride}"));
        let (classes, objects, boxes, points) = (read("cls")?, read("obj")?, read("bbox")?, read("kps")?);
        let columns = (width / stride).max(1);
        let cells = classes.iter().zip(objects).zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
        for (i, (((class, object), numbers), points)) in cells.take(columns * height / stride).enumerate() {
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
            push(bounds, [point(0), point(1), point(2), point(3), point(4)], score);
        }
    }
    Ok(())
}

/// Merges candidates that overlap the best one by more than `max_overlap` into their mean, weighted by score;
/// largest first.
fn merge(candidates: &mut Vec<Detection>, max_overlap: f32) -> Vec<Detection> {
    candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces: Vec<Detection> = vec![];
    while let Some(&best) = candidates.first()
        && faces.len() < MAX_FACES
    {
        let mut sum = Detection { score: 0.0, points: [[0.0; 2]; 5], bounding_box: EMPTY };
        candidates.retain(|other| {
            let same = best.bounding_box.iou(&other.bounding_box) > max_overlap || *other == best;
            if same {
                add(&mut sum, other);
            }
            !same
        });
        faces.push(mean(&sum, best.score));
    }
    let area = |face: &Detection| face.bounding_box.width * face.bounding_box.height;
    faces.sort_unstable_by(|a, b| area(b).total_cmp(&area(a)));
    faces
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

    use super::*;

    fn face(x: f32, size: f32, score: f32) -> Detection {
        let bounding_box = BoundingBox { x, y: 0.0, width: size, height: size };
        Detection { bounding_box, points: [[x, 0.0]; 5], score }
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

    proptest! {
        #[test]
        fn tiles_cover_the_picture_and_overlap(width in 1usize..3000, height in 1usize..3000, part in 1usize..5) {
            let side = (width.min(height) / part).max(1);
            let list: Vec<Area> = tiles(width, height, side).collect();
            prop_assert!(list.iter().all(|t| t.left + side <= width && t.top + side <= height));
            let mut lefts: Vec<usize> = list.iter().map(|tile| tile.left).collect();
            lefts.sort_unstable();
            lefts.dedup();
            prop_assert_eq!((lefts[0], lefts[lefts.len() - 1] + side), (0, width));
            let apart = lefts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert!(apart <= (side * 4 / 5).max(1));
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
                let near = |f: &Detection| {
                    f.bounding_box.x <= x + size && x <= f.bounding_box.x + f.bounding_box.width + 200.0
                };
                prop_assert!(faces.iter().any(near));
            }
        }
    }
}
