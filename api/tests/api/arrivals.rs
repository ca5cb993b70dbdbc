use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::recognizer::person;
use crate::support::{Client, Site, refusal};

/// Reads server-sent events of one connection.
struct Events {
    answer: reqwest::Response,
    rest: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Events {
    async fn open(client: &Client, last_event_id: Option<&str>) -> Self {
        let mut request = client.request(Method::GET, "/arrivals/events");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, rest: String::new() }
    }

    async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(Duration::from_secs(5), self.read());
        event.await.expect("an event within five seconds")
    }

    async fn next_arrival(&mut self) -> Event {
        loop {
            let event = self.next().await;
            if event.name == "arrival" {
                return event;
            }
        }
    }

    async fn read(&mut self) -> Event {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let event = Event {
                    name: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).unwrap_or_default(),
                };
                self.rest = rest.to_owned();
                if !event.name.is_empty() {
                    return event;
                }
                continue;
            }
            let chunk = self.answer.chunk().await.unwrap().expect("the stream goes on");
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// Inserts an arrival, without committing.
fn insert(conn: &mut PgConnection, person: &str, feed: &str, at: DateTime<Utc>) -> String {
    let id = Uuid::now_v7();
    let at = at.to_rfc3339();
    conn.batch_execute(&format!(
        "INSERT INTO arrivals (id, person_id, feed_id, at, span, captured_at, received_at, method, sender_kind, \
         sender_id, source_kind) VALUES ('{id}', '{person}', '{feed}', '{at}', tstzrange('{at}', '{at}'::timestamptz \
         + interval '1 second'), '{at}', '{at}', 'manual', 'user', gen_random_uuid(), 'post'); NOTIFY arrivals"
    ))
    .unwrap();
    id.to_string()
}

#[actix_web::test]
async fn an_arrival_is_pushed_at_once() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let mut events = Events::open(&site.admin, None).await;
    let ready = events.next().await;
    assert_eq!(ready.name, "ready");
    assert!(!ready.id.is_empty());
    let answer = site.admin.frame(&feed, &site.recognizer.image(&[person(1)])).await;
    let event = events.next_arrival().await;
    assert_eq!(event.data["id"], answer["faces"][0]["arrival_id"]);
    assert_eq!(event.data["person"]["name"], "Zoë");
    assert_eq!(event.data, site.admin.get("/arrivals").await["items"][0]);
}

#[actix_web::test]
async fn a_resumed_reader_misses_nothing_whatever_the_order_of_commits() {
    let site = Site::start().await;
    let zoe = site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let mut live = Events::open(&site.admin, None).await;
    let start = live.next().await.id;
    let now = Utc::now();

    // The first transaction writes first and commits last.
    let (mut slow, mut quick) = (site.database.connect(), site.database.connect());
    slow.batch_execute("BEGIN").unwrap();
    let early = insert(&mut slow, &zoe, &feed, now);
    let late = insert(&mut quick, &zoe, &feed, now + TimeDelta::seconds(10));
    let seen = live.next_arrival().await;
    assert_eq!(seen.data["id"], late, "the open transaction holds nobody up");

    // A reader that leaves here has had the later row and not the earlier one.
    let mut resumed = Events::open(&site.admin, Some(&seen.id)).await;
    slow.batch_execute("COMMIT").unwrap();
    assert_eq!(live.next_arrival().await.data["id"], early);
    assert_eq!(resumed.next_arrival().await.data["id"], early);

    let mut after = Events::open(&site.admin, Some(&seen.id)).await;
    assert_eq!(after.next_arrival().await.data["id"], early, "also when it comes back after the commit");
    let mut from_start = Events::open(&site.admin, Some(&start)).await;
    let mut all = [
        from_start.next_arrival().await.data["id"].clone(),
        from_start.next_arrival().await.data["id"].clone(),
    ];
    all.sort_by_key(ToString::to_string);
    let mut expected = [json!(early), json!(late)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(all, expected);
}

#[actix_web::test]
async fn a_cursor_from_another_cluster_or_of_no_sense_starts_over() {
    let site = Site::start().await;
    let zoe = site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let id = insert(&mut site.database.connect(), &zoe, &feed, Utc::now());
    for cursor in ["999999999:999999999:", "nonsense", "1:2:3:4", "'; SELECT 1"] {
        let mut events = Events::open(&site.admin, Some(cursor)).await;
        assert_eq!(events.next_arrival().await.data["id"], id, "{cursor}");
    }
}

#[actix_web::test]
async fn arrivals_written_elsewhere_come_too_and_the_stream_ends_with_the_session() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let second = site.second_instance().await;
    let mut events = Events::open(&Client { base: second.base.clone(), ..site.admin.clone() }, None).await;
    site.admin.frame(&feed, &site.recognizer.image(&[person(1)])).await;
    assert_eq!(events.next_arrival().await.data["person"]["name"], "Zoë");
    site.admin.status(Method::DELETE, "/session").await;
    let ended = tokio::time::timeout(Duration::from_secs(15), async {
        while events.answer.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    });
    assert!(ended.await.is_ok(), "within 15 seconds of signing out");
    second.stop().await;
}

#[actix_web::test]
async fn lists_are_filtered_and_paged_newest_first() {
    let site = Site::start().await;
    let (zoe, emile) = (site.enrol("Zoë", person(1)).await, site.enrol("Émile", person(2)).await);
    let (door, _) = site.feed(json!({ "name": "Door" })).await;
    let (gate, _) = site.feed(json!({ "name": "Gate" })).await;
    let noon: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
    let mut conn = site.database.connect();
    let mut ids = Vec::new();
    for n in 0..6 {
        let (who, feed) = if n % 2 == 0 { (&zoe, &door) } else { (&emile, &gate) };
        ids.push(insert(&mut conn, who, feed, noon + TimeDelta::minutes(n)));
    }
    ids.reverse();
    let list = |query: String| {
        let admin = site.admin.clone();
        async move {
            let page = admin.get(&format!("/arrivals?{query}")).await;
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(list(String::new()).await, ids);
    assert_eq!(list(format!("person={zoe}")).await, [&*ids[1], &ids[3], &ids[5]]);
    assert_eq!(list(format!("feed={gate}")).await, [&*ids[0], &ids[2], &ids[4]]);
    assert_eq!(list("query=emile".to_owned()).await, [&*ids[0], &ids[2], &ids[4]]);
    let range = "from=2026-11-20T12:01:00Z&to=2026-11-20T12:03:00Z".to_owned();
    assert_eq!(list(range).await, [&*ids[3], &ids[4]], "from is in, to is out");
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = site.admin.get(&format!("/arrivals?limit=4{after}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ids);
    for bad in [
        "person=x",
        "from=yesterday",
        "limit=0",
        "after=x",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    ] {
        let answer = site.admin.send(Method::GET, &format!("/arrivals?{bad}"), None).await;
        assert_eq!(refusal(answer).await.0, 422, "{bad}");
    }
}
