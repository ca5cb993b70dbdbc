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
}

/// The settings.
pub fn get(conn: &mut PgConnection) -> QueryResult<SiteSettings> {
    settings::table.select(SiteSettings::as_select()).first(conn)
}

/// Replaces the settings.
pub fn update(conn: &mut PgConnection, values: &SiteSettings) -> QueryResult<()> {
    diesel::update(settings::table).set(values).execute(conn)?;
    Ok(())
}
