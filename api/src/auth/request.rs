//! What a request shows of who sends it: session cookie, token, origin, address.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::{HttpRequest, web};

use crate::domain::sessions::{self, SignInFrom, token_hash};
use crate::error::ApiError;
use crate::state::App;

const COOKIE: &str = "attendance_session";
/// How a browser, which cannot set headers on a WebSocket, sends a device token.
const SUBPROTOCOL: &str = "bearer.";

/// What the handlers share.
pub(super) fn app(request: &HttpRequest) -> Result<App, ApiError> {
    let app = request.app_data::<web::Data<App>>();
    app.map(|app| App::clone(app)).ok_or_else(|| ApiError::Internal(anyhow::anyhow!("no App in this scope")))
}

/// The key, token or proof in a request's `Authorization`, or a device token in its subprotocol.
pub fn bearer(request: &HttpRequest) -> Option<String> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authorization = header(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
    if let Some((_, token)) = authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        return Some(token.trim().to_owned());
    }
    subprotocol(request).map(|protocol| protocol[SUBPROTOCOL.len()..].to_owned())
}

/// The subprotocol that carries a device token; the upgrade must name it in its answer.
pub fn subprotocol(request: &HttpRequest) -> Option<String> {
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').map(str::trim).find(|protocol| protocol.starts_with(SUBPROTOCOL)).map(str::to_owned)
}

/// What is asked with a cookie and changes something, or opens a socket, must come from the site itself.
pub(super) fn check_own_origin(request: &HttpRequest, app: &App) -> Result<(), ApiError> {
    let changes = !request.method().is_safe() || request.headers().contains_key(header::UPGRADE);
    if changes { check_origin(request, app, true) } else { Ok(()) }
}

/// Checks that a browser's request comes from the site itself.
///
/// # Errors
/// 403 when `Origin` names another site, or is missing although it is `required`.
pub fn check_origin(request: &HttpRequest, app: &App, required: bool) -> Result<(), ApiError> {
    match request.headers().get(header::ORIGIN) {
        Some(origin) if origin.to_str().is_ok_and(|origin| app.site.is_own(origin)) => Ok(()),
        None if !required => Ok(()),
        _ => Err(ApiError::WrongOrigin),
    }
}

/// The hash of the session id in the cookie.
pub fn session_of(request: &HttpRequest) -> Option<Vec<u8>> {
    request
        .cookie(COOKIE)
        .filter(|cookie| !cookie.value().is_empty())
        .map(|cookie| token_hash(cookie.value()))
}

/// The cookie that carries a session.
pub fn session_cookie(app: &App, token: &str) -> Cookie<'static> {
    Cookie::build(COOKIE, token.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.site.https)
        .max_age(CookieDuration::seconds(sessions::ABSOLUTE.num_seconds()))
        .finish()
}

/// The cookie that takes a session away.
pub fn ended_cookie(app: &App) -> Cookie<'static> {
    let mut cookie = session_cookie(app, "");
    cookie.set_max_age(CookieDuration::ZERO);
    cookie
}

/// The client's address, through trusted proxies only.
pub fn client_address(request: &HttpRequest, app: &App) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
    let forwarded = request.headers().get("X-Forwarded-For").and_then(|value| value.to_str().ok());
    app.site.client_address(peer, forwarded)
}

/// From where and with what somebody signs in.
pub fn sign_in_from(request: &HttpRequest, app: &App) -> SignInFrom {
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    SignInFrom {
        address: client_address(request, app),
        user_agent: user_agent.map(str::to_owned),
        old_session: session_of(request),
    }
}
