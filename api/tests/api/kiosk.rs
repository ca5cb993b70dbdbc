//! Kiosks: pairing, what their cookie opens, coming in by PIN and badge, greetings, doubt.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use types::Role;
use uuid::Uuid;

use crate::recognizer::person;
use crate::support::{Client, Site, refusal};

const NOBODY: &str = "00000000-0000-0000-0000-000000000009";

/// A site with a feed and a kiosk that is paired with it.
struct Door {
    site: Site,
    feed: String,
    kiosk: Client,
}

impl Door {
    async fn start(fields: Value) -> Self {
        let site = Site::start().await;
        let (feed, kiosk) = kiosk_at(&site, fields).await;
        Self { site, feed, kiosk }
    }

    /// A person without a face, whose number is their name.
    async fn person(&self, name: &str) -> String {
        let fields = json!({ "name": name, "external_id": name });
        let form = crate::support::person_form(fields, &[]);
        let answer = self.site.admin.post_form("/people", form).await;
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn with_pin(&self, name: &str, pin: &str) -> String {
        let id = self.person(name).await;
        assert_eq!(self.set_pin(&id, pin).await.status(), 200);
        id
    }

    async fn set_pin(&self, person: &str, pin: &str) -> Response {
        let body = Some(json!({ "pin": pin }));
        self.site.admin.send(Method::PUT, &format!("/people/{person}/pin"), body).await
    }

    async fn badge(&self, person: &str) -> Value {
        let answer = self.site.admin.send(Method::POST, &format!("/people/{person}/badges"), None).await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    async fn arrivals(&self) -> Vec<Value> {
        self.site.admin.get("/arrivals").await["items"].as_array().unwrap().clone()
    }
}

/// Makes a feed and pairs a kiosk with it.
async fn kiosk_at(site: &Site, fields: Value) -> (String, Client) {
    let (feed, _) = site.feed(fields).await;
    let begun = begin(site, &feed).await;
    let kiosk = pair(&site.server.client(), begun["code"].as_str().unwrap()).await;
    (feed, paired(site, kiosk))
}

async fn begin(site: &Site, feed: &str) -> Value {
    let answer = site.admin.send(Method::POST, &format!("/feeds/{feed}/pairing"), None).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

async fn pair(browser: &Client, code: &str) -> Response {
    browser.send(Method::POST, "/kiosk/pairing", Some(json!({ "code": code }))).await
}

/// The browser that a pairing has answered.
fn paired(site: &Site, answer: Response) -> Client {
    assert_eq!(answer.status(), 201);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    Client { cookie: Some(cookie.split(';').next().unwrap().to_owned()), ..site.server.client() }
}

fn by_pin(number: &str, pin: &str) -> Value {
    json!({ "id": Uuid::new_v4(), "method": "pin", "number": number, "pin": pin })
}

fn by_badge(badge: &str) -> Value {
    json!({ "id": Uuid::new_v4(), "method": "qr", "badge": badge })
}

async fn check_in(kiosk: &Client, body: &Value) -> Response {
    kiosk.send(Method::POST, "/kiosk/check-ins", Some(body.clone())).await
}

async fn greeted(kiosk: &Client, body: &Value) -> Value {
    let answer = check_in(kiosk, body).await;
    let status = answer.status();
    let greeting: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{greeting}");
    greeting
}

async fn code_of(answer: Response) -> String {
    refusal(answer).await.1["code"].as_str().unwrap().to_owned()
}

/// A time as PostgreSQL keeps it, to the microsecond.
fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap().trunc_subsecs(6)
}

#[actix_web::test]
async fn a_code_pairs_one_tablet_once_and_says_nothing_about_wrong_ones() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door", "direction": "both" })).await;
    let missing = site.admin.send(Method::POST, &format!("/feeds/{NOBODY}/pairing"), None).await;
    assert_eq!(refusal(missing).await.0, 404);
    let begun = begin(&site, &feed).await;
    let code = begun["code"].as_str().unwrap();
    assert_eq!(begun["url"], format!("{}/kiosk#{code}", site.admin.base));
    assert!(begun["qr_svg"].as_str().unwrap().contains("<svg"));
    let holds = time(&begun["expires_at"]) - Utc::now();
    assert!(holds <= TimeDelta::minutes(10) && holds > TimeDelta::minutes(9), "{holds}");
    let kept =
        format!("SELECT count(*) FROM kiosk_pairings WHERE encode(code_hash, 'escape') LIKE '%{code}%'");
    assert_eq!(site.database.number(&kept), 0, "stored hashed");

    let browser = site.server.client();
    let foreign = browser
        .http
        .post(format!("{}/api/v1/kiosk/pairing", browser.base))
        .header("Origin", "https://elsewhere.example")
        .json(&json!({ "code": code }));
    assert_eq!(code_of(foreign.send().await.unwrap()).await, "wrong_origin");

    let typed = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
    let answer = pair(&browser, &typed).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["attendance_kiosk=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=31536000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http here");
    let view: Value = answer.json().await.unwrap();
    assert_eq!(
        (&view["feed"], &view["name"], &view["direction"], &view["pin"], &view["badge"]),
        (&json!(feed), &json!("Door"), &json!("both"), &json!(true), &json!(true))
    );
    assert!(view["seal_key"].as_str().unwrap().parse::<sealing::PublicKey>().is_ok());

    let used = refusal(pair(&browser, code).await).await;
    let late = begin(&site, &feed).await;
    site.database.execute("UPDATE kiosk_pairings SET expires_at = now() - interval '1 second'");
    let expired = refusal(pair(&browser, late["code"].as_str().unwrap()).await).await;
    let wrong = refusal(pair(&browser, "AAAAAAAA").await).await;
    for (status, error) in [&used, &expired, &wrong] {
        assert_eq!(
            (*status, &error["code"], &error["message"]),
            (404, &json!("not_found"), &wrong.1["message"])
        );
    }
    for table in
        ["feed_tokens WHERE kind = 'kiosk'", "audit WHERE action = 'kiosk.paired' AND actor_kind = 'user'"]
    {
        assert_eq!(site.database.number(&format!("SELECT count(*) FROM {table}")), 1, "{table}");
    }
}

#[actix_web::test]
async fn wrong_codes_are_counted_by_address_and_then_no_code_counts() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let begun = begin(&site, &feed).await;
    let browser = site.server.client();
    for _ in 0..10 {
        assert_eq!(pair(&browser, "AAAAAAAA").await.status(), 404);
    }
    let held = pair(&browser, begun["code"].as_str().unwrap()).await;
    assert!(held.headers().contains_key("retry-after"));
    assert_eq!(refusal(held).await.0, 429);
    // From elsewhere it is good.
    let elsewhere = browser
        .request(Method::POST, "/kiosk/pairing")
        .header("X-Forwarded-For", "203.0.113.9")
        .json(&json!({ "code": begun["code"] }));
    assert_eq!(elsewhere.send().await.unwrap().status(), 201);
}

#[actix_web::test]
async fn a_kiosks_cookie_opens_its_feed_and_nothing_else_until_it_is_unpaired() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let (site, kiosk, feed) = (&door.site, &door.kiosk, &door.feed);
    let (other, _) = site.feed(json!({ "name": "Gate" })).await;
    let image = site.recognizer.image(&[]);
    assert_eq!(kiosk.post_frame(feed, &image).await.status(), 200);
    assert_eq!(kiosk.post_frame(&other, &image).await.status(), 403, "another feed's frames");
    let away = Client { origin: false, ..kiosk.clone() };
    assert_eq!(code_of(away.post_frame(feed, &image).await).await, "wrong_origin");
    assert_eq!(code_of(check_in(&away, &by_pin("E1", "1357")).await).await, "wrong_origin");
    assert_eq!(kiosk.get("/kiosk").await["name"], "Door");
    for path in
        ["/people", "/arrivals", "/feeds", "/today", "/watch", "/session", &format!("/feeds/{feed}/stream")]
    {
        assert_eq!(kiosk.status(Method::GET, path).await, 401, "{path}");
    }
    assert_eq!(kiosk.status(Method::POST, &format!("/feeds/{feed}/pairing")).await, 401);
    // What a browser keeps in a cookie is no bearer token, and a feed's token is no kiosk.
    let secret = kiosk.cookie.as_ref().unwrap().split_once('=').unwrap().1;
    assert_eq!(site.admin.with_token(secret).post_frame(feed, &image).await.status(), 401);
    let (third, token) = site.feed(json!({ "name": "Third" })).await;
    let pretender = Client { cookie: Some(format!("attendance_kiosk={token}")), ..kiosk.clone() };
    assert_eq!(pretender.status(Method::GET, "/kiosk").await, 401);
    // Beside it: a token wins, then the kiosk at its own feed, then whoever is signed in.
    let both = Client {
        cookie: Some(format!("{}; {}", site.admin.cookie.as_ref().unwrap(), kiosk.cookie.as_ref().unwrap())),
        ..kiosk.clone()
    };
    assert_eq!(both.post_frame(&other, &image).await.status(), 200, "as the admin");
    let with_token = Client { token: Some(token), ..both.clone() };
    assert_eq!(with_token.post_frame(&third, &image).await.status(), 200);
    assert_eq!(with_token.post_frame(feed, &image).await.status(), 403, "the token says which feed");
    let dated = both.request(Method::POST, &format!("/feeds/{feed}/frames")).body(image.clone());
    let dated = dated.header("X-Captured-At", (Utc::now() - TimeDelta::days(5)).to_rfc3339());
    assert_eq!(
        dated.send().await.unwrap().status(),
        422,
        "at its own feed it is the kiosk, who dates nothing back"
    );

    let ended = kiosk.send(Method::DELETE, "/kiosk", None).await;
    assert_eq!(ended.status(), 204);
    assert!(ended.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(kiosk.status(Method::GET, "/kiosk").await, 401);
    assert_eq!(kiosk.post_frame(feed, &image).await.status(), 401);
    assert_eq!(kiosk.status(Method::DELETE, "/kiosk").await, 401);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'kiosk.unpaired'"), 1);
}

#[actix_web::test]
async fn a_kiosks_socket_wants_the_sites_origin_and_closes_after_it_is_unpaired() {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    let door = Door::start(json!({ "name": "Door" })).await;
    let base = &door.kiosk.base;
    let url = format!("{base}/api/v1/feeds/{}/live", door.feed).replace("http", "ws");
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("Cookie", door.kiosk.cookie.as_ref().unwrap().parse().unwrap());
    assert!(tokio_tungstenite::connect_async(request.clone()).await.is_err(), "without an origin");
    request.headers_mut().insert("Origin", base.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(door.kiosk.status(Method::DELETE, "/kiosk").await, 204);
    let closed = tokio::time::timeout(std::time::Duration::from_secs(15), async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
    });
    assert!(closed.await.is_ok(), "within 15 seconds");
}

#[actix_web::test]
async fn a_number_with_its_pin_is_an_arrival_like_another() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let id = door.with_pin("E1", "1357").await;
    let asked = by_pin(" E1 ", "1357");
    let greeting = greeted(&door.kiosk, &asked).await;
    assert_eq!(
        (&greeting["name"], &greeting["passage"], &greeting["photo"], &greeting["provisional"]),
        (&json!("E1"), &json!("in"), &json!(false), &json!(false))
    );
    let arrivals = door.arrivals().await;
    assert_eq!(
        (&arrivals[0]["id"], &arrivals[0]["method"], &arrivals[0]["person"]["id"]),
        (&greeting["arrival_id"], &json!("pin"), &json!(id))
    );
    assert!(arrivals[0].get("doubt").is_none() && arrivals[0]["similarity"].is_null());
    let stored = "SELECT count(*) FROM arrivals WHERE source_kind = 'kiosk' AND sender_kind = 'feed' \
        AND source_address IS NOT NULL AND model_pack IS NULL";
    assert_eq!(door.site.database.number(stored), 1);

    let again = check_in(&door.kiosk, &asked).await;
    assert_eq!(again.status(), 200, "the same id is the same check-in");
    assert_eq!(again.json::<Value>().await.unwrap(), greeting);
    let soon = greeted(&door.kiosk, &by_pin("E1", "1357")).await;
    assert_eq!(soon["arrival_id"], greeting["arrival_id"], "within the window the arrival stands");
    assert_eq!(door.arrivals().await.len(), 1);
    let (_, other) = kiosk_at(&door.site, json!({ "name": "Gate" })).await;
    assert_eq!(refusal(check_in(&other, &asked).await).await.0, 422, "another kiosk's id");
    assert_eq!(door.site.admin.get("/today").await["present"], 1);
}

#[actix_web::test]
async fn what_is_not_good_is_refused_alike_and_five_wrong_tries_stop_a_pin() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let (id, kiosk) = (door.with_pin("E1", "1357").await, &door.kiosk);
    door.person("No PIN").await;
    let archived = door.with_pin("Gone", "2468").await;
    let archive = Some(json!({ "archived": true }));
    let path = format!("/people/{archived}");
    assert_eq!(door.site.admin.send(Method::PATCH, &path, archive).await.status(), 200);
    let mut told = Vec::new();
    for (number, pin) in [
        ("E1", "1358"),
        ("E2", "1357"),
        ("No PIN", "1357"),
        ("Gone", "2468"),
        ("E\u{0}1", "1357"),
        ("E1", "135713571357"),
    ] {
        let (status, mut error) = refusal(check_in(kiosk, &by_pin(number, pin)).await).await;
        assert_eq!(status, 422, "{number}");
        error.as_object_mut().unwrap().remove("request_id");
        told.push(error);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["code"], "check_in_refused");
    greeted(kiosk, &by_pin("E1", "1357")).await;
    for _ in 0..5 {
        assert_eq!(code_of(check_in(kiosk, &by_pin("E1", "0000")).await).await, "check_in_refused");
    }
    assert_eq!(
        code_of(check_in(kiosk, &by_pin("E1", "1357")).await).await,
        "pin_stopped",
        "the right one, too"
    );
    let means = format!("/people/{id}/check-in-means");
    assert_eq!(door.site.admin.get(&means).await["pin_stopped"], true);
    assert_eq!(door.set_pin(&id, "1357").await.status(), 200);
    assert_eq!(door.site.admin.get(&means).await["pin_stopped"], false);
    assert_eq!(check_in(kiosk, &by_pin("E1", "1357")).await.status(), 201);
    let refused = "SELECT count(*) FROM audit WHERE action = 'check_in.refused'";
    assert_eq!(door.site.database.number(refused), 12);
    let leaked =
        "SELECT count(*) FROM audit WHERE action IN ('pin.set', 'check_in.refused') AND detail <> '{}'";
    assert_eq!(door.site.database.number(leaked), 0);
}

#[actix_web::test]
async fn a_kiosk_that_tries_many_is_held_up() {
    let door = Door::start(json!({ "name": "Door" })).await;
    door.with_pin("E1", "1357").await;
    for n in 0..20 {
        let refused = check_in(&door.kiosk, &by_badge(&format!("AB1.{n}"))).await;
        assert_eq!(code_of(refused).await, "check_in_refused");
    }
    let held = check_in(&door.kiosk, &by_pin("E1", "1357")).await;
    assert!(held.headers().contains_key("retry-after"));
    assert_eq!(refusal(held).await.0, 429);
    let (_, other) = kiosk_at(&door.site, json!({ "name": "Gate" })).await;
    greeted(&other, &by_pin("E1", "1357")).await;
}

#[actix_web::test]
async fn a_badge_is_good_until_it_is_revoked() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let id = door.person("E1").await;
    let badge = door.badge(&id).await;
    let text = badge["text"].as_str().unwrap();
    assert!(text.starts_with("AB1.") && badge["qr_svg"].as_str().unwrap().contains("<svg"));
    greeted(&door.kiosk, &by_badge(text)).await;
    assert_eq!(door.arrivals().await[0]["method"], "qr");
    let means = format!("/people/{id}/check-in-means");
    let shown = door.site.admin.get(&means).await;
    assert_eq!(shown["badges"][0]["id"], badge["id"]);
    assert!(shown["badges"][0]["last_used_at"].is_string() && !shown.to_string().contains("AB1."));
    let mut altered = text.to_owned();
    altered.replace_range(6..7, if &text[6..7] == "A" { "B" } else { "A" });
    for wrong in [altered.as_str(), "AB1.", "hello", ""] {
        assert_eq!(
            code_of(check_in(&door.kiosk, &by_badge(wrong)).await).await,
            "check_in_refused",
            "{wrong}"
        );
    }
    let path = format!("/people/{id}/badges/{}", badge["id"].as_str().unwrap());
    let other = door.person("E2").await;
    let elsewhere = path.replace(&id, &other);
    assert_eq!(door.site.admin.status(Method::DELETE, &elsewhere).await, 404, "another person's badge");
    assert_eq!(door.site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(door.site.admin.status(Method::DELETE, &path).await, 404);
    assert_eq!(code_of(check_in(&door.kiosk, &by_badge(text)).await).await, "check_in_refused");
    let next = door.badge(&id).await;
    let archive = Some(json!({ "archived": true }));
    assert_eq!(door.site.admin.send(Method::PATCH, &format!("/people/{id}"), archive).await.status(), 200);
    let archived = by_badge(next["text"].as_str().unwrap());
    assert_eq!(code_of(check_in(&door.kiosk, &archived).await).await, "check_in_refused");
}

#[actix_web::test]
async fn a_check_in_that_waited_is_provisional_until_somebody_lets_it_stand() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let id = door.with_pin("E1", "1357").await;
    let key: sealing::PublicKey =
        door.kiosk.get("/kiosk").await["seal_key"].as_str().unwrap().parse().unwrap();
    let dated = |ago: TimeDelta| {
        let mut body = by_pin("E1", "1357");
        body["captured_at"] = json!(Utc::now() - ago);
        body
    };
    for ago in [TimeDelta::hours(73), TimeDelta::seconds(-20)] {
        let (status, error) = refusal(check_in(&door.kiosk, &dated(ago)).await).await;
        assert!(status == 422 && error["fields"]["captured_at"].is_string(), "{error}");
    }
    let waited = dated(TimeDelta::hours(2));
    let sealed = |feed: &str, body: &Value| {
        let bytes = key.seal(body.to_string().as_bytes(), format!("check-in {feed}").as_bytes()).unwrap();
        let request = door.kiosk.request(Method::POST, "/kiosk/check-ins").body(bytes);
        request.header("Content-Type", "application/vnd.attendance.sealed").send()
    };
    assert_eq!(code_of(sealed(NOBODY, &waited).await.unwrap()).await, "wrong_seal_key");
    let answer = sealed(&door.feed, &waited).await.unwrap();
    assert_eq!(answer.status(), 201);
    let greeting: Value = answer.json().await.unwrap();
    assert_eq!(
        (&greeting["provisional"], time(&greeting["at"])),
        (&json!(true), time(&waited["captured_at"]))
    );
    assert_eq!(sealed(&door.feed, &waited).await.unwrap().status(), 200);
    greeted(&door.kiosk, &by_pin("E1", "1357")).await;

    let doubtful = door.site.admin.get("/arrivals?doubtful=true").await;
    assert_eq!(doubtful["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&doubtful["items"][0]["id"], &doubtful["items"][0]["doubt"]),
        (&greeting["arrival_id"], &json!("provisional"))
    );
    let of_person = door.site.admin.get(&format!("/arrivals?doubtful=true&person={id}")).await;
    assert_eq!(of_person["items"], doubtful["items"]);
    let path = format!("/arrivals/{}/confirmation", greeting["arrival_id"].as_str().unwrap());
    let member = door.site.user("member@example.org", Role::Member).await;
    assert_eq!(member.status(Method::POST, &path).await, 403);
    let manager = door.site.user("manager@example.org", Role::Manager).await;
    assert_eq!(manager.status(Method::POST, &path).await, 404, "nobody of theirs");
    let guard = door.site.user("guard@example.org", Role::Guard).await;
    let confirmed = guard.send(Method::POST, &path, None).await;
    assert_eq!(confirmed.status(), 200);
    assert!(confirmed.json::<Value>().await.unwrap().get("doubt").is_none());
    assert_eq!(code_of(guard.send(Method::POST, &path, None).await).await, "arrival_certain");
    assert_eq!(guard.get("/arrivals?doubtful=true").await["items"], json!([]));
    let confirmed = "SELECT count(*) FROM arrivals a JOIN audit u ON u.subject_id = a.id AND u.actor_id = a.confirmed_by \
        WHERE u.action = 'arrival.confirmed' AND a.confirmed_at IS NOT NULL";
    assert_eq!(door.site.database.number(confirmed), 1);
    assert_eq!(guard.status(Method::POST, &format!("/arrivals/{NOBODY}/confirmation")).await, 404);
}

#[actix_web::test]
async fn a_time_in_doubt_brings_its_doubt_to_the_arrival_that_it_moves_back() {
    let door = Door::start(json!({ "name": "Door" })).await;
    door.with_pin("E1", "1357").await;
    let now = greeted(&door.kiosk, &by_pin("E1", "1357")).await;
    let mut earlier = by_pin("E1", "1357");
    earlier["captured_at"] = json!(Utc::now() - TimeDelta::seconds(60));
    let moved = greeted(&door.kiosk, &earlier).await;
    assert_eq!((&moved["arrival_id"], &moved["provisional"]), (&now["arrival_id"], &json!(true)));
    assert_eq!(time(&moved["at"]), time(&earlier["captured_at"]));
    let path = format!("/arrivals/{}", now["arrival_id"].as_str().unwrap());
    let reason = Some(json!({ "reason": "It was not them", "not_this_person": false }));
    assert_eq!(door.site.admin.send(Method::POST, &format!("{path}/void"), reason).await.status(), 200);
    let confirm = door.site.admin.send(Method::POST, &format!("{path}/confirmation"), None).await;
    assert_eq!(code_of(confirm).await, "arrival_voided");
    assert_eq!(door.site.admin.get("/arrivals?doubtful=true").await["items"], json!([]));
}

#[actix_web::test]
async fn a_check_in_of_another_shape_or_type_is_refused_and_no_pin_is_repeated() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let post = |kind: &str, body: Vec<u8>| {
        let request = door.kiosk.request(Method::POST, "/kiosk/check-ins").header("Content-Type", kind);
        request.body(body).send()
    };
    let json = by_pin("E1", "1357").to_string().into_bytes();
    for (kind, body, expected) in [
        ("text/plain", json.clone(), 415),
        ("application/json", b"{".to_vec(), 400),
        ("application/json", vec![b' '; 5000], 413),
        (
            "application/json",
            br#"{"id": 13571357, "method": "pin", "number": "E1", "pin": 13571357}"#.to_vec(),
            422,
        ),
        ("application/vnd.attendance.sealed", json, 422),
        ("application/vnd.attendance.sealed", vec![], 422),
    ] {
        let (status, error) = refusal(post(kind, body).await.unwrap()).await;
        assert_eq!(status, expected, "{kind}: {error}");
        assert!(!error.to_string().contains("13571357"), "{error}");
    }
}

#[actix_web::test]
async fn the_feed_says_whether_somebody_comes_or_goes() {
    let door = Door::start(json!({ "name": "Hall", "direction": "both", "dedup_seconds": 1 })).await;
    let (_, out) =
        kiosk_at(&door.site, json!({ "name": "Exit", "direction": "out", "dedup_seconds": 1 })).await;
    door.with_pin("E1", "1357").await;
    // One day of the site's, which is in UTC; what happened in it stands in the past, three seconds apart.
    let noon = Utc::now().date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::hours(12);
    let mut passages = Vec::new();
    for (step, kiosk) in [&door.kiosk, &door.kiosk, &door.kiosk, &out, &door.kiosk].into_iter().enumerate() {
        let mut body = by_pin("E1", "1357");
        body["captured_at"] = json!(noon + TimeDelta::seconds(3 * step as i64));
        passages.push(greeted(kiosk, &body).await["passage"].clone());
    }
    assert_eq!(passages, ["in", "out", "in", "out", "in"]);
    let today = greeted(&door.kiosk, &by_pin("E1", "1357")).await;
    assert_eq!(today["passage"], "in", "a day begins with coming");
}

#[actix_web::test]
async fn a_kiosk_greets_whom_its_own_feed_has_just_seen() {
    let door = Door::start(json!({ "name": "Door", "min_frames": 1 })).await;
    let site = &door.site;
    site.enrol("Zoë", person(1)).await;
    let seen = door.kiosk.frame(&door.feed, &site.recognizer.image(&[person(1)])).await;
    let path = format!("/kiosk/arrivals/{}", seen["faces"][0]["arrival_id"].as_str().unwrap());
    let greeting = door.kiosk.get(&path).await;
    assert_eq!((&greeting["name"], &greeting["photo"]), (&json!("Zoë"), &json!(true)));
    let photo = door.kiosk.send(Method::GET, &format!("{path}/photo"), None).await;
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert_eq!(photo.headers()["cache-control"], "no-store");
    assert!(photo.bytes().await.unwrap().starts_with(&[0xff, 0xd8]));
    let (_, other) = kiosk_at(site, json!({ "name": "Gate" })).await;
    let both = |kiosk: Client, path: String| async move {
        let photo = format!("{path}/photo");
        (kiosk.status(Method::GET, &path).await, kiosk.status(Method::GET, &photo).await)
    };
    assert_eq!(both(other, path.clone()).await, (404, 404), "another feed's");
    assert_eq!(both(site.admin.clone(), path.clone()).await, (401, 401), "no kiosk");
    let reveals = |what: &str| Some(json!({ "reveals": what }));
    let feed = format!("/feeds/{}", door.feed);
    assert_eq!(site.admin.send(Method::PATCH, &feed, reveals("state")).await.status(), 200);
    let greeting = door.kiosk.get(&path).await;
    assert_eq!((&greeting["name"], &greeting["photo"]), (&json!(""), &json!(false)), "states alone");
    assert_eq!(both(door.kiosk.clone(), path.clone()).await, (200, 404));
    assert_eq!(site.admin.send(Method::PATCH, &feed, reveals("all")).await.status(), 200);
    site.database.execute("UPDATE arrivals SET recorded_at = now() - interval '121 seconds'");
    assert_eq!(both(door.kiosk.clone(), path).await, (404, 404), "too long ago");
}

#[actix_web::test]
async fn a_pin_is_set_by_whoever_may_and_is_not_easy() {
    let door = Door::start(json!({ "name": "Door" })).await;
    let (own, other) = (door.person("E1").await, door.person("E2").await);
    for easy in ["123", "1111", "1234", "8765", "12345678901", "12a4"] {
        let (status, error) = refusal(door.set_pin(&own, easy).await).await;
        assert!(status == 422 && error["fields"]["pin"].is_string(), "{easy}: {error}");
    }
    let member = door.site.user("member@example.org", Role::Member).await;
    door.site.database.execute(&format!("UPDATE users SET person_id = '{own}' WHERE role = 'member'"));
    let pin = |person: &str| format!("/people/{person}/pin");
    let body = || Some(json!({ "pin": "1357" }));
    assert_eq!(member.send(Method::PUT, &pin(&own), body()).await.status(), 200);
    assert_eq!(member.send(Method::PUT, &pin(&other), body()).await.status(), 404);
    assert_eq!(member.status(Method::DELETE, &pin(&other)).await, 404);
    assert_eq!(member.status(Method::GET, &format!("/people/{other}/check-in-means")).await, 404);
    let means = member.get(&format!("/people/{own}/check-in-means")).await;
    assert!(means["pin_set_at"].is_string() && means["badges"] == json!([]), "{means}");
    assert_eq!(member.status(Method::POST, &format!("/people/{own}/badges")).await, 403);
    let guard = door.site.user("guard@example.org", Role::Guard).await;
    assert_eq!(guard.send(Method::PUT, &pin(&own), body()).await.status(), 403);
    let manager = door.site.user("manager@example.org", Role::Manager).await;
    assert_eq!(manager.send(Method::PUT, &pin(&own), body()).await.status(), 404, "nobody of theirs");
    assert_eq!(manager.status(Method::POST, &format!("/people/{own}/badges")).await, 404);
    greeted(&door.kiosk, &by_pin("E1", "1357")).await;
    let hashed = "SELECT count(*) FROM person_pins WHERE pin_hash LIKE '$argon2id$%'";
    assert_eq!(door.site.database.number(hashed), 1);
    assert_eq!(member.status(Method::DELETE, &pin(&own)).await, 204);
    assert_eq!(member.status(Method::DELETE, &pin(&own)).await, 404);
    assert_eq!(code_of(check_in(&door.kiosk, &by_pin("E1", "1357")).await).await, "check_in_refused");
    for action in ["pin.set", "pin.removed"] {
        let entries =
            format!("SELECT count(*) FROM audit WHERE action = '{action}' AND subject_id = '{own}'");
        assert_eq!(door.site.database.number(&entries), 1, "{action}");
    }
}

#[actix_web::test]
async fn a_copy_of_the_data_and_an_erasure_cover_pin_and_badges_and_withdrawal_leaves_them() {
    use std::io::{Cursor, Read};

    let door = Door::start(json!({ "name": "Door" })).await;
    let id = door.site.enrol("E1", person(1)).await;
    assert_eq!(door.set_pin(&id, "1357").await.status(), 200);
    let badge = door.badge(&id).await;
    let withdraw = Some(json!({ "consent": false }));
    assert_eq!(door.site.admin.send(Method::PATCH, &format!("/people/{id}"), withdraw).await.status(), 200);
    greeted(&door.kiosk, &by_pin("E1", "1357")).await;

    let answer = door.site.admin.send(Method::GET, &format!("/people/{id}/data"), None).await;
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes().await.unwrap())).unwrap();
    let mut text = String::new();
    zip.by_name("data.json").unwrap().read_to_string(&mut text).unwrap();
    let data: Value = serde_json::from_str(&text).unwrap();
    assert!(data["check_in_means"]["pin_set_at"].is_string());
    assert_eq!(data["check_in_means"]["badges"][0]["id"], badge["id"]);
    assert!(!text.contains("argon2") && !text.contains("AB1."), "{text}");

    let reason = Some(json!({ "reason": "They asked for it." }));
    let report = door.site.admin.send(Method::POST, &format!("/people/{id}/erasure"), reason).await;
    let report: Value = report.json().await.unwrap();
    assert_eq!((&report["erased"]["pins"], &report["erased"]["badges"]), (&json!(1), &json!(1)));
    let left = "(SELECT count(*) FROM person_pins) + (SELECT count(*) FROM badges) + (SELECT count(*) FROM kiosk_check_ins)";
    assert_eq!(door.site.database.number(left), 0);
    assert_eq!(code_of(check_in(&door.kiosk, &by_pin("E1", "1357")).await).await, "check_in_refused");
}

#[actix_web::test]
async fn codes_that_have_expired_are_purged_at_night() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    begin(&site, &feed).await;
    let mut app = api::db::connect(&site.database.app_url.parse().unwrap()).unwrap();
    let purge = |conn: &mut diesel::PgConnection, at: DateTime<Utc>| {
        api::domain::retention::purge(conn, at.date_naive(), at).unwrap();
        site.database.number("SELECT count(*) FROM kiosk_pairings")
    };
    assert_eq!(purge(&mut app, Utc::now()), 1);
    assert_eq!(purge(&mut app, Utc::now() + TimeDelta::minutes(11)), 0);
}
