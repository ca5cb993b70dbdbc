//! Frames that wait for the server, on disk.
//!
//! Segment files, named by the first sequence in them, are only ever appended to. `position` holds the sequence that was
//! answered last; a segment whose frames are all answered is deleted. After a power cut whatever is whole is there: a
//! torn end is cut off, a damaged frame in the middle is skipped. Frames reach the disk once a second
//! ([`Queue::sync`]) and when a segment is full, so a power cut costs the last second at most; the position is not
//! forced to the disk, since a frame that is sent twice is one arrival.

mod record;
mod segment;

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use types::Backlog;

pub use record::Record;
use segment::Segment;

use crate::state::{make_private, private, sync_folder};

/// A segment that is larger is closed.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// How much is kept, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all segments.
    pub bytes: u64,
    /// Since a frame was captured.
    pub age: TimeDelta,
}

/// Frames that wait for the server, the oldest first.
#[derive(Debug)]
pub struct Queue {
    folder: PathBuf,
    limits: Limits,
    segments: VecDeque<Segment>,
    /// Whether the last segment is written to; after opening a new one is begun.
    open: Option<File>,
    dirty: bool,
    position: File,
    answered: u64,
    highest: u64,
    lost: u64,
}

impl Queue {
    /// Opens the queue of a folder, or makes it.
    ///
    /// # Errors
    /// When the folder cannot be read or written. Damaged files are no error: see [`Queue::take_lost`].
    pub fn open(folder: &Path, limits: Limits) -> io::Result<Self> {
        make_private(folder)?;
        let file = folder.join("position");
        let mut position =
            private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(file)?;
        let answered = read_position(&mut position)?;
        // Takes its block of the disk now; when the disk is full already, frames may be sent again after a restart.
        if let Err(error) = write_position(&mut position, answered) {
            tracing::debug!(%error, "no position can be written");
        }
        let mut segments = VecDeque::new();
        let mut lost = 0;
        for path in segment::list(folder)? {
            let (mut segment, damaged) = Segment::read(&path)?;
            lost += damaged;
            segment.drop_answered(answered);
            if segment.is_empty() {
                fs::remove_file(&path)?;
            } else {
                segments.push_back(segment);
            }
        }
        let highest = segments.iter().map(Segment::last).max().unwrap_or(0).max(answered);
        let folder = folder.to_owned();
        Ok(Self { folder, limits, segments, open: None, dirty: false, position, answered, highest, lost })
    }

    /// Other limits hold from now on.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The highest sequence that the queue ever had, as far as the folder tells.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Keeps a frame. One that is not newer than all before it is there already, or was answered. The oldest segments
    /// go, and count as lost, when there is no room.
    ///
    /// # Errors
    /// When the disk refuses, for example because it is full. Nothing half-written stays behind.
    pub fn push(&mut self, record: &Record) -> io::Result<()> {
        if record.sequence <= self.highest {
            return Ok(());
        }
        let bytes = record.to_bytes();
        let length = bytes.len() as u64;
        let segment_bytes = SEGMENT_BYTES.min(self.limits.bytes / 8).max(1);
        if self.segments.back().is_none_or(|segment| segment.bytes >= segment_bytes) {
            self.close();
        }
        while self.bytes() + length > self.limits.bytes && !self.segments.is_empty() {
            self.give_up_oldest();
        }
        self.append(record, &bytes)?;
        self.highest = record.sequence;
        self.dirty = true;
        Ok(())
    }

    fn append(&mut self, record: &Record, bytes: &[u8]) -> io::Result<()> {
        if self.open.is_none() {
            let path = segment::path(&self.folder, record.sequence);
            self.open = Some(private(OpenOptions::new().append(true).create_new(true)).open(&path)?);
            self.segments.push_back(Segment::new(path));
            sync_folder(&self.folder)?;
        }
        let (Some(file), Some(segment)) = (&mut self.open, self.segments.back_mut()) else {
            return Err(io::Error::other("no segment is open"));
        };
        if let Err(error) = file.write_all(bytes) {
            // What was half written must not stand before the next frame. If it cannot be cut, another segment is begun.
            let cut = file.set_len(segment.bytes);
            let (path, empty) = (segment.path.clone(), segment.bytes == 0);
            if empty {
                self.segments.pop_back();
                let _ = fs::remove_file(path);
            }
            if empty || cut.is_err() {
                self.open = None;
            }
            return Err(error);
        }
        segment.add(record, bytes.len());
        Ok(())
    }

    /// The oldest frame that waits; a damaged one is skipped and counts as lost.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn oldest(&mut self) -> io::Result<Option<Record>> {
        loop {
            let Some(segment) = self.segments.front() else { return Ok(None) };
            let Some(entry) = segment.first() else {
                self.remove_front();
                continue;
            };
            let mut bytes = vec![0; entry.length];
            let read = File::open(&segment.path).and_then(|mut file| {
                file.seek(SeekFrom::Start(entry.offset))?;
                file.read_exact(&mut bytes)
            });
            match read {
                Ok(()) => {}
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
            match Record::read(&bytes) {
                Some(record) if record.sequence == entry.sequence => return Ok(Some(record)),
                _ => {
                    self.lost += 1;
                    self.drop_first();
                }
            }
        }
    }

    /// The oldest frame was answered, or is given up: it is not sent again.
    ///
    /// # Errors
    /// When the position cannot be written; the frame may then be sent again after a restart.
    pub fn done(&mut self, sequence: u64) -> io::Result<()> {
        let waits = self.segments.front().and_then(Segment::first).is_some_and(|e| e.sequence <= sequence);
        if waits {
            self.drop_first();
        }
        self.answered = self.answered.max(sequence);
        write_position(&mut self.position, self.answered)
    }

    /// Forces what was kept to the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.dirty)
            && let Some(file) = &self.open
        {
            file.sync_data()?;
        }
        Ok(())
    }

    /// What was written and is not forced to the disk yet, for whoever does that without holding the queue.
    ///
    /// # Errors
    /// When the file cannot be had a second time.
    pub fn take_unsynced(&mut self) -> io::Result<Option<File>> {
        let file = self.open.as_ref().filter(|_| self.dirty).map(File::try_clone).transpose()?;
        self.dirty = false;
        Ok(file)
    }

    /// Gives up what is older than it may be.
    pub fn expire(&mut self, now: DateTime<Utc>) {
        let oldest = (now - self.limits.age).timestamp_millis();
        while let Some(entry) = self.segments.front().and_then(Segment::first) {
            if entry.captured_ms >= oldest {
                break;
            }
            self.lost += 1;
            self.drop_first();
        }
    }

    /// What waits.
    pub fn backlog(&self) -> Backlog {
        let oldest = self.segments.front().and_then(Segment::first);
        Backlog {
            frames: self.segments.iter().map(|segment| segment.len() as u64).sum(),
            bytes: self.bytes(),
            oldest_at: oldest.and_then(|entry| DateTime::from_timestamp_millis(entry.captured_ms)),
        }
    }

    /// How many frames were given up or damaged since this was asked last.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Begins another segment with the next frame.
    fn close(&mut self) {
        let synced = self.sync();
        if let Err(error) = synced {
            tracing::debug!(%error, "a segment could not be forced to the disk");
        }
        self.open = None;
    }

    fn drop_first(&mut self) {
        if let Some(segment) = self.segments.front_mut() {
            segment.drop_first();
            if segment.is_empty() {
                self.remove_front();
            }
        }
    }

    fn give_up_oldest(&mut self) {
        self.lost += self.segments.front().map_or(0, |segment| segment.len() as u64);
        self.remove_front();
    }

    fn remove_front(&mut self) {
        if let Some(segment) = self.segments.pop_front() {
            if self.segments.is_empty() {
                self.open = None;
            }
            if let Err(error) = fs::remove_file(&segment.path) {
                tracing::debug!(%error, "a segment could not be deleted");
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound)
}

/// The position with its check sum: a torn or damaged one counts as none.
fn read_position(file: &mut File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let sequence = bytes.get(..8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    let sum = bytes.get(8..12).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    match (sequence, sum) {
        (Some(sequence), Some(sum)) if crc32fast::hash(&sequence) == u32::from_le_bytes(sum) => {
            Ok(u64::from_le_bytes(sequence))
        }
        _ => Ok(0),
    }
}

/// In place: twelve bytes of one block, so also a full disk takes them.
fn write_position(file: &mut File, sequence: u64) -> io::Result<()> {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&sequence.to_le_bytes());
    bytes[8..].copy_from_slice(&crc32fast::hash(&sequence.to_le_bytes()).to_le_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&bytes)
}
