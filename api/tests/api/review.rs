//! The review queue and confirmed non-matches.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use types::QualityReason;

use crate::recognizer::{Face, mixed, person, poor};
use crate::support::{Site, eventually, refusal};

const REASON: &str = "Visitors of the open day are enrolled at the desk.";

pub async fn switch_on(site: &Site) {
    let settings = json!({ "enabled": true, "reason": REASON, "keep_hours": 72 });
    assert_eq!(site.admin.send(Method::PUT, "/review/settings", Some(settings)).await.status(), 200);
}

/// Shows a face until it stands as nobody's, in a stream of its own.
async fn show(site: &Site, feed: &str, face: Face) {
    let (image, stream) = (site.recognizer.image(&[face]), uuid::Uuid::new_v4().to_string());
    let request = site.admin.request(Method::POST, &format!("/feeds/{feed}/frames"));
    assert_eq!(request.header("X-Stream", stream).body(image).send().await.unwrap().status(), 200);
}

async fn items(site: &Site) -> Vec<Value> {
    site.admin.get("/review").await["items"].as_array().unwrap().clone()
}

/// Shows an unknown face and waits for its item.
pub async fn unknown(site: &Site, feed: &str, n: usize) -> Value {
    let before = items(site).await.len();
    show(site, feed, person(n)).await;
    eventually("the face is in the queue", || async { items(site).await.len() == before + 1 }).await;
    items(site).await[0].clone()
}

pub fn face(item: &Value, n: usize) -> String {
    item["faces"][n]["id"].as_str().unwrap().to_owned()
}

fn path(item: &Value, rest: &str) -> String {
    format!("/review/{}{rest}", item["id"].as_str().unwrap())
}

async fn door(site: &Site) -> String {
    site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await.0
}

#[actix_web::test]
async fn nothing_is_kept_until_an_admin_says_why_and_off_erases_everything() {
    let site = Site::start().await;
    let feed = door(&site).await;
    assert_eq!(
        site.admin.get("/review/settings").await,
        json!({ "enabled": false, "reason": null, "keep_hours": 72 })
    );
    show(&site, &feed, person(1)).await;
    for bad in [
        json!({ "enabled": true }),
        json!({ "enabled": true, "reason": "because" }),
        json!({ "enabled": true, "reason": REASON, "keep_hours": 0 }),
        json!({ "enabled": true, "reason": REASON, "keep_hours": 721 }),
    ] {
        let answer = site.admin.send(Method::PUT, "/review/settings", Some(bad.clone())).await;
        assert_eq!(refusal(answer).await.0, 422, "{bad}");
    }
    switch_on(&site).await;
    let item = unknown(&site, &feed, 2).await;
    assert_eq!(items(&site).await.len(), 1, "who came before the switch is not there");
    assert_eq!((&item["sightings"], &item["faces"][0]["why"]), (&json!(1), &json!("unknown")));
    assert_eq!(item["faces"][0]["feed"]["name"], "Door");
    let image = path(&item, &format!("/faces/{}/image", face(&item, 0)));
    let answer = site.admin.send(Method::GET, &image, None).await;
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.bytes().await.unwrap().starts_with(&[0xff, 0xd8]));
    let open = "SELECT count(*) FROM review_faces WHERE position('\\xffd8ff'::bytea IN picture) > 0 \
        OR position('\\x0000803f00000000'::bytea IN template) > 0";
    assert_eq!(site.database.number(open), 0, "sealed where they lie");
    let off = json!({ "enabled": false });
    assert_eq!(site.admin.send(Method::PUT, "/review/settings", Some(off)).await.status(), 200);
    assert_eq!((items(&site).await.len(), site.database.number("SELECT count(*) FROM review_faces")), (0, 0));
    show(&site, &feed, person(3)).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(items(&site).await.len(), 0);
    let audited = "SELECT count(*) FROM audit WHERE action = 'review.settings_changed' AND detail ? 'reason'";
    assert_eq!(site.database.number(audited), 2);
}

#[actix_web::test]
async fn one_person_is_one_item_with_a_few_pictures() {
    let site = Site::start().await;
    let feed = door(&site).await;
    switch_on(&site).await;
    unknown(&site, &feed, 1).await;
    unknown(&site, &feed, 2).await;
    let again = mixed(&[(1, 1.0), (5, 0.5)]);
    for _ in 0..6 {
        show(&site, &feed, again.clone()).await;
        // One at a time is kept, so that none is let go here.
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    eventually("all sightings are counted", || async { items(&site).await[0]["sightings"] == 7 }).await;
    let list = items(&site).await;
    assert_eq!((list.len(), list[0]["faces"].as_array().unwrap().len()), (2, 5));
    let page = site.admin.get("/review?limit=1").await;
    assert_eq!((&page["total"], &page["items"][0]["id"]), (&json!(2), &list[0]["id"]));
    let rest = site.admin.get(&format!("/review?limit=1&after={}", page["next"].as_str().unwrap())).await;
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&list[1]["id"], &Value::Null));
}

#[actix_web::test]
async fn what_is_known_poor_or_replayed_stays_out() {
    let site = Site::start().await;
    let feed = door(&site).await;
    switch_on(&site).await;
    site.enrol("Zoë", person(1)).await;
    show(&site, &feed, person(1)).await;
    show(&site, &feed, poor(2, &[QualityReason::TurnedAway])).await;
    let image = site.recognizer.image(&[person(3)]);
    let ago = (Utc::now() - TimeDelta::minutes(5)).to_rfc3339();
    let replay =
        site.admin.request(Method::POST, &format!("/feeds/{feed}/frames")).header("X-Captured-At", ago);
    assert_eq!(replay.body(image).send().await.unwrap().status(), 200);
    // Written after the others would have been.
    unknown(&site, &feed, 4).await;
    assert_eq!(items(&site).await.len(), 1);
}

#[actix_web::test]
async fn naming_a_face_is_an_enrolment_with_consent() {
    let site = Site::start().await;
    let feed = door(&site).await;
    switch_on(&site).await;
    let item = unknown(&site, &feed, 1).await;
    let enrol = |item: &Value, body: Value| {
        let (admin, path) = (site.admin.clone(), path(item, "/enrolment"));
        async move { admin.send(Method::POST, &path, Some(body)).await }
    };
    let person_fields = json!({ "name": "Zoë", "external_id": "S-1" });
    let refused = enrol(&item, json!({ "person": person_fields })).await;
    assert_eq!(refusal(refused).await.1["code"], "consent_required");
    assert_eq!(refusal(enrol(&item, json!({})).await).await.0, 422);
    let strange = json!({ "person": person_fields, "consent": true, "faces": [uuid::Uuid::nil()] });
    assert!(refusal(enrol(&item, strange).await).await.1["fields"]["faces"].is_string());
    let answer = enrol(&item, json!({ "person": person_fields, "consent": true })).await;
    assert_eq!(answer.status(), 201);
    let zoe: Value = answer.json().await.unwrap();
    assert_eq!(
        (zoe["photos"].as_array().unwrap().len(), zoe["consent"]["given_by"].as_str()),
        (1, Some("Zoë"))
    );
    assert_eq!(items(&site).await.len(), 0);
    assert_eq!(refusal(enrol(&item, json!({ "person": person_fields, "consent": true })).await).await.0, 404);
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(site.admin.frame(&feed, &image).await["faces"][0]["person"]["name"], "Zoë");

    // Somebody who is there without photos, and somebody whose face it is not.
    let form = crate::support::person_form(json!({ "name": "Émile", "external_id": "S-2" }), &[]);
    let emile: Value = site.admin.post_form("/people", form).await.json().await.unwrap();
    let item = unknown(&site, &feed, 2).await;
    let body = |id: &Value| json!({ "person_id": id });
    assert_eq!(refusal(enrol(&item, body(&emile["id"])).await).await.1["code"], "consent_required");
    let (status, error) = refusal(enrol(&item, body(&zoe["id"])).await).await;
    assert_eq!((status, error["code"].as_str()), (422, Some("photo_refused")), "not her face");
    let mut consented = body(&emile["id"]);
    consented["consent"] = json!(true);
    assert_eq!(enrol(&item, consented).await.status(), 201);
    assert_eq!(items(&site).await.len(), 0);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'review.enrolled'"), 2);
}

#[actix_web::test]
async fn a_confirmed_non_match_vetoes_that_person_alone() {
    let site = Site::start().await;
    let feed = door(&site).await;
    switch_on(&site).await;
    // A stranger who looks a little like her, not enough to be named.
    let stranger = mixed(&[(1, 0.7), (5, 1.0)]);
    let (zoe, emile) = (site.enrol("Zoë", person(1)).await, site.enrol("Émile", person(2)).await);
    show(&site, &feed, mixed(&[(1, 0.5), (5, 1.0)])).await;
    eventually("the stranger is in the queue", || async { items(&site).await.len() == 1 }).await;
    let item = items(&site).await[0].clone();
    assert_eq!(item["candidates"][0]["person"]["name"], "Zoë");
    assert_eq!(
        site.admin
            .send(Method::PATCH, &format!("/feeds/{feed}"), Some(json!({ "threshold": 0.5 })))
            .await
            .status(),
        200
    );
    let state = |face: Face| {
        let image = site.recognizer.image(&[face]);
        let (site, feed) = (&site, &feed);
        async move {
            let face = site.admin.frame(feed, &image).await["faces"][0].clone();
            (face["state"].as_str().unwrap().to_owned(), face["person"]["name"].clone())
        }
    };
    assert_eq!(state(stranger.clone()).await, ("known".to_owned(), json!("Zoë")), "a false match");
    let mark = |id: String| {
        let (admin, path) = (site.admin.clone(), path(&item, "/non-match"));
        async move { admin.send(Method::POST, &path, Some(json!({ "person_id": id }))).await }
    };
    assert_eq!(refusal(mark(uuid::Uuid::nil().to_string()).await).await.0, 404);
    site.database.execute("UPDATE review_items SET model_pack = 'another'");
    assert_eq!(refusal(mark(zoe.clone()).await).await.1["code"], "other_model_pack");
    assert_eq!(items(&site).await[0]["candidates"], json!([]), "compared with nobody");
    site.database.execute("UPDATE review_items SET model_pack = 'scripted-1'");
    assert_eq!(mark(zoe.clone()).await.status(), 204);
    assert_eq!(state(stranger).await.0, "unknown");
    assert_eq!(state(person(1)).await, ("known".to_owned(), json!("Zoë")), "she herself is still known");
    assert_eq!(state(person(2)).await, ("known".to_owned(), json!("Émile")));
    assert_eq!(items(&site).await[0]["candidates"][0]["person"]["name"], "Émile", "she is named no longer");
    let sealed =
        "SELECT count(*) FROM non_matches WHERE position('\\x0000000000000000'::bytea IN sealed) = 0";
    assert_eq!(site.database.number(sealed), 1);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{zoe}")).await, 204);
    assert_eq!(site.database.number("SELECT count(*) FROM non_matches"), 0, "gone with her");
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{emile}")).await, 204);
}

#[actix_web::test]
async fn faces_expire_are_dismissed_and_go_with_their_person() {
    let site = Site::start().await;
    let feed = door(&site).await;
    switch_on(&site).await;
    let item = unknown(&site, &feed, 1).await;
    assert_eq!(site.admin.status(Method::DELETE, &path(&item, "")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &path(&item, "")).await, 404);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'review.dismissed'"), 1);

    let old = unknown(&site, &feed, 2).await;
    let id = old["id"].as_str().unwrap();
    site.database
        .execute(&format!("UPDATE review_faces SET at = at - interval '3 hours' WHERE item_id = '{id}'"));
    unknown(&site, &feed, 3).await;
    let shorter = json!({ "enabled": true, "reason": REASON, "keep_hours": 2 });
    assert_eq!(site.admin.send(Method::PUT, "/review/settings", Some(shorter)).await.status(), 200);
    let left = items(&site).await;
    assert_eq!(left.len(), 1, "a shorter time holds for what is there already");
    site.database.execute("UPDATE review_faces SET expires_at = now() - interval '1 second'");
    api::domain::review::purge(&mut site.database.connect()).unwrap();
    assert_eq!((items(&site).await.len(), site.database.number("SELECT count(*) FROM review_faces")), (0, 0));

    // Seen before they were enrolled, erased or withdrawn after: what shows them goes too, and others stay.
    for withdraw in [true, false] {
        show(&site, &feed, mixed(&[(4, 1.0), (5, 0.2)])).await;
        eventually("the face is there", || async { items(&site).await.len() == 1 }).await;
        unknown(&site, &feed, 6).await;
        let zoe = site.enrol("Zoë", person(4)).await;
        let path = format!("/people/{zoe}");
        if withdraw {
            let change = site.admin.send(Method::PATCH, &path, Some(json!({ "consent": false }))).await;
            assert_eq!(change.status(), 200);
        }
        let left = || async { items(&site).await.len() };
        assert_eq!(left().await, if withdraw { 1 } else { 2 });
        assert_eq!(site.admin.status(Method::DELETE, &path).await, 204);
        assert_eq!(left().await, 1);
        site.database.execute("DELETE FROM review_items");
    }
}
