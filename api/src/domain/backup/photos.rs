//! Photos go into a backup and come back as they are: sealed, and never changed once they are stored.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use super::{Manifest, Progress, Stored, at, hex};
use crate::storage::PHOTOS;

/// Photos that are under way together.
pub const AT_ONCE: usize = 8;

type Store = Arc<dyn ObjectStore>;

async fn sizes(store: &Store, folder: &str) -> Result<HashMap<Path, u64>> {
    let listed: Vec<ObjectMeta> = store.list(Some(&Path::from(folder))).try_collect().await?;
    Ok(listed.into_iter().map(|object| (object.location, object.size)).collect())
}

/// Copies all photos into a backup; those that are in it already are read, not written. One that was deleted in the
/// meantime belongs to nobody any more.
pub async fn keep(source: &Store, place: &Store, name: &str) -> Result<Vec<Stored>> {
    let photos = sizes(source, PHOTOS).await.context("the photos cannot be listed")?;
    let kept = &sizes(place, &format!("{name}/{PHOTOS}")).await?;
    let mut progress = Progress::of("photos kept", photos.len() as u64);
    let mut copies = stream::iter(photos.into_keys())
        .map(|path| async move {
            let bytes = match source.get(&path).await {
                Ok(object) => object.bytes().await,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => Err(error),
            };
            let bytes = bytes.with_context(|| format!("the photo {path} cannot be read"))?;
            let target = at(name, path.as_ref());
            let stored = Stored {
                path: path.to_string(),
                bytes: bytes.len() as u64,
                sha256: hex(Sha256::new_with_prefix(&bytes)),
            };
            if kept.get(&target) != Some(&stored.bytes) {
                let put = place.put(&target, PutPayload::from(bytes)).await;
                put.with_context(|| format!("the photo {path} cannot be kept"))?;
            }
            anyhow::Ok(Some(stored))
        })
        .buffer_unordered(AT_ONCE);
    let mut stored = Vec::new();
    while let Some(copied) = copies.try_next().await? {
        stored.extend(copied);
        progress.add(1);
    }
    stored.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(stored)
}

/// Copies the photos of a backup back; those that are there already stay as they are.
pub async fn bring(place: &Store, manifest: &Manifest, target: &Store) -> Result<()> {
    let there = &sizes(target, PHOTOS).await.context("the photos cannot be listed")?;
    let mut progress = Progress::of("photos brought back", manifest.photos.len() as u64);
    let mut copies = stream::iter(&manifest.photos)
        .map(|photo| async move {
            let path = Path::from(photo.path.as_str());
            if there.get(&path) == Some(&photo.bytes) {
                return Ok(());
            }
            let object = place.get(&at(&manifest.name, &photo.path)).await;
            let bytes =
                object.with_context(|| format!("{} of the backup is missing", photo.path))?.bytes().await?;
            let whole = hex(Sha256::new_with_prefix(&bytes)) == photo.sha256;
            ensure!(whole, "{} of the backup is not as it was", photo.path);
            let put = target.put(&path, PutPayload::from(bytes)).await;
            put.with_context(|| format!("the photo {path} cannot be written"))?;
            Ok(())
        })
        .buffer_unordered(AT_ONCE);
    while let Some(()) = copies.try_next().await? {
        progress.add(1);
    }
    Ok(())
}
