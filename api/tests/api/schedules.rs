//! Schedules and holidays as an admin keeps them.

use chrono::{Datelike, Days, NaiveDate, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Site, refusal};

pub const DAILY: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// Every day from `start` to `end`.
pub fn daily(start: &str, end: &str) -> Value {
    json!({ "slots": [{ "days": DAILY, "start": start, "end": end }] })
}

/// Sends something that is created; the answer.
pub async fn created(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.send(Method::POST, path, Some(body.clone())).await;
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{path} {body}: {answer}");
    answer
}

async fn refused(site: &Site, method: Method, path: &str, body: Value) -> (u16, Value) {
    refusal(site.admin.send(method, path, Some(body)).await).await
}

#[actix_web::test]
async fn a_schedule_has_versions_and_the_past_is_not_rewritten() {
    let site = Site::start().await;
    let body = json!({ "name": "Early shift", "kind": "shift", "timezone": "Europe/Berlin",
        "from_day": today() - Days::new(3), "rules": daily("06:00", "14:00") });
    let schedule = created(&site.admin, "/schedules", body.clone()).await;
    let path = format!("/schedules/{}", schedule["id"].as_str().unwrap());
    assert_eq!(schedule["versions"][0]["rules"]["grace_minutes"], 5);
    assert_eq!(site.admin.get(&path).await, schedule);
    assert_eq!(site.admin.get("/schedules").await["items"], json!([schedule]));
    assert_eq!(refused(&site, Method::POST, "/schedules", body).await.0, 409);

    let versions = format!("{path}/versions");
    let version = |day: NaiveDate| json!({ "from_day": day, "rules": daily("07:00", "15:00") });
    for past in [today() - Days::new(1), today() - Days::new(30)] {
        let (status, error) = refused(&site, Method::POST, &versions, version(past)).await;
        assert_eq!((status, error["fields"]["from_day"].is_string()), (422, true), "{past}");
    }
    let next = today() + Days::new(7);
    created(&site.admin, &versions, version(next)).await;
    assert_eq!(refused(&site, Method::POST, &versions, version(next)).await.0, 409);
    let begun = format!("{versions}/{}", today() - Days::new(3));
    assert_eq!(site.admin.status(Method::DELETE, &begun).await, 422);
    assert_eq!(site.admin.get(&path).await["versions"].as_array().unwrap().len(), 2);
    assert_eq!(site.admin.status(Method::DELETE, &format!("{versions}/{next}")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &format!("{versions}/{next}")).await, 404);

    let zone = json!({ "timezone": "Asia/Tokyo" });
    assert_eq!(refused(&site, Method::PATCH, &path, zone).await.0, 422);
    let renamed = site.admin.send(Method::PATCH, &path, Some(json!({ "name": "Dawn" }))).await;
    assert_eq!(renamed.json::<Value>().await.unwrap()["name"], "Dawn");
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(site.admin.status(Method::GET, &path).await, 404);
    let all_day = "/schedules/00000000-0000-0000-0000-000000000001";
    assert_eq!(site.admin.status(Method::DELETE, all_day).await, 404);
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused_by_name_and_nothing_is_stored() {
    let site = Site::start().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "name": "Night", "kind": "shift", "rules": daily("22:00", "06:00") });
        body[field] = value;
        body
    };
    let overlapping = json!({ "slots": [
        { "days": ["sun"], "start": "22:00", "end": "06:00" },
        { "days": ["mon"], "start": "05:00", "end": "13:00" }] });
    let outside = json!({ "slots": daily("08:00", "16:00")["slots"],
        "breaks": [{ "start": "17:00", "end": "17:30" }] });
    for (body, field) in [
        (with("name", json!(" ")), "name"),
        (with("timezone", json!("Mars/Olympus")), "timezone"),
        (with("rules", overlapping), "rules.slots[1]"),
        (with("rules", outside), "rules.breaks[0]"),
        (with("rules", daily("25:00", "06:00")), "body"),
        (with("from_day", json!("2026-02-30")), "body"),
        (with("from_day", json!("1926-02-03")), "from_day"),
        (with("kind", json!("holiday")), "body"),
        (with("colour", json!("red")), "body"),
    ] {
        let (status, error) = refused(&site, Method::POST, "/schedules", body.clone()).await;
        assert_eq!((status, error["fields"][field].is_string()), (422, true), "{body}: {error}");
    }
    for body in [
        json!({ "name": "Snow", "from_day": today(), "until_day": today() }),
        json!({ "name": "Snow", "from_day": today(), "until_day": today() + Days::new(18_000) }),
        json!({ "name": "", "from_day": today(), "until_day": today() + Days::new(1) }),
    ] {
        assert_eq!(refused(&site, Method::POST, "/holidays", body).await.0, 422);
    }
    let stored = "SELECT (SELECT count(*) FROM schedules) + (SELECT count(*) FROM holidays)";
    assert_eq!(site.database.number(stored), 1, "the built-in schedule alone");
}

#[actix_web::test]
async fn a_preview_shows_clock_changes() {
    let site = Site::start().await;
    // The last Sunday of March of next year: at two it is three.
    let march = NaiveDate::from_ymd_opt(today().year() + 1, 3, 31).unwrap();
    let sunday = march - Days::new(u64::from(march.weekday().num_days_from_sunday()));
    let (saturday, monday) = (sunday - Days::new(1), sunday + Days::new(1));
    let body = json!({ "name": "Night", "kind": "shift", "timezone": "Europe/Berlin",
        "rules": daily("22:00", "06:00") });
    let schedule = created(&site.admin, "/schedules", body).await;
    let path = format!("/schedules/{}/preview", schedule["id"].as_str().unwrap());
    let preview = site.admin.get(&format!("{path}?from={saturday}&to={monday}")).await;
    let times: Vec<_> = preview["items"].as_array().unwrap().iter().map(|one| &one["ends_at"]).collect();
    assert_eq!(preview["items"][0]["starts_at"], format!("{saturday}T21:00:00Z"));
    assert_eq!(times, [&json!(format!("{sunday}T04:00:00Z")), &json!(format!("{monday}T04:00:00Z"))]);
    for bad in
        ["from=1990-01-01&to=2040-01-01", "from=2026-02-30&to=2026-03-30", "from=2026-03-02&to=2026-03-02"]
    {
        assert_eq!(site.admin.status(Method::GET, &format!("{path}?{bad}")).await, 422, "{bad}");
    }
}

#[actix_web::test]
async fn another_zone_of_the_site_moves_no_day_that_is_past() {
    let site = Site::start().await;
    let schedule = async |name: &str, from_day: NaiveDate| {
        let body =
            json!({ "name": name, "kind": "shift", "from_day": from_day, "rules": daily("08:00", "16:00") });
        created(&site.admin, "/schedules", body).await["id"].as_str().unwrap().to_owned()
    };
    let (past, soon) = (today() - Days::new(3), today() + Days::new(3));
    let begun = schedule("Begun", past).await;
    let deleted = schedule("Deleted", past).await;
    let later = schedule("Later", soon).await;
    assert_eq!(site.admin.status(Method::DELETE, &format!("/schedules/{deleted}")).await, 204);
    let starts = async |id: &str, day: NaiveDate| {
        let path = format!("/schedules/{id}/preview?from={day}&to={}", day + Days::new(1));
        site.admin.get(&path).await["items"][0]["starts_at"].clone()
    };
    let (began, begins) = (starts(&begun, past).await, starts(&later, soon).await);
    assert_eq!(began, format!("{past}T08:00:00Z"));

    let settings = async |name: &str, zone: &str| {
        let body = json!({ "site_name": name, "timezone": zone });
        assert_eq!(site.admin.send(Method::PUT, "/settings", Some(body)).await.status(), 200);
    };
    let own = "SELECT count(*) FROM schedules WHERE timezone = 'UTC'";
    settings("Another name", "UTC").await;
    assert_eq!(site.database.number(own), 0, "the zone is the same");
    settings("Another name", "Asia/Tokyo").await;
    assert_eq!(starts(&begun, past).await, began);
    assert_ne!(starts(&later, soon).await, begins, "nobody came to it yet");
    assert_eq!(site.database.number(own), 2, "the one that is deleted has days, too");
    assert_eq!(site.admin.get(&format!("/schedules/{begun}")).await["timezone"], "UTC");
    assert_eq!(site.admin.get(&format!("/schedules/{later}")).await["timezone"], Value::Null);
    let noted = format!(
        "SELECT count(*) FROM audit WHERE action = 'schedule.updated' AND subject_id = '{begun}' \
         AND detail->>'timezone' = 'UTC'"
    );
    assert_eq!(site.database.number(&noted), 1);
}
