//! Tables as files: CSV and XLSX, written row by row into a file, so that no table is held in memory.
//!
//! Text never becomes a formula: a CSV cell that a spreadsheet would run gets an apostrophe in front, and the strings
//! of an XLSX file are strings.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use anyhow::Context;
use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{Color, Format, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::error::ApiError;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A share of one, shown in percent.
    Share(f64),
    /// A day.
    Day(NaiveDate),
    /// A moment, in the zone that the table is for.
    Time(NaiveDateTime),
}

impl Cell {
    /// The text, or nothing.
    pub fn text(text: Option<String>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }
}

/// A column's heading and width, in characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// The heading.
    pub title: String,
    /// How many characters a cell shows.
    pub width: u16,
}

/// A spreadsheet runs what begins with one of these.
const STARTS_FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// The text of a CSV cell: an apostrophe in front keeps a spreadsheet from running it.
pub fn not_a_formula(text: &str) -> String {
    if text.starts_with(STARTS_FORMULA) { format!("'{text}") } else { text.to_owned() }
}

/// Writes a table as CSV: UTF-8 with a byte order mark, RFC 4180.
pub struct CsvTable {
    rows: csv::Writer<BufWriter<File>>,
}

impl CsvTable {
    /// Begins a table in an empty file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(file: File, headings: &[Heading]) -> Result<Self, ApiError> {
        let mut file = BufWriter::new(file);
        file.write_all("\u{feff}".as_bytes()).context("a CSV file cannot be written")?;
        let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        rows.write_record(headings.iter().map(|heading| not_a_formula(&heading.title)))
            .context("a CSV file cannot be written")?;
        Ok(Self { rows })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), ApiError> {
        let texts = cells.iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => not_a_formula(text),
            Cell::Whole(number) => number.to_string(),
            Cell::Share(share) => format!("{:.1}%", share * 100.0),
            Cell::Day(day) => day.to_string(),
            Cell::Time(time) => time.format("%Y-%m-%d %H:%M").to_string(),
        });
        Ok(self.rows.write_record(texts).context("a CSV file cannot be written")?)
    }

    /// Ends the table; the file stands at its beginning.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<File, ApiError> {
        let file = self.rows.into_inner().map_err(|error| anyhow::anyhow!("{}", error.error()))?;
        rewound(file.into_inner().map_err(|error| anyhow::anyhow!("{}", error.error()))?)
    }
}

/// Writes a table as a workbook of one sheet with a styled heading that stays in view.
pub struct XlsxTable {
    workbook: Workbook,
    file: File,
    formats: Formats,
    next_row: u32,
}

struct Formats {
    share: Format,
    day: Format,
    time: Format,
}

impl XlsxTable {
    /// Begins a table in an empty file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(file: File, headings: &[Heading]) -> Result<Self, ApiError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(refused)?;
        let heading = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xE6EDF5))
            .set_border_bottom(FormatBorder::Thin);
        sheet.set_freeze_panes(1, 0).map_err(refused)?;
        for (column, Heading { title, width }) in (0u16..).zip(headings) {
            sheet.set_column_width(column, f64::from(*width)).map_err(refused)?;
            sheet.write_string_with_format(0, column, title, &heading).map_err(refused)?;
        }
        let formats = Formats {
            share: Format::new().set_num_format("0.0%"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm"),
        };
        Ok(Self { workbook, file, formats, next_row: 1 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// 422 when a sheet can hold no more rows, or when the file cannot be written.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), ApiError> {
        let row = self.next_row;
        let sheet = self.workbook.worksheet_from_index(0).map_err(refused)?;
        for (column, cell) in (0u16..).zip(cells) {
            write_cell(sheet, &self.formats, (row, column), cell).map_err(refused)?;
        }
        self.next_row += 1;
        Ok(())
    }

    /// Adds a second sheet, of lines that each say one thing about the table.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn summary(&mut self, lines: &[(String, Cell)]) -> Result<(), ApiError> {
        let sheet = self.workbook.add_worksheet().set_name("Summary").map_err(refused)?;
        sheet.set_column_width(0, 24).map_err(refused)?;
        sheet.set_column_width(1, 32).map_err(refused)?;
        for (row, (title, cell)) in (0u32..).zip(lines) {
            sheet.write_string(row, 0, title).map_err(refused)?;
            write_cell(sheet, &self.formats, (row, 1), cell).map_err(refused)?;
        }
        Ok(())
    }

    /// Ends the table; the file stands at its beginning.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<File, ApiError> {
        self.workbook.save_to_writer(&mut self.file).map_err(refused)?;
        rewound(self.file)
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    formats: &Formats,
    (row, column): (u32, u16),
    cell: &Cell,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, text).map(drop),
        #[allow(clippy::cast_precision_loss, reason = "a sheet knows no other numbers")]
        Cell::Whole(number) => sheet.write_number(row, column, *number as f64).map(drop),
        Cell::Share(share) => sheet.write_number_with_format(row, column, *share, &formats.share).map(drop),
        Cell::Day(day) => sheet.write_datetime_with_format(row, column, day, &formats.day).map(drop),
        Cell::Time(time) => sheet.write_datetime_with_format(row, column, time, &formats.time).map(drop),
    }
}

fn refused(error: XlsxError) -> ApiError {
    match error {
        XlsxError::RowColumnLimitError => ApiError::invalid(
            "format",
            "A sheet of XLSX ends at 1,048,576 rows. Take CSV, or ask for fewer days or people.",
        ),
        error => ApiError::Internal(anyhow::Error::new(error).context("an XLSX file cannot be written")),
    }
}

fn rewound(mut file: File) -> Result<File, ApiError> {
    file.seek(SeekFrom::Start(0)).context("a file cannot be read again")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    fn headings() -> Vec<Heading> {
        ["Name", "=Day", "Seen", "Times", "Rate"]
            .map(|title| Heading { title: title.to_owned(), width: 12 })
            .to_vec()
    }

    fn cells(name: &str) -> Vec<Cell> {
        let day = NaiveDate::from_ymd_opt(2026, 5, 4).expect("a day");
        vec![
            Cell::Text(name.to_owned()),
            Cell::Day(day),
            Cell::Time(day.and_hms_opt(8, 3, 0).expect("a time")),
            Cell::Whole(-3),
            Cell::Share(0.925),
        ]
    }

    const NAMES: [&str; 7] =
        ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "Ayşe \"A\", Öz", "=HYPERLINK(\"http://x\")"];

    fn bytes(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("readable");
        bytes
    }

    #[test]
    fn csv_has_a_mark_crlf_quotes_and_no_formula() {
        let mut table = CsvTable::create(tempfile::tempfile().expect("a file"), &headings()).expect("table");
        for name in NAMES {
            table.row(&cells(name)).expect("a row");
        }
        let bytes = bytes(table.finish().expect("a file"));
        assert_eq!(bytes[..3], [0xEF, 0xBB, 0xBF]);
        let text = String::from_utf8(bytes[3..].to_vec()).expect("UTF-8");
        assert!(
            text.starts_with("Name,'=Day,Seen,Times,Rate\r\n'=1+1,2026-05-04,2026-05-04 08:03,-3,92.5%\r\n")
        );
        assert!(text.contains("\"Ayşe \"\"A\"\", Öz\","), "{text}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Vec<String> = reader.records().map(|row| row.expect("a row")[0].to_owned()).collect();
        let guarded =
            NAMES.map(|name| if name.starts_with("Ay") { name.to_owned() } else { format!("'{name}") });
        assert_eq!(read, guarded);
    }

    #[test]
    fn xlsx_has_strings_days_times_and_numbers() {
        let mut table = XlsxTable::create(tempfile::tempfile().expect("a file"), &headings()).expect("table");
        for name in NAMES {
            table.row(&cells(name)).expect("a row");
        }
        let mut book = Xlsx::new(Cursor::new(bytes(table.finish().expect("a file")))).expect("a workbook");
        let sheet = book.worksheet_range_at(0).expect("a sheet").expect("readable");
        for (row, name) in NAMES.iter().enumerate() {
            let cell = |column| sheet.get((row + 1, column)).expect("a cell");
            assert_eq!(cell(0), &Data::String((*name).to_owned()));
            assert!(matches!(cell(1), Data::DateTime(at) if at.as_f64() == 46146.0), "{:?}", cell(1));
            assert!(matches!(cell(2), Data::DateTime(_)), "{:?}", cell(2));
            assert_eq!((cell(3), cell(4)), (&Data::Float(-3.0), &Data::Float(0.925)));
        }
        assert!(book.worksheet_formula("Sheet1").expect("formulas").is_empty());
    }

    #[test]
    fn a_sheet_that_is_full_is_refused_in_words() {
        let mut table = XlsxTable::create(tempfile::tempfile().expect("a file"), &headings()).expect("table");
        table.next_row = 1_048_576;
        assert!(matches!(table.row(&cells("A")), Err(ApiError::Invalid(_))));
    }
}
