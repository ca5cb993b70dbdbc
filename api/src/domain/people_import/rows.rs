//! From the cells of a table to people: which columns there are, and what is wrong in each row.

use std::collections::{BTreeMap, HashMap};

use types::CreatePerson;

use crate::domain::names;
use crate::domain::people_import::sheet::Sheet;
use crate::domain::person_fields;
use crate::error::ApiError;
use crate::models::people::NewPerson;

/// The columns that are known, in the order of an export.
pub const COLUMNS: [&str; 7] = ["name", "external_id", "email", "phone", "branch", "year", "groups"];

/// Separates the names of groups in a cell.
pub const GROUP_SEPARATOR: char = ';';

/// A row with its cells by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file; the headings are row 1.
    pub number: usize,
    /// Its cells, empty ones included, of the columns that the file has.
    pub cells: BTreeMap<String, String>,
}

/// What is wrong in a row, by column.
pub type Problems = BTreeMap<String, String>;

/// A person as a row states them.
#[derive(Debug, Clone)]
pub struct Stated {
    /// The fields; those whose column the file has not are empty.
    pub person: NewPerson,
    /// The groups, where the file has that column.
    pub groups: Option<Vec<String>>,
}

/// The columns of a table and its rows.
///
/// # Errors
/// 422 that names `file`: unknown, doubled or missing columns, cells beyond the headings.
pub fn rows(sheet: Sheet) -> Result<(Vec<String>, Vec<Row>), ApiError> {
    let refused = |what: String| Err(ApiError::invalid("file", what));
    let mut sheet_rows = sheet.rows.into_iter();
    let Some((_, headings)) = sheet_rows.next() else {
        return refused("This file is empty: its first row names the columns.".to_owned());
    };
    let headings: Vec<String> = headings.iter().map(|heading| normal(heading)).collect();
    let named: Vec<&String> = headings.iter().filter(|heading| !heading.is_empty()).collect();
    let unknown: Vec<String> =
        named.iter().filter(|name| !COLUMNS.contains(&name.as_str())).map(|name| short(name)).collect();
    if !unknown.is_empty() {
        return refused(format!(
            "Unknown columns: {}. Known are {}.",
            unknown.join(", "),
            COLUMNS.join(", ")
        ));
    }
    let twice: Vec<&str> =
        COLUMNS.into_iter().filter(|known| named.iter().filter(|name| name == &known).count() > 1).collect();
    if !twice.is_empty() {
        return refused(format!("Columns that are there twice: {}.", twice.join(", ")));
    }
    let missing: Vec<&str> =
        COLUMNS[..2].iter().copied().filter(|needed| !named.iter().any(|name| name == needed)).collect();
    if !missing.is_empty() {
        return refused(format!("Columns that are missing: {}.", missing.join(", ")));
    }
    let columns = named.into_iter().cloned().collect();
    let mut rows = Vec::new();
    for (number, cells) in sheet_rows {
        let of = |column: usize| headings.get(column).filter(|heading| !heading.is_empty());
        if let Some(at) = (0..cells.len()).find(|&column| of(column).is_none() && !cells[column].is_empty()) {
            return refused(format!("Row {number} has a text in column {}, which has no heading.", at + 1));
        }
        let cell = |column: usize| cells.get(column).cloned().unwrap_or_default();
        let cells =
            (0..headings.len()).filter_map(|column| Some((of(column)?.clone(), cell(column)))).collect();
        rows.push(Row { number, cells });
    }
    Ok((columns, rows))
}

fn normal(heading: &str) -> String {
    names::tidy(heading).to_lowercase().replace([' ', '-'], "_")
}

fn short(name: &str) -> String {
    name.chars().take(40).collect()
}

/// What each row states, or what is wrong in it.
pub fn stated(rows: &[Row]) -> Vec<Result<Stated, Problems>> {
    let mut first: HashMap<String, usize> = HashMap::new();
    rows.iter()
        .map(|row| {
            let stated = read(row)?;
            let earlier = *first.entry(stated.person.external_id.clone()).or_insert(row.number);
            if earlier == row.number {
                return Ok(stated);
            }
            Err(BTreeMap::from([("external_id".to_owned(), format!("Row {earlier} has the same id."))]))
        })
        .collect()
}

fn read(row: &Row) -> Result<Stated, Problems> {
    let cell = |column: &str| row.cells.get(column).cloned().filter(|text| !text.is_empty());
    let mut problems = Problems::new();
    let year = cell("year").and_then(|text| match text.parse() {
        Ok(year) => Some(year),
        Err(_) => {
            problems.insert("year".to_owned(), person_fields::YEAR.to_owned());
            None
        }
    });
    let request = CreatePerson {
        name: cell("name").unwrap_or_default(),
        external_id: cell("external_id").unwrap_or_default(),
        email: cell("email"),
        phone: cell("phone"),
        branch: cell("branch"),
        year,
        groups: Vec::new(),
        consent: None,
    };
    let groups = row.cells.get("groups").map(|text| {
        let names = text.split(GROUP_SEPARATOR).map(str::trim).filter(|name| !name.is_empty());
        person_fields::group_names(&names.map(str::to_owned).collect::<Vec<_>>())
    });
    let person = person_fields::checked(&request);
    match (person, groups.transpose()) {
        (Ok(person), Ok(groups)) if problems.is_empty() => Ok(Stated { person, groups }),
        (person, groups) => {
            for error in [person.err(), groups.err()].into_iter().flatten() {
                if let ApiError::Invalid(fields) = error {
                    problems.extend(fields);
                }
            }
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::people_import::sheet;

    fn read_text(text: &str) -> Result<(Vec<String>, Vec<Row>), String> {
        rows(sheet::read(text.as_bytes()).expect("a table")).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_recognised_or_refused_by_name() {
        let (columns, rows) = read_text("External ID,Name,\nS-1,Zoë,\n").expect("known columns");
        assert_eq!(columns, ["external_id", "name"]);
        assert_eq!((rows[0].number, rows[0].cells["name"].as_str()), (2, "Zoë"));
        for (text, said) in [
            ("name,external_id,colour,e-mail\n", "colour, e_mail"),
            ("name,external_id,NAME\n", "twice: name"),
            ("name,email\n", "missing: external_id"),
            ("name,external_id,\nA,1,x\n", "column 3"),
            ("name,external_id\nA,1,x\n", "column 3"),
            ("", "empty"),
        ] {
            let error = read_text(text).expect_err(text);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn each_row_is_judged_by_column() {
        let text = "name,external_id,email,year,groups\nZoë,S-1,zoe@x.org,2,7b; Choir;\n,S-2,nobody,two,\nB,S-1,,,\n";
        let (_, rows) = read_text(text).expect("rows");
        let stated = stated(&rows);
        let zoe = stated[0].as_ref().expect("a person");
        assert_eq!(zoe.groups.as_deref(), Some(&["7b".to_owned(), "Choir".to_owned()][..]));
        assert_eq!((zoe.person.year, zoe.person.phone.as_deref()), (Some(2), None));
        let wrong = stated[1].as_ref().expect_err("wrong");
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["email", "name", "year"]);
        assert!(stated[2].as_ref().expect_err("twice")["external_id"].contains("Row 2"));
    }

    #[test]
    fn a_year_has_four_digits_at_most_and_no_sign() {
        for (year, good) in [("0", true), ("2026", true), ("20266", false), ("99999", false), ("-5", false)] {
            let (_, rows) = read_text(&format!("name,external_id,year\nA,1,{year}\n")).expect("rows");
            let problem = stated(&rows).remove(0).err().and_then(|mut wrong| wrong.remove("year"));
            assert_eq!(problem.is_none(), good, "{year}");
        }
    }
}
