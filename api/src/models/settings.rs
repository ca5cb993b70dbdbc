//! The site's settings: one row.

use diesel::prelude::*;

use crate::schema::settings;

/// The site's settings.
#[derive(Debug, Clone, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = settings)]
#[allow(missing_docs)]
pub struct SiteSettings {
    pub site_name: String,
    pub timezone: String,
    pub admins_need_second_factor: bool,
}

/// The settings.
pub fn get(conn: &mut PgConnection) -> QueryResult<SiteSettings> {
    settings::table.select(SiteSettings::as_select()).first(conn)
}

/// Which day it is at the site.
pub fn today(conn: &mut PgConnection) -> QueryResult<chrono::NaiveDate> {
    let today = diesel::dsl::sql::<diesel::sql_types::Date>("(now() AT TIME ZONE timezone)::date");
    settings::table.select(today).first(conn)
}

/// Replaces the settings.
pub fn update(conn: &mut PgConnection, values: &SiteSettings) -> QueryResult<()> {
    diesel::update(settings::table).set(values).execute(conn)?;
    Ok(())
}
