//! The HTTP face of the pool.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_LENGTH, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    web,
};
use recognizer_types::{PackView, RecognizerError, RecognizerErrorDetail};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer as _},
};
use subtle::ConstantTimeEq as _;

use tracing::Instrument as _;

use crate::{
    config::{Listen, Secret},
    decode::{DecodeError, MAX_BYTES},
    pipeline::{Options, StageError},
    pool::{self, Job, JobError, Pool},
};

/// Longest time a body may take to arrive; it holds a place in the queue meanwhile.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest stream name, in bytes.
const MAX_STREAM_NAME: usize = 200;
/// Most settled tracks that are read; a frame has fewer faces.
const MAX_SETTLED: usize = 256;
/// Milliseconds that the sender is willing to wait for a worker.
const DEADLINE_HEADER: &str = "x-deadline-ms";

/// What the handlers share.
pub struct Service {
    /// The workers.
    pub pool: Arc<Pool>,
    /// The packs in the pool's order, one at least; the first is used where a request names none.
    pub views: Vec<PackView>,
    /// What a caller must show; none on loopback.
    pub secret: Option<Secret>,
}

/// Binds and starts serving; the server ends with the process's signals.
pub fn serve(service: Service, listen: &Listen) -> anyhow::Result<(Server, u16)> {
    let service = web::Data::new(service);
    let server = HttpServer::new(move || App::new().app_data(service.clone()).configure(routes))
        // Reading and writing sockets is little work beside the networks'.
        .workers(1)
        .shutdown_timeout(5);
    let address = (listen.host, listen.port);
    let server = match listen.tls()? {
        Some(tls) => server.bind_rustls_0_23(address, tls),
        None => server.bind(address),
    };
    let server = server.map_err(|error| {
        anyhow::anyhow!(
            "cannot listen on {}:{}: {error}. Set RECOGNIZER_HOST and RECOGNIZER_PORT",
            listen.host,
            listen.port
        )
    })?;
    let port = server.addrs().first().map_or(listen.port, std::net::SocketAddr::port);
    Ok((server.run(), port))
}

/// Every route there is.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(get_livez))
        .route("/readyz", web::get().to(get_readyz))
        .route("/metrics", web::get().to(get_metrics))
        .route("/v1/model", web::get().to(get_model))
        .route("/v1/models", web::get().to(list_models))
        .route("/v1/faces", web::post().to(create_faces));
}

async fn get_livez() -> &'static str {
    "ok"
}

async fn get_readyz(service: web::Data<Service>) -> HttpResponse {
    if service.pool.is_ready() {
        HttpResponse::Ok().body("ok")
    } else {
        error_response(&ApiError::Job(JobError::NotReady))
    }
}

async fn get_metrics(service: web::Data<Service>, request: HttpRequest) -> HttpResponse {
    if let Err(error) = authorise(&service, &request) {
        return error_response(&error);
    }
    match service.pool.metrics().encode(service.pool.depth(), service.pool.streams()) {
        Ok(text) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn get_model(service: web::Data<Service>, request: HttpRequest) -> HttpResponse {
    match authorise(&service, &request) {
        Ok(()) => HttpResponse::Ok().json(service.views.first()),
        Err(error) => error_response(&error),
    }
}

async fn list_models(service: web::Data<Service>, request: HttpRequest) -> HttpResponse {
    match authorise(&service, &request) {
        Ok(()) => HttpResponse::Ok().json(serde_json::json!({ "items": service.views })),
        Err(error) => error_response(&error),
    }
}

async fn create_faces(service: web::Data<Service>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let span = tracing::info_span!(
        "faces",
        request_id = header("x-request-id"),
        trace_id = tracing::field::Empty,
        otel.kind = "server"
    );
    telemetry::adopt(&span, header(telemetry::TRACEPARENT));
    let response = match faces(&service, &request, body).instrument(span).await {
        Ok(response) => response,
        Err(error) => error_response(&error),
    };
    service.pool.metrics().answered(response.status().as_u16());
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacesQuery {
    stream: Option<String>,
    #[serde(default)]
    settled: String,
    range: Option<String>,
    liveness: Option<String>,
    pack: Option<String>,
}

impl FacesQuery {
    fn options(&self) -> Result<Options, ApiError> {
        Ok(Options {
            range: one_of("range", self.range.as_deref())?,
            liveness: one_of("liveness", self.liveness.as_deref())?,
        })
    }

    /// Place of the pack that is asked for.
    fn pack(&self, views: &[PackView]) -> Result<usize, ApiError> {
        let Some(id) = &self.pack else { return Ok(0) };
        views.iter().position(|view| view.id == *id).ok_or_else(|| ApiError::UnknownPack(id.clone()))
    }
}

/// The parameter's value by its name on the wire; without it the default.
fn one_of<T: Default + DeserializeOwned>(parameter: &str, value: Option<&str>) -> Result<T, ApiError> {
    let Some(value) = value else { return Ok(T::default()) };
    T::deserialize(value.into_deserializer())
        .map_err(|error: serde::de::value::Error| ApiError::Unprocessable(format!("`{parameter}`: {error}")))
}

async fn faces(
    service: &Service,
    request: &HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    authorise(service, request)?;
    let query = web::Query::<FacesQuery>::from_query(request.query_string())
        .map_err(|error| ApiError::BadRequest(error.to_string()))?
        .into_inner();
    if query.stream.as_ref().is_some_and(|stream| stream.is_empty() || stream.len() > MAX_STREAM_NAME) {
        return Err(ApiError::BadRequest(format!("`stream` must have 1 to {MAX_STREAM_NAME} bytes")));
    }
    let (options, pack) = (query.options()?, query.pack(&service.views)?);
    let deadline = deadline(request)?;
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > MAX_BYTES as u64) {
        return Err(DecodeError::TooManyBytes.into());
    }
    let place = service.pool.enter()?;
    let body = tokio::time::timeout(BODY_TIMEOUT, body.to_bytes_limited(MAX_BYTES))
        .await
        .map_err(|_| ApiError::SlowBody)?
        .map_err(|_| DecodeError::TooManyBytes)?
        .map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let settled =
        query.settled.split(',').filter(|id| !id.is_empty()).take(MAX_SETTLED).map(str::to_owned).collect();
    let span = tracing::Span::current();
    let job = Job { bytes: body, pack, options, stream: query.stream, settled, deadline, span };
    Ok(HttpResponse::Ok().json(service.pool.analyse(place, job).await?))
}

fn deadline(request: &HttpRequest) -> Result<Option<Instant>, ApiError> {
    let Some(value) = request.headers().get(DEADLINE_HEADER) else { return Ok(None) };
    let milliseconds = value.to_str().ok().and_then(|text| text.parse::<u32>().ok());
    let milliseconds = milliseconds
        .ok_or_else(|| ApiError::BadRequest(format!("{DEADLINE_HEADER} must be whole milliseconds")))?;
    Ok(Some(Instant::now() + Duration::from_millis(u64::from(milliseconds))))
}

fn authorise(service: &Service, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(secret) = &service.secret else { return Ok(()) };
    let shown = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let shown = shown.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    if bool::from(shown.ct_eq(secret.as_bytes())) { Ok(()) } else { Err(ApiError::Unauthenticated) }
}

/// Everything that is answered instead of faces.
#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error(transparent)]
    Job(#[from] JobError),
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    Unprocessable(String),
    #[error("This recognizer has no model pack `{0}`: GET /v1/models lists those it has.")]
    UnknownPack(String),
    #[error("The picture took too long to arrive.")]
    SlowBody,
    #[error("This recognizer wants its shared secret as a bearer token.")]
    Unauthenticated,
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self::Job(error.into())
    }
}

impl ApiError {
    /// Status and code: the one table.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Job(JobError::Stage(StageError::Decode(error))) => match error {
                DecodeError::NotAnImage => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_an_image"),
                DecodeError::Animated => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "animated"),
                DecodeError::Truncated => (StatusCode::BAD_REQUEST, "truncated"),
                DecodeError::Corrupt(_) => (StatusCode::BAD_REQUEST, "corrupt"),
                DecodeError::TooManyPixels { .. } | DecodeError::TooManyBytes => {
                    (StatusCode::PAYLOAD_TOO_LARGE, "too_large")
                }
                DecodeError::TooFewPixels { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "too_small"),
                DecodeError::Colours(_) => (StatusCode::UNPROCESSABLE_ENTITY, "colour_space"),
            },
            Self::Job(JobError::Stage(_) | JobError::Panicked) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
            Self::Job(JobError::Overloaded) => (StatusCode::TOO_MANY_REQUESTS, "overloaded"),
            Self::Job(JobError::NotReady) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::Unprocessable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::UnknownPack(_) => (StatusCode::NOT_FOUND, "unknown_pack"),
            Self::SlowBody => (StatusCode::REQUEST_TIMEOUT, "slow_body"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
        }
    }
}

fn error_response(error: &ApiError) -> HttpResponse {
    let (status, code) = error.status();
    let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(%error, "a picture could not be analysed");
        "The recognizer failed at this picture.".to_owned()
    } else {
        error.to_string()
    };
    let mut response = HttpResponse::build(status);
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.insert_header((RETRY_AFTER, pool::RETRY_AFTER.as_secs().to_string()));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(RecognizerError { error: RecognizerErrorDetail { code: code.into(), message } })
}
