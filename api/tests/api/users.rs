use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use types::Role;

use crate::support::{Client, Site, refusal};

const NOBODY: &str = "00000000-0000-0000-0000-000000000009";
const PASSWORD: &str = "a long enough password";

async fn create(client: &Client, body: Value) -> Value {
    let answer = client.send(Method::POST, "/users", Some(body)).await;
    let status = answer.status();
    let user: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{user}");
    user
}

async fn patch(client: &Client, user: &Value, body: Value) -> reqwest::Response {
    client.send(Method::PATCH, &path(user), Some(body)).await
}

fn path(user: &Value) -> String {
    format!("/users/{}", user["id"].as_str().unwrap())
}

async fn accept(site: &Site, token: &Value, password: &str) -> reqwest::Response {
    let body = json!({ "token": token, "password": password });
    site.admin.anonymous().send(Method::POST, "/invitations/acceptance", Some(body)).await
}

async fn signed_in(site: &Site, email: &str, password: &str) -> Client {
    let mut client = site.server.client();
    client.sign_in(email, password).await;
    client
}

async fn me(site: &Site) -> Value {
    let id = site.admin.get("/session").await["user"]["id"].clone();
    json!({ "id": id })
}

#[actix_web::test]
async fn an_invitation_opens_an_account_once() {
    let site = Site::start().await;
    let user = create(&site.admin, json!({ "email": " Ann@Example.org ", "role": "guard" })).await;
    assert_eq!((&user["email"], &user["invited"]), (&json!("Ann@Example.org"), &json!(true)));
    let (token, link) = (&user["invitation"]["token"], user["invitation"]["link"].as_str().unwrap());
    assert_eq!(link, format!("{}/invitation#{}", site.server.base, token.as_str().unwrap()));
    let stored = "SELECT count(*) FROM invitations WHERE encode(token_hash, 'base64') LIKE '%' || ";
    assert_eq!(site.database.number(&format!("{stored}'{}' || '%'", token.as_str().unwrap())), 0);
    let shown = site.admin.get(&path(&user)).await;
    assert!(shown.get("invitation").is_none(), "shown once: {shown}");

    let before = json!({ "email": "ann@example.org", "password": PASSWORD });
    let early = site.admin.anonymous().send(Method::POST, "/session", Some(before)).await;
    assert_eq!(refusal(early).await.0, 401, "no password yet");
    assert!(refusal(accept(&site, token, "short").await).await.1["fields"]["password"].is_string());
    let answer = accept(&site, token, PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["email"], "Ann@Example.org");
    assert_eq!(refusal(accept(&site, token, PASSWORD).await).await.0, 404, "once");
    let ann = signed_in(&site, "ann@example.org", PASSWORD).await;
    assert_eq!(ann.get("/session").await["user"]["role"], "guard");
    assert_eq!(site.admin.get(&path(&user)).await["invited"], false);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'user.joined'"), 1);
}

#[actix_web::test]
async fn an_invitation_that_expired_was_replaced_or_is_of_a_disabled_account_opens_nothing() {
    let site = Site::start().await;
    let user = create(&site.admin, json!({ "email": "a@example.org", "role": "guard" })).await;
    let first = user["invitation"]["token"].clone();
    let second: Value =
        site.admin.send(Method::POST, &format!("{}/reset", path(&user)), None).await.json().await.unwrap();
    assert_eq!(refusal(accept(&site, &first, PASSWORD).await).await.0, 404, "replaced");
    site.database.execute("UPDATE invitations SET expires_at = now() - interval '1 second'");
    assert_eq!(refusal(accept(&site, &second["token"], PASSWORD).await).await.0, 404, "expired");
    let third: Value =
        site.admin.send(Method::POST, &format!("{}/reset", path(&user)), None).await.json().await.unwrap();
    assert_eq!(patch(&site.admin, &user, json!({ "disabled": true })).await.status(), 200);
    assert_eq!(refusal(accept(&site, &third["token"], PASSWORD).await).await.0, 404, "disabled");
    let reset = site.admin.send(Method::POST, &format!("{}/reset", path(&user)), None).await;
    assert_eq!(refusal(reset).await.0, 422);
}

#[actix_web::test]
async fn wrong_tokens_are_counted_and_hold_up_nobody_who_has_a_right_one() {
    let site = Site::start().await;
    let user = create(&site.admin, json!({ "email": "a@example.org", "role": "guard" })).await;
    for _ in 0..10 {
        assert_eq!(refusal(accept(&site, &json!("wrong"), PASSWORD).await).await.0, 404);
    }
    assert_eq!(refusal(accept(&site, &json!("wrong"), PASSWORD).await).await.0, 429);
    assert_eq!(accept(&site, &user["invitation"]["token"], PASSWORD).await.status(), 200);
}

#[actix_web::test]
async fn a_reset_keeps_the_old_password_until_it_is_used_and_then_ends_all_sessions() {
    let site = Site::start().await;
    let body = json!({ "email": "g@example.org", "role": "guard", "password": PASSWORD });
    let user = create(&site.admin, body).await;
    assert!(user.get("invitation").is_none());
    let guard = signed_in(&site, "g@example.org", PASSWORD).await;
    let answer = site.admin.send(Method::POST, &format!("{}/reset", path(&user)), None).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let link: Value = answer.json().await.unwrap();
    signed_in(&site, "g@example.org", PASSWORD).await;
    assert_eq!(accept(&site, &link["token"], "another long password").await.status(), 200);
    assert_eq!(guard.status(Method::GET, "/session").await, 401);
    signed_in(&site, "g@example.org", "another long password").await;
}

#[actix_web::test]
async fn what_an_account_may_reach_is_set_and_bad_fields_are_named() {
    let site = Site::start().await;
    let person = site.enrol("Zoë", crate::recognizer::person(1)).await;
    let changed = json!({ "groups": ["1a"] });
    let answer = site.admin.send(Method::PATCH, &format!("/people/{person}"), Some(changed)).await;
    let group = answer.json::<Value>().await.unwrap()["groups"][0]["id"].clone();
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let body = json!({ "email": "m@example.org", "role": "manager", "password": PASSWORD,
        "groups": [group], "feeds": [feed], "person": person });
    let user = create(&site.admin, body).await;
    assert_eq!((&user["groups"], &user["feeds"]), (&json!([group]), &json!([feed])));
    assert_eq!(user["person"], person);
    let listed = site.admin.get("/users").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);

    let bad = [
        ("email", json!({ "email": "nobody", "role": "guard" })),
        ("email", json!({ "email": "a b@example.org", "role": "guard" })),
        ("email", json!({ "email": "a@b@example.org", "role": "guard" })),
        ("email", json!({ "email": "a@example.org\u{0}", "role": "guard" })),
        ("owner", json!({ "email": "a@example.org", "role": "guard", "owner": true })),
        ("groups", json!({ "email": "a@example.org", "role": "guard", "groups": [group] })),
        ("groups", json!({ "email": "a@example.org", "role": "manager", "groups": [NOBODY] })),
        ("feeds", json!({ "email": "a@example.org", "role": "guard", "feeds": [NOBODY] })),
        ("person", json!({ "email": "a@example.org", "role": "member", "person": NOBODY })),
        ("password", json!({ "email": "a@example.org", "role": "guard", "password": "short" })),
        ("password", json!({ "email": "a@example.org", "role": "guard", "password": "x".repeat(129) })),
        ("body", json!({ "email": "a@example.org", "role": "king" })),
        ("body", json!({ "email": "a@example.org", "role": "guard", "is_admin": true })),
    ];
    for (field, body) in bad {
        let (status, error) =
            refusal(site.admin.send(Method::POST, "/users", Some(body.clone())).await).await;
        assert_eq!(status, 422, "{body}");
        assert!(error["fields"][field].is_string(), "{body}: {error}");
    }
    let taken = [
        ("email_taken", json!({ "email": "M@EXAMPLE.org", "role": "guard" })),
        ("person_taken", json!({ "email": "a@example.org", "role": "member", "person": person })),
    ];
    for (code, body) in taken {
        let (status, error) = refusal(site.admin.send(Method::POST, "/users", Some(body)).await).await;
        assert_eq!((status, error["code"].as_str()), (409, Some(code)));
    }
    assert_eq!(site.database.number("SELECT count(*) FROM users"), 2, "nothing was stored");

    let changed = patch(&site.admin, &user, json!({ "role": "guard", "person": null, "feeds": [] })).await;
    let changed: Value = changed.json().await.unwrap();
    assert_eq!((&changed["groups"], &changed["person"]), (&json!([]), &Value::Null));
    assert_eq!(site.admin.status(Method::DELETE, &path(&user)).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &path(&user)).await, 404);
}

#[actix_web::test]
async fn another_role_and_being_disabled_end_sessions() {
    let site = Site::start().await;
    let body = json!({ "email": "g@example.org", "role": "guard", "password": PASSWORD });
    let user = create(&site.admin, body).await;
    let guard = signed_in(&site, "g@example.org", PASSWORD).await;
    assert_eq!(patch(&site.admin, &user, json!({ "email": "h@example.org" })).await.status(), 200);
    assert_eq!(guard.status(Method::GET, "/session").await, 200, "an address is no role");
    assert_eq!(patch(&site.admin, &user, json!({ "role": "manager" })).await.status(), 200);
    assert_eq!(guard.status(Method::GET, "/session").await, 401);
    let manager = signed_in(&site, "h@example.org", PASSWORD).await;
    assert_eq!(patch(&site.admin, &user, json!({ "disabled": true })).await.status(), 200);
    assert_eq!(manager.status(Method::GET, "/session").await, 401);
    let body = json!({ "email": "h@example.org", "password": PASSWORD });
    let refused = site.admin.anonymous().send(Method::POST, "/session", Some(body)).await;
    assert_eq!(refusal(refused).await.1["code"], "wrong_credentials", "nobody learns that it is disabled");
    assert_eq!(patch(&site.admin, &user, json!({ "disabled": false })).await.status(), 200);
    signed_in(&site, "h@example.org", PASSWORD).await;
}

#[actix_web::test]
async fn what_concerns_an_owner_takes_an_owner() {
    let site = Site::start().await;
    let owner = me(&site).await;
    let admin = site.user("admin@example.org", Role::Admin).await;
    let body = json!({ "email": "o@example.org", "role": "admin", "owner": true });
    assert_eq!(refusal(admin.send(Method::POST, "/users", Some(body)).await).await.0, 403);
    let own = me_of(&admin).await;
    assert_eq!(refusal(patch(&admin, &own, json!({ "owner": true })).await).await.0, 403);
    for body in [json!({ "disabled": true }), json!({ "role": "guard" }), json!({ "email": "x@y.org" })] {
        assert_eq!(refusal(patch(&admin, &owner, body).await).await.0, 403);
    }
    for (method, rest) in [
        (Method::DELETE, ""),
        (Method::POST, "/reset"),
        (Method::DELETE, "/totp"),
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions"),
        (Method::DELETE, "/sessions/00000000-0000-0000-0000-000000000009"),
    ] {
        let path = format!("{}{rest}", path(&owner));
        assert_eq!(refusal(admin.send(method.clone(), &path, None).await).await.0, 403, "{method} {path}");
    }
    assert_eq!(site.admin.status(Method::GET, "/session").await, 200);
}

async fn me_of(client: &Client) -> Value {
    json!({ "id": client.get("/session").await["user"]["id"] })
}

#[actix_web::test]
async fn the_last_owner_who_can_sign_in_stays() {
    let site = Site::start().await;
    let owner = me(&site).await;
    // One who has yet to accept cannot sign in and does not count.
    create(&site.admin, json!({ "email": "later@example.org", "role": "admin", "owner": true })).await;
    for body in [
        json!({ "disabled": true }),
        json!({ "role": "guard" }),
        json!({ "role": "guard", "owner": false }),
        json!({ "owner": false }),
    ] {
        let (status, error) = refusal(patch(&site.admin, &owner, body.clone()).await).await;
        assert_eq!((status, error["code"].as_str()), (409, Some("last_owner")), "{body}");
    }
    let answer = site.admin.send(Method::DELETE, &path(&owner), None).await;
    assert_eq!(refusal(answer).await.1["code"], "last_owner");
    assert_eq!(site.admin.status(Method::GET, "/session").await, 200, "nothing was done");
}

#[actix_web::test]
async fn of_two_owners_who_demote_each_other_at_once_one_remains() {
    let site = Site::start().await;
    let first = me(&site).await;
    let body = json!({ "email": "o@example.org", "role": "admin", "owner": true, "password": PASSWORD });
    let second = create(&site.admin, body).await;
    for _ in 0..5 {
        site.database.execute("UPDATE users SET owner = true, role = 'admin'");
        let other = signed_in(&site, "o@example.org", PASSWORD).await;
        let (one, two) = tokio::join!(
            patch(&site.admin, &second, json!({ "owner": false })),
            patch(&other, &first, json!({ "owner": false })),
        );
        let mut statuses = [one.status().as_u16(), two.status().as_u16()];
        statuses.sort_unstable();
        // Whoever comes second is refused as the last owner, or is no longer signed in as an owner.
        assert!(statuses[0] == 200 && [401, 403, 409].contains(&statuses[1]), "{statuses:?}");
        assert_eq!(site.database.number("SELECT count(*) FROM users WHERE owner"), 1);
        // The session of whoever was demoted has ended.
        if site.admin.status(Method::GET, "/session").await == 401 {
            return;
        }
    }
}

#[actix_web::test]
async fn the_command_line_gives_an_admin_a_link_for_fifteen_minutes() {
    let site = Site::start().await;
    let mut conn = site.database.connect();
    let origin = "https://school.example";
    let link = api::domain::first_admin::create_admin(&mut conn, "new@example.org", true, origin).unwrap();
    assert!(link.link.starts_with("https://school.example/invitation#"));
    let left = link.expires_at - chrono::Utc::now();
    assert!((13..=15).contains(&left.num_minutes()), "{left}");
    assert_eq!(accept(&site, &json!(link.token), PASSWORD).await.status(), 200);
    let new = signed_in(&site, "new@example.org", PASSWORD).await;
    assert_eq!(new.get("/session").await["user"]["owner"], true);

    let reset = |email: &str| {
        api::domain::first_admin::reset_admin(&mut site.database.connect(), email, true, origin)
    };
    let link = reset("NEW@example.org").unwrap();
    assert_eq!(accept(&site, &json!(link.token), "another long password").await.status(), 200);
    assert_eq!(new.status(Method::GET, "/session").await, 401);
    signed_in(&site, "new@example.org", "another long password").await;
    site.user("guard@example.org", Role::Guard).await;
    for nobody in ["guard@example.org", "nobody@example.org"] {
        assert!(format!("{:#}", reset(nobody).unwrap_err()).contains("no admin"), "{nobody}");
    }
    assert!(
        api::domain::first_admin::create_admin(&mut conn, "new@example.org", false, origin).is_err(),
        "the address is taken"
    );
    let audited = "SELECT count(*) FROM audit WHERE action = 'user.reset_offered' AND actor_kind = 'system'";
    assert_eq!(site.database.number(audited), 2);
}

#[actix_web::test]
async fn whatever_an_admin_changes_of_an_account_is_audited_before_and_after() {
    let site = Site::start().await;
    let person = site.enrol("Zoë", crate::recognizer::person(1)).await;
    let group = crate::attendance::group(&site, "7b", &[]);
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let user =
        create(&site.admin, json!({ "email": "m@example.org", "role": "manager", "password": PASSWORD }))
            .await;
    let changes = json!({ "email": "n@example.org", "groups": [group], "feeds": [feed], "person": person });
    assert_eq!(patch(&site.admin, &user, changes).await.status(), 200);
    let detail = site.admin.get("/audit?action=user.updated").await["items"][0]["detail"].clone();
    let shape = |email: &str, groups: Value, feeds: Value, person: Value| {
        json!({ "email": email, "role": "manager", "owner": false, "groups": groups, "feeds": feeds,
            "person": person, "disabled": false })
    };
    assert_eq!(detail["before"], shape("m@example.org", json!([]), json!([]), Value::Null));
    assert_eq!(detail["after"], shape("n@example.org", json!([group]), json!([feed]), json!(person)));
}
