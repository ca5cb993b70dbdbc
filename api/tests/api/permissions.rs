//! Who may do what: every operation of the OpenAPI document against nobody, a feed's token and every role.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use types::Role;

use crate::support::{Client, Site, refusal};

/// Who may call an operation. What they then see of it is tested where the operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Anybody, signed in or not.
    Public,
    /// Anybody signed in.
    SignedIn,
    /// Everybody but members.
    Viewers,
    /// Managers and admins.
    Managers,
    /// Whoever may see what attendance was: everybody but guards.
    Readers,
    /// Admins.
    Admins,
    /// Admins, and the feed's own token.
    Feed,
    /// A paired kiosk, and nobody else: `kiosk.rs` tests what it may.
    Kiosk,
}

impl Who {
    fn allows(self, role: Role) -> bool {
        match self {
            Self::Public | Self::SignedIn => true,
            Self::Viewers => role != Role::Member,
            Self::Managers => matches!(role, Role::Manager | Role::Admin),
            Self::Readers => role != Role::Guard,
            Self::Admins | Self::Feed => role == Role::Admin,
            Self::Kiosk => false,
        }
    }
}

/// Every operation there is.
const OPERATIONS: &[(&str, Who)] = &[
    ("GET /api/v1/alerts/channels", Who::Admins),
    ("POST /api/v1/alerts/channels/{channel}/test", Who::Admins),
    ("GET /api/v1/alerts/outbox", Who::Admins),
    ("GET /api/v1/alerts/outbox/counts", Who::Admins),
    ("POST /api/v1/alerts/outbox/retry", Who::Admins),
    ("DELETE /api/v1/alerts/outbox/{message}", Who::Admins),
    ("POST /api/v1/alerts/outbox/{message}/retry", Who::Admins),
    ("GET /api/v1/alerts/people/{person}/preferences", Who::Admins),
    ("PUT /api/v1/alerts/people/{person}/preferences", Who::Admins),
    ("GET /api/v1/alerts/preferences", Who::SignedIn),
    ("PUT /api/v1/alerts/preferences", Who::SignedIn),
    ("GET /api/v1/alerts/rules", Who::Admins),
    ("POST /api/v1/alerts/rules", Who::Admins),
    ("DELETE /api/v1/alerts/rules/{rule}", Who::Admins),
    ("PUT /api/v1/alerts/rules/{rule}", Who::Admins),
    ("GET /api/v1/alerts/webhooks", Who::Admins),
    ("POST /api/v1/alerts/webhooks", Who::Admins),
    ("DELETE /api/v1/alerts/webhooks/{webhook}", Who::Admins),
    ("PUT /api/v1/alerts/webhooks/{webhook}", Who::Admins),
    ("POST /api/v1/alerts/webhooks/{webhook}/secret", Who::Admins),
    ("POST /api/v1/alerts/webhooks/{webhook}/test", Who::Admins),
    ("GET /api/v1/analytics/{kind}", Who::Readers),
    ("GET /api/v1/arrivals", Who::SignedIn),
    ("GET /api/v1/arrivals/events", Who::Viewers),
    ("POST /api/v1/arrivals/{arrival}/confirmation", Who::Viewers),
    ("GET /api/v1/audit", Who::Admins),
    ("GET /api/v1/audit/export", Who::Admins),
    ("POST /api/v1/arrivals/{arrival}/reassign", Who::Viewers),
    ("POST /api/v1/arrivals/{arrival}/void", Who::Viewers),
    ("GET /api/v1/attendance", Who::Managers),
    ("PUT /api/v1/attendance", Who::Managers),
    ("GET /api/v1/attendance/days", Who::Readers),
    ("GET /api/v1/attendance/on-site", Who::Viewers),
    ("GET /api/v1/corrections", Who::Readers),
    ("POST /api/v1/corrections", Who::Readers),
    ("POST /api/v1/corrections/{correction}/decision", Who::Managers),
    ("GET /api/v1/consent-texts", Who::SignedIn),
    ("PUT /api/v1/consent-texts", Who::Admins),
    ("GET /api/v1/feeds", Who::Viewers),
    ("POST /api/v1/feeds", Who::Admins),
    ("DELETE /api/v1/feeds/{feed}", Who::Admins),
    ("GET /api/v1/feeds/{feed}", Who::Viewers),
    ("PATCH /api/v1/feeds/{feed}", Who::Admins),
    ("GET /api/v1/feeds/{feed}/devices", Who::Admins),
    ("POST /api/v1/feeds/{feed}/frames", Who::Feed),
    ("POST /api/v1/feeds/{feed}/heartbeat", Who::Feed),
    ("GET /api/v1/feeds/{feed}/live", Who::Feed),
    ("POST /api/v1/feeds/{feed}/pairing", Who::Admins),
    ("GET /api/v1/feeds/{feed}/stream", Who::Viewers),
    ("POST /api/v1/feeds/{feed}/token", Who::Admins),
    ("DELETE /api/v1/feeds/{feed}/tokens/{token}", Who::Admins),
    ("GET /api/v1/groups", Who::Viewers),
    ("POST /api/v1/groups", Who::Admins),
    ("DELETE /api/v1/groups/{group}", Who::Admins),
    ("GET /api/v1/groups/{group}", Who::Viewers),
    ("PATCH /api/v1/groups/{group}", Who::Admins),
    ("GET /api/v1/groups/{group}/members", Who::Viewers),
    ("POST /api/v1/groups/{group}/members", Who::Admins),
    ("DELETE /api/v1/groups/{group}/members/{membership}", Who::Admins),
    ("PATCH /api/v1/groups/{group}/members/{membership}", Who::Admins),
    ("GET /api/v1/health", Who::Public),
    ("POST /api/v1/invitations/acceptance", Who::Public),
    ("DELETE /api/v1/kiosk", Who::Kiosk),
    ("GET /api/v1/kiosk", Who::Kiosk),
    ("GET /api/v1/kiosk/arrivals/{arrival}", Who::Kiosk),
    ("GET /api/v1/kiosk/arrivals/{arrival}/photo", Who::Kiosk),
    ("POST /api/v1/kiosk/check-ins", Who::Kiosk),
    ("POST /api/v1/kiosk/pairing", Who::Public),
    ("GET /api/v1/keys", Who::Admins),
    ("POST /api/v1/keys", Who::Admins),
    ("DELETE /api/v1/keys/{key}", Who::Admins),
    ("GET /api/v1/holidays", Who::Viewers),
    ("POST /api/v1/holidays", Who::Admins),
    ("DELETE /api/v1/holidays/{holiday}", Who::Admins),
    ("POST /api/v1/imports", Who::Admins),
    ("GET /api/v1/imports/{import}", Who::Admins),
    ("POST /api/v1/imports/{import}/apply", Who::Admins),
    ("GET /api/v1/imports/{import}/rows", Who::Admins),
    ("GET /api/v1/model", Who::Viewers),
    ("GET /api/v1/model/packs", Who::Admins),
    ("POST /api/v1/model/packs/{pack}/activation", Who::Admins),
    ("DELETE /api/v1/model/packs/{pack}/preparation", Who::Admins),
    ("POST /api/v1/model/packs/{pack}/preparation", Who::Admins),
    ("GET /api/v1/model/risk", Who::Admins),
    ("GET /api/v1/people", Who::Viewers),
    ("POST /api/v1/people", Who::Admins),
    ("GET /api/v1/people/count", Who::Viewers),
    ("GET /api/v1/people/export", Who::Viewers),
    ("DELETE /api/v1/people/{person}", Who::Admins),
    ("GET /api/v1/people/{person}", Who::SignedIn),
    ("PATCH /api/v1/people/{person}", Who::Admins),
    ("POST /api/v1/people/{person}/badges", Who::Managers),
    ("DELETE /api/v1/people/{person}/badges/{badge}", Who::Managers),
    ("GET /api/v1/people/{person}/check-in-means", Who::Readers),
    ("DELETE /api/v1/people/{person}/pin", Who::Readers),
    ("PUT /api/v1/people/{person}/pin", Who::Readers),
    ("GET /api/v1/people/{person}/consents", Who::SignedIn),
    ("GET /api/v1/people/{person}/data", Who::SignedIn),
    ("POST /api/v1/people/{person}/erasure", Who::Admins),
    ("GET /api/v1/people/{person}/memberships", Who::SignedIn),
    ("GET /api/v1/people/{person}/photos", Who::SignedIn),
    ("POST /api/v1/people/{person}/photos", Who::Admins),
    ("DELETE /api/v1/people/{person}/photos/{photo}", Who::Admins),
    ("GET /api/v1/people/{person}/photos/{photo}", Who::SignedIn),
    ("POST /api/v1/photo-checks", Who::Admins),
    ("GET /api/v1/reports/{kind}", Who::Readers),
    ("GET /api/v1/report-schedules", Who::Admins),
    ("POST /api/v1/report-schedules", Who::Admins),
    ("DELETE /api/v1/report-schedules/{report_schedule}", Who::Admins),
    ("PUT /api/v1/report-schedules/{report_schedule}", Who::Admins),
    ("POST /api/v1/report-schedules/{report_schedule}/run", Who::Admins),
    ("POST /api/v1/photo-imports", Who::Admins),
    ("GET /api/v1/photo-imports/{import}", Who::Admins),
    ("GET /api/v1/retention", Who::Admins),
    ("PUT /api/v1/retention", Who::Admins),
    ("GET /api/v1/review", Who::Admins),
    ("GET /api/v1/review/settings", Who::Admins),
    ("PUT /api/v1/review/settings", Who::Admins),
    ("DELETE /api/v1/review/{item}", Who::Admins),
    ("POST /api/v1/review/{item}/enrolment", Who::Admins),
    ("GET /api/v1/review/{item}/faces/{face}/image", Who::Admins),
    ("POST /api/v1/review/{item}/non-match", Who::Admins),
    ("GET /api/v1/schedules", Who::Viewers),
    ("POST /api/v1/schedules", Who::Admins),
    ("DELETE /api/v1/schedules/{schedule}", Who::Admins),
    ("GET /api/v1/schedules/{schedule}", Who::Viewers),
    ("PATCH /api/v1/schedules/{schedule}", Who::Admins),
    ("POST /api/v1/schedules/{schedule}/groups", Who::Admins),
    ("DELETE /api/v1/schedules/{schedule}/groups/{assignment}", Who::Admins),
    ("GET /api/v1/schedules/{schedule}/preview", Who::Viewers),
    ("POST /api/v1/schedules/{schedule}/versions", Who::Admins),
    ("DELETE /api/v1/schedules/{schedule}/versions/{day}", Who::Admins),
    ("DELETE /api/v1/session", Who::SignedIn),
    ("GET /api/v1/session", Who::SignedIn),
    ("POST /api/v1/session", Who::Public),
    ("PUT /api/v1/session/password", Who::SignedIn),
    ("POST /api/v1/session/confirmation", Who::SignedIn),
    ("POST /api/v1/session/totp", Who::SignedIn),
    ("POST /api/v1/session/totp/confirmation", Who::SignedIn),
    ("POST /api/v1/session/totp/removal", Who::SignedIn),
    ("GET /api/v1/session/oidc", Who::Public),
    ("GET /api/v1/session/oidc/callback", Who::Public),
    ("GET /api/v1/session/oidc/start", Who::Public),
    ("POST /api/v1/session/oidc/second-factor", Who::Public),
    ("DELETE /api/v1/sessions", Who::SignedIn),
    ("GET /api/v1/sessions", Who::SignedIn),
    ("DELETE /api/v1/sessions/{session}", Who::SignedIn),
    ("GET /api/v1/settings", Who::SignedIn),
    ("PUT /api/v1/settings", Who::Admins),
    ("GET /api/v1/today", Who::Viewers),
    ("GET /api/v1/users", Who::Admins),
    ("POST /api/v1/users", Who::Admins),
    ("DELETE /api/v1/users/{user}", Who::Admins),
    ("GET /api/v1/users/{user}", Who::Admins),
    ("PATCH /api/v1/users/{user}", Who::Admins),
    ("POST /api/v1/users/{user}/reset", Who::Admins),
    ("DELETE /api/v1/users/{user}/sessions", Who::Admins),
    ("GET /api/v1/users/{user}/sessions", Who::Admins),
    ("DELETE /api/v1/users/{user}/sessions/{session}", Who::Admins),
    ("DELETE /api/v1/users/{user}/totp", Who::Admins),
    ("GET /api/v1/watch", Who::Viewers),
    ("GET /livez", Who::Public),
    ("GET /readyz", Who::Public),
];

/// What keys never reach: accounts, sessions, keys.
const NO_KEYS: [&str; 4] = ["session", "sessions", "users", "keys"];
/// What asks for a password that was given lately, so that no key gets in either; accounts and keys do besides.
const FRESH: [&str; 12] = [
    "DELETE /api/v1/people/{person}",
    "GET /api/v1/audit/export",
    "GET /api/v1/people/export",
    "GET /api/v1/people/{person}/data",
    "POST /api/v1/people/{person}/erasure",
    "PUT /api/v1/retention",
    "POST /api/v1/session/totp",
    "POST /api/v1/alerts/webhooks",
    "PUT /api/v1/alerts/webhooks/{webhook}",
    "POST /api/v1/alerts/webhooks/{webhook}/secret",
    "POST /api/v1/report-schedules",
    "PUT /api/v1/report-schedules/{report_schedule}",
];
/// What is somebody's own, so that no key gets in.
const OWN: [&str; 2] = ["GET /api/v1/alerts/preferences", "PUT /api/v1/alerts/preferences"];

/// The scope that opens an operation to a key.
fn scope_of(name: &str) -> Option<String> {
    let (method, path) = name.split_once(' ').unwrap();
    let path = path.strip_prefix("/api/v1/")?;
    let area = match path.split('/').next().unwrap() {
        first if NO_KEYS.contains(&first) || FRESH.contains(&name) || OWN.contains(&name) => return None,
        "feeds" if ["/frames", "/live", "/heartbeat"].iter().any(|end| path.ends_with(end)) => {
            return Some("frames:send".to_owned());
        }
        "feeds" if path.ends_with("/stream") => "watch",
        "photo-checks" | "imports" | "photo-imports" => "people",
        "today" => "arrivals",
        "corrections" => "attendance",
        "holidays" => "schedules",
        "analytics" | "report-schedules" => "reports",
        "retention" | "consent-texts" => "settings",
        first => first,
    };
    Some(format!("{area}:{}", if method == "GET" { "read" } else { "write" }))
}

/// What would end the session that the next operation needs.
const ENDING: [&str; 1] = ["DELETE /api/v1/session"];
/// An id that nothing has: permission comes before existence.
const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";

async fn operations(site: &Site) -> Vec<(Method, String)> {
    let document: Value = site.admin.anonymous().get("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    let documented: BTreeSet<String> =
        operations.iter().map(|(method, path): &(Method, String)| format!("{method} {path}")).collect();
    let tabled: BTreeSet<String> = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(documented, tabled, "the document and the table of permissions name the same operations");
    operations
}

async fn status(client: &Client, method: &Method, path: &str, feed: &str) -> u16 {
    let path = path.replace("{feed}", feed).replace("{kind}", "late");
    let path = path.replace("{person}", "00000000-0000-0000-0000-000000000001");
    let path = path.replace("{photo}", "00000000-0000-0000-0000-000000000002");
    let path = path.replace("{group}", "00000000-0000-0000-0000-000000000005");
    let path = path.replace("{membership}", "00000000-0000-0000-0000-000000000006");
    let path = path.replace("{import}", "00000000-0000-0000-0000-000000000007");
    let path = path.replace("{item}", "00000000-0000-0000-0000-000000000003");
    let path = path.replace("{face}", "00000000-0000-0000-0000-000000000004");
    let path = path.replace("{user}", "00000000-0000-0000-0000-000000000005");
    let path = path.replace("{session}", "00000000-0000-0000-0000-000000000006");
    let path = path.replace("{badge}", "00000000-0000-0000-0000-000000000006");
    let path = path.replace("{arrival}", "00000000-0000-0000-0000-000000000006");
    let path = path.replace("{channel}", "email");
    let path = path.replace("{rule}", "00000000-0000-0000-0000-000000000008");
    let path = path.replace("{webhook}", "00000000-0000-0000-0000-000000000008");
    let path = path.replace("{message}", "00000000-0000-0000-0000-000000000008");
    let path = path.replace("{report_schedule}", "00000000-0000-0000-0000-000000000008");
    let path = path.replace("{token}", "00000000-0000-0000-0000-000000000009");
    let path = path.replace("{key}", "00000000-0000-0000-0000-000000000007");
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
    let mut users = Vec::new();
    for role in Role::ALL {
        users.push((role, site.user(&format!("{}@example.org", role.name()), role).await));
    }
    let (nobody, device) = (site.admin.anonymous(), site.admin.with_token(&token));
    for (method, path) in operations(&site).await {
        let name = format!("{method} {path}");
        let (_, who) = OPERATIONS.iter().find(|(operation, _)| *operation == name).unwrap();
        if *who == Who::Public {
            assert_ne!(status(&nobody, &method, &path, &feed).await, 403, "{name}");
            continue;
        }
        if *who == Who::Kiosk {
            let others = users.iter().map(|(_, user)| user).chain([&nobody, &device]);
            for other in others {
                assert_eq!(
                    status(other, &method, &path, &feed).await,
                    401,
                    "{name} without a kiosk's cookie"
                );
            }
            continue;
        }
        assert_eq!(status(&nobody, &method, &path, &feed).await, 401, "{name} without a permission");
        let wrong = nobody.with_token("not-a-token");
        assert_eq!(status(&wrong, &method, &path, &feed).await, 401, "{name} with a wrong token");
        let opened = status(&device, &method, &path, &feed).await;
        if *who == Who::Feed {
            assert!(![401, 403].contains(&opened), "{name} with the feed's own token: {opened}");
            assert_eq!(
                status(&device, &method, &path, &other).await,
                403,
                "{name} with another feed's token"
            );
        } else {
            assert_eq!(opened, 403, "{name} with a feed's token");
        }
        // Signing out would end the session for the rest, and a changed feed would answer the device otherwise.
        if ENDING.contains(&name.as_str()) {
            continue;
        }
        for (role, user) in &users {
            let seen = status(user, &method, &path, NOWHERE).await;
            assert_ne!(seen, 401, "{name} as {role:?}");
            assert_eq!(seen == 403, !who.allows(*role), "{name} as {role:?}: {seen}");
        }
    }
}

#[actix_web::test]
async fn a_key_opens_what_its_scopes_say_and_nothing_else() {
    let site = Site::start().await;
    let (feed, _) = site.feed(serde_json::json!({ "name": "Door" })).await;
    let operations = operations(&site).await;
    let all: BTreeSet<String> = OPERATIONS
        .iter()
        .filter(|(_, who)| ![Who::Public, Who::Kiosk].contains(who))
        .filter_map(|(name, _)| scope_of(name))
        .collect();
    let all: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    let (_, none) = crate::api_keys::key(&site, "none", &[]).await;
    let every: Vec<&str> = all.iter().copied().collect();
    let (_, every) = crate::api_keys::key(&site, "every", &every).await;
    let mut keys = std::collections::BTreeMap::new();
    for scope in &all {
        let others: Vec<&str> = all.iter().copied().filter(|other| other != scope).collect();
        let (_, one) = crate::api_keys::key(&site, scope, &[scope]).await;
        let (_, rest) = crate::api_keys::key(&site, &format!("all but {scope}"), &others).await;
        keys.insert(*scope, (one, rest));
    }
    for (method, path) in operations {
        let name = format!("{method} {path}");
        let (_, who) = OPERATIONS.iter().find(|(operation, _)| *operation == name).unwrap();
        if *who == Who::Public {
            continue;
        }
        if *who == Who::Kiosk {
            assert_eq!(status(&every, &method, &path, &feed).await, 401, "{name} with every scope");
            continue;
        }
        assert_eq!(status(&none, &method, &path, &feed).await, 403, "{name} without a scope");
        match scope_of(&name) {
            Some(scope) => {
                let (one, rest) = &keys[scope.as_str()];
                let opened = status(one, &method, &path, NOWHERE).await;
                assert!(![401, 403].contains(&opened), "{name} with {scope}: {opened}");
                assert_eq!(status(rest, &method, &path, &feed).await, 403, "{name} with all but {scope}");
            }
            None => assert_eq!(status(&every, &method, &path, &feed).await, 403, "{name} with every scope"),
        }
    }
}

#[actix_web::test]
async fn accounts_and_keys_ask_for_a_password_that_was_given_lately() {
    let site = Site::start().await;
    site.database.execute("UPDATE sessions SET confirmed_at = now() - interval '31 minutes'");
    for (method, path) in operations(&site).await {
        let name = format!("{method} {path}");
        if !FRESH.contains(&name.as_str())
            && !path.starts_with("/api/v1/users")
            && !path.starts_with("/api/v1/keys")
        {
            continue;
        }
        let path = path.strip_prefix("/api/v1").unwrap();
        let (status, error) = refusal(site.admin.send(method, path, None).await).await;
        assert_eq!((status, error["code"].as_str()), (403, Some("fresh_sign_in_required")), "{name}");
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
