//! Stage 4: a face → a small upright picture of it, by a similarity transform (turn, scale, shift).

use crate::decode::Frame;

/// `q = scale·R(angle)·p + shift`, kept as the four numbers that say so: `x' = a·x − b·y + tx`,
/// `y' = b·x + a·y + ty`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the angle's cosine.
    pub a: f32,
    /// Scale times the angle's sine.
    pub b: f32,
    /// Shift to the right.
    pub tx: f32,
    /// Shift down.
    pub ty: f32,
}

impl Similarity {
    /// The least-squares transform that lays `from` on `to` (Umeyama 1991 in two dimensions, without
    /// reflection). None when all points of `from` coincide or a coordinate is not finite.
    pub fn estimate(from: &[[f32; 2]], to: &[[f32; 2]]) -> Option<Self> {
        let (from_mean, to_mean) = (mean(from), mean(to));
        let (mut dot, mut cross, mut square) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (p[0] - from_mean[0], p[1] - from_mean[1]);
            let (qx, qy) = (q[0] - to_mean[0], q[1] - to_mean[1]);
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
            square += px * px + py * py;
        }
        let (a, b) = (dot / square, cross / square);
        let tx = to_mean[0] - a * from_mean[0] + b * from_mean[1];
        let ty = to_mean[1] - b * from_mean[0] - a * from_mean[1];
        let transform = Self { a, b, tx, ty };
        ([a, b, tx, ty].iter().all(|number| number.is_finite()) && transform.scale() > 0.0)
            .then_some(transform)
    }

    /// Lays a square picture of `side` pixels on the square of `extent` about `centre`, turned by `angle`.
    pub fn square(centre: [f32; 2], extent: f32, angle: f32, side: usize) -> Self {
        let scale = extent / side as f32;
        let (a, b) = (scale * angle.cos(), scale * angle.sin());
        let half = side as f32 / 2.0;
        Self { a, b, tx: centre[0] - a * half + b * half, ty: centre[1] - b * half - a * half }
    }

    /// Where `point` comes to lie.
    pub fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty]
    }

    /// Length of what had length one.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }
}

fn mean(points: &[[f32; 2]]) -> [f32; 2] {
    let count = points.len() as f32;
    [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f32>() / count)
}

/// Cuts pictures out of a frame; keeps its memory between frames.
#[derive(Default)]
pub struct Cutter {
    halved: Vec<u8>,
    spare: Vec<u8>,
}

/// A part of a picture, possibly at reduced size.
#[derive(Clone, Copy)]
struct View<'a> {
    pixels: &'a [u8],
    width: usize,
    height: usize,
}

impl Cutter {
    /// Fills `out` (`width * height` RGB) with what `transform` (out → frame) shows; black outside the frame.
    /// Bilinear; where a pixel of `out` covers two or more of the frame, the frame is halved first, so that
    /// nothing is skipped.
    pub fn cut(
        &mut self,
        frame: &Frame,
        transform: &Similarity,
        width: usize,
        height: usize,
        out: &mut Vec<u8>,
    ) {
        out.resize(width * height * 3, 0);
        let whole = View { pixels: &frame.pixels, width: frame.width, height: frame.height };
        if transform.scale() < 2.0 {
            warp(whole, transform, width, out);
            return;
        }
        let Some((left, top, right, bottom)) = bounds(frame, transform, width, height) else {
            out.fill(0);
            return;
        };
        let size = halve(whole, (left, top), (right - left, bottom - top), &mut self.halved);
        let mut view_size = size;
        let mut reduced = reduce(transform, left as f32, top as f32);
        while reduced.scale() >= 2.0 && view_size.0 > 1 && view_size.1 > 1 {
            let view = View { pixels: &self.halved, width: view_size.0, height: view_size.1 };
            view_size = halve(view, (0, 0), view_size, &mut self.spare);
            std::mem::swap(&mut self.halved, &mut self.spare);
            reduced = reduce(&reduced, 0.0, 0.0);
        }
        let view = View { pixels: &self.halved, width: view_size.0, height: view_size.1 };
        warp(view, &reduced, width, out);
    }
}

/// The transform into the halved picture whose origin was at (`left`, `top`). Pixel `i` of it covers pixels
/// `2i` and `2i + 1`, whose common centre is `2i + 0.5`.
fn reduce(transform: &Similarity, left: f32, top: f32) -> Similarity {
    Similarity {
        a: transform.a / 2.0,
        b: transform.b / 2.0,
        tx: (transform.tx - left - 0.5) / 2.0,
        ty: (transform.ty - top - 0.5) / 2.0,
    }
}

/// The frame's pixels that `transform` can touch: left, top, right, bottom (exclusive).
fn bounds(
    frame: &Frame,
    transform: &Similarity,
    width: usize,
    height: usize,
) -> Option<(usize, usize, usize, usize)> {
    let (w, h) = (width as f32, height as f32);
    let corners = [[0.0, 0.0], [w, 0.0], [0.0, h], [w, h]].map(|corner| transform.apply(corner));
    let range = |axis: usize, size: usize| {
        let low = corners.iter().map(|corner| corner[axis]).fold(f32::INFINITY, f32::min);
        let high = corners.iter().map(|corner| corner[axis]).fold(f32::NEG_INFINITY, f32::max);
        // A float as an integer saturates, so that far outside is simply an empty range.
        let from = ((low - 2.0).max(0.0) as usize).min(size) & !1;
        let to = ((high + 3.0).max(0.0) as usize).min(size);
        (from < to).then_some((from, to))
    };
    let (left, right) = range(0, frame.width)?;
    let (top, bottom) = range(1, frame.height)?;
    Some((left, top, right, bottom))
}

/// Averages each 2×2 block of a part of `view` into `out` and answers the new size; an odd last row or column
/// counts twice.
fn halve(
    view: View,
    (left, top): (usize, usize),
    (width, height): (usize, usize),
    out: &mut Vec<u8>,
) -> (usize, usize) {
    let (new_width, new_height) = (width.div_ceil(2), height.div_ceil(2));
    out.clear();
    out.reserve(new_width * new_height * 3);
    for y in 0..new_height {
        let row = |y: usize| &view.pixels[((top + y.min(height - 1)) * view.width + left) * 3..][..width * 3];
        let (upper, lower) = (row(2 * y), row(2 * y + 1));
        for x in 0..new_width {
            let (here, next) = (2 * x * 3, (2 * x + 1).min(width - 1) * 3);
            for channel in 0..3 {
                let sum = u16::from(upper[here + channel])
                    + u16::from(upper[next + channel])
                    + u16::from(lower[here + channel])
                    + u16::from(lower[next + channel]);
                out.push(((sum + 2) / 4) as u8);
            }
        }
    }
    (new_width, new_height)
}

fn warp(view: View, transform: &Similarity, width: usize, out: &mut [u8]) {
    for (y, row) in out.as_chunks_mut::<3>().0.chunks_mut(width).enumerate() {
        let [start_x, start_y] = transform.apply([0.0, y as f32]);
        for (x, pixel) in row.iter_mut().enumerate() {
            let from_x = start_x + transform.a * x as f32;
            let from_y = start_y + transform.b * x as f32;
            *pixel = sample(view, from_x, from_y);
        }
    }
}

#[inline]
fn sample(view: View, x: f32, y: f32) -> [u8; 3] {
    let (floor_x, floor_y) = (x.floor(), y.floor());
    // Weights in 256ths: the products fit in 24 bits.
    let (right, lower) = (((x - floor_x) * 256.0) as u32, ((y - floor_y) * 256.0) as u32);
    let weights =
        [(256 - right) * (256 - lower), right * (256 - lower), (256 - right) * lower, right * lower];
    let inside = floor_x >= 0.0
        && floor_y >= 0.0
        && floor_x < view.width as f32 - 1.0
        && floor_y < view.height as f32 - 1.0;
    if inside {
        let at = (floor_y as usize * view.width + floor_x as usize) * 3;
        let upper = &view.pixels[at..at + 6];
        let below = &view.pixels[at + view.width * 3..][..6];
        return [0, 1, 2].map(|c| {
            let sum = u32::from(upper[c]) * weights[0]
                + u32::from(upper[c + 3]) * weights[1]
                + u32::from(below[c]) * weights[2]
                + u32::from(below[c + 3]) * weights[3];
            ((sum + 32_768) >> 16) as u8
        });
    }
    border(view, floor_x, floor_y, weights)
}

/// At the frame's edge, pixels outside count as black.
#[cold]
fn border(view: View, floor_x: f32, floor_y: f32, weights: [u32; 4]) -> [u8; 3] {
    let mut sums = [0u32; 3];
    for (i, weight) in weights.into_iter().enumerate() {
        let (x, y) = (floor_x + (i % 2) as f32, floor_y + (i / 2) as f32);
        if x >= 0.0 && y >= 0.0 && x < view.width as f32 && y < view.height as f32 {
            let at = (y as usize * view.width + x as usize) * 3;
            sums.iter_mut().zip(&view.pixels[at..]).for_each(|(sum, &v)| *sum += u32::from(v) * weight);
        }
    }
    sums.map(|sum| ((sum + 32_768) >> 16) as u8)
}
