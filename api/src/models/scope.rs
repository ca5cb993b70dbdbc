//! Whose records a caller may see, as a condition that any query over people can carry.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use serde::Serialize;
use uuid::Uuid;

use crate::schema::{feeds, people, user_groups, users};

/// A subquery of people's ids.
type PeopleIds = people::BoxedQuery<'static, Pg, SqlUuid>;

/// Whose records a caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody's.
    Everyone,
    /// Those of people who belong to one of these groups today.
    Groups(Vec<Uuid>),
    /// One person's.
    Person(Uuid),
    /// Nobody's: a manager without groups, a member whose record is gone, a filter that was told of no caller.
    #[default]
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

    /// The ids of these people, as a subquery.
    pub fn ids(&self) -> PeopleIds {
        people::table.select(people::id).filter(self.people::<people::table>()).into_boxed()
    }

    /// The condition on feeds, for a query that has the table `feeds` in it: those that serve no group are
    /// everybody's who looks at other people at all.
    pub fn feeds<QS: 'static>(&self) -> Box<dyn BoxableExpression<QS, Pg, SqlType = Bool>> {
        const OPEN: &str = "NOT EXISTS (SELECT FROM feed_groups f WHERE f.feed_id = feeds.id)";
        match self {
            Self::Everyone => Box::new(sql::<Bool>("TRUE")),
            Self::Person(_) => Box::new(sql::<Bool>("FALSE")),
            Self::Nobody => Box::new(sql::<Bool>(OPEN)),
            Self::Groups(ids) => Box::new(
                sql::<Bool>(&format!(
                    "({OPEN} OR EXISTS \
                     (SELECT FROM feed_groups f WHERE f.feed_id = feeds.id AND f.group_id = ANY("
                ))
                .bind::<Array<SqlUuid>, _>(ids.clone())
                .sql(")))"),
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
    diesel::select(diesel::dsl::exists(
        people::table.filter(people::id.eq(person)).filter(scope.people::<people::table>()),
    ))
    .get_result(conn)
}

/// Everybody who may be seen.
pub fn visible_people(conn: &mut PgConnection, scope: &Scope) -> QueryResult<HashSet<Uuid>> {
    Ok(scope.ids().load::<Uuid>(conn)?.into_iter().collect())
}

/// Which of some people may be seen.
pub fn visible_of(conn: &mut PgConnection, scope: &Scope, people: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    Ok(scope.ids().filter(people::id.eq_any(people.to_vec())).load::<Uuid>(conn)?.into_iter().collect())
}

/// Which of some feeds may be seen.
pub fn visible_feeds(conn: &mut PgConnection, scope: &Scope, feeds: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let visible: Vec<Uuid> = feeds::table
        .filter(feeds::id.eq_any(feeds))
        .filter(feeds::deleted_at.is_null())
        .filter(scope.feeds::<feeds::table>())
        .select(feeds::id)
        .load(conn)?;
    Ok(visible.into_iter().collect())
}

/// The groups that a user is put in charge of.
pub fn groups_of(conn: &mut PgConnection, user: Uuid) -> QueryResult<Vec<Uuid>> {
    user_groups::table.filter(user_groups::user_id.eq(user)).select(user_groups::group_id).load(conn)
}

/// The person whose record a user may see as their own; an API key, which is no user, has none.
pub fn person_of(conn: &mut PgConnection, user: Uuid) -> QueryResult<Option<Uuid>> {
    let person = users::table.find(user).select(users::person_id).first::<Option<Uuid>>(conn);
    Ok(person.optional()?.flatten())
}
