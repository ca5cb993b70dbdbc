//! Templates rounded to eight bits, laid out for the scan.
//!
//! A vector `v` is kept as whole numbers `c` from -127 to 127 with a scale of its own, so that one large number
//! in one template costs the others nothing, and with the length of what the rounding lost:
//! `v = scale * c + e`, `|e| = error`. A probe `p`, rounded in the same way to `q`, then obeys
//!
//! ```text
//! |p·v - scale_p * scale * (q·c)|  <=  |p||e| + |e_p||scale * c|  <=  error + error_p * (1 + error)
//! ```
//!
//! for unit vectors (Cauchy-Schwarz), which is how [`crate::scan`] passes over rows without ever losing one.
//! For 128 numbers the two errors are near 0.008 each, for 512 near 0.007.
//!
//! Sixteen rows make a panel. A panel is a run of words; a word holds four consecutive numbers of each of its
//! rows, so that one vector instruction works on sixteen rows and no sum across a register is ever needed. The
//! numbers are stored plus 128, as the instructions want one side without a sign.

/// Rows in a panel.
pub(crate) const PANEL: usize = 16;
/// Numbers of a row in a word.
pub(crate) const WORD: usize = 4;
/// What is added to the stored numbers.
pub(crate) const OFFSET: i32 = 128;

/// Four numbers of sixteen rows, aligned so that loading them never touches two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Word(pub(crate) [u8; PANEL * WORD]);

/// A vector of whole numbers near a unit vector.
pub(crate) struct Code {
    /// -127 to 127.
    pub(crate) values: Vec<i8>,
    /// What one of them is worth.
    pub(crate) scale: f32,
    /// The distance from the vector that it stands for.
    pub(crate) error: f32,
}

impl Code {
    /// Rounds a vector that is not zero.
    pub(crate) fn of(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = largest / f32::from(i8::MAX);
        let values: Vec<i8> = vector.iter().map(|value| (value / scale).round() as i8).collect();
        let lost = |(value, code): (&f32, &i8)| f64::from(*value) - f64::from(scale) * f64::from(*code);
        let error = vector.iter().zip(&values).map(lost).map(|e| e * e).sum::<f64>().sqrt();
        Self { values, scale, error: (error as f32).next_up() }
    }
}

/// The codes of all rows.
#[derive(Clone)]
pub(crate) struct Codes {
    /// Words in a panel.
    words: usize,
    rows: usize,
    values: Vec<Word>,
    scales: Vec<[f32; PANEL]>,
    errors: Vec<[f32; PANEL]>,
}

/// Some consecutive panels, for reading.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    /// Their first row.
    pub(crate) first: usize,
    pub(crate) values: &'a [Word],
    pub(crate) scales: &'a [[f32; PANEL]],
    pub(crate) errors: &'a [[f32; PANEL]],
}

impl Codes {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            words: dimensions.div_ceil(WORD),
            rows: 0,
            values: Vec::new(),
            scales: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Adds a row after all others.
    pub(crate) fn push(&mut self, code: &Code) {
        if self.rows.is_multiple_of(PANEL) {
            self.values.resize(self.values.len() + self.words, Word([0; PANEL * WORD]));
            self.scales.push([0.0; PANEL]);
            self.errors.push([0.0; PANEL]);
        }
        let (panel, lane) = (self.rows / PANEL, self.rows % PANEL);
        let words = &mut self.values[panel * self.words..];
        for (word, numbers) in words.iter_mut().zip(code.values.chunks(WORD)) {
            for (stored, number) in word.0[lane * WORD..].iter_mut().zip(numbers) {
                *stored = (i32::from(*number) + OFFSET) as u8;
            }
        }
        self.scales[panel][lane] = code.scale;
        self.errors[panel][lane] = code.error;
        self.rows += 1;
    }

    /// Removes a row and puts the last one in its place.
    pub(crate) fn swap_remove(&mut self, row: usize) {
        let last = self.rows - 1;
        let ((to, to_lane), (from, from_lane)) = ((row / PANEL, row % PANEL), (last / PANEL, last % PANEL));
        for word in 0..self.words {
            let numbers = self.values[from * self.words + word].0;
            self.values[to * self.words + word].0[to_lane * WORD..][..WORD]
                .copy_from_slice(&numbers[from_lane * WORD..][..WORD]);
        }
        self.scales[to][to_lane] = self.scales[from][from_lane];
        self.errors[to][to_lane] = self.errors[from][from_lane];
        self.rows = last;
        if from_lane == 0 {
            self.values.truncate(from * self.words);
            self.scales.truncate(from);
            self.errors.truncate(from);
        }
    }

    /// All panels in order, in runs that double from one panel to `most`.
    pub(crate) fn runs(&self, most: usize) -> impl Iterator<Item = Panels<'_>> {
        let panels = self.scales.len();
        let starts =
            std::iter::successors(Some(0), move |start: &usize| Some(start + (*start).clamp(1, most)));
        starts.take_while(move |start| *start < panels).map(move |start| {
            let end = (start + start.clamp(1, most)).min(panels);
            Panels {
                first: start * PANEL,
                values: &self.values[start * self.words..end * self.words],
                scales: &self.scales[start..end],
                errors: &self.errors[start..end],
            }
        })
    }
}
