//! Who is told of what, and everything that an alert's recipients follow from.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::{alert_preferences, alert_rules, feed_groups, feeds, groups, people, user_groups, users};

/// A rule.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = alert_rules)]
#[allow(missing_docs)]
pub struct Rule {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub group_id: Option<Uuid>,
    pub feed_id: Option<Uuid>,
    pub channels: Value,
    pub recipients: Value,
    pub quiet_hours: Option<Value>,
    pub digest: Value,
    pub enabled: bool,
    pub created_at: DateTime<Utc>,
}

/// A rule to insert, and what a change leaves behind.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = alert_rules, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct NewRule {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
    pub group_id: Option<Uuid>,
    pub feed_id: Option<Uuid>,
    pub channels: Value,
    pub recipients: Value,
    pub quiet_hours: Option<Value>,
    pub digest: Value,
    pub enabled: bool,
}

/// A rule with the names of its group and feed.
pub type NamedRule = (Rule, Option<String>, Option<String>);

/// All rules, by name.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<NamedRule>> {
    alert_rules::table
        .left_join(groups::table)
        .left_join(feeds::table)
        .order_by((alert_rules::name, alert_rules::id))
        .select((Rule::as_select(), groups::name.nullable(), feeds::name.nullable()))
        .load(conn)
}

/// One rule.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<NamedRule> {
    alert_rules::table
        .left_join(groups::table)
        .left_join(feeds::table)
        .filter(alert_rules::id.eq(id))
        .select((Rule::as_select(), groups::name.nullable(), feeds::name.nullable()))
        .first(conn)
}

/// The rules of a kind that are switched on.
pub fn enabled(conn: &mut PgConnection, kind: &str) -> QueryResult<Vec<Rule>> {
    alert_rules::table
        .filter(alert_rules::kind.eq(kind))
        .filter(alert_rules::enabled)
        .order_by((alert_rules::created_at, alert_rules::id))
        .select(Rule::as_select())
        .load(conn)
}

/// Adds a rule.
pub fn insert(conn: &mut PgConnection, row: &NewRule) -> QueryResult<()> {
    diesel::insert_into(alert_rules::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces a rule; says whether there was one.
pub fn update(conn: &mut PgConnection, row: &NewRule) -> QueryResult<bool> {
    Ok(diesel::update(alert_rules::table.find(row.id)).set(row).execute(conn)? > 0)
}

/// Deletes a rule; says whether there was one.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(alert_rules::table.find(id)).execute(conn)? > 0)
}

/// An account that may be told, with the phone of its person.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    pub role: String,
    pub person_id: Option<Uuid>,
    pub phone: Option<String>,
}

/// Some accounts that are not disabled.
pub fn accounts(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Account>> {
    users::table
        .left_join(people::table)
        .filter(users::id.eq_any(ids))
        .filter(users::disabled_at.is_null())
        .order_by(users::id)
        .select((users::id, users::email, users::role, users::person_id, people::phone.nullable()))
        .load(conn)
}

/// Which of some accounts exist, with their e-mail addresses.
pub fn emails_of(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, String)>> {
    users::table
        .filter(users::id.eq_any(ids))
        .order_by(users::email)
        .select((users::id, users::email))
        .load(conn)
}

/// Managers and the groups they are in charge of: user, group.
pub fn managed_groups(conn: &mut PgConnection) -> QueryResult<Vec<(Uuid, Uuid)>> {
    user_groups::table
        .inner_join(users::table)
        .filter(users::role.eq("manager"))
        .order_by((user_groups::user_id, user_groups::group_id))
        .select((user_groups::user_id, user_groups::group_id))
        .load(conn)
}

/// Where some people can be told: id, e-mail address, phone.
#[allow(clippy::type_complexity, reason = "a row")]
pub fn contacts(
    conn: &mut PgConnection,
    people: &[Uuid],
) -> QueryResult<Vec<(Uuid, Option<String>, Option<String>)>> {
    people::table
        .filter(people::id.eq_any(people))
        .select((people::id, people::email, people::phone))
        .load(conn)
}

#[derive(QueryableByName)]
#[diesel(table_name = crate::schema::group_members)]
struct MemberOf {
    person_id: Uuid,
    group_id: Uuid,
}

/// The groups that some people belong to on a day: person, group.
pub fn groups_on(conn: &mut PgConnection, people: &[Uuid], day: NaiveDate) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let rows: Vec<MemberOf> = diesel::sql_query(
        "SELECT person_id, group_id FROM group_members \
         WHERE person_id = ANY($1) AND daterange(from_day, until_day) @> $2",
    )
    .bind::<Array<SqlUuid>, _>(people)
    .bind::<Date, _>(day)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.group_id)).collect())
}

/// The groups that a feed serves.
pub fn groups_of_feed(conn: &mut PgConnection, feed: Uuid) -> QueryResult<Vec<Uuid>> {
    feed_groups::table.filter(feed_groups::feed_id.eq(feed)).select(feed_groups::group_id).load(conn)
}

/// The preferences of some accounts, and of some people: user, person, preferences.
#[allow(clippy::type_complexity, reason = "a row")]
pub fn preferences(
    conn: &mut PgConnection,
    users: &[Uuid],
    people: &[Uuid],
) -> QueryResult<Vec<(Option<Uuid>, Option<Uuid>, Value)>> {
    alert_preferences::table
        .filter(alert_preferences::user_id.eq_any(users).or(alert_preferences::person_id.eq_any(people)))
        .select((alert_preferences::user_id, alert_preferences::person_id, alert_preferences::preferences))
        .load(conn)
}

/// The accounts of some people: person, user.
pub fn users_of_people(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let rows: Vec<(Option<Uuid>, Uuid)> = users::table
        .filter(users::person_id.eq_any(people))
        .filter(users::disabled_at.is_null())
        .select((users::person_id, users::id))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(person, user)| Some((person?, user))).collect())
}

/// Whose preferences they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An account's.
    User(Uuid),
    /// A person's.
    Person(Uuid),
}

/// Replaces preferences.
pub fn set_preferences(conn: &mut PgConnection, whose: Whose, preferences: &Value) -> QueryResult<()> {
    use alert_preferences::columns as c;
    let (user, person) = match whose {
        Whose::User(id) => (Some(id), None),
        Whose::Person(id) => (None, Some(id)),
    };
    let row = (
        c::id.eq(Uuid::now_v7()),
        c::user_id.eq(user),
        c::person_id.eq(person),
        c::preferences.eq(preferences),
    );
    let insert = diesel::insert_into(alert_preferences::table).values(row);
    let change = (c::preferences.eq(preferences), c::changed_at.eq(Utc::now()));
    match whose {
        Whose::User(_) => insert.on_conflict(c::user_id).do_update().set(change).execute(conn)?,
        Whose::Person(_) => insert.on_conflict(c::person_id).do_update().set(change).execute(conn)?,
    };
    Ok(())
}
