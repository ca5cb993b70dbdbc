//! From photos to templates: each photo is judged, sealed and stored, or the whole request is refused.

use std::collections::BTreeMap;
use std::io::Cursor;

use anyhow::Context;
use bytes::Bytes;
use diesel::{Connection, PgConnection};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use recognizer_types::{DetectedFace, Embedding};
use serde_json::json;
use tokio::sync::Semaphore;
use types::{PersonId, PersonRef, PhotoId, Quality, UserId};
use uuid::Uuid;

use crate::domain::gallery_sync::encode_template;
use crate::domain::master_key::wrapped;
use crate::error::ApiError;
use crate::keys::{PersonKey, Sealed};
use crate::models;
use crate::models::audit::Actor;
use crate::models::biometrics::{NewPhoto, PersonKeyRow, Photo, Template};
use crate::state::App;

/// Most photos in a request, and of a person.
pub const MAX_PHOTOS: usize = 10;
/// Longer sides are scaled down to this before storing: enough to enrol anew with another model.
const STORED_SIDE: u32 = 1600;
const STORED_QUALITY: u8 = 90;
/// The recognizer has refused larger ones before anything is decoded here.
const MAX_SIDE: u32 = 16_384;

/// A large photo takes a hundred megabytes while it is decoded: one at a time.
static DECODING: Semaphore = Semaphore::const_new(1);

/// A photo that may be enrolled, not yet stored.
pub struct Accepted {
    /// Its id to be.
    pub id: PhotoId,
    /// Verdict on the face.
    pub quality: Quality,
    model: String,
    embedding: Embedding,
    jpeg: Vec<u8>,
    width: u32,
    height: u32,
}

impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepted({}, {} bytes)", self.id, self.jpeg.len())
    }
}

/// Judges photos one by one.
///
/// # Errors
/// [`ApiError::PhotoRefused`] with the verdict on each refused photo; 429 or 503 when they cannot be judged.
pub async fn judge(app: &App, photos: &[Bytes]) -> Result<Vec<Accepted>, ApiError> {
    let mut accepted = Vec::new();
    let mut refused = BTreeMap::new();
    for (index, verdict) in verdicts(app, photos).await?.into_iter().enumerate() {
        match verdict {
            Ok(photo) => accepted.push(photo),
            Err(reason) => {
                refused.insert(format!("photo[{index}]"), reason);
            }
        }
    }
    if refused.is_empty() { Ok(accepted) } else { Err(ApiError::PhotoRefused(refused)) }
}

/// The verdict on each photo: accepted, or why not, in words.
///
/// # Errors
/// 429 or 503 when they cannot be judged.
pub async fn verdicts(app: &App, photos: &[Bytes]) -> Result<Vec<Result<Accepted, String>>, ApiError> {
    let mut verdicts = Vec::with_capacity(photos.len());
    for photo in photos {
        verdicts.push(match app.recognizer.faces_of_photo(photo.clone()).await {
            Ok(answer) => match only_face(answer.faces) {
                Ok(face) => Ok(accept(photo.clone(), answer.model, face).await?),
                Err(reason) => Err(reason),
            },
            Err(ApiError::ImageRefused { message, .. }) => Err(message),
            Err(error) => return Err(error),
        });
    }
    Ok(verdicts)
}

/// The one face of an enrolment photo, if it is good enough.
fn only_face(mut faces: Vec<DetectedFace>) -> Result<DetectedFace, String> {
    match faces.len() {
        0 => Err("No face was found in this photo.".to_owned()),
        1 => {
            let face = faces.remove(0);
            if face.quality.ok {
                return Ok(face);
            }
            let advice: Vec<&str> = face.quality.reasons.iter().map(|reason| reason.advice()).collect();
            Err(advice.join(" "))
        }
        count => Err(format!("There are {count} faces in this photo. Use one with this person alone.")),
    }
}

async fn accept(photo: Bytes, model: String, face: DetectedFace) -> Result<Accepted, ApiError> {
    let _permit = DECODING.acquire().await.map_err(|e| ApiError::Internal(e.into()))?;
    let (jpeg, width, height) = tokio::task::spawn_blocking(move || reencode(&photo))
        .await
        .map_err(|e| ApiError::Internal(e.into()))??;
    Ok(Accepted {
        id: PhotoId(Uuid::now_v7()),
        quality: face.quality,
        model,
        embedding: face.embedding.context("the recognizer gave no embedding for a photo")?,
        jpeg,
        width,
        height,
    })
}

/// Decodes a photo, turns it upright, and encodes it as a JPEG without any metadata.
fn reencode(photo: &[u8]) -> Result<(Vec<u8>, u32, u32), ApiError> {
    let unreadable = |error: image::ImageError| ApiError::ImageRefused {
        status: 422,
        code: "unreadable".to_owned(),
        message: format!("The photo cannot be read: {error}."),
    };
    let mut reader = ImageReader::new(Cursor::new(photo))
        .with_guessed_format()
        .map_err(|error| unreadable(image::ImageError::IoError(error)))?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    if image.width().max(image.height()) > STORED_SIDE {
        image = image.thumbnail(STORED_SIDE, STORED_SIDE);
    }
    let image = image.into_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, STORED_QUALITY).encode_image(&image).map_err(unreadable)?;
    Ok((jpeg, image.width(), image.height()))
}

/// People other than `person` whose face one of the photos shows.
///
/// # Errors
/// When a photo was judged by another model than the gallery holds.
pub fn already_enrolled(
    app: &App,
    photos: &[Accepted],
    person: PersonId,
) -> Result<Vec<PersonRef>, ApiError> {
    let loading =
        || ApiError::RecognizerUnavailable("the gallery of this model pack is still loading".to_owned());
    let threshold = app.recognizer.pack().ok_or_else(loading)?.threshold;
    let known = app.gallery.read();
    let known = known.as_ref().ok_or_else(loading)?;
    let mut found: Vec<PersonRef> = Vec::new();
    for photo in photos {
        if photo.model != known.pack {
            return Err(loading());
        }
        let candidates =
            known.gallery.search(&photo.embedding.0, 5).map_err(|e| ApiError::Internal(e.into()))?;
        for candidate in candidates {
            let new = !found.iter().any(|other| other.id == candidate.person);
            if candidate.score >= threshold && candidate.person != person && new {
                let name = known.names.get(&candidate.person).cloned().unwrap_or_default();
                found.push(PersonRef { id: candidate.person, name, photo: None });
            }
        }
    }
    Ok(found)
}

/// Photos whose images are in the store, and the key that sealed them.
pub struct Stored {
    photos: Vec<Accepted>,
    key: PersonKey,
    /// The key's row, where the person had none before.
    fresh_key: Option<PersonKeyRow>,
}

/// Seals the images of photos and puts them into the store.
///
/// # Errors
/// When database, storage or the master key file cannot be used.
pub async fn put(app: &App, person: PersonId, photos: Vec<Accepted>) -> Result<Stored, ApiError> {
    let row = app.db.run(move |conn| Ok(models::biometrics::key(conn, person.0)?)).await?;
    let (key, fresh_key) = match row {
        Some(row) => (app.keys.unwrap(person, &wrapped(row))?, None),
        None => {
            let (key, fresh) = app.keys.new_person_key(person)?;
            let row =
                PersonKeyRow { person_id: person.0, master_key_version: fresh.version, wrapped: fresh.bytes };
            (key, Some(row))
        }
    };
    for photo in &photos {
        app.photos.put(person, photo.id, key.seal(Sealed::Photo(photo.id), &photo.jpeg)?).await?;
    }
    Ok(Stored { photos, key, fresh_key })
}

/// Writes the rows of photos that [`put`] stored, in one transaction, after `first` has done its part in it.
///
/// # Errors
/// [`ApiError::FaceAlreadyEnrolled`] unless `knowingly`; whatever `first` fails with.
pub fn commit(
    conn: &mut PgConnection,
    app: &App,
    by: UserId,
    person: PersonId,
    stored: Stored,
    knowingly: bool,
    first: impl FnOnce(&mut PgConnection) -> Result<(), ApiError>,
) -> Result<Vec<Photo>, ApiError> {
    let rows = conn.transaction(|conn| {
        first(conn)?;
        // From here to the commit nobody else can change the gallery, so nobody can enrol the same face between
        // the look and the write.
        models::gallery::lock(conn)?;
        app.refresh_gallery(conn)?;
        let doubles = already_enrolled(app, &stored.photos, person)?;
        for double in &doubles {
            if !knowingly {
                return Err(ApiError::FaceAlreadyEnrolled(double.clone()));
            }
            models::biometrics::insert_override(conn, person.0, double.id.0, by.0)?;
        }
        if let Some(row) = &stored.fresh_key {
            models::biometrics::insert_key(conn, row)?;
        }
        let mut rows = Vec::with_capacity(stored.photos.len());
        for photo in &stored.photos {
            rows.push(insert(conn, &stored.key, person, photo)?);
        }
        models::gallery::touch(conn, &[person.0])?;
        let detail = json!({ "photos": rows.len(), "override": doubles.len() });
        models::audit::insert(
            conn,
            Actor::User(by.0),
            "person.enrolled",
            ("person", Some(person.0)),
            detail,
        )?;
        Ok::<_, ApiError>(rows)
    })?;
    app.follow_own_change(conn);
    Ok(rows)
}

fn insert(
    conn: &mut PgConnection,
    key: &PersonKey,
    person: PersonId,
    photo: &Accepted,
) -> Result<Photo, ApiError> {
    let row = NewPhoto {
        id: photo.id.0,
        person_id: person.0,
        width: i32::try_from(photo.width).unwrap_or(i32::MAX),
        height: i32::try_from(photo.height).unwrap_or(i32::MAX),
        quality: serde_json::to_value(&photo.quality).context("quality as JSON")?,
    };
    let row = models::biometrics::insert_photo(conn, &row)?;
    let template = Template {
        photo_id: photo.id.0,
        model_pack: photo.model.clone(),
        person_id: person.0,
        sealed: key.seal(Sealed::Template(photo.id, &photo.model), &encode_template(&photo.embedding.0))?,
    };
    models::biometrics::insert_template(conn, &template)?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_photo_is_upright_small_enough_and_carries_no_metadata() {
        // A JPEG with an EXIF block that says "turned by 90 degrees" (orientation 6).
        let image =
            image::RgbImage::from_fn(2400, 1200, |x, y| image::Rgb([(x / 10) as u8, (y / 5) as u8, 90]));
        let mut plain = Vec::new();
        JpegEncoder::new(&mut plain).encode_image(&image).expect("encode");
        let exif: &[u8] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = plain[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend(u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
        turned.extend(exif);
        turned.extend(&plain[2..]);

        let (jpeg, width, height) = reencode(&turned).expect("reencode");
        assert_eq!((width, height), (800, 1600));
        assert!(!jpeg.windows(4).any(|window| window == b"Exif"));
    }
}
