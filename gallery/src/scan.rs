//! Which rows can matter to which probe, by their codes.
//!
//! A probe has a bar, the score that a row must reach to change the result. A row is passed over only when the
//! most that its true score can be, given the bounds of [`crate::codes`], is below the bar; all others are hits
//! and are scored exactly. So the codes decide how much work there is, never what is found.

use crate::codes::{Code, OFFSET, PANEL, Panels, WORD};

#[cfg(target_arch = "x86_64")]
mod x86;

/// Panels scanned between two looks at the bars, once these have settled; fewer at the start, where they rise with
/// every row.
pub(crate) const RUN: usize = 16;

/// `N` probes rounded to eight bits, as the kernels read them: in pass order, four numbers of each probe.
pub(crate) struct Batch<const N: usize> {
    /// Four bytes a probe.
    bytes: Vec<[i32; N]>,
    /// The same numbers, sixteen bits each.
    shorts: Vec<[i64; N]>,
    reach: [Reach; N],
}

/// How far a probe's true scores can be above those of the codes.
#[derive(Clone, Copy)]
struct Reach {
    /// What [`OFFSET`] adds to every sum.
    offset: i32,
    scale: f32,
    /// Distance of the probe from its code.
    error: f32,
    /// What rounding can add to a sum of that many numbers in f32.
    rounding: f32,
}

/// When a row is a hit: `(sum - offset) * scale of row + error of row * slope + base >= 0`.
#[derive(Clone, Copy)]
struct Limit {
    offset: i32,
    slope: f32,
    base: f32,
}

impl<const N: usize> Batch<N> {
    /// Rounds one to `N` unit vectors of the same length.
    pub(crate) fn new(probes: &[impl AsRef<[f32]>]) -> Self {
        let codes: Vec<Code> = probes.iter().map(|probe| Code::of(probe.as_ref())).collect();
        let words = codes.first().map_or(0, |code| code.values.len().div_ceil(WORD));
        let numbers = |word: usize, probe: usize| -> [i8; WORD] {
            let values =
                codes.get(probe).and_then(|code| code.values.chunks(WORD).nth(word)).unwrap_or_default();
            std::array::from_fn(|place| values.get(place).copied().unwrap_or_default())
        };
        let words = (0..words).map(|word| std::array::from_fn(|probe| numbers(word, probe)));
        let words: Vec<[[i8; WORD]; N]> = words.collect();
        let reach = std::array::from_fn(|probe| codes.get(probe).map_or(Reach::NONE, Reach::of));
        Self {
            bytes: words
                .iter()
                .map(|word| word.map(|four| i32::from_le_bytes(four.map(|n| n as u8))))
                .collect(),
            shorts: words.iter().map(|word| word.map(as_shorts)).collect(),
            reach,
        }
    }

    fn limits(&self, bars: [f32; N]) -> [Limit; N] {
        std::array::from_fn(|probe| self.reach[probe].limit(bars[probe]))
    }
}

/// Four numbers as sixteen-bit numbers, the first lowest.
fn as_shorts(numbers: [i8; WORD]) -> i64 {
    let place = |(place, number): (usize, i8)| i64::from(i16::from(number) as u16) << (16 * place);
    numbers.into_iter().enumerate().map(place).fold(0, |all, one| all | one)
}

impl Reach {
    /// For the places of a batch that no probe is in.
    const NONE: Self = Self { offset: 0, scale: 1.0, error: 0.0, rounding: 0.0 };

    fn of(code: &Code) -> Self {
        let sum: i32 = code.values.iter().map(|value| i32::from(*value)).sum();
        // The sums of `crate::dot` run over sixteen lanes, then over these; twice that for the bound's own.
        let rounding = (code.values.len() as f32 / 8.0 + 64.0) * f32::EPSILON;
        Self { offset: OFFSET * sum, scale: code.scale, error: code.error, rounding }
    }

    fn limit(&self, bar: f32) -> Limit {
        Limit {
            offset: self.offset,
            slope: (1.0 + self.error) / self.scale,
            base: (self.error + self.rounding - bar) / self.scale,
        }
    }
}

/// The instructions to scan with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernel {
    /// Byte products and their sums in one instruction (AVX-512 VNNI: Ice Lake, Zen 4 and newer).
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::Avx512),
    /// Short products and their sums (AVX2).
    #[cfg(target_arch = "x86_64")]
    Avx2(fearless_simd::Avx2),
    /// No scan: every row is a hit.
    Exhaustive,
}

impl Kernel {
    /// The best that this processor has.
    pub(crate) fn best() -> Self {
        Self::all().swap_remove(0)
    }

    /// All that this processor has, the best first.
    pub(crate) fn all() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let level = fearless_simd::Level::new();
            kernels.extend(level.as_avx512().map(Self::Avx512));
            kernels.extend(level.as_avx2().map(Self::Avx2));
        }
        kernels.push(Self::Exhaustive);
        kernels
    }
}

/// A batch that there are kernels for.
pub(crate) trait Scan<const N: usize> {
    /// Sets bit `row` of `hits[panel][probe]` where that row of that panel can reach the probe's bar. Rows that
    /// the last panel of all lacks may be hits too, and so may anything of a place that no probe is in.
    fn scan(&self, kernel: Kernel, panels: Panels<'_>, bars: [f32; N], hits: &mut [[u16; N]]);
}

macro_rules! scan_with {
    ($probes:literal, $avx512:ident, $avx2:ident) => {
        impl Scan<$probes> for Batch<$probes> {
            fn scan(
                &self,
                kernel: Kernel,
                panels: Panels<'_>,
                bars: [f32; $probes],
                hits: &mut [[u16; $probes]],
            ) {
                match kernel {
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512(token) => {
                        x86::$avx512(token, panels, &self.bytes, &self.limits(bars), hits)
                    }
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2(token) => x86::$avx2(token, panels, &self.shorts, &self.limits(bars), hits),
                    Kernel::Exhaustive => {
                        hits[..panels.scales.len()].fill([u16::MAX; $probes]);
                    }
                }
            }
        }
    };
}

scan_with!(1, avx512_one, avx2_one);
scan_with!(8, avx512_eight, avx2_eight);

const _: () = assert!(PANEL == u16::BITS as usize, "a row of a panel is a bit");
