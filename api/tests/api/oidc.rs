//! Signing in by a provider of OpenID Connect: a small one of the test's own, which signs whatever it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use api::config::OidcConfig;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use clap::Parser;
use hmac::{Hmac, KeyInit, Mac};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use types::Role;

use crate::second_factor::{admin, code, enrol, next_code};
use crate::support::{Client, Site, refusal};

const CLIENT: &str = "attendance";
const SECRET: &str = "the client's secret";

/// A key for ES256, and its name.
struct Key {
    id: String,
    pair: KeyPair,
}

impl Key {
    fn new(id: &str) -> Self {
        Self { id: id.to_owned(), pair: KeyPair::generate().unwrap() }
    }

    fn public(&self) -> Value {
        let point = self.pair.der_bytes();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": x, "y": y })
    }

    fn sign(&self, claims: &Value) -> String {
        let message = unsigned(&json!({ "alg": "ES256", "kid": self.id }), claims);
        let signature = plain_signature(&self.pair.sign(message.as_bytes()).unwrap());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The two numbers of a signature, 32 bytes each, as a token has them (RFC 7518, 3.4): of a DER sequence of integers.
fn plain_signature(der: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let number = &number[number.len().saturating_sub(32)..];
        plain.extend(std::iter::repeat_n(0, 32 - number.len()));
        plain.extend(number);
        rest = after;
    }
    plain
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

struct Script {
    key: Mutex<Key>,
    /// The challenge and the ID token of each code.
    codes: Mutex<HashMap<String, (String, String)>>,
    keys_asked: AtomicUsize,
    away: AtomicBool,
    url: Mutex<String>,
}

/// A provider.
struct Provider {
    script: Arc<Script>,
    url: String,
    secret: NamedTempFile,
    handle: ServerHandle,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn discovery(script: web::Data<Script>) -> HttpResponse {
    if script.away.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let url = script.url.lock().unwrap().clone();
    HttpResponse::Ok().json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    }))
}

async fn keys(script: web::Data<Script>) -> HttpResponse {
    script.keys_asked.fetch_add(1, Ordering::SeqCst);
    let key = script.key.lock().unwrap().public();
    HttpResponse::Ok().json(json!({ "keys": [key] }))
}

async fn token(
    request: actix_web::HttpRequest,
    script: web::Data<Script>,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    let refused = || HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    let Some((challenge, token)) = script.codes.lock().unwrap().remove(&form["code"]) else {
        return refused();
    };
    let verified = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if verified != challenge || !form["redirect_uri"].ends_with("/api/v1/session/oidc/callback") {
        return refused();
    }
    // The secret is form-encoded before it is joined (RFC 6749, 2.3.1).
    let header = request.headers().get("authorization").unwrap().to_str().unwrap().to_owned();
    let encoded = "attendance:the+client%27s+secret";
    if header != format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(encoded)) {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    HttpResponse::Ok().json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": token }))
}

impl Provider {
    fn start() -> Self {
        let script = Arc::new(Script {
            key: Mutex::new(Key::new("first")),
            codes: Mutex::default(),
            keys_asked: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            url: Mutex::default(),
        });
        let data = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/keys", web::get().to(keys))
                .route("/token", web::post().to(token))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        script.url.lock().unwrap().clone_from(&url);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let secret = NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), format!("{SECRET}\n")).unwrap();
        Self { script, url, secret, handle }
    }

    /// The configuration that names it, as flags make it.
    fn config(&self, more: &[&str]) -> OidcConfig {
        #[derive(Parser)]
        struct Flags {
            #[command(flatten)]
            oidc: OidcConfig,
        }
        let secret = self.secret.path().to_str().unwrap();
        let flags = [
            "test",
            "--oidc-issuer",
            &self.url,
            "--oidc-client-id",
            CLIENT,
            "--oidc-client-secret-file",
            secret,
            "--oidc-networks",
            "127.0.0.0/8",
            "--oidc-label",
            "School account",
        ];
        Flags::parse_from(flags.iter().chain(more)).oidc
    }

    /// The claims of somebody who signs in properly.
    fn claims(&self, begun: &Begun, subject: &str, email: &str) -> Value {
        let now = Utc::now().timestamp();
        json!({
            "iss": self.url, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": begun.asked["nonce"], "email": email, "email_verified": true,
        })
    }

    /// A code for a token.
    fn code_for(&self, begun: &Begun, token: String) -> String {
        let mut codes = self.script.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), (begun.asked["code_challenge"].clone(), token));
        code
    }

    fn sign(&self, claims: &Value) -> String {
        self.script.key.lock().unwrap().sign(claims)
    }

    /// Goes through the whole of it with some claims.
    async fn sign_in(&self, browser: &Client, claims: impl FnOnce(&Begun) -> Value) -> Response {
        let begun = begin(browser, "/session/oidc/start?return=/people").await;
        let claims = claims(&begun);
        let code = self.code_for(&begun, self.sign(&claims));
        begun.come_back(browser, &code).await
    }
}

/// A sign-in under way.
struct Begun {
    cookie: String,
    asked: HashMap<String, String>,
}

impl Begun {
    async fn come_back(&self, browser: &Client, code: &str) -> Response {
        self.callback(browser, &format!("code={code}&state={}", self.asked["state"])).await
    }

    /// As a browser does that comes from another site: without the cookie of the session, which is Strict.
    async fn callback(&self, browser: &Client, query: &str) -> Response {
        let path = format!("/session/oidc/callback?{query}");
        let browser = Client { cookie: Some(self.cookie.clone()), ..browser.clone() };
        browser.send(Method::GET, &path, None).await
    }
}

/// A browser that shows redirects instead of following them.
fn browser(site: &Site) -> Client {
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    Client { http, ..site.server.client() }
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn cookies(answer: &Response) -> Vec<String> {
    answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

fn session_of(answer: &Response) -> Option<String> {
    let cookies = cookies(answer);
    let session = cookies.iter().find(|cookie| cookie.starts_with("attendance_session="))?;
    Some(session.split(';').next().unwrap().to_owned())
}

async fn begin(browser: &Client, path: &str) -> Begun {
    let answer = browser.send(Method::GET, path, None).await;
    let address = Url::parse(&location(&answer)).unwrap();
    let cookie = cookies(&answer).into_iter().find(|cookie| cookie.starts_with("attendance_oidc=")).unwrap();
    Begun {
        cookie: cookie.split(';').next().unwrap().to_owned(),
        asked: address.query_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
    }
}

/// Why it came to nothing; no session came with it.
fn error_of(answer: &Response) -> String {
    assert_eq!(session_of(answer), None);
    location(answer).strip_prefix("/?sign-in-error=").unwrap().to_owned()
}

#[actix_web::test]
async fn without_a_provider_there_is_nothing_to_sign_in_by() {
    let site = Site::start().await;
    let anonymous = site.server.client();
    assert_eq!(anonymous.get("/session/oidc").await, json!({ "enabled": false, "label": "" }));
    for path in ["/session/oidc/start", "/session/oidc/callback?code=x&state=y"] {
        assert_eq!(refusal(anonymous.send(Method::GET, path, None).await).await.0, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_verified_address_signs_in_once_and_binds_the_account_to_the_subject() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    site.user("ann@example.org", Role::Guard).await;
    let browser = browser(&site);
    assert_eq!(browser.get("/session/oidc").await, json!({ "enabled": true, "label": "School account" }));

    let answer = browser.send(Method::GET, "/session/oidc/start?return=/people%3Fx%3D1%26y%3D2", None).await;
    let address = location(&answer);
    assert!(address.starts_with(&format!("{}/authorize?", provider.url)), "{address}");
    let cookie = cookies(&answer).remove(0);
    for part in ["HttpOnly", "SameSite=Lax", "Path=/api/v1/session/oidc", "Max-Age=600"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let begun = begin(&browser, "/session/oidc/start?return=/people%3Fx%3D1%26y%3D2").await;
    let asked = |name: &str| begun.asked[name].as_str();
    assert_eq!((asked("response_type"), asked("client_id")), ("code", CLIENT));
    assert_eq!((asked("code_challenge_method"), asked("scope")), ("S256", "openid email profile"));
    assert_eq!(asked("redirect_uri"), format!("{}/api/v1/session/oidc/callback", site.server.base));

    let claims = provider.claims(&begun, "ann-1", "Ann@example.org");
    let code = provider.code_for(&begun, provider.sign(&claims));
    let answer = begun.come_back(&browser, &code).await;
    assert_eq!(answer.status(), 200);
    let session =
        cookies(&answer).into_iter().find(|cookie| cookie.starts_with("attendance_session=")).unwrap();
    assert!(session.contains("SameSite=Strict") && session.contains("HttpOnly"), "{session}");
    let mut ann = browser.clone();
    ann.cookie = session_of(&answer);
    let page = answer.text().await.unwrap();
    assert!(page.contains("content=\"0; url=/people?x=1&amp;y=2\""), "{page}");
    let me = ann.get("/session").await;
    assert_eq!((&me["user"]["email"], &me["user"]["role"]), (&json!("ann@example.org"), &json!("guard")));

    // From now on the subject counts, whatever the address is.
    let moved = provider.sign_in(&browser, |begun| {
        let mut claims = provider.claims(begun, "ann-1", "new@example.org");
        claims["email_verified"] = json!(false);
        claims
    });
    assert!(session_of(&moved.await).is_some());
    let other = provider.sign_in(&browser, |begun| provider.claims(begun, "ann-2", "ann@example.org"));
    assert_eq!(error_of(&other.await), "account_taken", "the address is somebody else's now");
    let bound = "SELECT count(*) FROM audit WHERE action = 'user.oidc_bound'";
    assert_eq!(site.database.number(bound), 1);
}

#[actix_web::test]
async fn a_session_that_the_browser_had_ends() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    let mut old = site.user("ann@example.org", Role::Guard).await;
    old.http = browser(&site).http;
    let answer = provider.sign_in(&old, |begun| provider.claims(begun, "1", "ann@example.org")).await;
    assert!(session_of(&answer).is_some());
    assert_eq!(old.status(Method::GET, "/session").await, 401);
}

#[actix_web::test]
async fn a_token_that_proves_nothing_opens_nothing() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    site.user("ann@example.org", Role::Guard).await;
    let browser = browser(&site);
    let sessions = site.database.number("SELECT count(*) FROM sessions");
    let now = Utc::now().timestamp();
    for (what, claim, value) in [
        ("another issuer", "iss", json!("https://evil.example")),
        ("another audience", "aud", json!("another")),
        ("an audience besides", "aud", json!([CLIENT, "another"])),
        ("another party", "azp", json!("another")),
        ("another nonce", "nonce", json!("another")),
        ("no nonce", "nonce", Value::Null),
        ("expired", "exp", json!(now - 120)),
        ("of the future", "iat", json!(now + 600)),
    ] {
        let answer = provider.sign_in(&browser, |begun| {
            let mut claims = provider.claims(begun, "1", "ann@example.org");
            claims[claim] = value;
            claims
        });
        assert_eq!(error_of(&answer.await), "token_refused", "{what}");
    }
    type Forge = fn(&Provider, &Value) -> String;
    let forgeries: [(&str, Forge); 5] = [
        ("unsigned", |_, claims| format!("{}.", unsigned(&json!({ "alg": "none" }), claims))),
        ("signed with the client's secret", |_, claims| {
            let message = unsigned(&json!({ "alg": "HS256" }), claims);
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(message.as_bytes());
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        }),
        ("signed with another key of that name", |_, claims| Key::new("first").sign(claims)),
        ("with claims of one's own", |provider, claims| {
            let (signed, mut other) = (provider.sign(claims), claims.clone());
            other["email"] = json!("admin@attendance.local");
            let parts: Vec<&str> = signed.split('.').collect();
            format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(other.to_string()), parts[2])
        }),
        ("no token", |_, _| "rubbish".to_owned()),
    ];
    for (what, forge) in forgeries {
        let begun = begin(&browser, "/session/oidc/start").await;
        let token = forge(&provider, &provider.claims(&begun, "1", "ann@example.org"));
        let code = provider.code_for(&begun, token);
        assert_eq!(error_of(&begun.come_back(&browser, &code).await), "token_refused", "{what}");
    }
    assert_eq!(site.database.number("SELECT count(*) FROM sessions"), sessions);
    assert_eq!(site.database.number("SELECT count(*) FROM oidc_identities"), 0);
    let refused = "SELECT count(*) FROM audit WHERE action = 'session.refused'";
    assert_eq!(site.database.number(refused), 13);
    let answer = provider.sign_in(&browser, |begun| provider.claims(begun, "1", "ann@example.org"));
    assert!(session_of(&answer.await).is_some(), "what is right still is");
}

#[actix_web::test]
async fn a_sign_in_ends_once_in_the_browser_that_began_it() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    site.user("ann@example.org", Role::Guard).await;
    let browser = browser(&site);
    let begun = begin(&browser, "/session/oidc/start").await;
    let other = begin(&browser, "/session/oidc/start").await;
    let token = provider.sign(&provider.claims(&begun, "1", "ann@example.org"));
    let code = provider.code_for(&begun, token.clone());
    let right = format!("code={code}&state={}", begun.asked["state"]);
    for (what, browser_of, query) in [
        ("another state", &begun, format!("code={code}&state=another")),
        ("no state", &begun, format!("code={code}")),
        ("another browser", &other, right.clone()),
        ("nothing at all", &begun, String::new()),
    ] {
        assert_eq!(error_of(&browser_of.callback(&browser, &query).await), "expired", "{what}");
    }
    let bare = browser.send(Method::GET, &format!("/session/oidc/callback?{right}"), None).await;
    assert_eq!(error_of(&bare), "expired", "no cookie");
    // None of this has used it up; it is used once.
    assert!(session_of(&begun.callback(&browser, &right).await).is_some());
    let code = provider.code_for(&begun, token);
    assert_eq!(error_of(&begun.come_back(&browser, &code).await), "expired", "a replay");

    let late = begin(&browser, "/session/oidc/start").await;
    site.database.execute("UPDATE oidc_sign_ins SET expires_at = now() - interval '1 second'");
    let code = provider.code_for(&late, provider.sign(&provider.claims(&late, "1", "ann@example.org")));
    assert_eq!(error_of(&late.come_back(&browser, &code).await), "expired", "after ten minutes");

    // A code of another sign-in: its challenge is another.
    let begun = begin(&browser, "/session/oidc/start").await;
    let token = provider.sign(&provider.claims(&begun, "1", "ann@example.org"));
    let code = provider.code_for(&late, token);
    assert_eq!(error_of(&begun.come_back(&browser, &code).await), "token_refused", "another's code");

    let begun = begin(&browser, "/session/oidc/start").await;
    let query = format!("error=access_denied&state={}", begun.asked["state"]);
    assert_eq!(error_of(&begun.callback(&browser, &query).await), "denied");
    let begun = begin(&browser, "/session/oidc/start").await;
    let query = format!("code=x&state={}&iss=https%3A%2F%2Fevil.example", begun.asked["state"]);
    assert_eq!(error_of(&begun.callback(&browser, &query).await), "token_refused", "another answers");
    let secrets = "SELECT count(*) FROM oidc_sign_ins WHERE oidc_sign_ins::text LIKE '%' || ";
    assert_eq!(site.database.number(&format!("{secrets}'{}' || '%'", begun.asked["state"])), 0);
}

#[actix_web::test]
async fn nobody_is_led_to_another_site() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    let browser = browser(&site);
    for path in
        ["//evil.example", "https://evil.example", "/%5Cevil.example", "evil", "/.//evil.example", "/api/v1/"]
    {
        let answer = browser.send(Method::GET, &format!("/session/oidc/start?return={path}"), None).await;
        let (status, error) = refusal(answer).await;
        assert!(status == 422 && error["fields"]["return"].is_string(), "{path}: {error}");
    }
    assert_eq!(site.database.number("SELECT count(*) FROM oidc_sign_ins"), 0);
}

#[actix_web::test]
async fn who_is_unknown_unverified_or_disabled_stays_out() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    let ann = site.user("ann@example.org", Role::Guard).await.get("/session").await;
    let browser = browser(&site);
    for (claim, value) in
        [("email_verified", json!(false)), ("email_verified", Value::Null), ("email", Value::Null)]
    {
        let answer = provider.sign_in(&browser, |begun| {
            let mut claims = provider.claims(begun, "1", "ann@example.org");
            claims[claim] = value;
            claims
        });
        assert_eq!(error_of(&answer.await), "email_unverified");
    }
    let nobody = provider.sign_in(&browser, |begun| provider.claims(begun, "2", "nobody@example.org"));
    assert_eq!(error_of(&nobody.await), "no_account");

    // Entra ID's word for it.
    let answer = provider.sign_in(&browser, |begun| {
        let mut claims = provider.claims(begun, "1", "ann@example.org");
        claims["email_verified"] = Value::Null;
        claims["xms_edov"] = json!("1");
        claims
    });
    assert!(session_of(&answer.await).is_some());
    let path = format!("/users/{}", ann["user"]["id"].as_str().unwrap());
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({ "disabled": true }))).await.status(), 200);
    let bound = provider.sign_in(&browser, |begun| provider.claims(begun, "1", "ann@example.org"));
    assert_eq!(error_of(&bound.await), "account_disabled");
    site.database.execute("DELETE FROM oidc_identities");
    let unbound = provider.sign_in(&browser, |begun| provider.claims(begun, "1", "ann@example.org"));
    assert_eq!(error_of(&unbound.await), "account_disabled");
}

#[actix_web::test]
async fn a_trusted_provider_s_addresses_need_no_word_of_it() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&["--oidc-trust-email", "true"])).await;
    site.user("ann@example.org", Role::Guard).await;
    let browser = browser(&site);
    let answer = provider.sign_in(&browser, |begun| {
        let mut claims = provider.claims(begun, "1", "ann@example.org");
        claims["email_verified"] = Value::Null;
        claims
    });
    assert!(session_of(&answer.await).is_some());
}

#[actix_web::test]
async fn accounts_are_made_for_whom_the_claim_gives_a_role() {
    let provider = Provider::start();
    let flags = ["--oidc-create-accounts", "true", "--oidc-role-claim", "realm_access.roles"];
    let site = Site::start_with_provider(
        provider.config(&[&flags[..], &["--oidc-roles", "door=guard,teachers=manager"]].concat()),
    )
    .await;
    let (browser, provider) = (browser(&site), &provider);
    let with = |subject: &'static str, roles: Value| {
        provider.sign_in(&browser, move |begun| {
            let mut claims = provider.claims(begun, subject, &format!("{subject}@example.org"));
            claims["realm_access"] = json!({ "roles": roles });
            claims
        })
    };
    assert_eq!(error_of(&with("pupil", json!(["pupils"])).await), "no_account");
    assert_eq!(error_of(&with("nobody", Value::Null).await), "no_account");
    let answer = with("teacher", json!(["door", "other", "teachers"])).await;
    let mut teacher = browser.clone();
    teacher.cookie = session_of(&answer);
    let me = teacher.get("/session").await;
    assert_eq!(
        (&me["user"]["role"], &me["user"]["owner"], &me["password"]),
        (&json!("manager"), &json!(false), &json!(false))
    );
    let account = site.admin.get(&format!("/users/{}", me["user"]["id"].as_str().unwrap())).await;
    assert_eq!(account["invited"], false, "{account}");
    // What the provider says later does not change what an admin sees to.
    let answer = with("teacher", json!(["door"])).await;
    teacher.cookie = session_of(&answer);
    assert_eq!(teacher.get("/session").await["user"]["role"], "manager");
}

#[actix_web::test]
async fn new_keys_are_fetched_for_a_token_that_names_them_but_not_for_everyone() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    site.user("ann@example.org", Role::Guard).await;
    let browser = browser(&site);
    let asked = || provider.script.keys_asked.load(Ordering::SeqCst);
    assert_eq!(asked(), 0, "not before somebody signs in");
    let ann = || provider.sign_in(&browser, |begun| provider.claims(begun, "1", "ann@example.org"));
    assert!(session_of(&ann().await).is_some());
    assert!(session_of(&ann().await).is_some());
    assert_eq!(asked(), 1);
    *provider.script.key.lock().unwrap() = Key::new("second");
    assert!(session_of(&ann().await).is_some(), "the key has changed");
    assert_eq!(asked(), 2);
    *provider.script.key.lock().unwrap() = Key::new("third");
    assert_eq!(error_of(&ann().await), "token_refused", "within the same minute");
    assert_eq!(asked(), 2);
}

#[actix_web::test]
async fn a_provider_that_is_away_keeps_nobody_else_out() {
    let provider = Provider::start();
    provider.script.away.store(true, Ordering::SeqCst);
    let site = Site::start_with_provider(provider.config(&[])).await;
    let browser = browser(&site);
    let waiting = tokio::spawn({
        let browser = browser.clone();
        async move { browser.send(Method::GET, "/session/oidc/start", None).await }
    });
    site.user("ann@example.org", Role::Guard).await;
    assert_eq!(browser.get("/session/oidc").await["enabled"], true);
    let began = std::time::Instant::now();
    assert_eq!(error_of(&waiting.await.unwrap()), "provider_unavailable");
    assert!(began.elapsed() < Duration::from_secs(8), "it is not waited for long");
    let answer = browser.send(Method::GET, "/session/oidc/start", None).await;
    assert_eq!(error_of(&answer), "provider_unavailable", "and not asked again at once");
    provider.script.away.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    let answer = provider.sign_in(&browser, |begun| provider.claims(begun, "1", "ann@example.org"));
    assert!(session_of(&answer.await).is_some(), "it is back");
}

#[actix_web::test]
async fn a_private_address_is_not_asked_unless_the_configuration_names_it() {
    let provider = Provider::start();
    let mut config = provider.config(&[]);
    config.networks.clear();
    let site = Site::start_with_provider(config).await;
    let answer = browser(&site).send(Method::GET, "/session/oidc/start", None).await;
    assert_eq!(error_of(&answer), "provider_unavailable");
    assert_eq!(provider.script.keys_asked.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn a_second_factor_of_one_s_own_is_asked_for_unless_the_provider_saw_one() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    let mut ann = admin(&site, "ann@example.org").await;
    let (secret, _) = enrol(&mut ann).await;
    let browser = browser(&site);
    let begun = begin(&browser, "/session/oidc/start?return=/people").await;
    let claims = provider.claims(&begun, "1", "ann@example.org");
    let code_ = provider.code_for(&begun, provider.sign(&claims));
    let answer = begun.come_back(&browser, &code_).await;
    assert_eq!(session_of(&answer), None);
    assert_eq!(location(&answer), "/?sign-in=second-factor");

    let waiting = Client { cookie: Some(begun.cookie.clone()), ..browser.clone() };
    let give = |client: &Client, totp: &str| {
        let client = client.clone();
        let body = json!({ "totp": totp });
        async move { client.send(Method::POST, "/session/oidc/second-factor", Some(body)).await }
    };
    assert_eq!(refusal(give(&browser, "000000").await).await.0, 404, "nobody is waited for here");
    let (status, error) = refusal(give(&waiting, "000000").await).await;
    assert_eq!((status, error["code"].as_str()), (401, Some("totp_wrong")));
    let foreign = Client { origin: false, ..waiting.clone() };
    let request =
        foreign.request(Method::POST, "/session/oidc/second-factor").header("Origin", "https://evil.example");
    let answer = request.json(&json!({ "totp": code(&secret) })).send().await.unwrap();
    assert_eq!(refusal(answer).await.1["code"], "wrong_origin");
    next_code(&site);
    let answer = give(&waiting, &code(&secret)).await;
    assert_eq!(answer.status(), 200);
    let mut signed_in = browser.clone();
    signed_in.cookie = session_of(&answer);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "return_to": "/people" }));
    assert_eq!(signed_in.get("/session").await["user"]["email"], "ann@example.org");
    next_code(&site);
    assert_eq!(refusal(give(&waiting, &code(&secret)).await).await.0, 404, "once");

    for (claim, value) in [("amr", json!(["pwd", "mfa"])), ("acr", json!("mfa"))] {
        let answer = provider.sign_in(&browser, |begun| {
            let mut claims = provider.claims(begun, "1", "ann@example.org");
            claims[claim] = value;
            claims
        });
        assert!(session_of(&answer.await).is_some(), "{claim}");
    }
}

#[actix_web::test]
async fn a_session_is_as_fresh_as_the_sign_in_at_the_provider_and_is_confirmed_there() {
    let provider = Provider::start();
    let site = Site::start_with_provider(provider.config(&[])).await;
    site.user("ann@example.org", Role::Admin).await;
    let browser = browser(&site);
    let hours_ago = Utc::now().timestamp() - 3 * 3600;
    let answer = provider.sign_in(&browser, |begun| {
        let mut claims = provider.claims(begun, "1", "ann@example.org");
        claims["auth_time"] = json!(hours_ago);
        claims
    });
    let mut ann = browser.clone();
    ann.cookie = session_of(&answer.await);
    let stale = refusal(ann.send(Method::GET, "/users", None).await).await;
    assert_eq!(stale.1["code"], "fresh_sign_in_required");

    let confirm = "/session/oidc/start?confirm=true&return=/settings/users";
    assert_eq!(
        refusal(browser.send(Method::GET, confirm, None).await).await.0,
        401,
        "there is none to confirm"
    );
    for (subject, auth_time, error) in [
        ("1", json!(hours_ago), "not_recent"),
        ("1", Value::Null, "not_recent"),
        ("admin", json!(Utc::now().timestamp()), "other_account"),
    ] {
        let begun = begin(&ann, confirm).await;
        assert_eq!((&*begun.asked["prompt"], &*begun.asked["max_age"]), ("login", "0"));
        let email = if subject == "1" { "ann@example.org" } else { "admin@attendance.local" };
        let mut claims = provider.claims(&begun, subject, email);
        claims["auth_time"] = auth_time;
        let code = provider.code_for(&begun, provider.sign(&claims));
        assert_eq!(error_of(&begun.come_back(&browser, &code).await), error);
        assert_eq!(ann.status(Method::GET, "/users").await, 403);
    }
    let begun = begin(&ann, confirm).await;
    let claims = provider.claims(&begun, "1", "ann@example.org");
    let code = provider.code_for(&begun, provider.sign(&claims));
    let answer = begun.come_back(&browser, &code).await;
    assert_eq!(
        (answer.status().as_u16(), session_of(&answer)),
        (200, None),
        "the session stays the one it is"
    );
    assert_eq!(ann.status(Method::GET, "/users").await, 200);
}
