//! Who accounts are at providers of OpenID Connect, and sign-ins under way.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{oidc_identities, oidc_sign_ins};

/// A sign-in under way.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = oidc_sign_ins)]
#[allow(missing_docs)]
pub struct SignInRow {
    pub token_hash: Vec<u8>,
    pub return_to: String,
    pub old_session: Option<Vec<u8>>,
    /// The session to confirm; none: a new one starts.
    pub confirms: Option<Uuid>,
    /// Whom the provider vouched for, once only the second factor is missing.
    pub user_id: Option<Uuid>,
    pub authenticated_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Adds a sign-in.
pub fn insert(conn: &mut PgConnection, row: &SignInRow) -> QueryResult<()> {
    diesel::insert_into(oidc_sign_ins::table).values(row).execute(conn)?;
    Ok(())
}

/// The sign-in of a token that waits for a second factor, and for whom.
pub fn find_waiting(conn: &mut PgConnection, token_hash: &[u8]) -> QueryResult<Option<(SignInRow, Uuid)>> {
    let row = oidc_sign_ins::table
        .find(token_hash)
        .filter(oidc_sign_ins::expires_at.gt(Utc::now()))
        .select(SignInRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.and_then(|row| row.user_id.map(|user| (row, user))))
}

/// Takes the sign-in of a token away, so that nobody takes it again; `waiting` for a second factor, or for the provider.
pub fn take(conn: &mut PgConnection, token_hash: &[u8], waiting: bool) -> QueryResult<Option<SignInRow>> {
    let one = oidc_sign_ins::table
        .find(token_hash)
        .filter(oidc_sign_ins::expires_at.gt(Utc::now()))
        .filter(oidc_sign_ins::user_id.is_not_null().eq(waiting));
    diesel::delete(one).returning(SignInRow::as_returning()).get_result(conn).optional()
}

/// Removes what has expired.
pub fn purge(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::delete(oidc_sign_ins::table.filter(oidc_sign_ins::expires_at.lt(Utc::now()))).execute(conn)?;
    Ok(())
}

/// Whose account it is that somebody of a provider signs in to.
pub fn find_user(conn: &mut PgConnection, issuer: &str, subject: &str) -> QueryResult<Option<Uuid>> {
    oidc_identities::table.find((issuer, subject)).select(oidc_identities::user_id).first(conn).optional()
}

/// Binds an account to somebody of a provider; says whether neither was bound before.
pub fn bind(conn: &mut PgConnection, issuer: &str, subject: &str, user: Uuid) -> QueryResult<bool> {
    let row = (
        oidc_identities::issuer.eq(issuer),
        oidc_identities::subject.eq(subject),
        oidc_identities::user_id.eq(user),
    );
    let bound = diesel::insert_into(oidc_identities::table).values(row).on_conflict_do_nothing();
    Ok(bound.execute(conn)? > 0)
}

/// Which of some users are bound to somebody of a provider.
pub fn bound(conn: &mut PgConnection, users: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    oidc_identities::table
        .filter(oidc_identities::user_id.eq_any(users))
        .select(oidc_identities::user_id)
        .distinct()
        .load(conn)
}
