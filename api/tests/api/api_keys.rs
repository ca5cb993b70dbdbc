use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::recognizer::person;
use crate::support::{Client, Site, refusal};

/// Makes a key with these scopes; returns its id and a client that uses it.
pub async fn key(site: &Site, name: &str, scopes: &[&str]) -> (String, Client) {
    let body = json!({ "name": name, "scopes": scopes });
    let answer = site.admin.send(Method::POST, "/keys", Some(body)).await;
    assert_eq!(answer.status(), 201, "{name}");
    let made: Value = answer.json().await.unwrap();
    (made["id"].as_str().unwrap().to_owned(), site.admin.with_token(made["key"].as_str().unwrap()))
}

#[actix_web::test]
async fn a_key_is_shown_once_stored_hashed_and_revoked_at_once() {
    let site = Site::start().await;
    let (id, client) = key(&site, "Import", &["people:read"]).await;
    let token = client.token.clone().unwrap();
    assert!(token.starts_with("att_") && token.len() >= 47, "{token}");
    let list = site.admin.get("/keys").await;
    assert!(!list.to_string().contains(&token), "shown once");
    let shown = &list["items"][0];
    assert_eq!((&shown["name"], &shown["scopes"]), (&json!("Import"), &json!(["people:read"])));
    assert_eq!(shown["prefix"], token[..10], "{shown}");
    assert_eq!(shown["last_used_at"], Value::Null);

    assert_eq!(client.status(Method::GET, "/people").await, 200);
    let noted = site.admin.get("/keys").await["items"][0].clone();
    assert_eq!(noted["last_used_address"], "127.0.0.1");
    assert_eq!(client.status(Method::GET, "/people").await, 200);
    let again = site.admin.get("/keys").await["items"][0].clone();
    assert_eq!(noted["last_used_at"], again["last_used_at"], "noted once a minute");

    assert_eq!(site.admin.status(Method::DELETE, &format!("/keys/{id}")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/keys/{id}")).await, 404);
    assert_eq!(client.status(Method::GET, "/people").await, 401);
    assert!(site.admin.get("/keys").await["items"].as_array().unwrap().is_empty());
    key(&site, "Import", &[]).await;
}

#[actix_web::test]
async fn a_key_ends_by_itself_and_bad_ones_are_not_made() {
    let site = Site::start().await;
    let (_, client) = key(&site, "Import", &["people:read"]).await;
    site.database.execute("UPDATE api_keys SET expires_at = now() - interval '1 second'");
    assert_eq!(client.status(Method::GET, "/people").await, 401);
    let bad = [
        ("name", json!({ "name": " ", "scopes": [] })),
        ("scopes", json!({ "name": "a", "scopes": ["people:read", "users:write"] })),
        ("scopes", json!({ "name": "a", "scopes": ["people:read people:write"] })),
        ("expires_at", json!({ "name": "a", "scopes": [], "expires_at": "2020-01-01T00:00:00Z" })),
        ("body", json!({ "name": "a", "scopes": [], "owner": true })),
    ];
    for (field, body) in bad {
        let (status, error) = refusal(site.admin.send(Method::POST, "/keys", Some(body.clone())).await).await;
        assert!(status == 422 && error["fields"][field].is_string(), "{body}: {error}");
    }
    let taken = json!({ "name": "IMPORT", "scopes": [] });
    let (status, error) = refusal(site.admin.send(Method::POST, "/keys", Some(taken)).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("name_taken")));
}

#[actix_web::test]
async fn a_key_acts_under_its_own_id_and_never_does_what_asks_for_a_fresh_sign_in() {
    let site = Site::start().await;
    let (id, client) = key(&site, "Import", &["people:read", "people:write", "settings:write"]).await;
    let form = || crate::support::person_form(json!({ "name": "Zoë", "external_id": "Z" }), &[]);
    let answer = client.post_form("/people", form()).await;
    assert_eq!(answer.status(), 201);
    let created: Value = answer.json().await.unwrap();
    let audited = format!("SELECT count(*) FROM audit WHERE action = 'person.created' AND actor_id = '{id}'");
    assert_eq!(site.database.number(&audited), 1);
    let path = format!("/people/{}", created["id"].as_str().unwrap());
    for (method, path) in [(Method::DELETE, path.as_str()), (Method::GET, "/keys"), (Method::GET, "/users")] {
        assert_eq!(refusal(client.send(method, path, None).await).await.1["code"], "forbidden", "{path}");
    }
    let answer = client.post_form("/people?override=true", form()).await;
    assert_eq!(refusal(answer).await.0, 403);
    let weaker = json!({ "site_name": "x", "timezone": "UTC", "admins_need_second_factor": false });
    assert_eq!(refusal(client.send(Method::PUT, "/settings", Some(weaker)).await).await.0, 403);
}

#[actix_web::test]
async fn a_key_sends_frames_and_dates_them_back_within_its_scopes() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let image = site.recognizer.image(&[person(1)]);
    let (_, sender) = key(&site, "Agent", &["frames:send"]).await;
    let (_, filler) = key(&site, "Backfill", &["frames:send", "backfill"]).await;
    let (_, reader) = key(&site, "Reader", &["feeds:read", "backfill"]).await;
    let post = |client: &Client| {
        let request = client.request(Method::POST, &format!("/feeds/{feed}/frames"));
        let request = request.header("X-Captured-At", "2026-01-05T08:00:00Z").header("X-Stream", "old");
        let request = request.body(image.clone());
        async move { request.send().await.unwrap() }
    };
    assert_eq!(sender.frame(&feed, &image).await["faces"][0]["person"]["name"], "Zoë");
    assert!(refusal(post(&sender).await).await.1["fields"]["captured_at"].is_string());
    assert_eq!(post(&filler).await.status(), 200);
    assert_eq!(refusal(post(&reader).await).await.0, 403);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'arrival.back_dated'"), 1);
}

#[actix_web::test]
async fn the_list_says_who_made_each_key_and_whether_their_account_has_ended() {
    let site = Site::start().await;
    let admin = site.user("b@example.org", Role::Admin).await;
    let body = json!({ "name": "Import", "scopes": ["people:read"] });
    let made: Value = admin.send(Method::POST, "/keys", Some(body)).await.json().await.unwrap();
    let client = site.admin.with_token(made["key"].as_str().unwrap());
    assert_eq!(made["created_by_email"], "b@example.org");
    for (change, email, ended) in [
        ("UPDATE users SET email = email", json!("b@example.org"), false),
        ("UPDATE users SET disabled_at = now() WHERE email LIKE 'b@%'", json!("b@example.org"), true),
        ("DELETE FROM users WHERE email LIKE 'b@%'", Value::Null, true),
    ] {
        site.database.execute(change);
        let shown = site.admin.get("/keys").await["items"][0].clone();
        assert_eq!((&shown["created_by_email"], &shown["created_by_ended"]), (&email, &json!(ended)));
        assert_eq!(client.status(Method::GET, "/people").await, 200, "the key goes on");
    }
}
