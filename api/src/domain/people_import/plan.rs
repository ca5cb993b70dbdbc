//! What becomes of each row beside the people there are, and doing it.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::PgConnection;
use serde_json::json;
use types::{ImportVerdict, UserId};
use uuid::Uuid;

use crate::domain::groups;
use crate::domain::people_import::rows::{Problems, Row, Stated, stated};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::people::{NewPerson, Person};

/// How many people are written at once.
const BATCH: usize = 500;

/// What becomes of a row.
#[derive(Debug)]
pub struct Planned {
    /// Its verdict.
    pub verdict: ImportVerdict,
    /// What is wrong in it.
    pub problems: Problems,
    /// The person as they will be, where nothing is wrong.
    person: Option<NewPerson>,
    groups: Option<Vec<String>>,
    renamed: bool,
}

/// Judges rows beside the people there are; those are held until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn plan(conn: &mut PgConnection, rows: &[Row]) -> Result<Vec<Planned>, ApiError> {
    let stated = stated(rows);
    let ids: Vec<String> = stated.iter().flatten().map(|row| row.person.external_id.clone()).collect();
    let mut existing: HashMap<String, Person> = HashMap::new();
    for person in models::people::hold_by_external_ids(conn, &ids)? {
        existing.insert(person.external_id.clone(), person);
    }
    let people: Vec<Uuid> = existing.values().map(|person| person.id).collect();
    let mut belongs: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    for (person, group) in models::groups::of_people(conn, &people)? {
        belongs.entry(person).or_default().insert(group.name.to_lowercase());
    }
    let planned = rows.iter().zip(stated).map(|(row, stated)| match stated {
        Ok(stated) => match existing.get(&stated.person.external_id) {
            Some(person) => update(row, stated, person, belongs.get(&person.id)),
            None => Planned {
                verdict: ImportVerdict::Create,
                problems: Problems::new(),
                person: Some(stated.person),
                groups: stated.groups,
                renamed: false,
            },
        },
        Err(problems) => {
            Planned { verdict: ImportVerdict::Error, problems, person: None, groups: None, renamed: false }
        }
    });
    Ok(planned.collect())
}

/// A column that the file has not leaves a field as it is; an empty cell empties it.
fn update(row: &Row, stated: Stated, person: &Person, belongs: Option<&BTreeSet<String>>) -> Planned {
    let has = |column: &str| row.cells.contains_key(column);
    let text =
        |column: &str, new: Option<String>, old: &Option<String>| if has(column) { new } else { old.clone() };
    let new = stated.person;
    let after = NewPerson {
        id: person.id,
        name: new.name,
        external_id: person.external_id.clone(),
        email: text("email", new.email, &person.email),
        phone: text("phone", new.phone, &person.phone),
        branch: text("branch", new.branch, &person.branch),
        year: if has("year") { new.year } else { person.year },
    };
    let same_groups = stated.groups.as_ref().is_none_or(|names| {
        let wanted: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        belongs.map_or(wanted.is_empty(), |belongs| *belongs == wanted)
    });
    let before = (&person.name, &person.email, &person.phone, &person.branch, &person.year);
    let same = before == (&after.name, &after.email, &after.phone, &after.branch, &after.year);
    Planned {
        verdict: if same && same_groups { ImportVerdict::Unchanged } else { ImportVerdict::Update },
        problems: Problems::new(),
        renamed: person.name != after.name,
        person: Some(after),
        groups: stated.groups.filter(|_| !same_groups),
    }
}

/// Stores what was planned; tells `progress` of rows that are worked off.
///
/// # Errors
/// When the database fails or an id is taken in the meantime; nothing may be committed then.
pub fn store(
    conn: &mut PgConnection,
    by: UserId,
    import: Uuid,
    planned: &[Planned],
    mut progress: impl FnMut(usize) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let today = models::settings::today(conn)?;
    let group_ids = group_ids(conn, planned)?;
    let mut renamed = Vec::new();
    for (batch, rows) in planned.chunks(BATCH).enumerate() {
        let of = |verdict: ImportVerdict| -> Vec<NewPerson> {
            rows.iter().filter(|row| row.verdict == verdict).filter_map(|row| row.person.clone()).collect()
        };
        let (created, updated) = (of(ImportVerdict::Create), of(ImportVerdict::Update));
        models::people::insert_many(conn, &created)?;
        models::people::update_many(conn, &updated)?;
        set_groups(conn, rows, &group_ids, today)?;
        for (action, people) in [("person.created", created), ("person.updated", updated)] {
            let entries: Vec<_> = people
                .iter()
                .map(|person| (person.id, json!({ "external_id": person.external_id, "import": import })))
                .collect();
            models::audit::insert_many(conn, Actor::User(by.0), action, "person", &entries)?;
        }
        renamed.extend(rows.iter().filter(|row| row.renamed).filter_map(|row| Some(row.person.as_ref()?.id)));
        progress((batch * BATCH + rows.len()).min(planned.len()))?;
    }
    if !renamed.is_empty() {
        models::gallery::touch(conn, &renamed)?;
    }
    Ok(())
}

/// The ids of all groups that are named, by name in lower case.
fn group_ids(conn: &mut PgConnection, planned: &[Planned]) -> Result<HashMap<String, Uuid>, ApiError> {
    let mut names: HashMap<String, String> = HashMap::new();
    for name in planned.iter().filter_map(|row| row.groups.as_ref()).flatten() {
        names.entry(name.to_lowercase()).or_insert_with(|| name.clone());
    }
    let (lower, names): (Vec<String>, Vec<String>) = names.into_iter().unzip();
    let ids = models::groups::find_or_insert(conn, &names)?;
    Ok(lower.into_iter().zip(ids).collect())
}

fn set_groups(
    conn: &mut PgConnection,
    rows: &[Planned],
    ids: &HashMap<String, Uuid>,
    today: NaiveDate,
) -> Result<(), ApiError> {
    let (mut people, mut wanted) = (Vec::new(), Vec::new());
    for row in rows {
        if let (Some(person), Some(names)) = (&row.person, &row.groups) {
            people.push(person.id);
            let groups = names.iter().filter_map(|name| ids.get(&name.to_lowercase()));
            wanted.extend(groups.map(|group| (person.id, *group)));
        }
    }
    if people.is_empty() {
        return Ok(());
    }
    let changed = models::groups::set(conn, &people, &wanted, today)?;
    groups::memberships_changed(conn, &changed, Some(today))
}
