use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Site, refusal};

const PASSWORD: &str = "a long enough password";

/// An account with a password that the test knows, signed in twice.
async fn twice(site: &Site, email: &str, role: &str) -> (Client, Client) {
    let body = json!({ "email": email, "role": role, "password": PASSWORD });
    assert_eq!(site.admin.send(Method::POST, "/users", Some(body)).await.status(), 201);
    let (mut here, mut there) = (site.server.client(), site.server.client());
    here.sign_in(email, PASSWORD).await;
    there.sign_in(email, PASSWORD).await;
    (here, there)
}

fn ids(list: &Value, current: bool) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.filter(|s| s["current"] == current).map(|s| s["id"].as_str().unwrap().to_owned()).collect()
}

/// As if the password had been given a while ago.
fn stale(site: &Site) {
    site.database.execute("UPDATE sessions SET confirmed_at = now() - interval '31 minutes'");
}

#[actix_web::test]
async fn ones_own_sessions_are_listed_and_ended_by_ids_that_open_nothing() {
    let site = Site::start().await;
    let (here, there) = twice(&site, "g@example.org", "guard").await;
    let list = here.get("/sessions").await;
    let (mine, other) = (ids(&list, true), ids(&list, false));
    assert_eq!((mine.len(), other.len()), (1, 1), "{list}");
    assert_eq!(list["items"][0]["address"], "127.0.0.1");
    let mut thief = site.server.client();
    thief.cookie = Some(format!("attendance_session={}", other[0]));
    assert_eq!(thief.status(Method::GET, "/session").await, 401);

    let elsewhere = site.admin.get("/sessions").await;
    let foreign = format!("/sessions/{}", ids(&elsewhere, true)[0]);
    assert_eq!(here.status(Method::DELETE, &foreign).await, 404, "somebody else's");
    assert_eq!(here.status(Method::DELETE, &format!("/sessions/{}", other[0])).await, 204);
    assert_eq!(here.status(Method::DELETE, &format!("/sessions/{}", other[0])).await, 404);
    assert_eq!(there.status(Method::GET, "/session").await, 401);

    let mut again = site.server.client();
    again.sign_in("g@example.org", PASSWORD).await;
    assert_eq!(here.status(Method::DELETE, "/sessions").await, 204);
    assert_eq!(again.status(Method::GET, "/session").await, 401);
    assert_eq!(here.status(Method::GET, "/session").await, 200, "all but this one");
    assert_eq!(site.admin.status(Method::GET, "/session").await, 200, "nobody else's");
}

#[actix_web::test]
async fn an_admin_lists_and_ends_the_sessions_of_others() {
    let site = Site::start().await;
    let (here, there) = twice(&site, "g@example.org", "guard").await;
    let user = here.get("/session").await["user"]["id"].as_str().unwrap().to_owned();
    let list = site.admin.get(&format!("/users/{user}/sessions")).await;
    assert_eq!(ids(&list, false).len(), 2);
    let mine = ids(&here.get("/sessions").await, true).remove(0);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/users/{user}/sessions/{mine}")).await, 204);
    assert_eq!(here.status(Method::GET, "/session").await, 401);
    assert_eq!(there.status(Method::GET, "/session").await, 200);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/users/{user}/sessions")).await, 204);
    assert_eq!(there.status(Method::GET, "/session").await, 401);
    let nobody = "/users/00000000-0000-0000-0000-000000000009/sessions";
    assert_eq!(site.admin.status(Method::GET, nobody).await, 404);
}

#[actix_web::test]
async fn what_matters_most_asks_for_the_password_again() {
    let site = Site::start().await;
    let (admin, _) = twice(&site, "a@example.org", "admin").await;
    let person = site.enrol("Zoë", crate::recognizer::person(1)).await;
    stale(&site);
    let user = admin.get("/session").await["user"]["id"].as_str().unwrap().to_owned();
    let asked = [
        (Method::DELETE, format!("/people/{person}")),
        (Method::POST, "/people?override=true".to_owned()),
        (Method::POST, format!("/people/{person}/photos?override=true")),
        (Method::GET, "/users".to_owned()),
        (Method::PATCH, format!("/users/{user}")),
        (Method::GET, "/keys".to_owned()),
        (Method::POST, "/keys".to_owned()),
        (Method::POST, "/session/totp".to_owned()),
    ];
    for (method, path) in &asked {
        let photo = site.recognizer.image(&[crate::recognizer::person(1)]);
        let form = crate::support::person_form(json!({ "name": "Z", "external_id": "Z" }), &[photo]);
        let request = admin.request(method.clone(), path);
        let request =
            if path.ends_with("override=true") { request.multipart(form) } else { request.json(&json!({})) };
        let (status, error) = refusal(request.send().await.unwrap()).await;
        assert_eq!(
            (status, error["code"].as_str()),
            (403, Some("fresh_sign_in_required")),
            "{method} {path}"
        );
    }
    assert_eq!(admin.status(Method::GET, "/people").await, 200, "the rest goes on");
    let settings = admin.get("/settings").await;
    let put = |second| json!({ "site_name": settings["site_name"], "timezone": "UTC", "admins_need_second_factor": second });
    let refused = admin.send(Method::PUT, "/settings", Some(put(json!(false)))).await;
    assert_eq!(refusal(refused).await.1["code"], "fresh_sign_in_required");

    let confirm = |password: &str| {
        admin.send(Method::POST, "/session/confirmation", Some(json!({ "password": password })))
    };
    let (status, error) = refusal(confirm("wrong").await).await;
    assert!(status == 422 && error["fields"]["password"].is_string(), "{error}");
    assert_eq!(confirm(PASSWORD).await.status(), 204);
    assert_eq!(admin.status(Method::GET, "/users").await, 200);
    assert_eq!(admin.status(Method::DELETE, &format!("/people/{person}")).await, 204);
    let elsewhere = site.admin.status(Method::GET, "/users").await;
    assert_eq!(elsewhere, 403, "another session is as stale as before");
}

#[actix_web::test]
async fn guesses_at_a_confirmation_and_at_ones_password_are_counted_like_sign_ins() {
    let site = Site::start().await;
    let (here, _) = twice(&site, "g@example.org", "guard").await;
    for turn in 0..10 {
        let (path, method, body) = match turn % 3 {
            0 => ("/session/confirmation", Method::POST, json!({ "password": "wrong" })),
            1 => ("/session/totp/removal", Method::POST, json!({ "password": "wrong" })),
            _ => ("/session/password", Method::PUT, json!({ "current": "wrong", "new": PASSWORD })),
        };
        assert_eq!(refusal(here.send(method, path, Some(body)).await).await.0, 422, "{turn}");
    }
    let body = json!({ "password": PASSWORD });
    assert_eq!(refusal(here.send(Method::POST, "/session/confirmation", Some(body)).await).await.0, 429);
    let body = json!({ "email": "g@example.org", "password": PASSWORD });
    let sign_in = site.admin.anonymous().send(Method::POST, "/session", Some(body)).await;
    assert_eq!(refusal(sign_in).await.0, 429, "one count for all");
    assert_eq!(here.status(Method::GET, "/session").await, 200);
}
