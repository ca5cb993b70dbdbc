//! A tablet that was paired: its cookie opens its feed's frames and the kiosk's own routes, and nothing else.

use std::net::IpAddr;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use uuid::Uuid;

use super::Extraction;
use super::frame_sender::{Credential, FrameSender, opened_by};
use super::request::{app, check_own_origin, client_address, session_of};
use crate::domain::kiosk::Kiosk;
use crate::domain::sessions::token_hash;
use crate::error::ApiError;
use crate::models::feed_tokens::KIOSK;
use crate::models::feeds::Feed;
use crate::state::App;

/// Browsers take a cookie of such a name from this host alone, over https, for all paths.
const SECURE_COOKIE: &str = "__Host-attendance_kiosk";
const COOKIE: &str = "attendance_kiosk";
const A_YEAR: CookieDuration = CookieDuration::days(365);

fn name(app: &App) -> &'static str {
    if app.site.https { SECURE_COOKIE } else { COOKIE }
}

/// The cookie that makes a browser a kiosk.
pub fn kiosk_cookie(app: &App, token: &str) -> Cookie<'static> {
    Cookie::build(name(app), token.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.site.https)
        .max_age(A_YEAR)
        .finish()
}

/// The cookie that ends that.
pub fn ended_kiosk_cookie(app: &App) -> Cookie<'static> {
    let mut cookie = kiosk_cookie(app, "");
    cookie.set_max_age(CookieDuration::ZERO);
    cookie
}

/// The kiosk of a request's cookie, and the cookie's hash; none where there is no cookie or it opens nothing any more.
async fn of(request: &HttpRequest, app: &App) -> Result<Option<(Kiosk, Vec<u8>)>, ApiError> {
    let Some(cookie) = request.cookie(name(app)).filter(|cookie| !cookie.value().is_empty()) else {
        return Ok(None);
    };
    let (hash, address) = (token_hash(cookie.value()), client_address(request, app));
    let found = opened_by(app, KIOSK, hash.clone(), address).await?;
    Ok(found.map(|(feed, token)| (Kiosk { feed, token, address }, hash)))
}

/// The feed of a kiosk's cookie, looked up again.
pub(super) async fn feed(app: &App, hash: Vec<u8>, id: Uuid, from: IpAddr) -> Result<Feed, ApiError> {
    let found = opened_by(app, KIOSK, hash, from).await?;
    let found = found.map(|(feed, _)| feed).filter(|feed| feed.id == id);
    found.ok_or(ApiError::Unauthenticated)
}

/// The kiosk as a sender of frames to a feed; none where somebody signed in may be meant.
///
/// # Errors
/// 403 for another feed's kiosk, and for a request from another site.
pub(super) async fn sender(
    request: &HttpRequest,
    app: &App,
    feed: Uuid,
) -> Result<Option<FrameSender>, ApiError> {
    match of(request, app).await? {
        Some((kiosk, hash)) if kiosk.feed.id == feed => {
            check_own_origin(request, app)?;
            let Kiosk { feed, address, .. } = kiosk;
            Ok(Some(FrameSender { feed, credential: Credential::Kiosk(hash), address }))
        }
        Some(_) if session_of(request).is_none() => {
            Err(ApiError::Forbidden("This kiosk belongs to another feed."))
        }
        _ => Ok(None),
    }
}

impl FromRequest for Kiosk {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = app(&request)?;
            let (kiosk, _) = of(&request, &app).await?.ok_or(ApiError::Unauthenticated)?;
            check_own_origin(&request, &app)?;
            Ok(kiosk)
        })
    }
}
