use reqwest::{Method, Response};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{Client, Site, refusal};

const PASSWORD: &str = "a long enough password";

/// The code of now.
pub fn code(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate_current().to_string()
}

/// As if half a minute had passed: the code of now was not used.
pub fn next_code(site: &Site) {
    site.database.execute("UPDATE second_factors SET last_step = 0");
}

pub async fn admin(site: &Site, email: &str) -> Client {
    let body = json!({ "email": email, "role": "admin", "password": PASSWORD });
    assert_eq!(site.admin.send(Method::POST, "/users", Some(body)).await.status(), 201);
    let mut client = site.server.client();
    client.sign_in(email, PASSWORD).await;
    client
}

async fn begin(client: &Client) -> String {
    let answer = client.send(Method::POST, "/session/totp", None).await;
    assert_eq!(answer.status(), 201);
    let enrolment: Value = answer.json().await.unwrap();
    assert!(enrolment["otpauth_url"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert!(enrolment["qr"].as_str().unwrap().starts_with("data:image/png;base64,"));
    enrolment["secret"].as_str().unwrap().to_owned()
}

async fn confirm(client: &Client, code: &str) -> Response {
    client.send(Method::POST, "/session/totp/confirmation", Some(json!({ "code": code }))).await
}

/// Enrols a second factor; returns the secret and the recovery codes.
pub async fn enrol(client: &mut Client) -> (String, Vec<String>) {
    let secret = begin(client).await;
    let answer = confirm(client, &code(&secret)).await;
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    client.cookie = Some(cookie);
    let codes: Value = answer.json().await.unwrap();
    (secret, serde_json::from_value(codes["items"].clone()).unwrap())
}

async fn sign_in(site: &Site, email: &str, totp: Option<&str>) -> Response {
    let body = json!({ "email": email, "password": PASSWORD, "totp": totp });
    site.admin.anonymous().send(Method::POST, "/session", Some(body)).await
}

#[actix_web::test]
async fn with_a_second_factor_the_password_alone_opens_nothing() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let old = client.clone();
    let secret = begin(&client).await;
    assert_eq!(sign_in(&site, "a@example.org", None).await.status(), 201, "not before it is confirmed");
    assert!(refusal(confirm(&client, "000000").await).await.1["fields"]["code"].is_string());
    let (fresh, codes) = enrol(&mut client).await;
    assert_ne!(fresh, secret, "a secret that was not confirmed is replaced");
    assert_eq!(codes.len(), 10);
    assert_eq!(old.status(Method::GET, "/session").await, 401, "the session's id is renewed");
    assert_eq!(client.get("/session").await["second_factor"], true);
    let begun = client.send(Method::POST, "/session/totp", None).await;
    assert_eq!(refusal(begun).await.1["code"], "second_factor_stands");

    let refused = refusal(sign_in(&site, "a@example.org", None).await).await;
    assert_eq!((refused.0, refused.1["code"].as_str()), (401, Some("totp_required")));
    let now = code(&fresh);
    let refused = refusal(sign_in(&site, "a@example.org", Some(&now)).await).await;
    assert_eq!((refused.0, refused.1["code"].as_str()), (401, Some("totp_wrong")), "used to confirm");
    next_code(&site);
    assert_eq!(sign_in(&site, "a@example.org", Some(&now)).await.status(), 201);
    assert_eq!(refusal(sign_in(&site, "a@example.org", Some(&now)).await).await.0, 401, "a replay");
    for wrong in ["", "0", "abcdef", "１２３４５６", "' OR 1=1 --", &"9".repeat(10_000)] {
        assert_eq!(refusal(sign_in(&site, "a@example.org", Some(wrong)).await).await.0, 401, "{wrong:.20}");
    }
    let secret_lies = "SELECT count(*) FROM second_factors WHERE encode(sealed, 'escape') LIKE '%' || ";
    assert_eq!(site.database.number(&format!("{secret_lies}'{fresh}' || '%'")), 0);
}

#[actix_web::test]
async fn of_two_sign_ins_with_one_code_at_once_one_succeeds() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let (secret, _) = enrol(&mut client).await;
    next_code(&site);
    let now = code(&secret);
    let (one, two) = tokio::join!(
        sign_in(&site, "a@example.org", Some(&now)),
        sign_in(&site, "a@example.org", Some(&now))
    );
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401]);
}

#[actix_web::test]
async fn a_recovery_code_stands_in_once() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let (_, codes) = enrol(&mut client).await;
    let typed = codes[3].replace('-', " ").to_uppercase();
    assert_eq!(sign_in(&site, "a@example.org", Some(&typed)).await.status(), 201);
    assert_eq!(refusal(sign_in(&site, "a@example.org", Some(&codes[3])).await).await.0, 401, "once");
    assert_eq!(sign_in(&site, "a@example.org", Some(&codes[4])).await.status(), 201);
    assert_eq!(site.database.number("SELECT count(*) FROM recovery_codes"), 8);
    let mut other = admin(&site, "b@example.org").await;
    enrol(&mut other).await;
    assert_eq!(refusal(sign_in(&site, "b@example.org", Some(&codes[5])).await).await.0, 401, "another's");
}

#[actix_web::test]
async fn wrong_codes_count_as_failed_sign_ins_from_wherever_they_come() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let (secret, _) = enrol(&mut client).await;
    next_code(&site);
    let attempt = |turn: usize, totp: String| {
        let body = json!({ "email": "a@example.org", "password": PASSWORD, "totp": totp });
        let request = site.admin.anonymous().request(Method::POST, "/session");
        let request = request.header("X-Forwarded-For", format!("203.0.113.{turn}"));
        async move { request.json(&body).send().await.unwrap() }
    };
    for turn in 0..10 {
        assert_eq!(refusal(attempt(turn, "abcdef".to_owned()).await).await.0, 401);
    }
    assert_eq!(refusal(attempt(11, code(&secret)).await).await.0, 429, "whoever knows the password");
    site.database.execute("UPDATE sign_in_failures SET at = at - interval '6 minutes'");
    assert_eq!(attempt(12, code(&secret)).await.status(), 201);
}

#[actix_web::test]
async fn a_second_factor_is_given_up_with_password_and_code_or_taken_away_by_an_admin() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let (secret, _) = enrol(&mut client).await;
    next_code(&site);
    let remove = |body: Value| client.send(Method::POST, "/session/totp/removal", Some(body));
    let (_, error) = refusal(remove(json!({ "password": PASSWORD })).await).await;
    assert!(error["fields"]["totp"].is_string(), "{error}");
    let (_, error) = refusal(remove(json!({ "password": PASSWORD, "totp": "000000x" })).await).await;
    assert!(error["fields"]["totp"].is_string(), "{error}");
    let (_, error) = refusal(remove(json!({ "password": "wrong", "totp": code(&secret) })).await).await;
    assert!(error["fields"]["password"].is_string(), "{error}");
    assert_eq!(remove(json!({ "password": PASSWORD, "totp": code(&secret) })).await.status(), 204);
    assert_eq!(refusal(remove(json!({ "password": PASSWORD })).await).await.0, 404);
    assert_eq!(sign_in(&site, "a@example.org", None).await.status(), 201);

    enrol(&mut client).await;
    let id = client.get("/session").await["user"]["id"].as_str().unwrap().to_owned();
    assert_eq!(site.admin.get(&format!("/users/{id}")).await["second_factor"], true);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/users/{id}/totp")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/users/{id}/totp")).await, 404);
    assert_eq!(client.status(Method::GET, "/session").await, 401);
    assert_eq!(sign_in(&site, "a@example.org", None).await.status(), 201);
}

#[actix_web::test]
async fn where_admins_need_one_an_admin_without_can_do_nothing_but_enrol() {
    let site = Site::start().await;
    let mut owner = site.admin.clone();
    let mut other = admin(&site, "a@example.org").await;
    let guard = site.user("guard@example.org", types::Role::Guard).await;
    let body = json!({ "site_name": "School", "timezone": "UTC", "admins_need_second_factor": true });
    let refused = owner.send(Method::PUT, "/settings", Some(body.clone())).await;
    assert!(
        refusal(refused).await.1["fields"]["admins_need_second_factor"].is_string(),
        "not without one's own"
    );
    enrol(&mut owner).await;
    assert_eq!(owner.send(Method::PUT, "/settings", Some(body)).await.status(), 200);
    let plain = json!({ "site_name": "School", "timezone": "UTC" });
    let saved: Value = owner.send(Method::PUT, "/settings", Some(plain)).await.json().await.unwrap();
    assert_eq!(saved["admins_need_second_factor"], true, "what is absent stays");

    for (method, path) in [
        (Method::GET, "/people"),
        (Method::GET, "/users"),
        (Method::PUT, "/settings"),
        (Method::GET, "/settings"),
        (Method::POST, "/feeds/00000000-0000-0000-0000-000000000009/frames"),
    ] {
        let (status, error) = refusal(other.send(method, path, None).await).await;
        assert_eq!((status, error["code"].as_str()), (403, Some("totp_enrolment_required")), "{path}");
    }
    assert_eq!(other.get("/session").await["second_factor_required"], true);
    assert_eq!(guard.status(Method::GET, "/people").await, 200, "a guard needs none");
    enrol(&mut other).await;
    assert_eq!(other.status(Method::GET, "/people").await, 200);
    assert_eq!(other.get("/session").await["second_factor_required"], false);
}

#[actix_web::test]
async fn the_secret_survives_a_rotation_of_the_master_key() {
    let site = Site::start().await;
    let mut client = admin(&site, "a@example.org").await;
    let (secret, _) = enrol(&mut client).await;
    next_code(&site);
    let folder = site.data.path().to_owned();
    let data = api::config::DataConfig { folder, master_key_file: None, storage: None };
    let mut conn = site.database.connect();
    let keys = api::domain::master_key::open_or_create(&mut conn, &data).unwrap();
    assert_eq!(api::domain::master_key::rotate(&mut conn, &keys).unwrap(), (2, 1));
    assert_eq!(sign_in(&site, "a@example.org", Some(&code(&secret))).await.status(), 201);
}
