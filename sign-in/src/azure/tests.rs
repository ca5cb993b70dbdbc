use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::*;
use crate::served::{Served, install_provider};

const START: u64 = 1_800_000_000;
const HOUR: u64 = 3600;

/// A clock that the test sets.
#[derive(Clone)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, SeqCst);
    }

    fn clock(&self) -> Clock {
        let seconds = self.0.clone();
        Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(SeqCst)))
    }
}

fn machine(service: &Served, hand: &Hand) -> Azure {
    install_provider();
    let url = Url::parse(&format!("{}/metadata/identity/oauth2/token", service.url)).unwrap();
    Azure::new(Source::Machine { url }, Some("client-1".to_owned()), hand.clock()).unwrap()
}

fn token(name: &str, ends: u64) -> Option<(u16, String)> {
    Some((200, format!(r#"{{"access_token":"{name}","expires_on":"{ends}","token_type":"Bearer"}}"#)))
}

async fn failure(azure: &Azure) -> String {
    format!("{:#}", azure.token().await.unwrap_err())
}

#[tokio::test]
async fn the_metadata_service_is_asked_once_and_its_token_kept() {
    let service = Served::start(|_, _| token("first", START + 24 * HOUR)).await;
    let azure = machine(&service, &Hand::new());
    assert_eq!(azure.token().await.unwrap().expose(), "first");
    assert_eq!(azure.token().await.unwrap().expose(), "first");
    let heads = service.heads();
    assert_eq!(heads.len(), 1);
    let line = "GET /metadata/identity/oauth2/token?api-version=2018-02-01\
                &resource=https%3A%2F%2Fossrdbms-aad.database.windows.net&client_id=client-1 HTTP/1.1\r\n";
    assert!(heads[0].starts_with(line), "{}", heads[0]);
    assert!(heads[0].to_lowercase().contains("\r\nmetadata: true\r\n"));
}

#[tokio::test]
async fn a_function_has_an_endpoint_and_a_header_of_its_own() {
    install_provider();
    let body = format!(r#"{{"access_token":"t","expires_on":{}}}"#, START + HOUR);
    let service = Served::start(move |_, _| Some((200, body.clone()))).await;
    let header = HeaderValue::from_static("header-secret");
    let source = Source::Function { url: Url::parse(&format!("{}/msi/token", service.url)).unwrap(), header };
    let azure = Azure::new(source, None, Hand::new().clock()).unwrap();
    assert_eq!(azure.token().await.unwrap().expose(), "t");
    let head = &service.heads()[0];
    let line =
        "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fossrdbms-aad.database.windows.net HTTP";
    assert!(head.starts_with(line), "{head}");
    assert!(head.to_lowercase().contains("\r\nx-identity-header: header-secret\r\n"));
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_it_ends() {
    let ends = START + HOUR;
    let service = Served::start(move |_, before| {
        let before = before as u64;
        token(&format!("token-{before}"), ends + before * HOUR)
    })
    .await;
    let hand = Hand::new();
    let azure = machine(&service, &hand);
    assert_eq!(azure.token().await.unwrap().expose(), "token-0");
    hand.set(ends - 301);
    assert_eq!(azure.token().await.unwrap().expose(), "token-0");
    hand.set(ends - 299);
    assert_eq!(azure.token().await.unwrap().expose(), "token-1");
    assert_eq!(azure.token().await.unwrap().expose(), "token-1");
    assert_eq!(service.heads().len(), 2);
}

#[tokio::test]
async fn while_renewal_fails_the_valid_token_serves() {
    let ends = START + HOUR;
    let service = Served::start(
        move |_, before| {
            if before == 0 { token("old", ends) } else { Some((400, "{}".to_owned())) }
        },
    )
    .await;
    let hand = Hand::new();
    let azure = machine(&service, &hand);
    azure.token().await.unwrap();
    hand.set(ends - 100);
    assert_eq!(azure.token().await.unwrap().expose(), "old");
    assert_eq!(azure.token().await.unwrap().expose(), "old");
    assert_eq!(service.heads().len(), 2, "the failed renewal is not tried at every call");
    hand.set(ends);
    assert!(failure(&azure).await.contains("it answered 400"));
}

#[tokio::test]
async fn a_crowd_asks_once() {
    let service = Served::start(|_, _| token("shared", START + HOUR)).await;
    let azure = Arc::new(machine(&service, &Hand::new()));
    let crowd: Vec<_> = (0..20)
        .map(|_| {
            let azure = azure.clone();
            tokio::spawn(async move { azure.token().await.unwrap().expose().to_owned() })
        })
        .collect();
    for one in crowd {
        assert_eq!(one.await.unwrap(), "shared");
    }
    assert_eq!(service.heads().len(), 1);
}

#[tokio::test]
async fn a_crowd_fails_once() {
    let service = Served::start(|_, _| Some((400, r#"{"error_description":"no"}"#.to_owned()))).await;
    let azure = machine(&service, &Hand::new());
    let (first, second, third) = tokio::join!(azure.token(), azure.token(), azure.token());
    for failed in [first, second, third] {
        assert!(format!("{:#}", failed.unwrap_err()).ends_with("it answered 400: no"));
    }
    assert_eq!(service.heads().len(), 1);
    failure(&azure).await;
    assert_eq!(service.heads().len(), 2, "who comes later tries again");
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let service = Served::start(|_, before| match before {
        0 => Some((429, String::new())),
        1 => Some((410, String::new())),
        _ => token("third", START + HOUR),
    })
    .await;
    assert_eq!(machine(&service, &Hand::new()).token().await.unwrap().expose(), "third");
}

#[tokio::test]
async fn what_lasts_is_told_at_once() {
    let body = r#"{"error":"invalid_request","error_description":"Identity not\r\n found"}"#;
    let service = Served::start(move |_, _| Some((400, body.to_owned()))).await;
    let told = failure(&machine(&service, &Hand::new())).await;
    assert!(told.starts_with("Azure gave no token to sign in to the database with. Look whether"), "{told}");
    assert!(
        told.contains("AZURE_CLIENT_ID") && told.ends_with("it answered 400: Identity not found"),
        "{told}"
    );
    assert_eq!(service.heads().len(), 1);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_no_tokens() {
    let end = START + HOUR;
    for (body, why) in [
        ("<html>".to_owned(), "its answer is no token"),
        ("{}".to_owned(), "its answer is no token"),
        (format!(r#"{{"access_token":"","expires_on":"{end}"}}"#), "holds no token"),
        (r#"{"access_token":"t","expires_on":"tomorrow"}"#.to_owned(), "does not say when"),
        (format!(r#"{{"access_token":"t","expires_on":"{}"}}"#, u64::MAX), "does not say when"),
        (format!(r#"{{"access_token":"t","expires_on":"{START}"}}"#), "look at the clock"),
    ] {
        let sent = body.clone();
        let service = Served::start(move |_, _| Some((200, sent.clone()))).await;
        let told = failure(&machine(&service, &Hand::new())).await;
        assert!(told.contains(why), "{body}: {told}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_or_hangs_is_given_up() {
    let hanging = Served::start(|_, _| None).await;
    let since = Instant::now();
    let told = failure(&machine(&hanging, &Hand::new())).await;
    assert!(since.elapsed() < LIMIT + Duration::from_secs(1), "{:?}", since.elapsed());
    assert!(told.contains("no answer within") || told.contains("timed out"), "{told}");

    let told = failure(&machine(&Served::away().await, &Hand::new())).await;
    assert!(
        told.contains("metadata service (127.0.0.1)") && told.to_lowercase().contains("refused"),
        "{told}"
    );
}
