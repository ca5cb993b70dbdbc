//! The program under test, and the two ways in which it is asked.

use std::collections::HashMap;
use std::convert::Infallible;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::database::{PASSWORD, TestDatabase};
use crate::front::Front;

const PATIENCE: Duration = Duration::from_secs(20);

/// Variables of the environment; the program sees no others.
pub type Settings = HashMap<&'static str, String>;

/// As `attendance_stats`, by password, through the front.
pub fn settings(database: &TestDatabase, front: &Front) -> Settings {
    HashMap::from([
        ("DATABASE_HOST", "localhost".to_owned()),
        ("DATABASE_PORT", front.port.to_string()),
        ("DATABASE_NAME", database.name.clone()),
        ("DATABASE_USER", "attendance_stats".to_owned()),
        ("DATABASE_AUTH", "password".to_owned()),
        ("PGPASSWORD", PASSWORD.to_owned()),
        ("PGSSLROOTCERT", front.authority().to_str().unwrap().to_owned()),
    ])
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Value,
    /// The request's id, as the cloud has it.
    pub id: String,
}

/// A running program with what it logged.
pub struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Program {
    pub fn start(settings: &Settings) -> Self {
        let binary =
            std::env::var("LAMBDA_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lambda").to_owned());
        let mut child = Command::new(binary)
            .env_clear()
            .envs(settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (kept, output) = (log.clone(), child.stdout.take().unwrap());
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, log }
    }

    /// What it logged so far; every line is JSON.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.log.lock().unwrap();
        lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }

    /// The line with this message of the request with this id; it may come a moment later.
    pub async fn line(&self, message: &str, id: &str) -> Value {
        self.find(message, |line| line["span"]["request.id"] == id).await
    }

    pub async fn find(&self, message: &str, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100 {
            if let Some(line) = self.log().into_iter().find(|line| line["message"] == message && fits(line)) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{message:?} is not in {:#?}", self.log());
    }

    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }
}

type Event = (String, Value);
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

/// The program as AWS Lambda runs it: it asks the runtime's API for events and posts its responses there.
pub struct Lambda {
    pub program: Program,
    events: mpsc::UnboundedSender<Event>,
    waiting: Waiting,
    numbers: AtomicUsize,
}

impl Lambda {
    pub async fn start(mut settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (events, next) = mpsc::unbounded_channel();
        let next = Arc::new(tokio::sync::Mutex::new(next));
        let waiting = Waiting::default();
        settings.extend([
            ("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "attendance".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ]);
        let posted = waiting.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (next, posted) = (next.clone(), posted.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (next, posted) = (next.clone(), posted.clone());
                    async move { Ok::<_, Infallible>(runtime_api(request, &next, &posted).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { program: Program::start(&settings), events, waiting, numbers: AtomicUsize::new(0) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path).await
    }

    /// An event of an HTTP API with payload version 2.0.
    pub async fn send(&self, method: &str, path: &str) -> Answer {
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", self.numbers.fetch_add(1, SeqCst));
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": { "accept": "*/*", "host": "a1b2.execute-api.eu-central-1.amazonaws.com" },
            "requestContext": {
                "accountId": "123456789012", "apiId": "a1b2",
                "domainName": "a1b2.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "a1b2",
                "http": {
                    "method": method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "agent",
                },
                "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
                "time": "22/Nov/2026:10:20:30 +0000", "timeEpoch": 1795342830000_i64,
            },
            "isBase64Encoded": false,
        });
        let (answered, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id.clone(), answered);
        self.events.send((id.clone(), event)).unwrap();
        let answer = timeout(PATIENCE, answer).await.expect("an answer in time").unwrap();
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let headers = answer["headers"].as_object().unwrap().iter();
        Answer {
            status: u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: serde_json::from_str(answer["body"].as_str().unwrap()).unwrap(),
            id,
        }
    }
}

async fn runtime_api(
    request: Request<Incoming>,
    next: &tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    posted: &Mutex<HashMap<String, oneshot::Sender<Value>>>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches("/2018-06-01/runtime/").split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => {
            let Some((id, event)) = next.lock().await.recv().await else {
                return std::future::pending().await; // The test is over.
            };
            Response::builder()
                .header("Content-Type", "application/json")
                .header("Lambda-Runtime-Aws-Request-Id", id)
                .header("Lambda-Runtime-Deadline-Ms", "4102444800000")
                .header(
                    "Lambda-Runtime-Invoked-Function-Arn",
                    "arn:aws:lambda:eu-central-1:123456789012:function:a",
                )
                .header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1")
                .body(Full::from(event.to_string()))
                .unwrap()
        }
        (&Method::POST, ["invocation", id, "response"]) => {
            let id = (*id).to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let waiting = posted.lock().unwrap().remove(&id).expect("an id that was given out");
            let _ = waiting.send(serde_json::from_slice(&body).unwrap());
            Response::builder().status(202).body(Full::default()).unwrap()
        }
        // Errors of the invocation or of the start: whoever waits for an answer then hears that there is none.
        _ => {
            posted.lock().unwrap().clear();
            Response::builder().status(202).body(Full::default()).unwrap()
        }
    }
}

/// The program as the host of Azure Functions runs it: plain HTTP on a port that it names.
pub struct Handler {
    pub program: Program,
    base: String,
    client: reqwest::Client,
}

impl Handler {
    pub async fn start(mut settings: Settings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        settings.insert("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
        let program = Program::start(&settings);
        program.find("ready", |line| line["http.port"] == port).await;
        Self { program, base: format!("http://127.0.0.1:{port}"), client: reqwest::Client::new() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).timeout(PATIENCE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: answer.json().await.unwrap(),
            id: String::new(),
        }
    }
}
