//! Groups and who belongs to them, from which day to which.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Uuid as SqlUuid};
use uuid::Uuid;

use crate::schema::{group_members, groups, people};

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(value: diesel::sql_types::Text) -> diesel::sql_types::Text
}

/// A group.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = groups)]
#[allow(missing_docs)]
pub struct Group {
    pub id: Uuid,
    pub name: String,
    pub kind: String,
}

/// What changes of a group; `None` stays.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = groups)]
#[allow(missing_docs)]
pub struct GroupChanges {
    pub name: Option<String>,
    pub kind: Option<String>,
}

/// A membership over the days `[from_day, until_day)`, open where null.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = group_members)]
#[allow(missing_docs)]
pub struct Membership {
    pub id: Uuid,
    pub group_id: Uuid,
    pub person_id: Uuid,
    pub from_day: Option<NaiveDate>,
    pub until_day: Option<NaiveDate>,
}

/// What hangs on a group.
#[derive(Debug, Clone, QueryableByName)]
#[allow(missing_docs)]
pub struct Hanging {
    #[diesel(sql_type = BigInt)]
    pub memberships: i64,
    #[diesel(sql_type = BigInt)]
    pub schedules: i64,
    #[diesel(sql_type = BigInt)]
    pub holidays: i64,
    #[diesel(sql_type = BigInt)]
    pub users: i64,
    #[diesel(sql_type = BigInt)]
    pub feeds: i64,
}

/// That a membership holds today, in the site's zone.
const HOLDS_TODAY: &str = "daterange(group_members.from_day, group_members.until_day) @> \
     (SELECT (now() AT TIME ZONE settings.timezone)::date FROM settings)";

/// The condition that a membership holds today, for a query that has the table `group_members` in it.
pub fn holds_today() -> diesel::expression::SqlLiteral<Bool> {
    sql::<Bool>(HOLDS_TODAY)
}

/// Groups by name with how many people who are not archived belong to each today; all, or those of some ids.
pub fn list(conn: &mut PgConnection, only: Option<&[Uuid]>) -> QueryResult<Vec<(Group, i64)>> {
    let members = "(SELECT count(*) FROM group_members JOIN people ON people.id = group_members.person_id \
         WHERE group_members.group_id = groups.id AND people.archived_at IS NULL AND ";
    let mut query = groups::table.into_boxed();
    if let Some(ids) = only {
        query = query.filter(groups::id.eq_any(ids.to_vec()));
    }
    query
        .order_by((lower(groups::name), groups::id))
        .select((Group::as_select(), sql::<BigInt>(&format!("{members}{HOLDS_TODAY})"))))
        .load(conn)
}

/// A group.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Group> {
    groups::table.find(id).select(Group::as_select()).first(conn)
}

/// Adds a group.
pub fn insert(conn: &mut PgConnection, group: &Group) -> QueryResult<()> {
    diesel::insert_into(groups::table).values(group).execute(conn)?;
    Ok(())
}

/// Changes a group.
pub fn update(conn: &mut PgConnection, id: Uuid, changes: &GroupChanges) -> QueryResult<Group> {
    if changes.name.is_none() && changes.kind.is_none() {
        return find(conn, id);
    }
    diesel::update(groups::table.find(id)).set(changes).returning(Group::as_returning()).get_result(conn)
}

/// What hangs on a group.
pub fn hanging(conn: &mut PgConnection, id: Uuid) -> QueryResult<Hanging> {
    diesel::sql_query(
        "SELECT (SELECT count(*) FROM group_members WHERE group_id = $1) AS memberships, \
         (SELECT count(*) FROM group_schedules WHERE group_id = $1) AS schedules, \
         (SELECT count(*) FROM holidays WHERE group_id = $1) AS holidays, \
         (SELECT count(*) FROM user_groups WHERE group_id = $1) AS users, \
         (SELECT count(*) FROM feed_groups WHERE group_id = $1) AS feeds",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
}

/// Deletes a group with what hangs on it; says whether there was one.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(groups::table.find(id)).execute(conn)? > 0)
}

/// A page of a group's memberships with the person's name, by name, and how many there are: those that hold on
/// `day`, or all there ever were.
pub fn memberships(
    conn: &mut PgConnection,
    group: Uuid,
    day: Option<NaiveDate>,
    (offset, limit): (i64, i64),
) -> QueryResult<(Vec<(Membership, String)>, i64)> {
    let holds = || -> Box<dyn BoxableExpression<_, diesel::pg::Pg, SqlType = Bool>> {
        match day {
            Some(day) => Box::new(
                sql::<Bool>("daterange(group_members.from_day, group_members.until_day) @> ")
                    .bind::<Date, _>(day),
            ),
            None => Box::new(sql::<Bool>("TRUE")),
        }
    };
    let of_group =
        || group_members::table.inner_join(people::table).filter(group_members::group_id.eq(group));
    let total = of_group().filter(holds()).count().get_result(conn)?;
    let rows = of_group()
        .filter(holds())
        .order_by((people::name, group_members::from_day, group_members::id))
        .select((Membership::as_select(), people::name))
        .offset(offset)
        .limit(limit)
        .load(conn)?;
    Ok((rows, total))
}

/// All memberships of a person with the group's name, newest first.
pub fn memberships_of(conn: &mut PgConnection, person: Uuid) -> QueryResult<Vec<(Membership, String)>> {
    group_members::table
        .inner_join(groups::table)
        .filter(group_members::person_id.eq(person))
        .order_by((group_members::from_day.desc().nulls_last(), groups::name, group_members::id))
        .select((Membership::as_select(), groups::name))
        .load(conn)
}

/// A membership of a group.
pub fn membership(conn: &mut PgConnection, group: Uuid, id: Uuid) -> QueryResult<Membership> {
    group_members::table
        .filter(group_members::id.eq(id))
        .filter(group_members::group_id.eq(group))
        .select(Membership::as_select())
        .for_update()
        .first(conn)
}

/// Adds a membership.
pub fn insert_membership(conn: &mut PgConnection, row: &Membership) -> QueryResult<()> {
    diesel::insert_into(group_members::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces the days of a membership.
pub fn update_membership(
    conn: &mut PgConnection,
    id: Uuid,
    from_day: Option<NaiveDate>,
    until_day: Option<NaiveDate>,
) -> QueryResult<()> {
    diesel::update(group_members::table.filter(group_members::id.eq(id)))
        .set((group_members::from_day.eq(from_day), group_members::until_day.eq(until_day)))
        .execute(conn)?;
    Ok(())
}

/// Deletes a membership as if it had never been.
pub fn delete_membership(conn: &mut PgConnection, id: Uuid) -> QueryResult<()> {
    diesel::delete(group_members::table.filter(group_members::id.eq(id))).execute(conn)?;
    Ok(())
}

/// The people who ever belonged to a group.
pub fn people_of(conn: &mut PgConnection, group: Uuid) -> QueryResult<Vec<Uuid>> {
    group_members::table
        .filter(group_members::group_id.eq(group))
        .select(group_members::person_id)
        .distinct()
        .load(conn)
}

/// The groups that some people belong to today, by name.
pub fn of_people(conn: &mut PgConnection, people: &[Uuid]) -> QueryResult<Vec<(Uuid, Group)>> {
    group_members::table
        .inner_join(groups::table)
        .filter(group_members::person_id.eq_any(people))
        .filter(holds_today())
        .order_by(groups::name)
        .select((group_members::person_id, Group::as_select()))
        .load(conn)
}

/// Has people belong to exactly these groups from `today` on, `(person, group)` each; says who of `people` changed.
/// A membership that holds and is named stays as it is. One that is not named ends today, and is as if it had never
/// been where it began today. One that begins later ends the new one.
pub fn set(
    conn: &mut PgConnection,
    people: &[Uuid],
    wanted: &[(Uuid, Uuid)],
    today: NaiveDate,
) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Changed {
        #[diesel(sql_type = SqlUuid)]
        person_id: Uuid,
    }
    let (persons, groups): (Vec<Uuid>, Vec<Uuid>) = wanted.iter().copied().unzip();
    let left = "person_id = ANY($1) AND daterange(from_day, until_day) @> $4 \
         AND (person_id, group_id) NOT IN (SELECT * FROM unnest($2, $3))";
    let mut changed = Vec::new();
    for statement in [
        format!("DELETE FROM group_members WHERE {left} AND from_day = $4 RETURNING person_id"),
        format!("UPDATE group_members SET until_day = $4 WHERE {left} RETURNING person_id"),
        "INSERT INTO group_members (group_id, person_id, from_day, until_day) \
         SELECT DISTINCT w.g, w.p, $4, (SELECT min(m.from_day) FROM group_members m \
             WHERE m.group_id = w.g AND m.person_id = w.p AND m.from_day > $4) \
         FROM unnest($2, $3) AS w (p, g) \
         WHERE w.p = ANY($1) AND NOT EXISTS (SELECT FROM group_members m WHERE m.group_id = w.g AND m.person_id = w.p \
             AND daterange(m.from_day, m.until_day) @> $4) \
         RETURNING person_id"
            .to_owned(),
    ] {
        let rows: Vec<Changed> = diesel::sql_query(statement)
            .bind::<Array<SqlUuid>, _>(people)
            .bind::<Array<SqlUuid>, _>(&persons)
            .bind::<Array<SqlUuid>, _>(&groups)
            .bind::<Date, _>(today)
            .load(conn)?;
        changed.extend(rows.into_iter().map(|row| row.person_id));
    }
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

/// The ids of groups by name, in the order given; those that are not there yet are made, as classes.
pub fn find_or_insert(conn: &mut PgConnection, names: &[String]) -> QueryResult<Vec<Uuid>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        diesel::insert_into(groups::table)
            .values((groups::id.eq(Uuid::now_v7()), groups::name.eq(name)))
            .on_conflict_do_nothing()
            .execute(conn)?;
        ids.push(groups::table.filter(lower(groups::name).eq(lower(name))).select(groups::id).first(conn)?);
    }
    Ok(ids)
}

/// Which of these groups there are not.
pub fn missing(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    let there: Vec<Uuid> = groups::table.filter(groups::id.eq_any(ids)).select(groups::id).load(conn)?;
    Ok(ids.iter().filter(|id| !there.contains(id)).copied().collect())
}
