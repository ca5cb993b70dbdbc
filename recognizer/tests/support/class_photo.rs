//! A class photo made of evaluation pictures: many people, each face of one size.

#![allow(dead_code, reason = "the test and the example use a part each")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{RgbImage, imageops};
use recognizer::{
    decode::read_header,
    pipeline::{Options, Pipeline},
};
use types::BoundingBox;

pub const FACES: usize = 30;
const COLUMNS: usize = 6;
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

/// A picture of a person, with every face that is in it.
pub struct Portrait {
    picture: RgbImage,
    /// The face nearest to the middle.
    face: BoundingBox,
    /// The others, in the background.
    others: Vec<BoundingBox>,
}

/// A made photo.
pub struct ClassPhoto {
    pub picture: RgbImage,
    /// The faces that were put in.
    pub faces: Vec<BoundingBox>,
    /// Faces that stood in the background of the pictures used.
    pub others: Vec<BoundingBox>,
}

/// `$ATTENDANCE_SHARED/data/pairs/images`, or None with a line that says that it is missing.
pub fn images() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("ATTENDANCE_SHARED").map_or(root, PathBuf::from);
    let images = shared.join("data/pairs/images");
    if !images.is_dir() {
        eprintln!("skipped: {} is missing", images.display());
        return None;
    }
    Some(images)
}

/// Thirty different people: one of each thirtieth folder, in the order of their names, from `first` on. Their
/// faces are measured in the whole picture by `pipeline`.
pub fn portraits(pipeline: &mut Pipeline, images: &Path, first: usize) -> Vec<Portrait> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(images).expect("folders").map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    let chosen = folders.iter().skip(first).step_by(folders.len() / FACES).take(FACES);
    let list: Vec<Portrait> = chosen.map(|folder| portrait(pipeline, folder)).collect();
    assert_eq!(list.len(), FACES);
    list
}

fn portrait(pipeline: &mut Pipeline, folder: &Path) -> Portrait {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("pictures").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let bytes = fs::read(&files[0]).expect("a picture");
    let header = read_header(&bytes).expect("a picture");
    let answer = pipeline.analyse(&bytes, header, Options::default(), None).expect("faces");
    let mut boxes: Vec<BoundingBox> = answer.faces.iter().map(|face| face.bounding_box).collect();
    let middle = [answer.width as f32 / 2.0, answer.height as f32 / 2.0];
    let distance =
        |b: &BoundingBox| (b.x + b.width / 2.0 - middle[0]).hypot(b.y + b.height / 2.0 - middle[1]);
    boxes.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let face = boxes.remove(0);
    let picture = image::load_from_memory(&bytes).expect("a picture").to_rgb8();
    Portrait { picture, face, others: boxes }
}

/// The portraits in a grid on 1280×720 pixels, scaled so that each face's box is `face_px` wide; between them the
/// left edges of the same pictures.
pub fn compose(portraits: &[Portrait], face_px: f32) -> ClassPhoto {
    let mut photo = ClassPhoto { picture: background(portraits), faces: vec![], others: vec![] };
    let rows = FACES.div_ceil(COLUMNS);
    let cell = [WIDTH as f32 / COLUMNS as f32, HEIGHT as f32 / rows as f32];
    for (i, portrait) in portraits.iter().enumerate() {
        let scale = face_px / portrait.face.width;
        let side = |pixels: u32| (pixels as f32 * scale).round().max(1.0) as u32;
        let (width, height) = (side(portrait.picture.width()), side(portrait.picture.height()));
        let small = imageops::resize(&portrait.picture, width, height, imageops::FilterType::CatmullRom);
        // Rows are shifted against each other, so that faces lie at many places of the detector's grid.
        let (column, row) = ((i % COLUMNS) as f32, (i / COLUMNS) as f32);
        let shift = [(row * 23.0) % 41.0 - 20.0, (column * 7.0) % 13.0 - 6.0];
        let face = portrait.face;
        let centre = [face.x + face.width / 2.0, face.y + face.height / 2.0].map(|number| number * scale);
        let left = (column + 0.5) * cell[0] + shift[0] - centre[0];
        let top = (row + 0.5) * cell[1] + shift[1] - centre[1];
        let (left, top) = (left.round() as i64, top.round() as i64);
        imageops::replace(&mut photo.picture, &small, left, top);
        let moved = |b: &BoundingBox| BoundingBox {
            x: b.x * scale + left as f32,
            y: b.y * scale + top as f32,
            width: b.width * scale,
            height: b.height * scale,
        };
        photo.faces.push(moved(&face));
        photo.others.extend(portrait.others.iter().map(moved));
    }
    photo
}

/// Strips of the pictures' left edges, where few faces are.
fn background(portraits: &[Portrait]) -> RgbImage {
    let mut canvas = RgbImage::new(WIDTH, HEIGHT);
    let strip = WIDTH / portraits.len() as u32 + 1;
    for (i, portrait) in portraits.iter().enumerate() {
        let edge = imageops::crop_imm(&portrait.picture, 0, 0, strip.min(portrait.picture.width()), 250);
        let high = imageops::resize(&edge.to_image(), strip, HEIGHT, imageops::FilterType::Triangle);
        imageops::replace(&mut canvas, &high, i64::from(strip) * i as i64, 0);
    }
    canvas
}

/// How many of the photo's faces were found, how many boxes are second ones of a found face or show a face of the
/// background, and how many show none of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub found: usize,
    pub background: usize,
    pub other: usize,
}

impl ClassPhoto {
    /// Compares boxes with what was put in: a face is found by one box that overlaps it by half.
    pub fn tally(&self, boxes: &[BoundingBox]) -> Tally {
        let mut tally = Tally::default();
        let mut taken = vec![false; self.faces.len()];
        for bounds in boxes {
            let face = (0..self.faces.len()).find(|&i| !taken[i] && self.faces[i].iou(bounds) >= 0.5);
            match face {
                Some(i) => {
                    taken[i] = true;
                    tally.found += 1;
                }
                None if self.others.iter().any(|other| other.iou(bounds) >= 0.3) => tally.background += 1,
                None => tally.other += 1,
            }
        }
        tally
    }
}
