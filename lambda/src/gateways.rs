//! How each cloud hands requests over.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_http::{Body, RequestExt};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::database::Database;
use crate::routes::{self, answer};

/// The host of Azure Functions names each invocation so.
const INVOCATION: &str = "x-azure-functions-invocationid";

/// AWS Lambda: takes events of an HTTP API (payload version 2.0, stage `$default`) from the runtime's API.
///
/// # Errors
/// When that API cannot be reached any more.
pub async fn serve_aws(database: Arc<Database>) -> Result<()> {
    let handler = lambda_http::service_fn(|event: lambda_http::Request| {
        let database = database.clone();
        async move {
            let context = event.lambda_context_ref();
            let request = routes::Request {
                method: event.method(),
                path: event.raw_http_path(),
                id: context.map(|context| context.request_id.as_str()).unwrap_or_default(),
                trace: context.and_then(|context| context.xray_trace_id.as_deref()),
            };
            Ok::<_, Infallible>(answer(&database, request).await.map(Body::Text))
        }
    });
    lambda_http::run(handler).await.map_err(|error| anyhow!(error))
}

/// The trace of a W3C header; what is none is not logged.
fn trace_id(traceparent: &str) -> Option<&str> {
    let id = traceparent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Azure Functions: plain HTTP on this machine, from the host process alone.
///
/// # Errors
/// When the port is none or is taken.
pub async fn serve_azure(database: Arc<Database>, port: &str) -> Result<()> {
    let port: u16 = port.parse().context("FUNCTIONS_CUSTOMHANDLER_PORT must be a port")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on port {port}"))?;
    tracing::info!(http.port = port, "ready");
    loop {
        // Too many open files, or a caller who left: the next one may do.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let database = database.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let database = database.clone();
            async move {
                let id = invocation(&request);
                let trace =
                    request.headers().get("traceparent").and_then(|value| trace_id(value.to_str().ok()?));
                let (method, path) = (request.method(), request.uri().path());
                let answered = answer(&database, routes::Request { method, path, id: &id, trace }).await;
                Ok::<_, Infallible>(answered.map(|body| Full::new(Bytes::from(body))))
            }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            if let Err(error) =
                server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await
            {
                tracing::debug!(error.cause = %error, "a request broke off");
            }
        });
    }
}

/// The invocation's id, if it looks like one, else one of our own.
fn invocation(request: &Request<Incoming>) -> String {
    let sent = request.headers().get(INVOCATION).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    sent.filter(plain).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
