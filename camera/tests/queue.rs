//! The queue on disk, cut and damaged at every byte.

use std::fs;
use std::path::{Path, PathBuf};

use camera::queue::{Limits, Queue, Record};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

const LIMITS: Limits = Limits { bytes: 100_000_000, age: TimeDelta::hours(24) };

fn start() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().expect("a time")
}

fn record(sequence: u64, length: usize) -> Record {
    Record {
        sequence,
        captured_at: start() + TimeDelta::milliseconds(i64::try_from(sequence).expect("small") * 200),
        drift_ms: 5,
        run: 1,
        before_contact: false,
        undecided: sequence.is_multiple_of(2),
        sealed: (0..length).map(|at| (at as u64 * 31 + sequence) as u8).collect(),
    }
}

fn filled(folder: &Path, sequences: std::ops::RangeInclusive<u64>, length: usize) -> Vec<Record> {
    let mut queue = Queue::open(folder, LIMITS).expect("a queue");
    let records: Vec<Record> = sequences.map(|sequence| record(sequence, length)).collect();
    for record in &records {
        queue.push(record).expect("kept");
    }
    queue.sync().expect("on disk");
    records
}

fn drained(queue: &mut Queue) -> Vec<Record> {
    let mut out = Vec::new();
    while let Some(record) = queue.oldest().expect("read") {
        queue.done(record.sequence).expect("noted");
        out.push(record);
    }
    out
}

fn only_segment(folder: &Path) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "frames"))
        .collect();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn cut_at_every_byte_the_whole_frames_before_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = filled(folder.path(), 1..=4, 60);
    let file = only_segment(folder.path());
    let bytes = fs::read(&file).expect("a segment");
    let length = bytes.len() / 4;
    for cut in 0..=bytes.len() {
        let _ = fs::remove_dir_all(folder.path());
        fs::create_dir(folder.path()).expect("a folder");
        fs::write(&file, &bytes[..cut]).expect("written");
        let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
        // What comes after the power cut stands behind what was there before.
        let next = record(9, 30);
        queue.push(&next).expect("kept");
        let mut expected = records[..cut / length].to_vec();
        expected.push(next);
        assert_eq!(queue.backlog().frames, expected.len() as u64, "cut at {cut}");
        drop(queue);
        let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
        assert_eq!(drained(&mut queue), expected, "cut at {cut}");
    }
}

#[test]
fn a_flip_at_every_byte_costs_one_frame_at_most() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = filled(folder.path(), 1..=4, 60);
    let file = only_segment(folder.path());
    let bytes = fs::read(&file).expect("a segment");
    let length = bytes.len() / 4;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let _ = fs::remove_dir_all(folder.path());
            fs::create_dir(folder.path()).expect("a folder");
            let mut broken = bytes.clone();
            broken[at] ^= flip;
            fs::write(&file, &broken).expect("written");
            let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
            assert_eq!(queue.take_lost(), 1, "byte {at}");
            let mut expected = records.clone();
            expected.remove(at / length);
            assert_eq!(drained(&mut queue), expected, "byte {at}");
        }
    }
}

#[test]
fn damage_while_it_is_open_is_skipped_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = filled(folder.path(), 1..=3, 60);
    let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
    let file = only_segment(folder.path());
    let mut bytes = fs::read(&file).expect("a segment");
    bytes[50] ^= 1;
    fs::write(&file, &bytes).expect("written");
    assert_eq!(drained(&mut queue), records[1..]);
    assert_eq!(queue.take_lost(), 1);
    assert_eq!(queue.backlog().frames, 0);
    assert!(!file.exists(), "an empty segment is deleted");
}

#[test]
fn a_torn_position_sends_again_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = filled(folder.path(), 1..=4, 60);
    let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
    queue.done(1).expect("noted");
    drop(queue);
    let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
    assert_eq!(queue.oldest().expect("read").expect("a frame"), records[1]);
    queue.done(2).expect("noted");
    drop(queue);
    let position = folder.path().join("position");
    let bytes = fs::read(&position).expect("a position");
    for cut in 0..bytes.len() {
        fs::write(&position, &bytes[..cut]).expect("written");
        let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
        assert_eq!(queue.oldest().expect("read").expect("a frame"), records[0], "cut at {cut}");
        assert_eq!(queue.highest(), 4);
    }
}

#[test]
fn a_number_that_is_not_new_is_not_kept_again() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path(), 1..=4, 60);
    let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
    queue.push(&record(4, 60)).expect("known");
    assert_eq!(queue.backlog().frames, 4);
    drained(&mut queue);
    queue.push(&record(4, 60)).expect("answered");
    assert_eq!(queue.backlog().frames, 0);
    queue.push(&record(5, 60)).expect("kept");
    assert_eq!(queue.backlog().frames, 1);
}

#[test]
fn the_oldest_go_when_there_is_no_room_or_they_are_too_old() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { bytes: 40_000, age: TimeDelta::seconds(60) };
    let mut queue = Queue::open(folder.path(), limits).expect("a queue");
    for sequence in 1..=200 {
        queue.push(&record(sequence, 1000)).expect("kept");
        assert!(queue.backlog().bytes <= limits.bytes);
    }
    let (waiting, lost) = (queue.backlog().frames, queue.take_lost());
    assert_eq!(waiting + lost, 200, "each is there or counted");
    assert!(waiting >= 30);
    // Frame 200 was captured 40 seconds after the start.
    queue.expire(start() + TimeDelta::seconds(98));
    let oldest = queue.oldest().expect("read").expect("a frame").sequence;
    assert_eq!(oldest, 190);
    assert_eq!(queue.take_lost(), waiting - 11);
    queue.expire(start() + TimeDelta::hours(1));
    assert_eq!(queue.backlog().frames, 0);
    queue.push(&record(201, 10)).expect("goes on");
    assert_eq!(queue.backlog().frames, 1);
}

/// Needs the right to mount; says so where there is none.
#[test]
fn a_full_disk_loses_what_is_new_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        writeln!(std::io::stderr(), "not tried: nothing can be mounted here").expect("written");
        return;
    }
    let outcome = std::panic::catch_unwind(|| full_disk(folder.path()));
    std::process::Command::new("umount").arg(folder.path()).status().expect("unmounted");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

use std::io::Write;

fn full_disk(folder: &Path) {
    let mut queue = Queue::open(folder, LIMITS).expect("a queue");
    let mut kept = Vec::new();
    let mut refused = 0;
    for sequence in 1..=60 {
        let record = record(sequence, 10_000);
        match queue.push(&record) {
            Ok(()) => kept.push(record),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 30 && kept.len() > 10);
    // What is answered makes room again once its segment is done.
    assert_eq!(drained(&mut queue), kept);
    queue.push(&record(100, 10_000)).expect("there is room");
    drop(queue);
    let mut queue = Queue::open(folder, LIMITS).expect("opened");
    assert_eq!(drained(&mut queue), [record(100, 10_000)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done in whatever order, frames come out once, in order, and each is there, answered or counted.
    #[test]
    fn every_frame_is_there_answered_or_counted(
        steps in prop::collection::vec((0_u8..6, 1_usize..3000), 1..120),
        bytes in 5_000_u64..60_000,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = Limits { bytes, age: TimeDelta::hours(1) };
        let mut queue = Queue::open(folder.path(), limits).expect("a queue");
        let (mut pushed, mut answered, mut lost, mut last) = (0, 0, 0, 0);
        for (step, length) in steps {
            match step {
                0..=2 => {
                    pushed += 1;
                    queue.push(&record(pushed, length)).expect("kept");
                }
                3 => {
                    if let Some(record) = queue.oldest().expect("read") {
                        prop_assert!(record.sequence > last, "{} after {last}", record.sequence);
                        last = record.sequence;
                        queue.done(last).expect("noted");
                        answered += 1;
                    }
                }
                4 => queue.sync().expect("on disk"),
                _ => {
                    lost += queue.take_lost();
                    drop(queue);
                    queue = Queue::open(folder.path(), limits).expect("opened");
                }
            }
            lost += queue.take_lost();
            prop_assert_eq!(queue.backlog().frames + answered + lost, pushed);
            prop_assert!(queue.backlog().bytes <= limits.bytes);
        }
    }

    /// Whatever a file holds, it opens, and what is kept afterwards is there.
    #[test]
    fn any_bytes_open(noise in prop::collection::vec(any::<u8>(), 0..2000)) {
        let folder = tempfile::tempdir().expect("a folder");
        filled(folder.path(), 1..=2, 60);
        let file = only_segment(folder.path());
        let mut bytes = fs::read(&file).expect("a segment");
        bytes.extend(noise);
        fs::write(&file, &bytes).expect("written");
        let mut queue = Queue::open(folder.path(), LIMITS).expect("opened");
        queue.push(&record(100_000, 30)).expect("kept");
        let sequences: Vec<u64> = drained(&mut queue).iter().map(|record| record.sequence).collect();
        prop_assert_eq!(sequences, [1, 2, 100_000]);
    }
}
