//! People who sign in.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Text;
use uuid::Uuid;

use crate::schema::{user_feeds, user_groups, users};

diesel::define_sql_function! {
    /// Lower case, as PostgreSQL has it.
    fn lower(value: Text) -> Text
}

/// Somebody who signs in.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
#[allow(missing_docs)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    /// None until they accept their invitation.
    pub password_hash: Option<String>,
    pub role: String,
    pub owner: bool,
    pub person_id: Option<Uuid>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A user to insert.
#[derive(Clone, Insertable)]
#[diesel(table_name = users)]
#[allow(missing_docs)]
pub struct NewUser {
    pub id: Uuid,
    pub email: String,
    pub password_hash: Option<String>,
    pub role: String,
    pub owner: bool,
    pub person_id: Option<Uuid>,
}

/// What a change leaves behind.
#[derive(Clone, AsChangeset)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct UserChanges {
    pub email: String,
    pub role: String,
    pub owner: bool,
    pub person_id: Option<Uuid>,
    pub disabled_at: Option<DateTime<Utc>>,
}

/// All users, by e-mail address.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<User>> {
    users::table.order_by((users::email, users::id)).select(User::as_select()).load(conn)
}

/// Keeps others from adding users until the transaction ends.
pub fn lock(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("LOCK TABLE users IN EXCLUSIVE MODE").execute(conn)?;
    Ok(())
}

/// How many there are.
pub fn count(conn: &mut PgConnection) -> QueryResult<i64> {
    users::table.select(count_star()).get_result(conn)
}

/// The user of an e-mail address, in any case.
pub fn find_by_email(conn: &mut PgConnection, email: &str) -> QueryResult<Option<User>> {
    users::table.filter(lower(users::email).eq(lower(email))).select(User::as_select()).first(conn).optional()
}

/// One user.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<User> {
    users::table.find(id).select(User::as_select()).first(conn)
}

/// One user, kept as they are until the transaction ends.
pub fn find_for_update(conn: &mut PgConnection, id: Uuid) -> QueryResult<User> {
    users::table.find(id).select(User::as_select()).for_update().first(conn)
}

/// Adds a user.
pub fn insert(conn: &mut PgConnection, user: &NewUser) -> QueryResult<User> {
    diesel::insert_into(users::table).values(user).returning(User::as_returning()).get_result(conn)
}

/// Changes a user.
pub fn update(conn: &mut PgConnection, id: Uuid, changes: &UserChanges) -> QueryResult<User> {
    diesel::update(users::table.find(id)).set(changes).returning(User::as_returning()).get_result(conn)
}

/// Deletes a user with their sessions; says whether there was one.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(users::table.find(id)).execute(conn)? > 0)
}

/// Deletes the account of a member who is this person; says how many.
pub fn delete_member(conn: &mut PgConnection, person: Uuid) -> QueryResult<usize> {
    let account = users::table.filter(users::person_id.eq(person)).filter(users::role.eq("member"));
    diesel::delete(account).execute(conn)
}

/// How many owners can sign in.
pub fn count_owners(conn: &mut PgConnection) -> QueryResult<i64> {
    users::table
        .filter(users::owner)
        .filter(users::disabled_at.is_null())
        .filter(users::password_hash.is_not_null())
        .select(count_star())
        .get_result(conn)
}

/// The groups that some users are in charge of.
pub fn groups_of(conn: &mut PgConnection, users: &[Uuid]) -> QueryResult<Vec<(Uuid, Uuid)>> {
    user_groups::table
        .filter(user_groups::user_id.eq_any(users))
        .order_by(user_groups::group_id)
        .select((user_groups::user_id, user_groups::group_id))
        .load(conn)
}

/// Puts a user in charge of exactly these groups.
pub fn set_groups(conn: &mut PgConnection, user: Uuid, groups: &[Uuid]) -> QueryResult<()> {
    diesel::delete(user_groups::table.filter(user_groups::user_id.eq(user))).execute(conn)?;
    let rows: Vec<_> = groups
        .iter()
        .map(|group| (user_groups::user_id.eq(user), user_groups::group_id.eq(*group)))
        .collect();
    diesel::insert_into(user_groups::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// The feeds that some users may send frames to.
pub fn feeds_of(conn: &mut PgConnection, users: &[Uuid]) -> QueryResult<Vec<(Uuid, Uuid)>> {
    user_feeds::table
        .filter(user_feeds::user_id.eq_any(users))
        .order_by(user_feeds::feed_id)
        .select((user_feeds::user_id, user_feeds::feed_id))
        .load(conn)
}

/// Lets a user send frames to exactly these feeds.
pub fn set_feeds(conn: &mut PgConnection, user: Uuid, feeds: &[Uuid]) -> QueryResult<()> {
    diesel::delete(user_feeds::table.filter(user_feeds::user_id.eq(user))).execute(conn)?;
    let rows: Vec<_> =
        feeds.iter().map(|feed| (user_feeds::user_id.eq(user), user_feeds::feed_id.eq(*feed))).collect();
    diesel::insert_into(user_feeds::table).values(rows).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// Replaces a password.
pub fn update_password(conn: &mut PgConnection, id: Uuid, password_hash: &str) -> QueryResult<()> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(password_hash)).execute(conn)?;
    Ok(())
}

/// Whether a user may send frames to a feed.
pub fn is_assigned(conn: &mut PgConnection, user: Uuid, feed: Uuid) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(user_feeds::table.find((user, feed)))).get_result(conn)
}
