//! People who sign in.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Text;
use uuid::Uuid;

use crate::schema::users;

diesel::define_sql_function! {
    /// Lower case, as PostgreSQL has it.
    fn lower(value: Text) -> Text
}

/// Somebody who signs in.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
#[allow(missing_docs)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub password_hash: String,
    pub role: String,
    pub owner: bool,
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

/// Adds a user.
pub fn insert(conn: &mut PgConnection, user: &User) -> QueryResult<()> {
    diesel::insert_into(users::table).values(user).execute(conn)?;
    Ok(())
}

/// Replaces a password.
pub fn update_password(conn: &mut PgConnection, id: Uuid, password_hash: &str) -> QueryResult<()> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(password_hash)).execute(conn)?;
    Ok(())
}
