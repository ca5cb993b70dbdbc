//! Kiosks: pairing one, and what a paired one asks.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use types::{ArrivalId, CheckIn, FeedId, KioskGreeting, KioskPairing, KioskView, PairKiosk};

use super::body_error;
use crate::auth::{self, Admin, After, Kiosk};
use crate::domain::kiosk::{check_ins, greetings, pairing};
use crate::domain::sealed;
use crate::error::ApiError;
use crate::state::App;

/// Bytes that a check-in is long at most.
const MAX_CHECK_IN_BYTES: usize = 4096;

/// Makes a code that makes one tablet a kiosk of the feed, within ten minutes.
#[utoipa::path(post, path = "/api/v1/feeds/{feed}/pairing", tag = "kiosk", params(("feed" = uuid::Uuid, Path,)),
    responses((status = 201, body = KioskPairing), (status = 404, body = types::ErrorBody)))]
pub async fn begin_pairing(
    app: web::Data<App>,
    After(admin, feed): After<Admin, web::Path<FeedId>>,
) -> Result<HttpResponse, ApiError> {
    let begun = pairing::begin(&app, admin.0.id, *feed).await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(begun))
}

/// Makes the browser that asks a kiosk, by a code.
#[utoipa::path(post, path = "/api/v1/kiosk/pairing", tag = "kiosk", security(()), request_body = PairKiosk, responses(
    (status = 201, body = KioskView, description = "Paired; the cookie opens the kiosk's routes and its feed's frames"),
    (status = 403, body = types::ErrorBody), (status = 404, body = types::ErrorBody),
    (status = 429, body = types::ErrorBody)))]
pub async fn pair_kiosk(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<PairKiosk>,
) -> Result<HttpResponse, ApiError> {
    auth::check_origin(&request, &app, false)?;
    let address = auth::client_address(&request, &app);
    let (view, token) = pairing::pair(&app, &body.code, address).await?;
    Ok(HttpResponse::Created().cookie(auth::kiosk_cookie(&app, &token)).json(view))
}

/// Says what this kiosk is.
#[utoipa::path(get, path = "/api/v1/kiosk", tag = "kiosk", security(("kiosk" = [])), responses(
    (status = 200, body = KioskView), (status = 401, body = types::ErrorBody)))]
pub async fn get_kiosk(app: web::Data<App>, kiosk: Kiosk) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(pairing::view(&app, kiosk.feed).await?))
}

/// Makes this kiosk an ordinary browser again.
#[utoipa::path(delete, path = "/api/v1/kiosk", tag = "kiosk", security(("kiosk" = [])), responses(
    (status = 204, description = "Unpaired"), (status = 401, body = types::ErrorBody)))]
pub async fn unpair_kiosk(app: web::Data<App>, kiosk: Kiosk) -> Result<HttpResponse, ApiError> {
    pairing::end(&app, kiosk).await?;
    Ok(HttpResponse::NoContent().cookie(auth::ended_kiosk_cookie(&app)).finish())
}

/// Records that somebody came by PIN or badge. 200 where the same id came before.
#[utoipa::path(post, path = "/api/v1/kiosk/check-ins", tag = "kiosk", security(("kiosk" = [])),
    request_body(content((CheckIn = "application/json"), (Vec<u8> = "application/vnd.attendance.sealed"))),
    responses((status = 201, body = KioskGreeting), (status = 200, body = KioskGreeting),
    (status = 400, body = types::ErrorBody), (status = 401, body = types::ErrorBody),
    (status = 413, body = types::ErrorBody), (status = 415, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody, description = "check_in_refused, pin_stopped, wrong_seal_key or invalid"),
    (status = 429, body = types::ErrorBody)))]
pub async fn check_in(
    request: HttpRequest,
    app: web::Data<App>,
    After(kiosk, body): After<Kiosk, web::Payload>,
) -> Result<HttpResponse, ApiError> {
    let feed = FeedId(kiosk.feed.id);
    let body = read(body).await?;
    let json: Bytes = match content_type(&request).as_str() {
        sealed::CONTENT_TYPE => check_ins::open(&app, feed, &body).await?.into(),
        "application/json" => body,
        _ => return Err(ApiError::UnsupportedType { takes: TYPES }),
    };
    let check_in: CheckIn = serde_json::from_slice(&json).map_err(|error| shape_error(&error))?;
    let (greeting, new) = check_ins::check_in(&app, kiosk, check_in).await?;
    Ok(if new { HttpResponse::Created().json(greeting) } else { HttpResponse::Ok().json(greeting) })
}

const TYPES: &str = "application/json or application/vnd.attendance.sealed";

fn content_type(request: &HttpRequest) -> String {
    let text = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read(body: web::Payload) -> Result<Bytes, ApiError> {
    match body.to_bytes_limited(MAX_CHECK_IN_BYTES).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(ApiError::BadRequest(format!("The body broke off: {error}."))),
        Err(_) => Err(ApiError::TooLarge { limit: MAX_CHECK_IN_BYTES }),
    }
}

/// What is wrong with a check-in; a value that does not fit is not repeated, for it may be a PIN.
fn shape_error(error: &serde_json::Error) -> ApiError {
    match body_error("body", error) {
        ApiError::Invalid(_) => ApiError::invalid(
            "body",
            "Give id, method (pin or qr), number and pin, or badge, and captured_at, and nothing else.",
        ),
        error => error,
    }
}

/// Says who arrived at the kiosk's feed just now, for a face that was recognised.
#[utoipa::path(get, path = "/api/v1/kiosk/arrivals/{arrival}", tag = "kiosk", security(("kiosk" = [])),
    params(("arrival" = uuid::Uuid, Path,)), responses((status = 200, body = KioskGreeting),
    (status = 401, body = types::ErrorBody), (status = 404, body = types::ErrorBody)))]
pub async fn greet_arrival(
    app: web::Data<App>,
    After(kiosk, id): After<Kiosk, web::Path<ArrivalId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(greetings::lately(&app, kiosk, *id).await?))
}

/// Shows the first photo of whoever arrived at the kiosk's feed just now.
#[utoipa::path(get, path = "/api/v1/kiosk/arrivals/{arrival}/photo", tag = "kiosk", security(("kiosk" = [])),
    params(("arrival" = uuid::Uuid, Path,)), responses((status = 200, content_type = "image/jpeg"),
    (status = 401, body = types::ErrorBody), (status = 404, body = types::ErrorBody)))]
pub async fn get_arrival_photo(
    app: web::Data<App>,
    After(kiosk, id): After<Kiosk, web::Path<ArrivalId>>,
) -> Result<HttpResponse, ApiError> {
    let jpeg = greetings::photo(&app, kiosk, *id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/jpeg"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(jpeg))
}
