//! People.

use actix_multipart::Multipart;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use types::{ConsentGiven, Count, CreatePerson, Page, PersonId, PersonView, UpdatePerson};

use super::{clamp_limit, text_of};
use crate::auth::{Admin, After, CurrentUser, Fresh, Viewer};
use crate::domain::people;
use crate::error::ApiError;
use crate::models::people::PeopleFilter;
use crate::routes::uploads;
use crate::state::App;

/// Which people to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Part of a name or id; accents and case do not matter, a slip is forgiven.
    query: Option<String>,
    /// Name of a group.
    group: Option<String>,
    /// Those archived instead of those who are not.
    #[serde(default)]
    archived: bool,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What a second enrolment of a face takes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// `true`: enrol although somebody else has this face already.
    #[serde(default, rename = "override")]
    knowingly: bool,
}

/// Lists people.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleQuery), responses(
    (status = 200, body = Page<PersonView>), (status = 401, body = types::ErrorBody)))]
pub async fn list_people(
    app: web::Data<App>,
    After(Viewer(user), query): After<Viewer, web::Query<PeopleQuery>>,
) -> Result<HttpResponse, ApiError> {
    let PeopleQuery { query, group, archived, limit, after } = query.into_inner();
    let filter = PeopleFilter { scope: user.scope, query: text_of(query)?, group: text_of(group)?, archived };
    let limit = clamp_limit(limit)?;
    let page = app.db.run(move |conn| people::list(conn, &filter, limit, after.as_deref())).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Adds a person with their photos.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", params(Override),
    request_body(content = PersonForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = PersonView), (status = 409, body = types::ErrorBody),
    (status = 413, body = types::ErrorBody), (status = 422, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn create_person(
    app: web::Data<App>,
    After(admin, (query, form)): After<Admin, (web::Query<Override>, Multipart)>,
) -> Result<HttpResponse, ApiError> {
    query.check(&admin.0)?;
    let form = uploads::read(form).await?;
    let request: CreatePerson = form.person()?;
    let person = people::create(&app, admin.0.id, request, form.photos, query.knowingly()).await?;
    Ok(HttpResponse::Created().json(person))
}

/// The parts of a new person.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct PersonForm {
    /// The person, as JSON.
    person: CreatePerson,
    /// Up to ten images.
    #[schema(value_type = Vec<String>, format = Binary)]
    photo: Vec<Vec<u8>>,
}

/// Counts the people whom the caller may see and who are not archived.
#[utoipa::path(get, path = "/api/v1/people/count", tag = "people", responses((status = 200, body = Count)))]
pub async fn count_people(app: web::Data<App>, Viewer(user): Viewer) -> Result<HttpResponse, ApiError> {
    let count = app.db.run(move |conn| Ok(crate::models::people::count(conn, &user.scope)?)).await?;
    Ok(HttpResponse::Ok().json(Count { count }))
}

/// Shows a person; a member sees themselves.
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = PersonView), (status = 404, body = types::ErrorBody)))]
pub async fn get_person(
    app: web::Data<App>,
    After(user, id): After<CurrentUser, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let person = app.db.run(move |conn| people::find_within(conn, &user.scope, *id)).await?;
    Ok(HttpResponse::Ok().json(person))
}

/// Changes a person.
#[utoipa::path(patch, path = "/api/v1/people/{person}", tag = "people", request_body = UpdatePerson,
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = PersonView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_person(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<PersonId>, web::Json<UpdatePerson>)>,
) -> Result<HttpResponse, ApiError> {
    // It destroys photos and templates for good.
    if body.consent == Some(ConsentGiven::Plain(false)) {
        admin.0.check_fresh()?;
    }
    let person = people::update(&app, admin.0.id, *id, body.into_inner()).await?;
    Ok(HttpResponse::Ok().json(person))
}

/// Erases a person with all their data.
#[utoipa::path(delete, path = "/api/v1/people/{person}", tag = "people",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Erased"), (status = 403, body = types::ErrorBody), (status = 404, body = types::ErrorBody)))]
pub async fn delete_person(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    people::delete(&app, admin.id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl Override {
    /// Checks that whoever overrides has signed in lately.
    ///
    /// # Errors
    /// 403.
    pub fn check(&self, admin: &CurrentUser) -> Result<(), ApiError> {
        if self.knowingly { admin.check_fresh() } else { Ok(()) }
    }

    /// Whether the admin knows of the other person.
    pub fn knowingly(&self) -> bool {
        self.knowingly
    }
}
