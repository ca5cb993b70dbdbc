//! Stage 1: bytes → pixels.
//!
//! The format is told by the first bytes, never by a header of the request. Sizes are checked against the
//! picture's own header before anything is allocated. A JPEG that ends early is refused instead of being
//! filled with grey, which a decoder does by itself and which a face network would then judge.

use image::metadata::Orientation;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// Longest body that is looked at, in bytes.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Most pixels a picture may have: 26 megapixels is a full-frame camera; twice over (a copy is turned after its
/// EXIF orientation) that is 156 MB, which leaves the process below its 300 MB.
pub const MAX_PIXELS: u64 = 26_000_000;
/// Most pixels along one side.
pub const MAX_SIDE: u32 = 16_384;
/// Fewest pixels along one side: less cannot hold a face.
pub const MIN_SIDE: u32 = 8;

/// Why a picture could not be read.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// None of the formats.
    #[error("This is not a JPEG, PNG or WebP picture: send one of these.")]
    NotAnImage,
    /// More than one frame.
    #[error("This is an animated picture: send a still one.")]
    Animated,
    /// It ends early.
    #[error("The picture is cut short: send it again, whole.")]
    Truncated,
    /// Broken inside.
    #[error("The picture is damaged ({0}): send another one.")]
    Corrupt(String),
    /// Too many pixels.
    #[error(
        "The picture has {width}×{height} pixels: at most {MAX_PIXELS} in all and {MAX_SIDE} a side are allowed."
    )]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Too few pixels.
    #[error("The picture has {width}×{height} pixels: a face needs at least {MIN_SIDE} a side.")]
    TooFewPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Too many bytes.
    #[error("The picture has more than {} MB: send a smaller one.", MAX_BYTES / 1024 / 1024)]
    TooManyBytes,
    /// A colour space that cameras do not make.
    #[error("The picture is in {0} colours: save it as RGB.")]
    Colours(&'static str),
}

/// File formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Baseline or progressive.
    Jpeg,
    /// Still.
    Png,
    /// Still, lossy or lossless.
    WebP,
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The format.
    pub format: Format,
    /// Pixels across, before EXIF rotation.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Header {
    /// Pixels in all.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// An upright RGB picture, eight bits a channel, row by row without gaps.
#[derive(Default, Clone)]
pub struct Frame {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub pixels: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    // Pixels are biometric data: only the size is ever printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({}×{})", self.width, self.height)
    }
}

/// Reads format and size and refuses what is too large, animated or not a picture. Allocates nothing that
/// grows with the size.
pub fn read_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooManyBytes);
    }
    let (format, width, height) = match bytes {
        [0xff, 0xd8, 0xff, ..] => {
            let (width, height) = jpeg_size(bytes)?;
            (Format::Jpeg, width, height)
        }
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => {
            // The first chunk is IHDR: 4 length, 4 name, 4 width, 4 height.
            let number = |at: usize| {
                let field = bytes.get(at..at + 4).and_then(|field| field.try_into().ok());
                field.map(u32::from_be_bytes).ok_or(DecodeError::Truncated)
            };
            (Format::Png, number(16)?, number(20)?)
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            let (width, height) = webp(bytes)?.dimensions();
            (Format::WebP, width, height)
        }
        [b'G', b'I', b'F', b'8', ..] => return Err(DecodeError::Animated),
        _ => return Err(DecodeError::NotAnImage),
    };
    let header = Header { format, width, height };
    if width == 0 || height == 0 {
        return Err(DecodeError::Corrupt(format!("it has {width}×{height} pixels")));
    }
    if header.pixels() > MAX_PIXELS || width.max(height) > MAX_SIDE {
        return Err(DecodeError::TooManyPixels { width, height });
    }
    Ok(header)
}

/// Decodes the picture into `frame`, whose memory is used again, and turns it upright.
pub fn decode(bytes: &[u8], header: Header, frame: &mut Frame) -> Result<(), DecodeError> {
    frame.width = header.width as usize;
    frame.height = header.height as usize;
    let orientation = match header.format {
        Format::Jpeg => decode_jpeg(bytes, frame)?,
        Format::Png => decode_png(bytes, frame)?,
        Format::WebP => decode_webp(bytes, frame)?,
    };
    // Last, so that what is wrong besides is said first.
    let Header { width, height, .. } = header;
    if width.min(height) < MIN_SIDE {
        return Err(DecodeError::TooFewPixels { width, height });
    }
    turn(frame, orientation);
    Ok(())
}

fn jpeg_options(strict: bool) -> DecoderOptions {
    // Sizes are checked in `read_header`; 65,535 is what the format can express.
    DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(65_535)
        .set_max_height(65_535)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
}

fn jpeg_error(error: &zune_jpeg::errors::DecodeErrors, complete: bool) -> DecodeError {
    if complete { DecodeError::Corrupt(format!("{error:?}")) } else { DecodeError::Truncated }
}

fn jpeg_size(bytes: &[u8]) -> Result<(u32, u32), DecodeError> {
    let complete = jpeg_is_complete(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), jpeg_options(false));
    decoder.decode_headers().map_err(|error| jpeg_error(&error, complete))?;
    if matches!(decoder.input_colorspace(), Some(ColorSpace::CMYK | ColorSpace::YCCK)) {
        return Err(DecodeError::Colours("CMYK"));
    }
    if !complete {
        return Err(DecodeError::Truncated);
    }
    let (width, height) = decoder.dimensions().ok_or(DecodeError::Truncated)?;
    Ok((width as u32, height as u32))
}

/// Whether the end marker follows the last scan. Segments are stepped over by their length, so that the end
/// marker of a thumbnail inside the metadata does not count.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut at = 2;
    let mut in_scan = false;
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) {
        at += offset + 1;
        let Some(&marker) = bytes.get(at) else { return false };
        match marker {
            // Fill bytes, an escaped 0xff inside a scan, restart markers.
            0xff => {}
            0x00 | 0x01 | 0xd0..=0xd8 => at += 1,
            END => return in_scan,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else { return false };
                at += 1 + usize::from(u16::from_be_bytes([high, low]));
                in_scan |= marker == SCAN;
            }
        }
    }
    false
}

fn decode_jpeg(bytes: &[u8], frame: &mut Frame) -> Result<Orientation, DecodeError> {
    let size = frame.width * frame.height * 3;
    frame.pixels.resize(size, 0);
    let mut run = |strict: bool| {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), jpeg_options(strict));
        decoder.decode_into(&mut frame.pixels).map(|()| decoder)
    };
    // Strict mode refuses broken scans, which is wanted, and stray bytes between the headers, which some
    // cameras write and which do no harm.
    let decoder = match run(true) {
        Err(error) if format!("{error:?}").contains("Extra bytes between headers") => run(false),
        other => other,
    };
    let decoder = decoder.map_err(|error| jpeg_error(&error, true))?;
    if decoder.output_colorspace() != Some(ColorSpace::RGB) {
        return Err(DecodeError::Colours("unknown"));
    }
    Ok(orientation(decoder.exif().map(Vec::as_slice)))
}

fn decode_png(bytes: &[u8], frame: &mut Frame) -> Result<Orientation, DecodeError> {
    // The limit is for the decoder's own buffers; the picture's size is already checked.
    let limits = png::Limits { bytes: 64 * 1024 * 1024 };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(png_error)?;
    if reader.info().animation_control().is_some() {
        return Err(DecodeError::Animated);
    }
    let pixels = frame.width * frame.height;
    let (colour, _) = reader.output_color_type();
    frame.pixels.resize(pixels * colour.samples().max(3), 0);
    reader.next_frame(&mut frame.pixels).map_err(png_error)?;
    reader.finish().map_err(png_error)?;
    let buffer = &mut frame.pixels;
    match colour {
        png::ColorType::Rgb => {}
        png::ColorType::Rgba => {
            for i in 0..pixels {
                buffer.copy_within(i * 4..i * 4 + 3, i * 3);
            }
        }
        // From the end, so that nothing is overwritten before it is read.
        png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha => {
            let samples = colour.samples();
            for i in (0..pixels).rev() {
                let grey = buffer[i * samples];
                buffer[i * 3..i * 3 + 3].fill(grey);
            }
        }
        png::ColorType::Indexed => return Err(DecodeError::Corrupt("its palette is missing".into())),
    }
    buffer.truncate(pixels * 3);
    Ok(orientation(reader.info().exif_metadata.as_deref()))
}

fn png_error(error: png::DecodingError) -> DecodeError {
    match error {
        png::DecodingError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated
        }
        other => DecodeError::Corrupt(other.to_string()),
    }
}

fn webp(bytes: &[u8]) -> Result<image_webp::WebPDecoder<std::io::Cursor<&[u8]>>, DecodeError> {
    let decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).map_err(webp_error)?;
    if decoder.is_animated() { Err(DecodeError::Animated) } else { Ok(decoder) }
}

fn decode_webp(bytes: &[u8], frame: &mut Frame) -> Result<Orientation, DecodeError> {
    let mut decoder = webp(bytes)?;
    let pixels = frame.width * frame.height;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    frame.pixels.resize(pixels * samples, 0);
    decoder.read_image(&mut frame.pixels).map_err(webp_error)?;
    if samples == 4 {
        for i in 0..pixels {
            frame.pixels.copy_within(i * 4..i * 4 + 3, i * 3);
        }
        frame.pixels.truncate(pixels * 3);
    }
    Ok(orientation(decoder.exif_metadata().ok().flatten().as_deref()))
}

fn webp_error(error: image_webp::DecodingError) -> DecodeError {
    match error {
        image_webp::DecodingError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated
        }
        other => DecodeError::Corrupt(other.to_string()),
    }
}

fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// Turns the picture as its EXIF orientation says.
fn turn(frame: &mut Frame, orientation: Orientation) {
    if orientation == Orientation::NoTransforms {
        return;
    }
    let (width, height) = (frame.width, frame.height);
    let swapped = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (new_width, new_height) = if swapped { (height, width) } else { (width, height) };
    let (right, bottom) = (width - 1, height - 1);
    let mut turned = Vec::with_capacity(frame.pixels.len());
    for y in 0..new_height {
        for x in 0..new_width {
            // Where the pixel that belongs at (x, y) is now.
            let (from_x, from_y) = match orientation {
                Orientation::NoTransforms => (x, y),
                Orientation::FlipHorizontal => (right - x, y),
                Orientation::Rotate180 => (right - x, bottom - y),
                Orientation::FlipVertical => (x, bottom - y),
                Orientation::Rotate90FlipH => (y, x),
                Orientation::Rotate90 => (y, bottom - x),
                Orientation::Rotate270FlipH => (right - y, bottom - x),
                Orientation::Rotate270 => (right - y, x),
            };
            let from = (from_y * width + from_x) * 3;
            turned.extend_from_slice(&frame.pixels[from..from + 3]);
        }
    }
    *frame = Frame { width: new_width, height: new_height, pixels: turned };
}
