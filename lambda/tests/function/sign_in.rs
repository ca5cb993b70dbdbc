//! Signing in by the cloud's identity, and trusting authorities that are published at an address.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::database::{PASSWORD, TestDatabase};
use crate::front::{Front, Mode, certificate};
use crate::function::{Handler, Lambda, settings};

/// The server asks for the password as RDS does and gets the request that the function's role signed.
#[tokio::test]
async fn on_aws_the_functions_role_signs_the_password() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    front.set(Mode::Refusing);
    let mut settings = settings(&database, &front);
    settings.remove("PGPASSWORD");
    settings.extend([
        ("DATABASE_AUTH", "aws".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "ASIAFUNCTION".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "role-secret".to_owned()),
        ("AWS_SESSION_TOKEN", "session".to_owned()),
    ]);
    let lambda = Lambda::start(settings).await;
    let answer = lambda.get("/health").await;
    assert_eq!(answer.status, 503);
    let passwords = front.passwords();
    let start = format!("localhost:{}/?Action=connect&DBUser=attendance_stats&X-Amz-Algorithm=", front.port);
    assert!(passwords[0].starts_with(&start), "{passwords:?}");
    assert!(passwords[0].contains("&X-Amz-Credential=ASIAFUNCTION%2F"));
    assert!(passwords[0].contains("%2Feu-central-1%2Frds-db%2Faws4_request&"));
    assert!(passwords[0].contains("&X-Amz-Security-Token=session&"));
    assert!(passwords[0].contains("&X-Amz-Signature="));

    let line = lambda.program.line("the database is down", &answer.id).await;
    assert!(line["error.cause"].as_str().unwrap().contains("password authentication failed"), "{line}");
    let log = format!("{:?}", lambda.program.log());
    assert!(!log.contains("role-secret") && !log.contains("X-Amz-Signature"), "{log}");
    database.remove().await;
}

/// The endpoint of Azure Functions gives the token, and the real server takes it.
#[tokio::test]
async fn on_azure_the_functions_identity_gives_the_password() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let identity = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(&database, &front);
    settings.remove("PGPASSWORD");
    settings.extend([
        ("DATABASE_AUTH", "azure".to_owned()),
        ("AZURE_CLIENT_ID", "client-1".to_owned()),
        ("IDENTITY_ENDPOINT", format!("http://{}/msi/token", identity.local_addr().unwrap())),
        ("IDENTITY_HEADER", "header-secret".to_owned()),
    ]);
    let handler = Handler::start(settings).await;
    let given = async {
        let (mut stream, _) = identity.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let body = json!({ "access_token": PASSWORD, "expires_on": "4102444800" }).to_string();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap().to_lowercase()
    };
    let (head, count) = tokio::join!(given, handler.get("/people/count"));
    assert_eq!((count.status, count.body), (200, json!({ "count": 0 })));
    assert!(
        head.contains("client_id=client-1") && head.contains("x-identity-header: header-secret"),
        "{head}"
    );

    // A new connection takes the token that is kept: the endpoint is gone.
    drop(identity);
    database.throw_out().await;
    assert_eq!(handler.get("/health").await.status, 200);
    let log = format!("{:?}", handler.program.log());
    assert!(!log.contains("header-secret") && !log.contains(PASSWORD), "{log}");
    drop(handler);
    database.remove().await;
}

/// Amazon publishes the authorities of RDS at an address whose own certificate the system knows.
#[tokio::test]
async fn authorities_are_read_from_an_https_address() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let (system, tls) = certificate("localhost");
    let bundle = std::fs::read_to_string(front.authority()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut settings = settings(&database, &front);
    settings.extend([
        ("PGSSLROOTCERT", format!("https://localhost:{port}/global/global-bundle.pem")),
        ("SSL_CERT_FILE", system.path().join("authority.pem").to_str().unwrap().to_owned()),
    ]);
    let lambda = Lambda::start(settings).await;
    let served = async {
        // Once refused, then served, then never asked again.
        for status in ["503 X", "200 OK"] {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = tls.accept(stream).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            assert!(head.starts_with(b"GET /global/global-bundle.pem HTTP/1.1\r\n"));
            let length = bundle.len();
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{bundle}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    };
    let asked = async {
        let refused = lambda.get("/health").await;
        assert_eq!(refused.status, 503);
        let line = lambda.program.line("the database is down", &refused.id).await;
        assert!(line["error.cause"].as_str().unwrap().contains("answered 503"), "{line}");
        assert_eq!(lambda.get("/health").await.status, 200);
    };
    tokio::join!(served, asked);
    drop(listener);
    database.throw_out().await;
    assert_eq!(lambda.get("/health").await.status, 200);
    drop(lambda);
    database.remove().await;
}
