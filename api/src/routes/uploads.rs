//! Multipart forms: one optional JSON part `person`, and image parts `photo`. Every part is bounded while it is
//! read, whatever its headers claim.

use std::io::Write;
use std::path::Path;

use actix_multipart::{Field, Multipart, MultipartError};
use anyhow::Context;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use tempfile::{NamedTempFile, TempPath};
use types::CreatePerson;

use super::body_error;
use crate::domain::enrolment::MAX_PHOTOS;
use crate::domain::pictures::MAX_IMAGE_BYTES;
use crate::error::ApiError;

const MAX_JSON_BYTES: usize = 64 * 1024;
/// Ten photos of a phone fit; ten of the largest do not.
const MAX_FORM_BYTES: usize = 50 * 1024 * 1024;

/// What a form held.
#[derive(Debug, Default)]
pub struct Upload {
    person: Option<Bytes>,
    /// Images, in their order.
    pub photos: Vec<Bytes>,
}

impl Upload {
    /// The part `person`.
    ///
    /// # Errors
    /// 400 when it is no JSON, 422 when it is missing or does not describe a person.
    pub fn person(&self) -> Result<CreatePerson, ApiError> {
        let json = self.person.as_ref().ok_or_else(|| {
            ApiError::invalid("person", "Send a part named person that holds the person as JSON.")
        })?;
        serde_json::from_slice(json).map_err(|error| body_error("person", &error))
    }
}

/// Reads a form.
///
/// # Errors
/// 400 for a broken form, 413 for a part that is too large, 422 for unknown parts or too many photos.
pub async fn read(mut form: Multipart) -> Result<Upload, ApiError> {
    let mut upload = Upload::default();
    while let Some(mut field) = form.try_next().await.map_err(broken)? {
        match field.name().unwrap_or_default() {
            "person" => upload.person = Some(read_field(&mut field, MAX_JSON_BYTES).await?),
            "photo" => {
                if upload.photos.len() == MAX_PHOTOS {
                    return Err(ApiError::invalid("photo", format!("Send at most {MAX_PHOTOS} photos.")));
                }
                let held: usize = upload.photos.iter().map(Bytes::len).sum();
                upload.photos.push(read_field(&mut field, MAX_IMAGE_BYTES.min(MAX_FORM_BYTES - held)).await?);
            }
            other => {
                let name: String = other.chars().take(40).collect();
                return Err(ApiError::invalid(&name, "Only the parts person and photo are known."));
            }
        }
    }
    Ok(upload)
}

/// The one part `file` of a form, in memory.
///
/// # Errors
/// 400 for a broken form, 413 beyond `limit` bytes, 422 for other parts or none.
pub async fn read_file(mut form: Multipart, limit: usize) -> Result<Bytes, ApiError> {
    let mut file = None;
    while let Some(mut field) = form.try_next().await.map_err(broken)? {
        check_file_part(&field, file.is_some())?;
        file = Some(read_field(&mut field, limit).await?);
    }
    file.ok_or_else(|| ApiError::invalid("file", "Send a part named file."))
}

/// The one part `file` of a form, written to a file in `folder` that is deleted once it is let go.
///
/// # Errors
/// As [`read_file`].
pub async fn store_file(mut form: Multipart, folder: &Path, limit: usize) -> Result<TempPath, ApiError> {
    let mut stored = None;
    while let Some(mut field) = form.try_next().await.map_err(broken)? {
        check_file_part(&field, stored.is_some())?;
        let file = NamedTempFile::new_in(folder).context("a temporary file cannot be made")?;
        let mut writer = file.reopen().context("a temporary file cannot be written")?;
        let mut length = 0;
        while let Some(chunk) = field.try_next().await.map_err(broken)? {
            length += chunk.len();
            if length > limit {
                return Err(ApiError::TooLarge { limit });
            }
            writer = tokio::task::spawn_blocking(move || writer.write_all(&chunk).map(|()| writer))
                .await
                .map_err(anyhow::Error::from)?
                .context("a temporary file cannot be written")?;
        }
        stored = Some(file.into_temp_path());
    }
    stored.ok_or_else(|| ApiError::invalid("file", "Send a part named file."))
}

fn check_file_part(field: &Field, again: bool) -> Result<(), ApiError> {
    match field.name().unwrap_or_default() {
        "file" if again => Err(ApiError::invalid("file", "Send one file.")),
        "file" => Ok(()),
        other => {
            let name: String = other.chars().take(40).collect();
            Err(ApiError::invalid(&name, "Only the part file is known."))
        }
    }
}

async fn read_field(field: &mut Field, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.try_next().await.map_err(broken)? {
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn broken(error: MultipartError) -> ApiError {
    ApiError::BadRequest(format!("The form cannot be read: {error}"))
}
