//! Naming a face of the review queue: an enrolment like any other, from the queue's pictures.

use bytes::Bytes;
use diesel::PgConnection;
use serde_json::json;
use types::{EnrolFromReview, PersonId, PersonView, ReviewFaceId, ReviewId, UserId};

use crate::domain::enrolment::Need;
use crate::domain::people::{self, Enrolment};
use crate::domain::review;
use crate::error::ApiError;
use crate::keys::Sealed;
use crate::state::App;

/// Enrols the person of an item, new or known, and takes the item out of the queue, all or nothing.
///
/// # Errors
/// 404 for the item, its faces or the person; 422 and 409 as for any enrolment.
pub async fn enrol(
    app: &App,
    by: UserId,
    item: ReviewId,
    request: EnrolFromReview,
    knowingly: bool,
) -> Result<PersonView, ApiError> {
    // Whoever names faces wants exactly those; otherwise what is good enough is used.
    let need = if request.faces.is_empty() { Need::Any } else { Need::Every };
    let photos = pictures(app, item, &request.faces).await?;
    let EnrolFromReview { person, person_id, consent, .. } = request;
    let named = move |conn: &mut PgConnection| review::remove(conn, by, item, "review.enrolled", json!({}));
    let enrolment = Enrolment { photos, need, knowingly, also: named };
    let id = match (person, person_id) {
        (Some(mut new), None) => {
            new.consent = new.consent.or(consent);
            people::create_with(app, by, new, enrolment).await?
        }
        (None, Some(id)) => {
            people::add_photos_with(app, by, id, consent, enrolment).await?;
            id
        }
        _ => return Err(ApiError::invalid("person", "Send either person or person_id.")),
    };
    erase_others(app, id).await;
    app.db.run(move |conn| people::find(conn, id)).await
}

/// The pictures of an item, or those of some of its faces.
async fn pictures(app: &App, id: ReviewId, faces: &[ReviewFaceId]) -> Result<Vec<Bytes>, ApiError> {
    let (item, pictures) = app.db.run(move |conn| review::pictures(conn, id)).await?;
    if !faces.iter().all(|face| pictures.iter().any(|(id, _)| *id == face.0)) {
        return Err(ApiError::invalid("faces", "Name faces of this item alone."));
    }
    let key = review::key(app, &item)?;
    let wanted = pictures.iter().filter(|(id, _)| faces.is_empty() || faces.contains(&ReviewFaceId(*id)));
    let open = |(face, sealed): &(uuid::Uuid, Vec<u8>)| {
        Ok(key.open(Sealed::ReviewPicture(ReviewFaceId(*face)), sealed)?.into())
    };
    wanted.map(open).collect()
}

/// Who is enrolled is unknown no longer: other items of theirs go too. Nothing depends on it, they expire anyway.
async fn erase_others(app: &App, person: PersonId) {
    let task = app.clone();
    let purge = move |conn: &mut PgConnection| {
        diesel::Connection::transaction(conn, |conn| review::purge_person(conn, &task, person))
    };
    if let Err(error) = app.db.run(purge).await {
        tracing::warn!(error.cause = %error, "items of somebody now enrolled stay in the review queue");
    }
}
