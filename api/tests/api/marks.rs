//! Marks by programs, and what may stand in a note.

use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_keys::key;
use crate::attendance::group;
use crate::recognizer::person;
use crate::schedules::today;
use crate::support::{Site, refusal};

/// A class of one without a schedule: her id, and the sheet of yesterday.
async fn class(site: &Site) -> (String, String) {
    let zoe = site.enrol("Zoë", person(1)).await;
    let group = group(site, "5a", &[&zoe]);
    let sheet = format!("/attendance?group={group}&day={}", today() - Days::new(1));
    (zoe, sheet)
}

#[actix_web::test]
async fn a_key_marks_and_its_name_stands_by_the_mark() {
    let site = Site::start().await;
    let (zoe, sheet) = class(&site).await;
    let (id, leave) = key(&site, "Leave", &["attendance:read", "attendance:write"]).await;
    let rows = json!([{ "person": zoe, "state": "excused", "seen_mark": null }]);
    let answer = leave.send(Method::PUT, &sheet, Some(rows)).await;
    assert_eq!(answer.status(), 200);
    let saved: Value = answer.json().await.unwrap();
    let by = json!({ "id": id, "email": "Leave" });
    assert_eq!(saved["rows"][0]["mark"]["by"], by);
    let entries = site.admin.get(&format!("/audit?actor={id}")).await;
    assert_eq!(entries["items"][0]["action"], "attendance.marked");
    assert_eq!(entries["items"][0]["actor"]["name"], "Leave");
    // A revoked key is named all the same.
    assert_eq!(site.admin.status(Method::DELETE, &format!("/keys/{id}")).await, 204);
    assert_eq!(site.admin.get(&sheet).await["rows"][0]["mark"]["by"], by);
    assert_eq!(site.admin.get("/audit?action=key.revoked").await["items"][0]["subject"]["name"], "Leave");
}

#[actix_web::test]
async fn a_key_says_whose_day_a_correction_is_of() {
    let site = Site::start().await;
    let (_, client) = key(&site, "Leave", &["attendance:write"]).await;
    let body = json!({ "schedule": "00000000-0000-0000-0000-000000000001", "day": today(), "slot": 0,
        "state": "present", "reason": "The door was broken." });
    let (status, error) = refusal(client.send(Method::POST, "/corrections", Some(body)).await).await;
    assert!(status == 422 && error["fields"]["person"].is_string(), "{error}");
}

#[actix_web::test]
async fn a_text_is_refused_for_what_is_wrong_with_it() {
    let site = Site::start().await;
    let (zoe, sheet) = class(&site).await;
    let long = "x".repeat(501);
    for (text, said) in [("a\u{7}b", "control"), ("\u{200b}", "seen"), (long.as_str(), "501")] {
        let rows = json!([{ "person": zoe, "state": "excused", "note": text, "seen_mark": null }]);
        let (status, error) = refusal(site.admin.send(Method::PUT, &sheet, Some(rows)).await).await;
        let what = error["fields"]["[0].note"].as_str();
        assert!(status == 422 && what.is_some_and(|what| what.contains(said)), "{text:?}: {error}");
        let body = json!({ "person": zoe, "schedule": "00000000-0000-0000-0000-000000000001", "day": today(),
            "slot": 0, "state": "present", "reason": text });
        let (status, error) = refusal(site.admin.send(Method::POST, "/corrections", Some(body)).await).await;
        let what = error["fields"]["reason"].as_str();
        assert!(status == 422 && what.is_some_and(|what| what.contains(said)), "{text:?}: {error}");
    }
}
