//! Groups and who belongs to them.

use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::{group_members, groups};

/// A group.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = groups)]
#[allow(missing_docs)]
pub struct Group {
    pub id: Uuid,
    pub name: String,
}

/// The groups of some people, by name.
pub fn of_people(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<(Uuid, Group)>> {
    group_members::table
        .inner_join(groups::table)
        .filter(group_members::person_id.eq_any(people))
        .order_by(groups::name)
        .select((group_members::person_id, Group::as_select()))
        .load(conn)
}

/// Puts a person into exactly these groups, making those that are not there yet.
pub fn set(conn: &mut PgConnection, person: Uuid, names: &[String]) -> QueryResult<()> {
    diesel::delete(group_members::table.filter(group_members::person_id.eq(person))).execute(conn)?;
    for name in names {
        let group = find_or_insert(conn, name)?;
        diesel::insert_into(group_members::table)
            .values((group_members::group_id.eq(group), group_members::person_id.eq(person)))
            .on_conflict_do_nothing()
            .execute(conn)?;
    }
    Ok(())
}

fn find_or_insert(conn: &mut PgConnection, name: &str) -> QueryResult<Uuid> {
    diesel::insert_into(groups::table)
        .values(Group { id: Uuid::now_v7(), name: name.to_owned() })
        .on_conflict_do_nothing()
        .execute(conn)?;
    diesel::define_sql_function!(fn lower(value: diesel::sql_types::Text) -> diesel::sql_types::Text);
    groups::table.filter(lower(groups::name).eq(lower(name))).select(groups::id).first(conn)
}
