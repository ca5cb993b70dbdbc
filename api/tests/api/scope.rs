//! Whose records each role sees: a manager of one class, and what belongs to another.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::recognizer::person;
use crate::support::{Client, Site, refusal};

const PASSWORD: &str = "a long enough password";

/// Ann is in class 1a, Bob in 1b; a door for each class, and one for everybody.
struct School {
    site: Site,
    ann: String,
    bob: String,
    group_a: Value,
    door_a: String,
    door_b: String,
    hall: String,
}

impl School {
    async fn start() -> Self {
        let site = Site::start().await;
        let ann = site.enrol("Ann", person(1)).await;
        let bob = site.enrol("Bob", person(2)).await;
        let group_a = join(&site, &ann, "1a").await;
        let group_b = join(&site, &bob, "1b").await;
        let door = |name: &str, groups: Value| json!({ "name": name, "min_frames": 1, "groups": groups });
        let (door_a, _) = site.feed(door("Door A", json!([group_a]))).await;
        let (door_b, _) = site.feed(door("Door B", json!([group_b]))).await;
        let (hall, _) = site.feed(door("Hall", json!([]))).await;
        Self { site, ann, bob, group_a, door_a, door_b, hall }
    }

    /// Somebody of a role, signed in.
    async fn user(&self, role: &str, more: Value) -> Client {
        let mut body = json!({ "email": format!("{role}@example.org"), "role": role, "password": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(self.site.admin.send(Method::POST, "/users", Some(body)).await.status(), 201);
        let mut client = self.site.server.client();
        client.sign_in(&format!("{role}@example.org"), PASSWORD).await;
        client
    }

    /// The manager of class 1a.
    async fn manager(&self) -> Client {
        self.user("manager", json!({ "groups": [self.group_a] })).await
    }

    /// Both come through the hall.
    async fn arrive(&self) {
        let image = self.site.recognizer.image(&[person(1), person(2)]);
        let answer = self.site.admin.frame(&self.hall, &image).await;
        assert!(answer["faces"].as_array().unwrap().iter().all(|face| face["arrival_id"].is_string()));
    }

    async fn photo(&self, person: &str) -> String {
        let shown = self.site.admin.get(&format!("/people/{person}")).await;
        format!("/people/{person}/photos/{}", shown["photos"][0]["id"].as_str().unwrap())
    }
}

async fn join(site: &Site, person: &str, group: &str) -> Value {
    let body = json!({ "groups": [group] });
    let answer = site.admin.send(Method::PATCH, &format!("/people/{person}"), Some(body)).await;
    answer.json::<Value>().await.unwrap()["groups"][0]["id"].clone()
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let name = |item: &Value| match field {
        "" => item["name"].as_str().unwrap().to_owned(),
        field => item[field]["name"].as_str().unwrap().to_owned(),
    };
    let mut names: Vec<String> = list["items"].as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}

#[actix_web::test]
async fn each_role_meets_somebody_elses_record_as_its_scope_says() {
    let school = School::start().await;
    school.arrive().await;
    let (photo_a, photo_b) = (school.photo(&school.ann).await, school.photo(&school.bob).await);
    let (ann, bob) = (format!("/people/{}", school.ann), format!("/people/{}", school.bob));
    let roles = [
        ("manager of her class", school.manager().await, [200, 404, 200, 404]),
        ("guard", school.user("guard", json!({})).await, [200, 200, 200, 200]),
        ("herself", school.user("member", json!({ "person": school.ann })).await, [200, 404, 403, 403]),
        ("admin", school.site.admin.clone(), [200, 200, 200, 200]),
        (
            "key",
            crate::api_keys::key(&school.site, "all", &["people:read", "feeds:read", "watch:read"]).await.1,
            [200, 200, 200, 200],
        ),
    ];
    for (who, client, [own, other, own_door, other_door]) in &roles {
        for (path, expected) in [
            (ann.clone(), own),
            (bob.clone(), other),
            (format!("{ann}/photos"), own),
            (format!("{bob}/photos"), other),
            (photo_a.clone(), own),
            (photo_b.clone(), other),
            (format!("/feeds/{}", school.door_a), own_door),
            (format!("/feeds/{}", school.door_b), other_door),
            (format!("/feeds/{}/stream", school.door_a), own_door),
            (format!("/feeds/{}/stream", school.door_b), other_door),
        ] {
            assert_eq!(client.status(Method::GET, &path).await, *expected, "{path} as {who}");
        }
        let mixed = format!("{ann}/photos/{}", photo_b.rsplit('/').next().unwrap());
        assert_eq!(client.status(Method::GET, &mixed).await, 404, "Bob's photo under Ann, as {who}");
    }
}

#[actix_web::test]
async fn lists_searches_counts_and_today_are_of_the_scope() {
    let school = School::start().await;
    school.arrive().await;
    let manager = school.manager().await;
    assert_eq!(names(&manager.get("/people").await, ""), ["Ann"]);
    assert_eq!(manager.get("/people").await["total"], 1);
    assert!(names(&manager.get("/people?query=Bob").await, "").is_empty());
    assert!(names(&manager.get("/people?group=1b").await, "").is_empty());
    assert_eq!(manager.get("/people/count").await["count"], 1);
    assert_eq!(names(&manager.get("/arrivals").await, "person"), ["Ann"]);
    assert!(names(&manager.get("/arrivals?query=Bob").await, "person").is_empty());
    assert!(names(&manager.get(&format!("/arrivals?person={}", school.bob)).await, "person").is_empty());
    assert_eq!(names(&manager.get("/feeds").await, ""), ["Door A", "Hall"]);
    let today = manager.get("/today").await;
    let counts = ["present", "expected", "arrivals", "feeds"].map(|field| today[field].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 1, 2], "{today}");
    let whole = school.site.admin.get("/today").await;
    let counts = ["present", "expected", "arrivals", "feeds"].map(|field| whole[field].as_i64().unwrap());
    assert_eq!(counts, [2, 2, 2, 3], "{whole}");

    let member = school.user("member", json!({ "person": school.ann })).await;
    assert_eq!(names(&member.get("/arrivals").await, "person"), ["Ann"]);
    assert!(names(&member.get(&format!("/arrivals?person={}", school.bob)).await, "person").is_empty());
    for path in ["/people", "/people/count", "/today", "/arrivals/events", "/watch", "/feeds"] {
        assert_eq!(member.status(Method::GET, path).await, 403, "{path}");
    }
    let nobody = school.site.user("nobody@example.org", Role::Manager).await;
    assert!(names(&nobody.get("/people").await, "").is_empty(), "a manager without groups");
    assert!(names(&nobody.get("/arrivals").await, "person").is_empty());
    assert_eq!(names(&nobody.get("/feeds").await, ""), ["Hall"]);
}

#[actix_web::test]
async fn membership_counts_while_it_lasts() {
    let school = School::start().await;
    let manager = school.manager().await;
    assert_eq!(manager.get("/people/count").await["count"], 1);
    school
        .site
        .database
        .execute("UPDATE group_members SET from_day = now()::date - 9, until_day = now()::date - 1");
    assert_eq!(manager.get("/people/count").await["count"], 0);
    let path = format!("/people/{}", school.ann);
    assert_eq!(refusal(manager.send(Method::GET, &path, None).await).await.0, 404);
}

#[actix_web::test]
async fn live_events_are_of_the_scope_and_resume_within_it() {
    let school = School::start().await;
    let manager = school.manager().await;
    let open = |cursor: Option<String>| {
        let request = manager.request(Method::GET, "/arrivals/events");
        let request = match cursor {
            Some(cursor) => request.header("Last-Event-ID", cursor),
            None => request,
        };
        async move { request.send().await.unwrap() }
    };
    // Reads until Ann has arrived; everything that was sent so far.
    async fn until_ann(mut answer: reqwest::Response) -> String {
        let mut text = String::new();
        while !text.contains("\"Ann\"") {
            text.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
        }
        text
    }
    let live = open(None).await;
    // Bob first: whatever is sent of him would be sent before Ann.
    school.site.admin.frame(&school.hall, &school.site.recognizer.image(&[person(2)])).await;
    school.site.admin.frame(&school.hall, &school.site.recognizer.image(&[person(1)])).await;
    let text = until_ann(live).await;
    assert!(!text.contains("Bob") && !text.contains(&school.bob), "{text}");
    let text = until_ann(open(Some("3:3:".to_owned())).await).await;
    assert!(!text.contains("Bob") && !text.contains(&school.bob), "{text}");
}

#[actix_web::test]
async fn whoever_is_assigned_to_a_feed_sends_to_it_and_learns_names_of_their_scope_alone() {
    let school = School::start().await;
    let both = school.site.recognizer.image(&[person(1), person(2)]);
    let manager = school.user("manager", json!({ "groups": [school.group_a], "feeds": [school.hall] })).await;
    let guard = school.user("guard", json!({ "feeds": [school.door_b] })).await;
    let refused = manager.post_frame(&school.door_a, &both).await;
    assert_eq!(refusal(refused).await.0, 403, "a feed of their group that they are not assigned to");
    assert_eq!(refusal(guard.post_frame(&school.hall, &both).await).await.0, 403);
    let known = |answer: &Value| {
        let faces = answer["faces"].as_array().unwrap().iter();
        let mut names: Vec<String> = faces.map(|face| face["person"]["name"].to_string()).collect();
        names.sort();
        names
    };
    let answer = manager.frame(&school.hall, &both).await;
    assert_eq!(known(&answer), ["\"Ann\"", "null"], "{answer}");
    let scores = answer["faces"].as_array().unwrap().iter().filter(|face| !face["similarity"].is_null());
    assert_eq!(scores.count(), 1, "no score of Bob: {answer}");
    assert_eq!(school.site.database.number("SELECT count(*) FROM arrivals"), 2, "both are logged");
    assert_eq!(known(&guard.frame(&school.door_b, &both).await), ["\"Ann\"", "\"Bob\""]);
    let sender = "SELECT count(DISTINCT sender_id) FROM arrivals WHERE sender_kind = 'user'";
    assert_eq!(school.site.database.number(sender), 2);
    let old = manager.request(Method::POST, &format!("/feeds/{}/frames", school.hall));
    let old = old.header("X-Captured-At", "2026-01-05T08:00:00Z").body(both.clone()).send().await.unwrap();
    assert_eq!(refusal(old).await.0, 422, "who is no admin dates nothing back");
    let body = json!({ "feeds": [] });
    let id = manager.get("/session").await["user"]["id"].as_str().unwrap().to_owned();
    school.site.admin.send(Method::PATCH, &format!("/users/{id}"), Some(body)).await;
    assert_eq!(refusal(manager.post_frame(&school.hall, &both).await).await.0, 403);
}

#[actix_web::test]
async fn the_groups_of_a_feed_are_set_and_must_exist() {
    let school = School::start().await;
    let path = format!("/feeds/{}", school.hall);
    let set = |groups: Value| school.site.admin.send(Method::PATCH, &path, Some(json!({ "groups": groups })));
    let (status, error) = refusal(set(json!(["00000000-0000-0000-0000-000000000009"])).await).await;
    assert!(status == 422 && error["fields"]["groups"].is_string(), "{error}");
    let feed: Value = set(json!([school.group_a])).await.json().await.unwrap();
    assert_eq!(feed["groups"], json!([school.group_a]));
    let renamed = school.site.admin.send(Method::PATCH, &path, Some(json!({ "max_fps": 10 }))).await;
    assert_eq!(
        renamed.json::<Value>().await.unwrap()["groups"],
        json!([school.group_a]),
        "what is absent stays"
    );
    let feed: Value = set(json!([])).await.json().await.unwrap();
    assert_eq!(feed["groups"], json!([]));
}

#[actix_web::test]
async fn a_watched_frame_names_people_of_the_scope_alone_and_other_feeds_stay_dark() {
    let school = School::start().await;
    let manager = school.manager().await;
    let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(
        format!("{}/api/v1/watch", manager.base).replace("http", "ws"),
    )
    .unwrap();
    request.headers_mut().insert("Cookie", manager.cookie.as_ref().unwrap().parse().unwrap());
    request.headers_mut().insert("Origin", manager.base.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    use tokio_tungstenite::tungstenite::Message;
    let chosen = json!({ "feeds": [school.door_b, school.hall] });
    socket.send(Message::text(chosen.to_string())).await.unwrap();
    let image = school.site.recognizer.image(&[person(1), person(2)]);
    let (camera, door_b, hall) = (school.site.admin.clone(), school.door_b.clone(), school.hall.clone());
    // The choice and the frames travel on two connections: send until one is shown.
    let sending = tokio::spawn(async move {
        loop {
            camera.frame(&door_b, &image).await;
            camera.frame(&hall, &image).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    for _ in 0..3 {
        let header = loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => break serde_json::from_str::<Value>(&text).unwrap(),
                _ => continue,
            }
        };
        assert_eq!(header["feed"], school.hall, "{header}");
        for face in header["answer"]["faces"].as_array().unwrap() {
            match face["person"]["name"].as_str() {
                Some(name) => assert!(name == "Ann" && face["similarity"].is_number(), "{header}"),
                None => assert!(face["similarity"].is_null(), "{header}"),
            }
        }
        assert!(header.to_string().contains("Ann") && !header.to_string().contains("Bob"), "{header}");
    }
    sending.abort();
}
