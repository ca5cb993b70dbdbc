//! A report on paper: A4 across, heading and page number on each page, the head of the table repeated.
//!
//! The font is DejaVu Sans Condensed: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and others, shaped and
//! in their direction. A letter it lacks is printed as a middle dot, and the page says so.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use anyhow::{Context, anyhow};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use crate::domain::tables::{Cell, Heading};
use crate::error::ApiError;

const WIDTH: f32 = 842.0;
const HEIGHT: f32 = 595.0;
const MARGIN: f32 = 30.0;
/// The last line of the table's head stands here; a heading that needs two has the first above it.
const TOP: f32 = 80.0;
/// Between the two lines of a heading.
const HEAD_LINE: f32 = 9.0;
const LINE: f32 = 13.0;
const TEXT: f32 = 7.5;
/// Numbers are printed smaller down to this size before they are cut: a part of a number is a wrong one.
const SMALLEST: f32 = 4.0;
/// Between two columns.
const GAP: f32 = 3.0;
const LINES: usize = 36;
const DOT: char = '·';

const LACKING: &str = "Letters that this print has no font for are shown as dots; XLSX and CSV have them.";

/// What stands above each page.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Head {
    pub site: String,
    pub title: String,
    pub about: String,
    pub data_of: String,
}

/// A font that text can be measured in.
struct Face {
    font: Font,
    outlines: FontRef<'static>,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Result<Self, ApiError> {
        let font = Font::new(bytes.into(), 0).ok_or_else(|| anyhow!("a font cannot be read"))?;
        let outlines = FontRef::new(bytes).map_err(|error| anyhow!("a font cannot be read: {error}"))?;
        Ok(Self { font, outlines })
    }

    /// The advance of a letter; none for one that the font lacks.
    fn advance(&self, letter: char, size: f32) -> Option<f32> {
        let glyph = self.outlines.charmap().map(letter)?;
        self.outlines.glyph_metrics(Size::new(size), LocationRef::default()).advance_width(glyph)
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().filter_map(|letter| self.advance(letter, size)).sum()
    }

    /// A heading on one line, or on two where a break between words makes it narrower.
    fn broken<'a>(&self, title: &'a str, size: f32, room: f32) -> (&'a str, &'a str) {
        if self.width(title, size) <= room {
            return ("", title);
        }
        let longer = |(first, last): &(&str, &str)| self.width(first, size).max(self.width(last, size));
        let breaks = title.match_indices(' ').map(|(at, _)| (&title[..at], &title[at + 1..]));
        breaks.min_by(|one, other| longer(one).total_cmp(&longer(other))).unwrap_or(("", title))
    }

    /// A text that the font has and that fits, cut with an ellipsis; and whether letters were lacking.
    fn fitted(&self, text: &str, size: f32, room: f32) -> (String, bool) {
        let mut lacking = false;
        let clean: String = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .map(|letter| {
                let has = self.advance(letter, size).is_some();
                lacking |= !has;
                if has { letter } else { DOT }
            })
            .collect();
        // A column that was made for a text is exactly as wide.
        if self.width(&clean, size) <= room + 0.01 {
            return (clean, lacking);
        }
        let mut left = room - self.width("…", size);
        let kept = clean.chars().take_while(|letter| {
            left -= self.advance(*letter, size).unwrap_or(0.0);
            left >= 0.0
        });
        (kept.chain(['…']).collect(), lacking)
    }
}

/// A report being laid out, page by page.
pub struct Print {
    document: Document,
    regular: Face,
    bold: Face,
    head: Head,
    /// Heading, left edge and width of each column.
    columns: Vec<(String, f32, f32)>,
    pages: usize,
    page: usize,
    /// Lines of the page that is being filled: cells, or one note.
    lines: Vec<Vec<Text>>,
    notes: Vec<String>,
}

/// A text of a cell; numbers stand to the right.
struct Text {
    text: String,
    right: bool,
}

impl Print {
    /// Begins a report of so many rows, with lines of notes after them.
    ///
    /// # Errors
    /// When a font cannot be read.
    pub fn new(head: Head, headings: &[Heading], rows: usize, notes: Vec<String>) -> Result<Self, ApiError> {
        let all: f32 = headings.iter().map(|heading| f32::from(heading.width)).sum();
        let room = WIDTH - 2.0 * MARGIN;
        let mut left = MARGIN;
        let columns = headings
            .iter()
            .map(|heading| {
                let (start, width) = (left, room * f32::from(heading.width) / all);
                left += width;
                (heading.title.clone(), start, width - GAP)
            })
            .collect();
        Ok(Self {
            document: Document::new(),
            regular: Face::new(dejavu::sans_condensed::regular())?,
            bold: Face::new(dejavu::sans_condensed::bold())?,
            head,
            columns,
            pages: (rows + notes.len()).div_ceil(LINES).max(1),
            page: 0,
            lines: Vec::with_capacity(LINES),
            notes,
        })
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell]) {
        self.line(cells.iter().map(text_of).collect());
    }

    fn line(&mut self, texts: Vec<Text>) {
        self.lines.push(texts);
        if self.lines.len() == LINES {
            self.finish_page();
        }
    }

    /// Adds the notes and writes the file; it stands at its beginning.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, mut file: File) -> Result<File, ApiError> {
        for note in std::mem::take(&mut self.notes) {
            self.line(vec![Text { text: note, right: false }]);
        }
        if !self.lines.is_empty() || self.page == 0 {
            self.finish_page();
        }
        let bytes = self.document.finish().map_err(|error| anyhow!("a PDF cannot be made: {error:?}"))?;
        file.write_all(&bytes).context("a PDF cannot be written")?;
        file.seek(SeekFrom::Start(0)).context("a PDF cannot be read again")?;
        Ok(file)
    }

    fn finish_page(&mut self) {
        self.page += 1;
        let lines = std::mem::take(&mut self.lines);
        let Some(settings) = PageSettings::from_wh(WIDTH, HEIGHT) else { return };
        let mut page = self.document.start_page_with(settings);
        let mut surface = page.surface();
        let mut sheet = Sheet { surface: &mut surface, lacking: false };
        let whole = WIDTH - 2.0 * MARGIN;
        let title = format!("{} – {}", self.head.site, self.head.title);
        sheet.text(&self.bold, 13.0, (MARGIN, 40.0), whole, &title, false);
        sheet.text(&self.regular, 9.0, (MARGIN, 56.0), whole * 0.7, &self.head.about, false);
        sheet.text(&self.regular, 8.0, (MARGIN + whole * 0.7, 56.0), whole * 0.3, &self.head.data_of, true);
        sheet.band(TOP - HEAD_LINE - 8.5, LINE + HEAD_LINE, 0xE6EDF5);
        for (title, left, width) in &self.columns {
            let (first, last) = self.bold.broken(title, TEXT, *width);
            sheet.text(&self.bold, TEXT, (*left, TOP - HEAD_LINE), *width, first, false);
            sheet.text(&self.bold, TEXT, (*left, TOP), *width, last, false);
        }
        let mut y = TOP;
        for line in lines {
            y += LINE;
            if let [note] = line.as_slice() {
                sheet.text(&self.regular, TEXT, (MARGIN, y), whole, &note.text, false);
                continue;
            }
            for (cell, (_, left, width)) in line.iter().zip(&self.columns) {
                sheet.text(&self.regular, TEXT, (*left, y), *width, &cell.text, cell.right);
            }
        }
        let bottom = HEIGHT - 22.0;
        if sheet.lacking {
            sheet.text(&self.regular, TEXT, (MARGIN, bottom), whole * 0.7, LACKING, false);
        }
        let number = format!("Page {} of {}", self.page, self.pages);
        sheet.text(&self.regular, 8.0, (MARGIN + whole * 0.7, bottom), whole * 0.3, &number, true);
        surface.finish();
        page.finish();
    }
}

/// A page to write on.
struct Sheet<'a, 'b> {
    surface: &'a mut Surface<'b>,
    /// Whether a letter was lacking.
    lacking: bool,
}

impl Sheet<'_, '_> {
    fn text(&mut self, face: &Face, size: f32, (left, y): (f32, f32), room: f32, text: &str, right: bool) {
        let width = face.width(text, size);
        let size = if right && width > room { (size * room / width).max(SMALLEST) } else { size };
        let (text, lacking) = face.fitted(text, size, room);
        self.lacking |= lacking;
        if text.is_empty() {
            return;
        }
        let left = if right { left + room - face.width(&text, size) } else { left };
        let at = Point::from_xy(left, y);
        self.surface.draw_text(at, face.font.clone(), size, &text, false, TextDirection::Auto);
    }

    /// A coloured band across the page.
    fn band(&mut self, top: f32, height: f32, colour: u32) {
        let Some(rect) = Rect::from_xywh(MARGIN - GAP, top, WIDTH - 2.0 * (MARGIN - GAP), height) else {
            return;
        };
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        let [_, red, green, blue] = colour.to_be_bytes();
        let paint = rgb::Color::new(red, green, blue).into();
        self.surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, ..Fill::default() }));
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
        self.surface.set_fill(None);
    }
}

fn text_of(cell: &Cell) -> Text {
    let (text, right) = match cell {
        Cell::Empty => (String::new(), false),
        Cell::Text(text) => (text.clone(), false),
        Cell::Whole(number) => (number.to_string(), true),
        Cell::Share(share) => (format!("{:.1} %", share * 100.0), true),
        Cell::Day(day) => (day.to_string(), false),
        Cell::Time(time) => (time.format("%Y-%m-%d %H:%M").to_string(), false),
    };
    Text { text, right }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use chrono::NaiveDate;
    use types::ReportKind;

    use super::*;
    use crate::domain::reports::rows::{Column, columns};

    fn printed(rows: usize, name: &str) -> lopdf::Document {
        let head = Head {
            site: "Escuela Ñ".to_owned(),
            title: "Register".to_owned(),
            about: "2026-05-01 to 2026-05-31 · 5A".to_owned(),
            data_of: "Data as of 2026-06-01 08:00 UTC".to_owned(),
        };
        let headings = ["Name", "Times"].map(|title| Heading { title: title.to_owned(), width: 10 });
        let mut print = Print::new(head, &headings, rows, vec!["Absent: 3".to_owned()]).expect("fonts");
        for number in 0..rows {
            print.row(&[Cell::Text(name.to_owned()), Cell::Whole(i64::try_from(number).expect("a number"))]);
        }
        let mut file = print.finish(tempfile::tempfile().expect("a file")).expect("a PDF");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("readable");
        lopdf::Document::load_mem(&bytes).expect("a PDF")
    }

    #[test]
    fn each_page_has_heading_table_head_and_number() {
        for (rows, pages) in [(0, 1), (35, 1), (36, 2), (71, 2), (72, 3)] {
            let document = printed(rows, "Ayşe Öz");
            assert_eq!(document.get_pages().len(), pages, "{rows} rows");
            for page in 1..=pages {
                let text = document.extract_text(&[u32::try_from(page).expect("a number")]).expect("text");
                for part in ["Escuela Ñ – Register", "2026-05-31 · 5A", "Data as of 2026", "Name"] {
                    assert!(text.contains(part), "page {page} of {rows} rows lacks {part}: {text}");
                }
                assert!(text.contains(&format!("Page {page} of {pages}")), "{text}");
            }
            let last = document.extract_text(&[u32::try_from(pages).expect("a number")]).expect("text");
            assert!(last.contains("Absent: 3"), "{last}");
        }
    }

    #[test]
    fn a_month_across_keeps_its_days_and_its_numbers() {
        let bold = Face::new(dejavu::sans_condensed::bold()).expect("a font");
        assert_eq!(bold.broken("Su 01", TEXT, 12.0), ("Su", "01"));
        assert_eq!(bold.broken("Not seen to leave", TEXT, 40.0), ("Not seen", "to leave"));
        assert_eq!(bold.broken("Rate", TEXT, 40.0), ("", "Rate"));
        for kind in [ReportKind::Register, ReportKind::Hours] {
            let day = |day: u32| NaiveDate::from_ymd_opt(2026, 5, day).expect("a day");
            let columns = columns(kind, (day(1), day(31).succ_opt().expect("a day")));
            let headings: Vec<Heading> = columns.iter().map(Column::printed).collect();
            let head = || Head {
                site: String::new(),
                title: String::new(),
                about: String::new(),
                data_of: String::new(),
            };
            let print = Print::new(head(), &headings, 1, Vec::new()).expect("fonts");
            for (title, _, width) in &print.columns {
                let (first, last) = bold.broken(title, TEXT, *width);
                for line in [first, last] {
                    assert_eq!(bold.fitted(line, TEXT, *width).0, line, "{title} in {width}");
                }
            }
            let narrowest = print.columns.iter().map(|column| column.2).fold(f32::MAX, f32::min);
            let (_, _, rate) = print.columns.last().expect("a column");
            assert_eq!(print.regular.fitted("100.0 %", TEXT, *rate).0, "100.0 %", "{rate}");
            assert!(narrowest >= print.regular.width("31", TEXT), "{narrowest}");
        }
    }

    #[test]
    fn names_of_many_scripts_are_printed_and_long_ones_cut() {
        let regular = Face::new(dejavu::sans_condensed::regular()).expect("a font");
        for name in ["Ayşe Öz", "Ελένη", "Олександр", "محمد علي", "דוד כהן", "Անի", "ნინო", "Nguyễn Thị Hồng"]
        {
            assert_eq!(regular.fitted(name, TEXT, 200.0), (name.to_owned(), false));
        }
        let (cut, lacking) = regular.fitted(&"Wolfeschlegelstein".repeat(9), TEXT, 60.0);
        assert!(cut.ends_with('…') && regular.width(&cut, TEXT) <= 60.0 && !lacking, "{cut}");
        assert_eq!(regular.fitted("班 A", TEXT, 60.0), ("· A".to_owned(), true));
        let text = printed(1, "班").extract_text(&[1]).expect("text");
        assert!(text.contains("shown as dots"), "{text}");
        assert!(!printed(1, "Ayşe").extract_text(&[1]).expect("text").contains("shown as dots"));
    }
}
