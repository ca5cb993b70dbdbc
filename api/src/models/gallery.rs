//! What can be recognised, and the revision that tells each process what changed.

use diesel::prelude::*;
use uuid::Uuid;

use crate::models::biometrics::{NonMatch, PersonKeyRow, Template};
use crate::schema::{
    enrolment_overrides, gallery_changes, gallery_revision, non_matches, people, person_keys, templates,
};

/// Name of the notification channel; its payload is empty, the revision in the table counts.
pub const CHANNEL: &str = "gallery";

/// A person's templates of one pack, sealed, with the key to open them and the name to show.
pub type Enrolled = (Uuid, String, PersonKeyRow, Template);

/// Notes that what is known of these people changed and tells every process when the transaction commits.
pub fn touch(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<i64> {
    let next: i64 = diesel::update(gallery_revision::table)
        .set(gallery_revision::revision.eq(gallery_revision::revision + 1))
        .returning(gallery_revision::revision)
        .get_result(conn)?;
    for person in people {
        diesel::insert_into(gallery_changes::table)
            .values((gallery_changes::person_id.eq(person), gallery_changes::revision.eq(next)))
            .on_conflict(gallery_changes::person_id)
            .do_update()
            .set(gallery_changes::revision.eq(next))
            .execute(conn)?;
    }
    diesel::sql_query("SELECT pg_notify($1, '')")
        .bind::<diesel::sql_types::Text, _>(CHANNEL)
        .execute(conn)?;
    Ok(next)
}

/// Keeps everybody else from changing the gallery until the transaction ends.
pub fn lock(conn: &mut PgConnection) -> QueryResult<()> {
    gallery_revision::table.select(gallery_revision::revision).for_update().first::<i64>(conn)?;
    Ok(())
}

/// The newest revision.
pub fn revision(conn: &mut PgConnection) -> QueryResult<i64> {
    gallery_revision::table.select(gallery_revision::revision).first(conn)
}

/// Who changed after `revision`.
pub fn changed_since(conn: &mut PgConnection, revision: i64) -> QueryResult<Vec<Uuid>> {
    gallery_changes::table
        .filter(gallery_changes::revision.gt(revision))
        .select(gallery_changes::person_id)
        .load(conn)
}

/// The first `limit` people after `after`, in the order of their ids, of whom there are templates of `pack`.
pub fn people_after(
    conn: &mut PgConnection,
    pack: &str,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Uuid>> {
    let mut query = templates::table
        .filter(templates::model_pack.eq(pack))
        .select(templates::person_id)
        .distinct()
        .order_by(templates::person_id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(templates::person_id.gt(after));
    }
    query.load(conn)
}

/// The templates of `pack` of those of `ids` who can be recognised, person by person.
pub fn enrolled(conn: &mut PgConnection, pack: &str, ids: &[Uuid]) -> QueryResult<Vec<Enrolled>> {
    templates::table
        .inner_join(people::table)
        .inner_join(person_keys::table.on(person_keys::person_id.eq(templates::person_id)))
        .filter(templates::model_pack.eq(pack))
        .filter(people::archived_at.is_null())
        .filter(people::id.eq_any(ids))
        .select((people::id, people::name, PersonKeyRow::as_select(), Template::as_select()))
        .order_by((people::id, templates::photo_id))
        .load(conn)
}

/// The confirmed non-matches of `pack` of everybody who can be recognised, or of some of them, with the key to
/// open each.
pub fn non_matches(
    conn: &mut PgConnection,
    pack: &str,
    only: Option<&[Uuid]>,
) -> QueryResult<Vec<(PersonKeyRow, NonMatch)>> {
    let mut query = non_matches::table
        .inner_join(people::table)
        .inner_join(person_keys::table.on(person_keys::person_id.eq(non_matches::person_id)))
        .filter(non_matches::model_pack.eq(pack))
        .filter(people::archived_at.is_null())
        .select((PersonKeyRow::as_select(), NonMatch::as_select()))
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(people::id.eq_any(only));
    }
    query.load(conn)
}

/// The pairs that an admin enrolled knowingly, of everybody or of some.
pub fn overrides(conn: &mut PgConnection, only: Option<&[Uuid]>) -> QueryResult<Vec<(Uuid, Uuid)>> {
    use enrolment_overrides::{person_a, person_b};
    let mut query = enrolment_overrides::table.select((person_a, person_b)).into_boxed();
    if let Some(only) = only {
        query = query.filter(person_a.eq_any(only).or(person_b.eq_any(only)));
    }
    query.load(conn)
}
