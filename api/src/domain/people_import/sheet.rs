//! Reading a table from bytes that somebody sent: CSV in whatever encoding and with whatever delimiter, or XLSX. Texts
//! are taken as they are; formulas count as their last value.

use std::io::{Cursor, Read, Seek};

use calamine::{Data, DataRef, Reader, Xlsx};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::error::ApiError;

/// Most rows, beside the headings.
pub const MAX_ROWS: usize = 50_000;
const MAX_COLUMNS: usize = 100;
/// Most characters in a cell.
const MAX_CELL: usize = 10_000;
const UNREADABLE: &str = "This workbook cannot be read: save it as XLSX again, or as CSV.";
/// Bytes of text in a whole workbook: twenty thousand rows of addresses take a tenth.
const MAX_TEXT: usize = 32 * 1024 * 1024;

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Sheet {
    /// `csv` or `xlsx`.
    pub format: &'static str,
    /// Of a CSV file.
    pub encoding: Option<&'static str>,
    /// Of a CSV file.
    pub delimiter: Option<char>,
    /// All rows with their numbers in the file, from 1; rows without text are left out.
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Bounds on an archive, so that a small one cannot fill memory or disk.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveCaps {
    /// Most entries.
    pub entries: usize,
    /// Most bytes of one entry, unpacked.
    pub entry_bytes: u64,
    /// Most bytes of all, unpacked.
    pub total_bytes: u64,
    /// Most times that an entry larger than a megabyte may grow when it is unpacked.
    pub ratio: u64,
}

/// An XLSX file of 50,000 people unpacks to some 20 MB.
const XLSX_CAPS: ArchiveCaps =
    ArchiveCaps { entries: 500, entry_bytes: 48 << 20, total_bytes: 64 << 20, ratio: 300 };

/// Unpacks an archive into nothing, counting: what its headers say of sizes proves nothing.
///
/// # Errors
/// 422 that names `file`, for what is no archive, is encrypted or grows beyond the caps.
pub fn check_archive<R: Read + Seek>(archive: R, caps: ArchiveCaps) -> Result<(), ApiError> {
    let mut archive = zip::ZipArchive::new(archive).map_err(|_| refused("This archive is damaged."))?;
    if archive.len() > caps.entries {
        return Err(refused(&format!("This archive has more than {} entries.", caps.entries)));
    }
    let mut total = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| refused("This archive is damaged or encrypted."))?;
        let packed = entry.compressed_size().max(1);
        let most = caps.entry_bytes.min(caps.total_bytes - total);
        let size = std::io::copy(&mut entry.take(most + 1), &mut std::io::sink())
            .map_err(|_| refused("This archive is damaged."))?;
        if size > most || (size > 1 << 20 && size / packed > caps.ratio) {
            return Err(refused("This archive grows too large when it is unpacked."));
        }
        total += size;
    }
    Ok(())
}

/// Reads a table.
///
/// # Errors
/// 422 that names `file`.
pub fn read(bytes: &[u8]) -> Result<Sheet, ApiError> {
    if bytes.starts_with(b"PK\x03\x04") {
        // A sheet made to mislead can make its reader panic: that is a wrong file, and no failure of the server.
        std::panic::catch_unwind(|| read_xlsx(bytes)).unwrap_or_else(|_| Err(refused(UNREADABLE)))
    } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        Err(refused(
            "This is a workbook of an old or encrypted kind: save it as XLSX without a password, or as CSV.",
        ))
    } else {
        read_csv(bytes)
    }
}

fn refused(what: &str) -> ApiError {
    ApiError::invalid("file", what)
}

fn too_many_rows() -> ApiError {
    refused(&format!("This file has more than {MAX_ROWS} rows: send it in parts."))
}

fn read_csv(bytes: &[u8]) -> Result<Sheet, ApiError> {
    let (text, encoding) = decode(bytes)?;
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter as u8)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| refused(&format!("This file cannot be read: {error}.")))?;
        if index > MAX_ROWS {
            return Err(too_many_rows());
        }
        let cells = record.iter().map(|cell| cell_text(unguarded(cell))).collect::<Result<Vec<_>, _>>()?;
        push(&mut rows, index + 1, cells)?;
    }
    Ok(Sheet { format: "csv", encoding: Some(encoding.name()), delimiter: Some(delimiter), rows })
}

/// The text and the encoding that it was in: what a mark at the beginning says, UTF-8 where the bytes are that, and
/// else Windows-1252, which programs of an office write.
fn decode(bytes: &[u8]) -> Result<(String, &'static Encoding), ApiError> {
    let (encoding, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (WINDOWS_1252, bytes),
    };
    let (text, damaged) = encoding.decode_without_bom_handling(rest);
    if damaged {
        return Err(refused(&format!(
            "This file begins as {} and is not: save it as UTF-8.",
            encoding.name()
        )));
    }
    if text.contains('\0') {
        return Err(refused("This is no text: save the table as CSV in UTF-8, or as XLSX."));
    }
    Ok((text.into_owned(), encoding))
}

/// Which of comma, semicolon and tab the first line has most of, outside quotes.
fn delimiter(text: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0), (';', 0), ('\t', 0)];
    for c in text.trim_start().chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted => break,
            c if !quoted => counts.iter_mut().filter(|(d, _)| *d == c).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    // The first of several wins a draw.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(delimiter, _)| *delimiter)
}

/// A cell without the apostrophe that keeps a spreadsheet from running it.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => rest,
        _ => cell,
    }
}

fn cell_text(text: &str) -> Result<String, ApiError> {
    if text.chars().count() > MAX_CELL {
        return Err(refused(&format!("A cell holds more than {MAX_CELL} characters.")));
    }
    Ok(text.trim().to_owned())
}

fn push(rows: &mut Vec<(usize, Vec<String>)>, number: usize, cells: Vec<String>) -> Result<(), ApiError> {
    if cells.len() > MAX_COLUMNS {
        return Err(refused(&format!("Row {number} has more than {MAX_COLUMNS} columns.")));
    }
    if cells.iter().any(|cell| !cell.is_empty()) {
        rows.push((number, cells));
    }
    Ok(())
}

fn read_xlsx(bytes: &[u8]) -> Result<Sheet, ApiError> {
    check_archive(Cursor::new(bytes), XLSX_CAPS)?;
    let unreadable = |_| refused(UNREADABLE);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let first =
        book.sheet_names().into_iter().next().ok_or_else(|| refused("This workbook has no sheet."))?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(unreadable)?;
    let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
    let (mut number, mut row): (usize, Vec<String>) = (0, Vec::new());
    let mut characters = 0;
    // Cell by cell: what a sheet says of its size may be anything.
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (at, column) = (cell.get_position().0 as usize + 1, cell.get_position().1 as usize);
        let text = cell_text(&shown(cell.get_value()))?;
        if text.is_empty() {
            continue;
        }
        // Many cells may share one text, which the archive holds once.
        characters += text.len();
        if characters > MAX_TEXT {
            return Err(refused("This workbook holds more text than a table of people: import it in parts."));
        }
        if at < number {
            return Err(refused(
                "The rows of this workbook are out of order: save it as XLSX again, or as CSV.",
            ));
        }
        if at > MAX_ROWS + 1 {
            return Err(too_many_rows());
        }
        if column >= MAX_COLUMNS {
            return Err(refused(&format!("Row {at} has more than {MAX_COLUMNS} columns.")));
        }
        if at > number {
            push(&mut rows, number, std::mem::take(&mut row))?;
            number = at;
        }
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text;
    }
    push(&mut rows, number, row)?;
    Ok(Sheet { format: "xlsx", encoding: None, delimiter: None, rows })
}

/// A cell as a person reads it: whole numbers without a point, days as 2026-11-21.
fn shown(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(at) if at.is_duration() => at.as_f64().to_string(),
        Data::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
            }
        }
        Data::Error(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn texts(sheet: &Sheet) -> Vec<Vec<&str>> {
        sheet.rows.iter().map(|(_, row)| row.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn csv_is_read_in_each_encoding_and_with_each_delimiter() {
        let text = "name;external_id\r\n\"Zoë; Å\";S-1\r\n";
        let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            ['\u{feff}']
                .into_iter()
                .chain(text.chars())
                .map(|c| to_bytes(c as u16))
                .collect::<Vec<_>>()
                .concat()
        };
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8"),
            (utf16(u16::to_le_bytes), "UTF-16LE"),
            (utf16(u16::to_be_bytes), "UTF-16BE"),
            (text.chars().map(|c| u8::try_from(c as u32).expect("Latin")).collect(), "windows-1252"),
        ] {
            let sheet = read(&bytes).expect(encoding);
            assert_eq!((sheet.encoding, sheet.delimiter), (Some(encoding), Some(';')));
            assert_eq!(texts(&sheet), [["name", "external_id"], ["Zoë; Å", "S-1"]], "{encoding}");
        }
        assert_eq!(read(b"a\tb\n1\t2").expect("tabs").delimiter, Some('\t'));
        assert_eq!(read(b"\"a;b\",c\n1,2").expect("commas").delimiter, Some(','));
        assert_eq!(read(b"alone\n1").expect("one column").delimiter, Some(','));
    }

    #[test]
    fn what_is_no_table_is_refused_in_words() {
        for bytes in [&b"PK\x03\x04 rubbish"[..], b"\xd0\xcf\x11\xe0", b"a\0b", b"\xff\xfe\x00\xd8\x00"] {
            assert!(matches!(read(bytes), Err(ApiError::Invalid(_))), "{bytes:?}");
        }
        let long = format!("name\n{}", "x".repeat(MAX_CELL + 1));
        assert!(read(long.as_bytes()).is_err());
        assert!(read("a\n".repeat(MAX_ROWS + 2).as_bytes()).is_err());
        assert_eq!(read("a\n".repeat(MAX_ROWS + 1).as_bytes()).expect("just fits").rows.len(), MAX_ROWS + 1);
        assert!(read(",".repeat(MAX_COLUMNS).as_bytes()).is_err());
    }

    fn archive(entries: usize, bytes: usize) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..entries {
            zip.start_file(number.to_string(), zip::write::SimpleFileOptions::default()).expect("entry");
            zip.write_all(&vec![0; bytes]).expect("bytes");
        }
        zip.finish().expect("archive").into_inner()
    }

    #[test]
    fn archives_that_grow_are_refused() {
        let caps = ArchiveCaps { entries: 5, entry_bytes: 4 << 20, total_bytes: 6 << 20, ratio: 100 };
        let check = |bytes: Vec<u8>| check_archive(Cursor::new(bytes), caps);
        assert!(check(archive(5, 1000)).is_ok());
        assert!(check(archive(6, 1)).is_err(), "entries");
        assert!(check(archive(1, 5 << 20)).is_err(), "one entry");
        assert!(check(archive(1, 2 << 20)).is_err(), "ratio");
        assert!(check(archive(5, 1 << 20)).is_ok());
        let caps = ArchiveCaps { total_bytes: 4 << 20, ..caps };
        assert!(check_archive(Cursor::new(archive(5, 1 << 20)), caps).is_err(), "total");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let _ = read(&[b"PK\x03\x04", &bytes[..]].concat());
        }
    }
}
