//! Backups that are too old go, and so does what a run left behind that never finished.

use std::io::ErrorKind;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Backups, DATABASE, DUMPED, MANIFEST, at, photos};
use crate::storage::PHOTOS;

impl Backups {
    /// Deletes backups whose database is older than some days; the newest always stays. Unfinished ones go when nothing in
    /// them is younger. Says how many went.
    ///
    /// # Errors
    /// When the place cannot be read or one cannot be deleted.
    pub async fn forget_older(&self, days: u32) -> Result<usize> {
        let limit = Utc::now() - TimeDelta::days(days.into());
        let mut finished = self.all().await?;
        finished.pop();
        finished.retain(|backup| backup.at < limit);
        let mut gone = finished.len();
        for backup in finished {
            // Without its manifest it is no backup any more, whatever comes between.
            self.place.delete(&at(&backup.name, MANIFEST)).await?;
            self.clear(&backup.name).await?;
        }
        for name in self.folders().await? {
            // What cannot be read is not ours either, such as `lost+found`.
            let unfinished = matches!(self.read(&name, MANIFEST).await, Ok(None));
            if unfinished && self.is_left_over(&name, limit).await? {
                self.clear(&name).await?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Whether a folder without a manifest was a backup once and nobody has written to it for long. Other folders may be at
    /// the place, photos themselves even: it is the database that makes one of ours.
    async fn is_left_over(&self, name: &str, limit: DateTime<Utc>) -> Result<bool> {
        let files = self.files(name).await?;
        let fragment = format!("{DATABASE}#");
        let is_ours =
            files.iter().any(|(path, _)| path == DATABASE || path == DUMPED || path.starts_with(&fragment));
        Ok(is_ours && files.iter().all(|(_, written)| *written < limit))
    }

    /// What is in a folder, and when it was written.
    async fn files(&self, name: &str) -> Result<Vec<(String, DateTime<Utc>)>> {
        // In a folder of this machine there may be fragments of uploads, which the store does not list.
        if let Some(folder) = &self.folder {
            return walk(&folder.join(name)).with_context(|| format!("{name} cannot be read"));
        }
        let listed: Vec<_> = self.place.list(Some(&Path::from(name))).try_collect().await?;
        let below = format!("{name}/");
        let files = listed.into_iter().filter_map(|object| {
            let path = object.location.to_string();
            Some((path.strip_prefix(&below)?.to_owned(), object.last_modified))
        });
        Ok(files.collect())
    }

    /// Deletes a folder. The database is the last to go: should this be cut short, it is what [`Self::is_left_over`] knows
    /// the folder by.
    async fn clear(&self, name: &str) -> Result<()> {
        for part in [format!("{name}/{PHOTOS}"), name.to_owned()] {
            match &self.folder {
                Some(folder) => match std::fs::remove_dir_all(folder.join(&part)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(error).with_context(|| format!("{part} cannot be deleted"));
                    }
                    _ => {}
                },
                None => {
                    self.place
                        .list(Some(&Path::from(part)))
                        .try_for_each_concurrent(photos::AT_ONCE, |object| async move {
                            self.place.delete(&object.location).await
                        })
                        .await?;
                }
            }
        }
        Ok(())
    }
}

fn walk(folder: &std::path::Path) -> std::io::Result<Vec<(String, DateTime<Utc>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let inside = walk(&entry.path())?;
            found.extend(inside.into_iter().map(|(path, written)| (format!("{name}/{path}"), written)));
        } else {
            found.push((name, entry.metadata()?.modified()?.into()));
        }
    }
    Ok(found)
}
