//! Groups and their members.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use types::{
    AddMember, CreateGroup, GroupDeleted, GroupId, GroupView, MembershipId, MembershipView, Page, PersonId,
    PersonMembership, UpdateGroup, UpdateMember,
};

use super::{clamp_limit, offset_of};
use crate::auth::{Admin, After, CurrentUser, Viewer};
use crate::domain::groups::{self, Days};
use crate::error::ApiError;
use crate::state::App;

/// Which members to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MembersQuery {
    /// Those of this day; today where it is absent.
    day: Option<NaiveDate>,
    /// `true`: all there ever were, whatever the day.
    #[serde(default)]
    all: bool,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists the groups that the caller may see, by name.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", responses(
    (status = 200, body = Page<GroupView>), (status = 401, body = types::ErrorBody)))]
pub async fn list_groups(app: web::Data<App>, viewer: Viewer) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(move |conn| groups::list(conn, &viewer.0.scope)).await?;
    let total = Some(items.len() as i64);
    Ok(HttpResponse::Ok().json(Page { items, next: None, total }))
}

/// Makes a group.
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = CreateGroup, responses(
    (status = 201, body = GroupView), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_group(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<CreateGroup>>,
) -> Result<HttpResponse, ApiError> {
    let group = app.db.run(move |conn| groups::create(conn, admin.0.id, body.into_inner())).await?;
    Ok(HttpResponse::Created().json(group))
}

/// Shows a group.
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = uuid::Uuid, Path,)),
    responses((status = 200, body = GroupView), (status = 404, body = types::ErrorBody)))]
pub async fn get_group(
    app: web::Data<App>,
    After(viewer, id): After<Viewer, web::Path<GroupId>>,
) -> Result<HttpResponse, ApiError> {
    let group = app.db.run(move |conn| groups::find(conn, &viewer.0.scope, *id)).await?;
    Ok(HttpResponse::Ok().json(group))
}

/// Changes a group.
#[utoipa::path(patch, path = "/api/v1/groups/{group}", tag = "groups", request_body = UpdateGroup,
    params(("group" = uuid::Uuid, Path,)), responses(
    (status = 200, body = GroupView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_group(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<GroupId>, web::Json<UpdateGroup>)>,
) -> Result<HttpResponse, ApiError> {
    let group = app.db.run(move |conn| groups::update(conn, admin.0.id, *id, body.into_inner())).await?;
    Ok(HttpResponse::Ok().json(group))
}

/// Deletes a group and answers what hung on it.
#[utoipa::path(delete, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = uuid::Uuid, Path,)),
    responses((status = 200, body = GroupDeleted), (status = 404, body = types::ErrorBody)))]
pub async fn delete_group(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<GroupId>>,
) -> Result<HttpResponse, ApiError> {
    let hung = app.db.run(move |conn| groups::delete(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::Ok().json(hung))
}

/// Lists a group's members by name.
#[utoipa::path(get, path = "/api/v1/groups/{group}/members", tag = "groups",
    params(("group" = uuid::Uuid, Path,), MembersQuery), responses(
    (status = 200, body = Page<MembershipView>), (status = 404, body = types::ErrorBody)))]
pub async fn list_members(
    app: web::Data<App>,
    After(viewer, (id, query)): After<Viewer, (web::Path<GroupId>, web::Query<MembersQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let MembersQuery { day, all, limit, after } = query.into_inner();
    let days = match (all, day) {
        (true, _) => Days::All,
        (false, Some(day)) => Days::On(day),
        (false, None) => Days::Today,
    };
    let page = (offset_of(after.as_deref())?, clamp_limit(limit)?);
    let page = app.db.run(move |conn| groups::members(conn, &viewer.0.scope, *id, days, page)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Lists the groups that a person belongs or belonged to, newest first; a member's are their own.
#[utoipa::path(get, path = "/api/v1/people/{person}/memberships", tag = "groups",
    params(("person" = uuid::Uuid, Path,)), responses(
    (status = 200, body = Page<PersonMembership>), (status = 404, body = types::ErrorBody)))]
pub async fn list_memberships(
    app: web::Data<App>,
    After(user, id): After<CurrentUser, web::Path<PersonId>>,
) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(move |conn| groups::memberships_of(conn, &user.scope, *id)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Puts a person into a group.
#[utoipa::path(post, path = "/api/v1/groups/{group}/members", tag = "groups", request_body = AddMember,
    params(("group" = uuid::Uuid, Path,)), responses(
    (status = 201, body = MembershipView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn add_member(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<GroupId>, web::Json<AddMember>)>,
) -> Result<HttpResponse, ApiError> {
    let added = app.db.run(move |conn| groups::add_member(conn, admin.0.id, *id, body.into_inner())).await?;
    Ok(HttpResponse::Created().json(added))
}

type MembershipPath = web::Path<(GroupId, MembershipId)>;

/// Changes the days of a membership.
#[utoipa::path(patch, path = "/api/v1/groups/{group}/members/{membership}", tag = "groups",
    request_body = UpdateMember, params(("group" = uuid::Uuid, Path,), ("membership" = uuid::Uuid, Path,)),
    responses((status = 200, body = MembershipView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_member(
    app: web::Data<App>,
    After(admin, (ids, body)): After<Admin, (MembershipPath, web::Json<UpdateMember>)>,
) -> Result<HttpResponse, ApiError> {
    let changed = app
        .db
        .run(move |conn| groups::update_member(conn, admin.0.id, ids.into_inner(), body.into_inner()))
        .await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Deletes a membership as if it had never been.
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{membership}", tag = "groups",
    params(("group" = uuid::Uuid, Path,), ("membership" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_member(
    app: web::Data<App>,
    After(admin, ids): After<Admin, web::Path<(GroupId, MembershipId)>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| groups::delete_member(conn, admin.0.id, ids.into_inner())).await?;
    Ok(HttpResponse::NoContent().finish())
}
