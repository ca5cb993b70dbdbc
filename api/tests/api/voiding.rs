//! Wrong arrivals, and who is on site.

use api::domain::attendance::roll_call;
use api::models::scope::Scope;
use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::attendance::group;
use crate::recognizer::person;
use crate::schedules::today;
use crate::support::{Site, refusal};

async fn site_with_door() -> (Site, String, String, String) {
    let site = Site::start().await;
    let (zoe, emile) = (site.enrol("Zoë", person(1)).await, site.enrol("Émile", person(2)).await);
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    (site, zoe, emile, feed)
}

async fn arrival(site: &Site, feed: &str, who: usize) -> String {
    let answer = site.admin.frame(feed, &site.recognizer.image(&[person(who)])).await;
    answer["faces"][0]["arrival_id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_voided_arrival_counts_no_more_and_is_kept() {
    let (site, zoe, _, feed) = site_with_door().await;
    let id = arrival(&site, &feed, 1).await;
    let guard = site.user("guard@example.org", Role::Guard).await;
    let path = format!("/arrivals/{id}/void");
    let body = |reason: &str| Some(json!({ "reason": reason, "not_this_person": false }));
    assert_eq!(refusal(guard.send(Method::POST, &path, body(" ")).await).await.0, 422);
    let voided = guard.send(Method::POST, &path, body("A picture on a bag")).await;
    assert_eq!(voided.status(), 200);
    let voided: Value = voided.json().await.unwrap();
    assert_eq!(voided["voided"]["reason"], "A picture on a bag");
    assert_eq!(
        refusal(guard.send(Method::POST, &path, body("Again")).await).await.1["code"],
        "arrival_voided"
    );
    assert_eq!(guard.get("/arrivals").await["items"], json!([]));
    assert_eq!(guard.get("/arrivals?voided=true").await["items"], json!([voided]));
    assert_eq!(guard.get("/today").await["present"], 0);
    assert_eq!(guard.get("/attendance/on-site").await["count"], 0);
    assert_eq!(site.admin.get(&format!("/people/{zoe}")).await["last_seen"], Value::Null);
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'arrival.voided'"), 1);
    let nowhere = "/arrivals/00000000-0000-0000-0000-000000000009/void";
    assert_eq!(refusal(guard.send(Method::POST, nowhere, body("Nothing")).await).await.0, 404);
    let manager = site.user("manager@example.org", Role::Manager).await;
    let other = format!("/arrivals/{}/void", arrival(&site, &feed, 2).await);
    assert_eq!(refusal(manager.send(Method::POST, &other, body("Not mine")).await).await.0, 404);
}

#[actix_web::test]
async fn a_reassigned_arrival_is_a_new_one_and_the_face_is_not_taken_for_them_again() {
    let (site, zoe, emile, feed) = site_with_door().await;
    let settings = json!({ "enabled": true, "reason": "Visitors have to be found again", "keep_hours": 2 });
    assert_eq!(site.admin.send(Method::PUT, "/review/settings", Some(settings)).await.status(), 200);
    let id = arrival(&site, &feed, 1).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 1);
    let path = format!("/arrivals/{id}/reassign");
    let to = |person: &str| Some(json!({ "person": person, "reason": "His brother" }));
    assert_eq!(refusal(site.admin.send(Method::POST, &path, to(&zoe)).await).await.0, 422);
    let nobody = "00000000-0000-0000-0000-000000000009";
    assert_eq!(refusal(site.admin.send(Method::POST, &path, to(nobody)).await).await.0, 404);
    let moved = site.admin.send(Method::POST, &path, to(&emile)).await;
    assert_eq!(moved.status(), 201);
    let moved: Value = moved.json().await.unwrap();
    assert_eq!((&moved["person"]["name"], &moved["method"]), (&json!("Émile"), &json!("manual")));
    assert_eq!(moved["reassigned_from"], id);
    assert_eq!(site.admin.get("/arrivals").await["items"], json!([moved]));
    assert_eq!(site.admin.get("/arrivals?voided=true").await["items"][0]["id"], id);
    let learnt = format!("SELECT count(*) FROM non_matches WHERE person_id = '{zoe}'");
    assert_eq!(site.database.number(&learnt), 1);
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 0);
    let (feed, _) = site.feed(json!({ "name": "Gate", "min_frames": 1 })).await;
    let again = site.admin.frame(&feed, &site.recognizer.image(&[person(1)])).await;
    assert_ne!(again["faces"][0]["person"]["name"], "Zoë", "the very face that was not hers");
}

#[actix_web::test]
async fn faces_are_kept_only_while_the_queue_gives_them_a_life() {
    let (site, _, _, feed) = site_with_door().await;
    arrival(&site, &feed, 1).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 0);
    let settings = |enabled: bool| json!({ "enabled": enabled, "reason": "Visitors have to be found again", "keep_hours": 2 });
    site.admin.send(Method::PUT, "/review/settings", Some(settings(true))).await;
    arrival(&site, &feed, 2).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 1);
    site.admin.send(Method::PUT, "/review/settings", Some(settings(false))).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 0);
}

#[actix_web::test]
async fn whoever_came_and_did_not_leave_is_on_site() {
    let (site, _, _, door) = site_with_door().await;
    let (exit, _) = site.feed(json!({ "name": "Exit", "min_frames": 1, "direction": "out" })).await;
    arrival(&site, &door, 1).await;
    arrival(&site, &door, 2).await;
    let list = site.admin.get("/attendance/on-site").await;
    let names: Vec<_> = list["people"].as_array().unwrap().iter().map(|one| &one["person"]["name"]).collect();
    assert_eq!(names, ["Zoë", "Émile"]);
    assert_eq!((&list["count"], &list["people"][0]["feed"]["name"]), (&json!(2), &json!("Door")));
    arrival(&site, &exit, 1).await;
    let list = site.admin.get("/attendance/on-site").await;
    assert_eq!((&list["count"], &list["people"][0]["person"]["name"]), (&json!(1), &json!("Émile")));
    let manager = site.user("manager@example.org", Role::Manager).await;
    assert_eq!(manager.get("/attendance/on-site").await["count"], 0, "nobody of theirs");
}

#[actix_web::test]
async fn nobody_settles_an_arrival_that_is_theirs_or_would_be() {
    let (site, zoe, emile, feed) = site_with_door().await;
    let guard = site.user("guard@example.org", Role::Guard).await;
    site.database.execute(&format!("UPDATE users SET person_id = '{zoe}' WHERE email = 'guard@example.org'"));
    let (own, other) = (arrival(&site, &feed, 1).await, arrival(&site, &feed, 2).await);
    site.database.execute("UPDATE arrivals SET provisional = true");
    let void = Some(json!({ "reason": "That was not me", "not_this_person": false }));
    let to = |person: &str| Some(json!({ "person": person, "reason": "That was not me" }));
    for (path, body) in [
        (format!("/arrivals/{own}/void"), void.clone()),
        (format!("/arrivals/{own}/reassign"), to(&emile)),
        (format!("/arrivals/{other}/reassign"), to(&zoe)),
        (format!("/arrivals/{own}/confirmation"), None),
    ] {
        let (status, error) = refusal(guard.send(Method::POST, &path, body).await).await;
        assert_eq!((status, error["code"].as_str()), (403, Some("forbidden")), "{path}: {error}");
    }
    let settled = "SELECT count(*) FROM arrivals WHERE voided_at IS NOT NULL OR confirmed_at IS NOT NULL";
    assert_eq!(site.database.number(settled), 0);
    let path = format!("/arrivals/{other}/confirmation");
    assert_eq!(guard.send(Method::POST, &path, None).await.status(), 200, "somebody else's");
    let path = format!("/arrivals/{own}/void");
    assert_eq!(site.admin.send(Method::POST, &path, void).await.status(), 200, "by somebody else");
}

#[actix_web::test]
async fn nobody_archived_is_given_an_arrival() {
    let (site, _, emile, feed) = site_with_door().await;
    let id = arrival(&site, &feed, 1).await;
    let archived = Some(json!({ "archived": true }));
    assert_eq!(site.admin.send(Method::PATCH, &format!("/people/{emile}"), archived).await.status(), 200);
    let body = Some(json!({ "person": emile, "reason": "His brother" }));
    let answer = site.admin.send(Method::POST, &format!("/arrivals/{id}/reassign"), body).await;
    let (status, error) = refusal(answer).await;
    assert!(status == 422 && error["fields"]["person"].is_string(), "{error}");
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals WHERE voided_at IS NOT NULL"), 0);
}

#[actix_web::test]
async fn marks_for_other_days_put_nobody_on_site_and_take_nobody_off() {
    let (site, zoe, emile, _) = site_with_door().await;
    let club = group(&site, "Chess", &[&zoe, &emile]);
    let mark = async |person: &str, ahead: u64, state: &str| {
        let path = format!("/attendance?group={club}&day={}", today() + Days::new(ahead));
        let rows = json!([{ "person": person, "state": state, "seen_mark": null }]);
        assert_eq!(site.admin.send(Method::PUT, &path, Some(rows)).await.status(), 200);
    };
    mark(&zoe, 7, "present").await;
    mark(&emile, 0, "present").await;
    mark(&emile, 3, "excused").await;
    let list = site.admin.get("/attendance/on-site").await;
    assert_eq!((&list["count"], &list["people"][0]["person"]["name"]), (&json!(1), &json!("Émile")));
}

/// Who is on the list at a moment of May 2026, in UTC.
fn on_site_at(site: &Site, at: &str) -> Vec<String> {
    let at = format!("2026-05-{at}:00Z").parse().unwrap();
    let list = roll_call::at(&mut site.database.connect(), &Scope::Everyone, at).unwrap();
    list.people.into_iter().map(|one| one.person.name).collect()
}

/// Somebody passed a feed at a moment.
fn passed(site: &Site, person: &str, feed: &str, at: &str) {
    site.database.execute(&format!(
        "INSERT INTO arrivals (id, person_id, feed_id, at, span, captured_at, received_at, method, sender_kind,
             sender_id, source_kind)
         VALUES (gen_random_uuid(), '{person}', '{feed}', '{at}', tstzrange('{at}', '{at}'::timestamptz +
             interval '1 second'), '{at}', '{at}', 'manual', 'user', gen_random_uuid(), 'post')"
    ));
}

/// A night of 4 May that can be left for four hours after it; one person was seen to come to it, the other was marked
/// as present.
fn night(site: &Site, (starts, ends): (&str, &str), (seen, at): (&str, &str), (marked, when): (&str, &str)) {
    let (night, mark) = ("00000000-0000-0000-000c-000000000001", "00000000-0000-0000-000d-000000000001");
    site.database.execute(&format!(
        "INSERT INTO schedules (id, name, kind) VALUES ('{night}', 'Night', 'shift');
         INSERT INTO schedule_versions (schedule_id, from_day, rules)
         VALUES ('{night}', '2026-01-01', '{{\"slots\": [], \"closes_minutes_after\": 240}}');
         INSERT INTO marks (id, person_id, schedule_id, day, slot, state, marked_by, marked_at)
         VALUES ('{mark}', '{marked}', '{night}', '2026-05-04', 0, 'present', gen_random_uuid(), '{when}');
         INSERT INTO attendance_days (person_id, schedule_id, day, slot, starts_at, ends_at, state, by_hand, mark_id,
             first_in)
         VALUES ('{seen}', '{night}', '2026-05-04', 0, '{starts}', '{ends}', 'present', false, NULL, '{at}'),
                ('{marked}', '{night}', '2026-05-04', 0, '{starts}', '{ends}', 'present', true, '{mark}', NULL)"
    ));
}

#[actix_web::test]
async fn a_night_shift_is_on_site_over_midnight_until_it_leaves_or_its_window_closes() {
    let (site, zoe, emile, door) = site_with_door().await;
    let (exit, _) = site.feed(json!({ "name": "Exit", "min_frames": 1, "direction": "out" })).await;
    // From 22:00 to 06:00 by clocks that are five and a half hours ahead; Émile is marked after midnight.
    site.database.execute("UPDATE settings SET timezone = 'Asia/Kolkata'");
    let came = "2026-05-04T16:20:00Z";
    let shift = ("2026-05-04T16:30:00Z", "2026-05-05T00:30:00Z");
    night(&site, shift, (&zoe, came), (&emile, "2026-05-04T20:00:00Z"));
    passed(&site, &zoe, &door, came);
    // After midnight, at the minute it ends, and at the last of its window.
    for at in ["04T20:01", "05T00:30", "05T04:30"] {
        assert_eq!(on_site_at(&site, at), ["Zoë", "Émile"], "{at}");
    }
    assert_eq!(on_site_at(&site, "05T05:42"), [""; 0], "11:12 there");

    passed(&site, &zoe, &exit, "2026-05-05T00:40:00Z");
    assert_eq!(on_site_at(&site, "05T00:45"), ["Émile"]);
    passed(&site, &emile, &exit, "2026-05-05T00:41:00Z");
    assert_eq!(on_site_at(&site, "05T00:45"), [""; 0]);
}

#[actix_web::test]
async fn whoever_left_before_midnight_is_not_back_after_it() {
    let (site, zoe, emile, door) = site_with_door().await;
    let (exit, _) = site.feed(json!({ "name": "Exit", "min_frames": 1, "direction": "out" })).await;
    let came = "2026-05-04T21:50:00Z";
    let shift = ("2026-05-04T22:00:00Z", "2026-05-05T06:00:00Z");
    night(&site, shift, (&zoe, came), (&emile, "2026-05-04T22:05:00Z"));
    passed(&site, &zoe, &door, came);
    assert_eq!(on_site_at(&site, "05T01:00"), ["Zoë", "Émile"]);
    passed(&site, &emile, &exit, "2026-05-04T23:30:00Z");
    assert_eq!(on_site_at(&site, "05T01:00"), ["Zoë"]);
}
