//! From the bytes of a JPEG with one face to its embedding, one thread, against the least that it can cost: the
//! same networks on the same inputs plus the JPEG decoder, measured in turns within the same run.
//!
//! `cargo bench -p recognizer`; wants the pack, the runtime and the photos that `make setup` fetches.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use image::{RgbImage, imageops};
use recognizer::{
    decode::{Frame, decode, read_header},
    pipeline::Pipeline,
    startup,
};

const ROUNDS: usize = 300;

/// `photo` on a canvas of this size, so that the face is a fifth of its height.
fn scene(photo: &[u8], width: u32, height: u32) -> Vec<u8> {
    let picture = image::load_from_memory(photo).expect("a photo").to_rgb8();
    let new_height = height * 9 / 10;
    let new_width = picture.width() * new_height / picture.height();
    let small = imageops::resize(&picture, new_width, new_height, imageops::FilterType::Triangle);
    // Slopes instead of one colour: a plain background decodes faster than a room does.
    let mut canvas = RgbImage::from_fn(width, height, |x, y| {
        let texture = (x * 7 + y * 13) % 7;
        image::Rgb([(x * 200 / width + texture) as u8, (y * 200 / height + texture) as u8, 120])
    });
    imageops::replace(&mut canvas, &small, i64::from(width - new_width) / 2, i64::from(height - new_height));
    support::jpeg(&canvas)
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0
}

fn main() {
    let (Some(models), Some(photo)) = (support::models(), support::photo("obama.jpg")) else { return };
    let mut out = std::io::stdout().lock();
    let environment = startup::open_runtime(&models.ort).expect("runtime");
    let pack = startup::open_pack(&models).expect("pack");
    let mut pipeline = Pipeline::load(&environment, &pack).expect("networks");
    writeln!(out, "| picture | stage | median ms | p95 ms |\n| --- | --- | --- | --- |").expect("stdout");
    for (width, height) in [(1280, 720), (640, 480)] {
        let bytes = scene(&photo, width, height);
        let header = read_header(&bytes).expect("a picture");
        let mut frame = Frame::default();
        let (mut whole, mut decoding, mut networks) = (vec![], vec![], vec![]);
        for round in 0..ROUNDS + 20 {
            let start = Instant::now();
            let answer = pipeline.analyse(&bytes, header, None).expect("faces");
            let analysed = start.elapsed();
            assert_eq!(answer.faces.len(), 1, "the scene has one face");
            let start = Instant::now();
            decode(&bytes, header, &mut frame).expect("pixels");
            let decoded = start.elapsed();
            let start = Instant::now();
            pipeline.run_networks().expect("outputs");
            // The first rounds warm the caches.
            if round >= 20 {
                whole.push(analysed);
                decoding.push(decoded);
                networks.push(start.elapsed());
            }
        }
        let mut row = |stage: &str, times: &mut [Duration]| {
            let (median, p95) = (percentile(times, 0.5), percentile(times, 0.95));
            writeln!(out, "| {width}×{height} | {stage} | {median:.2} | {p95:.2} |").expect("stdout");
            median
        };
        let total = row("frame to decision", &mut whole);
        let floor = row("JPEG decode", &mut decoding) + row("three networks alone", &mut networks);
        writeln!(out, "| {width}×{height} | **ratio to decode + networks** | **{:.3}** | |", total / floor)
            .expect("stdout");
        let path = std::env::temp_dir().join(format!("frame_{width}x{height}.jpg"));
        std::fs::write(&path, &bytes).expect("the scene");
        writeln!(out, "| {width}×{height} | the picture for the peer | {} | |", path.display())
            .expect("stdout");
    }
}
