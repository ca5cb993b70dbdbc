//! Signing in by a provider of OpenID Connect.
//!
//! A browser that comes back is not redirected but given a small page, which goes on by itself: the session's cookie is
//! for this site's own requests alone (SameSite=Strict), and what follows a redirect from elsewhere is none.

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use types::{OidcRefusal, OidcSecondFactor, OidcSignedIn, OidcView};
use utoipa::IntoParams;

use crate::auth::{self, InPerson};
use crate::domain::oidc::{self, Outcome, Returned};
use crate::error::ApiError;
use crate::state::App;

const COOKIE: &str = "attendance_oidc";
const PATH: &str = "/api/v1/session/oidc";

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StartQuery {
    /// Path of the page to show afterwards.
    #[serde(default = "home", rename = "return")]
    #[param(required = false)]
    return_to: String,
    /// Confirm the session that stands, instead of starting one.
    #[serde(default)]
    #[param(required = false)]
    confirm: bool,
}

fn home() -> String {
    "/".to_owned()
}

/// What the provider sends back with the browser. It may send more.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CallbackQuery {
    /// What to exchange for an ID token.
    code: Option<String>,
    /// What was sent along.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Says whether people may sign in by a provider, and what it is called.
#[utoipa::path(get, path = "/api/v1/session/oidc", tag = "session", security(()), responses(
    (status = 200, body = OidcView)))]
pub async fn get_oidc(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(oidc::view(&app))
}

/// Sends the browser to the provider.
#[utoipa::path(get, path = "/api/v1/session/oidc/start", tag = "session", security(()), params(StartQuery), responses(
    (status = 303, description = "To the provider, or to the page with sign-in-error in its address"),
    (status = 401, body = types::ErrorBody, description = "There is no session to confirm"),
    (status = 404, body = types::ErrorBody, description = "No provider is configured"),
    (status = 422, body = types::ErrorBody)))]
pub async fn start_oidc(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<StartQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let return_to = oidc::local_path(&query.return_to)?;
    let confirms = match query.confirm {
        true => Some(InPerson::extract(&request).await?.0.session()?),
        false => None,
    };
    match oidc::begin(&app, return_to, auth::session_of(&request), confirms).await {
        Ok((address, token)) => Ok(HttpResponse::SeeOther()
            .cookie(cookie(&app, token))
            .insert_header((header::LOCATION, address))
            .finish()),
        Err(error) => refused(error),
    }
}

/// Takes the browser back from the provider.
#[utoipa::path(get, path = "/api/v1/session/oidc/callback", tag = "session", security(()), params(CallbackQuery),
    responses(
    (status = 200, content_type = "text/html", body = String,
        description = "Signed in: the cookie carries the session, and the page goes on by itself"),
    (status = 303, description = "To the page, with sign-in-error or sign-in=second-factor in its address"),
    (status = 404, body = types::ErrorBody, description = "No provider is configured")))]
pub async fn finish_oidc(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<CallbackQuery>,
) -> Result<HttpResponse, ApiError> {
    let CallbackQuery { code, state, error, iss } = query.into_inner();
    let returned = Returned { code, state, error, issuer: iss };
    let from = auth::sign_in_from(&request, &app);
    match oidc::come_back(&app, token_of(&request), returned, from).await {
        Ok(Outcome::Done { token, return_to }) => {
            let mut page = HttpResponse::Ok();
            page.cookie(ended(&app)).content_type("text/html; charset=utf-8");
            if let Some(token) = token {
                page.cookie(auth::session_cookie(&app, &token));
            }
            Ok(page.body(going_on(&return_to)))
        }
        Ok(Outcome::SecondFactor) => {
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/?sign-in=second-factor")).finish())
        }
        Err(error) => refused(error),
    }
}

/// Takes the second factor of somebody whom the provider has vouched for.
#[utoipa::path(post, path = "/api/v1/session/oidc/second-factor", tag = "session", security(()),
    request_body = OidcSecondFactor, responses(
    (status = 200, body = OidcSignedIn, description = "Signed in; the cookie carries the session"),
    (status = 401, body = types::ErrorBody, description = "totp_required or totp_wrong"),
    (status = 403, body = types::ErrorBody),
    (status = 404, body = types::ErrorBody, description = "Nobody is waited for any more"),
    (status = 429, body = types::ErrorBody)))]
pub async fn oidc_second_factor(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<OidcSecondFactor>,
) -> Result<HttpResponse, ApiError> {
    auth::check_origin(&request, &app, false)?;
    let from = auth::sign_in_from(&request, &app);
    let code = body.into_inner().totp;
    let (token, signed_in) = oidc::second_factor(&app, token_of(&request), code, from).await?;
    let mut answer = HttpResponse::Ok();
    answer.cookie(ended(&app));
    if let Some(token) = token {
        answer.cookie(auth::session_cookie(&app, &token));
    }
    Ok(answer.json(signed_in))
}

fn token_of(request: &HttpRequest) -> Option<String> {
    request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()).filter(|token| !token.is_empty())
}

/// The browser must bring it when it comes back from another site, so it is Lax; it opens nothing by itself.
fn cookie(app: &App, token: String) -> Cookie<'static> {
    Cookie::build(COOKIE, token)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.site.https)
        .max_age(CookieDuration::seconds(oidc::HOLDS.num_seconds()))
        .finish()
}

fn ended(app: &App) -> Cookie<'static> {
    let mut cookie = cookie(app, String::new());
    cookie.set_max_age(CookieDuration::ZERO);
    cookie
}

/// A person sees this, so it is the page that tells them; only what no person can put right is an error of the API.
fn refused(error: ApiError) -> Result<HttpResponse, ApiError> {
    let why = match error {
        ApiError::OidcRefused(why) => why,
        error @ (ApiError::DatabaseUnavailable(_) | ApiError::Internal(_)) => {
            error.body();
            OidcRefusal::Unavailable
        }
        error => return Err(error),
    };
    let page = format!("/?sign-in-error={}", why.name());
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, page)).finish())
}

/// The path was checked to have no character that means something in HTML but `&` and `'`.
fn going_on(path: &str) -> String {
    let path = path.replace('&', "&amp;").replace('\'', "&#39;");
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={path}\">\
         <title>Attendance</title><p><a href=\"{path}\">Attendance</a></p></html>"
    )
}
