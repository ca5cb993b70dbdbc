//! From photos to templates: each photo is judged, sealed and stored, or the whole request is refused.

use std::collections::BTreeMap;

use anyhow::Context;
use bytes::Bytes;
use diesel::{Connection, PgConnection};
use recognizer_types::{DetectedFace, Embedding};
use serde_json::json;
use types::{PersonId, PhotoId, Quality, UserId};
use uuid::Uuid;

use crate::domain::gallery_sync::encode_template;
use crate::domain::identity::{already_enrolled, outliers};
use crate::domain::likeness::Outlier;
use crate::domain::master_key::wrapped;
use crate::domain::pictures::{self, Portrait};
use crate::error::ApiError;
use crate::keys::{OwnKey, Sealed};
use crate::models;
use crate::models::audit::Actor;
use crate::models::biometrics::{NewPhoto, PersonKeyRow, Photo, Template};
use crate::state::App;

/// Most photos in a request, and of a person.
pub const MAX_PHOTOS: usize = 10;

const NO_FACE: &str = "No face was found in this photo.";

/// A photo that may be enrolled, not yet stored.
pub struct Accepted {
    /// Its id to be.
    pub id: PhotoId,
    /// Verdict on the face.
    pub quality: Quality,
    /// How good a portrait it is, 0 to 1.
    pub score: f32,
    model: String,
    embedding: Embedding,
    /// What each other pack that templates are kept of makes of it: an embedding, or why it cannot use it.
    others: Vec<(String, Result<Embedding, String>)>,
    portrait: Portrait,
}

impl Accepted {
    /// What a pack makes of it, where it was asked.
    fn verdict_by(&self, pack: &str) -> Option<Result<&Embedding, &String>> {
        if self.model == pack {
            return Some(Ok(&self.embedding));
        }
        self.others.iter().find(|(other, _)| other == pack).map(|(_, verdict)| verdict.as_ref())
    }

    /// Its embedding by a pack, where that can use it.
    pub fn embedding_by(&self, pack: &str) -> Option<&Embedding> {
        self.verdict_by(pack)?.ok()
    }
}

impl std::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accepted({}, {} bytes)", self.id, self.portrait.jpeg.len())
    }
}

/// How many of the photos of an enrolment must be good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// All: one that is refused refuses the enrolment.
    Every,
    /// One at least: those that are refused are left out.
    Any,
}

/// Judges photos one by one.
///
/// # Errors
/// [`ApiError::PhotoRefused`] with the verdict on each refused photo; 429 or 503 when they cannot be judged.
pub async fn judge(app: &App, photos: &[Bytes], need: Need) -> Result<Vec<Accepted>, ApiError> {
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
    if !refused.is_empty() && (need == Need::Every || accepted.is_empty()) {
        return Err(ApiError::PhotoRefused(refused));
    }
    judge_for_other_packs(app, &mut accepted).await?;
    Ok(accepted)
}

/// While a model change is prepared or can be undone, an enrolment is one in all packs concerned. A pack that
/// cannot use a photo does not refuse it: that is listed with the pack.
async fn judge_for_other_packs(app: &App, photos: &mut [Accepted]) -> Result<(), ApiError> {
    let kept = app.db.run(|conn| Ok(models::packs::kept(conn)?)).await?;
    for pack in kept.into_iter().filter(|pack| app.recognizer.pack(&pack.id).is_some()) {
        for photo in photos.iter_mut().filter(|photo| photo.model != pack.id) {
            let jpeg = Bytes::from(photo.portrait.jpeg.clone());
            photo.others.push((pack.id.clone(), embed_stored(app, jpeg, &pack.id).await?));
        }
    }
    Ok(())
}

/// What a pack makes of a stored photo: an embedding, or why it cannot use it.
///
/// # Errors
/// 429 or 503 when it cannot be judged.
pub async fn embed_stored(app: &App, jpeg: Bytes, pack: &str) -> Result<Result<Embedding, String>, ApiError> {
    match app.recognizer.faces_of_photo(jpeg, pack).await {
        // The photo was judged when it was enrolled: to lose it over another pack's taste would lose the person.
        // The largest face is theirs, for one alone was found then.
        Ok(answer) => Ok(match answer.faces.into_iter().next() {
            Some(face) => Ok(face.embedding.context("the recognizer gave no embedding for a photo")?),
            None => Err(NO_FACE.to_owned()),
        }),
        Err(ApiError::ImageRefused { message, .. }) => Ok(Err(message)),
        Err(error) => Err(error),
    }
}

/// A photo that was looked at and not stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Whether it can be enrolled together with the others.
    pub ok: bool,
    /// What is wrong and what to do; of a photo that is sent twice, which other it is.
    pub message: Option<String>,
    /// How good a portrait it is, 0 to 1; null for one that is refused by itself.
    pub score: Option<f32>,
}

/// Judges photos by themselves and beside each other, without storing anything.
///
/// # Errors
/// 429 or 503 when they cannot be judged.
pub async fn check(app: &App, photos: &[Bytes]) -> Result<Vec<Checked>, ApiError> {
    let verdicts = verdicts(app, photos).await?;
    let usable: Vec<usize> = (0..photos.len()).filter(|&place| verdicts[place].is_ok()).collect();
    let accepted: Vec<&Accepted> = verdicts.iter().flatten().collect();
    let odd: BTreeMap<usize, Outlier> =
        outliers(app, &accepted, None).await?.into_iter().map(|(nth, why)| (usable[nth], why)).collect();
    let checked = verdicts.iter().enumerate().map(|(place, verdict)| match verdict {
        Err(reason) => Checked { ok: false, message: Some(reason.clone()), score: None },
        Ok(photo) => {
            let double = photos[..place].iter().position(|earlier| *earlier == photos[place]);
            let double = double.map(|at| format!("This is the same picture as photo {}.", at + 1));
            let odd = odd.get(&place).map(|why| why.advice().to_owned());
            Checked { ok: odd.is_none(), message: odd.or(double), score: Some(photo.score) }
        }
    });
    Ok(checked.collect())
}

/// The verdict on each photo: accepted, or why not, in words.
///
/// # Errors
/// 429 or 503 when they cannot be judged.
async fn verdicts(app: &App, photos: &[Bytes]) -> Result<Vec<Result<Accepted, String>>, ApiError> {
    let pack = app.pack_in_use().await?;
    let mut verdicts = Vec::with_capacity(photos.len());
    for photo in photos {
        verdicts.push(match app.recognizer.faces_of_photo(photo.clone(), &pack.id).await {
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
        0 => Err(NO_FACE.to_owned()),
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
    let embedding = face.embedding.clone().context("the recognizer gave no embedding for a photo")?;
    let quality = face.quality.clone();
    let (score, portrait) = pictures::decoding(move || {
        let image = pictures::decode(&photo)?;
        Ok((pictures::portrait_score(&image, &face), pictures::portrait(image)?))
    })
    .await?;
    Ok(Accepted {
        id: PhotoId(Uuid::now_v7()),
        quality,
        score,
        model,
        embedding,
        others: Vec::new(),
        portrait,
    })
}

/// Photos whose images are in the store, and the key that sealed them.
pub struct Stored {
    photos: Vec<Accepted>,
    key: OwnKey,
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
            let (key, fresh) = app.keys.new_key(person)?;
            let row =
                PersonKeyRow { person_id: person.0, master_key_version: fresh.version, wrapped: fresh.bytes };
            (key, Some(row))
        }
    };
    for photo in &photos {
        app.photos.put(person, photo.id, key.seal(Sealed::Photo(photo.id), &photo.portrait.jpeg)?).await?;
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
        let kept: Vec<String> = models::packs::kept(conn)?.into_iter().map(|pack| pack.id).collect();
        let mut rows = Vec::with_capacity(stored.photos.len());
        for photo in &stored.photos {
            rows.push(insert(conn, &stored.key, person, photo, &kept)?);
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
    key: &OwnKey,
    person: PersonId,
    photo: &Accepted,
    kept: &[String],
) -> Result<Photo, ApiError> {
    let row = NewPhoto {
        id: photo.id.0,
        person_id: person.0,
        width: i32::try_from(photo.portrait.width).unwrap_or(i32::MAX),
        height: i32::try_from(photo.portrait.height).unwrap_or(i32::MAX),
        quality: serde_json::to_value(&photo.quality).context("quality as JSON")?,
    };
    let row = models::biometrics::insert_photo(conn, &row)?;
    for pack in kept {
        match photo.verdict_by(pack) {
            Some(Ok(embedding)) => insert_template(conn, key, (person, photo.id), pack, embedding)?,
            Some(Err(reason)) => models::packs::insert_unusable(conn, photo.id.0, pack, reason)?,
            // Kept since a moment ago: the photo is one more to make a template of.
            None => {}
        }
    }
    Ok(row)
}

fn insert_template(
    conn: &mut PgConnection,
    key: &OwnKey,
    (person, photo): (PersonId, PhotoId),
    pack: &str,
    embedding: &Embedding,
) -> Result<(), ApiError> {
    let template = Template {
        photo_id: photo.0,
        model_pack: pack.to_owned(),
        person_id: person.0,
        sealed: key.seal(Sealed::Template(photo, pack), &encode_template(&embedding.0))?,
    };
    Ok(models::biometrics::insert_template(conn, &template)?)
}

/// Stores what a pack made of a photo that is stored already.
///
/// # Errors
/// 404 when the photo or its person is gone.
pub fn insert_for_pack(
    conn: &mut PgConnection,
    app: &App,
    (person, photo): (PersonId, PhotoId),
    pack: &str,
    verdict: Result<Embedding, String>,
) -> Result<(), ApiError> {
    match verdict {
        Ok(embedding) => {
            let key = models::biometrics::key(conn, person.0)?.ok_or(ApiError::NotFound("photo"))?;
            let key = app.keys.unwrap(person, &wrapped(key))?;
            insert_template(conn, &key, (person, photo), pack, &embedding)
        }
        Err(reason) => Ok(models::packs::insert_unusable(conn, photo.0, pack, &reason)?),
    }
}
