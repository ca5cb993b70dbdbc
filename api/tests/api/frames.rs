use chrono::{TimeDelta, Utc};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};

use crate::recognizer::{Face, mixed, person};
use crate::support::{Client, Site, eventually, refusal};

#[actix_web::test]
async fn three_agreeing_frames_settle_a_track_and_write_one_arrival() {
    let site = Site::start().await;
    let zoe = site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let camera = site.admin.with_token(&token);
    let image = site.recognizer.image(&[person(1), person(9)]);
    for _ in 0..2 {
        let faces = camera.frame(&feed, &image).await["faces"].clone();
        for face in [&faces[0], &faces[1]] {
            assert_eq!(
                (&face["state"], &face["person"], &face["arrival_id"]),
                (&json!("uncertain"), &Value::Null, &Value::Null)
            );
        }
    }
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 0);
    let faces = camera.frame(&feed, &image).await["faces"].clone();
    assert_eq!(
        (&faces[0]["state"], &faces[0]["person"]),
        (&json!("known"), &json!({ "id": zoe, "name": "Zoë" }))
    );
    assert_eq!((&faces[1]["state"], &faces[1]["person"]), (&json!("unknown"), &Value::Null));
    let again = camera.frame(&feed, &image).await["faces"].clone();
    assert_eq!(again[0]["arrival_id"], faces[0]["arrival_id"], "inside the window it is the same arrival");
    assert!(site.recognizer.last_asked("settled").ends_with("-1"), "the settled track is not embedded again");

    let arrivals = site.admin.get("/arrivals").await["items"].clone();
    assert_eq!(arrivals.as_array().unwrap().len(), 1);
    assert_eq!(
        (&arrivals[0]["id"], &arrivals[0]["person"]["name"]),
        (&faces[0]["arrival_id"], &json!("Zoë"))
    );
    assert_eq!((&arrivals[0]["method"], &arrivals[0]["feed"]["name"]), (&json!("face"), &json!("Door")));
    assert!((arrivals[0]["similarity"].as_f64().unwrap() - 1.0).abs() < 1e-4);
    let kept = "SELECT count(*) FROM arrivals WHERE sender_kind = 'feed' AND source_kind = 'post' \
        AND source_address IS NOT NULL AND model_pack = 'scripted-1' AND threshold > 0.5 AND NOT time_unproven";
    assert_eq!(site.database.number(kept), 1);
}

#[actix_web::test]
async fn after_the_window_a_person_still_in_view_arrives_again() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "dedup_seconds": 1 })).await;
    let image = site.recognizer.image(&[person(1)]);
    let first = site.admin.frame(&feed, &image).await["faces"][0]["arrival_id"].clone();
    assert_eq!(site.admin.frame(&feed, &image).await["faces"][0]["arrival_id"], first);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let second = site.admin.frame(&feed, &image).await["faces"][0]["arrival_id"].clone();
    assert!(second.is_string() && second != first);
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 2);
}

#[actix_web::test]
async fn two_servers_that_see_a_person_at_once_write_one_arrival() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let second = site.second_instance().await;
    let image = site.recognizer.image(&[person(1)]);
    let cameras = [site.admin.with_token(&token), second.client().with_token(&token)];
    let posts = (0..20).map(|n| {
        let (camera, feed, image) = (cameras[n % 2].clone(), feed.clone(), image.clone());
        async move {
            let request = camera
                .request(Method::POST, &format!("/feeds/{feed}/frames"))
                .header("X-Stream", format!("s{n}"));
            let answer: Value = request.body(image).send().await.unwrap().json().await.unwrap();
            answer["faces"][0]["arrival_id"].as_str().unwrap().to_owned()
        }
    });
    let mut ids = futures_util::future::join_all(posts).await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "all name the same arrival");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
    second.stop().await;
}

#[actix_web::test]
async fn a_replay_from_before_moves_the_arrival_back_and_adds_none() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "dedup_seconds": 300 })).await;
    let image = site.recognizer.image(&[person(1)]);
    let live = site.admin.frame(&feed, &image).await["faces"][0]["arrival_id"].clone();
    let post = |seconds_ago: i64, stream: &'static str| {
        let at = (Utc::now() - TimeDelta::seconds(seconds_ago)).to_rfc3339();
        let request = site.admin.request(Method::POST, &format!("/feeds/{feed}/frames"));
        let request = request.header("X-Captured-At", at).header("X-Stream", stream).body(image.clone());
        async move {
            request.send().await.unwrap().json::<Value>().await.unwrap()["faces"][0]["arrival_id"].clone()
        }
    };
    assert_eq!(post(120, "replay").await, live);
    let moved = "SELECT extract(epoch FROM now() - at) FROM arrivals";
    assert!((118..130).contains(&site.database.number(moved)));
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'arrival.moved_back'"), 1);
    assert_eq!(post(60, "replay2").await, live, "later than the row: it stays");
    assert_ne!(post(3600, "replay3").await, live, "an hour before is an arrival of its own");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 2);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'arrival.back_dated'"), 1);
}

#[actix_web::test]
async fn capture_times_outside_their_limits_are_refused() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let (camera, image) = (site.admin.with_token(&token), site.recognizer.image(&[]));
    let post = |client: &Client, at: String| {
        let request =
            client.request(Method::POST, &format!("/feeds/{feed}/frames")).header("X-Captured-At", at);
        let request = request.body(image.clone());
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let ago = |seconds| (Utc::now() - TimeDelta::seconds(seconds)).to_rfc3339();
    assert_eq!(post(&camera, ago(-60)).await, 422);
    assert_eq!(post(&camera, ago(80 * 3600)).await, 422);
    assert_eq!(post(&camera, ago(3600)).await, 200);
    assert_eq!(post(&site.admin, ago(80 * 3600)).await, 200, "an admin may");
    assert_eq!(post(&site.admin, "yesterday".to_owned()).await, 422);
    assert_eq!(post(&site.admin, "-5000-01-01T00:00:00Z".to_owned()).await, 422);
}

#[actix_web::test]
async fn a_restarted_recognizer_hands_nobody_an_old_decision() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(site.admin.frames(&feed, &image, 3).await["faces"][0]["state"], "known");
    site.recognizer.restart();
    assert_eq!(site.admin.frame(&feed, &image).await["faces"][0]["state"], "uncertain");
    assert_eq!(site.admin.frames(&feed, &image, 2).await["faces"][0]["state"], "known");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
}

#[actix_web::test]
async fn one_person_goes_to_one_face_of_a_frame() {
    let site = Site::start().await;
    let zoe = site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let picture = site.recognizer.image(&[mixed(&[(1, 0.8), (2, 1.0)]), person(1)]);
    let faces = site.admin.frame(&feed, &picture).await["faces"].clone();
    assert_eq!((&faces[1]["state"], &faces[1]["person"]["id"]), (&json!("known"), &json!(zoe)));
    assert_ne!(faces[0]["state"], "known");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
}

#[actix_web::test]
async fn a_face_between_two_people_stays_uncertain_unless_they_are_a_known_pair() {
    let site = Site::start().await;
    site.enrol("One", person(1)).await;
    site.enrol("Other", person(2)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let picture = site.recognizer.image(&[mixed(&[(1, 1.0), (2, 0.99)])]);
    assert_eq!(site.admin.frame(&feed, &picture).await["faces"][0]["state"], "uncertain");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 0);
}

#[actix_web::test]
async fn a_face_exchanged_within_a_track_inherits_nothing() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    site.enrol("Émile", person(2)).await;
    let fields = json!({ "name": "Door", "min_frames": 3, "dedup_seconds": 1, "max_fps": 60 });
    let (feed, _) = site.feed(fields).await;
    let zoe = site.recognizer.image(&[person(1)]);
    assert_eq!(site.admin.frames(&feed, &zoe, 3).await["faces"][0]["state"], "known");
    site.admin.frame(&feed, &zoe).await;
    assert!(site.recognizer.last_asked("settled").ends_with("-1"));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let stranger = site.recognizer.image(&[Face { in_track_of: Some(1), ..person(9) }]);
    let face = site.admin.frame(&feed, &stranger).await["faces"][0].clone();
    assert_eq!(site.recognizer.last_asked("settled"), "", "another arrival rests on another look");
    assert_eq!((&face["state"], &face["person"]), (&json!("uncertain"), &Value::Null));
    assert_eq!(site.admin.frames(&feed, &stranger, 5).await["faces"][0]["state"], "unknown");
    let other = site.recognizer.image(&[Face { in_track_of: Some(1), ..person(2) }]);
    let face = site.admin.frames(&feed, &other, 3).await["faces"][0].clone();
    assert_eq!((&face["state"], &face["person"]["name"]), (&json!("known"), &json!("Émile")));
    let hers = "SELECT count(*) FROM arrivals JOIN people ON people.id = person_id WHERE name = 'Zoë'";
    assert_eq!(site.database.number(hers), 1, "her window is over, and nobody else opened another");
}

#[actix_web::test]
async fn a_poor_picture_must_be_surer_to_name_somebody() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    // Cosine 0.624: beyond the threshold of 0.6 by less than the margin of 0.05.
    let near = mixed(&[(1, 0.8), (5, 1.0)]);
    let poor = Face { reasons: vec![types::QualityReason::Blurred], ..near.clone() };
    let state = |face: Face| {
        let image = site.recognizer.image(&[face]);
        let (site, feed) = (&site, &feed);
        async move { site.admin.frame(feed, &image).await["faces"][0]["state"].clone() }
    };
    assert_eq!(state(poor).await, "uncertain");
    assert_eq!(state(near).await, "known");
}

#[actix_web::test]
async fn a_feed_that_reveals_states_names_nobody() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1, "reveals": "state" })).await;
    let face =
        site.admin.with_token(&token).frame(&feed, &site.recognizer.image(&[person(1)])).await["faces"][0]
            .clone();
    assert_eq!(
        (&face["state"], &face["person"], &face["similarity"]),
        (&json!("known"), &Value::Null, &Value::Null)
    );
    assert_eq!(site.admin.get("/arrivals").await["items"][0]["person"]["name"], "Zoë");
}

#[actix_web::test]
async fn a_feed_over_its_rate_is_slowed_down() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door", "max_fps": 2 })).await;
    let image = site.recognizer.image(&[]);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let answer = site.admin.post_frame(&feed, &image).await;
        statuses.push(answer.status().as_u16());
        if statuses.last() == Some(&429) {
            assert!(answer.headers().contains_key("retry-after"));
        }
    }
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[actix_web::test]
async fn frames_that_are_none_are_refused_in_words() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    assert_eq!(refusal(site.admin.post_frame(&feed, b"not an image").await).await.0, 415);
    assert_eq!(refusal(site.admin.post_frame(&feed, b"").await).await.0, 400);
    assert_eq!(refusal(site.admin.post_frame(&feed, &vec![0; 11 << 20]).await).await.0, 413);
    let chunks = futures_util::stream::iter((0..11).map(|_| Ok::<_, std::io::Error>(vec![0u8; 1 << 20])));
    let unannounced = site.admin.request(Method::POST, &format!("/feeds/{feed}/frames"));
    let answer = unannounced.body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(answer.status(), 413, "a length that is not announced is counted");
    let stream = site.admin.request(Method::POST, &format!("/feeds/{feed}/frames")).header("X-Stream", "a b");
    assert_eq!(stream.body("x").send().await.unwrap().status(), 422);
    assert_eq!(site.admin.frame(&feed, &site.recognizer.image(&[])).await["faces"], json!([]));
}

#[actix_web::test]
async fn without_recognizer_frames_are_503_at_once_and_then_answered_again() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let image = site.recognizer.image(&[]);
    site.admin.frame(&feed, &image).await;
    site.recognizer.stop().await;
    // A connection that was kept open may answer once more.
    let mut answer = site.admin.post_frame(&feed, &image).await;
    while answer.status() == 200 {
        answer = site.admin.post_frame(&feed, &image).await;
    }
    assert!(answer.headers().contains_key("retry-after"));
    let (status, error) = refusal(answer).await;
    assert_eq!((status, error["code"].as_str()), (503, Some("recognizer_unavailable")));
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// The next message that is no ping.
async fn next_data(socket: &mut Socket) -> tokio_tungstenite::tungstenite::Message {
    loop {
        let message = socket.next().await.unwrap().unwrap();
        if !message.is_ping() {
            return message;
        }
    }
}

#[actix_web::test]
async fn a_socket_answers_frame_for_frame_and_survives_a_bad_one() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 2 })).await;
    let url = format!("{}/api/v1/feeds/{feed}/live", site.admin.base).replace("http", "ws");
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", format!("bearer.{token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    use tokio_tungstenite::tungstenite::Message;
    let image = site.recognizer.image(&[person(1)]);
    let mut states = Vec::new();
    for message in [image.clone(), b"rubbish".to_vec(), image.clone(), image] {
        socket.send(Message::text(json!({ "captured_at": Utc::now() }).to_string())).await.unwrap();
        socket.send(Message::binary(message)).await.unwrap();
        let answer = next_data(&mut socket).await;
        let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
        states.push(match answer["error"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => answer["faces"][0]["state"].as_str().unwrap().to_owned(),
        });
    }
    assert_eq!(states, ["uncertain", "not_an_image", "known", "known"]);
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals WHERE source_kind = 'live'"), 1);
}

#[actix_web::test]
async fn an_open_socket_closes_soon_after_its_token_is_gone() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let url = format!("{}/api/v1/feeds/{feed}/live", site.admin.base).replace("http", "ws");
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", format!("bearer.{token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(site.admin.status(Method::POST, &format!("/feeds/{feed}/token")).await, 201);
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
async fn a_dashboard_sees_the_frames_and_decisions_of_the_feeds_it_watches() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "reveals": "state" })).await;
    let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(
        format!("{}/api/v1/watch", site.admin.base).replace("http", "ws"),
    )
    .unwrap();
    request.headers_mut().insert("Cookie", site.admin.cookie.as_ref().unwrap().parse().unwrap());
    let refused = tokio_tungstenite::connect_async(request.clone()).await;
    assert!(refused.is_err(), "an upgrade without the site's origin");
    request.headers_mut().insert("Origin", site.admin.base.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    use tokio_tungstenite::tungstenite::Message;
    socket.send(Message::text(json!({ "feeds": [feed] }).to_string())).await.unwrap();
    let image = site.recognizer.image(&[person(1)]);
    // The choice and the frame travel on two connections: send until it is shown.
    let camera = site.admin.clone();
    let (sent, id) = (image.clone(), feed.clone());
    let sending = tokio::spawn(async move {
        for _ in 0..10 {
            camera.frame(&id, &sent).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    let header = next_data(&mut socket).await;
    let header: Value = serde_json::from_str(header.to_text().unwrap()).unwrap();
    assert_eq!((&header["feed"], &header["width"]), (&json!(feed), &json!(640)));
    assert_eq!(header["answer"]["faces"][0]["person"]["name"], "Zoë", "a viewer is told the names");
    assert_eq!(next_data(&mut socket).await.into_data().to_vec(), image);
    sending.await.unwrap();
}

#[actix_web::test]
async fn a_feed_streams_as_mjpeg() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let mut answer = site.admin.send(Method::GET, &format!("/feeds/{feed}/stream"), None).await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("multipart/x-mixed-replace"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let image = site.recognizer.image(&[]);
    site.admin.frame(&feed, &image).await;
    let part = answer.chunk().await.unwrap().unwrap();
    assert!(part.starts_with(b"--frame\r\n") && part.windows(image.len()).any(|window| window == image));
    eventually("the feed is live", || async { site.admin.get("/today").await["feeds_live"] == 1 }).await;
}
