//! Where photos are kept: a folder, S3 or Azure Blob. Objects are sealed before they come here.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientConfigKey, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use types::{PersonId, PhotoId};

use crate::error::ApiError;

/// Where heads of the audit's chain are; their names hold the sequence and sort by it.
const AUDIT_HEADS: &str = "audit-heads";
/// Where sealed photos are, a folder for each person.
pub const PHOTOS: &str = "people";
/// The ledger of erasures: an object for each, named after who was erased.
const ERASURES: &str = "erasures";

/// How long a request to a cloud may take with all that it carries, and how long nothing may come back. The latter counts
/// while a part of a backup is on its way up, too: three parts of 8 MiB at once want 3.4 Mbit/s.
const PATIENCE: [(ClientConfigKey, &str); 2] =
    [(ClientConfigKey::Timeout, "10 minutes"), (ClientConfigKey::ReadTimeout, "60 seconds")];

/// The store of sealed photos; cloning shares it.
#[derive(Clone)]
pub struct PhotoStore {
    store: Arc<dyn ObjectStore>,
}

impl PhotoStore {
    /// Opens `file:FOLDER`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(address: &str) -> Result<Self> {
        Ok(Self { store: open(address).context("ATTENDANCE_STORAGE cannot be used")? })
    }

    /// Stores a sealed photo.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`], also when the disk is full.
    pub async fn put(&self, person: PersonId, photo: PhotoId, sealed: Vec<u8>) -> Result<(), ApiError> {
        self.store.put(&path(person, photo), PutPayload::from(sealed)).await?;
        Ok(())
    }

    /// Reads a sealed photo.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::StorageUnavailable`].
    pub async fn get(&self, person: PersonId, photo: PhotoId) -> Result<Bytes, ApiError> {
        Ok(self.store.get(&path(person, photo)).await?.bytes().await?)
    }

    /// Deletes a photo; one that is gone already is no error.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn delete(&self, person: PersonId, photo: PhotoId) -> Result<(), ApiError> {
        match self.store.delete(&path(person, photo)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a head of the audit's chain under its sequence; one that is kept already stays as it is.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn put_audit_head(&self, seq: i64, head: Vec<u8>) -> Result<(), ApiError> {
        let path = Path::from(format!("{AUDIT_HEADS}/{seq:020}.json"));
        match self.store.put_opts(&path, PutPayload::from(head), PutMode::Create.into()).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest head of the audit's chain, by its sequence.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn newest_audit_head(&self) -> Result<Option<Bytes>, ApiError> {
        let heads: Vec<_> = self.store.list(Some(&Path::from(AUDIT_HEADS))).try_collect().await?;
        let Some(newest) = heads.into_iter().map(|head| head.location).max() else { return Ok(None) };
        Ok(Some(self.store.get(&newest).await?.bytes().await?))
    }

    /// Writes down that somebody was erased; what is written already stays as it is.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn note_erasure(&self, person: PersonId, at: DateTime<Utc>) -> Result<(), ApiError> {
        let path = Path::from(format!("{ERASURES}/{person}"));
        self.store.put(&path, PutPayload::from(at.to_rfc3339())).await?;
        Ok(())
    }

    /// Everybody who was erased.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn erased(&self) -> Result<Vec<PersonId>, ApiError> {
        let entries: Vec<_> = self.store.list(Some(&Path::from(ERASURES))).try_collect().await?;
        let ids = entries.iter().filter_map(|entry| entry.location.filename()?.parse().ok());
        Ok(ids.map(PersonId).collect())
    }

    /// Deletes all that is kept of a person.
    ///
    /// # Errors
    /// [`ApiError::StorageUnavailable`].
    pub async fn delete_person(&self, person: PersonId) -> Result<(), ApiError> {
        let folder = Path::from(format!("{PHOTOS}/{person}"));
        let objects: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        for object in objects {
            self.store.delete(&object.location).await?;
        }
        Ok(())
    }
}

/// Opens a place for objects: `file:FOLDER`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`; credentials for the clouds
/// come from their usual environment variables or the machine's role.
///
/// # Errors
/// When the address is none of these, the folder cannot be made or the cloud's settings are not complete.
pub fn open(address: &str) -> Result<Arc<dyn ObjectStore>> {
    if let Some(folder) = address.strip_prefix("file:") {
        std::fs::create_dir_all(folder).with_context(|| format!("{folder} cannot be made"))?;
        let store =
            LocalFileSystem::new_with_prefix(folder).with_context(|| format!("{folder} cannot be opened"))?;
        return Ok(Arc::new(store.with_fsync(true)));
    }
    if let Some(rest) = address.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let s3 = s3(bucket).build();
        return Ok(Arc::new(PrefixStore::new(s3.context("the S3 bucket cannot be used")?, prefix)));
    }
    if let Some(rest) = address.strip_prefix("az://") {
        let (container, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let azure = azure(container).build();
        return Ok(Arc::new(PrefixStore::new(azure.context("the Azure container cannot be used")?, prefix)));
    }
    bail!("a place must be file:FOLDER, s3://BUCKET/PREFIX or az://CONTAINER/PREFIX; it is {address:?}")
}

fn s3(bucket: &str) -> AmazonS3Builder {
    let s3 = AmazonS3Builder::from_env().with_bucket_name(bucket);
    PATIENCE.into_iter().fold(s3, |s3, (key, time)| s3.with_config(AmazonS3ConfigKey::Client(key), time))
}

fn azure(container: &str) -> MicrosoftAzureBuilder {
    let azure = MicrosoftAzureBuilder::from_env().with_container_name(container);
    PATIENCE
        .into_iter()
        .fold(azure, |azure, (key, time)| azure.with_config(AzureConfigKey::Client(key), time))
}

fn path(person: PersonId, photo: PhotoId) -> Path {
    Path::from(format!("{PHOTOS}/{person}/{photo}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_no_known_kind_is_refused_with_the_kinds_there_are() {
        let error = format!("{:#}", PhotoStore::open("ftp://somewhere").err().expect("refused"));
        assert!(error.contains("s3://") && error.contains("ftp://somewhere"), "{error}");
    }

    #[test]
    fn both_clouds_are_waited_for_as_long_as_a_part_of_a_backup_takes() {
        for (key, time) in PATIENCE {
            let (s3, azure) = (s3("bucket"), azure("container"));
            assert_eq!(s3.get_config_value(&AmazonS3ConfigKey::Client(key)).as_deref(), Some(time));
            assert_eq!(azure.get_config_value(&AzureConfigKey::Client(key)).as_deref(), Some(time));
        }
        crate::tls::install_provider();
        let settings = s3("bucket").with_region("eu-central-1").build();
        assert!(settings.is_ok(), "{:?}", settings.err());
    }
}
