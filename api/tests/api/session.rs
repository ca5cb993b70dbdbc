use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Site, refusal};

#[actix_web::test]
async fn an_admin_signs_in_is_known_and_signs_out() {
    let site = Site::start().await;
    let me = site.admin.get("/session").await;
    assert_eq!(me["user"]["role"], "admin");
    assert!(me["user"]["id"].is_string() && me["user"]["email"].as_str().unwrap().contains('@'));
    assert_eq!(site.admin.status(Method::DELETE, "/session").await, 204);
    assert_eq!(refusal(site.admin.send(Method::GET, "/session", None).await).await.0, 401);
}

#[actix_web::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let site = Site::start().await;
    let password = api::domain::first_admin::add_user(
        &mut site.database.connect(),
        "guard@example.org",
        types::Role::Guard,
    )
    .unwrap();
    let body = json!({ "email": "GUARD@example.org", "password": password });
    let answer = site.admin.anonymous().send(Method::POST, "/session", Some(body)).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "plain http: {cookie}");
    let stored =
        site.database.number("SELECT count(*) FROM sessions WHERE encode(id_hash, 'escape') LIKE '%_%'");
    assert!(stored >= 2);
}

#[actix_web::test]
async fn ten_failures_delay_this_account_from_this_address_and_nobody_else() {
    let site = Site::start().await;
    let guard = site.user("guard@example.org", types::Role::Guard).await;
    let anonymous = site.admin.anonymous();
    let attempt = |email: &'static str, address: &'static str, password: &'static str| {
        let request = anonymous.request(Method::POST, "/session").header("X-Forwarded-For", address);
        async move { request.json(&json!({ "email": email, "password": password })).send().await.unwrap() }
    };
    for _ in 0..10 {
        let (status, error) = refusal(attempt("guard@example.org", "203.0.113.7", "wrong").await).await;
        assert_eq!((status, error["code"].as_str()), (401, Some("wrong_credentials")));
    }
    let answer = attempt("guard@example.org", "203.0.113.7", "wrong").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait));
    assert_eq!(attempt("guard@example.org", "203.0.113.8", "wrong").await.status(), 401, "another address");
    assert_eq!(
        attempt("admin@attendance.local", "203.0.113.7", "wrong").await.status(),
        401,
        "another account"
    );
    assert_eq!(guard.status(Method::GET, "/session").await, 200, "who is signed in stays so");
    // Five minutes later.
    site.database.execute("UPDATE sign_in_failures SET at = at - interval '6 minutes'");
    assert_eq!(attempt("guard@example.org", "203.0.113.7", "wrong").await.status(), 401);
}

#[actix_web::test]
async fn an_account_that_does_not_exist_is_refused_like_a_wrong_password() {
    let site = Site::start().await;
    let anonymous = site.admin.anonymous();
    let answer = |email: &str| {
        anonymous.send(Method::POST, "/session", Some(json!({ "email": email, "password": "wrong" })))
    };
    let (known, unknown) = (
        refusal(answer("admin@attendance.local").await).await,
        refusal(answer("nobody@example.org").await).await,
    );
    assert_eq!((known.0, &known.1["message"]), (unknown.0, &unknown.1["message"]));
    assert_eq!(refusal(answer("a\0").await).await.0, 401);
}

#[actix_web::test]
async fn a_session_ends_when_it_is_idle_or_old() {
    let site = Site::start().await;
    site.database.execute("UPDATE sessions SET last_seen_at = now() - interval '13 hours'");
    assert_eq!(site.admin.status(Method::GET, "/session").await, 401);
    site.database
        .execute("UPDATE sessions SET last_seen_at = now(), expires_at = now() - interval '1 second'");
    assert_eq!(site.admin.status(Method::GET, "/session").await, 401);
}

#[actix_web::test]
async fn cookie_requests_that_change_something_must_come_from_the_site() {
    let site = Site::start().await;
    let feed = json!({ "name": "Door" });
    for origin in [None, Some("https://evil.example"), Some("null")] {
        let mut client = site.admin.clone();
        client.origin = false;
        let mut request = client.request(Method::POST, "/feeds").json(&feed);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let (status, error) = refusal(request.send().await.unwrap()).await;
        assert_eq!((status, error["code"].as_str()), (403, Some("wrong_origin")), "{origin:?}");
        assert_eq!(client.status(Method::GET, "/feeds").await, 200, "reading needs none");
    }
    let foreign = site.admin.anonymous().http.post(format!("{}/api/v1/session", site.admin.base));
    let foreign =
        foreign.header("Origin", "https://evil.example").json(&json!({ "email": "a", "password": "b" }));
    assert_eq!(refusal(foreign.send().await.unwrap()).await.1["code"], "wrong_origin");
}

#[actix_web::test]
async fn a_new_password_ends_all_other_sessions() {
    let site = Site::start().await;
    let password =
        api::domain::first_admin::add_user(&mut site.database.connect(), "g@example.org", types::Role::Guard);
    let password = password.unwrap();
    let (mut here, mut elsewhere) = (site.server.client(), site.server.client());
    here.sign_in("g@example.org", &password).await;
    elsewhere.sign_in("g@example.org", &password).await;

    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let wrong =
        here.send(Method::PUT, "/session/password", Some(change("wrong", "a long new password"))).await;
    assert!(refusal(wrong).await.1["fields"]["current"].is_string());
    let short = here.send(Method::PUT, "/session/password", Some(change(&password, "short"))).await;
    assert!(refusal(short).await.1["fields"]["new"].is_string());

    let answer =
        here.send(Method::PUT, "/session/password", Some(change(&password, "a long new password"))).await;
    assert_eq!(answer.status(), 204);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(elsewhere.status(Method::GET, "/session").await, 401);
    assert_eq!(here.status(Method::GET, "/session").await, 401, "the old id is renewed");
    here.cookie = Some(cookie);
    assert_eq!(here.status(Method::GET, "/session").await, 200);
    here.sign_in("g@example.org", "a long new password").await;
}

#[actix_web::test]
async fn while_the_database_is_away_sign_in_is_503_and_recovers() {
    let site = Site::start().await;
    site.database.set_down(true);
    let body = json!({ "email": "admin@attendance.local", "password": "whatever it is" });
    let answer = site.admin.anonymous().send(Method::POST, "/session", Some(body)).await;
    assert!(answer.headers().contains_key("retry-after"));
    let (status, error) = refusal(answer).await;
    assert_eq!((status, error["code"].as_str()), (503, Some("database_unavailable")));
    assert_eq!(refusal(site.admin.send(Method::GET, "/session", None).await).await.0, 503);
    site.database.set_down(false);
    assert_eq!(site.admin.status(Method::GET, "/session").await, 200);
}

#[actix_web::test]
async fn bodies_that_are_no_sign_in_are_told_apart() {
    let site = Site::start().await;
    let post = |body: &'static str| {
        let request = site
            .admin
            .anonymous()
            .request(Method::POST, "/session")
            .header("Content-Type", "application/json");
        async move { refusal(request.body(body).send().await.unwrap()).await }
    };
    assert_eq!(post("{").await.0, 400);
    assert_eq!(post("{\"email\": 7}").await.0, 422);
    let plain =
        site.admin.anonymous().request(Method::POST, "/session").body("email=a").send().await.unwrap();
    assert_eq!(refusal(plain).await.0, 400);
}
