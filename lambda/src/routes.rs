//! What is answered, whichever cloud asks. Errors have the form of the API's (`docs/API.md`): their cause is logged
//! once, here, and never sent.

use std::collections::BTreeMap;
use std::time::Instant;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde::Serialize;
use tracing::Instrument;
use types::{Count, ErrorBody, ErrorDetail, PartStatus, codes};

use crate::database::{Database, Failure};

const HEALTH: &str = "/health";
const PEOPLE_COUNT: &str = "/people/count";

/// Answer of `GET /health`.
#[derive(Serialize)]
struct Health {
    database: PartStatus,
    /// From the question to the answer, or until it was given up.
    latency_ms: u64,
}

/// A request as both gateways hand it over.
pub struct Request<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    /// Names the request in the cloud's own logs and in ours.
    pub id: &'a str,
    /// Of the caller's trace, where there is one.
    pub trace: Option<&'a str>,
}

/// Answers, and logs one line.
pub async fn answer(database: &Database, request: Request<'_>) -> Response<String> {
    let span = tracing::info_span!("request", request.id = request.id, trace.id = request.trace);
    async {
        let since = Instant::now();
        let response = route(database, &request).await;
        tracing::info!(
            http.method = request.method.as_str(),
            http.route = if matches!(request.path, HEALTH | PEOPLE_COUNT) { request.path } else { "none" },
            http.status = response.status().as_u16(),
            latency_ms = millis(since),
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

async fn route(database: &Database, request: &Request<'_>) -> Response<String> {
    if !matches!(request.path, HEALTH | PEOPLE_COUNT) {
        return refusal(StatusCode::NOT_FOUND, codes::NOT_FOUND, "There is no such address.", request.id);
    }
    if request.method != Method::GET {
        let message = "This address takes GET.";
        return with(
            refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, request.id),
            ALLOW,
            "GET",
        );
    }
    if request.path == HEALTH { health(database).await } else { people_count(database, request.id).await }
}

async fn health(database: &Database) -> Response<String> {
    let since = Instant::now();
    let checked = database.check().await;
    let latency_ms = millis(since);
    let (status, part) = match checked {
        Ok(()) => (StatusCode::OK, PartStatus::Ok),
        Err(Failure::Unavailable(cause) | Failure::Refused(cause)) => {
            tracing::warn!(error.cause = format!("{cause:#}"), "the database is down");
            (StatusCode::SERVICE_UNAVAILABLE, PartStatus::Down)
        }
    };
    json(status, &Health { database: part, latency_ms })
}

async fn people_count(database: &Database, id: &str) -> Response<String> {
    match database.count_people().await {
        Ok(count) => json(StatusCode::OK, &Count { count }),
        Err(Failure::Unavailable(cause)) => {
            let code = codes::DATABASE_UNAVAILABLE;
            tracing::warn!(error.code = code, error.cause = format!("{cause:#}"), "unavailable");
            let message = "The database is not available at the moment. Try again shortly.";
            with(refusal(StatusCode::SERVICE_UNAVAILABLE, code, message, id), RETRY_AFTER, "2")
        }
        Err(Failure::Refused(cause)) => {
            tracing::error!(error.cause = format!("{cause:#}"), "internal error");
            let message = "Something went wrong on the server. The request id names it in the log.";
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, id)
        }
    }
}

fn refusal(status: StatusCode, code: &str, message: &str, id: &str) -> Response<String> {
    let error = ErrorDetail {
        code: code.to_owned(),
        message: message.to_owned(),
        fields: BTreeMap::new(),
        person: None,
        conflicts: Vec::new(),
        request_id: id.to_owned(),
    };
    json(status, &ErrorBody { error })
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<String> {
    // Numbers and texts of our own always can be written.
    let mut response = Response::new(serde_json::to_string(body).unwrap_or_default());
    *response.status_mut() = status;
    let response = with(response, CONTENT_TYPE, "application/json");
    let response = with(response, CACHE_CONTROL, "no-store");
    with(response, HeaderName::from_static("x-content-type-options"), "nosniff")
}

fn with(mut response: Response<String>, name: HeaderName, value: &'static str) -> Response<String> {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
