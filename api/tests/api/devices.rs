//! Devices: what they say and are told, what opens their feed, and the frames that they kept.

use api::domain::attendance::closing;
use api::domain::master_key;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use types::{FeedId, Role};

use crate::recognizer::person;
use crate::support::{Client, Instance, Site, eventually, refusal};

const DEVICE: &str = "00000000-0000-0000-0000-00000000000a";
const OTHER: &str = "00000000-0000-0000-0000-00000000000b";
const SEALED: &str = "application/vnd.attendance.sealed";

/// What a device whose pictures come says, with `fields` in place of what is said there.
pub fn heartbeat(fields: Value) -> Value {
    let mut body = json!({
        "device": DEVICE, "agent": "attendance-camera 0.1.0", "sent_at": Utc::now(),
        "started_at": Utc::now() - TimeDelta::days(5),
        "source": { "state": "running", "width": 1280, "height": 720, "fps": 25.0 },
        "frames": { "captured": 100, "sent": 20 }
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

async fn call(client: &Client, feed: &str, fields: Value) -> Response {
    client.send(Method::POST, &format!("/feeds/{feed}/heartbeat"), Some(heartbeat(fields))).await
}

async fn answered(client: &Client, feed: &str, fields: Value) -> Value {
    let answer = call(client, feed, fields).await;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

fn ago(seconds: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::seconds(seconds)
}

fn id(feed: &str) -> FeedId {
    FeedId(feed.parse().unwrap())
}

/// A feed that a server heard ten minutes ago and not since.
fn silent_for_ten_minutes(server: &Instance, feed: &str) {
    server.app.hearing.heard_elsewhere(id(feed), ago(600));
}

/// Makes a feed that there has been since yesterday.
async fn old_feed(site: &Site, fields: Value) -> (String, String) {
    let (feed, token) = site.feed(fields).await;
    site.database
        .execute(&format!("UPDATE feeds SET created_at = now() - interval '1 day' WHERE id = '{feed}'"));
    (feed, token)
}

/// Sends a frame that was kept.
async fn replay(
    client: &Client,
    feed: &str,
    image: &[u8],
    at: DateTime<Utc>,
    origin: Option<(&str, u64)>,
) -> Response {
    let mut request = client
        .request(Method::POST, &format!("/feeds/{feed}/frames"))
        .header("X-Stream", "replay")
        .header("X-Captured-At", at.to_rfc3339())
        .body(image.to_vec());
    if let Some((device, sequence)) = origin {
        request = request.header("X-Device", device).header("X-Sequence", sequence.to_string());
    }
    request.send().await.unwrap()
}

async fn arrival_of(answer: Response) -> String {
    let body: Value = answer.json().await.unwrap();
    body["faces"][0]["arrival_id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

fn unproven(site: &Site, arrival: &str) -> bool {
    site.database.number(&format!("SELECT count(*) FROM arrivals WHERE id = '{arrival}' AND time_unproven"))
        == 1
}

#[actix_web::test]
async fn a_device_is_told_how_to_work_and_shown_to_whoever_may_see_it() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door", "max_fps": 6 })).await;
    let device = site.admin.with_token(&token);
    let sent_at = Utc::now() + TimeDelta::seconds(90);
    let answer = answered(&device, &feed, json!({ "sent_at": sent_at, "backlog": { "frames": 2 } })).await;
    assert_eq!((&answer["settings_revision"], &answer["max_fps"]), (&json!(1), &json!(6)));
    assert_eq!(answer["settings"]["active_fps"], 6.0, "never above what the feed takes");
    assert_eq!((&answer["settings"]["max_width"], &answer["warning"]), (&json!(1280), &Value::Null));
    assert!(answer["seal_key"].as_str().unwrap().parse::<sealing::PublicKey>().is_ok());
    assert!(
        (answer["now"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - Utc::now()).abs()
            < TimeDelta::minutes(1)
    );

    let known = site.admin.get(&format!("/feeds/{feed}/devices")).await;
    let shown = &known["devices"][0];
    assert_eq!((&shown["online"], &shown["heartbeat"]["device"]), (&json!(true), &json!(DEVICE)));
    assert!((60_000..=90_000).contains(&shown["drift_ms"].as_i64().unwrap()), "{shown}");
    assert_eq!((&shown["address"], &known["settings"]["active_fps"]), (&json!("127.0.0.1"), &json!(10.0)));
    let used = &known["tokens"][0];
    assert_eq!((&used["kind"], &used["last_address"]), (&json!("device"), &json!("127.0.0.1")));
    assert!(
        used["last_used_at"].is_string() && used.get("token").is_none() && used.get("token_hash").is_none()
    );
    let view = site.admin.get(&format!("/feeds/{feed}")).await;
    assert_eq!((&view["device"]["address"], &view["last_frame_at"]), (&json!("127.0.0.1"), &Value::Null));
    let guard = site.user("guard@example.org", Role::Guard).await;
    let seen = guard.get("/feeds").await["items"][0]["device"].clone();
    assert_eq!((&seen["online"], &seen["address"]), (&json!(true), &Value::Null));

    site.database.execute("UPDATE feed_devices SET received_at = now() - interval '25 hours'");
    assert_eq!(site.admin.get(&format!("/feeds/{feed}/devices")).await["devices"], json!([]));
    assert_eq!(site.admin.get(&format!("/feeds/{feed}")).await["device"], Value::Null);
}

#[actix_web::test]
async fn what_a_device_may_not_say_is_named_by_field() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let (other, _) = site.feed(json!({ "name": "Gate" })).await;
    let device = site.admin.with_token(&token);
    for (field, bad) in [
        ("agent", json!({ "agent": "" })),
        ("agent", json!({ "agent": "x".repeat(101) })),
        ("sent_at", json!({ "sent_at": "+11111-01-01T00:00:00Z" })),
        ("started_at", json!({ "started_at": "1815-12-10T00:00:00Z" })),
        ("source.message", json!({ "source": { "state": "lost", "message": "x".repeat(501) } })),
        ("source.fps", json!({ "source": { "state": "running", "fps": -1 } })),
        ("temperature_c", json!({ "temperature_c": 1e30 })),
        ("body", json!({ "unknown": 1 })),
        ("body", json!({ "source": { "state": "sleepy" } })),
    ] {
        let (status, error) = refusal(call(&device, &feed, bad.clone()).await).await;
        assert_eq!(status, 422, "{bad}");
        assert!(error["fields"][field].is_string(), "{field}: {error}");
    }
    assert_eq!(call(&device, &other, json!({})).await.status(), 403, "another feed's token");
    assert_eq!(call(&site.admin.anonymous(), &feed, json!({})).await.status(), 401);
    assert_eq!(site.database.number("SELECT count(*) FROM feed_devices"), 0);
}

#[actix_web::test]
async fn two_devices_at_one_token_are_told_so() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let device = site.admin.with_token(&token);
    assert_eq!(answered(&device, &feed, json!({})).await["warning"], Value::Null);
    assert_eq!(answered(&device, &feed, json!({})).await["warning"], Value::Null, "the same one again");
    let warned = answered(&device, &feed, json!({ "device": OTHER })).await;
    assert!(warned["warning"].as_str().unwrap().contains("Two devices"));
    assert!(answered(&device, &feed, json!({})).await["warning"].is_string());
    site.database.execute(&format!(
        "UPDATE feed_devices SET received_at = now() - interval '2 minutes' WHERE device_id = '{OTHER}'"
    ));
    assert_eq!(answered(&device, &feed, json!({})).await["warning"], Value::Null, "it is gone");
    // Made-up ids fill no database.
    for n in 0..25 {
        answered(&device, &feed, json!({ "device": uuid::Uuid::from_u128(100 + n) })).await;
    }
    assert_eq!(site.database.number("SELECT count(*) FROM feed_devices"), 20);
}

#[actix_web::test]
async fn settings_reach_the_device_with_a_higher_revision() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let device = site.admin.with_token(&token);
    let path = format!("/feeds/{feed}");
    let wanted = json!({ "max_width": 640, "jpeg_quality": 70, "idle_fps": 0.5, "active_fps": 5.0,
        "motion_share": 0.25, "keep_mb": 50, "keep_hours": 72 });
    let patch =
        |settings: Value| site.admin.send(Method::PATCH, &path, Some(json!({ "device_settings": settings })));
    assert_eq!(patch(wanted.clone()).await.status(), 200);
    let answer = answered(&device, &feed, json!({})).await;
    assert_eq!((&answer["settings"], &answer["settings_revision"]), (&wanted, &json!(2)));
    let known = site.admin.get(&format!("{path}/devices")).await;
    assert_eq!((&known["settings"], &known["settings_revision"]), (&wanted, &json!(2)));
    for (field, bad) in [
        ("max_width", json!(319)),
        ("jpeg_quality", json!(96)),
        ("idle_fps", json!(0.05)),
        ("active_fps", json!(31)),
        ("motion_share", json!(0.6)),
        ("keep_mb", json!(9)),
        ("keep_hours", json!(73)),
    ] {
        let mut settings = wanted.clone();
        settings[field] = bad;
        let (status, error) = refusal(patch(settings).await).await;
        assert_eq!(status, 422, "{field}");
        assert!(error["fields"][format!("device_settings.{field}")].is_string(), "{error}");
    }
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({ "name": "Gate" }))).await.status(), 200);
    assert_eq!(answered(&device, &feed, json!({})).await["settings_revision"], 2, "nothing changed for it");
}

#[actix_web::test]
async fn a_token_is_exchanged_without_a_gap_and_a_third_ends_the_first() {
    let site = Site::start().await;
    let (feed, first) = site.feed(json!({ "name": "Door" })).await;
    let rotate = |body: Option<Value>| {
        let (admin, path) = (site.admin.clone(), format!("/feeds/{feed}/token"));
        async move {
            let answer = admin.send(Method::POST, &path, body).await;
            assert_eq!(answer.status(), 201);
            answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
        }
    };
    let status = |token: &str| {
        let (client, feed) = (site.admin.with_token(token), feed.clone());
        async move { call(&client, &feed, json!({})).await.status().as_u16() }
    };
    let second = rotate(Some(json!({ "keep_old": true }))).await;
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    let third = rotate(Some(json!({ "keep_old": true }))).await;
    assert_eq!((status(&first).await, status(&second).await, status(&third).await), (401, 200, 200));
    let tokens = site.admin.get(&format!("/feeds/{feed}/devices")).await["tokens"].clone();
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    let fourth = rotate(None).await;
    assert_eq!((status(&second).await, status(&third).await, status(&fourth).await), (401, 401, 200));
    let (refused, _) = refusal(
        site.admin.send(Method::POST, &format!("/feeds/{feed}/token"), Some(json!({ "keep": 1 }))).await,
    )
    .await;
    assert_eq!(refused, 422);
}

#[actix_web::test]
async fn a_revoked_token_opens_nothing_and_closes_what_is_open() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let (other, _) = site.feed(json!({ "name": "Gate" })).await;
    let url = format!("{}/api/v1/feeds/{feed}/live", site.admin.base).replace("http", "ws");
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", format!("bearer.{token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let known = site.admin.get(&format!("/feeds/{feed}/devices")).await;
    let revoked = known["tokens"][0]["id"].as_str().unwrap();
    assert_eq!(site.admin.status(Method::DELETE, &format!("/feeds/{other}/tokens/{revoked}")).await, 404);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/feeds/{feed}/tokens/{revoked}")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/feeds/{feed}/tokens/{revoked}")).await, 404);
    assert_eq!(call(&site.admin.with_token(&token), &feed, json!({})).await.status(), 401);
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
async fn sealed_frames_open_for_their_feed_and_this_server_alone() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let (gate, _) = site.feed(json!({ "name": "Gate" })).await;
    let device = site.admin.with_token(&token);
    let key: sealing::PublicKey =
        answered(&device, &feed, json!({})).await["seal_key"].as_str().unwrap().parse().unwrap();
    let image = site.recognizer.image(&[person(1)]);
    let send = |client: Client, body: Vec<u8>| {
        let request = client.request(Method::POST, &format!("/feeds/{feed}/frames"));
        async move { request.header("Content-Type", SEALED).body(body).send().await.unwrap() }
    };
    let sealed = key.seal(&image, format!("frame {feed}").as_bytes()).unwrap();
    let answer: Value = send(device.clone(), sealed.clone()).await.json().await.unwrap();
    assert_eq!(answer["faces"][0]["state"], "known", "{answer}");

    let stranger = sealing::SecretKey::derive(&[7; 32]);
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (what, bad) in [
        ("another key", stranger.public().seal(&image, format!("frame {feed}").as_bytes()).unwrap()),
        ("another feed's", key.seal(&image, format!("frame {gate}").as_bytes()).unwrap()),
        ("cut short", sealed[..sealed.len() - 1].to_vec()),
        ("hardly anything", sealed[..10].to_vec()),
        ("changed", changed),
        ("not sealed", image.clone()),
    ] {
        let (status, error) = refusal(send(device.clone(), bad).await).await;
        assert_eq!((status, error["code"].as_str()), (422, Some("wrong_seal_key")), "{what}");
    }

    // The pair is of all servers, and the master key that wraps it can be exchanged.
    let data =
        api::config::DataConfig { folder: site.data.path().to_owned(), master_key_file: None, storage: None };
    let mut conn = site.database.connect();
    let keys = master_key::open_or_create(&mut conn, &data).unwrap();
    assert_eq!(master_key::rotate(&mut conn, &keys).unwrap(), (2, 2), "Zoë's and the servers'");
    let second = site.second_instance().await;
    let there = second.client().with_token(&token);
    assert_eq!(answered(&there, &feed, json!({})).await["seal_key"], key.to_string());
    assert_eq!(send(there, sealed).await.status(), 200);
    second.stop().await;
    assert_eq!(site.database.number("SELECT count(*) FROM seal_keys"), 1);
}

#[actix_web::test]
async fn frames_that_were_kept_are_believed_in_order_and_where_nobody_was_heard() {
    let site = Site::start().await;
    for n in 1..=6 {
        site.enrol(&format!("Person {n}"), person(n)).await;
    }
    let (feed, token) = old_feed(&site, json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let device = site.admin.with_token(&token);
    let image = |n: usize| site.recognizer.image(&[person(n)]);
    silent_for_ten_minutes(&site.server, &feed);
    answered(&device, &feed, json!({})).await;
    assert_eq!(
        site.database.number("SELECT count(*) FROM feed_gaps WHERE until_at - from_at > '9 minutes'"),
        1
    );

    let (first, at) = (image(1), ago(300));
    let arrival = arrival_of(replay(&device, &feed, &first, at, Some((DEVICE, 5))).await).await;
    assert!(!unproven(&site, &arrival));
    let again = replay(&device, &feed, &first, at, Some((DEVICE, 5))).await;
    assert_eq!(arrival_of(again).await, arrival, "sent again after a crash");
    let told = format!(
        "SELECT count(*) FROM audit WHERE action = 'arrival.back_dated' AND subject_id = '{arrival}' \
         AND detail->>'device' = '{DEVICE}' AND detail->>'sequence' = '5'"
    );
    assert_eq!(site.database.number(&told), 1);
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals WHERE source_kind = 'replay'"), 1);

    let (status, error) = refusal(replay(&device, &feed, &image(2), ago(290), Some((DEVICE, 4))).await).await;
    assert_eq!(status, 422);
    assert!(error["fields"]["sequence"].is_string(), "{error}");
    for (n, why, at, origin) in [
        (2, "its number was another frame's", ago(280), Some((DEVICE, 5))),
        (3, "its clock went back", ago(310), Some((DEVICE, 6))),
        (4, "nothing but the sender's word dates it", ago(270), None),
        (5, "the feed was heard then", ago(700), Some((OTHER, 1))),
    ] {
        let arrival = arrival_of(replay(&device, &feed, &image(n), at, origin).await).await;
        assert!(unproven(&site, &arrival), "{why}");
    }
    let arrival = arrival_of(replay(&device, &feed, &image(6), ago(200), Some((DEVICE, 7))).await).await;
    assert!(!unproven(&site, &arrival), "the next one is believed again");
    let lone = device.request(Method::POST, &format!("/feeds/{feed}/frames")).header("X-Sequence", "9");
    let (status, error) = refusal(lone.body(image(1)).send().await.unwrap()).await;
    assert_eq!((status, error["fields"]["device"].is_string()), (422, true));

    // No frame of now has come.
    assert_eq!(site.admin.get(&format!("/feeds/{feed}")).await["last_frame_at"], Value::Null);
    assert_eq!(site.admin.get("/today").await["feeds_live"], 0);
}

#[actix_web::test]
async fn what_passed_while_the_server_was_away_itself_is_believed() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    site.enrol("Émile", person(2)).await;
    let (feed, token) = old_feed(&site, json!({ "name": "Door", "min_frames": 1 })).await;
    answered(&site.admin.with_token(&token), &feed, json!({})).await;
    site.database.execute("UPDATE feed_devices SET received_at = now() - interval '10 minutes'");
    let second = site.second_instance().await;
    let device = second.client().with_token(&token);
    // The first that the new server hears of the feed is what was kept.
    let image = site.recognizer.image(&[person(1)]);
    let arrival = arrival_of(replay(&device, &feed, &image, ago(300), Some((DEVICE, 1))).await).await;
    assert!(!unproven(&site, &arrival));
    let image = site.recognizer.image(&[person(2)]);
    let arrival = arrival_of(replay(&device, &feed, &image, ago(900), Some((OTHER, 1))).await).await;
    assert!(unproven(&site, &arrival), "from before the last call");
    second.stop().await;
    let (new, token) = site.feed(json!({ "name": "Gate", "min_frames": 1 })).await;
    let device = site.admin.with_token(&token);
    let arrival = arrival_of(replay(&device, &new, &image, ago(300), Some((DEVICE, 1))).await).await;
    assert!(unproven(&site, &arrival), "there was no such feed then");
}

#[actix_web::test]
async fn a_trial_call_is_answered_and_leaves_nothing() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let device = site.admin.with_token(&token);
    let call = |path: &str| device.request(Method::POST, &format!("/feeds/{feed}/{path}"));
    let answer = call("heartbeat?trial=true").json(&heartbeat(json!({}))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.unwrap()["seal_key"].is_string());
    assert_eq!(site.admin.get(&format!("/feeds/{feed}/devices")).await["devices"], json!([]));
    let wrong = call("heartbeat?trail=true").json(&heartbeat(json!({}))).send().await.unwrap();
    assert_eq!(refusal(wrong).await.0, 422);
}

#[actix_web::test]
async fn a_socket_takes_the_number_of_a_frame() {
    use futures_util::SinkExt;
    use tokio_tungstenite::tungstenite::Message;
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let url = format!("{}/api/v1/feeds/{feed}/live", site.admin.base).replace("http", "ws");
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", format!("bearer.{token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let image = site.recognizer.image(&[]);
    let mut answers = Vec::new();
    for header in [
        json!({ "captured_at": Utc::now(), "device": DEVICE, "sequence": 7 }),
        json!({ "captured_at": Utc::now(), "device": DEVICE }),
        json!({ "captured_at": Utc::now() }),
    ] {
        socket.send(Message::text(header.to_string())).await.unwrap();
        socket.send(Message::binary(image.clone())).await.unwrap();
        let answer = loop {
            let message = socket.next().await.unwrap().unwrap();
            if message.is_text() {
                break serde_json::from_str::<Value>(message.to_text().unwrap()).unwrap();
            }
        };
        answers.push(answer);
    }
    assert_eq!((&answers[0]["faces"], &answers[2]["faces"]), (&json!([]), &json!([])));
    assert!(answers[1]["error"]["fields"]["sequence"].is_string(), "{}", answers[1]);
}

#[actix_web::test]
async fn a_device_that_calls_without_pictures_is_silent_and_one_whose_gate_is_closed_is_not() {
    let site = Site::start().await;
    let (lost, lost_token) = site.feed(json!({ "name": "Gate" })).await;
    let (idle, idle_token) = site.feed(json!({ "name": "Door" })).await;
    let rule = json!({ "name": "Silence", "kind": "camera_silent", "channels": ["email"],
        "recipients": { "emails": ["office@example.org"] } });
    assert_eq!(site.admin.send(Method::POST, "/alerts/rules", Some(rule)).await.status(), 201);
    let hearing = &site.server.app.hearing;
    let source = json!({ "state": "lost", "message": "No answer from the camera: is it plugged in?" });
    answered(&site.admin.with_token(&lost_token), &lost, json!({ "source": source })).await;
    hearing.heard_elsewhere(id(&lost), ago(180));
    hearing.heard_elsewhere(id(&idle), ago(180));
    answered(&site.admin.with_token(&idle_token), &idle, json!({})).await;
    closing::watch_feeds(&mut site.database.connect(), &site.server.app, Utc::now()).unwrap();
    let lasting =
        |feed: &str| format!("SELECT count(*) FROM feed_gaps WHERE until_at IS NULL AND feed_id = '{feed}'");
    assert_eq!((site.database.number(&lasting(&lost)), site.database.number(&lasting(&idle))), (1, 0));
    let told = format!("SELECT count(*) FROM outbox WHERE kind = 'camera_silent' AND feed_id = '{lost}'");
    assert_eq!(site.database.number(&told), 1);
    let reported = format!("{told} AND payload->>'reported' LIKE '%lost%plugged in%'");
    assert_eq!(site.database.number(&reported), 1);
    assert!(site.server.app.metrics.text().contains("attendance_devices_online 2"));

    answered(&site.admin.with_token(&lost_token), &lost, json!({})).await;
    eventually("its gap is over", || async { site.database.number(&lasting(&lost)) == 0 }).await;
    assert_eq!(site.database.number(&format!("{told} AND state = 'withdrawn'")), 1);
}

#[actix_web::test]
async fn devices_that_do_not_call_any_more_are_forgotten() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let device = site.admin.with_token(&token);
    answered(&device, &feed, json!({})).await;
    answered(&device, &feed, json!({ "device": OTHER })).await;
    site.database.execute(&format!(
        "UPDATE feed_devices SET received_at = now() - interval '31 days' WHERE device_id = '{OTHER}';
         INSERT INTO feed_gaps (id, feed_id, from_at, until_at)
         SELECT gen_random_uuid(), '{feed}', now() - interval '5 days', now() - interval '5 days' + n * interval '30 seconds'
         FROM generate_series(1, 4) n"
    ));
    let now = Utc::now();
    api::domain::retention::purge(&mut site.database.connect(), now.date_naive(), now).unwrap();
    assert_eq!(site.database.number("SELECT count(*) FROM feed_devices"), 1);
    assert_eq!(
        site.database.number("SELECT count(*) FROM feed_gaps"),
        2,
        "those that count for somebody's day"
    );
}
