//! Who may do what: every operation of the OpenAPI document against nobody, a feed's token, a guard.

use reqwest::Method;
use serde_json::Value;
use types::Role;

use crate::support::{Client, Site, refusal};

/// The only operations that answer without a permission.
const PUBLIC: [&str; 4] = ["GET /livez", "GET /readyz", "GET /api/v1/health", "POST /api/v1/session"];
/// What a guard may do besides: look.
const GUARD: [&str; 19] = [
    "GET /api/v1/session",
    "DELETE /api/v1/session",
    "PUT /api/v1/session/password",
    "GET /api/v1/people",
    "GET /api/v1/people/count",
    "GET /api/v1/people/{person}",
    "GET /api/v1/people/{person}/photos",
    "GET /api/v1/people/{person}/photos/{photo}",
    "GET /api/v1/feeds",
    "GET /api/v1/feeds/{feed}",
    "GET /api/v1/feeds/{feed}/stream",
    "GET /api/v1/watch",
    "GET /api/v1/arrivals",
    "GET /api/v1/arrivals/events",
    "GET /api/v1/today",
    "GET /api/v1/settings",
    "GET /api/v1/model",
    "GET /api/v1/health",
    "POST /api/v1/session",
];
/// What a feed's token opens, on its own feed.
const TOKEN: [&str; 2] = ["POST /api/v1/feeds/{feed}/frames", "GET /api/v1/feeds/{feed}/live"];

async fn operations(site: &Site) -> Vec<(Method, String)> {
    let document: Value = site.admin.anonymous().get("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(operations.len() >= 46, "the document names {} operations", operations.len());
    operations
}

async fn status(client: &Client, method: &Method, path: &str, feed: &str) -> u16 {
    let path = path.replace("{feed}", feed);
    let path = path.replace("{person}", "00000000-0000-0000-0000-000000000001");
    let path = path.replace("{photo}", "00000000-0000-0000-0000-000000000002");
    let path = path.replace("{item}", "00000000-0000-0000-0000-000000000003");
    let path = path.replace("{face}", "00000000-0000-0000-0000-000000000004");
    let request = match path.strip_prefix("/api/v1") {
        Some(path) => client.request(method.clone(), path),
        None => client.http.request(method.clone(), format!("{}{path}", client.base)),
    };
    request.send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn every_operation_asks_for_its_permission() {
    let site = Site::start().await;
    let (feed, token) = site.feed(serde_json::json!({ "name": "Door" })).await;
    let (other, _) = site.feed(serde_json::json!({ "name": "Gate" })).await;
    let guard = site.user("guard@example.org", Role::Guard).await;
    let (nobody, device) = (site.admin.anonymous(), site.admin.with_token(&token));
    for (method, path) in operations(&site).await {
        let name = format!("{method} {path}");
        if PUBLIC.contains(&name.as_str()) {
            assert_ne!(status(&nobody, &method, &path, &feed).await, 403, "{name}");
            continue;
        }
        assert_eq!(status(&nobody, &method, &path, &feed).await, 401, "{name} without a permission");
        let wrong = nobody.with_token("not-a-token");
        assert_eq!(status(&wrong, &method, &path, &feed).await, 401, "{name} with a wrong token");
        let opened = status(&device, &method, &path, &feed).await;
        if TOKEN.contains(&name.as_str()) {
            assert!(![401, 403].contains(&opened), "{name} with the feed's own token: {opened}");
            assert_eq!(
                status(&device, &method, &path, &other).await,
                403,
                "{name} with another feed's token"
            );
        } else {
            assert_eq!(opened, 403, "{name} with a feed's token");
        }
        // Signing out would end the guard's session for the rest.
        if name != "DELETE /api/v1/session" {
            let seen = status(&guard, &method, &path, &feed).await;
            assert_eq!(seen == 403, !GUARD.contains(&name.as_str()), "{name} as a guard: {seen}");
        }
    }
}

#[actix_web::test]
async fn a_rotated_token_and_a_deleted_feed_open_nothing() {
    let site = Site::start().await;
    let (feed, token) = site.feed(serde_json::json!({ "name": "Door" })).await;
    let image = site.recognizer.image(&[]);
    assert_eq!(site.admin.with_token(&token).post_frame(&feed, &image).await.status(), 200);
    let answer = site.admin.send(Method::POST, &format!("/feeds/{feed}/token"), None).await;
    let fresh: Value = answer.json().await.unwrap();
    let fresh = fresh["token"].as_str().unwrap();
    assert_eq!(site.admin.with_token(&token).post_frame(&feed, &image).await.status(), 401);
    assert_eq!(site.admin.with_token(fresh).post_frame(&feed, &image).await.status(), 200);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/feeds/{feed}")).await, 204);
    assert_eq!(site.admin.with_token(fresh).post_frame(&feed, &image).await.status(), 401);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/feeds/{feed}")).await, 404);
}

#[actix_web::test]
async fn addresses_that_do_not_exist_are_404_in_the_contracts_form() {
    let site = Site::start().await;
    for path in ["/nothing", "/people/not-an-id", "/feeds/00000000-0000-0000-0000-000000000009"] {
        assert_eq!(refusal(site.admin.send(Method::GET, path, None).await).await.0, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_method_that_an_address_does_not_take_is_405_and_names_those_it_does() {
    let site = Site::start().await;
    for (method, path, allow) in [
        (Method::PUT, "/people", "GET, POST"),
        (Method::POST, "/feeds/00000000-0000-0000-0000-000000000009", "GET, PATCH, DELETE"),
        (Method::DELETE, "/model/packs/any/activation", "POST"),
    ] {
        let answer = site.admin.send(method, path, None).await;
        assert_eq!(answer.headers()["allow"], allow, "{path}");
        let (status, error) = refusal(answer).await;
        assert_eq!((status, error["code"].as_str()), (405, Some("method_not_allowed")), "{path}");
    }
}
