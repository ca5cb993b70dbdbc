//! Changing the model pack.

use reqwest::Method;
use serde_json::{Value, json};

use crate::recognizer::{Face, person};
use crate::support::{Site, eventually, person_form, refusal};

const OLD: &str = "scripted-1";
const NEW: &str = "scripted-2";

/// How a face is answered at a feed that decides at once, or the code of the refusal.
async fn seen(site: &Site, feed: &str, image: &[u8]) -> String {
    let body: Value = site.admin.post_frame(feed, image).await.json().await.unwrap();
    let face = body["faces"][0]["state"].as_str();
    face.or(body["error"]["code"].as_str()).unwrap().to_owned()
}

async fn status(site: &Site, pack: &str) -> Value {
    let page = site.admin.get("/model/packs").await;
    page["items"].as_array().unwrap().iter().find(|item| item["id"] == pack).cloned().unwrap_or_default()
}

async fn prepared(site: &Site, pack: &str) {
    let path = format!("/model/packs/{pack}/preparation");
    assert_eq!(site.admin.status(Method::POST, &path).await, 202);
    eventually("every photo was tried", || async { status(site, pack).await["state"] == "ready" }).await;
}

async fn activate(site: &Site, pack: &str) -> (u16, Value) {
    let answer = site.admin.send(Method::POST, &format!("/model/packs/{pack}/activation"), None).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[actix_web::test]
async fn the_first_pack_offered_is_taken_into_use() {
    let site = Site::start().await;
    assert_eq!(site.admin.get("/model").await["id"], OLD);
    let packs = site.admin.get("/model/packs").await["items"].clone();
    assert_eq!(packs.as_array().unwrap().len(), 1);
    assert_eq!((&packs[0]["state"], &packs[0]["photos_total"]), (&json!("active"), &json!(0)));
    assert!(packs[0]["activated_at"].is_string() && packs[0]["pack"]["threshold"].is_number());
    // Nothing depends on it yet: another may take its place without asking.
    site.recognizer.set_packs(&[NEW]);
    let (feed, _) = site.feed(json!({ "name": "Door", "max_fps": 60 })).await;
    let image = site.recognizer.image(&[]);
    eventually("the other pack is in use", || async {
        site.admin.post_frame(&feed, &image).await.status() == 200
    })
    .await;
    assert_eq!(site.admin.get("/model").await["id"], NEW);
}

#[actix_web::test]
async fn a_pack_that_templates_depend_on_is_missed_in_words_and_nothing_takes_its_place() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(seen(&site, &feed, &image).await, "known");
    site.recognizer.set_packs(&[NEW]);
    assert_eq!(seen(&site, &feed, &image).await, "model_pack_missing");
    let health = || async { site.admin.send(Method::GET, "/health", None).await };
    eventually("health says so", || async { health().await.status() == 503 }).await;
    let body: Value = health().await.json().await.unwrap();
    assert_eq!(body["recognizer"], "down");
    assert!(body["message"].as_str().unwrap().contains("model pack"), "{body}");
    let ready = site.admin.http.get(format!("{}/readyz", site.admin.base)).send().await.unwrap();
    assert_eq!(ready.status(), 200, "an admin can still mend it");
    assert!(ready.text().await.unwrap().contains("model pack"));
    let photo = [site.recognizer.image(&[person(2)])];
    let form = person_form(json!({ "name": "B", "external_id": "B", "consent": true }), &photo);
    assert_eq!(refusal(site.admin.post_form("/people", form).await).await.1["code"], "model_pack_missing");
    site.recognizer.set_packs(&[OLD]);
    eventually("the pack is back", || async { seen(&site, &feed, &image).await == "known" }).await;
}

#[actix_web::test]
async fn a_change_is_prepared_switched_and_undone_without_ever_comparing_two_packs() {
    let site = Site::start().await;
    let zoe = site.enrol("Zoë", person(1)).await;
    site.enrol("Émile", Face { hidden_from: Some(NEW), ..person(2) }).await;
    // Good enough when it was enrolled: another pack's limits do not take her away.
    site.enrol("Blurred", Face { poor_for: Some(NEW), ..person(5) }).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let (zoe_seen, emile_seen) = (site.recognizer.image(&[person(1)]), site.recognizer.image(&[person(2)]));
    assert_eq!(seen(&site, &feed, &zoe_seen).await, "known");
    site.recognizer.set_packs(&[OLD, NEW]);
    assert_eq!(status(&site, NEW).await["state"], "available");
    let (code, error) = activate(&site, NEW).await;
    assert_eq!((code, error["error"]["code"].as_str()), (409, Some("pack_not_ready")));

    prepared(&site, NEW).await;
    let ready = status(&site, NEW).await;
    assert_eq!((&ready["photos_done"], &ready["photos_total"]), (&json!(2), &json!(3)));
    assert_eq!(ready["failed"][0]["person"]["name"], "Émile");
    assert!(ready["failed"][0]["reason"].as_str().unwrap().contains("No face"));
    assert_eq!(seen(&site, &feed, &emile_seen).await, "known", "nothing has changed yet");

    let (code, active) = activate(&site, NEW).await;
    assert_eq!((code, &active["state"]), (200, &json!("active")));
    assert_eq!(site.admin.get("/model").await["id"], NEW);
    assert_eq!(seen(&site, &feed, &zoe_seen).await, "known");
    assert_eq!(site.recognizer.last_asked("pack"), NEW);
    assert_eq!(seen(&site, &feed, &emile_seen).await, "unknown", "the new pack has no template of his");
    let by_new = "SELECT count(*) FROM arrivals WHERE model_pack = 'scripted-2'";
    assert_eq!(site.database.number(by_new), 0, "inside the window it is the same arrival");

    // While the change can be undone, an enrolment is one in both packs.
    let both = site.enrol("Both", person(3)).await;
    let templates = format!("SELECT count(*) FROM templates WHERE person_id = '{both}'");
    assert_eq!(site.database.number(&templates), 2);
    let half = site.enrol("Half", Face { hidden_from: Some(OLD), ..person(4) }).await;
    let templates = format!("SELECT count(*) FROM templates WHERE person_id = '{half}'");
    assert_eq!(site.database.number(&templates), 1, "the other pack's failure refuses nobody");
    assert_eq!(status(&site, OLD).await["failed"][0]["person"]["id"], half);

    assert_eq!(activate(&site, OLD).await.0, 200);
    for (n, state) in [(1, "known"), (2, "known"), (3, "known"), (4, "unknown")] {
        let image = site.recognizer.image(&[person(n)]);
        assert_eq!(seen(&site, &feed, &image).await, state, "person {n}");
    }
    let forget = format!("/model/packs/{NEW}/preparation");
    assert_eq!(site.admin.status(Method::DELETE, &forget).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &forget).await, 404);
    let left = "SELECT count(*) FROM templates WHERE model_pack = 'scripted-2'";
    assert_eq!(site.database.number(left), 0);
    let active = site.admin.send(Method::DELETE, &format!("/model/packs/{OLD}/preparation"), None).await;
    assert_eq!(refusal(active).await.0, 409);
    assert_eq!(site.admin.get(&format!("/people/{zoe}")).await["photos"].as_array().unwrap().len(), 1);
    let audited = "SELECT count(*) FROM audit WHERE action IN \
        ('model.preparation_started', 'model.activated', 'model.forgotten')";
    assert_eq!(site.database.number(audited), 4);
}

#[actix_web::test]
async fn preparing_stands_back_while_the_recognizer_is_busy_and_goes_on_after_a_restart() {
    let site = Site::start().await;
    for n in 1..5 {
        site.enrol(&format!("N{n}"), person(n)).await;
    }
    site.recognizer.set_packs(&[OLD, NEW]);
    site.recognizer.set_busy(true);
    let path = format!("/model/packs/{NEW}/preparation");
    assert_eq!(site.admin.status(Method::POST, &path).await, 202);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let waiting = status(&site, NEW).await;
    assert_eq!((&waiting["state"], &waiting["photos_done"]), (&json!("preparing"), &json!(0)));
    assert_eq!(waiting["failed"], json!([]), "being busy is not the photo's fault");
    site.server.stop().await;
    site.recognizer.set_busy(false);
    let second = site.second_instance().await;
    let made = "SELECT count(*) FROM templates WHERE model_pack = 'scripted-2'";
    eventually("the other process has made them", || async { site.database.number(made) == 4 }).await;
    second.stop().await;
}

#[actix_web::test]
async fn every_process_follows_a_change() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let second = site.second_instance().await;
    let camera = second.client().with_token(&token);
    let image = site.recognizer.image(&[person(1)]);
    site.recognizer.set_packs(&[OLD, NEW]);
    prepared(&site, NEW).await;
    assert_eq!(camera.frame(&feed, &image).await["faces"][0]["state"], "known");
    assert_eq!(activate(&site, NEW).await.0, 200);
    eventually("the other process asks for the new pack", || async {
        let answer = camera.post_frame(&feed, &image).await;
        // The old pack, the new one, or a moment of neither: never a stranger, as a mix would have it.
        if answer.status() == 200 {
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["faces"][0]["state"], "known");
        }
        site.recognizer.last_asked("pack") == NEW
    })
    .await;
    second.stop().await;
}

#[actix_web::test]
async fn a_feeds_own_threshold_counts_with_the_pack_it_was_set_for() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let fields = json!({ "name": "Door", "threshold": 0.75, "margin": 0.2 });
    let (feed, _) = site.feed(fields).await;
    site.recognizer.set_packs(&[OLD, NEW]);
    prepared(&site, NEW).await;
    assert_eq!(activate(&site, NEW).await.0, 200);
    let path = format!("/feeds/{feed}");
    let shown = site.admin.get(&path).await;
    assert_eq!((&shown["threshold"], &shown["margin"]), (&Value::Null, &Value::Null));
    assert_eq!(activate(&site, OLD).await.0, 200);
    assert_eq!(site.admin.get(&path).await["threshold"], 0.75, "undone, it counts again");
    assert_eq!(activate(&site, NEW).await.0, 200);
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({ "threshold": 0.5 }))).await.status(), 200);
    let shown = site.admin.get(&path).await;
    assert_eq!((&shown["threshold"], &shown["margin"]), (&json!(0.5), &Value::Null));
}

#[actix_web::test]
async fn the_risk_follows_from_people_faces_and_the_packs_measurement() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    site.enrol("Émile", person(2)).await;
    site.database.execute("INSERT INTO face_counts VALUES (current_date, 100), (current_date - 1, 298)");
    let (feed, _) = site.feed(json!({ "name": "Door", "max_fps": 60 })).await;
    site.admin.frames(&feed, &site.recognizer.image(&[person(1), person(3)]), 4).await;
    let risk = site.admin.get("/model/risk").await;
    assert_eq!(
        (&risk["people"], &risk["faces_per_day"]),
        (&json!(2), &json!(200.0)),
        "two tracks, four frames"
    );
    assert_eq!((&risk["false_match_rate"], &risk["safe_up_to_people"]), (&json!(1e-4), &json!(10)));
    // 200 × (1 − 0.9999²)
    assert!((risk["false_names_per_day"].as_f64().unwrap() - 0.039998).abs() < 1e-6, "{risk}");
    assert!((risk["suggested_threshold"].as_f64().unwrap() - 0.6).abs() < 1e-6);
}
