//! Reads a YUV4MPEG2 stream of 4:2:0 pictures: ffmpeg writes it with the size in its head and a mark before each picture,
//! so a picture of another size in the midst of it is noticed.

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::SourceError;
use crate::picture::Planar;

/// Heads are one line of some fifty bytes.
const MAX_LINE: u64 = 512;
/// More pixels on a side are no camera's.
const MAX_SIDE: usize = 8192;
/// Names of 4:2:0 with eight bits; they differ in where colours are sampled.
const EIGHT_BIT: [&str; 4] = ["420", "420jpeg", "420mpeg2", "420paldv"];

/// Reads pictures from `input`.
pub struct Reader<R> {
    input: R,
    size: Option<(usize, usize)>,
}

impl<R: AsyncBufRead + Unpin> Reader<R> {
    /// Reads from the start of a stream.
    pub fn new(input: R) -> Self {
        Self { input, size: None }
    }

    /// The next picture; none at the end.
    ///
    /// # Errors
    /// When the stream breaks off or is not of this form.
    pub async fn next(&mut self) -> Result<Option<Planar>, SourceError> {
        let size = match self.size {
            Some(size) => size,
            None => {
                let Some(head) = self.line().await? else { return Ok(None) };
                let size = size_of(&head).ok_or_else(changed)?;
                self.size = Some(size);
                size
            }
        };
        let Some(mark) = self.line().await? else { return Ok(None) };
        if !mark.starts_with("FRAME") {
            return Err(changed());
        }
        let mut data = vec![0; Planar::bytes(size.0, size.1)];
        match self.input.read_exact(&mut data).await {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(SourceError::lost(format!("ffmpeg's pictures break off: {error}"))),
        }
        Planar::new(size.0, size.1, Bytes::from(data)).map(Some).ok_or_else(changed)
    }

    async fn line(&mut self) -> Result<Option<String>, SourceError> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut line).await;
        match read {
            Ok(0) => Ok(None),
            Ok(_) if line.ends_with(b"\n") => Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
            Ok(_) => Err(changed()),
            Err(error) => Err(SourceError::lost(format!("ffmpeg's pictures break off: {error}"))),
        }
    }
}

fn changed() -> SourceError {
    SourceError::lost("the camera changed the size of its pictures; it is opened again")
}

fn size_of(head: &str) -> Option<(usize, usize)> {
    let mut fields = head.split(' ');
    if fields.next() != Some("YUV4MPEG2") {
        return None;
    }
    let (mut width, mut height, mut colour) = (0, 0, "420");
    for field in fields {
        match field.split_at_checked(1) {
            Some(("W", number)) => width = number.parse().ok()?,
            Some(("H", number)) => height = number.parse().ok()?,
            Some(("C", name)) => colour = name,
            _ => {}
        }
    }
    let fits = |side: usize| (1..=MAX_SIDE).contains(&side);
    (fits(width) && fits(height) && EIGHT_BIT.contains(&colour)).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pictures_are_read_to_the_end_and_another_size_is_noticed() {
        let mut stream = b"YUV4MPEG2 W4 H2 F10:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n".to_vec();
        for value in [1_u8, 2] {
            stream.extend(b"FRAME\n");
            stream.extend([value; 12]);
        }
        let mut reader = Reader::new(stream.as_slice());
        for value in [1, 2] {
            let planar = reader.next().await.expect("read").expect("a picture");
            assert_eq!(planar.luma(), [value; 8]);
        }
        assert_eq!(reader.next().await, Ok(None));
        let mut torn = Reader::new(&stream[..stream.len() - 3]);
        assert!(torn.next().await.expect("read").is_some());
        assert_eq!(torn.next().await, Ok(None));
        stream.extend([9; 600]);
        let mut other = Reader::new(stream.as_slice());
        assert!(other.next().await.is_ok() && other.next().await.is_ok());
        assert_eq!(other.next().await, Err(changed()));
    }

    #[test]
    fn only_heads_of_this_form_are_taken() {
        assert_eq!(size_of("YUV4MPEG2 W1280 H720 F10:1"), Some((1280, 720)));
        for wrong in [
            "",
            "RIFF",
            "YUV4MPEG2 W0 H2",
            "YUV4MPEG2 W4 H2 C444",
            "YUV4MPEG2 W99999 H2",
            "YUV4MPEG2 W4 H2 C420p10",
        ] {
            assert_eq!(size_of(wrong), None, "{wrong}");
        }
    }
}
