//! Whether a face moves like a flat picture: then any two views of it are one homography apart.
//!
//! The face of an earlier frame is laid on the present one by the homography that fits best (the inverse
//! compositional algorithm of Baker and Matthews 2004, on brightness, with gain and offset of the light). What
//! the homography leaves unexplained is told in pixels of motion: the residual brightness over the picture's
//! gradient. A still picture in a moving hand leaves next to nothing; a head that turns, talks or blinks leaves
//! more. A screen that shows a film of a head leaves as much as the head: for that one there are other cues.

/// Side of the square that is laid on another, in pixels.
pub const SIDE: usize = 48;
/// Pixels at the border without gradient.
const BORDER: usize = 2;
const PARAMETERS: usize = 8;
const STEPS: usize = 12;

/// Brightness of a face, `SIDE`² numbers, row by row.
pub type Patch = Vec<f32>;

/// How one view of a face differs from another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// How far the homography moves the square's corners on average, in pixels of the patch.
    pub motion: f32,
    /// Motion that it does not explain, in pixels of the patch.
    pub unexplained: f32,
}

/// Lays `now` on `before`; None where the picture has no structure, or the two do not fit at all.
pub fn compare(before: &Patch, now: &Patch) -> Option<Difference> {
    let template = normalised(before)?;
    let now = normalised(now)?;
    let (steepest, gradient_square) = steepest_descent(&template);
    let solver = Cholesky::of(&steepest)?;
    let mut homography = IDENTITY;
    let mut residual = f32::MAX;
    let mut best = homography;
    for _ in 0..STEPS {
        let (mut right, mut square, mut inside) = ([0.0; PARAMETERS], 0.0, 0);
        for (i, row) in &steepest {
            let [x, y] = apply(&homography, position(*i));
            let Some(value) = sample(&now, x, y) else { continue };
            let difference = value - template[*i];
            square += difference * difference;
            inside += 1;
            right.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope * difference);
        }
        if inside * 2 < steepest.len() {
            return None;
        }
        let mean = square / inside as f32;
        if mean >= residual * 0.9995 {
            break;
        }
        (residual, best) = (mean, homography);
        let [a, b, c, d, e, f, g, h] = solver.solve(right);
        let step = [1.0 + a, b, c, d, 1.0 + e, f, g, h, 1.0];
        homography = scaled(multiply(&homography, &inverse(&step)?))?;
    }
    let corner = |sign: [f32; 2]| {
        let [x, y] = apply(&best, sign);
        (x - sign[0]).hypot(y - sign[1]) * HALF
    };
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let motion = corners.map(corner).iter().sum::<f32>() / 4.0;
    let unexplained = (residual * steepest.len() as f32 / gradient_square).sqrt();
    (motion.is_finite() && unexplained.is_finite()).then_some(Difference { motion, unexplained })
}

type Matrix = [f32; 9];
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
const HALF: f32 = SIDE as f32 / 2.0;

/// A pixel's place in the square from −1 to 1, which keeps the parameters of like size.
fn position(i: usize) -> [f32; 2] {
    [i % SIDE, i / SIDE].map(|at| (at as f32 + 0.5) / HALF - 1.0)
}

/// Mean 0, variance 1; None without contrast.
fn normalised(patch: &Patch) -> Option<Vec<f32>> {
    let count = patch.len() as f32;
    let mean = patch.iter().sum::<f32>() / count;
    let deviation = (patch.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count).sqrt();
    (patch.len() == SIDE * SIDE && deviation > 1.0)
        .then(|| patch.iter().map(|v| (v - mean) / deviation).collect())
}

/// By pixel, how the template changes with each parameter; and the sum of the squared gradients per pixel.
fn steepest_descent(template: &[f32]) -> (Vec<(usize, [f32; PARAMETERS])>, f32) {
    let (mut rows, mut square) = (vec![], 0.0);
    for y in BORDER..SIDE - BORDER {
        for x in BORDER..SIDE - BORDER {
            let i = y * SIDE + x;
            let gradient = [template[i + 1] - template[i - 1], template[i + SIDE] - template[i - SIDE]];
            square += (gradient[0] * gradient[0] + gradient[1] * gradient[1]) / 4.0;
            let [gx, gy] = gradient.map(|difference| difference / 2.0 * HALF);
            let [px, py] = position(i);
            let depth = -(gx * px + gy * py);
            rows.push((i, [gx * px, gx * py, gx, gy * px, gy * py, gy, depth * px, depth * py]));
        }
    }
    (rows, square)
}

fn sample(patch: &[f32], x: f32, y: f32) -> Option<f32> {
    let [x, y] = [x, y].map(|at| (at + 1.0) * HALF - 0.5);
    let last = SIDE as f32 - 1.0;
    // Written so that what is not a number is outside.
    if !(x >= 0.0 && y >= 0.0 && x < last && y < last) {
        return None;
    }
    let (left, top) = (x as usize, y as usize);
    let (dx, dy) = (x - left as f32, y - top as f32);
    let row = |y: usize| patch[y * SIDE + left] * (1.0 - dx) + patch[y * SIDE + left + 1] * dx;
    Some(row(top) * (1.0 - dy) + row(top + 1) * dy)
}

fn apply(m: &Matrix, [x, y]: [f32; 2]) -> [f32; 2] {
    let w = m[6] * x + m[7] * y + m[8];
    [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| (0..3).map(|k| a[i / 3 * 3 + k] * b[k * 3 + i % 3]).sum())
}

fn scaled(m: Matrix) -> Option<Matrix> {
    (m[8].abs() > 1e-6).then(|| m.map(|number| number / m[8]))
}

/// By the adjugate, of which a homography needs no scale.
fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[d] - m[b] * m[c];
    scaled([
        minor(4, 5, 7, 8),
        minor(2, 1, 8, 7),
        minor(1, 2, 4, 5),
        minor(5, 3, 8, 6),
        minor(0, 2, 6, 8),
        minor(2, 0, 5, 3),
        minor(3, 4, 6, 7),
        minor(1, 0, 7, 6),
        minor(0, 1, 3, 4),
    ])
}

/// The normal equations' matrix, taken apart.
struct Cholesky([[f32; PARAMETERS]; PARAMETERS]);

impl Cholesky {
    fn of(rows: &[(usize, [f32; PARAMETERS])]) -> Option<Self> {
        let mut lower = [[0.0; PARAMETERS]; PARAMETERS];
        for (_, row) in rows {
            for i in 0..PARAMETERS {
                for j in 0..=i {
                    lower[i][j] += row[i] * row[j];
                }
            }
        }
        for i in 0..PARAMETERS {
            for j in 0..=i {
                let known: f32 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
                let rest = lower[i][j] - known;
                lower[i][j] =
                    if i == j { Some(rest.sqrt()).filter(|root| *root > 1e-3)? } else { rest / lower[j][j] };
            }
        }
        Some(Self(lower))
    }

    fn solve(&self, mut right: [f32; PARAMETERS]) -> [f32; PARAMETERS] {
        let Self(lower) = self;
        for i in 0..PARAMETERS {
            let known: f32 = (0..i).map(|k| lower[i][k] * right[k]).sum();
            right[i] = (right[i] - known) / lower[i][i];
        }
        for i in (0..PARAMETERS).rev() {
            let known: f32 = (i + 1..PARAMETERS).map(|k| lower[k][i] * right[k]).sum();
            right[i] = (right[i] - known) / lower[i][i];
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(x: f32, y: f32) -> f32 {
        120.0 + 60.0 * (3.1 * x + 0.4).sin() * (2.3 * y).cos() + 30.0 * (5.0 * y + x).sin()
    }

    fn view(homography: &Matrix, scene: impl Fn(f32, f32) -> f32) -> Patch {
        (0..SIDE * SIDE).map(|i| apply(homography, position(i))).map(|[x, y]| scene(x, y)).collect()
    }

    #[test]
    fn a_flat_picture_is_explained_wherever_it_moves() {
        let before = view(&IDENTITY, scene);
        let moved = [1.04, -0.05, 0.06, 0.04, 0.97, -0.05, 0.03, -0.02, 1.0];
        let darker = |x, y| 0.8 * scene(x, y) + 10.0;
        let Difference { motion, unexplained } = compare(&before, &view(&moved, darker)).expect("a fit");
        assert!(motion > 1.0 && unexplained < 0.15, "{motion} {unexplained}");
    }

    #[test]
    fn a_bend_is_not() {
        let before = view(&IDENTITY, scene);
        let bent =
            view(&IDENTITY, |x, y| scene(x + 0.06 * (4.0 * x).cos() * y, y + 0.05 * (3.0 * y + x).sin()));
        let Difference { unexplained, .. } = compare(&before, &bent).expect("a fit");
        assert!(unexplained > 0.3, "{unexplained}");
    }

    #[test]
    fn nothing_to_see_is_no_evidence() {
        assert_eq!(compare(&vec![7.0; SIDE * SIDE], &vec![7.0; SIDE * SIDE]), None);
        let before = view(&IDENTITY, scene);
        assert_eq!(compare(&before, &vec![f32::NAN; SIDE * SIDE]), None);
        assert_eq!(compare(&before, &vec![]), None);
    }

    #[test]
    fn inverses_are_inverse() {
        let m = [1.1, 0.2, -0.1, 0.05, 0.9, 0.3, 0.02, -0.04, 1.0];
        let product = scaled(multiply(&m, &inverse(&m).expect("regular"))).expect("scale");
        assert!(product.iter().zip(IDENTITY).all(|(a, b)| (a - b).abs() < 1e-5), "{product:?}");
    }
}
