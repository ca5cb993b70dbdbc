//! The eight-bit dot products of numkong and its predecessor simsimd, nothing else, against whole searches of ours.

use std::hint::black_box;
use std::time::Duration;

use gallery::Gallery;
use numkong::{PackedMatrix, Tensor};
use rustix::time::{ClockId, clock_gettime};
use simsimd::SpatialSimilarity;

const DIMENSIONS: usize = 128;
const ROUNDS: usize = 41;
/// Rows of a block that numkong multiplies at once; 512 and 8192 were no faster.
const BLOCK: usize = 2048;

fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a clock that is not before its start")
}

/// Median processor time in milliseconds.
fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = now();
            work();
            now() - start
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2].as_secs_f64() * 1000.0
}

/// Eight-bit numbers that look random.
fn noise(seed: u64) -> impl Iterator<Item = i8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56) as i8
    })
}

fn main() {
    println!("| templates | with | one probe, ms | eight probes, ms |\n| --- | --- | --- | --- |");
    for rows in [100_000, 1_000_000] {
        let codes: Vec<i8> = noise(1).take(rows * DIMENSIONS).collect();
        let probes: Vec<i8> = noise(2).take(8 * DIMENSIONS).collect();
        let probe = &probes[..DIMENSIONS];
        let each_row = |dot: fn(&[i8], &[i8]) -> i64| {
            median(|| {
                black_box(codes.chunks_exact(DIMENSIONS).map(|row| dot(probe, row)).max());
            })
        };
        let simsimd = each_row(|a, b| <i8 as SpatialSimilarity>::dot(a, b).unwrap_or_default() as i64);
        println!("| {rows} | simsimd, row by row | {simsimd:.2} | |");
        let numkong = each_row(|a, b| i64::from(<i8 as numkong::Dot>::dot(a, b).unwrap_or_default()));
        println!("| {rows} | numkong, row by row | {numkong:.2} | |");

        let blocks: Vec<Tensor<i8>> = codes
            .chunks(BLOCK * DIMENSIONS)
            .map(|block| Tensor::from_slice(block, &[block.len() / DIMENSIONS, DIMENSIONS]))
            .collect();
        let [one, eight] = [1, 8].map(|count| {
            let probes = Tensor::<i8>::from_slice(&probes[..count * DIMENSIONS], &[count, DIMENSIONS]);
            let probes = PackedMatrix::try_pack(&probes).expect("room for the probes");
            // One block's sums, read by nobody; the last block is shorter.
            let room = |rows| Tensor::<i32>::try_full(&[rows, count], 0).expect("room for the sums");
            let (mut sums, mut rest) = (room(BLOCK), room(rows % BLOCK));
            median(|| {
                for block in &blocks {
                    let sums = if block.shape()[0] == BLOCK { &mut sums } else { &mut rest };
                    block.try_dots_packed_into(&probes, sums).expect("shapes that fit");
                }
            })
        });
        println!("| {rows} | numkong, packed probes | {one:.2} | {eight:.2} |");

        let floats = |codes: &[i8]| codes.iter().map(|code| f32::from(*code) + 0.5).collect::<Vec<f32>>();
        let mut gallery = Gallery::new(DIMENSIONS);
        for (person, row) in codes.chunks_exact(DIMENSIONS).enumerate() {
            gallery.set(person, &[floats(row)]).expect("a template");
        }
        let probes: Vec<Vec<f32>> = probes.chunks_exact(DIMENSIONS).map(floats).collect();
        let one = median(|| {
            black_box(gallery.search(&probes[0], 8)).expect("a probe");
        });
        let eight = median(|| {
            black_box(gallery.search_many(&probes, 8)).expect("probes");
        });
        println!("| {rows} | gallery, whole search | {one:.2} | {eight:.2} |");
    }
}
