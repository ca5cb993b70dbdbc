//! Devices of feeds: what they say, what is known of them, what opens their feed.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use types::{FeedDevices, FeedId, FeedToken, Heartbeat, HeartbeatAnswer, RotateToken};
use uuid::Uuid;

use super::body_error;
use crate::auth::{Admin, After, FrameSender};
use crate::domain::{devices, feeds};
use crate::error::ApiError;
use crate::state::App;

/// How a device calls.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Call {
    /// Only trying: it is answered, and the call is not noted.
    trial: bool,
}

/// Takes what a device says, and tells it how to work: every ten seconds, and when its source's state changes.
#[utoipa::path(post, path = "/api/v1/feeds/{feed}/heartbeat", tag = "devices", request_body = Heartbeat,
    params(("feed" = uuid::Uuid, Path,), ("trial" = Option<bool>, Query, description = "answered and not noted")),
    responses((status = 200, body = HeartbeatAnswer),
    (status = 401, body = types::ErrorBody), (status = 403, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody),
    (status = 503, body = types::ErrorBody)))]
pub async fn post_heartbeat(
    app: web::Data<App>,
    After(sender, (call, body)): After<FrameSender, (web::Query<Call>, web::Json<Heartbeat>)>,
) -> Result<HttpResponse, ApiError> {
    let address = Some(sender.address.into());
    let answer = devices::call(&app, &sender.feed, body.into_inner(), address, call.trial).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Shows the devices of a feed that called within the last day, and what opens the feed.
#[utoipa::path(get, path = "/api/v1/feeds/{feed}/devices", tag = "devices", params(("feed" = uuid::Uuid, Path,)),
    responses((status = 200, body = FeedDevices), (status = 404, body = types::ErrorBody)))]
pub async fn list_devices(
    app: web::Data<App>,
    After(_, id): After<Admin, web::Path<FeedId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(devices::list(&app, *id).await?))
}

/// Gives a feed a new token. The old one no longer opens anything, unless it is asked to be kept.
#[utoipa::path(post, path = "/api/v1/feeds/{feed}/token", tag = "devices", request_body = Option<RotateToken>,
    params(("feed" = uuid::Uuid, Path,)), responses((status = 201, body = FeedToken),
    (status = 404, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn rotate_token(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<FeedId>, web::Bytes)>,
) -> Result<HttpResponse, ApiError> {
    let request = if body.is_empty() {
        RotateToken::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| body_error("body", &error))?
    };
    let token = feeds::rotate_token(&app, admin.0.id, *id, request).await?;
    Ok(HttpResponse::Created().json(FeedToken { token }))
}

/// Ends one token of a feed; what is open with it closes within seconds.
#[utoipa::path(delete, path = "/api/v1/feeds/{feed}/tokens/{token}", tag = "devices",
    params(("feed" = uuid::Uuid, Path,), ("token" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Revoked"), (status = 404, body = types::ErrorBody)))]
pub async fn revoke_token(
    app: web::Data<App>,
    After(admin, path): After<Admin, web::Path<(FeedId, Uuid)>>,
) -> Result<HttpResponse, ApiError> {
    let (feed, token) = path.into_inner();
    feeds::revoke_token(&app, admin.0.id, feed, token).await?;
    Ok(HttpResponse::NoContent().finish())
}
