//! The way back: a backup fills an empty database and the store of photos.

use anyhow::{Context, Result, ensure};
use sealing::SecretKey;

use super::{Backups, Manifest, database, photos};
use crate::config::Secret;
use crate::{models, storage};

impl Backups {
    /// Fills an empty database and the store of photos with a backup that [`Backups::check`] found whole; what was changed
    /// since reaches neither. What was cut short is taken up by doing it again.
    ///
    /// # Errors
    /// When the database is not empty or not its owner's, or something cannot be written.
    pub async fn restore(
        &self,
        manifest: &Manifest,
        secret: &SecretKey,
        database: &Secret,
        photos: &str,
    ) -> Result<()> {
        let target = storage::open(photos).context("the photos cannot be written")?;
        let state = blocking(database, models::backup::state).await?;
        if let Some(owner) = &manifest.database.owner {
            ensure!(
                *owner == state.user,
                "a restore signs in as {owner}, whose the tables are; this is {}, and servers could not use what later \
                 releases add",
                state.user
            );
        }
        let note = format!("Attendance: the restore of the backup {} is not finished", manifest.name);
        ensure!(
            state.empty || state.note.as_ref() == Some(&note),
            "the database is not empty: restore into a new one"
        );
        if state.empty {
            let file = &manifest.database.file;
            let hashes = self.hold(&manifest.name, file).await?;
            blocking(database, models::backup::make_roles).await?;
            // Before there is anything to note: whatever ends this now, the next one knows whose tables it finds.
            blocking(database, move |conn| models::backup::note(conn, &note)).await?;
            let content = self.held(&manifest.name, file, hashes).await?;
            database::load(content, secret, database, state.version).await?;
        } else {
            tracing::info!(backup.name = manifest.name, "the database is there already");
        }
        let rows = blocking(database, models::backup::table_counts).await?;
        ensure!(
            rows == manifest.database.rows,
            "the database has other numbers of rows than the backup; did servers write to it meanwhile? {rows:?}"
        );
        photos::bring(&self.place, manifest, &target).await?;
        blocking(database, |conn| {
            // Some have been ended since.
            models::sessions::delete_all(conn)?;
            models::backup::note(conn, "")
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    database: &Secret,
    work: impl FnOnce(&mut diesel::PgConnection) -> diesel::QueryResult<T> + Send + 'static,
) -> Result<T> {
    let database = database.clone();
    tokio::task::spawn_blocking(move || {
        let mut conn = crate::db::connect(&database).context("the database cannot be reached")?;
        work(&mut conn).context("the database refused")
    })
    .await?
}
