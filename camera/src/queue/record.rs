//! How a kept frame lies in a segment: a head of fixed length, then the sealed JPEG.
//!
//! Little endian: `b"ATF1"`, length of the sealed JPEG (u32), CRC-32 of all that follows and of the length (u32), sequence
//! (u64), captured at and drift (i64, milliseconds), run (u32), flags (u8), then the sealed JPEG.

use chrono::{DateTime, Utc};

const MARK: [u8; 4] = *b"ATF1";
/// Bytes before the sealed JPEG.
pub const HEAD: usize = 4 + 4 + 4 + 8 + 8 + 8 + 4 + 1;
/// A sealed JPEG that claims to be longer is none.
pub const MAX_SEALED: usize = 16 * 1024 * 1024;

const BEFORE_CONTACT: u8 = 1;
const UNDECIDED: u8 = 2;

/// A frame that waits for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number; grows.
    pub sequence: u64,
    /// The server's time as well as the device knew it.
    pub captured_at: DateTime<Utc>,
    /// By how many milliseconds the device's clock was taken to be ahead.
    pub drift_ms: i64,
    /// Which run of the agent took it.
    pub run: u32,
    /// The server had not been heard in that run.
    pub before_contact: bool,
    /// The server's last answer had a face that was not settled.
    pub undecided: bool,
    /// The JPEG, sealed to the server.
    pub sealed: Vec<u8>,
}

/// What the head of a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The frame's number.
    pub sequence: u64,
    /// In milliseconds since 1970.
    pub captured_ms: i64,
    /// Of head and sealed JPEG.
    pub length: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

impl Record {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD + self.sealed.len());
        let length = u32::try_from(self.sealed.len()).unwrap_or(u32::MAX);
        let flags = u8::from(self.before_contact) * BEFORE_CONTACT + u8::from(self.undecided) * UNDECIDED;
        out.extend(MARK);
        out.extend(length.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.sequence.to_le_bytes());
        out.extend(self.captured_at.timestamp_millis().to_le_bytes());
        out.extend(self.drift_ms.to_le_bytes());
        out.extend(self.run.to_le_bytes());
        out.push(flags);
        out.extend(&self.sealed);
        let sum = checksum(&out);
        out[8..12].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads the record that begins `bytes`; none when there is no whole and undamaged one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head = Head::read(bytes)?;
        let bytes = bytes.get(..head.length)?;
        if u32::from_le_bytes(array(bytes, 8)) != checksum(bytes) {
            return None;
        }
        Some(Self {
            sequence: head.sequence,
            captured_at: DateTime::from_timestamp_millis(head.captured_ms)?,
            drift_ms: i64::from_le_bytes(array(bytes, 28)),
            run: u32::from_le_bytes(array(bytes, 36)),
            before_contact: bytes[40] & BEFORE_CONTACT != 0,
            undecided: bytes[40] & UNDECIDED != 0,
            sealed: bytes[HEAD..].to_vec(),
        })
    }
}

impl Head {
    /// Reads the head alone, which may be damaged.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD)?;
        let sealed = u32::from_le_bytes(array(bytes, 4)) as usize;
        (bytes.starts_with(&MARK) && sealed <= MAX_SEALED).then(|| Self {
            sequence: u64::from_le_bytes(array(bytes, 12)),
            captured_ms: i64::from_le_bytes(array(bytes, 20)),
            length: HEAD + sealed,
        })
    }
}

/// Where the next record may begin, from `from` on.
pub fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(MARK.len()).position(|window| window == MARK).map(|at| from + at)
}

fn checksum(record: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&record[4..8]);
    sum.update(&record[12..]);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_no_damage_passes() {
        let record = Record {
            sequence: u64::MAX - 3,
            captured_at: "2026-11-21T08:00:00.123Z".parse().expect("a time"),
            drift_ms: -3_600_000,
            run: 7,
            before_contact: true,
            undecided: false,
            sealed: (0..200).collect(),
        };
        let bytes = record.to_bytes();
        assert_eq!(Record::read(&bytes).as_ref(), Some(&record));
        let head = Head::read(&bytes).expect("a head");
        assert_eq!((head.sequence, head.length), (record.sequence, bytes.len()));
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x10;
            assert_eq!(Record::read(&broken), None, "byte {at}");
            assert_eq!(Record::read(&bytes[..at]), None, "cut at {at}");
        }
    }
}
