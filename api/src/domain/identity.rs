//! Whose face the photos of an enrolment show: one person's, and nobody's who is enrolled already.

use std::collections::BTreeMap;

use diesel::PgConnection;
use types::{PersonId, PersonRef, PhotoId};

use crate::domain::enrolment::Accepted;
use crate::domain::gallery_sync::decode_template;
use crate::domain::likeness::{self, Outlier};
use crate::domain::master_key::wrapped;
use crate::error::ApiError;
use crate::keys::Sealed;
use crate::models;
use crate::models::biometrics::Template;
use crate::state::App;

/// Photos that do not show the face of the rest, by place, and why: measured by the pack in use, against what is
/// stored of `person` where there is something.
///
/// # Errors
/// 503 while the database or the pack is away.
pub async fn outliers(
    app: &App,
    photos: &[&Accepted],
    person: Option<PersonId>,
) -> Result<Vec<(usize, Outlier)>, ApiError> {
    let pack = app.pack_in_use().await?;
    if photos.iter().any(|photo| photo.embedding_by(&pack.id).is_none()) {
        return Err(loading());
    }
    let stored = match person {
        Some(person) => stored_templates(app, person, pack.id.clone()).await?,
        None => Vec::new(),
    };
    let embeddings: Vec<&[f32]> =
        photos.iter().filter_map(|photo| Some(photo.embedding_by(&pack.id)?.0.as_slice())).collect();
    Ok(likeness::outliers(&embeddings, &stored, likeness::same_face_threshold(&pack)))
}

/// What is known of a person's face in a pack.
async fn stored_templates(app: &App, person: PersonId, pack: String) -> Result<Vec<Vec<f32>>, ApiError> {
    let read = move |conn: &mut PgConnection| {
        let key = models::biometrics::key(conn, person.0)?;
        Ok((key, models::biometrics::templates_of(conn, person.0, &pack)?))
    };
    let (Some(key), templates) = app.db.run(read).await? else { return Ok(Vec::new()) };
    let key = app.keys.unwrap(person, &wrapped(key))?;
    let open = |template: Template| {
        let kind = Sealed::Template(PhotoId(template.photo_id), &template.model_pack);
        Ok(decode_template(&key.open(kind, &template.sealed)?)?)
    };
    templates.into_iter().map(open).collect()
}

/// Refuses photos of which one is not of the person whom the rest shows.
///
/// # Errors
/// [`ApiError::PhotoRefused`] that names each; 503.
pub async fn refuse_outliers(app: &App, photos: &[Accepted], person: PersonId) -> Result<(), ApiError> {
    let photos: Vec<&Accepted> = photos.iter().collect();
    let outliers = outliers(app, &photos, Some(person)).await?;
    if outliers.is_empty() {
        return Ok(());
    }
    let named = outliers.into_iter().map(|(place, why)| (format!("photo[{place}]"), why.advice().to_owned()));
    Err(ApiError::PhotoRefused(named.collect()))
}

fn loading() -> ApiError {
    ApiError::RecognizerUnavailable("the gallery of this model pack is still loading".to_owned())
}

/// People other than `person` whose face at least half of the photos show. One photo of several that comes near
/// somebody is the chance that the threshold allows for each comparison, and there are many here.
///
/// # Errors
/// 503 when a photo was not judged by the pack whose templates are loaded: another was taken into use meanwhile.
pub fn already_enrolled(
    app: &App,
    photos: &[Accepted],
    person: PersonId,
) -> Result<Vec<PersonRef>, ApiError> {
    let known = app.gallery.read();
    let known = known.as_ref().ok_or_else(loading)?;
    let threshold = app.recognizer.pack(&known.pack).ok_or_else(loading)?.threshold;
    let probes: Option<Vec<&Vec<f32>>> =
        photos.iter().map(|photo| Some(&photo.embedding_by(&known.pack)?.0)).collect();
    let found = known.gallery.search_many(&probes.ok_or_else(loading)?, 5);
    let mut photos_of: BTreeMap<PersonId, usize> = BTreeMap::new();
    for candidate in found.map_err(|e| ApiError::Internal(e.into()))?.iter().flatten() {
        if candidate.score >= threshold && candidate.person != person {
            *photos_of.entry(candidate.person).or_default() += 1;
        }
    }
    let named = photos_of.into_iter().filter(|(_, matching)| matching * 2 >= photos.len()).map(|(id, _)| {
        PersonRef { id, name: known.names.get(&id).cloned().unwrap_or_default(), photo: None }
    });
    Ok(named.collect())
}
