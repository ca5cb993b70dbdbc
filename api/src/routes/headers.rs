//! Headers of every answer, and request ids.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use tracing_actix_web::RequestId;
use uuid::Uuid;

use crate::error::REQUEST_ID;
use crate::metrics::Metrics;
use crate::state::App;

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Adds the security headers; what handlers did not say may be cached is not.
pub async fn security_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let app = request.app_data::<web::Data<App>>().cloned();
    let began = Instant::now();
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.as_ref().is_some_and(|app| app.site.https) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    let events = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    if events || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(app) = app {
        let request = response.request();
        // By its pattern: an address as it came would make a series of its own for every person.
        let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
        let status = response.status();
        let labels = [route.as_str(), Metrics::method_label(request.method()), status.as_str()];
        app.metrics.request_seconds.with_label_values(&labels).observe(began.elapsed().as_secs_f64());
    }
    Ok(response)
}

/// Gives the handler's task the request's id, for errors and logs.
pub async fn request_ids(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = request.extensions().get::<RequestId>().map_or_else(Uuid::new_v4, |id| **id);
    let mut response = REQUEST_ID.scope(id, next.call(request)).await?;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}
