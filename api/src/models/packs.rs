//! Model packs that templates are kept of, what each lacks, and how many faces are seen a day.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{face_counts, model_packs, people, photos, templates, unusable_photos};

/// A pack that templates are kept of.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = model_packs)]
#[allow(missing_docs)]
pub struct ModelPack {
    pub id: String,
    pub active: bool,
    pub activated_at: Option<DateTime<Utc>>,
}

/// A photo that a pack cannot use, with its person's id and name.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct UnusablePhoto {
    pub photo_id: Uuid,
    pub model_pack: String,
    pub reason: String,
    pub person_id: Uuid,
    pub person_name: String,
}

/// The pack in use.
pub fn active(conn: &mut PgConnection) -> QueryResult<Option<String>> {
    model_packs::table.filter(model_packs::active).select(model_packs::id).first(conn).optional()
}

/// All packs that templates are kept of, the one in use first.
pub fn kept(conn: &mut PgConnection) -> QueryResult<Vec<ModelPack>> {
    model_packs::table
        .order_by((model_packs::active.desc(), model_packs::added_at, model_packs::id))
        .select(ModelPack::as_select())
        .load(conn)
}

/// Starts keeping templates of a pack; says whether that is new.
pub fn keep(conn: &mut PgConnection, id: &str) -> QueryResult<bool> {
    let inserted = diesel::insert_into(model_packs::table)
        .values(model_packs::id.eq(id))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(inserted > 0)
}

/// Takes a kept pack into use in place of another.
pub fn activate(conn: &mut PgConnection, id: &str) -> QueryResult<()> {
    diesel::update(model_packs::table.filter(model_packs::active))
        .set(model_packs::active.eq(false))
        .execute(conn)?;
    diesel::update(model_packs::table.find(id))
        .set((model_packs::active.eq(true), model_packs::activated_at.eq(Utc::now())))
        .execute(conn)?;
    Ok(())
}

/// Forgets a pack with its templates.
pub fn forget(conn: &mut PgConnection, id: &str) -> QueryResult<()> {
    diesel::delete(model_packs::table.find(id)).execute(conn)?;
    Ok(())
}

/// Whether there are templates at all.
pub fn any_templates(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(exists(templates::table.select(templates::photo_id))).get_result(conn)
}

/// How many photos there are, and how many of them have a template, by pack.
pub fn progress(conn: &mut PgConnection) -> QueryResult<(i64, Vec<(String, i64)>)> {
    let total = photos::table.select(count_star()).get_result(conn)?;
    let done = templates::table
        .group_by(templates::model_pack)
        .select((templates::model_pack, count_star()))
        .load(conn)?;
    Ok((total, done))
}

/// Photos that a pack has not been tried on, with their people.
pub fn untried(conn: &mut PgConnection, pack: &str, limit: i64) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let template =
        templates::table.filter(templates::photo_id.eq(photos::id)).filter(templates::model_pack.eq(pack));
    let failure = unusable_photos::table
        .filter(unusable_photos::photo_id.eq(photos::id))
        .filter(unusable_photos::model_pack.eq(pack));
    photos::table
        .filter(not(exists(template)))
        .filter(not(exists(failure)))
        .order_by((photos::created_at, photos::id))
        .limit(limit)
        .select((photos::person_id, photos::id))
        .load(conn)
}

/// Keeps a pack from being forgotten until the transaction ends; says whether it is kept at all and in use.
pub fn hold(conn: &mut PgConnection, id: &str) -> QueryResult<Option<bool>> {
    model_packs::table.find(id).select(model_packs::active).for_share().first(conn).optional()
}

/// Notes that a pack cannot use a photo.
pub fn insert_unusable(conn: &mut PgConnection, photo: Uuid, pack: &str, reason: &str) -> QueryResult<()> {
    diesel::insert_into(unusable_photos::table)
        .values((
            unusable_photos::photo_id.eq(photo),
            unusable_photos::model_pack.eq(pack),
            unusable_photos::reason.eq(reason),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

/// Has the photos that a pack could not use tried again.
pub fn forget_unusable(conn: &mut PgConnection, pack: &str) -> QueryResult<()> {
    diesel::delete(unusable_photos::table.filter(unusable_photos::model_pack.eq(pack))).execute(conn)?;
    Ok(())
}

/// The photos that some pack cannot use.
pub fn unusable(conn: &mut PgConnection) -> QueryResult<Vec<UnusablePhoto>> {
    unusable_photos::table
        .inner_join(photos::table.inner_join(people::table))
        .order_by((people::name, people::id, photos::id))
        .select((
            unusable_photos::photo_id,
            unusable_photos::model_pack,
            unusable_photos::reason,
            people::id,
            people::name,
        ))
        .load(conn)
}

/// How many people can be recognised with a pack.
pub fn recognisable(conn: &mut PgConnection, pack: &str) -> QueryResult<i64> {
    templates::table
        .inner_join(people::table)
        .filter(templates::model_pack.eq(pack))
        .filter(people::archived_at.is_null())
        .select(diesel::dsl::count(templates::person_id).aggregate_distinct())
        .get_result(conn)
}

/// Adds faces to those seen on a day.
pub fn count_faces(conn: &mut PgConnection, day: NaiveDate, faces: i64) -> QueryResult<()> {
    diesel::insert_into(face_counts::table)
        .values((face_counts::day.eq(day), face_counts::faces.eq(faces)))
        .on_conflict(face_counts::day)
        .do_update()
        .set(face_counts::faces.eq(face_counts::faces + faces))
        .execute(conn)?;
    Ok(())
}

/// The days since `day` on which faces were counted, with how many.
pub fn faces_since(conn: &mut PgConnection, day: NaiveDate) -> QueryResult<Vec<(NaiveDate, i64)>> {
    face_counts::table.filter(face_counts::day.ge(day)).order_by(face_counts::day).load(conn)
}

/// Makes the caller the only one who makes templates in the background, until the connection closes; says
/// whether it is.
pub fn become_runner(conn: &mut PgConnection) -> QueryResult<bool> {
    // Any number will do, as long as every version of this program takes the same.
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>("pg_try_advisory_lock(7206514)"))
        .get_result(conn)
}
