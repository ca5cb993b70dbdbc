//! People and the consent that stands for them.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use uuid::Uuid;

use crate::models::scope::Scope;
use crate::schema::{consents, group_members, groups, people};

diesel::define_sql_function! {
    /// The form in which names are searched: lower case, without accents. From the first migration.
    fn search_text(value: Text) -> Text
}
diesel::define_sql_function! {
    /// How well the best-matching words of `hay` match `needle`, 0 to 1. From pg_trgm.
    fn word_similarity(needle: Text, hay: Text) -> diesel::sql_types::Float4
}

// Whether some words of the right side are as similar to the left side as every connection asks (`FOUND`). From
// pg_trgm; unlike a comparison of `word_similarity` it can use the index.
diesel::infix_operator!(WordSimilar, " <% ", backend: Pg);

/// Trigram word similarity from which a misspelt name counts as found, set for every connection. PostgreSQL's own
/// default is 0.6, which refuses one wrong letter in five; 0.45 forgives it.
pub const FOUND: f32 = 0.45;

/// A person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = people)]
#[allow(missing_docs)]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    pub external_id: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub branch: Option<String>,
    pub year: Option<i16>,
    pub archived_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A person to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = people)]
#[allow(missing_docs)]
pub struct NewPerson {
    pub id: Uuid,
    pub name: String,
    pub external_id: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub branch: Option<String>,
    pub year: Option<i16>,
}

/// What changes; `None` stays, `Some(None)` empties.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = people)]
#[allow(missing_docs)]
pub struct PersonChanges {
    pub name: Option<String>,
    pub external_id: Option<String>,
    pub email: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub branch: Option<Option<String>>,
    pub year: Option<Option<i16>>,
    pub archived_at: Option<Option<DateTime<Utc>>>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// The consent that stands.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = consents)]
#[allow(missing_docs)]
pub struct Consent {
    pub person_id: Uuid,
    pub given_by: String,
    pub at: DateTime<Utc>,
    pub text_version: String,
    pub recorded_by: Uuid,
}

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub struct PeopleFilter {
    /// Whose records the caller may see.
    pub scope: Scope,
    /// Part of a name or external id, accents and case aside; slips are forgiven where nothing is found.
    pub query: Option<String>,
    /// Name of a group.
    pub group: Option<String>,
    /// Those archived instead of those who are not.
    pub archived: bool,
}

type Condition = Box<dyn BoxableExpression<people::table, Pg, SqlType = Bool>>;

/// How a name is looked for.
#[derive(Clone, Copy)]
enum Spelling {
    /// As it was typed.
    Typed,
    /// Or nearly so. Takes ten times as long where words are many.
    Near,
}

fn conditions(filter: &PeopleFilter, spelling: Spelling) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = vec![if filter.archived {
        Box::new(people::archived_at.is_not_null())
    } else {
        Box::new(people::archived_at.is_null())
    }];
    conditions.push(filter.scope.people());
    if let Some(query) = &filter.query {
        conditions.push(match spelling {
            Spelling::Typed => Box::new(people::search.like(search_text(containing(query)))),
            Spelling::Near => Box::new(WordSimilar::new(search_text(query.clone()), people::search)),
        });
    }
    if let Some(group) = &filter.group {
        conditions.push(Box::new(exists(
            group_members::table
                .inner_join(groups::table)
                .filter(group_members::person_id.eq(people::id))
                .filter(groups::name.eq(group.clone()))
                .filter(crate::models::groups::holds_today()),
        )));
    }
    conditions
}

/// A LIKE pattern for texts that contain `part` literally.
pub fn containing(part: &str) -> String {
    let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// A page of people, best matches first, then by name, and how many there are in all. Who is called nearly so is found
/// where nobody is called so.
pub fn list(
    conn: &mut PgConnection,
    filter: &PeopleFilter,
    offset: i64,
    limit: i64,
) -> QueryResult<(Vec<Person>, i64)> {
    let found = list_spelt(conn, filter, Spelling::Typed, offset, limit)?;
    if found.1 == 0 && filter.query.is_some() {
        return list_spelt(conn, filter, Spelling::Near, offset, limit);
    }
    Ok(found)
}

fn list_spelt(
    conn: &mut PgConnection,
    filter: &PeopleFilter,
    spelling: Spelling,
    offset: i64,
    limit: i64,
) -> QueryResult<(Vec<Person>, i64)> {
    let mut total = people::table.select(count_star()).into_boxed::<Pg>();
    let mut rows = people::table.select(Person::as_select()).into_boxed::<Pg>();
    for condition in conditions(filter, spelling) {
        total = total.filter(condition);
    }
    for condition in conditions(filter, spelling) {
        rows = rows.filter(condition);
    }
    if let Some(query) = &filter.query {
        rows = rows.order_by(word_similarity(search_text(query.clone()), people::search).desc());
    }
    let rows = rows.then_order_by((people::name, people::id)).offset(offset).limit(limit).load(conn)?;
    Ok((rows, total.get_result(conn)?))
}

/// One person.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Person> {
    people::table.find(id).select(Person::as_select()).first(conn)
}

/// One person, kept as they are until the transaction ends.
pub fn find_for_update(conn: &mut PgConnection, id: Uuid) -> QueryResult<Person> {
    people::table.find(id).select(Person::as_select()).for_update().first(conn)
}

/// Whether an external id is in use.
pub fn external_id_exists(conn: &mut PgConnection, external_id: &str) -> QueryResult<bool> {
    diesel::select(exists(people::table.filter(people::external_id.eq(external_id)))).get_result(conn)
}

/// How many may be seen and are not archived.
pub fn count(conn: &mut PgConnection, scope: &Scope) -> QueryResult<i64> {
    people::table
        .filter(people::archived_at.is_null())
        .filter(scope.people::<people::table>())
        .select(count_star())
        .get_result(conn)
}

/// Adds a person.
pub fn insert(conn: &mut PgConnection, person: &NewPerson) -> QueryResult<Person> {
    diesel::insert_into(people::table).values(person).returning(Person::as_returning()).get_result(conn)
}

/// Adds people.
pub fn insert_many(conn: &mut PgConnection, people: &[NewPerson]) -> QueryResult<()> {
    diesel::insert_into(people::table).values(people).execute(conn)?;
    Ok(())
}

/// Replaces the fields of people, by id.
pub fn update_many(conn: &mut PgConnection, people: &[NewPerson]) -> QueryResult<()> {
    use diesel::sql_types::{Array, Nullable, SmallInt, Uuid as SqlUuid};
    diesel::sql_query(
        "UPDATE people SET name = n.name, email = n.email, phone = n.phone, branch = n.branch, year = n.year, \
         updated_at = now() FROM unnest($1, $2, $3, $4, $5, $6) AS n (id, name, email, phone, branch, year) \
         WHERE people.id = n.id",
    )
    .bind::<Array<SqlUuid>, _>(people.iter().map(|person| person.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(people.iter().map(|person| &person.name).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(people.iter().map(|person| person.email.as_deref()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(people.iter().map(|person| person.phone.as_deref()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(people.iter().map(|person| person.branch.as_deref()).collect::<Vec<_>>())
    .bind::<Array<Nullable<SmallInt>>, _>(people.iter().map(|person| person.year).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}

/// The people with these external ids, held until the transaction ends.
pub fn hold_by_external_ids(conn: &mut PgConnection, ids: &[String]) -> QueryResult<Vec<Person>> {
    people::table
        .filter(people::external_id.eq_any(ids))
        .order_by(people::id)
        .select(Person::as_select())
        .for_update()
        .load(conn)
}

/// Those of some ids who exist.
pub fn existing(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    people::table.filter(people::id.eq_any(ids)).select(people::id).load(conn)
}

/// The people with these external ids.
pub fn ids_by_external_ids(conn: &mut PgConnection, ids: &[String]) -> QueryResult<Vec<(String, Uuid)>> {
    people::table.filter(people::external_id.eq_any(ids)).select((people::external_id, people::id)).load(conn)
}

/// Some people of a scope who are not archived, by name, after a name and id.
pub fn batch_by_name(
    conn: &mut PgConnection,
    scope: &crate::models::scope::Scope,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> QueryResult<Vec<Person>> {
    let mut query = people::table
        .filter(people::archived_at.is_null())
        .filter(scope.people::<people::table>())
        .into_boxed::<Pg>();
    if let Some((name, id)) = after {
        query = query
            .filter(people::name.gt(name.clone()).or(people::name.eq(name.clone()).and(people::id.gt(*id))));
    }
    query.order_by((people::name, people::id)).limit(limit).select(Person::as_select()).load(conn)
}

/// Changes a person.
pub fn update(conn: &mut PgConnection, id: Uuid, changes: PersonChanges) -> QueryResult<Person> {
    let changes = PersonChanges { updated_at: Some(Utc::now()), ..changes };
    diesel::update(people::table.find(id)).set(changes).returning(Person::as_returning()).get_result(conn)
}

/// Deletes a person and, by cascade, everything that hangs on them; says whether there was one.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(people::table.find(id)).execute(conn)? > 0)
}

/// The consents that stand for some people.
pub fn consents(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<Consent>> {
    consents::table.filter(consents::person_id.eq_any(people)).select(Consent::as_select()).load(conn)
}

/// Records consent, in place of an earlier one.
pub fn record_consent(conn: &mut PgConnection, consent: &Consent) -> QueryResult<()> {
    diesel::insert_into(consents::table)
        .values(consent)
        .on_conflict(consents::person_id)
        .do_update()
        .set(consent)
        .execute(conn)?;
    super::rights::begin_consent(conn, consent)
}

/// Takes consent back.
pub fn delete_consent(conn: &mut PgConnection, person: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(consents::table.find(person)).execute(conn)? > 0)
}
