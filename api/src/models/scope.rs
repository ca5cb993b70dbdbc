//! Whose records a caller may see, as a condition that any query over people can carry.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use uuid::Uuid;

use crate::schema::{user_groups, users};

/// Whose records a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Everyone,
    /// Those of people who belong to one of these groups today.
    Groups(Vec<Uuid>),
    /// One person's.
    Person(Uuid),
    /// Nobody's: a manager without groups, a member whose record is gone.
    Nobody,
}

impl Scope {
    /// The condition, for a query that has the table `people` in it.
    pub fn people<QS: 'static>(&self) -> Box<dyn BoxableExpression<QS, Pg, SqlType = Bool>> {
        match self {
            Self::Everyone => Box::new(sql::<Bool>("TRUE")),
            Self::Nobody => Box::new(sql::<Bool>("FALSE")),
            Self::Person(id) => Box::new(sql::<Bool>("people.id = ").bind::<SqlUuid, _>(*id)),
            Self::Groups(ids) => Box::new(
                sql::<Bool>(
                    "people.id IN (SELECT m.person_id FROM group_members m, settings \
                     WHERE daterange(m.from_day, m.until_day) @> (now() AT TIME ZONE settings.timezone)::date \
                     AND m.group_id = ANY(",
                )
                .bind::<Array<SqlUuid>, _>(ids.clone())
                .sql("))"),
            ),
        }
    }

    /// Whether a group as a whole may be seen.
    pub fn sees_group(&self, group: Uuid) -> bool {
        match self {
            Self::Everyone => true,
            Self::Groups(ids) => ids.contains(&group),
            Self::Person(_) | Self::Nobody => false,
        }
    }
}

/// Whether a person may be seen; false where there is none.
pub fn sees_person(conn: &mut PgConnection, scope: &Scope, person: Uuid) -> QueryResult<bool> {
    use crate::schema::people;
    diesel::select(diesel::dsl::exists(
        people::table.filter(people::id.eq(person)).filter(scope.people::<people::table>()),
    ))
    .get_result(conn)
}

/// The groups that a user is put in charge of.
pub fn groups_of(conn: &mut PgConnection, user: Uuid) -> QueryResult<Vec<Uuid>> {
    user_groups::table.filter(user_groups::user_id.eq(user)).select(user_groups::group_id).load(conn)
}

/// The person whose record a user may see as their own.
pub fn person_of(conn: &mut PgConnection, user: Uuid) -> QueryResult<Option<Uuid>> {
    users::table.find(user).select(users::person_id).first(conn)
}
