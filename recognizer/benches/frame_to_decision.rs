//! From the bytes of a JPEG with one face to its embedding, one thread, against the least that it can cost: the
//! same networks on the same inputs, as often as the pack runs them, plus the JPEG decoder, measured in turns within
//! the same run. Times are processor time of that thread, which whatever else the machine does stretches less than
//! time on the wall.
//!
//! `cargo bench -p recognizer`; wants the pack, the runtime and the photos that `make setup` fetches. Prints rows of a
//! table; the pictures, and the median milliseconds of each, go to `$FRAMES` (by default the folder for temporary
//! files) for `python_peer.py`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{io::Write as _, path::PathBuf, time::Duration};

use recognizer::{
    decode::{Frame, decode, read_header},
    pipeline::{Options, Pipeline},
    startup,
};
use rustix::time::{ClockId, clock_gettime};
use support::scene;

const ROUNDS: usize = 300;

/// Processor time of this thread.
fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a clock that is not before its start")
}

/// In milliseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn main() {
    let (Some(models), Some(photo)) = (support::models(), support::photo("obama.jpg")) else { return };
    let folder = std::env::var_os("FRAMES").map_or_else(std::env::temp_dir, PathBuf::from);
    let mut out = std::io::stdout().lock();
    let environment = startup::open_runtime(&models.ort).expect("runtime");
    let pack = startup::open_pack(&models).expect("pack");
    let mut pipeline = Pipeline::load(&environment, &pack).expect("networks");
    for (width, height) in [(1280, 720), (640, 480)] {
        let bytes = scene(&photo, width, height);
        let header = read_header(&bytes).expect("a picture");
        let mut frame = Frame::default();
        let (mut whole, mut decoding, mut networks) = (vec![], vec![], vec![]);
        for round in 0..ROUNDS + 20 {
            let start = now();
            let answer = pipeline.analyse(&bytes, header, Options::default(), None).expect("faces");
            let analysed = now();
            assert_eq!(answer.faces.len(), 1, "the scene has one face");
            let before = now();
            decode(&bytes, header, &mut frame).expect("pixels");
            let decoded = now();
            pipeline.run_networks().expect("outputs");
            let run = now();
            // The first rounds warm the caches.
            if round >= 20 {
                whole.push(analysed - start);
                decoding.push(decoded - before);
                networks.push(run - decoded);
            }
        }
        let [whole, decoding, networks] = [whole, decoding, networks].map(|mut times| median(&mut times));
        writeln!(
            out,
            "| {width}×{height}, one face: frame to decision | {whole:.1} ms | decoder {decoding:.1} ms + networks \
             {networks:.1} ms | {:.2} | at most 1.15 |",
            whole / (decoding + networks)
        )
        .expect("stdout");
        let file = folder.join(format!("frame_{width}x{height}.jpg"));
        std::fs::write(&file, &bytes).expect("the scene");
        std::fs::write(file.with_extension("ms"), format!("{whole}\n")).expect("the median");
    }
}
