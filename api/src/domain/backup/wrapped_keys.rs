//! Whether a master key opens what a backup holds.
//!
//! Photos, templates and secrets are sealed under keys that are in the dump, each wrapped by the master key. A dump's rows can
//! be had as text without a server, so one key of each table and version is tried before anything is written.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use types::{PersonId, ReviewId, UserId, WebhookId};
use uuid::Uuid;

use crate::keys::{MasterKeys, Owner, WrappedKey};

/// The tables whose rows have a wrapped key.
pub const TABLES: [&str; 5] = ["person_keys", "review_items", "second_factors", "webhooks", "seal_keys"];

/// One key of each table and version of the master key.
pub type Found = BTreeMap<(&'static str, i32), (Owner, WrappedKey)>;

/// Looks for keys in what `pg_restore` writes of [`TABLES`]: statements, and rows as `COPY` has them.
///
/// # Errors
/// When it cannot be read.
pub fn find(script: impl BufRead) -> io::Result<Found> {
    let mut found = Found::new();
    let mut within = None;
    for line in script.lines() {
        let line = line?;
        match &within {
            None => within = head(&line),
            Some(_) if line == r"\." => within = None,
            Some((table, columns)) => {
                if let Some((owner, key)) = read(table, columns, &line) {
                    found.entry((*table, key.version)).or_insert((owner, key));
                }
            }
        }
    }
    Ok(found)
}

/// The table and the columns of the rows that come next.
fn head(line: &str) -> Option<(&'static str, Vec<String>)> {
    let (name, columns) =
        line.strip_prefix("COPY public.")?.strip_suffix(") FROM stdin;")?.split_once(" (")?;
    let table = TABLES.into_iter().find(|table| *table == name)?;
    Some((table, columns.split(", ").map(str::to_owned).collect()))
}

fn read(table: &str, columns: &[String], row: &str) -> Option<(Owner, WrappedKey)> {
    let row: HashMap<&str, &str> = columns.iter().map(String::as_str).zip(row.split('\t')).collect();
    let id = |column: &str| row.get(column)?.parse::<Uuid>().ok();
    let owner = match table {
        "person_keys" => Owner::Person(PersonId(id("person_id")?)),
        "review_items" => Owner::Review(ReviewId(id("id")?)),
        "second_factors" => Owner::User(UserId(id("user_id")?)),
        "webhooks" => Owner::Webhook(WebhookId(id("id")?)),
        _ => Owner::Server,
    };
    let version = row.get("master_key_version")?.parse().ok()?;
    Some((owner, WrappedKey { version, bytes: bytes(row.get("wrapped")?)? }))
}

/// A `bytea`, whose backslash `COPY` doubles.
fn bytes(value: &str) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(r"\\x")?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Tries the master keys of a file on what was found in a database with so many rows in each table. Where nothing is sealed
/// no key is wanted.
///
/// # Errors
/// When a table has rows and no key was found in them, or one does not open.
pub fn open(found: &Found, rows: &BTreeMap<String, i64>, master_key_file: &Path) -> Result<()> {
    for table in TABLES {
        let count = rows.get(table).copied().unwrap_or_default();
        ensure!(
            count == 0 || found.keys().any(|(of, _)| *of == table),
            "the backup's table {table} has {count} rows, and no key can be read in them"
        );
    }
    if found.is_empty() {
        return Ok(());
    }
    let tried = || -> Result<()> {
        let keys = MasterKeys::open(master_key_file)?.unwrapper()?;
        found.values().try_for_each(|(owner, key)| keys.unwrap(*owner, key).map(|_| ()))
    };
    tried().with_context(|| {
        format!(
            "photos and templates of the backup do not open with the master key in {}: put the copy of that file there \
             from when the backup was made, or name it with --master-key-file and have audit.key beside it",
            master_key_file.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Uuid = Uuid::from_u128(7);

    fn script(version: i32, wrapped: &[u8]) -> String {
        let wrapped: String = wrapped.iter().map(|byte| format!("{byte:02x}")).collect();
        let columns = "(name, person_id, master_key_version, wrapped)";
        format!(
            "SET row_security = off;\n\nCOPY public.people (id) FROM stdin;\n{PERSON}\n\\.\n\n\
             COPY public.person_keys {columns} FROM stdin;\ncut off\n\\N\t{PERSON}\t{version}\t\\\\x{wrapped}\n\\.\n\n\
             COPY public.webhooks (id) FROM stdin;\n\\.\n"
        )
    }

    #[test]
    fn a_key_opens_with_its_own_master_key_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let master = MasterKeys::create(&path).expect("made");
        let (_, wrapped) = master.new_key(PersonId(PERSON)).expect("a key");
        let found = find(script(wrapped.version, &wrapped.bytes).as_bytes()).expect("text");
        assert_eq!(found.keys().collect::<Vec<_>>(), [&("person_keys", 1)]);
        let rows = BTreeMap::from([("person_keys".to_owned(), 1), ("webhooks".to_owned(), 0)]);
        open(&found, &rows, &path).expect("it opens");

        let refused = |path: &Path| format!("{:#}", open(&found, &rows, path).expect_err("refused"));
        master.add_version().expect("a later one");
        open(&found, &rows, &path).expect("the first is still there");
        master.forget_before(2).expect("forgotten");
        let text = refused(&path);
        assert!(text.contains("when the backup was made") && text.contains("version 1"), "{text}");
        let other = folder.path().join("other.key");
        MasterKeys::create(&other).expect("made");
        let text = refused(&other);
        assert!(text.contains("other.key is not the one that the data was sealed with"), "{text}");
        let text = refused(&folder.path().join("none.key"));
        assert!(text.contains("none.key cannot be opened"), "{text}");
    }

    #[test]
    fn keys_that_cannot_be_read_are_not_taken_for_none() {
        let nowhere = Path::new("nowhere");
        let rows = |count| BTreeMap::from([("person_keys".to_owned(), count)]);
        open(&Found::new(), &rows(0), nowhere).expect("nothing is sealed");
        for script in ["", &script(1, &[]).replace(r"\\x", "x"), &script(1, &[]).replace("master_key_", "")] {
            let found = find(script.as_bytes()).expect("text");
            let text = open(&found, &rows(2), nowhere).expect_err("refused").to_string();
            assert!(text.contains("person_keys has 2 rows"), "{text}");
        }
    }

    #[test]
    fn every_table_with_wrapped_keys_is_known() {
        let tables = include_str!("../../schema.rs").split("diesel::table! {");
        let tables = tables.filter(|table| table.contains("master_key_version"));
        let mut names: Vec<&str> = tables.filter_map(|table| table.trim().split(' ').next()).collect();
        names.sort_unstable();
        let mut known = TABLES;
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
