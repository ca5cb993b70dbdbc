//! From sightings, marks and corrections to the state of a day.

use chrono::{Days, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;
use uuid::Uuid;

use crate::recognizer::person;
use crate::schedules::{created, daily, today};
use crate::support::{Client, Site, eventually, refusal};

/// A class of two whose day was from eight to four, with a camera.
pub struct School {
    pub site: Site,
    group: String,
    pub zoe: String,
    pub emile: String,
    feed: String,
    schedule: String,
}

pub fn yesterday() -> NaiveDate {
    today() - Days::new(1)
}

/// Makes a group with members, straight in the database.
pub fn group(site: &Site, name: &str, members: &[&str]) -> String {
    let id = Uuid::now_v7();
    site.database.execute(&format!("INSERT INTO groups (id, name) VALUES ('{id}', '{name}')"));
    for member in members {
        let row = format!("INSERT INTO group_members (group_id, person_id) VALUES ('{id}', '{member}')");
        site.database.execute(&row);
    }
    id.to_string()
}

/// The row of somebody on a sheet.
pub fn row_of<'a>(sheet: &'a Value, name: &str) -> &'a Value {
    let rows = sheet["rows"].as_array().unwrap();
    rows.iter().find(|row| row["person"]["name"] == name).unwrap()
}

/// A manager of a group.
async fn manager(site: &Site, email: &str, group: &str) -> Client {
    let client = site.user(email, Role::Manager).await;
    site.database.execute(&format!(
        "INSERT INTO user_groups (user_id, group_id) SELECT id, '{group}' FROM users WHERE email = '{email}'"
    ));
    client
}

/// A member with a record.
async fn member(site: &Site, email: &str, person: &str) -> Client {
    let client = site.user(email, Role::Member).await;
    site.database.execute(&format!("UPDATE users SET person_id = '{person}' WHERE email = '{email}'"));
    client
}

impl School {
    pub async fn start(rules: Value) -> Self {
        let site = Site::start().await;
        let (zoe, emile) = (site.enrol("Zoë", person(1)).await, site.enrol("Émile", person(2)).await);
        let fields = json!({ "name": "Door", "min_frames": 1, "dedup_seconds": 3600, "direction": "both" });
        let (feed, _) = site.feed(fields).await;
        let group = group(&site, "5a", &[&zoe, &emile]);
        let body = json!({ "name": "Day", "kind": "period", "from_day": yesterday() - Days::new(2), "rules": rules });
        let schedule = created(&site.admin, "/schedules", body).await["id"].as_str().unwrap().to_owned();
        let school = Self { site, group, zoe, emile, feed, schedule };
        school.assign().await;
        school
    }

    async fn assign(&self) {
        let path = format!("/schedules/{}/groups", self.schedule);
        let body = json!({ "group": self.group, "from_day": yesterday() });
        created(&self.site.admin, &path, body).await;
    }

    /// Somebody passes the camera at a time of yesterday.
    pub async fn passes(&self, who: usize, time: &str) {
        let image = self.site.recognizer.image(&[person(who)]);
        let answer = self
            .site
            .admin
            .request(Method::POST, &format!("/feeds/{}/frames", self.feed))
            .header("X-Captured-At", format!("{}T{time}:00Z", yesterday()))
            .header("X-Stream", Uuid::new_v4().to_string())
            .body(image)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["faces"][0]["state"], "known", "{answer}");
    }

    /// What yesterday was for somebody.
    pub async fn day(&self, client: &Client, person: &str) -> Value {
        let (from, to) = (yesterday(), today());
        let days = client.get(&format!("/attendance/days?person={person}&from={from}&to={to}")).await;
        days["items"][0].clone()
    }

    pub async fn until_state(&self, person: &str, state: &str) {
        eventually(&format!("the day is {state}"), || async {
            self.day(&self.site.admin, person).await["state"] == state
        })
        .await;
    }

    fn sheet(&self) -> String {
        format!("/attendance?group={}&day={}", self.group, yesterday())
    }

    pub async fn put(&self, client: &Client, rows: Value) -> reqwest::Response {
        client.send(Method::PUT, &self.sheet(), Some(rows)).await
    }
}

#[actix_web::test]
async fn days_follow_from_sightings_and_time_alone() {
    let mut rules = daily("08:00", "16:00");
    rules["asks_check_out"] = json!(true);
    let school = School::start(rules).await;
    // Nobody asked for it: the day was closed.
    school.until_state(&school.zoe, "absent").await;
    school.until_state(&school.emile, "absent").await;
    let closed =
        format!("SELECT count(*) FROM schedule_runs WHERE day = '{}' AND closed_at IS NOT NULL", yesterday());
    eventually("the run is closed", || async { school.site.database.number(&closed) == 1 }).await;

    school.passes(1, "08:20").await;
    let day = school.day(&school.site.admin, &school.zoe).await;
    assert_eq!((&day["state"], &day["late_minutes"]), (&json!("late"), &json!(20)));
    assert_eq!(day["worked_minutes"], Value::Null, "she was not seen to leave");
    // A frame that was kept for a while shows that she was there before.
    school.passes(1, "07:55").await;
    let day = school.day(&school.site.admin, &school.zoe).await;
    assert_eq!((&day["state"], &day["late_minutes"]), (&json!("present"), &json!(0)));
    school.passes(1, "15:00").await;
    let day = school.day(&school.site.admin, &school.zoe).await;
    assert_eq!((&day["state"], &day["early_minutes"]), (&json!("left_early"), &json!(60)));
    assert_eq!(day["worked_minutes"], 425);
    assert_eq!(day["group"]["name"], "5a");
    assert_eq!(school.day(&school.site.admin, &school.emile).await["state"], "absent");

    // New rules leave what was as it was.
    let before = school.day(&school.site.admin, &school.zoe).await;
    let body = json!({ "from_day": today(), "rules": daily("10:00", "12:00") });
    created(&school.site.admin, &format!("/schedules/{}/versions", school.schedule), body).await;
    eventually("they are worked off", || async {
        school.site.database.number("SELECT count(*) FROM attendance_recomputes") == 0
    })
    .await;
    assert_eq!(school.day(&school.site.admin, &school.zoe).await, before);
    school.passes(2, "08:01").await;
    assert_eq!(
        school.day(&school.site.admin, &school.emile).await["state"],
        "present",
        "by the rules of that day"
    );
}

#[actix_web::test]
async fn a_period_that_is_on_is_expected_of_everybody_in_it() {
    let school = School::start(daily("00:00", "00:00")).await;
    let (from, to) = (today(), today() + Days::new(1));
    let path = format!("/attendance/days?person={}&from={from}&to={to}", school.emile);
    eventually("he is expected", || async {
        school.site.admin.get(&path).await["items"][0]["state"] == "expected"
    })
    .await;
    let second = school.site.second_instance().await;
    let runs = format!("SELECT count(*) FROM schedule_runs WHERE day = '{}'", today());
    eventually("it is opened once", || async { school.site.database.number(&runs) == 1 }).await;
    second.stop().await;
    school.until_state(&school.emile, "absent").await;
    assert_eq!(school.site.admin.get("/today").await["absent"], 0, "today is not over");
}

#[actix_web::test]
async fn holidays_and_cameras_that_were_away_make_nobody_absent() {
    let school = School::start(daily("08:00", "16:00")).await;
    school.until_state(&school.zoe, "absent").await;
    let body =
        json!({ "name": "Snow", "from_day": yesterday(), "until_day": today(), "group": school.group });
    let holiday = created(&school.site.admin, "/holidays", body).await;
    school.until_state(&school.zoe, "holiday").await;
    let path = format!("/holidays/{}", holiday["id"].as_str().unwrap());
    assert_eq!(school.site.admin.status(Method::DELETE, &path).await, 204);
    school.until_state(&school.zoe, "absent").await;
    assert_eq!(school.site.admin.status(Method::DELETE, &path).await, 404);

    // Two hours at eight, with the only camera there is.
    let (day, feed) = (yesterday(), &school.feed);
    school.passes(2, "07:50").await;
    school.site.database.execute(&format!(
        "UPDATE feeds SET last_frame_at = now() WHERE id = '{feed}';
         INSERT INTO feed_gaps (id, feed_id, from_at, until_at)
         VALUES (gen_random_uuid(), '{feed}', '{day}T08:00:00Z', '{day}T10:00:00Z');
         INSERT INTO attendance_recomputes (from_day, until_day) VALUES ('{day}', '{day}'::date + 1)"
    ));
    school.until_state(&school.zoe, "unconfirmed").await;
    assert_eq!(school.day(&school.site.admin, &school.emile).await["state"], "present");
}

#[actix_web::test]
async fn while_frames_wait_on_a_device_nobody_is_absent() {
    let school = School::start(daily("08:00", "16:00")).await;
    school.until_state(&school.zoe, "absent").await;
    let (day, feed) = (yesterday(), &school.feed);
    school.site.database.execute(&format!("UPDATE feeds SET last_frame_at = now() WHERE id = '{feed}'"));
    let call = |fields: Value| {
        let body = crate::devices::heartbeat(fields);
        let (admin, path) = (school.site.admin.clone(), format!("/feeds/{feed}/heartbeat"));
        async move { assert_eq!(admin.send(Method::POST, &path, Some(body)).await.status(), 200) }
    };
    let started = chrono::Utc::now() - chrono::TimeDelta::days(30);
    let waiting = |lost: u32| {
        json!({ "backlog": { "frames": 3, "oldest_at": format!("{day}T08:30:00Z") },
            "frames": { "stored": 9, "lost": lost }, "started_at": started })
    };
    let drained =
        |lost: u32| json!({ "frames": { "stored": 9, "replayed": 9, "lost": lost }, "started_at": started });
    call(drained(0)).await;
    let gap = format!(
        "INSERT INTO feed_gaps (id, feed_id, from_at, until_at)
         VALUES (gen_random_uuid(), '{feed}', '{day}T08:00:00Z', '{day}T10:00:00Z')"
    );
    school.site.database.execute(&gap);
    call(waiting(0)).await;
    school.until_state(&school.zoe, "unconfirmed").await;
    school.passes(1, "08:31").await;
    school.until_state(&school.zoe, "late").await;
    assert_eq!(school.day(&school.site.admin, &school.emile).await["state"], "unconfirmed");
    // All has come: whoever was not seen was not there.
    call(drained(0)).await;
    school.until_state(&school.emile, "absent").await;

    // Where some were given up, nobody knows.
    school.site.database.execute(&gap);
    call(waiting(1)).await;
    school.until_state(&school.emile, "unconfirmed").await;
    call(drained(1)).await;
    eventually("it is worked out", || async {
        school.site.database.number("SELECT count(*) FROM attendance_recomputes") == 0
    })
    .await;
    assert_eq!(school.day(&school.site.admin, &school.emile).await["state"], "unconfirmed");
}

#[actix_web::test]
async fn a_feed_that_falls_silent_has_a_gap_until_it_is_back() {
    let site = Site::start().await;
    let (silent, _) = site.feed(json!({ "name": "Silent", "min_frames": 1 })).await;
    let (_never, _) = site.feed(json!({ "name": "Never seen" })).await;
    site.database.execute(&format!(
        "UPDATE feeds SET last_frame_at = now() - interval '10 minutes' WHERE id = '{silent}'"
    ));
    let mut conn = site.database.connect();
    let now = chrono::Utc::now();
    api::domain::attendance::closing::watch_feeds(&mut conn, &site.server.app, now).unwrap();
    assert_eq!(site.database.number("SELECT count(*) FROM feed_gaps WHERE until_at IS NULL"), 1);
    site.admin.frame(&silent, &site.recognizer.image(&[])).await;
    api::domain::attendance::closing::watch_feeds(&mut conn, &site.server.app, chrono::Utc::now()).unwrap();
    assert_eq!(site.database.number("SELECT count(*) FROM feed_gaps WHERE until_at IS NULL"), 0);
    assert_eq!(site.database.number("SELECT count(*) FROM feed_gaps"), 1);
}

#[actix_web::test]
async fn a_sheet_is_filled_in_and_saved_at_once_or_not_at_all() {
    let school = School::start(daily("08:00", "16:00")).await;
    let teacher = manager(&school.site, "teacher@example.org", &school.group).await;
    school.passes(1, "08:30").await;
    school.until_state(&school.emile, "absent").await;
    let sheet = teacher.get(&school.sheet()).await;
    assert_eq!(sheet["instances"][0]["schedule"]["name"], "Day");
    let (zoe, emile) = (row_of(&sheet, "Zoë"), row_of(&sheet, "Émile"));
    assert_eq!((&zoe["person"]["name"], &zoe["state"]), (&json!("Zoë"), &json!("late")));
    assert_eq!((&zoe["feed"]["name"], &zoe["mark"]), (&json!("Door"), &Value::Null));
    assert_eq!((&emile["state"], &emile["first_in"]), (&json!("absent"), &Value::Null));

    let row = |person: &str, state: &str, seen: &Value| json!({ "person": person, "state": state, "seen_mark": seen });
    let rows = json!([
        { "person": school.zoe, "state": "present", "note": "The bus", "seen_mark": null },
        row(&school.emile, "excused", &Value::Null)
    ]);
    let saved: Value = school.put(&teacher, rows.clone()).await.json().await.unwrap();
    assert_eq!(
        (&row_of(&saved, "Zoë")["state"], &row_of(&saved, "Zoë")["by_hand"]),
        (&json!("present"), &json!(true))
    );
    assert_eq!(row_of(&saved, "Zoë")["mark"]["by"]["email"], "teacher@example.org");
    let day = school.day(&school.site.admin, &school.emile).await;
    assert_eq!((&day["state"], &day["by_hand"]), (&json!("excused"), &json!(true)));
    assert_eq!(school.day(&school.site.admin, &school.zoe).await["note"], "The bus");

    // Somebody who has not seen those marks changes none, not even that of another person.
    let marks = [&row_of(&saved, "Zoë")["mark"]["id"], &row_of(&saved, "Émile")["mark"]["id"]];
    let stale = json!([row(&school.zoe, "absent", marks[0]), row(&school.emile, "absent", &Value::Null)]);
    let (status, error) = refusal(school.put(&school.site.admin, stale).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("mark_conflict")));
    let conflicts = error["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0]["person"]["name"], "Émile");
    assert_eq!((&conflicts[0]["mark"]["id"], &conflicts[0]["mark"]["state"]), (marks[1], &json!("excused")));
    assert_eq!(school.site.database.number("SELECT count(*) FROM marks"), 2);

    // The same again is no new mark; taking one back is.
    let again = json!([row(&school.emile, "excused", marks[1])]);
    assert_eq!(school.put(&teacher, again).await.status(), 200);
    assert_eq!(school.site.database.number("SELECT count(*) FROM marks"), 2);
    let back = json!([{ "person": school.emile, "state": null, "seen_mark": marks[1] }]);
    let saved: Value = school.put(&teacher, back).await.json().await.unwrap();
    assert_eq!(
        (&row_of(&saved, "Émile")["state"], &row_of(&saved, "Émile")["by_hand"]),
        (&json!("absent"), &json!(false))
    );
    assert_eq!(school.day(&school.site.admin, &school.emile).await["state"], "absent");
}

#[actix_web::test]
async fn a_sheet_refuses_what_is_wrong_or_somebody_elses() {
    let school = School::start(daily("08:00", "16:00")).await;
    let noor = school.site.enrol("Noor", person(3)).await;
    let other = group(&school.site, "5b", &[&noor]);
    let stranger = manager(&school.site, "other@example.org", &other).await;
    assert_eq!(stranger.status(Method::GET, &school.sheet()).await, 404);
    let mark = |person: &str| json!([{ "person": person, "state": "present", "seen_mark": null }]);
    assert_eq!(school.put(&stranger, mark(&school.zoe)).await.status(), 404);
    assert_eq!(school.put(&school.site.admin, mark(&noor)).await.status(), 404, "of another group");
    let (admin, sheet) = (&school.site.admin, school.sheet());
    for (path, rows, status) in [
        (sheet.clone(), json!([{ "person": school.zoe, "state": "asleep", "seen_mark": null }]), 422),
        (
            sheet.clone(),
            json!([{ "person": school.zoe, "state": null, "note": "Why?", "seen_mark": null }]),
            422,
        ),
        (sheet.clone(), json!([mark(&school.zoe)[0], mark(&school.zoe)[0]]), 422),
        (format!("{sheet}&slot=7"), mark(&school.zoe), 404),
        (format!("/attendance?group={}&day=2026-02-30", school.group), mark(&school.zoe), 422),
        (format!("/attendance?group={}&day=2190-01-01", school.group), mark(&school.zoe), 422),
    ] {
        let answer = admin.send(Method::PUT, &path, Some(rows.clone())).await;
        assert_eq!(refusal(answer).await.0, status, "{path} {rows}");
    }
    assert_eq!(school.site.database.number("SELECT count(*) FROM marks"), 0);

    // A person outside the scope, and a range of fifty years.
    let days =
        |person: &str, from: &str, to: &str| format!("/attendance/days?person={person}&from={from}&to={to}");
    assert_eq!(stranger.status(Method::GET, &days(&school.zoe, "2026-01-01", "2026-02-01")).await, 404);
    assert_eq!(stranger.status(Method::GET, &days(&noor, "2026-01-01", "2026-02-01")).await, 200);
    assert_eq!(admin.status(Method::GET, &days(&noor, "1990-01-01", "2040-01-01")).await, 422);
    let own = member(&school.site, "noor@example.org", &noor).await;
    assert_eq!(own.status(Method::GET, &days(&noor, "2026-01-01", "2026-02-01")).await, 200);
    assert_eq!(own.status(Method::GET, &days(&school.zoe, "2026-01-01", "2026-02-01")).await, 404);
}

#[actix_web::test]
async fn a_class_without_a_schedule_is_marked_by_the_day() {
    let school = School::start(daily("08:00", "16:00")).await;
    let noor = school.site.enrol("Noor", person(3)).await;
    let ida = school.site.enrol("Ida", person(4)).await;
    let club = group(&school.site, "Chess", &[&noor, &ida]);
    school.passes(3, "17:30").await;
    let path = format!("/attendance?group={club}&day={}", yesterday());
    let sheet = school.site.admin.get(&path).await;
    assert_eq!(sheet["instances"][0]["schedule"]["name"], "All day");
    assert_eq!(
        (&sheet["rows"][0]["person"]["name"], &sheet["rows"][0]["state"]),
        (&json!("Ida"), &Value::Null)
    );
    assert_eq!(sheet["rows"][1]["state"], "present", "a camera saw her");
    let rows = json!([{ "person": ida, "state": "absent", "seen_mark": null }]);
    let saved = school.site.admin.send(Method::PUT, &path, Some(rows)).await;
    let saved: Value = saved.json().await.unwrap();
    assert_eq!(row_of(&saved, "Ida")["state"], "absent");
    assert_eq!(school.day(&school.site.admin, &ida).await["schedule"]["name"], "All day");
    // Taken back, it is as if nobody had been expected.
    let rows = json!([{ "person": ida, "state": null, "seen_mark": row_of(&saved, "Ida")["mark"]["id"] }]);
    assert_eq!(school.site.admin.send(Method::PUT, &path, Some(rows)).await.status(), 200);
    assert_eq!(school.day(&school.site.admin, &ida).await, Value::Null);
}

#[actix_web::test]
async fn a_correction_is_asked_for_by_one_and_decided_by_another() {
    let school = School::start(daily("08:00", "16:00")).await;
    school.until_state(&school.emile, "absent").await;
    let emile = member(&school.site, "emile@example.org", &school.emile).await;
    let teacher = manager(&school.site, "teacher@example.org", &school.group).await;
    let ask = |person: Value| {
        let mut body = json!({ "schedule": school.schedule, "day": yesterday(), "slot": 0, "state": "present",
            "reason": "The camera did not see me." });
        if !person.is_null() {
            body["person"] = person;
        }
        body
    };
    let asked = created(&emile, "/corrections", ask(Value::Null)).await;
    assert_eq!((&asked["person"]["name"], &asked["current"]), (&json!("Émile"), &json!("absent")));
    let again = emile.send(Method::POST, "/corrections", Some(ask(Value::Null))).await;
    assert_eq!(refusal(again).await.1["code"], "correction_open");
    let other = emile.send(Method::POST, "/corrections", Some(ask(json!(school.zoe)))).await;
    assert_eq!(refusal(other).await.0, 404);
    let mut nowhere = ask(Value::Null);
    nowhere["slot"] = json!(3);
    assert_eq!(refusal(emile.send(Method::POST, "/corrections", Some(nowhere)).await).await.0, 404);

    let open = teacher.get("/corrections?open=true").await;
    assert_eq!(open["items"][0]["id"], asked["id"]);
    let of =
        async |person: &str| teacher.get(&format!("/corrections?person={person}")).await["items"].clone();
    assert_eq!(of(&school.emile).await[0]["id"], asked["id"]);
    assert_eq!(of(&school.zoe).await, json!([]), "nobody asked for her");
    let path = format!("/corrections/{}/decision", asked["id"].as_str().unwrap());
    let yes = || Some(json!({ "approved": true, "note": "I saw him." }));
    let stranger = manager(&school.site, "other@example.org", &group(&school.site, "5b", &[])).await;
    assert_eq!(refusal(stranger.send(Method::POST, &path, yes()).await).await.0, 404);
    assert_eq!(refusal(emile.send(Method::POST, &path, yes()).await).await.0, 403);
    let decided = teacher.send(Method::POST, &path, yes()).await;
    assert_eq!(decided.status(), 200);
    let decided: Value = decided.json().await.unwrap();
    assert_eq!(
        (&decided["current"], &decided["decided_by"]["email"]),
        (&json!("present"), &json!("teacher@example.org"))
    );
    assert_eq!(school.day(&emile, &school.emile).await["by_hand"], true);
    assert_eq!(refusal(teacher.send(Method::POST, &path, yes()).await).await.1["code"], "correction_decided");
    assert!(teacher.get("/corrections?open=true").await["items"].as_array().unwrap().is_empty());

    // What a manager asks for themselves, or asked for somebody, another decides.
    let own = created(&teacher, "/corrections", ask(json!(school.zoe))).await;
    let path = format!("/corrections/{}/decision", own["id"].as_str().unwrap());
    assert_eq!(refusal(teacher.send(Method::POST, &path, yes()).await).await.0, 403);
    let no = school.site.admin.send(Method::POST, &path, Some(json!({ "approved": false }))).await;
    assert_eq!(no.status(), 200);
    assert_eq!(school.day(&school.site.admin, &school.zoe).await["state"], "absent");
}
