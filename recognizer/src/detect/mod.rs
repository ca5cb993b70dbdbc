//! Stage 2: a frame → every face in it.
//!
//! The frame is fitted into the detector's input, black around it. A frame can be looked at in parts
//! ([`tiles`]), which shows faces that are further away. [`decoders`] reads what the network says of them. Anchors
//! and parts that see the same face are merged by their scores ([`merge`]; the BlazeFace paper proposes this
//! instead of plain suppression: steadier boxes).

pub mod decoders;
pub mod merge;
pub mod tiles;

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use merge::{Candidate, merge};
use models::pack::{Detector, DetectorDecode, LoadedPack};
use ort::environment::Environment;
use tiles::Area;
use types::{BoundingBox, Range};

use crate::{
    decode::Frame,
    network::{Length, Network, NetworkError},
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

/// A face that ends this near to the border of a part, in sides of its box, is taken for cut.
const CUT_MARGIN: f32 = 0.05;

/// The detector with its memory.
pub struct FaceDetector {
    network: Network,
    decode: DetectorDecode,
    min_score: f32,
    max_overlap: f32,
    /// Least width of a face that is found, in pixels of the input.
    smallest_face: f32,
    resizer: Resizer,
    fitted: Vec<u8>,
    square: Vec<u8>,
    candidates: Vec<Candidate>,
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
        let Detector { decode, min_score, max_overlap, model, .. } = &pack.pack.detector;
        let outputs = decoders::outputs(decode, (model.input.width, model.input.height));
        let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
        Ok(Self {
            network: Network::load(environment, pack, model, &names)?,
            decode: decode.clone(),
            min_score: *min_score,
            max_overlap: *max_overlap,
            smallest_face: pack.pack.detector.smallest_face(),
            resizer: Resizer::new(),
            fitted: vec![],
            square: vec![],
            candidates: vec![],
        })
    }

    /// See [`Network::check_golden`].
    pub fn check_golden(&mut self) -> Result<(), NetworkError> {
        let outputs = decoders::outputs(&self.decode, self.network.size());
        let lengths: Vec<_> = outputs.iter().map(|(name, n)| (name.as_str(), Length::Exactly(*n))).collect();
        self.network.check_golden(&lengths)
    }

    /// Puts the whole frame in and runs the network, for measuring the network alone.
    pub fn run_bare(&mut self) -> Result<(), NetworkError> {
        self.network.run().map(drop)
    }

    /// The parts of a frame of this size that `range` asks for.
    pub fn areas(&self, frame: &Frame, range: Range) -> Vec<Area> {
        tiles::areas(range, (frame.width, frame.height), self.network.size(), self.smallest_face)
    }

    /// Smaller parts of a frame that seems to hold no face; see [`tiles::smaller_parts`].
    pub fn smaller_parts(&self, frame: &Frame, level: usize) -> Option<Vec<Area>> {
        tiles::smaller_parts((frame.width, frame.height), self.network.size(), level)
    }

    /// Every face in these parts of the frame, largest first.
    pub fn detect(&mut self, frame: &Frame, areas: &[Area]) -> Result<Vec<Detection>, DetectError> {
        self.candidates.clear();
        for area in areas {
            self.look_at(frame, *area)?;
        }
        Ok(merge(&mut self.candidates, self.max_overlap))
    }

    fn look_at(&mut self, frame: &Frame, area: Area) -> Result<(), DetectError> {
        let fit = self.fit(frame, area)?;
        self.network.set_picture(&self.square);
        let size = self.network.size();
        let outputs = self.network.run()?;
        let candidates = &mut self.candidates;
        let mut push = |[left, top, right, bottom]: [f32; 4], points: [[f32; 2]; 5], score: f32| {
            let [left, top] = fit.point([left, top]);
            let [right, bottom] = fit.point([right, bottom]);
            let finite = [left, top, right, bottom, score].iter().all(|number| number.is_finite());
            if finite && right > left && bottom > top {
                let bounding_box = BoundingBox { x: left, y: top, width: right - left, height: bottom - top };
                let face = Detection { bounding_box, points: points.map(|point| fit.point(point)), score };
                candidates.push(Candidate { face, cut: is_cut(&bounding_box, &area, frame) });
            }
        };
        decoders::read(&self.decode, &outputs, size, self.min_score, &mut push)?;
        Ok(())
    }

    /// Fits `area` into the detector's input, centred, black around it.
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

/// Whether the box reaches a border of `area` beyond which the frame goes on.
fn is_cut(bounds: &BoundingBox, area: &Area, frame: &Frame) -> bool {
    let reaches = |from: f32, length: f32, start: usize, end: usize, whole: usize| {
        let margin = length * CUT_MARGIN;
        (start > 0 && from < start as f32 + margin) || (end < whole && from + length > end as f32 - margin)
    };
    reaches(bounds.x, bounds.width, area.left, area.left + area.width, frame.width)
        || reaches(bounds.y, bounds.height, area.top, area.top + area.height, frame.height)
}
