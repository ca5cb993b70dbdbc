//! The audit: who did what to whom. Insert and select alone; the application's role can do no more.

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::schema::audit;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in.
    User(Uuid),
    /// A feed by its token.
    Feed(Uuid),
    /// The server itself or its operator on the command line.
    System,
}

impl Actor {
    /// The kind and id as columns hold them.
    pub fn columns(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::User(id) => ("user", Some(id)),
            Self::Feed(id) => ("feed", Some(id)),
            Self::System => ("system", None),
        }
    }
}

/// Notes that `actor` did `action` (for example `person.deleted`) to a subject.
pub fn insert(
    conn: &mut PgConnection,
    actor: Actor,
    action: &str,
    subject: (&str, Option<Uuid>),
    detail: Value,
) -> QueryResult<()> {
    let (kind, id) = actor.columns();
    diesel::insert_into(audit::table)
        .values((
            audit::actor_kind.eq(kind),
            audit::actor_id.eq(id),
            audit::action.eq(action),
            audit::subject_kind.eq(subject.0),
            audit::subject_id.eq(subject.1),
            audit::detail.eq(detail),
        ))
        .execute(conn)?;
    Ok(())
}
