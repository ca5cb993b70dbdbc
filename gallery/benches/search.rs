//! Searches in galleries of ten thousand to a million templates, against a plain f32 scan of the same rows in the
//! same run; then what a million templates weigh, and whether the scan ever finds another person than the plain
//! scan does.
//!
//! `cargo bench -p gallery`: some minutes, 2 GB of memory, one thread. The times are processor time of that thread,
//! which whatever else the machine does stretches less than time on the wall. A word after `--` is a filter for the
//! searches, as always with criterion.

use std::{hint::black_box, io::Write, time::Duration};

use criterion::{
    BatchSize, BenchmarkId, Criterion,
    measurement::{Measurement, ValueFormatter, WallTime},
};
use gallery::Gallery;
use rustix::time::{ClockId, clock_gettime};

/// People asked for, as the API does for a face.
const COUNT: usize = 8;
/// Groups of people who look somewhat alike; strangers belong to them as the enrolled do.
const GROUPS: u64 = 2_000;

/// Processor time of this thread.
struct ProcessorTime;

impl ProcessorTime {
    fn now() -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a clock that is not before its start")
    }
}

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }

    fn end(&self, start: Duration) -> Duration {
        Self::now() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Numbers that look random, the same for the same seed.
struct Noise(u64);

impl Noise {
    /// Uniform, from zero up to one.
    fn uniform(&mut self) -> f32 {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    /// A direction, all equally likely.
    fn direction(&mut self, dimensions: usize) -> Vec<f32> {
        let mut normal =
            || (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f32::consts::TAU * self.uniform()).cos();
        unit((0..dimensions).map(|_| normal()).collect())
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

fn sum(parts: &[(f32, Vec<f32>)]) -> Vec<f32> {
    let at = |place: usize| parts.iter().map(|(weight, part)| weight * part[place]).sum();
    unit((0..parts[0].1.len()).map(at).collect())
}

/// Picture `picture` of a person. People of a group score about 0.3 against each other, pictures of a person
/// about 0.8. `common` is a direction that all vectors share, as those of some networks do.
fn picture(dimensions: usize, common: f32, person: u64, picture: u64) -> Vec<f32> {
    let direction = |kind: u64, number: u64| Noise((number << 3 | kind) << 20).direction(dimensions);
    sum(&[
        (common, direction(0, 0)),
        (0.6, direction(1, person % GROUPS)),
        (0.8, direction(2, person)),
        (0.5, direction(3, person << 8 | picture)),
    ])
}

/// The same templates twice.
struct Both {
    dimensions: usize,
    gallery: Gallery<u64>,
    plain: Vec<f32>,
}

impl Both {
    /// One template each of people 0 to `rows`.
    fn new(rows: u64, dimensions: usize, common: f32) -> Self {
        let (mut gallery, mut plain) = (Gallery::new(dimensions), Vec::new());
        for person in 0..rows {
            let template = picture(dimensions, common, person, 0);
            plain.extend_from_slice(&template);
            gallery.set(person, &[template]).expect("a template");
        }
        Self { dimensions, gallery, plain }
    }

    /// The best row by a scan of all of them in f32.
    fn plain_best(&self, probe: &[f32]) -> (u64, f32) {
        let rows = self.plain.chunks_exact(self.dimensions).zip(0..);
        let scores = rows.map(|(row, person)| (person, dot(probe, row)));
        scores.fold((0, f32::MIN), |best, new| if new.1 > best.1 { new } else { best })
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// Half of them further pictures of enrolled people, half of people who are not.
fn probes(count: u64, both: &Both, common: f32) -> Vec<Vec<f32>> {
    let people = both.gallery.people() as u64;
    let genuine = (0..count / 2).map(|n| (n * 7919) % people);
    let strangers = (0..count / 2).map(|n| people + n);
    genuine.chain(strangers).map(|person| picture(both.dimensions, common, person, 1)).collect()
}

fn searches(criterion: &mut Criterion<ProcessorTime>, both: &Both) {
    let (rows, dimensions) = (both.gallery.templates(), both.dimensions);
    let probes = probes(16, both, 0.0);
    let (one, eight) = (&probes[0], &probes[4..12]);
    let mut group = criterion.benchmark_group(format!("{rows}x{dimensions}"));
    group.sample_size(if rows > 500_000 { 20 } else { 50 }).measurement_time(Duration::from_secs(4));
    group.bench_function("plain f32 scan", |bencher| bencher.iter(|| both.plain_best(black_box(one))));
    group.bench_function("one probe", |bencher| bencher.iter(|| both.gallery.search(black_box(one), COUNT)));
    group.bench_function("eight probes, one by one", |bencher| {
        bencher
            .iter(|| eight.iter().map(|probe| both.gallery.search(probe, COUNT)).all(|found| found.is_ok()));
    });
    group.bench_function("eight probes in a pass", |bencher| {
        bencher.iter(|| both.gallery.search_many(black_box(eight), COUNT));
    });
    group.finish();
}

fn building(criterion: &mut Criterion<ProcessorTime>) {
    let templates: Vec<Vec<f32>> = (0..10_000).map(|person| picture(128, 0.0, person, 0)).collect();
    let build = |templates: Vec<Vec<f32>>| {
        let mut gallery = Gallery::new(128);
        for (person, template) in templates.into_iter().enumerate() {
            gallery.set(person, &[template]).expect("a template");
        }
        gallery
    };
    criterion.bench_with_input(BenchmarkId::new("build", 10_000), &templates, |bencher, templates| {
        bencher.iter_batched(|| templates.clone(), build, BatchSize::LargeInput);
    });
}

/// Bytes of this process in memory; none where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// What a million people with one template each weigh, and how long they take to come in.
fn weight(out: &mut impl Write) -> std::io::Result<()> {
    let before = resident();
    let mut gallery = Gallery::<u128>::new(128);
    let mut setting = Duration::ZERO;
    for person in 0..1_000_000u64 {
        let template = [Noise(person << 32).direction(128)];
        let began = ProcessorTime::now();
        gallery.set(u128::from(person) << 64 | 1, &template).expect("a template");
        setting += ProcessorTime::now() - began;
    }
    let (Some(before), Some(after)) = (before, resident()) else { return Ok(()) };
    writeln!(
        out,
        "1,000,000 x 128, identifiers of 16 bytes: {} MB resident, built in {:.1} s",
        (after - before) / 1_000_000,
        setting.as_secs_f64()
    )?;
    drop(gallery);
    Ok(())
}

/// How often the best person is that of the plain scan.
fn recall(out: &mut impl Write, both: &Both, common: f32, count: u64) -> std::io::Result<()> {
    let probes = probes(count, both, common);
    let found = both.gallery.search_many(&probes, 1).expect("probes");
    let mut right = [0, 0];
    let mut furthest = 0.0f32;
    for (number, (probe, found)) in probes.iter().zip(found).enumerate() {
        let (person, score) = both.plain_best(probe);
        right[usize::from(number >= probes.len() / 2)] += u32::from(found[0].person == person);
        furthest = furthest.max((found[0].score - score).abs());
    }
    writeln!(
        out,
        "{} x {}, common part {common}: recall@1 {}/{} genuine, {}/{} strangers; scores within {furthest:.1e}",
        both.gallery.templates(),
        both.dimensions,
        right[0],
        count / 2,
        right[1],
        count / 2
    )
}

fn main() -> std::io::Result<()> {
    let mut criterion = Criterion::default().with_measurement(ProcessorTime).configure_from_args();
    let mut out = std::io::stdout().lock();
    building(&mut criterion);
    weight(&mut out)?;
    for (rows, dimensions, common, count) in [
        (10_000, 128, 0.0, 2_000),
        (100_000, 128, 0.0, 10_000),
        (100_000, 128, 2.0, 2_000),
        (100_000, 256, 0.0, 1_000),
        (100_000, 512, 0.0, 1_000),
        (1_000_000, 128, 0.0, 500),
    ] {
        let both = Both::new(rows, dimensions, common);
        if common == 0.0 {
            searches(&mut criterion, &both);
        }
        recall(&mut out, &both, common, count)?;
    }
    criterion.final_summary();
    Ok(())
}
