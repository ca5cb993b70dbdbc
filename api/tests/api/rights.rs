use std::io::{Cursor, Read};

use api::domain::{audit_chain, erasure, retention};
use chrono::{DateTime, NaiveDate, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::recognizer::person;
use crate::support::{Site, refusal};

#[actix_web::test]
async fn an_erasure_is_reported_and_comes_back_from_no_restore() {
    let site = Site::start().await;
    let id = site.enrol("Zoe", person(1)).await;
    let path = format!("/people/{id}/erasure");
    for bad in [json!({}), json!({ "reason": "  " }), json!({ "reason": "x".repeat(501) })] {
        assert_eq!(refusal(site.admin.send(Method::POST, &path, Some(bad)).await).await.0, 422);
    }
    let backup: Vec<i64> = vec![site.database.number("SELECT count(*) FROM people")];
    assert_eq!(backup, [1]);
    let asked = json!({ "reason": "They asked for it." });
    let answer = site.admin.send(Method::POST, &path, Some(asked.clone())).await;
    assert_eq!(answer.status(), 200);
    let report: Value = answer.json().await.unwrap();
    assert_eq!((&report["person"], &report["key_destroyed"]), (&json!(id), &json!(true)));
    assert_eq!((&report["erased"]["photos"], &report["erased"]["consents"]), (&json!(1), &json!(1)));
    let time = |field: &str| report[field].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!((time("backups_until") - time("erased_at")).num_days(), 35);
    assert_eq!((time("storage_versions_until") - time("erased_at")).num_days(), 7);
    assert_eq!(site.admin.send(Method::POST, &path, Some(asked)).await.status(), 404);

    let other = site.enrol("Bo", person(2)).await;
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{other}")).await, 204);
    let ledger = site.data.path().join("objects/erasures");
    assert_eq!(std::fs::read_dir(&ledger).unwrap().count(), 2);
    for id in [&id, &other] {
        let entry = std::fs::read_to_string(ledger.join(id)).unwrap();
        assert!(entry.parse::<DateTime<Utc>>().is_ok(), "a time and nothing else: {entry}");
    }

    // As a restored backup would have it: the person is there again. The next server erases them before it serves.
    site.database
        .execute(&format!("INSERT INTO people (id, name, external_id) VALUES ('{id}', 'Zoe', 'Zoe')"));
    let second = site.second_instance().await;
    assert_eq!(site.database.number("SELECT count(*) FROM people"), 0);
    assert_eq!(erasure::replay(&second.app).await.unwrap(), 0);
    let key = site.server.app.audit_key.clone();
    let verdict = audit_chain::verify(&mut site.database.connect(), &key, None).unwrap();
    assert!(matches!(verdict, audit_chain::Verdict::Holds { .. }), "{verdict:?}");
    second.stop().await;
}

#[actix_web::test]
async fn consents_are_kept_with_their_ends_and_texts_are_never_changed() {
    let site = Site::start().await;
    let id = site.enrol("Zoe", person(1)).await;
    let texts = site.admin.get("/consent-texts").await;
    assert_eq!(texts["items"][0]["version"], "1");
    let text = |version: &str, text: &str| {
        site.admin.send(Method::PUT, "/consent-texts", Some(json!({ "version": version, "text": text })))
    };
    assert_eq!(text("2026-2", "I agree to more.").await.status(), 200);
    assert_eq!(text("2026-2", "I agree to something else.").await.status(), 409);
    assert_eq!(text("", "x").await.status(), 422);
    assert_eq!(text("3", "").await.status(), 422);
    let patch = |consent: Value| site.admin.send(Method::PATCH, "/people/0", Some(consent));
    assert_eq!(patch(json!({})).await.status(), 404);
    let path = format!("/people/{id}");
    let guardian = json!({ "consent": { "given_by": "A. Guardian", "at": "2026-09-01T08:00:00Z", "text_version": "1" } });
    for change in [guardian, json!({ "consent": false }), json!({ "consent": true })] {
        assert_eq!(site.admin.send(Method::PATCH, &path, Some(change)).await.status(), 200);
    }
    let history = site.admin.get(&format!("{path}/consents")).await;
    let rows = history["items"].as_array().unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["given_by"].as_str().unwrap(),
                row["text_version"].as_str().unwrap(),
                row["withdrawn"].as_bool().unwrap(),
                row["ended_at"].is_null(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("Zoe", "1", false, false), ("A. Guardian", "1", true, false), ("Zoe", "2026-2", false, true)]
    );
    assert_eq!(
        site.database.number("SELECT (SELECT count(*) FROM photos) + (SELECT count(*) FROM person_keys)"),
        0
    );
    let manager = site.user("m@example.org", Role::Manager).await;
    assert_eq!(manager.status(Method::GET, &format!("{path}/consents")).await, 404, "outside their groups");
}

#[actix_web::test]
async fn withdrawal_takes_the_templates_of_arrivals_and_leaves_attendance() {
    let site = Site::start().await;
    let id = site.enrol("Zoe", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    site.admin.frames(&feed, &site.recognizer.image(&[person(1)]), 4).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
    site.database.execute(
        "INSERT INTO arrival_probes SELECT a.id, a.person_id, m.id, '\\x00', now() + interval '1 day' FROM arrivals a, model_packs m \
         ON CONFLICT DO NOTHING",
    );
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 1);
    let path = format!("/people/{id}");
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({ "consent": false }))).await.status(), 200);
    assert_eq!(site.database.number("SELECT count(*) FROM arrival_probes"), 0);
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
}

#[actix_web::test]
async fn what_is_older_than_its_period_goes_once_a_night_and_the_chain_holds() {
    let site = Site::start().await;
    let id = site.enrol("Zoe", person(1)).await;
    site.feed(json!({ "name": "Door" })).await;
    for bad in
        [json!({ "arrivals_days": 0, "imports_days": 1 }), json!({ "imports_days": 31 }), json!({ "x": 1 })]
    {
        assert_eq!(refusal(site.admin.send(Method::PUT, "/retention", Some(bad)).await).await.0, 422);
    }
    let periods = json!({ "arrivals_days": 30, "attendance_days": 30, "audit_days": 30, "imports_days": 2 });
    assert_eq!(site.admin.send(Method::PUT, "/retention", Some(periods.clone())).await.status(), 200);
    assert_eq!(site.admin.get("/retention").await, periods);
    // Tonight's purge is done with, whatever the hour is: the server makes its own.
    let tonight = Utc::now().date_naive();
    let mut app = api::db::connect(&site.database.app_url.parse().unwrap()).unwrap();
    retention::purge_if_night(&mut app, tonight.and_hms_opt(3, 30, 0).unwrap().and_utc()).unwrap();
    let purges = "SELECT count(*) FROM audit WHERE action = 'retention.purged'";
    let purged = site.database.number(purges);
    let day = "00000000-0000-0000-0000-000000000001";
    for age in [1, 40] {
        site.database.execute(&format!(
            "INSERT INTO arrivals (id, person_id, feed_id, at, span, captured_at, received_at, method, sender_kind, sender_id, source_kind) \
             SELECT gen_random_uuid(), '{id}', id, now() - interval '{age} days', tstzrange(now() - interval '{age} days', now() - interval '{age} days' + interval '1 minute'), \
             now(), now(), 'face', 'feed', id, 'post' FROM feeds; \
             INSERT INTO marks (id, person_id, schedule_id, day, slot, state, marked_by) \
             VALUES (gen_random_uuid(), '{id}', '{day}', current_date - {age}, 0, 'present', gen_random_uuid()); \
             INSERT INTO attendance_days (person_id, schedule_id, day, slot, starts_at, ends_at, state) \
             VALUES ('{id}', '{day}', current_date - {age}, 0, now(), now(), 'present')"
        ));
    }
    let key = site.server.app.audit_key.clone();
    audit_chain::verify(&mut site.database.connect(), &key, None).unwrap();
    let kept = "SELECT (SELECT count(*) FROM arrivals) * 100 + (SELECT count(*) FROM marks) * 10 + (SELECT count(*) FROM attendance_days)";
    let tomorrow: NaiveDate = tonight.succ_opt().unwrap();
    let at = |hour| tomorrow.and_hms_opt(hour, 30, 0).unwrap().and_utc();
    retention::purge_if_night(&mut app, at(12)).unwrap();
    assert_eq!(site.database.number(kept), 222, "not by day");
    retention::purge_if_night(&mut app, at(3)).unwrap();
    assert_eq!(site.database.number(kept), 111);
    retention::purge_if_night(&mut app, at(4)).unwrap();
    assert_eq!(site.database.number(purges), purged + 1, "once a night");
    // Values of the audit, forty days from now: that there were entries stays.
    let entries = site.database.number("SELECT count(*) FROM audit");
    let later = Utc::now() + chrono::TimeDelta::days(40);
    retention::purge(&mut app, later.date_naive(), later).unwrap();
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE salt IS NULL"), entries);
    let verdict = audit_chain::verify(&mut site.database.connect(), &key, None).unwrap();
    assert!(matches!(verdict, audit_chain::Verdict::Holds { .. }), "{verdict:?}");
}

#[actix_web::test]
async fn a_person_gets_a_copy_of_their_data_and_of_nobody_elses() {
    let site = Site::start().await;
    let (id, other) = (site.enrol("Zoe", person(1)).await, site.enrol("=Bo", person(2)).await);
    let (feed, _) = site.feed(json!({ "name": "=Door" })).await;
    site.admin.frames(&feed, &site.recognizer.image(&[person(1)]), 4).await;
    let member = site.user("zoe@example.org", Role::Member).await;
    let path = |id: &str| format!("/people/{id}/data");
    let consents = |id: &str| format!("/people/{id}/consents");
    assert_eq!(member.status(Method::GET, &path(&id)).await, 404, "not theirs yet");
    assert_eq!(member.status(Method::GET, &consents(&id)).await, 404);
    assert_eq!(member.get("/session").await["person"], Value::Null);
    site.database.execute(&format!("UPDATE users SET person_id = '{id}' WHERE email = 'zoe@example.org'"));
    assert_eq!(member.get("/session").await["person"], json!(id));
    assert_eq!(member.status(Method::GET, &path(&other)).await, 404);
    assert_eq!(member.status(Method::GET, &consents(&other)).await, 404);
    assert_eq!(member.get(&consents(&id)).await["items"][0]["given_by"], json!("Zoe"));
    for client in [&member, &site.admin] {
        let answer = client.send(Method::GET, &path(&id), None).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (200, "application/zip")
        );
        let bytes = answer.bytes().await.unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
        assert!(names.iter().any(|name| name.starts_with("photos/")), "{names:?}");
        let mut text = |name: &str| {
            let mut text = String::new();
            zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let data: Value = serde_json::from_str(&text("data.json")).unwrap();
        assert_eq!(
            (&data["person"]["name"], &data["consents"][0]["given_by"]),
            (&json!("Zoe"), &json!("Zoe"))
        );
        assert!(data["audit"].as_array().unwrap().iter().any(|entry| entry["action"] == "person.enrolled"));
        let arrivals = text("arrivals.csv");
        assert!(arrivals.lines().count() == 2 && arrivals.contains("'=Door"), "{arrivals}");
        assert!(text("README.txt").contains("data.json"));
        assert!(!data.to_string().contains("=Bo"));
    }
}
