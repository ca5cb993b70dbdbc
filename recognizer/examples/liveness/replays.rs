//! Synthetic replays: what a camera might see of a clip that is shown on a screen, a sheet or a phone.
//!
//! No published set of attacks is used; these are drawn from the clips themselves. They have what the cues look
//! for, so that figures measured on them say how well a cue works where its trace is there, not how often real
//! attacks leave it.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use recognizer::decode::Frame;
use types::BoundingBox;

/// What the face is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A display whose frame lies outside the picture; the clip plays.
    Screen,
    /// A sheet of paper with one frame of the clip, held by hand.
    Print,
    /// A telephone, held by hand; the clip plays.
    Phone,
}

pub const MEDIA: [Medium; 3] = [Medium::Screen, Medium::Print, Medium::Phone];
const FOCAL: f32 = 700.0;

type Matrix = [f32; 9];

/// One replay of one clip.
pub struct Replay {
    medium: Medium,
    random: StdRng,
    /// Half the medium's width and height, in pixels of the clip about `centre`.
    half: [f32; 2],
    centre: [f32; 2],
    /// Pixels of the camera for each of the clip.
    zoom: f32,
    border: f32,
    gamma: f32,
    raster: [f32; 3],
    wall: [f32; 3],
    tilt: [f32; 3],
    sway: [[f32; 3]; 6],
    pub quality: u8,
}

impl Replay {
    /// A replay of a clip in which the face lies at `face`.
    pub fn new(medium: Medium, face: BoundingBox, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut range = |a: f32, b: f32| random.random_range(a..b);
        let side = face.width.max(face.height);
        let centre = [face.x + face.width / 2.0, face.y + face.height / 2.0 + range(0.0, 0.6) * side];
        let (half, zoom, amplitude, hand) = match medium {
            Medium::Screen => ([1000.0, 1000.0], range(1.1, 1.8), range(0.05, 0.2), 0.15),
            Medium::Print => {
                ([range(0.9, 1.5) * side, range(1.2, 1.9) * side], range(1.2, 1.7), range(0.02, 0.08), 1.0)
            }
            Medium::Phone => {
                ([range(0.8, 1.3) * side, range(1.2, 1.8) * side], range(1.2, 1.7), range(0.02, 0.12), 1.0)
            }
        };
        let sway = std::array::from_fn(|axis| {
            let reach = if axis < 3 { range(2.0, 7.0).to_radians() } else { range(2.0, 8.0) };
            [hand * reach, range(0.4, 1.6), range(0.0, 6.3)]
        });
        Self {
            medium,
            half,
            centre,
            zoom,
            border: range(6.0, 14.0),
            gamma: range(1.05, 1.35),
            raster: [range(0.8, 1.7), amplitude, range(-0.1, 0.1)],
            wall: [range(90.0, 190.0), range(-0.08, 0.08), range(-0.08, 0.08)],
            tilt: [range(-0.12, 0.12), range(-0.12, 0.12), range(-0.06, 0.06)],
            sway,
            quality: range(70.0, 92.0) as u8,
            random,
        }
    }

    /// A sheet that covers the picture, held still and turned by `tilt` (radians, about the axes across, down and
    /// into the picture).
    pub fn turned_sheet(face: BoundingBox, tilt: [f32; 3]) -> Self {
        let sheet = Self::new(Medium::Print, face, 0);
        Self { half: [1000.0; 2], zoom: 1.5, tilt, sway: [[0.0; 3]; 6], ..sheet }
    }

    /// Which of the clip's frames is shown when it plays `frame`.
    pub fn shown(&self, frame: usize) -> usize {
        if self.medium == Medium::Print { 0 } else { frame }
    }

    /// What the camera sees at a time (seconds) while the medium shows `source`.
    pub fn render(&mut self, source: &Frame, seconds: f32) -> Frame {
        let (width, height) = (source.width, source.height);
        let to_medium = inverse(&self.pose(width, height, seconds));
        let mut picture = vec![[0.0f32; 3]; width * height];
        for (i, pixel) in picture.iter_mut().enumerate() {
            let at = [i % width, i / width].map(|at| at as f32);
            for part in [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]] {
                let colour =
                    self.medium_at(source, apply(&to_medium, [at[0] + part[0], at[1] + part[1]]), at);
                pixel.iter_mut().zip(colour).for_each(|(sum, c)| *sum += c / 4.0);
            }
        }
        let picture = blurred(&picture, width);
        let pixels = picture.into_iter().flatten().map(|value| {
            let noise = self.random.random_range(-1.0..1.0f32) + self.random.random_range(-1.0..1.0f32);
            (value + 1.5 * noise).round().clamp(0.0, 255.0) as u8
        });
        Frame { width, height, pixels: pixels.collect() }
    }

    /// From the medium (pixels of the clip, the middle at 0) to the camera's picture.
    fn pose(&self, width: usize, height: usize, seconds: f32) -> Matrix {
        let [rx, ry, rz, tx, ty, tz] =
            self.sway.map(|[reach, rate, phase]| reach * (rate * seconds * 6.3 + phase).sin());
        let ([sx, cx], [sy, cy], [sz, cz]) = (
            [(self.tilt[0] + rx).sin(), (self.tilt[0] + rx).cos()],
            [(self.tilt[1] + ry).sin(), (self.tilt[1] + ry).cos()],
            [(self.tilt[2] + rz).sin(), (self.tilt[2] + rz).cos()],
        );
        // First two columns of Rz·Ry·Rx, then the place before the camera.
        let right = [cz * cy, sz * cy, -sy].map(|n| n * self.zoom);
        let down = [cz * sy * sx - sz * cx, sz * sy * sx + cz * cx, cy * sx].map(|n| n * self.zoom);
        let place = [tx, ty, FOCAL + 2.0 * tz];
        let (u, v) = (width as f32 / 2.0, height as f32 / 2.0);
        let project = |p: [f32; 3]| [FOCAL * p[0] + u * p[2], FOCAL * p[1] + v * p[2], p[2]];
        let [a, b, c] = [right, down, place].map(project);
        [a[0], b[0], c[0], a[1], b[1], c[1], a[2], b[2], c[2]]
    }

    fn medium_at(&self, source: &Frame, [x, y]: [f32; 2], camera: [f32; 2]) -> [f32; 3] {
        let outside = (x.abs() - self.half[0]).max(y.abs() - self.half[1]);
        if outside > 0.0 {
            let is_border = self.medium == Medium::Phone && outside < self.border;
            let wall = self.wall[0] + self.wall[1] * camera[0] + self.wall[2] * camera[1];
            return if is_border { [22.0, 22.0, 26.0] } else { [wall, wall * 0.98, wall * 0.94] };
        }
        let [pitch, amplitude, slant] = self.raster;
        let colour = bilinear(source, x + self.centre[0], y + self.centre[1]);
        // The raster of the medium, of which the four samples of each of the sensor's pixels take most away.
        let [u, v] = [x * self.zoom, y * self.zoom];
        let wave = |shift: f32| (std::f32::consts::TAU * ((u + slant * v) / pitch + shift)).cos();
        let rows = (std::f32::consts::TAU * v / (pitch * 1.13)).cos();
        [0usize, 1, 2].map(|channel| {
            let raster = match self.medium {
                Medium::Print => wave(0.0) * rows,
                _ => wave(channel as f32 / 3.0) + 0.4 * rows,
            };
            let light = 255.0 * (colour[channel] / 255.0).powf(self.gamma) * (1.0 + amplitude * raster);
            match self.medium {
                Medium::Print => 32.0 + light * 0.72,
                _ => light * 0.96 + if channel == 2 { 9.0 } else { 4.0 },
            }
        })
    }
}

fn bilinear(source: &Frame, x: f32, y: f32) -> [f32; 3] {
    let x = x.clamp(0.0, source.width as f32 - 1.001);
    let y = y.clamp(0.0, source.height as f32 - 1.001);
    let (left, top) = (x as usize, y as usize);
    let (dx, dy) = (x - left as f32, y - top as f32);
    let at = |x: usize, y: usize, c: usize| f32::from(source.pixels[(y * source.width + x) * 3 + c]);
    [0, 1, 2].map(|c| {
        let row = |y: usize| at(left, y, c) * (1.0 - dx) + at((left + 1).min(source.width - 1), y, c) * dx;
        row(top) * (1.0 - dy) + row((top + 1).min(source.height - 1)) * dy
    })
}

/// A lens that is not quite sharp: 1-4-1 both ways.
fn blurred(picture: &[[f32; 3]], width: usize) -> Vec<[f32; 3]> {
    let pass = |picture: &[[f32; 3]], step: usize| -> Vec<[f32; 3]> {
        let at = |i: usize| picture.get(i).copied();
        (0..picture.len())
            .map(|i| {
                let before = i.checked_sub(step).and_then(at).unwrap_or(picture[i]);
                let after = at(i + step).unwrap_or(picture[i]);
                [0, 1, 2].map(|c| (before[c] + 4.0 * picture[i][c] + after[c]) / 6.0)
            })
            .collect()
    };
    pass(&pass(picture, 1), width)
}

fn apply(m: &Matrix, [x, y]: [f32; 2]) -> [f32; 2] {
    let w = m[6] * x + m[7] * y + m[8];
    [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
}

fn inverse(m: &Matrix) -> Matrix {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[d] - m[b] * m[c];
    [
        minor(4, 5, 7, 8),
        minor(2, 1, 8, 7),
        minor(1, 2, 4, 5),
        minor(5, 3, 8, 6),
        minor(0, 2, 6, 8),
        minor(2, 0, 5, 3),
        minor(3, 4, 6, 7),
        minor(1, 0, 7, 6),
        minor(0, 1, 3, 4),
    ]
}
