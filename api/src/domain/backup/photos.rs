//! Photos go into a backup and come back as they are: sealed, and never changed once they are stored.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};

use super::{Manifest, Progress, Stored, at};
use crate::storage::PHOTOS;

/// Photos that are under way together.
pub const AT_ONCE: usize = 8;

type Store = Arc<dyn ObjectStore>;
type Sizes = HashMap<Path, u64>;

async fn sizes(store: &Store, folder: &str) -> Result<Sizes> {
    let listed: Vec<ObjectMeta> = store.list(Some(&Path::from(folder))).try_collect().await?;
    Ok(listed.into_iter().map(|object| (object.location, object.size)).collect())
}

/// Whether a photo is at a place as it was. One of another size needs no reading.
async fn is_there(store: &Store, there: &Sizes, path: &Path, photo: &Stored) -> object_store::Result<bool> {
    if there.get(path) != Some(&photo.bytes) {
        return Ok(false);
    }
    Ok(photo.is(&store.get(path).await?.bytes().await?))
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
            let stored = Stored::of(&path, &bytes);
            if !is_there(place, kept, &target, &stored).await? {
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

/// A photo of a backup, as it was.
pub async fn whole(place: &Store, name: &str, photo: &Stored) -> Result<Bytes> {
    let path = &photo.path;
    let object = place.get(&at(name, path)).await;
    let object = object.with_context(|| format!("{path} of the backup is missing"))?;
    let bytes = object.bytes().await.with_context(|| format!("{path} of the backup cannot be read"))?;
    ensure!(photo.is(&bytes), "{path} of the backup is not as it was");
    Ok(bytes)
}

/// Copies the photos of a backup back; those that are there already stay as they are.
pub async fn bring(place: &Store, manifest: &Manifest, target: &Store) -> Result<()> {
    let there = &sizes(target, PHOTOS).await.context("the photos cannot be listed")?;
    let mut progress = Progress::of("photos brought back", manifest.photos.len() as u64);
    let mut copies = stream::iter(&manifest.photos)
        .map(|photo| async move {
            let path = Path::from(photo.path.as_str());
            if !is_there(target, there, &path, photo).await? {
                let bytes = whole(place, &manifest.name, photo).await?;
                let put = target.put(&path, PutPayload::from(bytes)).await;
                put.with_context(|| format!("the photo {path} cannot be written"))?;
            }
            anyhow::Ok(())
        })
        .buffer_unordered(AT_ONCE);
    while let Some(()) = copies.try_next().await? {
        progress.add(1);
    }
    Ok(())
}
