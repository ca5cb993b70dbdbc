//! What opens a feed, by its hash.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::models::feeds::Feed;
use crate::schema::{feed_tokens, feeds};

/// The kind of token that agents and scripts have.
pub const DEVICE: &str = "device";
/// The kind of token that paired kiosks have.
pub const KIOSK: &str = "kiosk";

/// Adds a token of a `kind`.
pub fn insert(conn: &mut PgConnection, feed: Uuid, kind: &str, token_hash: &[u8]) -> QueryResult<Uuid> {
    let id = Uuid::now_v7();
    let row = (
        feed_tokens::id.eq(id),
        feed_tokens::feed_id.eq(feed),
        feed_tokens::kind.eq(kind),
        feed_tokens::token_hash.eq(token_hash),
    );
    diesel::insert_into(feed_tokens::table).values(row).execute(conn)?;
    Ok(id)
}

/// A token that opens its feed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = feed_tokens)]
#[allow(missing_docs)]
pub struct Token {
    pub id: Uuid,
    /// `device` or `kiosk`.
    pub kind: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_address: Option<IpNetwork>,
}

/// The feed that a token of a `kind` opens, and the token: what a browser keeps as a cookie is no bearer token.
pub fn find(conn: &mut PgConnection, kind: &str, token_hash: &[u8]) -> QueryResult<Option<(Feed, Token)>> {
    feed_tokens::table
        .inner_join(feeds::table)
        .filter(feed_tokens::token_hash.eq(token_hash))
        .filter(feed_tokens::kind.eq(kind))
        .filter(feed_tokens::revoked_at.is_null())
        .filter(feeds::deleted_at.is_null())
        .select((Feed::as_select(), Token::as_select()))
        .first(conn)
        .optional()
}

/// What opens a feed, the newest first.
pub fn list(conn: &mut PgConnection, feed: Uuid) -> QueryResult<Vec<Token>> {
    feed_tokens::table
        .filter(feed_tokens::feed_id.eq(feed))
        .filter(feed_tokens::revoked_at.is_null())
        .order_by((feed_tokens::created_at.desc(), feed_tokens::id.desc()))
        .select(Token::as_select())
        .load(conn)
}

/// Ends a token of a feed; says whether it was there.
pub fn revoke(conn: &mut PgConnection, feed: Uuid, id: Uuid) -> QueryResult<bool> {
    let token = feed_tokens::table
        .find(id)
        .filter(feed_tokens::feed_id.eq(feed))
        .filter(feed_tokens::revoked_at.is_null());
    Ok(diesel::update(token).set(feed_tokens::revoked_at.eq(Utc::now())).execute(conn)? > 0)
}

/// Notes that a token was used, to the minute.
pub fn used(
    conn: &mut PgConnection,
    id: Uuid,
    at: DateTime<Utc>,
    from: Option<IpNetwork>,
) -> QueryResult<()> {
    let lately = at - TimeDelta::minutes(1);
    let token = feed_tokens::table
        .find(id)
        .filter(feed_tokens::last_used_at.is_null().or(feed_tokens::last_used_at.lt(lately)));
    let used = (feed_tokens::last_used_at.eq(at), feed_tokens::last_address.eq(from));
    diesel::update(token).set(used).execute(conn)?;
    Ok(())
}

/// Ends all tokens of a kind of a feed but the newest `kept`.
pub fn revoke_older(conn: &mut PgConnection, feed: Uuid, kind: &str, kept: i64) -> QueryResult<usize> {
    let newest: Vec<Uuid> = feed_tokens::table
        .filter(feed_tokens::feed_id.eq(feed))
        .filter(feed_tokens::kind.eq(kind))
        .filter(feed_tokens::revoked_at.is_null())
        .order_by((feed_tokens::created_at.desc(), feed_tokens::id.desc()))
        .limit(kept)
        .select(feed_tokens::id)
        .load(conn)?;
    let older = feed_tokens::table
        .filter(feed_tokens::feed_id.eq(feed))
        .filter(feed_tokens::kind.eq(kind))
        .filter(feed_tokens::revoked_at.is_null())
        .filter(diesel::dsl::not(feed_tokens::id.eq_any(newest)));
    diesel::update(older).set(feed_tokens::revoked_at.eq(Utc::now())).execute(conn)
}
