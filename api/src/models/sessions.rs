//! Sessions and failed sign-ins.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::models::users::User;
use crate::schema::{sessions, sign_in_failures, users};

/// A session to insert.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = sessions)]
#[allow(missing_docs)]
pub struct NewSession {
    pub id_hash: Vec<u8>,
    pub user_id: Uuid,
    pub expires_at: DateTime<Utc>,
    pub address: Option<IpNetwork>,
    pub user_agent: Option<String>,
}

/// Starts a session.
pub fn insert(conn: &mut PgConnection, session: &NewSession) -> QueryResult<()> {
    diesel::insert_into(sessions::table).values(session).execute(conn)?;
    Ok(())
}

/// A session that stands.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions)]
#[allow(missing_docs)]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub confirmed_at: DateTime<Utc>,
    pub address: Option<IpNetwork>,
    pub user_agent: Option<String>,
}

/// A session and whose it is, where it stands: not past its absolute limit, used since `idle_since`, and not of a
/// disabled account.
pub fn find_user(
    conn: &mut PgConnection,
    id_hash: &[u8],
    idle_since: DateTime<Utc>,
) -> QueryResult<Option<(User, Session)>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id_hash.eq(id_hash))
        .filter(sessions::expires_at.gt(Utc::now()))
        .filter(sessions::last_seen_at.gt(idle_since))
        .filter(users::disabled_at.is_null())
        .select((User::as_select(), Session::as_select()))
        .first(conn)
        .optional()
}

/// The sessions of a user that stand, last used first.
pub fn of_user(conn: &mut PgConnection, user: Uuid, idle_since: DateTime<Utc>) -> QueryResult<Vec<Session>> {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.gt(Utc::now()))
        .filter(sessions::last_seen_at.gt(idle_since))
        .order_by((sessions::last_seen_at.desc(), sessions::id))
        .select(Session::as_select())
        .load(conn)
}

/// Ends one session of a user; says whether there was one.
pub fn delete_one(conn: &mut PgConnection, user: Uuid, id: Uuid) -> QueryResult<bool> {
    let one = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.eq(id));
    Ok(diesel::delete(one).execute(conn)? > 0)
}

/// Ends all sessions of a user but one.
pub fn delete_others(conn: &mut PgConnection, user: Uuid, but: Uuid) -> QueryResult<usize> {
    let others = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.ne(but));
    diesel::delete(others).execute(conn)
}

/// Notes that the password was given again.
pub fn confirm(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::update(sessions::table.filter(sessions::id.eq(id)))
        .set(sessions::confirmed_at.eq(Utc::now()))
        .execute(conn)?;
    Ok(())
}

/// The same of a session of this user; says whether it is one.
pub fn confirm_of(conn: &mut PgConnection, user: Uuid, id: Uuid) -> QueryResult<bool> {
    let one = sessions::table.filter(sessions::id.eq(id)).filter(sessions::user_id.eq(user));
    Ok(diesel::update(one).set(sessions::confirmed_at.eq(Utc::now())).execute(conn)? > 0)
}

/// Notes when it was last shown who they are, where that was before the session began.
pub fn set_confirmed_at(conn: &mut PgConnection, id_hash: &[u8], at: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(sessions::table.find(id_hash)).set(sessions::confirmed_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Notes that a session is in use.
pub fn touch(conn: &mut PgConnection, id_hash: &[u8]) -> QueryResult<()> {
    diesel::update(sessions::table.find(id_hash)).set(sessions::last_seen_at.eq(Utc::now())).execute(conn)?;
    Ok(())
}

/// Ends a session.
pub fn delete(conn: &mut PgConnection, id_hash: &[u8]) -> QueryResult<()> {
    diesel::delete(sessions::table.find(id_hash)).execute(conn)?;
    Ok(())
}

/// Ends all sessions of a user.
pub fn delete_of_user(conn: &mut PgConnection, user: Uuid) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user))).execute(conn)?;
    Ok(())
}

/// Ends all sessions.
pub fn delete_all(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::delete(sessions::table).execute(conn)?;
    Ok(())
}

/// Removes what has ended: sessions past their limits and failures older than `failures_before`.
pub fn purge(conn: &mut PgConnection, failures_before: DateTime<Utc>) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(Utc::now()))).execute(conn)?;
    diesel::delete(sign_in_failures::table.filter(sign_in_failures::at.lt(failures_before))).execute(conn)?;
    Ok(())
}

/// Failed sign-ins of an account from an address since a moment: how many, and the oldest.
pub fn failures(
    conn: &mut PgConnection,
    account: &str,
    address: IpNetwork,
    since: DateTime<Utc>,
) -> QueryResult<(i64, Option<DateTime<Utc>>)> {
    sign_in_failures::table
        .filter(sign_in_failures::account.eq(account))
        .filter(sign_in_failures::address.eq(address))
        .filter(sign_in_failures::at.gt(since))
        .select((count_star(), diesel::dsl::min(sign_in_failures::at)))
        .first(conn)
}

/// Notes a failed sign-in.
pub fn insert_failure(conn: &mut PgConnection, account: &str, address: IpNetwork) -> QueryResult<()> {
    diesel::insert_into(sign_in_failures::table)
        .values((sign_in_failures::account.eq(account), sign_in_failures::address.eq(address)))
        .execute(conn)?;
    Ok(())
}

/// Forgets the failures of an account from an address: it has signed in.
pub fn delete_failures(conn: &mut PgConnection, account: &str, address: IpNetwork) -> QueryResult<()> {
    diesel::delete(
        sign_in_failures::table
            .filter(sign_in_failures::account.eq(account))
            .filter(sign_in_failures::address.eq(address)),
    )
    .execute(conn)?;
    Ok(())
}
