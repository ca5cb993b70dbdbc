//! Takes JPEGs out of a `multipart/x-mixed-replace` stream.
//!
//! Cameras write boundaries in more ways than the RFC has, some announce a wrong length, and parts can be cut: so a part's
//! length is used where it is told, else the part ends at the next boundary; and whatever is no JPEG is handed on for
//! the decoder to judge.

use bytes::{Bytes, BytesMut};

/// The longest part that is taken.
const MAX_PART: usize = 16 * 1024 * 1024;
const MAX_HEAD: usize = 16 * 1024;

/// Collects a stream's bytes and gives its parts.
#[derive(Debug)]
pub struct Parts {
    boundary: Vec<u8>,
    buffer: BytesMut,
}

/// The stream is not of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotMultipart;

impl Parts {
    /// Of a stream with this `Content-Type`; none when it is not multipart.
    pub fn of(content_type: &str) -> Option<Self> {
        let (kind, parameters) = content_type.split_once(';')?;
        if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
            return None;
        }
        let boundary = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
        })?;
        // Some cameras write the two dashes into the parameter, too.
        let name = boundary.trim_start_matches("--");
        (!name.is_empty())
            .then(|| Self { boundary: [b"--", name.as_bytes()].concat(), buffer: BytesMut::new() })
    }

    /// More of the stream came.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole part; none until more has come.
    ///
    /// # Errors
    /// [`NotMultipart`] when a head or a part is longer than any can be.
    pub fn next(&mut self) -> Result<Option<Bytes>, NotMultipart> {
        let Some(start) = find(&self.buffer, &self.boundary) else {
            return if self.buffer.len() > MAX_PART { Err(NotMultipart) } else { Ok(None) };
        };
        let after = start + self.boundary.len();
        let Some((head_length, gap)) = head_end(&self.buffer[after..]) else {
            return if self.buffer.len() - after > MAX_HEAD { Err(NotMultipart) } else { Ok(None) };
        };
        let body = after + head_length + gap;
        let told = content_length(&self.buffer[after..after + head_length]);
        let end = match told {
            Some(length) if length > MAX_PART => return Err(NotMultipart),
            Some(length) if self.buffer.len() < body + length => return Ok(None),
            Some(length) => body + length,
            None => match find(&self.buffer[body..], &self.boundary) {
                Some(next) => body + next,
                None if self.buffer.len() > body + MAX_PART => return Err(NotMultipart),
                None => return Ok(None),
            },
        };
        let mut part = self.buffer.split_to(end).split_off(body).freeze();
        if told.is_none() {
            let trimmed = part.len() - part.iter().rev().take(2).take_while(|b| b"\r\n".contains(b)).count();
            part.truncate(trimmed);
        }
        Ok(Some(part))
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Where a head ends, and how long the empty line behind it is.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let proper = find(bytes, b"\r\n\r\n").map(|at| (at, 4));
    let plain = find(bytes, b"\n\n").map(|at| (at, 2));
    [proper, plain].into_iter().flatten().min()
}

fn content_length(head: &[u8]) -> Option<usize> {
    String::from_utf8_lossy(head).lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/x-mixed-replace; boundary=frame";

    fn parts(stream: &[u8], step: usize) -> Vec<Bytes> {
        let mut parts = Parts::of(TYPE).expect("multipart");
        let mut found = Vec::new();
        for chunk in stream.chunks(step) {
            parts.extend(chunk);
            while let Some(part) = parts.next().expect("multipart") {
                found.push(part);
            }
        }
        found
    }

    #[test]
    fn parts_come_out_however_the_stream_is_cut() {
        let stream = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nab\r\n\r\n--frame\r\n\
            Content-Type: image/jpeg\r\n\r\nno length\r\n--frame\nContent-length:2\n\nzz\n--frame\r\n\r\ntail\r\n--frame";
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(parts(stream, step), [&b"ab\r\n"[..], b"no length", b"zz", b"tail"], "step {step}");
        }
    }

    #[test]
    fn the_boundary_is_read_as_cameras_write_it() {
        for content_type in
            ["multipart/x-mixed-replace;boundary=--frame", "Multipart/Mixed; Boundary=\"frame\""]
        {
            assert_eq!(Parts::of(content_type).expect("multipart").boundary, b"--frame");
        }
        for other in
            ["image/jpeg", "multipart/x-mixed-replace", "text/html; boundary=x", "multipart/x; boundary="]
        {
            assert!(Parts::of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_stream_without_end_is_refused() {
        let mut parts = Parts::of(TYPE).expect("multipart");
        parts.extend(b"--frame\r\nContent-Length: 99999999\r\n\r\n");
        assert_eq!(parts.next(), Err(NotMultipart));
        let mut parts = Parts::of(TYPE).expect("multipart");
        parts.extend(b"--frame\r\n");
        parts.extend(&[b'x'; MAX_HEAD + 1]);
        assert_eq!(parts.next(), Err(NotMultipart));
    }
}
