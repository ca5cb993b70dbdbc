//! The way to the server: live frames over a WebSocket, kept ones by POST, and heartbeats.

pub mod heartbeat;
pub mod live;
pub mod replay;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Url};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, http};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use tracing::Span;
use tracing::field::Empty;
use types::FeedId;

use crate::config::{Camera, Config};
use crate::secret::Secret;
use crate::tls::{self, TlsError};

pub use verdict::Verdict;

/// A connection must stand after this long.
const CONNECT: Duration = Duration::from_secs(10);
/// Answers are small.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The span of one frame's way to the server, which goes on in the server's trace.
fn frame_span(sequence: u64) -> Span {
    let span = tracing::error_span!("frame", trace_id = Empty, sequence, otel.kind = "client");
    telemetry::adopt(&span, None);
    span
}

/// An open WebSocket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The server, as one feed's device sees it.
#[derive(Clone)]
pub struct Server {
    base: Url,
    feed: FeedId,
    token: Secret,
    client: Client,
    tls: Arc<rustls::ClientConfig>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("base", &self.base.as_str())
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server answered, and refused.
    #[error("the server answers {0}")]
    Refused(u16),
    /// It could not be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
}

impl Server {
    /// Prepares to call the server that the configuration names.
    ///
    /// # Errors
    /// [`TlsError`] when there is nothing to trust.
    pub fn new(config: &Config, camera: &Camera) -> Result<Self, TlsError> {
        let tls = tls::config(config.ca_file.as_deref())?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| TlsError::Protocol(rustls::Error::General(tls::root_cause(&error))))?;
        let (feed, token) = (camera.feed, camera.token.clone());
        Ok(Self { base: config.server.clone(), feed, token, client, tls: Arc::new(tls) })
    }

    /// The address of something of this feed.
    fn address(&self, part: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}/api/v1/feeds/{}/{part}", url.path().trim_end_matches('/'), self.feed.0);
        url.set_path(&path);
        url
    }

    /// A request by this feed's token.
    pub fn post(&self, part: &str) -> RequestBuilder {
        self.client.request(Method::POST, self.address(part)).bearer_auth(self.token.reveal())
    }

    /// Opens the way for live frames.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn live(&self) -> Result<Socket, ConnectError> {
        let mut url = self.address("live");
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Both are special schemes, so the change is always taken.
        let _ = url.set_scheme(scheme);
        let failed = |error: &dyn std::error::Error| ConnectError::Unreachable(tls::root_cause(error));
        let mut request = url.as_str().into_client_request().map_err(|error| failed(&error))?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.token.reveal()))
            .map_err(|error| failed(&error))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let connector = match scheme {
            "wss" => Connector::Rustls(Arc::clone(&self.tls)),
            _ => Connector::Plain,
        };
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_ANSWER));
        let connecting =
            tokio_tungstenite::connect_async_tls_with_config(request, Some(limits), true, Some(connector));
        match tokio::time::timeout(CONNECT, connecting).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(tungstenite::Error::Http(response))) => {
                Err(ConnectError::Refused(response.status().as_u16()))
            }
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(ConnectError::Unreachable("it does not answer".to_owned())),
        }
    }
}
