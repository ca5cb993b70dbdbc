//! Signing in and out.

use actix_web::{HttpRequest, HttpResponse, web};
use types::{ChangePassword, SessionView, SignIn, UserView};

use crate::auth::{self, After, CurrentUser};
use crate::domain::sessions;
use crate::error::ApiError;
use crate::models;
use crate::state::App;

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = SignIn, responses(
    (status = 201, body = SessionView, description = "Signed in; the cookie carries the session"),
    (status = 401, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<SignIn>,
) -> Result<HttpResponse, ApiError> {
    auth::check_origin(&request, &app, false)?;
    let from = auth::sign_in_from(&request, &app);
    let (user, token) = sessions::sign_in(&app.db, body.into_inner(), from).await?;
    Ok(HttpResponse::Created().cookie(auth::session_cookie(&app, &token)).json(SessionView { user }))
}

/// Says who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, body = SessionView), (status = 401, body = types::ErrorBody)))]
pub async fn get_session(user: CurrentUser) -> Result<HttpResponse, ApiError> {
    let user = UserView { id: user.id, email: user.email, role: user.role, owner: user.owner };
    Ok(HttpResponse::Ok().json(SessionView { user }))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204, description = "Signed out"), (status = 401, body = types::ErrorBody)))]
pub async fn sign_out(app: web::Data<App>, user: CurrentUser) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| Ok(models::sessions::delete(conn, &user.session)?)).await?;
    Ok(HttpResponse::NoContent().cookie(auth::ended_cookie(&app)).finish())
}

/// Changes one's own password; all other sessions end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = ChangePassword, responses(
    (status = 204, description = "Changed"), (status = 401, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn change_password(
    request: HttpRequest,
    app: web::Data<App>,
    After(user, body): After<CurrentUser, web::Json<ChangePassword>>,
) -> Result<HttpResponse, ApiError> {
    let from = auth::sign_in_from(&request, &app);
    let token = sessions::change_password(&app.db, user.id, body.into_inner(), from).await?;
    Ok(HttpResponse::NoContent().cookie(auth::session_cookie(&app, &token)).finish())
}
