//! The door to the recognizer service.
//!
//! A recognizer that is down or late is a 503 at once: after a failure only one request a second is let through
//! to see whether it is back, all others are answered without waiting.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use recognizer_types::{FacesAnswer, PackView, RecognizerError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use types::{Liveness, Range};

use crate::config::{RecognizerConfig, Secret, server};
use crate::error::{ApiError, REQUEST_ID};

/// An enrolment may wait longer than a frame: a person has pressed a button and no newer picture is coming.
const ENROLMENT_DEADLINE: Duration = Duration::from_secs(15);
/// After this a photo that found no room is sent again.
const ASK_AGAIN: Duration = Duration::from_millis(100);
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// For so long after it refused something it counts as loaded.
const LOADED: Duration = Duration::from_secs(1);

/// Client of the recognizer.
#[derive(Debug)]
pub struct Recognizer {
    client: reqwest::Client,
    base: String,
    secret: Option<Secret>,
    deadline: Duration,
    failed_at: Mutex<Option<Instant>>,
    loaded_at: Mutex<Option<Instant>>,
    packs: RwLock<Option<Packs>>,
}

/// The packs that a recognizer offers, in its order.
pub type Packs = Arc<[Arc<PackView>]>;

#[derive(Deserialize)]
struct PacksAnswer {
    items: Vec<Arc<PackView>>,
}

/// A frame's stream and what is asked of its faces.
#[derive(Debug, Clone, Copy)]
pub struct FrameOf<'a> {
    /// What the recognizer knows the stream by.
    pub stream: &'a str,
    /// Tracks that need no embedding.
    pub settled: &'a [String],
    /// How small the faces are that are looked for.
    pub range: Range,
    /// What liveness evidence to gather.
    pub liveness: Liveness,
}

impl Recognizer {
    /// A client; connects when it is first asked.
    ///
    /// # Errors
    /// When the address is none, or a file named in the configuration cannot be read.
    pub fn new(config: &RecognizerConfig) -> Result<Self> {
        let mut client = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(500))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .no_proxy();
        if let Some(path) = &config.ca {
            let pem = std::fs::read(path)
                .with_context(|| format!("RECOGNIZER_CA: {} cannot be read", path.display()))?;
            let ca = reqwest::Certificate::from_pem(&pem)
                .with_context(|| format!("RECOGNIZER_CA: {} is not a PEM certificate", path.display()))?;
            client = client.tls_certs_only([ca]);
        }
        let secret = match &config.secret_file {
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .with_context(|| format!("RECOGNIZER_SECRET_FILE: {} cannot be read", path.display()))?
                    .parse::<Secret>()?,
            ),
            None => None,
        };
        Ok(Self {
            client: client.build()?,
            base: server("RECOGNIZER_URL", &config.url)?,
            secret,
            deadline: config.deadline(),
            failed_at: Mutex::new(None),
            loaded_at: Mutex::new(None),
            packs: RwLock::new(None),
        })
    }

    /// The faces in a frame of a stream, by a pack.
    ///
    /// # Errors
    /// [`ApiError::ImageRefused`] for a bad image, [`ApiError::TooManyRequests`] when it is overloaded,
    /// [`ApiError::ModelPackMissing`] when it does not offer the pack, [`ApiError::RecognizerUnavailable`] when it
    /// is down or late.
    pub async fn faces_of_frame(
        &self,
        image: Bytes,
        pack: &str,
        frame: FrameOf<'_>,
    ) -> Result<FacesAnswer, ApiError> {
        let settled = frame.settled.join(",");
        let query = [
            ("stream", frame.stream),
            ("settled", &settled),
            ("range", range(frame.range)),
            ("liveness", liveness(frame.liveness)),
        ];
        self.faces(pack, &query, image, self.deadline).await
    }

    /// The faces in a picture, each with its embedding by a pack. Somebody waits for it who will not send it again in a
    /// moment, as a camera does: where the recognizer has no room, it is asked again.
    ///
    /// # Errors
    /// As [`Self::faces_of_frame`].
    pub async fn faces_of_photo(&self, image: Bytes, pack: &str) -> Result<FacesAnswer, ApiError> {
        let until = Instant::now() + ENROLMENT_DEADLINE;
        loop {
            match self.faces(pack, &[], image.clone(), ENROLMENT_DEADLINE).await {
                Err(ApiError::TooManyRequests { .. }) if Instant::now() + ASK_AGAIN < until => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }

    async fn faces(
        &self,
        pack: &str,
        query: &[(&str, &str)],
        image: Bytes,
        deadline: Duration,
    ) -> Result<FacesAnswer, ApiError> {
        self.may_try()?;
        let path = path("/v1/faces", [("pack", pack)].iter().chain(query));
        let request = self
            .request(reqwest::Method::POST, &path)
            .timeout(deadline)
            .header("X-Deadline-Ms", deadline.as_millis().to_string())
            .header("Content-Type", "application/octet-stream")
            .headers(trace())
            .body(image);
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        if status.is_success() {
            let answer: FacesAnswer = response.json().await.map_err(|error| self.failed(&error))?;
            self.succeeded();
            if answer.model != pack {
                // Templates of two packs never meet, so an answer by another is none.
                self.forget_packs();
                return Err(ApiError::ModelPackMissing(pack.to_owned()));
            }
            return Ok(answer);
        }
        let body: Option<RecognizerError> = response.json().await.ok();
        match (status.as_u16(), body) {
            (429, _) => {
                *self.loaded_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                Err(ApiError::TooManyRequests {
                    message: "Recognition is at its limit at the moment. Send fewer frames.",
                    retry_after_s: 1,
                })
            }
            (404, Some(body)) if body.error.code == "unknown_pack" => {
                self.forget_packs();
                Err(ApiError::ModelPackMissing(pack.to_owned()))
            }
            // What it says of the image; any other 4xx would be a mistake between the services.
            (status @ (400 | 413 | 415 | 422), Some(body)) => {
                Err(ApiError::ImageRefused { status, code: body.error.code, message: body.error.message })
            }
            (status, _) => Err(ApiError::RecognizerUnavailable(format!("it answered {status}"))),
        }
    }

    /// Whether it refused something a moment ago for there being too much.
    pub fn is_loaded(&self) -> bool {
        let loaded_at = *self.loaded_at.lock().unwrap_or_else(PoisonError::into_inner);
        loaded_at.is_some_and(|at| at.elapsed() < LOADED)
    }

    /// Whether it is ready to recognise.
    pub async fn is_ready(&self) -> bool {
        let request = self.request(reqwest::Method::GET, "/readyz").timeout(Duration::from_millis(800));
        request.send().await.is_ok_and(|response| response.status().is_success())
    }

    /// The packs that it offers, as last heard; none while it has not been heard.
    pub fn packs(&self) -> Option<Packs> {
        self.packs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A pack that it offers, as last heard.
    pub fn pack(&self, id: &str) -> Option<Arc<PackView>> {
        self.packs()?.iter().find(|pack| pack.id == id).cloned()
    }

    /// A pack that it offers; asks where that is not known.
    ///
    /// # Errors
    /// [`ApiError::ModelPackMissing`], [`ApiError::RecognizerUnavailable`].
    pub async fn learn_pack(&self, id: &str) -> Result<Arc<PackView>, ApiError> {
        let packs = match self.packs() {
            Some(packs) => packs,
            None => self.learn_packs().await?,
        };
        let found = packs.iter().find(|pack| pack.id == id).cloned();
        found.ok_or_else(|| ApiError::ModelPackMissing(id.to_owned()))
    }

    /// Asks which packs it offers.
    ///
    /// # Errors
    /// [`ApiError::RecognizerUnavailable`].
    pub async fn learn_packs(&self) -> Result<Packs, ApiError> {
        self.may_try()?;
        let request = self.request(reqwest::Method::GET, "/v1/models").timeout(self.deadline);
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let response = response.map_err(|error| self.failed(&error))?;
        let answer: PacksAnswer = response.json().await.map_err(|error| self.failed(&error))?;
        self.succeeded();
        let packs: Packs = answer.items.into();
        *self.packs.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&packs));
        Ok(packs)
    }

    fn forget_packs(&self) {
        *self.packs.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.secret {
            Some(secret) => request.bearer_auth(secret.expose()),
            None => request,
        }
    }

    /// While it is failing: one request a second.
    fn may_try(&self) -> Result<(), ApiError> {
        let mut failed_at = self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = *failed_at {
            if at.elapsed() < PROBE_EVERY {
                return Err(ApiError::RecognizerUnavailable("it failed a moment ago".to_owned()));
            }
            *failed_at = Some(Instant::now());
        }
        Ok(())
    }

    fn succeeded(&self) {
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn failed(&self, error: &reqwest::Error) -> ApiError {
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        // Another recognizer, with other packs, may come up in its place.
        self.forget_packs();
        let cause = if error.is_timeout() { "no answer in time" } else { "it cannot be reached" };
        ApiError::RecognizerUnavailable(cause.to_owned())
    }
}

/// A path with its query, encoded.
fn path<'a>(path: &str, query: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    let encoded = reqwest::Url::parse_with_params("http://recognizer", query);
    encoded
        .map(|url| format!("{path}?{}", url.query().unwrap_or_default()))
        .unwrap_or_else(|_| path.to_owned())
}

fn range(range: Range) -> &'static str {
    match range {
        Range::Near => "near",
        Range::Medium => "medium",
        Range::Far => "far",
    }
}

fn liveness(liveness: Liveness) -> &'static str {
    match liveness {
        Liveness::Off => "off",
        Liveness::Passive => "passive",
        Liveness::Challenge => "challenge",
    }
}

/// What the recognizer's log lines and spans know a request by.
fn trace() -> HeaderMap {
    let parent = telemetry::traceparent().and_then(|value| value.try_into().ok());
    let id = REQUEST_ID.try_with(|id| id.to_string()).ok().and_then(|value| value.try_into().ok());
    let named = |name, value: Option<HeaderValue>| Some((HeaderName::from_static(name), value?));
    [named(telemetry::TRACEPARENT, parent), named("x-request-id", id)].into_iter().flatten().collect()
}
