//! How many of thirty small faces each range finds, and what a frame costs.
//!
//! `cargo run --release -p recognizer --example ranges -- [PACK…]`; wants the evaluation pictures and the default
//! pack (`RECOGNIZER_PACK`), by which the faces are measured.

#[path = "../tests/support/class_photo.rs"]
mod class_photo;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{io::Write as _, time::Instant};

use class_photo::{ClassPhoto, Tally, compose, images, portraits};
use recognizer::{
    decode::{Frame, decode, read_header},
    detect::FaceDetector,
    pipeline::{Options, Pipeline},
    startup,
};
use types::Range;

const SETS: [usize; 3] = [0, 11, 22];
const RANGES: [(Range, &str); 3] = [(Range::Near, "near"), (Range::Medium, "medium"), (Range::Far, "far")];

fn main() -> anyhow::Result<()> {
    let (Some(models), Some(images)) = (support::models(), images()) else { return Ok(()) };
    let environment = startup::open_runtime(&models.ort)?;
    let mut measuring = Pipeline::load(&environment, &startup::open_pack(&models)?)?;
    let sets: Vec<_> = SETS.iter().map(|&first| portraits(&mut measuring, &images, first)).collect();
    drop(measuring);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| pack | faces | range | parts | found of 30 | background | other | detect ms | frame ms |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    let named: Vec<std::path::PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    for folder in if named.is_empty() { models.packs.clone() } else { named } {
        let one = recognizer::config::Models { packs: vec![folder], ort: models.ort.clone() };
        let pack = startup::open_pack(&one)?;
        let mut pipeline = Pipeline::load(&environment, &pack)?;
        let detector = FaceDetector::load(&environment, &pack)?;
        for face_px in [60.0, 40.0, 25.0] {
            let photos: Vec<ClassPhoto> = sets.iter().map(|portraits| compose(portraits, face_px)).collect();
            for (range, name) in RANGES {
                let row = measure(&mut pipeline, &detector, &photos, range)?;
                writeln!(out, "| {} | {face_px} px | {name} | {row} |", pack.pack.name)?;
            }
        }
    }
    Ok(())
}

/// Over all photos: parts, found, background, other (one number per photo), and the medians of the times.
fn measure(
    pipeline: &mut Pipeline,
    detector: &FaceDetector,
    photos: &[ClassPhoto],
    range: Range,
) -> anyhow::Result<String> {
    let (mut detect, mut whole, mut tallies, mut parts) = (vec![], vec![], vec![], 0);
    for photo in photos {
        let bytes = support::jpeg(&photo.picture);
        let header = read_header(&bytes)?;
        let mut frame = Frame::default();
        decode(&bytes, header, &mut frame)?;
        parts = detector.areas(&frame, range).len();
        for _ in 0..3 {
            let start = Instant::now();
            let answer = pipeline.analyse(&bytes, header, Options { range, ..Options::default() }, None)?;
            whole.push(start.elapsed().as_secs_f32() * 1000.0);
            detect.push(answer.timings_ms.detect);
            let boxes: Vec<_> = answer.faces.iter().map(|face| face.bounding_box).collect();
            tallies.push(photo.tally(&boxes));
        }
    }
    let each = |number: fn(&Tally) -> usize| {
        tallies.iter().step_by(3).map(|tally| number(tally).to_string()).collect::<Vec<_>>().join(", ")
    };
    let (found, background, other) = (each(|t| t.found), each(|t| t.background), each(|t| t.other));
    let (detect, whole) = (median(detect), median(whole));
    Ok(format!("{parts} | {found} | {background} | {other} | {detect:.0} | {whole:.0}"))
}

fn median(mut list: Vec<f32>) -> f32 {
    list.sort_unstable_by(f32::total_cmp);
    list[list.len() / 2]
}
