//! The dashboard's one socket: feeds in view, arrivals, and feeds that come to another instance.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::recognizer::person;
use crate::support::{Client, Site};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(client: &Client) -> Self {
        let mut request =
            format!("{}/api/v1/watch", client.base).replace("http", "ws").into_client_request().unwrap();
        request.headers_mut().insert("Cookie", client.cookie.as_ref().unwrap().parse().unwrap());
        request.headers_mut().insert("Origin", client.base.parse().unwrap());
        Self(tokio_tungstenite::connect_async(request).await.unwrap().0)
    }

    async fn ask(&mut self, request: Value) {
        self.0.send(Message::text(request.to_string())).await.unwrap();
    }

    /// The next text, parsed.
    async fn text(&mut self) -> Value {
        let wait = async {
            loop {
                if let Message::Text(text) = self.0.next().await.unwrap().unwrap() {
                    return serde_json::from_str(&text).unwrap();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("a message")
    }

    /// The next arrival: whose, and the cursor after it.
    async fn arrival(&mut self) -> (String, String) {
        loop {
            let text = self.text().await;
            if let Some(name) = text["arrival"]["person"]["name"].as_str() {
                return (name.to_owned(), text["cursor"].as_str().unwrap().to_owned());
            }
        }
    }
}

#[actix_web::test]
async fn arrivals_come_over_the_same_socket_and_a_viewer_who_was_away_misses_none() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    for (name, face) in [("Zoë", person(1)), ("Ada", person(2)), ("Bo", person(3))] {
        site.enrol(name, face).await;
    }
    let pass = async |face| {
        let frame = site.recognizer.image(&[person(face)]);
        assert!(site.admin.frame(&feed, &frame).await["faces"].is_array());
    };
    let mut socket = Socket::open(&site.admin).await;
    socket.ask(json!({ "feeds": [], "arrivals": "" })).await;
    // An answer to a wrong question says that the right one before it was taken.
    socket.ask(json!({ "feeds": [], "fps": 31 })).await;
    assert!(socket.text().await["error"]["fields"]["fps"].is_string());
    pass(1).await;
    let (name, cursor) = socket.arrival().await;
    assert_eq!(name, "Zoë");
    drop(socket);

    pass(2).await;
    let mut socket = Socket::open(&site.admin).await;
    socket.ask(json!({ "feeds": [], "arrivals": cursor })).await;
    assert_eq!(socket.arrival().await.0, "Ada");
    // Choosing other feeds leaves the arrivals as they are.
    socket.ask(json!({ "feeds": [feed] })).await;
    pass(3).await;
    // One that was missed may come again as a live one.
    let next = socket.arrival().await.0;
    let next = if next == "Ada" { socket.arrival().await.0 } else { next };
    assert_eq!(next, "Bo");
}

#[actix_web::test]
async fn a_viewer_gets_no_more_pictures_than_it_asked_for_and_no_feed_starves() {
    let site = Site::start().await;
    let mut feeds = Vec::new();
    for name in ["A", "B", "C"] {
        feeds.push(site.feed(json!({ "name": name, "max_fps": 60 })).await.0);
    }
    let mut socket = Socket::open(&site.admin).await;
    socket.ask(json!({ "feeds": feeds, "fps": 1 })).await;
    socket.ask(json!({ "feeds": "none" })).await;
    assert!(socket.text().await["error"].is_object());
    let image = site.recognizer.image(&[]);
    for _ in 0..5 {
        for feed in &feeds {
            assert!(site.admin.frame(feed, &image).await["faces"].is_array());
        }
    }
    let mut first: Vec<String> = Vec::new();
    for _ in 0..3 {
        first.push(socket.text().await["feed"].as_str().unwrap().to_owned());
    }
    first.sort();
    let mut all = feeds.clone();
    all.sort();
    assert_eq!(first, all, "one picture of each before a second of any");
}

#[actix_web::test]
async fn a_feed_that_comes_to_another_instance_is_shown_here_too() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let (there, here) = (site.peer().await, site.peer().await);
    let at = |base: &str| Client { base: base.to_owned(), ..site.admin.clone() };
    let camera = at(&there.base);
    let image = site.recognizer.image(&[person(1)]);
    let mut socket = Socket::open(&at(&here.base)).await;
    socket.ask(json!({ "feeds": [feed] })).await;
    let frame = async {
        loop {
            assert!(camera.frame(&feed, &image).await["faces"].is_array());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let shown = async {
        let header = socket.text().await;
        assert_eq!(header["feed"], json!(feed));
        assert_eq!(header["answer"]["faces"][0]["person"]["name"], "Zoë");
        let Message::Binary(bytes) = socket.0.next().await.unwrap().unwrap() else { panic!("a picture") };
        assert_eq!(bytes.to_vec(), image);
    };
    tokio::select! {
        () = shown => {}
        () = frame => {}
    }
}

#[actix_web::test]
async fn only_instances_with_the_same_key_are_shown_feeds() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let peer = site.peer().await;
    let id: types::FeedId = feed.parse().unwrap();
    let key = &peer.app.audit_key;
    let now = chrono::Utc::now().timestamp();
    let ask = async |base: &str, feed: &str, proof: &str| {
        let request = peer.client().http.get(format!("{base}/peer/v1/feeds/{feed}")).bearer_auth(proof);
        request.send().await.unwrap().status().as_u16()
    };
    let good = api::domain::peers::proof(key, id, now).unwrap();
    assert_eq!(ask(&peer.base, &feed, &good).await, 200);
    let other = uuid::Uuid::new_v4().to_string();
    assert_eq!(ask(&peer.base, &other, &good).await, 401, "for another feed");
    let old = api::domain::peers::proof(key, id, now - 61).unwrap();
    assert_eq!(ask(&peer.base, &feed, &old).await, 401, "made long ago");
    for wrong in ["", "x", &token, &good.replace(&now.to_string(), &(now + 1).to_string())] {
        assert_eq!(ask(&peer.base, &feed, wrong).await, 401, "{wrong}");
    }
    assert_eq!(ask(&site.server.base, &feed, &good).await, 401, "an instance that knows of no others");
}
