//! Liveness as a feed demands it.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::recognizer::{Face, LIVE_PACK, person};
use crate::support::{Site, eventually, refusal};

/// A site whose pack gives liveness, with one person enrolled and a feed that decides at once.
async fn site(liveness: &str, on_doubt: &str) -> (Site, String) {
    let site = Site::start().await;
    site.recognizer.set_packs(&[LIVE_PACK]);
    let any = site.feed(json!({ "name": "First" })).await.0;
    let image = site.recognizer.image(&[]);
    eventually("the pack is in use", || async {
        site.admin.post_frame(&any, &image).await.status() == 200
            && site.admin.get("/model").await["id"] == LIVE_PACK
    })
    .await;
    site.enrol("Zoë", person(1)).await;
    let fields = json!({ "name": "Door", "min_frames": 1, "max_fps": 60, "liveness": liveness,
        "on_doubt": on_doubt });
    let feed = site.feed(fields).await.0;
    (site, feed)
}

async fn shown(site: &Site, feed: &str, face: Face) -> Value {
    site.admin.frame(feed, &site.recognizer.image(&[face])).await["faces"][0].clone()
}

fn arrivals(site: &Site) -> i64 {
    site.database.number("SELECT count(*) FROM arrivals")
}

#[actix_web::test]
async fn a_feed_can_demand_what_its_pack_gives() {
    let without = Site::start().await;
    let create = |site: &Site, fields: Value| {
        let admin = site.admin.clone();
        async move { admin.send(Method::POST, "/feeds", Some(fields)).await }
    };
    for (fields, field) in [
        (json!({ "name": "A", "liveness": "passive" }), "liveness"),
        (json!({ "name": "A", "liveness": "challenge" }), "liveness"),
        (json!({ "name": "A", "on_doubt": "challenge" }), "on_doubt"),
    ] {
        let (status, error) = refusal(create(&without, fields.clone()).await).await;
        assert_eq!(status, 422, "{fields}");
        assert!(error["fields"][field].is_string(), "{fields}: {error}");
    }
    let (site, feed) = site("passive", "challenge").await;
    shown(&site, &feed, person(1)).await;
    assert_eq!(site.recognizer.last_asked("liveness"), "passive");
    let change = json!({ "liveness": "challenge", "range": "far" });
    assert_eq!(site.admin.send(Method::PATCH, &format!("/feeds/{feed}"), Some(change)).await.status(), 200);
    shown(&site, &feed, person(1)).await;
    assert_eq!(site.recognizer.last_asked("liveness"), "challenge");
    assert_eq!(site.recognizer.last_asked("range"), "far");
}

#[actix_web::test]
async fn passive_evidence_decides_who_is_logged() {
    let (site, feed) = site("passive", "review").await;
    crate::review::switch_on(&site).await;
    for (evidence, frames, state) in [
        (None, 0, "uncertain"),
        (Some(0.9), 4, "uncertain"),
        (Some(0.5), 14, "uncertain"),
        (Some(0.5), 15, "spoof"),
        (Some(0.2), 5, "spoof"),
    ] {
        let face = evidence.map_or_else(|| person(1), |evidence| person(1).live(evidence, frames));
        let face = shown(&site, &feed, face).await;
        assert_eq!((&face["state"], &face["person"]), (&json!(state), &Value::Null), "{evidence:?} {frames}");
        assert_eq!((arrivals(&site), &face["challenge"]), (0, &Value::Null));
    }
    eventually("the picture is in the review queue", || async {
        site.admin.get("/review").await["items"][0]["faces"][0]["why"] == "spoof"
    })
    .await;
    let item = site.admin.get("/review").await["items"][0].clone();
    assert_eq!(item["candidates"][0]["person"]["name"], "Zoë");
    let face = shown(&site, &feed, person(1).live(0.8, 20)).await;
    assert_eq!((&face["state"], &face["person"]["name"]), (&json!("known"), &json!("Zoë")));
    assert_eq!(arrivals(&site), 1);
    let kept = "SELECT count(*) FROM arrivals WHERE liveness > 0.7 AND \
        liveness_evidence #>> '{passive,frames}' = '20' AND liveness_evidence -> 'challenge' = 'null'";
    assert_eq!(site.database.number(kept), 1);
    assert_eq!(shown(&site, &feed, person(2).live(0.1, 9)).await["state"], "unknown");
}

/// Where the head goes for each action, in degrees: turn, nod, tilt.
fn pose(action: &str) -> [f32; 3] {
    match action {
        "turn_left" => [30.0, 0.0, 0.0],
        "turn_right" => [-30.0, 0.0, 0.0],
        "look_up" => [0.0, 20.0, 0.0],
        "look_down" => [0.0, -20.0, 0.0],
        "tilt_left" => [0.0, 0.0, 25.0],
        "tilt_right" => [0.0, 0.0, -25.0],
        _ => [0.0; 3],
    }
}

/// Follows what the answers ask for, as `n`, at twenty frames a second, until the state is no longer uncertain or the
/// challenge is gone; the last answer and how many different steps were asked for.
async fn follow(site: &Site, feed: &str, n: usize, obey: bool) -> (Value, usize) {
    let (mut held, mut steps, mut asked) = ([0.0; 3], std::collections::BTreeSet::new(), false);
    for _ in 0..200 {
        let face = shown(site, feed, person(n).held(held)).await;
        let action = face["challenge"]["action"].as_str().map(str::to_owned);
        asked |= action.is_some();
        if face["state"] != "uncertain" || (asked && action.is_none()) {
            return (face, steps.len());
        }
        let action = action.unwrap_or_default();
        if action != "look_straight" && !action.is_empty() {
            steps.insert(action.clone());
        }
        held = match (obey, action.as_str()) {
            (true, action) => pose(action),
            // Anything but what is asked.
            (false, "" | "look_straight") => [0.0; 3],
            (false, "turn_left") => pose("turn_right"),
            (false, _) => pose("turn_left"),
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("after ten seconds the challenge is not over");
}

#[actix_web::test]
async fn whoever_follows_the_challenge_is_logged_once_it_is_passed() {
    let (site, feed) = site("challenge", "review").await;
    let first = shown(&site, &feed, person(1).held([0.0; 3])).await;
    assert_eq!((&first["state"], &first["challenge"]["step"]), (&json!("uncertain"), &json!(1)));
    assert_eq!(
        (&first["challenge"]["of"], &first["challenge"]["action"]),
        (&json!(4), &json!("look_straight"))
    );
    assert!(first["challenge"]["expires_at"].is_string() && first["person"].is_null());
    assert_eq!(arrivals(&site), 0);
    let (face, steps) = follow(&site, &feed, 1, true).await;
    assert_eq!((&face["state"], &face["person"]["name"], steps), (&json!("known"), &json!("Zoë"), 4));
    assert_eq!((arrivals(&site), &face["challenge"]), (1, &Value::Null));
    let kept =
        "SELECT count(*) FROM arrivals WHERE liveness_evidence #>> '{challenge,passed_at}' IS NOT NULL";
    assert_eq!(site.database.number(kept), 1);
    assert_eq!(
        shown(&site, &feed, person(2).held([0.0; 3])).await["challenge"],
        Value::Null,
        "strangers are not asked"
    );
}

#[actix_web::test]
async fn a_wrong_movement_a_still_picture_and_another_face_pass_nothing() {
    let (site, feed) = site("challenge", "review").await;
    let (face, _) = follow(&site, &feed, 1, false).await;
    assert_eq!((&face["state"], arrivals(&site)), (&json!("uncertain"), 0));
    let face = shown(&site, &feed, person(1).held([0.0; 3])).await;
    assert_eq!(face["challenge"], Value::Null, "whoever failed waits for the next");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert!(shown(&site, &feed, person(1).held([0.0; 3])).await["challenge"].is_object());
    let swapped = Face { in_track_of: Some(1), ..person(3) }.held([0.0; 3]);
    site.enrol("Émile", person(3)).await;
    assert_eq!(
        shown(&site, &feed, swapped).await["challenge"]["step"],
        1,
        "he is asked himself, from the start"
    );
    assert_eq!(arrivals(&site), 0);
}

#[actix_web::test]
async fn frames_that_were_kept_take_part_in_no_challenge() {
    let (site, feed) = site("challenge", "review").await;
    let image = site.recognizer.image(&[person(1).held([0.0; 3])]);
    for _ in 0..3 {
        let ago = (Utc::now() - TimeDelta::seconds(60)).to_rfc3339();
        let request = site.admin.request(Method::POST, &format!("/feeds/{feed}/frames"));
        let answer = request.header("X-Captured-At", ago).body(image.clone()).send().await.unwrap();
        let face = answer.json::<Value>().await.unwrap()["faces"][0].clone();
        assert_eq!((&face["state"], &face["challenge"]), (&json!("uncertain"), &Value::Null));
    }
    assert_eq!(arrivals(&site), 0);
}

#[actix_web::test]
async fn doubtful_evidence_is_settled_by_a_challenge_where_the_feed_says_so() {
    let (site, feed) = site("passive", "challenge").await;
    let doubtful = |held| person(1).live(0.5, 15).held(held);
    let face = shown(&site, &feed, doubtful([0.0; 3])).await;
    assert_eq!((&face["state"], &face["challenge"]["step"]), (&json!("uncertain"), &json!(1)));
    assert_eq!(site.recognizer.last_asked("liveness"), "passive");
    shown(&site, &feed, doubtful([0.0; 3])).await;
    assert_eq!(site.recognizer.last_asked("liveness"), "challenge", "poses are asked for while there is one");
    assert_eq!(
        shown(&site, &feed, person(1).live(0.1, 15)).await["state"],
        "spoof",
        "a clear attack is not asked"
    );
    assert_eq!(arrivals(&site), 0);
}
