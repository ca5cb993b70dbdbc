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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gradient(width: usize, height: usize) -> Frame {
        let mut pixels = vec![];
        for y in 0..height {
            for x in 0..width {
                pixels.extend([(x * 255 / width) as u8, (y * 255 / height) as u8, 128]);
            }
        }
        Frame { width, height, pixels }
    }

    proptest! {
        #[test]
        fn an_exact_similarity_is_found_again(
            a in -3.0f32..3.0, b in -3.0f32..3.0, tx in -500.0f32..500.0, ty in -500.0f32..500.0,
            points in prop::collection::vec([0.0f32..150.0, 0.0f32..150.0], 5),
        ) {
            let truth = Similarity { a, b, tx, ty };
            let spread = points.iter().any(|p| (p[0] - points[0][0]).hypot(p[1] - points[0][1]) > 20.0);
            prop_assume!(truth.scale() > 0.2 && spread);
            let moved: Vec<[f32; 2]> = points.iter().map(|&point| truth.apply(point)).collect();
            let found = Similarity::estimate(&points, &moved).expect("spread points");
            for point in points {
                let (is, should) = (found.apply(point), truth.apply(point));
                prop_assert!((is[0] - should[0]).hypot(is[1] - should[1]) < 0.05, "{is:?} {should:?}");
            }
        }

        #[test]
        fn the_estimate_is_no_worse_than_its_neighbours(
            to in prop::collection::vec([0.0f32..100.0, 0.0f32..100.0], 5), da in -0.1f32..0.1, dt in -5.0f32..5.0,
        ) {
            let from = [[10.0, 20.0], [40.0, 20.0], [60.0, 22.0], [90.0, 18.0], [50.0, 70.0]];
            let error = |transform: &Similarity| -> f32 {
                from.iter().zip(&to).map(|(p, q)| {
                    let is = transform.apply(*p);
                    (is[0] - q[0]).powi(2) + (is[1] - q[1]).powi(2)
                }).sum()
            };
            if let Some(best) = Similarity::estimate(&from, &to) {
                let other = Similarity { a: best.a + da, tx: best.tx + dt, ..best };
                prop_assert!(error(&best) <= error(&other) * 1.001 + 0.01);
            }
        }

        #[test]
        fn cutting_never_leaves_the_frame(
            a in -40.0f32..40.0, b in -40.0f32..40.0, tx in -1e6f32..1e6, ty in -1e6f32..1e6,
            width in 1usize..40, height in 1usize..40,
        ) {
            let mut out = vec![];
            Cutter::default().cut(&gradient(width, height), &Similarity { a, b, tx, ty }, 16, 16, &mut out);
            prop_assert_eq!(out.len(), 16 * 16 * 3);
        }
    }

    #[test]
    fn points_in_one_place_have_no_transform() {
        assert_eq!(Similarity::estimate(&[[1.0, 1.0]; 5], &[[2.0, 2.0]; 5]), None);
        assert_eq!(Similarity::estimate(&[[0.0, 0.0], [1.0, 0.0]], &[[f32::NAN, 0.0], [1.0, 0.0]]), None);
        assert_eq!(Similarity::estimate(&[[0.0, 0.0], [1.0, 0.0]], &[[3.0, 3.0]; 2]), None, "scale 0");
    }

    #[test]
    fn the_identity_copies() {
        let frame = gradient(32, 32);
        let mut out = vec![];
        let identity = Similarity { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0 };
        Cutter::default().cut(&frame, &identity, 32, 32, &mut out);
        // The last row and column lie on the edge, where black begins to mix in at a weight of zero.
        assert_eq!(out, frame.pixels);
    }

    #[test]
    fn a_square_is_centred() {
        let place = Similarity::square([100.0, 60.0], 30.0, 0.7, 192);
        let [x, y] = place.apply([96.0, 96.0]);
        assert!((x - 100.0).abs() < 1e-3 && (y - 60.0).abs() < 1e-3);
        assert!((place.scale() * 192.0 - 30.0).abs() < 1e-3);
    }

    #[test]
    fn shrinking_shows_the_same_picture() {
        // A slope halved three times is still that slope.
        let frame = gradient(800, 800);
        let mut out = vec![];
        let shrink = Similarity { a: 16.0, b: 0.0, tx: 7.5, ty: 7.5 };
        Cutter::default().cut(&frame, &shrink, 40, 40, &mut out);
        for y in 1..39 {
            for x in 1..39 {
                let expected = ((x * 16 + 7) * 255 / 800) as i32;
                let got = i32::from(out[(y * 40 + x) * 3]);
                assert!((got - expected).abs() <= 2, "({x}, {y}): {got} instead of {expected}");
            }
        }
    }

    #[test]
    fn fine_stripes_average_out() {
        let mut frame = gradient(400, 400);
        for (i, pixel) in frame.pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            pixel.fill(if i % 2 == 0 { 255 } else { 0 });
        }
        let mut out = vec![];
        Cutter::default().cut(&frame, &Similarity { a: 6.0, b: 0.0, tx: 20.0, ty: 20.0 }, 50, 50, &mut out);
        assert!(out.iter().all(|&value| (120..=136).contains(&value)), "aliasing");
    }
}
