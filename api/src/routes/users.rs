//! Accounts, for admins; and invitations, for whoever has one.

use actix_web::{HttpRequest, HttpResponse, web};
use types::{
    AcceptInvitation, AccountView, CreateUser, Invitation, InvitationAccepted, OpenSession, Page, UpdateUser,
    UserCreated, UserId,
};
use uuid::Uuid;

use crate::auth::{self, Admin, After, Fresh};
use crate::domain::{invitations, second_factor, sessions, users};
use crate::error::ApiError;
use crate::state::App;

/// Lists accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = Page<AccountView>)))]
pub async fn list_users(app: web::Data<App>, _: Fresh<Admin>) -> Result<HttpResponse, ApiError> {
    let items = users::list(&app).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds an account, with a password or with an invitation, which is shown this once.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser, responses(
    (status = 201, body = UserCreated), (status = 403, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn create_user(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), body): After<Fresh<Admin>, web::Json<CreateUser>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Created().json(users::create(&app, admin.by(), body.into_inner()).await?))
}

/// Shows an account.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "users", params(("user" = uuid::Uuid, Path,)), responses(
    (status = 200, body = AccountView), (status = 404, body = types::ErrorBody)))]
pub async fn get_user(
    app: web::Data<App>,
    After(_, id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(users::find(&app, *id).await?))
}

/// Changes an account. Another role, and being disabled, end its sessions.
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "users", request_body = UpdateUser,
    params(("user" = uuid::Uuid, Path,)), responses(
    (status = 200, body = AccountView), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn update_user(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), (id, body)): After<Fresh<Admin>, (web::Path<UserId>, web::Json<UpdateUser>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(users::update(&app, admin.by(), *id, body.into_inner()).await?))
}

/// Removes an account; what it did stays in the audit.
#[utoipa::path(delete, path = "/api/v1/users/{user}", tag = "users", params(("user" = uuid::Uuid, Path,)),
    responses((status = 204, description = "Removed"), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody), (status = 409, body = types::ErrorBody)))]
pub async fn delete_user(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    users::delete(&app, admin.by(), *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a link by which somebody sets a new password; the old one holds until then.
#[utoipa::path(post, path = "/api/v1/users/{user}/reset", tag = "users", params(("user" = uuid::Uuid, Path,)),
    responses((status = 201, body = Invitation), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn reset_user(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Created().json(users::reset(&app, admin.by(), *id).await?))
}

/// Takes the second factor of somebody who has lost it away; their sessions end.
#[utoipa::path(delete, path = "/api/v1/users/{user}/totp", tag = "users", params(("user" = uuid::Uuid, Path,)),
    responses((status = 204, description = "Removed"), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody)))]
pub async fn remove_user_totp(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    app.db
        .run(move |conn| {
            users::check_touch(conn, admin.by(), *id)?;
            second_factor::remove(conn, admin.id.0, id.0)?;
            sessions::end_others(conn, admin.id, *id, None)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the sessions of an account.
#[utoipa::path(get, path = "/api/v1/users/{user}/sessions", tag = "users", params(("user" = uuid::Uuid, Path,)),
    responses((status = 200, body = Page<OpenSession>), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody)))]
pub async fn list_user_sessions(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    let current = admin.session()?;
    let items = app
        .db
        .run(move |conn| {
            users::check_touch(conn, admin.by(), *id)?;
            sessions::list(conn, *id, Some(current))
        })
        .await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Ends all sessions of an account.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions", tag = "users",
    params(("user" = uuid::Uuid, Path,)), responses((status = 204, description = "Ended"),
    (status = 403, body = types::ErrorBody), (status = 404, body = types::ErrorBody)))]
pub async fn end_user_sessions(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), id): After<Fresh<Admin>, web::Path<UserId>>,
) -> Result<HttpResponse, ApiError> {
    app.db
        .run(move |conn| {
            users::check_touch(conn, admin.by(), *id)?;
            sessions::end_others(conn, admin.id, *id, None)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one session of an account.
#[utoipa::path(delete, path = "/api/v1/users/{user}/sessions/{session}", tag = "users",
    params(("user" = uuid::Uuid, Path,), ("session" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Ended"), (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody)))]
pub async fn end_user_session(
    app: web::Data<App>,
    After(Fresh(Admin(admin)), ids): After<Fresh<Admin>, web::Path<(UserId, Uuid)>>,
) -> Result<HttpResponse, ApiError> {
    app.db
        .run(move |conn| {
            users::check_touch(conn, admin.by(), ids.0)?;
            sessions::end(conn, admin.id, ids.0, ids.1)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets a password by the token of an invitation or a reset, which is used up; all sessions of the account end.
#[utoipa::path(post, path = "/api/v1/invitations/acceptance", tag = "users", security(()),
    request_body = AcceptInvitation, responses(
    (status = 200, body = InvitationAccepted), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn accept_invitation(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<AcceptInvitation>,
) -> Result<HttpResponse, ApiError> {
    auth::check_origin(&request, &app, false)?;
    let address = auth::client_address(&request, &app);
    Ok(HttpResponse::Ok().json(invitations::accept(&app, body.into_inner(), address).await?))
}
