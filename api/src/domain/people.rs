//! People: adding, changing, withdrawing consent, deleting.

use std::collections::HashMap;

use bytes::Bytes;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    ConsentDetail, ConsentGiven, CreatePerson, GroupId, GroupRef, Page, PersonId, PersonView, PhotoId,
    PhotoView, UpdatePerson, UserId,
};
use uuid::Uuid;

use crate::domain::attendance::days;
use crate::domain::enrolment::{self, Accepted, Need};
use crate::domain::person_fields::{checked, checked_changes, consent, group_names};
use crate::domain::{erasure, identity, review};
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::biometrics::Photo;
use crate::models::people::{Consent, PeopleFilter, Person};
use crate::models::scope::Scope;
use crate::models::{self};
use crate::state::App;

/// A photo as clients see it.
pub fn photo_view(photo: Photo) -> PhotoView {
    PhotoView {
        id: PhotoId(photo.id),
        quality: serde_json::from_value(photo.quality).unwrap_or_default(),
        created_at: photo.created_at,
    }
}

/// People as clients see them, in the order given.
///
/// # Errors
/// When the database fails.
pub fn views(conn: &mut PgConnection, people: Vec<Person>) -> Result<Vec<PersonView>, ApiError> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    let mut photos: HashMap<Uuid, Vec<PhotoView>> = HashMap::new();
    for photo in models::biometrics::photos_of(conn, &ids)? {
        photos.entry(photo.person_id).or_default().push(photo_view(photo));
    }
    let mut groups: HashMap<Uuid, Vec<GroupRef>> = HashMap::new();
    for (person, group) in models::groups::of_people(conn, &ids)? {
        groups.entry(person).or_default().push(GroupRef { id: GroupId(group.id), name: group.name });
    }
    let mut consents: HashMap<Uuid, ConsentDetail> = HashMap::new();
    for consent in models::people::consents(conn, &ids)? {
        let Consent { person_id, given_by, at, text_version, .. } = consent;
        consents.insert(person_id, ConsentDetail { given_by, at, text_version });
    }
    let last_seen: HashMap<Uuid, _> = models::arrivals::last_seen(conn, &ids)?.into_iter().collect();
    Ok(people
        .into_iter()
        .map(|person| PersonView {
            id: PersonId(person.id),
            groups: groups.remove(&person.id).unwrap_or_default(),
            photos: photos.remove(&person.id).unwrap_or_default(),
            consent: consents.remove(&person.id),
            last_seen: last_seen.get(&person.id).copied(),
            name: person.name,
            external_id: person.external_id,
            email: person.email,
            phone: person.phone,
            branch: person.branch,
            year: person.year,
            archived_at: person.archived_at,
            created_at: person.created_at,
        })
        .collect())
}

/// One person.
///
/// # Errors
/// 404.
pub fn find(conn: &mut PgConnection, id: PersonId) -> Result<PersonView, ApiError> {
    let person = models::people::find(conn, id.0).map_err(missing)?;
    one(views(conn, vec![person])?)
}

/// One person, where the caller may see them.
///
/// # Errors
/// 404.
pub fn find_within(conn: &mut PgConnection, scope: &Scope, id: PersonId) -> Result<PersonView, ApiError> {
    check_sight(conn, scope, id)?;
    find(conn, id)
}

/// Whether the caller may see a person.
///
/// # Errors
/// 404 where there is none, and where it is not theirs to know.
pub fn check_sight(conn: &mut PgConnection, scope: &Scope, id: PersonId) -> Result<(), ApiError> {
    let seen = models::scope::sees_person(conn, scope, id.0)?;
    if seen { Ok(()) } else { Err(ApiError::NotFound("person")) }
}

fn one(views: Vec<PersonView>) -> Result<PersonView, ApiError> {
    views.into_iter().next().ok_or(ApiError::NotFound("person"))
}

fn missing(error: diesel::result::Error) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound("person"),
        error => error.into(),
    }
}

/// A page of people; `after` is the `next` of the page before.
///
/// # Errors
/// 422 for an `after` of another make.
pub fn list(
    conn: &mut PgConnection,
    filter: &PeopleFilter,
    limit: i64,
    after: Option<&str>,
) -> Result<Page<PersonView>, ApiError> {
    let offset: i64 = match after {
        Some(text) => text
            .parse()
            .ok()
            .filter(|offset| (0..1_000_000_000).contains(offset))
            .ok_or_else(|| ApiError::invalid("after", "Pass the `next` of the page before."))?,
        None => 0,
    };
    let (people, total) = models::people::list(conn, filter, offset, limit)?;
    let end = offset + people.len() as i64;
    let next = (end < total && !people.is_empty()).then(|| end.to_string());
    Ok(Page { items: views(conn, people)?, next, total: Some(total) })
}

/// The photos of an enrolment, and what comes with it.
pub struct Enrolment<F> {
    /// Encoded images.
    pub photos: Vec<Bytes>,
    /// How many of them must be good enough.
    pub need: Need,
    /// Somebody else has this face, and the admin knows.
    pub knowingly: bool,
    /// What else is done in the same transaction.
    pub also: F,
}

/// Adds a person with their photos, all or nothing.
///
/// # Errors
/// 422 for fields, photos or missing consent; 409 for an id or a face that is taken.
pub async fn create(
    app: &App,
    by: UserId,
    request: CreatePerson,
    photos: Vec<Bytes>,
    knowingly: bool,
) -> Result<PersonView, ApiError> {
    let enrolment = Enrolment { photos, need: Need::Every, knowingly, also: |_: &mut PgConnection| Ok(()) };
    let id = create_with(app, by, request, enrolment).await?;
    app.db.run(move |conn| find(conn, id)).await
}

/// Adds a person, and does something else with it.
///
/// # Errors
/// As [`create`], and whatever the rest fails with.
pub async fn create_with<F>(
    app: &App,
    by: UserId,
    request: CreatePerson,
    enrolment: Enrolment<F>,
) -> Result<PersonId, ApiError>
where
    F: FnOnce(&mut PgConnection) -> Result<(), ApiError> + Send + 'static,
{
    let Enrolment { photos, need, knowingly, also } = enrolment;
    let person = checked(&request)?;
    let consent = consent(request.consent, &person.name)?;
    if !photos.is_empty() && consent.is_none() {
        return Err(ApiError::ConsentRequired);
    }
    let groups = group_names(&request.groups)?;
    // Answered before any photo is looked at: the commonest mistake should not wait for ten photos.
    let external_id = person.external_id.clone();
    app.db
        .run(move |conn| {
            if models::people::external_id_exists(conn, &external_id)? {
                Err(ApiError::ExternalIdTaken)
            } else {
                Ok(())
            }
        })
        .await?;
    let photos = enrolment::judge(app, &photos, need).await?;
    let id = PersonId(person.id);
    let insert = move |conn: &mut PgConnection| {
        models::people::insert(conn, &person)?;
        crate::domain::groups::set_for_person(conn, id, &groups)?;
        if let Some(consent) = consent {
            record_consent(conn, by, id, consent)?;
        }
        let detail = json!({ "external_id": person.external_id });
        audit(conn, by, "person.created", id, detail)?;
        also(conn)
    };
    enrol(app, by, id, photos, knowingly, insert).await?;
    Ok(id)
}

/// Adds photos to a person.
///
/// # Errors
/// 404; 422 for photos, more than ten of them, or missing consent; 409 for a face that is taken.
pub async fn add_photos(
    app: &App,
    by: UserId,
    id: PersonId,
    photos: Vec<Bytes>,
    knowingly: bool,
) -> Result<Vec<PhotoView>, ApiError> {
    let enrolment = Enrolment { photos, need: Need::Every, knowingly, also: |_: &mut PgConnection| Ok(()) };
    add_photos_with(app, by, id, None, enrolment).await
}

/// Adds photos to a person, with their consent where none stands yet, and does something else with it.
///
/// # Errors
/// As [`add_photos`], and whatever the rest fails with.
pub async fn add_photos_with<F>(
    app: &App,
    by: UserId,
    id: PersonId,
    given: Option<ConsentGiven>,
    enrolment: Enrolment<F>,
) -> Result<Vec<PhotoView>, ApiError>
where
    F: FnOnce(&mut PgConnection) -> Result<(), ApiError> + Send + 'static,
{
    let Enrolment { photos, need, knowingly, also } = enrolment;
    if photos.is_empty() {
        return Err(ApiError::invalid("photo", "Send at least one part named photo."));
    }
    let asked = given.clone();
    let least = if need == Need::Every { photos.len() } else { 1 };
    // Answered before any photo is looked at.
    app.db.run(move |conn| conn.transaction(|conn| may_enrol(conn, id, asked, least).map(drop))).await?;
    let photos = enrolment::judge(app, &photos, need).await?;
    let adding = photos.len();
    let first = move |conn: &mut PgConnection| {
        if let Some(consent) = may_enrol(conn, id, given, adding)? {
            record_consent(conn, by, id, consent)?;
        }
        also(conn)
    };
    let stored = enrol(app, by, id, photos, knowingly, first).await?;
    Ok(stored.into_iter().map(photo_view).collect())
}

/// Whether a person may get that many photos more; with the consent to record where none stands yet.
fn may_enrol(
    conn: &mut PgConnection,
    id: PersonId,
    given: Option<ConsentGiven>,
    adding: usize,
) -> Result<Option<ConsentDetail>, ApiError> {
    let person = models::people::find_for_update(conn, id.0).map_err(missing)?;
    let stands = !models::people::consents(conn, &[id.0])?.is_empty();
    let given = consent(given, &person.name)?.filter(|_| !stands);
    if !stands && given.is_none() {
        return Err(ApiError::ConsentRequired);
    }
    if models::biometrics::photos_of(conn, &[id.0])?.len() + adding > enrolment::MAX_PHOTOS {
        return Err(ApiError::invalid("photo", "A person has at most 10 photos: delete some first."));
    }
    Ok(given)
}

/// Stores photos in one transaction, after `first` has done its part in it. The sealed images are in the store
/// before the rows commit; where the commit fails they are taken out again.
async fn enrol<F>(
    app: &App,
    by: UserId,
    id: PersonId,
    photos: Vec<Accepted>,
    knowingly: bool,
    first: F,
) -> Result<Vec<Photo>, ApiError>
where
    F: FnOnce(&mut PgConnection) -> Result<(), ApiError> + Send + 'static,
{
    if photos.is_empty() {
        app.db.run(move |conn| conn.transaction(first)).await?;
        return Ok(Vec::new());
    }
    // A first look, before anything is written; the one that counts is in the transaction.
    if let Some(double) =
        identity::already_enrolled(app, &photos, id)?.into_iter().next().filter(|_| !knowingly)
    {
        return Err(ApiError::FaceAlreadyEnrolled(double));
    }
    identity::refuse_outliers(app, &photos, id).await?;
    let ids: Vec<PhotoId> = photos.iter().map(|photo| photo.id).collect();
    let stored = match enrolment::put(app, id, photos).await {
        Ok(sealed) => {
            let task = app.clone();
            app.db.run(move |conn| enrolment::commit(conn, &task, by, id, sealed, knowingly, first)).await
        }
        Err(error) => Err(error),
    };
    if stored.is_err() {
        for photo in ids {
            if let Err(error) = app.photos.delete(id, photo).await {
                tracing::warn!(photo.id = %photo, error.cause = %error, "a sealed photo without a row is left over");
            }
        }
    }
    stored
}

/// Changes a person.
///
/// # Errors
/// 404, 409, 422.
pub async fn update(
    app: &App,
    by: UserId,
    id: PersonId,
    request: UpdatePerson,
) -> Result<PersonView, ApiError> {
    let changes = checked_changes(&request)?;
    let groups = request.groups.as_deref().map(group_names).transpose()?;
    let withdrawn = matches!(request.consent, Some(ConsentGiven::Plain(false)));
    let given = request.consent.clone();
    let task = app.clone();
    let view = app
        .db
        .run(move |conn| {
            let view = conn.transaction(|conn| {
                let before = models::people::find_for_update(conn, id.0).map_err(missing)?;
                let after = models::people::update(conn, id.0, changes)?;
                if let Some(groups) = groups {
                    crate::domain::groups::set_for_person(conn, id, &groups)?;
                }
                if withdrawn {
                    review::purge_person(conn, &task, id)?;
                    withdraw_consent(conn, by, id)?;
                } else if let Some(given) = consent(given, &after.name)? {
                    record_consent(conn, by, id, given)?;
                }
                if withdrawn || before.name != after.name || before.archived_at != after.archived_at {
                    models::gallery::touch(conn, &[id.0])?;
                }
                if before.archived_at != after.archived_at {
                    let today = models::settings::today(conn)?;
                    days::people_changed(conn, &[id.0], Some(today))?;
                }
                let detail = json!({ "fields": changed_fields(&request) });
                audit(conn, by, "person.updated", id, detail)?;
                one(views(conn, vec![after])?)
            })?;
            task.follow_own_change(conn);
            Ok(view)
        })
        .await?;
    if withdrawn {
        app.photos.delete_person(id).await?;
    }
    Ok(view)
}

fn changed_fields(request: &UpdatePerson) -> Vec<String> {
    match serde_json::to_value(request) {
        Ok(serde_json::Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Erases a person.
///
/// # Errors
/// 404.
pub async fn delete(app: &App, by: UserId, id: PersonId) -> Result<(), ApiError> {
    erasure::erase(app, Actor::User(by.0), id, "Deleted.".to_owned()).await.map(drop)
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    id: PersonId,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.0), action, ("person", Some(id.0)), detail)?)
}

fn record_consent(
    conn: &mut PgConnection,
    by: UserId,
    id: PersonId,
    detail: ConsentDetail,
) -> Result<(), ApiError> {
    let ConsentDetail { given_by, at, mut text_version } = detail;
    if text_version.is_empty() {
        text_version = models::rights::newest_text(conn)?;
    }
    let consent = Consent { person_id: id.0, given_by, at, text_version, recorded_by: by.0 };
    models::people::record_consent(conn, &consent)?;
    let detail = json!({ "text_version": consent.text_version });
    audit(conn, by, "consent.recorded", id, detail)
}

fn withdraw_consent(conn: &mut PgConnection, by: UserId, id: PersonId) -> Result<(), ApiError> {
    models::people::delete_consent(conn, id.0)?;
    models::rights::end_consent(conn, id.0, by.0, true)?;
    let photos = models::biometrics::delete_all(conn, id.0)?;
    let detail = json!({ "photos_erased": photos.len() });
    audit(conn, by, "consent.withdrawn", id, detail)
}
