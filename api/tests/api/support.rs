//! A server of the test's own: database, data folder, scripted recognizer, clients.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use api::config::{
    BACKUP_DAYS, Config, DataConfig, DatabaseConfig, HttpConfig, MessagesConfig, OidcConfig, RecognizerConfig,
};
use api::db;
use api::startup::{Application, Stopper};
use api::state::App;
use diesel::connection::SimpleConnection;
use diesel::{ConnectionResult, PgConnection, RunQueryDsl};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use types::Role;
use uuid::Uuid;

use crate::recognizer::{Face, Recognizer};

/// A database of the test's own; dropped with it.
pub struct TestDatabase {
    pub owner_url: String,
    pub app_url: String,
    name: String,
}

fn server_url() -> String {
    std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("TEST_DATABASE_URL must name a PostgreSQL server for tests; `make test` starts one")
    })
}

fn connect(url: &str) -> ConnectionResult<PgConnection> {
    db::connect(&url.parse().unwrap())
}

/// The same server, another database and user.
fn with_database(url: &str, database: &str, user: Option<&str>) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, rest) = rest.split_once('/').unwrap();
    let query = rest.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    let authority = match user {
        Some(user) => match authority.rsplit_once('@') {
            Some((_, host)) => format!("{user}@{host}"),
            None => format!("{user}@{authority}"),
        },
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}/{database}{query}")
}

impl TestDatabase {
    pub fn create() -> Self {
        let database = Self::empty();
        api::migrate(&database.owner_url.parse().unwrap()).unwrap();
        static ROLES: Once = Once::new();
        ROLES.call_once(|| {
            for role in ["attendance_app", "attendance_backup"] {
                database.execute(&format!("ALTER ROLE {role} LOGIN PASSWORD 'test-only'"));
            }
        });
        database
    }

    /// One without tables.
    pub fn empty() -> Self {
        let server = server_url();
        let name = format!("test_{}", Uuid::new_v4().simple());
        connect(&server).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let owner_url = with_database(&server, &name, None);
        let app_url = with_database(&server, &name, Some("attendance_app:test-only"));
        Self { owner_url, app_url, name }
    }

    /// The URL of the role that backups read with.
    pub fn backup_url(&self) -> String {
        with_database(&self.owner_url, &self.name, Some("attendance_backup:test-only"))
    }

    pub fn connect(&self) -> PgConnection {
        connect(&self.owner_url).unwrap()
    }

    /// A single number from a query.
    pub fn number(&self, sql: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let row: Row = diesel::sql_query(format!("SELECT ({sql})::bigint AS n"))
            .get_result(&mut self.connect())
            .unwrap();
        row.n
    }

    pub fn execute(&self, sql: &str) {
        self.connect().batch_execute(sql).unwrap();
    }

    /// Lets nobody in and throws everybody out, or ends that.
    pub fn set_down(&self, down: bool) {
        let mut conn = connect(&server_url()).unwrap();
        let name = &self.name;
        conn.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !down)).unwrap();
        if down {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
            conn.batch_execute(&format!("{end} '{name}'")).unwrap();
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(mut conn) = connect(&server_url()) {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// One running server.
pub struct Instance {
    pub base: String,
    pub app: App,
    stopper: Stopper,
}

impl Instance {
    async fn start(
        database: &TestDatabase,
        data: &Path,
        recognizer_url: &str,
        messages: &MessagesConfig,
        oidc: OidcConfig,
    ) -> Self {
        Self::run(Config { messages: messages.clone(), oidc, ..config(database, data, recognizer_url) }).await
    }

    async fn run(config: Config) -> Self {
        let application = Application::build(config).await.unwrap();
        let base = format!("http://127.0.0.1:{}", application.port());
        let (app, stopper) = (application.app().clone(), application.stopper());
        tokio::spawn(application.run_until_stopped());
        Self { base, app, stopper }
    }

    pub async fn stop(&self) {
        self.stopper.stop().await;
    }

    pub fn client(&self) -> Client {
        Client {
            base: self.base.clone(),
            http: reqwest::Client::new(),
            cookie: None,
            token: None,
            origin: true,
        }
    }
}

/// What runs apart from the test's runtime ends with the test: a server that goes on asking for a database that is
/// gone slows down all tests after it.
impl Drop for Instance {
    fn drop(&mut self) {
        self.app.stopping.send_replace(true);
    }
}

pub fn config(database: &TestDatabase, data: &Path, recognizer_url: &str) -> Config {
    Config {
        http: HttpConfig {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            metrics_host: "127.0.0.1".parse().unwrap(),
            metrics_port: 0,
            tls: "off".to_owned(),
            public_url: None,
            peer_url: None,
            spa: None,
            trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        },
        database: DatabaseConfig { url: database.app_url.parse().unwrap(), pool_size: 8 },
        replica: None,
        recognizer: RecognizerConfig {
            url: recognizer_url.to_owned(),
            secret_file: None,
            ca: None,
            deadline_ms: 2000,
        },
        data: DataConfig { folder: data.to_owned(), master_key_file: None, storage: None },
        backup_days: BACKUP_DAYS,
        messages: MessagesConfig::default(),
        oidc: OidcConfig::default(),
    }
}

/// A server with its database, folder and recognizer, and an admin signed in.
pub struct Site {
    pub database: TestDatabase,
    pub data: TempDir,
    pub recognizer: Recognizer,
    pub server: Instance,
    pub admin: Client,
    messages: MessagesConfig,
}

impl Site {
    pub async fn start() -> Self {
        Self::start_with(MessagesConfig::default(), OidcConfig::default()).await
    }

    /// The same, told how messages leave.
    pub async fn start_sending(messages: MessagesConfig) -> Self {
        Self::start_with(messages, OidcConfig::default()).await
    }

    /// The same with a provider of sign-ins.
    pub async fn start_with_provider(oidc: OidcConfig) -> Self {
        Self::start_with(MessagesConfig::default(), oidc).await
    }

    async fn start_with(messages: MessagesConfig, oidc: OidcConfig) -> Self {
        let (database, data) = (TestDatabase::create(), TempDir::new().unwrap());
        let recognizer = Recognizer::start();
        let server = Instance::start(&database, data.path(), &recognizer.url, &messages, oidc).await;
        let mut admin = server.client();
        let first: Value =
            serde_json::from_slice(&std::fs::read(data.path().join("first-admin.json")).unwrap()).unwrap();
        admin.sign_in(first["email"].as_str().unwrap(), first["password"].as_str().unwrap()).await;
        let site = Self { database, data, recognizer, server, admin, messages };
        site.until_gallery_is_loaded(&site.server).await;
        site
    }

    /// Another server on the same database, folder and recognizer.
    pub async fn second_instance(&self) -> Instance {
        let instance = self.starting_instance().await;
        self.until_gallery_is_loaded(&instance).await;
        instance
    }

    /// The same, which may still be loading its gallery.
    pub async fn starting_instance(&self) -> Instance {
        let oidc = OidcConfig::default();
        Instance::start(&self.database, self.data.path(), &self.recognizer.url, &self.messages, oidc).await
    }

    /// One of several instances that know of each other.
    pub async fn peer(&self) -> Instance {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut config = config(&self.database, self.data.path(), &self.recognizer.url);
        (config.http.port, config.http.peer_url) = (port, Some(format!("http://127.0.0.1:{port}")));
        let instance = Instance::run(config).await;
        self.until_gallery_is_loaded(&instance).await;
        instance
    }

    async fn until_gallery_is_loaded(&self, instance: &Instance) {
        eventually("the gallery is loaded", || async { instance.app.gallery.read().is_some() }).await;
    }

    /// A user of a role, signed in.
    pub async fn user(&self, email: &str, role: Role) -> Client {
        let password = api::domain::first_admin::add_user(&mut self.database.connect(), email, role).unwrap();
        let mut client = self.server.client();
        client.sign_in(email, &password).await;
        client
    }

    /// Enrols a person with one photo that shows `face`; returns their id.
    pub async fn enrol(&self, name: &str, face: Face) -> String {
        let photo = self.recognizer.image(&[face]);
        let form = person_form(json!({ "name": name, "external_id": name, "consent": true }), &[photo]);
        let answer = self.admin.post_form("/people", form).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let person: Value = answer.json().await.unwrap();
        person["id"].as_str().unwrap().to_owned()
    }

    /// Makes a feed; returns its id and token.
    pub async fn feed(&self, fields: Value) -> (String, String) {
        let answer = self.admin.send(Method::POST, "/feeds", Some(fields)).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let feed: Value = answer.json().await.unwrap();
        (feed["id"].as_str().unwrap().to_owned(), feed["token"].as_str().unwrap().to_owned())
    }
}

/// Who talks to the server.
#[derive(Clone)]
pub struct Client {
    pub base: String,
    pub http: reqwest::Client,
    pub cookie: Option<String>,
    pub token: Option<String>,
    /// Whether it sends the site's origin, as a browser on its pages does.
    pub origin: bool,
}

impl Client {
    pub async fn sign_in(&mut self, email: &str, password: &str) {
        let answer =
            self.send(Method::POST, "/session", Some(json!({ "email": email, "password": password }))).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }

    /// The same without a session, with a feed's token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { cookie: None, token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn anonymous(&self) -> Self {
        Self { cookie: None, token: None, ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if self.origin {
            request = request.header("Origin", &self.base);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn status(&self, method: Method, path: &str) -> u16 {
        self.send(method, path, None).await.status().as_u16()
    }

    pub async fn post_form(&self, path: &str, form: Form) -> Response {
        self.request(Method::POST, path).multipart(form).send().await.unwrap()
    }

    pub async fn post_frame(&self, feed: &str, image: &[u8]) -> Response {
        self.request(Method::POST, &format!("/feeds/{feed}/frames"))
            .body(image.to_vec())
            .send()
            .await
            .unwrap()
    }

    /// Posts a frame that is answered.
    pub async fn frame(&self, feed: &str, image: &[u8]) -> Value {
        let answer = self.post_frame(feed, image).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Posts the same frame until its track can be settled; the answer to the last.
    pub async fn frames(&self, feed: &str, image: &[u8], count: usize) -> Value {
        let mut last = Value::Null;
        for _ in 0..count {
            last = self.frame(feed, image).await;
        }
        last
    }
}

pub fn person_form(person: Value, photos: &[Vec<u8>]) -> Form {
    photos_form(photos).part("person", Part::text(person.to_string()))
}

pub fn photos_form(photos: &[Vec<u8>]) -> Form {
    photos.iter().fold(Form::new(), |form, photo| {
        form.part("photo", Part::bytes(photo.clone()).file_name("photo.png"))
    })
}

/// The status and the error of an answer that refuses.
pub async fn refusal(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string(), "{body}");
    assert!(body["error"]["request_id"].as_str().is_some_and(|id| id.len() == 36), "{body}");
    (status, body["error"].clone())
}

/// Waits until something is so, for five seconds at most.
pub async fn eventually<F, R>(what: &str, is_so: F)
where
    F: Fn() -> R,
    R: Future<Output = bool>,
{
    for _ in 0..250 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("after five seconds it is not so that {what}");
}
