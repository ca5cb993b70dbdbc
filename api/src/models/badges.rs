//! Badges: whose they are, and whether they are still good.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{badges, people};

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = badges)]
#[allow(missing_docs)]
pub struct Badge {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Adds a badge of a person.
pub fn insert(conn: &mut PgConnection, id: Uuid, person: Uuid) -> QueryResult<()> {
    diesel::insert_into(badges::table)
        .values((badges::id.eq(id), badges::person_id.eq(person)))
        .execute(conn)?;
    Ok(())
}

/// A person's badges, the newest first.
pub fn of_person(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<Badge>> {
    badges::table
        .filter(badges::person_id.eq(person))
        .order_by((badges::created_at.desc(), badges::id.desc()))
        .select(Badge::as_select())
        .load(conn)
}

/// How many badges of a person are good.
pub fn count_good(conn: &mut PgConnection, person: Uuid) -> QueryResult<i64> {
    badges::table
        .filter(badges::person_id.eq(person))
        .filter(badges::revoked_at.is_null())
        .count()
        .get_result(conn)
}

/// Ends a badge of a person; says whether it was good.
pub fn revoke(conn: &mut PgConnection, person: Uuid, id: Uuid) -> QueryResult<bool> {
    let good = badges::table
        .filter(badges::id.eq(id))
        .filter(badges::person_id.eq(person))
        .filter(badges::revoked_at.is_null());
    Ok(diesel::update(good).set(badges::revoked_at.eq(Utc::now())).execute(conn)? > 0)
}

/// Whose badge it is, where it is good and its person is not archived.
pub fn person(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<Uuid>> {
    badges::table
        .inner_join(people::table)
        .filter(badges::id.eq(id))
        .filter(badges::revoked_at.is_null())
        .filter(people::archived_at.is_null())
        .select(people::id)
        .first(conn)
        .optional()
}

/// Notes that a badge was shown.
pub fn used(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::update(badges::table.find(id)).set(badges::last_used_at.eq(Utc::now())).execute(conn)?;
    Ok(())
}
