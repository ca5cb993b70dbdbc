//! Cameras that give JPEGs by HTTP: an endless `multipart/x-mixed-replace` stream, or one picture at a time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use tokio::time::{MissedTickBehavior, interval};

use super::digest::Challenge;
use super::multipart::Parts;
use super::{FrameSource, Sink, SourceError, Wanted};
use crate::config::HttpSource;
use crate::picture::Picture;
use crate::tls;

/// A snapshot that is larger is none.
const MAX_SNAPSHOT: usize = 16 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(8);
/// Nothing for this long, within a picture or between two, is the end of it.
const SILENCE: Duration = Duration::from_secs(10);

/// A camera that gives JPEGs by HTTP.
#[derive(Debug)]
pub struct Http {
    source: HttpSource,
    client: Client,
    login: Mutex<Login>,
}

/// How the camera wants user and password; it is asked without them first, so that a password is not sent in clear to
/// a camera that knows better.
#[derive(Debug, Default)]
enum Login {
    #[default]
    NotAsked,
    Basic,
    Digest(Challenge),
}

impl Http {
    /// Prepares to open it.
    ///
    /// # Errors
    /// When the certificates of the system cannot be read.
    pub fn new(source: HttpSource) -> Result<Self, SourceError> {
        let tls = tls::config(None).map_err(|error| SourceError::lost(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| SourceError::lost(format!("HTTP cannot be used: {error}")))?;
        Ok(Self { source, client, login: Mutex::default() })
    }

    fn request(&self) -> RequestBuilder {
        let bare = self.source.url.bare();
        let uri = match bare.query() {
            Some(query) => format!("{}?{query}", bare.path()),
            None => bare.path().to_owned(),
        };
        let request = self.client.get(bare);
        let Some((user, password)) = self.source.url.credentials() else { return request };
        match &mut *self.login.lock().unwrap_or_else(PoisonError::into_inner) {
            Login::NotAsked => request,
            Login::Basic => request.basic_auth(user, Some(password.reveal().to_owned())),
            Login::Digest(challenge) => {
                request.header(header::AUTHORIZATION, challenge.answer("GET", &uri, &user, password.reveal()))
            }
        }
    }

    /// Notes how the camera wants user and password.
    fn asked(&self, response: &Response) {
        let challenges = response.headers().get_all(header::WWW_AUTHENTICATE);
        let digest = challenges.iter().filter_map(|value| Challenge::read(value.to_str().ok()?)).next();
        *self.login.lock().unwrap_or_else(PoisonError::into_inner) =
            digest.map_or(Login::Basic, Login::Digest);
    }

    async fn open(&self) -> Result<Response, SourceError> {
        let mut response = self.request().send().await.map_err(|error| self.failure(&error))?;
        if response.status() == StatusCode::UNAUTHORIZED && self.source.url.credentials().is_some() {
            // For the first time, or because the camera's challenge has grown old.
            self.asked(&response);
            response = self.request().send().await.map_err(|error| self.failure(&error))?;
        }
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(SourceError::lost("the camera refuses user or password: check both in the configuration"))
            }
            StatusCode::NOT_FOUND => {
                Err(SourceError::lost("the camera has nothing at this path: check source.url"))
            }
            status if status.is_redirection() => {
                Err(SourceError::lost("the camera leads to another address: write that one into source.url"))
            }
            status => Err(SourceError::lost(format!("the camera answers {status}"))),
        }
    }

    fn failure(&self, error: &reqwest::Error) -> SourceError {
        let cause = self.source.url.redact(&tls::root_cause(error));
        SourceError::lost(if error.is_timeout() {
            "the camera does not answer: check its address, cable and power".to_owned()
        } else if error.is_connect() {
            format!("the camera cannot be reached: {cause}: check source.url, its cable and power")
        } else {
            format!("the camera's answer breaks off: {cause}; it is opened again")
        })
    }

    async fn play(&self, wanted: Wanted, sink: &Sink) -> Result<(), SourceError> {
        let response = self.open().await?;
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        if let Some(parts) = Parts::of(&kind) {
            return self.stream(response, parts, wanted, sink).await;
        }
        if kind.starts_with("image/jpeg") || kind.starts_with("image/jpg") {
            return self.poll(response, wanted, sink).await;
        }
        let kind: String = kind.chars().filter(char::is_ascii_graphic).take(60).collect();
        Err(SourceError::unreadable(format!(
            "the camera answers with `{kind}`: source.url must lead to a stream of JPEGs or to one JPEG"
        )))
    }

    async fn stream(
        &self,
        response: Response,
        mut parts: Parts,
        wanted: Wanted,
        sink: &Sink,
    ) -> Result<(), SourceError> {
        let mut bytes = response.bytes_stream();
        let period = Duration::from_secs_f32(1.0 / wanted.fps.max(0.1));
        let mut due = Instant::now();
        while let Some(chunk) = bytes.next().await {
            parts.extend(&chunk.map_err(|error| self.failure(&error))?);
            loop {
                let part = parts.next().map_err(|_| {
                    SourceError::unreadable(
                        "the camera's stream is no multipart stream of JPEGs: check source.url",
                    )
                })?;
                let Some(jpeg) = part else { break };
                let now = Instant::now();
                if now + period / 4 >= due {
                    due = due.max(now.checked_sub(period).unwrap_or(now)) + period;
                    hand_on(jpeg, sink);
                }
            }
        }
        Err(SourceError::lost("the camera ended the stream; it is opened again"))
    }

    async fn poll(&self, first: Response, wanted: Wanted, sink: &Sink) -> Result<(), SourceError> {
        let fps = self.source.fps.min(wanted.fps).max(0.05);
        let mut tick = interval(Duration::from_secs_f32(1.0 / fps));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut response = first;
        loop {
            let mut jpeg = Vec::new();
            let mut bytes = response.bytes_stream();
            while let Some(chunk) = bytes.next().await {
                jpeg.extend_from_slice(&chunk.map_err(|error| self.failure(&error))?);
                if jpeg.len() > MAX_SNAPSHOT {
                    return Err(SourceError::unreadable("the camera's picture has no end: check source.url"));
                }
            }
            hand_on(Bytes::from(jpeg), sink);
            tick.tick().await;
            response = self.open().await?;
        }
    }
}

fn hand_on(jpeg: Bytes, sink: &Sink) {
    // What does not even begin as a JPEG is not looked at.
    if jpeg.starts_with(&[0xff, 0xd8]) { sink.put(Picture::Jpeg(jpeg)) } else { sink.corrupt() }
}

impl FrameSource for Http {
    fn run<'a>(&'a mut self, wanted: Wanted, sink: &'a Sink) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(self.play(wanted, sink))
    }
}
