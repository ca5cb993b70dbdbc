//! Pictures as sources give them, and the JPEGs that are sent.

use bytes::Bytes;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use jpeg_decoder::PixelFormat;
use jpeg_encoder::{ColorType, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

/// The largest JPEG that is decoded, in bytes of pixels: 4096 × 4096 in three colours.
const MAX_DECODED_BYTES: usize = 4096 * 4096 * 3;

/// Why a picture is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The JPEG is cut off or broken.
    #[error("a picture is broken: {0}")]
    Corrupt(String),
    /// It cannot be written as a JPEG.
    #[error("a picture cannot be encoded: {0}")]
    Encoding(String),
}

/// A picture as it came from a source; copies share the pixels.
#[derive(Clone, PartialEq, Eq)]
pub enum Picture {
    /// Planes of luma and of both colours at half the size, full range (JFIF): what decoders give.
    Planar(Planar),
    /// A JPEG, as cameras of MJPEG give it.
    Jpeg(Bytes),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Planar(planar) => planar.fmt(f),
            Self::Jpeg(bytes) => write!(f, "Jpeg({} bytes)", bytes.len()),
        }
    }
}

/// Planes of luma (`width × height` bytes), then blue and red difference (half of both, rounded up).
#[derive(Clone, PartialEq, Eq)]
pub struct Planar {
    width: usize,
    height: usize,
    data: Bytes,
}

impl std::fmt::Debug for Planar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Planar({} × {})", self.width, self.height)
    }
}

impl Planar {
    /// Bytes of a picture of this size.
    pub fn bytes(width: usize, height: usize) -> usize {
        width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
    }

    /// Takes planes over; none when their length is not that of the size.
    pub fn new(width: usize, height: usize, data: Bytes) -> Option<Self> {
        let fits = width > 0 && height > 0 && data.len() == Self::bytes(width, height);
        fits.then_some(Self { width, height, data })
    }

    /// The luma plane, row by row.
    pub fn luma(&self) -> &[u8] {
        &self.data[..self.width * self.height]
    }

    fn chroma(&self) -> (&[u8], &[u8]) {
        self.data[self.width * self.height..].split_at(self.width.div_ceil(2) * self.height.div_ceil(2))
    }

    /// The same picture, made `width` wide.
    fn scaled(&self, width: usize) -> Result<Self, PictureError> {
        let height = (self.height * width / self.width).max(2);
        let mut data = Vec::with_capacity(Self::bytes(width, height));
        let (from, to) = ((self.width, self.height), (width, height));
        let half = |(w, h): (usize, usize)| (w.div_ceil(2), h.div_ceil(2));
        let (blue, red) = self.chroma();
        data.extend(resize(self.luma(), from, to, PixelType::U8)?);
        data.extend(resize(blue, half(from), half(to), PixelType::U8)?);
        data.extend(resize(red, half(from), half(to), PixelType::U8)?);
        Ok(Self { width, height, data: data.into() })
    }
}

fn resize(
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    kind: PixelType,
) -> Result<Vec<u8>, PictureError> {
    let failed = |error: &dyn std::fmt::Display| PictureError::Encoding(error.to_string());
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let source = ImageRef::new(side(from.0), side(from.1), pixels, kind).map_err(|error| failed(&error))?;
    let mut target = Image::new(side(to.0), side(to.1), kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| failed(&error))?;
    Ok(target.into_vec())
}

impl ImageBuffer for &Planar {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        u16::try_from(self.width).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.height).unwrap_or(u16::MAX)
    }

    // The encoder takes the mean of each four chroma values, which are alike here, so nothing is lost.
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let row = usize::from(y);
        buffers[0].extend_from_slice(&self.luma()[row * self.width..(row + 1) * self.width]);
        let half = self.width.div_ceil(2);
        let at = row / 2 * half;
        let (blue, red) = self.chroma();
        for (plane, buffer) in [blue, red].into_iter().zip(&mut buffers[1..3]) {
            let doubled = plane[at..at + half].iter().flat_map(|&value| [value, value]);
            buffer.extend(doubled.take(self.width));
        }
    }
}

/// Luma alone: of the whole picture, or of a smaller copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Luma {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Row by row.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Luma, at least about `width` wide; a JPEG is decoded no further than that takes (an eighth of each side).
    ///
    /// # Errors
    /// [`PictureError::Corrupt`] for a JPEG that is cut off or broken.
    pub fn luma(&self, width: usize) -> Result<(Luma, (u32, u32)), PictureError> {
        match self {
            Self::Planar(planar) => {
                let luma = reduced(planar.luma(), planar.width, planar.height, width);
                Ok((luma, (whole(planar.width), whole(planar.height))))
            }
            Self::Jpeg(bytes) => {
                let (decoded, full) = decode(bytes, Some(width))?;
                let (width, height) = (decoded.width, decoded.height);
                let luma = Luma { width, height, pixels: decoded.luma() };
                Ok((luma, (full.0.into(), full.1.into())))
            }
        }
    }

    /// As a JPEG no wider than `max_width`. A JPEG that is narrow enough stays as it is, unless `rewrite`, or unless it
    /// lacks the Huffman tables, as those of many webcams do: not every decoder knows these by heart.
    ///
    /// # Errors
    /// [`PictureError`].
    pub fn jpeg(&self, max_width: u16, quality: u8, rewrite: bool) -> Result<Bytes, PictureError> {
        match self {
            Self::Planar(planar) => {
                // Even, so that the planes of colour fit.
                let width = usize::from(max_width) & !1;
                if planar.width <= width {
                    return encode_planar(planar, quality);
                }
                encode_planar(&planar.scaled(width)?, quality)
            }
            Self::Jpeg(bytes) => {
                let wide = size_of(bytes)?.0 > max_width;
                if wide || rewrite || !has_tables(bytes) {
                    rewritten(bytes, max_width, quality)
                } else {
                    Ok(bytes.clone())
                }
            }
        }
    }
}

fn whole(side: usize) -> u32 {
    u32::try_from(side).unwrap_or(u32::MAX)
}

/// Every pixel of the result is the mean of a block; the block is as large as leaves at least `wanted` pixels across.
fn reduced(luma: &[u8], width: usize, height: usize, wanted: usize) -> Luma {
    let block = (width / wanted.max(1)).clamp(1, 16).min(height);
    let (columns, rows) = (width / block, height / block);
    let mut pixels = Vec::with_capacity(columns * rows);
    let mut sums = vec![0_u32; columns];
    let area = whole(block * block);
    for row in 0..rows {
        sums.fill(0);
        for line in luma[row * block * width..(row + 1) * block * width].chunks_exact(width) {
            for (sum, part) in sums.iter_mut().zip(line.chunks_exact(block)) {
                *sum += part.iter().map(|&value| u32::from(value)).sum::<u32>();
            }
        }
        pixels.extend(sums.iter().map(|sum| u8::try_from(sum / area).unwrap_or(u8::MAX)));
    }
    Luma { width: columns, height: rows, pixels }
}

struct Decoded {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Decoded {
    /// Luma by ITU-R BT.601, in whole numbers.
    fn luma(self) -> Vec<u8> {
        if self.channels == 1 {
            return self.pixels;
        }
        let weigh =
            |rgb: &[u8]| (77 * u32::from(rgb[0]) + 150 * u32::from(rgb[1]) + 29 * u32::from(rgb[2])) >> 8;
        self.pixels.chunks_exact(3).map(|rgb| u8::try_from(weigh(rgb)).unwrap_or(u8::MAX)).collect()
    }
}

fn corrupt(error: &jpeg_decoder::Error) -> PictureError {
    PictureError::Corrupt(error.to_string())
}

fn size_of(jpeg: &[u8]) -> Result<(u16, u16), PictureError> {
    let mut decoder = jpeg_decoder::Decoder::new(jpeg);
    decoder.read_info().map_err(|error| corrupt(&error))?;
    decoder.info().map(|info| (info.width, info.height)).ok_or(PictureError::Corrupt("no size".to_owned()))
}

/// Whether a JPEG brings its Huffman tables (DHT) before its first scan.
fn has_tables(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4) {
        match marker {
            0xc4 => return true,
            0xda => return false,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

/// Decodes to grey or RGB, and tells the size that is written in the JPEG.
fn decode(jpeg: &[u8], near_width: Option<usize>) -> Result<(Decoded, (u16, u16)), PictureError> {
    // A JPEG that was cut off still decodes, with grey where it ends.
    let end = jpeg.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    if !jpeg[..end].ends_with(&[0xff, 0xd9]) {
        return Err(PictureError::Corrupt("it is cut off".to_owned()));
    }
    let mut decoder = jpeg_decoder::Decoder::new(jpeg);
    decoder.set_max_decoding_buffer_size(MAX_DECODED_BYTES);
    decoder.read_info().map_err(|error| corrupt(&error))?;
    let full = decoder.info().ok_or(PictureError::Corrupt("no size".to_owned()))?;
    if let Some(width) = near_width {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        decoder.scale(width, 1).map_err(|error| corrupt(&error))?;
    }
    let pixels = decoder.decode().map_err(|error| corrupt(&error))?;
    let info = decoder.info().ok_or(PictureError::Corrupt("no size".to_owned()))?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => {
            return Err(PictureError::Corrupt("its colours are not those of a camera".to_owned()));
        }
    };
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    Ok((Decoded { width, height, channels, pixels }, (full.width, full.height)))
}

fn rewritten(jpeg: &[u8], max_width: u16, quality: u8) -> Result<Bytes, PictureError> {
    let (mut decoded, _) = decode(jpeg, None)?;
    let (kind, colour) = match decoded.channels {
        1 => (PixelType::U8, ColorType::Luma),
        _ => (PixelType::U8x3, ColorType::Rgb),
    };
    let width = usize::from(max_width);
    if decoded.width > width {
        let height = (decoded.height * width / decoded.width).max(1);
        decoded.pixels = resize(&decoded.pixels, (decoded.width, decoded.height), (width, height), kind)?;
        (decoded.width, decoded.height) = (width, height);
    }
    let side = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(decoded.width * decoded.height / 8);
    let encoder = configured(Encoder::new(&mut out, quality));
    encoder
        .encode(&decoded.pixels, side(decoded.width), side(decoded.height), colour)
        .map_err(|error| PictureError::Encoding(error.to_string()))?;
    Ok(out.into())
}

fn encode_planar(planar: &Planar, quality: u8) -> Result<Bytes, PictureError> {
    let mut out = Vec::with_capacity(planar.width * planar.height / 8);
    let encoder = configured(Encoder::new(&mut out, quality));
    encoder.encode_image(planar).map_err(|error| PictureError::Encoding(error.to_string()))?;
    Ok(out.into())
}

fn configured<W: jpeg_encoder::JfifWrite>(mut encoder: Encoder<W>) -> Encoder<W> {
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(width: usize, height: usize) -> Planar {
        let mut data: Vec<u8> = (0..width * height).map(|at| (at % width * 255 / width) as u8).collect();
        data.resize(Planar::bytes(width, height), 128);
        Planar::new(width, height, data.into()).expect("planes")
    }

    #[test]
    fn planes_become_a_jpeg_of_the_same_pixels() {
        for (width, height) in [(64, 48), (63, 47), (16, 2)] {
            let planar = gradient(width, height);
            let jpeg = Picture::Planar(planar.clone()).jpeg(1280, 95, false).expect("a JPEG");
            let (decoded, size) = decode(&jpeg, None).expect("decoded");
            assert_eq!((usize::from(size.0), usize::from(size.1)), (width, height));
            for (pixel, &luma) in decoded.pixels.chunks_exact(3).zip(planar.luma()) {
                assert!(pixel.iter().all(|value| value.abs_diff(luma) <= 8), "{pixel:?} is not {luma}");
            }
        }
    }

    #[test]
    fn what_is_too_wide_is_made_narrower() {
        let planar = Picture::Planar(gradient(640, 360));
        let jpeg = Picture::Jpeg(planar.jpeg(1280, 80, false).expect("a JPEG"));
        for picture in [&planar, &jpeg] {
            let narrow = picture.jpeg(320, 80, false).expect("a JPEG");
            assert_eq!(size_of(&narrow), Ok((320, 180)));
        }
        let Picture::Jpeg(bytes) = &jpeg else { panic!("a JPEG") };
        assert_eq!(&jpeg.jpeg(1280, 40, false).expect("a JPEG"), bytes, "narrow enough: as it came");
        assert!(jpeg.jpeg(1280, 40, true).expect("a JPEG").len() < bytes.len());
    }

    #[test]
    fn luma_is_the_same_from_planes_and_from_a_jpeg() {
        let planar = Picture::Planar(gradient(640, 360));
        let jpeg = Picture::Jpeg(planar.jpeg(1280, 90, false).expect("a JPEG"));
        let (from_planes, size) = planar.luma(80).expect("luma");
        let (from_jpeg, jpeg_size) = jpeg.luma(80).expect("luma");
        assert_eq!((size, jpeg_size), ((640, 360), (640, 360)));
        assert_eq!((from_planes.width, from_planes.height), (80, 45));
        assert_eq!((from_jpeg.width, from_jpeg.height), (80, 45));
        for (left, right) in from_planes.pixels.iter().zip(&from_jpeg.pixels) {
            assert!(left.abs_diff(*right) <= 8, "{left} is not {right}");
        }
    }

    #[test]
    fn a_broken_jpeg_is_said_to_be_broken() {
        let jpeg = Picture::Planar(gradient(320, 240)).jpeg(1280, 80, false).expect("a JPEG");
        for broken in
            [&jpeg[..jpeg.len() / 2], &jpeg[jpeg.len() / 2..], b"", b"\xff\xd8\xff\xd9", b"no picture"]
        {
            let picture = Picture::Jpeg(Bytes::copy_from_slice(broken));
            assert!(matches!(picture.luma(160), Err(PictureError::Corrupt(_))), "{} bytes", broken.len());
        }
        assert_eq!(Planar::new(10, 10, Bytes::from_static(b"short")), None);
    }
}
