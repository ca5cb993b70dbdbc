//! Keys, photos and templates: sealed bytes and what is known about them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{arrival_probes, enrolment_overrides, non_matches, person_keys, photos, templates};

/// A person's wrapped key.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = person_keys)]
#[allow(missing_docs)]
pub struct PersonKeyRow {
    pub person_id: Uuid,
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
}

/// A stored photo; the image is an object of the photo store.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = photos)]
#[allow(missing_docs)]
pub struct Photo {
    pub id: Uuid,
    pub person_id: Uuid,
    pub quality: serde_json::Value,
    pub created_at: DateTime<Utc>,
}

/// A photo to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = photos)]
#[allow(missing_docs)]
pub struct NewPhoto {
    pub id: Uuid,
    pub person_id: Uuid,
    pub width: i32,
    pub height: i32,
    pub quality: serde_json::Value,
}

/// A sealed template.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = templates)]
#[allow(missing_docs)]
pub struct Template {
    pub photo_id: Uuid,
    pub model_pack: String,
    pub person_id: Uuid,
    pub sealed: Vec<u8>,
}

/// A sealed template that is not the person's, whatever the score says.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = non_matches)]
#[allow(missing_docs)]
pub struct NonMatch {
    pub id: Uuid,
    pub person_id: Uuid,
    pub model_pack: String,
    pub sealed: Vec<u8>,
    pub decided_by: Uuid,
}

/// A person's key, where they have one.
pub fn key(conn: &mut PgConnection, person: Uuid) -> QueryResult<Option<PersonKeyRow>> {
    person_keys::table.find(person).select(PersonKeyRow::as_select()).first(conn).optional()
}

/// Stores a person's key.
pub fn insert_key(conn: &mut PgConnection, key: &PersonKeyRow) -> QueryResult<()> {
    diesel::insert_into(person_keys::table).values(key).execute(conn)?;
    Ok(())
}

/// One key of each master key version in use, for a check at the start.
pub fn key_of_each_version(conn: &mut PgConnection) -> QueryResult<Vec<PersonKeyRow>> {
    person_keys::table
        .distinct_on(person_keys::master_key_version)
        .order_by(person_keys::master_key_version)
        .select(PersonKeyRow::as_select())
        .load(conn)
}

/// Some keys not yet wrapped by `version`, locked against another rotation.
pub fn keys_before(conn: &mut PgConnection, version: i32, limit: i64) -> QueryResult<Vec<PersonKeyRow>> {
    person_keys::table
        .filter(person_keys::master_key_version.lt(version))
        .limit(limit)
        .select(PersonKeyRow::as_select())
        .for_update()
        .load(conn)
}

/// Replaces a wrapped key.
pub fn update_key(conn: &mut PgConnection, key: &PersonKeyRow) -> QueryResult<()> {
    diesel::update(person_keys::table.find(key.person_id)).set(key).execute(conn)?;
    Ok(())
}

/// Stores what is not a person's and lets go of the oldest beyond `most`.
pub fn insert_non_match(conn: &mut PgConnection, row: &NonMatch, most: i64) -> QueryResult<()> {
    diesel::insert_into(non_matches::table).values(row).execute(conn)?;
    let kept: Vec<Uuid> = non_matches::table
        .filter(non_matches::person_id.eq(row.person_id))
        .order_by((non_matches::decided_at.desc(), non_matches::id.desc()))
        .limit(most)
        .select(non_matches::id)
        .load(conn)?;
    let beyond = non_matches::person_id.eq(row.person_id).and(non_matches::id.ne_all(kept));
    diesel::delete(non_matches::table.filter(beyond)).execute(conn)?;
    Ok(())
}

/// Destroys a person's key, photos, templates, confirmed non-matches and what their arrivals were decided on; says which
/// photos there were.
pub fn delete_all(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<Uuid>> {
    diesel::delete(non_matches::table.filter(non_matches::person_id.eq(person))).execute(conn)?;
    diesel::delete(arrival_probes::table.filter(arrival_probes::person_id.eq(person))).execute(conn)?;
    diesel::delete(person_keys::table.find(person)).execute(conn)?;
    diesel::delete(photos::table.filter(photos::person_id.eq(person))).returning(photos::id).get_results(conn)
}

/// The photos of some people, oldest first.
pub fn photos_of(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<Photo>> {
    photos::table
        .filter(photos::person_id.eq_any(people))
        .order_by((photos::created_at, photos::id))
        .select(Photo::as_select())
        .load(conn)
}

/// The first photo of each of some people.
pub fn first_photos(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<(Uuid, Uuid)>> {
    photos::table
        .filter(photos::person_id.eq_any(people))
        .distinct_on(photos::person_id)
        .order_by((photos::person_id, photos::created_at, photos::id))
        .select((photos::person_id, photos::id))
        .load(conn)
}

/// Stores what is known about a photo.
pub fn insert_photo(conn: &mut PgConnection, photo: &NewPhoto) -> QueryResult<Photo> {
    diesel::insert_into(photos::table).values(photo).returning(Photo::as_returning()).get_result(conn)
}

/// Deletes one photo and its templates; says whether there was one.
pub fn delete_photo(conn: &mut PgConnection, person: Uuid, photo: Uuid) -> QueryResult<bool> {
    let found = photos::table.filter(photos::id.eq(photo)).filter(photos::person_id.eq(person));
    Ok(diesel::delete(found).execute(conn)? > 0)
}

/// Stores a sealed template, unless there is one of the same photo and pack.
pub fn insert_template(conn: &mut PgConnection, template: &Template) -> QueryResult<()> {
    diesel::insert_into(templates::table).values(template).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// A person's templates of a pack.
pub fn templates_of(conn: &mut PgConnection, person: Uuid, pack: &str) -> QueryResult<Vec<Template>> {
    templates::table
        .filter(templates::person_id.eq(person))
        .filter(templates::model_pack.eq(pack))
        .select(Template::as_select())
        .load(conn)
}

/// Records that these two may both be enrolled although they look alike.
pub fn insert_override(conn: &mut PgConnection, one: Uuid, other: Uuid, by: Uuid) -> QueryResult<()> {
    use enrolment_overrides::{decided_by, person_a, person_b};
    let (a, b) = if one < other { (one, other) } else { (other, one) };
    diesel::insert_into(enrolment_overrides::table)
        .values((person_a.eq(a), person_b.eq(b), decided_by.eq(by)))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}
