//! Links that set a password, one for each user at most.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::invitations;

/// An invitation to insert.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = invitations)]
#[diesel(treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct NewInvitation {
    pub user_id: Uuid,
    pub token_hash: Vec<u8>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Adds an invitation, in place of an earlier one of the same user.
pub fn put(conn: &mut PgConnection, invitation: &NewInvitation) -> QueryResult<()> {
    diesel::insert_into(invitations::table)
        .values(invitation)
        .on_conflict(invitations::user_id)
        .do_update()
        .set(invitation)
        .execute(conn)?;
    Ok(())
}

/// Whose invitation this is, where it has not expired.
pub fn find(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<Uuid>> {
    invitations::table
        .filter(invitations::token_hash.eq(token_hash))
        .filter(invitations::expires_at.gt(Utc::now()))
        .select(invitations::user_id)
        .first(conn)
        .optional()
}

/// Uses an invitation up; of several at once one gets it. Returns whose it was.
pub fn take(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<Uuid>> {
    diesel::delete(
        invitations::table
            .filter(invitations::token_hash.eq(token_hash))
            .filter(invitations::expires_at.gt(Utc::now())),
    )
    .returning(invitations::user_id)
    .get_result(conn)
    .optional()
}

/// Withdraws the invitation of a user.
pub fn delete_of_user(conn: &mut PgConnection, user: Uuid) -> QueryResult<()> {
    diesel::delete(invitations::table.find(user)).execute(conn)?;
    Ok(())
}

/// Removes what has expired.
pub fn purge(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::delete(invitations::table.filter(invitations::expires_at.lt(Utc::now()))).execute(conn)?;
    Ok(())
}
