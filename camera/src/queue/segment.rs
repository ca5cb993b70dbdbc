//! One file of the queue: which frames are in it and where.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::record::{self, Record};

const ENDING: &str = "frames";

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The frame's number.
    pub sequence: u64,
    /// When it was captured, in milliseconds since 1970.
    pub captured_ms: i64,
    /// Bytes before it in the file.
    pub offset: u64,
    /// Bytes of the record.
    pub length: usize,
}

/// One file of the queue.
#[derive(Debug)]
pub struct Segment {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    last: u64,
    waiting: VecDeque<Entry>,
}

/// The file that begins with a frame.
pub fn path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("{sequence:020}.{ENDING}"))
}

/// The segments of a folder, the oldest first.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            found.push(path);
        }
    }
    // Names are numbers of the same length.
    found.sort();
    Ok(found)
}

impl Segment {
    /// An empty one.
    pub fn new(path: PathBuf) -> Self {
        Self { path, bytes: 0, last: 0, waiting: VecDeque::new() }
    }

    /// Reads a file: whatever is whole in it, in order. A damaged end is cut off; damage counts as one frame for each
    /// place where something is missing.
    pub fn read(path: &Path) -> io::Result<(Self, u64)> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let mut segment = Self::new(path.to_owned());
        let (mut at, mut end, mut damaged) = (0, 0, 0);
        while at < bytes.len() {
            let found = Record::read(&bytes[at..]).filter(|record| record.sequence > segment.last);
            if let Some(record) = found {
                damaged += u64::from(at > end);
                segment.bytes = at as u64;
                let length = record::Head::read(&bytes[at..]).map_or(0, |head| head.length);
                segment.add(&record, length);
                at += length;
                end = at;
            } else {
                at = record::next_mark(&bytes, at + 1).unwrap_or(bytes.len());
            }
        }
        if end < bytes.len() {
            damaged += 1;
            OpenOptions::new().write(true).open(path)?.set_len(end as u64)?;
        }
        segment.bytes = end as u64;
        Ok((segment, damaged))
    }

    /// Notes a frame that was appended.
    pub fn add(&mut self, record: &Record, length: usize) {
        let captured_ms = record.captured_at.timestamp_millis();
        let offset = self.bytes;
        self.waiting.push_back(Entry { sequence: record.sequence, captured_ms, offset, length });
        self.bytes += length as u64;
        self.last = record.sequence;
    }

    /// The oldest frame that waits.
    pub fn first(&self) -> Option<Entry> {
        self.waiting.front().copied()
    }

    /// The highest number in it.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many frames wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Its oldest frame waits no more.
    pub fn drop_first(&mut self) {
        self.waiting.pop_front();
    }

    /// Leaves out what was answered.
    pub fn drop_answered(&mut self, answered: u64) {
        self.waiting.retain(|entry| entry.sequence > answered);
    }
}
