//! Signing in and out, and one's own sessions and second factor.

use actix_web::{HttpRequest, HttpResponse, web};
use types::{
    ChangePassword, ConfirmSession, ConfirmTotp, OpenSession, Page, RecoveryCodes, SessionView, SignIn,
    TotpEnrolment, UserView,
};
use uuid::Uuid;

use crate::auth::{self, After, Fresh, InPerson};
use crate::domain::{second_factor, sessions};
use crate::error::ApiError;
use crate::models;
use crate::state::App;

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = SignIn, responses(
    (status = 201, body = SessionView, description = "Signed in; the cookie carries the session"),
    (status = 401, body = types::ErrorBody, description = "wrong_credentials, totp_required or totp_wrong"),
    (status = 429, body = types::ErrorBody)))]
pub async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<SignIn>,
) -> Result<HttpResponse, ApiError> {
    auth::check_origin(&request, &app, false)?;
    let from = auth::sign_in_from(&request, &app);
    let (user, token) = sessions::sign_in(&app, body.into_inner(), from).await?;
    let view = sessions::session_view(&app, sessions::view(&user)).await?;
    Ok(HttpResponse::Created().cookie(auth::session_cookie(&app, &token)).json(view))
}

/// Says who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, body = SessionView), (status = 401, body = types::ErrorBody)))]
pub async fn get_session(app: web::Data<App>, InPerson(user): InPerson) -> Result<HttpResponse, ApiError> {
    let user = UserView { id: user.id, email: user.email, role: user.role, owner: user.owner };
    Ok(HttpResponse::Ok().json(sessions::session_view(&app, user).await?))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204, description = "Signed out"), (status = 401, body = types::ErrorBody)))]
pub async fn sign_out(app: web::Data<App>, InPerson(user): InPerson) -> Result<HttpResponse, ApiError> {
    let session = user.session()?;
    app.db.run(move |conn| Ok(models::sessions::delete_one(conn, user.id.0, session)?)).await?;
    Ok(HttpResponse::NoContent().cookie(auth::ended_cookie(&app)).finish())
}

/// Changes one's own password; all other sessions end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = ChangePassword, responses(
    (status = 204, description = "Changed"), (status = 401, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn change_password(
    request: HttpRequest,
    app: web::Data<App>,
    After(InPerson(user), body): After<InPerson, web::Json<ChangePassword>>,
) -> Result<HttpResponse, ApiError> {
    let from = auth::sign_in_from(&request, &app);
    let token = sessions::change_password(&app, (user.id, &user.email), body.into_inner(), from).await?;
    Ok(HttpResponse::NoContent().cookie(auth::session_cookie(&app, &token)).finish())
}

/// Takes the password once more: for half an hour, what asks for a fresh sign-in may be done.
#[utoipa::path(post, path = "/api/v1/session/confirmation", tag = "session", request_body = ConfirmSession,
    responses((status = 204, description = "Confirmed"), (status = 401, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn confirm_session(
    request: HttpRequest,
    app: web::Data<App>,
    After(InPerson(user), body): After<InPerson, web::Json<ConfirmSession>>,
) -> Result<HttpResponse, ApiError> {
    let address = auth::client_address(&request, &app);
    let session = user.session()?;
    sessions::confirm(&app, (user.id, &user.email), session, body.into_inner(), address).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Begins to enrol a second factor: a secret for an app that makes one-time passwords.
#[utoipa::path(post, path = "/api/v1/session/totp", tag = "session", responses(
    (status = 201, body = TotpEnrolment), (status = 403, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody)))]
pub async fn begin_totp(
    app: web::Data<App>,
    Fresh(InPerson(user)): Fresh<InPerson>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Created().json(second_factor::begin(&app, user.id, user.email).await?))
}

/// Takes the second factor into use with a first code; all other sessions end. The recovery codes are shown this
/// once.
#[utoipa::path(post, path = "/api/v1/session/totp/confirmation", tag = "session", request_body = ConfirmTotp,
    responses((status = 200, body = RecoveryCodes), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody),
    (status = 429, body = types::ErrorBody)))]
pub async fn confirm_totp(
    request: HttpRequest,
    app: web::Data<App>,
    After(Fresh(InPerson(user)), body): After<Fresh<InPerson>, web::Json<ConfirmTotp>>,
) -> Result<HttpResponse, ApiError> {
    let from = auth::sign_in_from(&request, &app);
    let code = body.into_inner().code;
    let (codes, token) = second_factor::confirm(&app, user.id, &user.email, code, from).await?;
    Ok(HttpResponse::Ok().cookie(auth::session_cookie(&app, &token)).json(codes))
}

/// Gives up one's second factor.
#[utoipa::path(post, path = "/api/v1/session/totp/removal", tag = "session", request_body = ConfirmSession,
    responses((status = 204, description = "Removed"), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn remove_totp(
    request: HttpRequest,
    app: web::Data<App>,
    After(InPerson(user), body): After<InPerson, web::Json<ConfirmSession>>,
) -> Result<HttpResponse, ApiError> {
    let address = auth::client_address(&request, &app);
    sessions::remove_second_factor(&app, (user.id, &user.email), body.into_inner(), address).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists one's own sessions.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "session", responses(
    (status = 200, body = Page<OpenSession>)))]
pub async fn list_sessions(app: web::Data<App>, InPerson(user): InPerson) -> Result<HttpResponse, ApiError> {
    let current = user.session()?;
    let items = app.db.run(move |conn| sessions::list(conn, user.id, Some(current))).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{session}", tag = "session",
    params(("session" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Ended"), (status = 404, body = types::ErrorBody)))]
pub async fn end_session(
    app: web::Data<App>,
    After(InPerson(user), session): After<InPerson, web::Path<Uuid>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| sessions::end(conn, user.id, user.id, *session)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all of one's sessions but this one.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "session", responses(
    (status = 204, description = "Ended")))]
pub async fn end_other_sessions(
    app: web::Data<App>,
    InPerson(user): InPerson,
) -> Result<HttpResponse, ApiError> {
    let current = user.session()?;
    app.db.run(move |conn| sessions::end_others(conn, user.id, user.id, Some(current))).await?;
    Ok(HttpResponse::NoContent().finish())
}
