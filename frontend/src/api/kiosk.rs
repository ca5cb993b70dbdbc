//! What a kiosk says to the server, by the cookie of its pairing: nobody is signed in, so a 401 ends no session. A call
//! waits a few seconds for its answer and is not tried again here, since a kiosk keeps what did not arrive.

use gloo_net::http::{Method, RequestBuilder};
use js_sys::Uint8Array;
use serde::{Serialize, de::DeserializeOwned};
use types::{ArrivalId, CheckIn, FeedId, Heartbeat, HeartbeatAnswer, KioskGreeting, KioskView, PairKiosk};
use uuid::Uuid;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::{Answer, Coming, Failure, read, refusal, url};

/// How long an answer may take, in milliseconds.
const PATIENCE_MS: u32 = 8_000;
const SEALED: &str = "application/vnd.attendance.sealed";
const JSON: &str = "application/json";

/// What is told with a picture that was kept.
#[derive(Debug, Clone)]
pub struct KeptFrame {
    /// The tablet.
    pub device: Uuid,
    /// The picture's number on it.
    pub sequence: u64,
    /// When it was captured, by the server's clock (RFC 3339).
    pub captured_at: String,
}

/// What this tablet is; 401 where it is not paired.
pub fn kiosk() -> Coming<KioskView> {
    ask(Method::GET, "kiosk".to_owned(), Body::None)
}

/// Makes this tablet the kiosk that the code was made for.
pub fn pair_kiosk(code: String) -> Coming<()> {
    done(Method::POST, "kiosk/pairing".to_owned(), json(&PairKiosk { code }))
}

/// This tablet is no kiosk any more.
pub fn unpair_kiosk() -> Coming<()> {
    done(Method::DELETE, "kiosk".to_owned(), Body::None)
}

/// What to greet somebody with who has just arrived.
pub fn greeting(arrival: ArrivalId) -> Coming<KioskGreeting> {
    ask(Method::GET, format!("kiosk/arrivals/{arrival}"), Body::None)
}

/// Address of the photo of whoever arrived.
pub fn greeting_photo(arrival: ArrivalId) -> String {
    url(&format!("kiosk/arrivals/{arrival}/photo"))
}

/// Somebody shows a PIN or a badge.
pub fn check_in(check_in: &CheckIn) -> Coming<KioskGreeting> {
    ask(Method::POST, "kiosk/check-ins".to_owned(), json(check_in))
}

/// The same, sealed while the server was away.
pub fn kept_check_in(sealed: &[u8]) -> Coming<()> {
    done(Method::POST, "kiosk/check-ins".to_owned(), Body::Sealed(Uint8Array::from(sealed), None))
}

/// A picture that was sealed while the server was away.
pub fn kept_frame(feed: FeedId, frame: KeptFrame, sealed: &[u8]) -> Coming<()> {
    done(Method::POST, format!("feeds/{feed}/frames"), Body::Sealed(Uint8Array::from(sealed), Some(frame)))
}

/// How this tablet does, and what it is told.
pub fn heartbeat(feed: FeedId, heartbeat: &Heartbeat) -> Coming<HeartbeatAnswer> {
    ask(Method::POST, format!("feeds/{feed}/heartbeat"), json(heartbeat))
}

enum Body {
    None,
    Json(String),
    Sealed(Uint8Array, Option<KeptFrame>),
}

fn json<T: Serialize>(value: &T) -> Body {
    // The wire types hold no maps with keys that JSON cannot carry, so this cannot fail.
    Body::Json(serde_json::to_string(value).unwrap_or_default())
}

fn ask<T: DeserializeOwned + 'static>(method: Method, path: String, body: Body) -> Coming<T> {
    let text = send(method, path, body);
    Box::pin(async move { read(&text.await?) })
}

fn done(method: Method, path: String, body: Body) -> Coming<()> {
    let text = send(method, path, body);
    Box::pin(async move { text.await.map(|_| ()) })
}

fn send(method: Method, path: String, body: Body) -> Coming<String> {
    Box::pin(async move {
        let patience = AbortSignal::timeout_with_u32(PATIENCE_MS);
        let request = RequestBuilder::new(&url(&path))
            .method(method)
            .header("Accept", JSON)
            .abort_signal(Some(&patience));
        let request = match body {
            Body::None => request.build(),
            Body::Json(text) => request.header("Content-Type", JSON).body(text),
            Body::Sealed(bytes, frame) => {
                let request = match frame {
                    Some(frame) => request
                        .header("X-Stream", "replay")
                        .header("X-Captured-At", &frame.captured_at)
                        .header("X-Device", &frame.device.to_string())
                        .header("X-Sequence", &frame.sequence.to_string()),
                    None => request,
                };
                request.header("Content-Type", SEALED).body(JsValue::from(bytes))
            }
        };
        let answer =
            request.map_err(|_| Failure::Unreachable)?.send().await.map_err(|_| Failure::Unreachable)?;
        let outcome: Answer<String> = if answer.ok() {
            answer.text().await.map_err(|_| Failure::Unreachable)
        } else {
            Err(refusal(answer).await)
        };
        outcome
    })
}
