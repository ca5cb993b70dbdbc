//! A server that answers as Attendance does, as the test wants: frames by WebSocket and by POST, and heartbeats.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{SinkExt, StreamExt};
use sealing::SecretKey;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use types::{DeviceSettings, FrameHeader, Heartbeat, HeartbeatAnswer};
use uuid::Uuid;

pub const TOKEN: &str = "feed-token-of-a-test";

/// A frame that came.
#[derive(Debug, Clone)]
pub struct Came {
    pub device: Uuid,
    pub sequence: u64,
    pub captured_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub replayed: bool,
    pub jpeg: Vec<u8>,
}

/// What the server does and saw.
pub struct Script {
    pub key: SecretKey,
    pub feed: Uuid,
    pub frames: Mutex<Vec<Came>>,
    pub heartbeats: Mutex<Vec<Heartbeat>>,
    pub settings: Mutex<DeviceSettings>,
    /// Its clock, less that of this machine, in milliseconds.
    pub ahead_ms: AtomicI64,
    /// Whether there is a heartbeat route.
    pub heartbeat: AtomicBool,
    /// The next so many posts are answered 503, although they were taken.
    pub fail_after_taking: AtomicU64,
    /// The next so many posts are answered 429.
    pub busy: AtomicU64,
    /// Live frames get no answer.
    pub mute: AtomicBool,
    pub token: Mutex<String>,
}

impl Script {
    pub fn new() -> Arc<Self> {
        let settings = DeviceSettings { motion_share: 0.0, active_fps: 10.0, ..DeviceSettings::default() };
        Arc::new(Self {
            key: SecretKey::derive(&[9; 32]),
            feed: Uuid::new_v4(),
            frames: Mutex::default(),
            heartbeats: Mutex::default(),
            settings: Mutex::new(settings),
            ahead_ms: AtomicI64::new(0),
            heartbeat: AtomicBool::new(true),
            fail_after_taking: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            mute: AtomicBool::new(false),
            token: Mutex::new(TOKEN.to_owned()),
        })
    }

    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.ahead_ms.load(Ordering::SeqCst))
    }

    pub fn came(&self) -> Vec<Came> {
        self.frames.lock().expect("frames").clone()
    }

    pub fn replayed(&self) -> Vec<Came> {
        self.came().into_iter().filter(|came| came.replayed).collect()
    }

    fn answer(&self) -> HeartbeatAnswer {
        HeartbeatAnswer {
            now: self.now(),
            max_fps: 30,
            settings: *self.settings.lock().expect("settings"),
            settings_revision: 4,
            seal_key: self.key.public().to_string(),
            warning: None,
        }
    }
}

/// A server that listens; dropping it cuts all connections.
pub struct Server {
    pub port: u16,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Listens on a port; 0: any.
    pub async fn start(script: Arc<Script>, port: u16) -> Self {
        let mut tries = 0;
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => break listener,
                Err(error) => {
                    tries += 1;
                    assert!(tries < 100, "port {port}: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        };
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(Arc::clone(&script), stream));
            }
        });
        Self { port, task }
    }
}

struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let headers: BTreeMap<String, String> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: head[0].clone(), headers, body })
}

async fn serve(script: Arc<Script>, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        let bearer = format!("Bearer {}", script.token.lock().expect("token"));
        if request.headers.get("authorization") != Some(&bearer) {
            reply(&mut stream, 401, "{}", "").await;
            continue;
        }
        if request.line.contains("/live ") {
            let key = request.headers.get("sec-websocket-key").cloned().unwrap_or_default();
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            );
            if stream.write_all(head.as_bytes()).await.is_ok() {
                live(&script, stream).await;
            }
            return;
        }
        if request.line.contains("/heartbeat ") && script.heartbeat.load(Ordering::SeqCst) {
            let told: Heartbeat = serde_json::from_slice(&request.body).expect("a heartbeat");
            script.heartbeats.lock().expect("heartbeats").push(told);
            let answer = serde_json::to_string(&script.answer()).expect("JSON");
            reply(&mut stream, 200, &answer, "").await;
        } else if request.line.contains("/frames ") {
            post(&script, &mut stream, &request).await;
        } else {
            reply(&mut stream, 404, "{}", "").await;
        }
    }
}

async fn reply(stream: &mut BufReader<TcpStream>, status: u16, body: &str, more: &str) {
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{more}\r\n{body}", body.len());
    let _ = stream.write_all(text.as_bytes()).await;
}

fn take_one(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

async fn post(script: &Script, stream: &mut BufReader<TcpStream>, request: &Request) {
    if take_one(&script.busy) {
        return reply(stream, 429, "{}", "Retry-After: 1\r\n").await;
    }
    let header = |name: &str| request.headers.get(name).expect(name).as_str();
    assert_eq!(header("x-stream"), "replay");
    assert_eq!(header("content-type"), "application/vnd.attendance.sealed");
    let purpose = format!("frame {}", script.feed);
    let jpeg = script.key.open(&request.body, purpose.as_bytes()).expect("a frame that this server opens");
    let came = Came {
        device: header("x-device").parse().expect("an id"),
        sequence: header("x-sequence").parse().expect("a number"),
        captured_at: header("x-captured-at").parse().expect("a time"),
        received_at: script.now(),
        replayed: true,
        jpeg,
    };
    script.frames.lock().expect("frames").push(came);
    if take_one(&script.fail_after_taking) {
        return reply(stream, 503, "{}", "Retry-After: 0\r\n").await;
    }
    reply(stream, 200, "{\"frame_id\":\"x\",\"faces\":[]}", "").await;
}

async fn live(script: &Script, stream: BufReader<TcpStream>) {
    let mut socket = WebSocketStream::from_raw_socket(stream.into_inner(), Role::Server, None).await;
    let mut header = FrameHeader::default();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => header = serde_json::from_str(&text).expect("a header"),
            Message::Binary(jpeg) => {
                if script.mute.load(Ordering::SeqCst) {
                    continue;
                }
                let came = Came {
                    device: header.device.expect("a device"),
                    sequence: header.sequence.expect("a sequence"),
                    captured_at: header.captured_at.unwrap_or_else(|| script.now()),
                    received_at: script.now(),
                    replayed: false,
                    jpeg: jpeg.to_vec(),
                };
                script.frames.lock().expect("frames").push(came);
                let answer = "{\"frame_id\":\"x\",\"faces\":[],\"timings_ms\":{\"total\":5.0}}";
                if socket.send(Message::text(answer)).await.is_err() {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// A JPEG that shows its number, so that no two are alike.
pub fn jpeg(number: u8) -> Vec<u8> {
    let (width, height) = (320_u16, 180_u16);
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height))
        .map(|at| ((at % 320) as u8).wrapping_add(number.wrapping_mul(37)))
        .collect();
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 80)
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Luma)
        .expect("a JPEG");
    out
}

/// Waits until something holds, and says what did not after a minute.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("not within a minute: {what}");
}
