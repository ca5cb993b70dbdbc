//! The review queue: its settings, items and faces. Pictures and templates are sealed bytes here.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

use crate::schema::{feeds, review_faces, review_items, review_settings};

diesel::define_sql_function! {
    /// The earlier of two times.
    #[sql_name = "LEAST"]
    fn earlier(one: Timestamptz, other: Timestamptz) -> Timestamptz
}

/// The settings: one row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = review_settings, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct Settings {
    pub enabled: bool,
    pub reason: Option<String>,
    pub keep_hours: i32,
}

/// Faces of one unknown person, with the wrapped key that seals them.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = review_items)]
#[allow(missing_docs)]
pub struct Item {
    pub id: Uuid,
    pub model_pack: String,
    pub threshold: f32,
    pub master_key_version: i32,
    pub wrapped: Vec<u8>,
    pub sightings: i64,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}

/// A face to insert.
#[derive(Insertable)]
#[diesel(table_name = review_faces)]
#[allow(missing_docs)]
pub struct NewFace {
    pub id: Uuid,
    pub item_id: Uuid,
    pub feed_id: Uuid,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub why: &'static str,
    pub liveness: Option<f32>,
    pub picture: Vec<u8>,
    pub template: Vec<u8>,
}

/// What is known of a face, its picture aside.
#[derive(Clone, Queryable)]
#[allow(missing_docs)]
pub struct Face {
    pub id: Uuid,
    pub item_id: Uuid,
    pub feed_id: Uuid,
    pub feed_name: String,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub why: String,
    pub liveness: Option<f32>,
    pub template: Vec<u8>,
}

/// The settings.
pub fn settings(conn: &mut PgConnection) -> QueryResult<Settings> {
    review_settings::table.select(Settings::as_select()).first(conn)
}

/// The settings; nobody else changes them or adds to the queue until the transaction ends.
pub fn lock(conn: &mut PgConnection) -> QueryResult<Settings> {
    review_settings::table.select(Settings::as_select()).for_update().first(conn)
}

/// Replaces the settings.
pub fn update_settings(conn: &mut PgConnection, settings: &Settings) -> QueryResult<()> {
    diesel::update(review_settings::table).set(settings).execute(conn)?;
    Ok(())
}

/// Items, last seen first, from after a position, and how many there are in all.
pub fn list(
    conn: &mut PgConnection,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> QueryResult<(Vec<Item>, i64)> {
    let mut items = review_items::table
        .select(Item::as_select())
        .order_by((review_items::last_seen.desc(), review_items::id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        let same = review_items::last_seen.eq(at).and(review_items::id.lt(id));
        items = items.filter(review_items::last_seen.lt(at).or(same));
    }
    Ok((items.load(conn)?, count(conn)?))
}

/// How many items there are.
pub fn count(conn: &mut PgConnection) -> QueryResult<i64> {
    review_items::table.select(count_star()).get_result(conn)
}

/// One item, kept as it is until the transaction ends.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<Item>> {
    review_items::table.find(id).select(Item::as_select()).for_update().first(conn).optional()
}

/// The items of a pack.
pub fn items_of_pack(conn: &mut PgConnection, pack: &str) -> QueryResult<Vec<Item>> {
    review_items::table.filter(review_items::model_pack.eq(pack)).select(Item::as_select()).load(conn)
}

/// The faces of some items, newest first.
pub fn faces_of(conn: &mut PgConnection, items: &[Uuid]) -> QueryResult<Vec<Face>> {
    review_faces::table
        .inner_join(feeds::table)
        .filter(review_faces::item_id.eq_any(items))
        .order_by((review_faces::at.desc(), review_faces::id))
        .select((
            review_faces::id,
            review_faces::item_id,
            feeds::id,
            feeds::name,
            review_faces::at,
            review_faces::expires_at,
            review_faces::why,
            review_faces::liveness,
            review_faces::template,
        ))
        .load(conn)
}

/// The sealed pictures of an item's faces, newest first.
pub fn pictures(conn: &mut PgConnection, item: Uuid) -> QueryResult<Vec<(Uuid, Vec<u8>)>> {
    review_faces::table
        .filter(review_faces::item_id.eq(item))
        .order_by((review_faces::at.desc(), review_faces::id))
        .select((review_faces::id, review_faces::picture))
        .load(conn)
}

/// Adds an item.
pub fn insert_item(conn: &mut PgConnection, item: &Item) -> QueryResult<()> {
    diesel::insert_into(review_items::table).values(item).execute(conn)?;
    Ok(())
}

/// Adds a face.
pub fn insert_face(conn: &mut PgConnection, face: &NewFace) -> QueryResult<()> {
    diesel::insert_into(review_faces::table).values(face).execute(conn)?;
    Ok(())
}

/// Notes that an item's person was seen again.
pub fn sighted(conn: &mut PgConnection, item: Uuid, at: DateTime<Utc>) -> QueryResult<()> {
    use review_items::{last_seen, sightings};
    diesel::update(review_items::table.find(item)).set(sightings.eq(sightings + 1)).execute(conn)?;
    diesel::update(review_items::table.find(item).filter(last_seen.lt(at)))
        .set(last_seen.eq(at))
        .execute(conn)?;
    Ok(())
}

/// Erases an item with its faces; says whether there was one.
pub fn delete(conn: &mut PgConnection, item: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(review_items::table.find(item)).execute(conn)? > 0)
}

/// Erases everything; says how many items there were.
pub fn delete_all(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::delete(review_items::table).execute(conn)
}

/// Lets no face be kept for longer than `keep_hours` from when it was seen.
pub fn shorten(conn: &mut PgConnection, keep_hours: i32) -> QueryResult<()> {
    use diesel::dsl::IntervalDsl;
    let latest = review_faces::at + keep_hours.hours();
    diesel::update(review_faces::table)
        .set(review_faces::expires_at.eq(earlier(review_faces::expires_at, latest)))
        .execute(conn)?;
    Ok(())
}

/// Erases the faces whose time is over and the items that are left without any; says how many faces.
pub fn purge(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    let gone = diesel::delete(review_faces::table.filter(review_faces::expires_at.le(now))).execute(conn)?;
    if gone > 0 {
        let face = review_faces::table.filter(review_faces::item_id.eq(review_items::id));
        diesel::delete(review_items::table.filter(not(exists(face)))).execute(conn)?;
    }
    Ok(gone)
}

/// One item of each master key version in use, for a check at the start.
pub fn item_of_each_version(conn: &mut PgConnection) -> QueryResult<Vec<Item>> {
    review_items::table
        .distinct_on(review_items::master_key_version)
        .order_by(review_items::master_key_version)
        .select(Item::as_select())
        .load(conn)
}

/// Some items whose key is not yet wrapped by `version`, locked against another rotation.
pub fn keys_before(conn: &mut PgConnection, version: i32, limit: i64) -> QueryResult<Vec<Item>> {
    review_items::table
        .filter(review_items::master_key_version.lt(version))
        .limit(limit)
        .select(Item::as_select())
        .for_update()
        .load(conn)
}

/// Replaces an item's wrapped key.
pub fn update_key(conn: &mut PgConnection, item: Uuid, version: i32, wrapped: &[u8]) -> QueryResult<()> {
    diesel::update(review_items::table.find(item))
        .set((review_items::master_key_version.eq(version), review_items::wrapped.eq(wrapped)))
        .execute(conn)?;
    Ok(())
}
