//! Alerts and scheduled reports, to a mail server and HTTP servers on loopback.

use std::time::Duration;

use api::config::MessagesConfig;
use api::domain::alerts::sending;
use api::domain::attendance::closing;
use api::domain::messengers::{Mail, Mailer};
use chrono::{Datelike, Days, NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use types::{AlertChannel, Role};
use uuid::Uuid;

use crate::attendance::group;
use crate::receivers::{MailServer, Receiver};
use crate::schedules::{DAILY, created, today};
use crate::support::{Client, Site, eventually, person_form, refusal};

pub const OFFICE: &str = "office@example.org";

pub fn yesterday() -> NaiveDate {
    today() - Days::new(1)
}

/// A class whose lesson was yesterday, and nobody came.
pub struct School {
    pub site: Site,
    pub group: String,
    pub people: Vec<String>,
    pub schedule: String,
}

impl School {
    pub async fn start(settings: MessagesConfig, names: &[&str]) -> Self {
        let site = Site::start_sending(settings).await;
        let mut people = Vec::new();
        for name in names {
            people.push(person(&site, name).await);
        }
        let members: Vec<&str> = people.iter().map(String::as_str).collect();
        let group = group(&site, "5a", &members);
        // Of one day of the week, so that yesterday is the only one there was.
        let weekday = DAILY[yesterday().weekday().num_days_from_monday() as usize];
        let rules = json!({ "slots": [{ "days": [weekday], "start": "08:00", "end": "16:00" }] });
        let body = json!({ "name": "Day", "kind": "period", "from_day": yesterday() - Days::new(1), "rules": rules });
        let schedule = created(&site.admin, "/schedules", body).await["id"].as_str().unwrap().to_owned();
        Self { site, group, people, schedule }
    }

    /// The class gets its schedule: everybody was absent.
    pub async fn absences(&self) {
        let path = format!("/schedules/{}/groups", self.schedule);
        created(&self.site.admin, &path, json!({ "group": self.group, "from_day": yesterday() })).await;
        let absent = "SELECT count(*) FROM attendance_days WHERE state = 'absent'";
        let all = self.people.len() as i64;
        eventually("everybody is absent", || async { self.site.database.number(absent) == all }).await;
    }

    /// Somebody passes a feed at a time of yesterday; the days follow with [`Self::recompute`].
    pub fn passes(&self, person: &str, feed: &str, time: &str) {
        self.site.database.execute(&format!(
            "INSERT INTO arrivals (id, person_id, feed_id, at, span, captured_at, received_at, method,
                sender_kind, sender_id, source_kind)
             SELECT gen_random_uuid(), '{person}', '{feed}', t, tstzrange(t, t + interval '1 hour'), t, now(), 'manual',
                'user', gen_random_uuid(), 'post'
             FROM (SELECT '{}T{time}:00Z'::timestamptz AS t) x",
            yesterday()
        ));
    }

    pub async fn recompute(&self) {
        let day = yesterday();
        self.site.database.execute(&format!(
            "INSERT INTO attendance_recomputes (from_day, until_day) VALUES ('{day}', '{day}'::date + 1)"
        ));
        eventually("it is worked off", || async {
            self.site.database.number("SELECT count(*) FROM attendance_recomputes") == 0
        })
        .await;
    }

    /// Marks somebody by hand, null taking an earlier mark back.
    pub async fn mark(&self, person: &str, state: &str) {
        self.site.database.execute(&format!(
            "INSERT INTO marks (id, person_id, schedule_id, day, slot, state, marked_by) \
             VALUES ('{}', '{person}', '{}', '{}', 0, {state}, gen_random_uuid())",
            uuid::Uuid::now_v7(),
            self.schedule,
            yesterday()
        ));
        self.recompute().await;
    }
}

/// Somebody without photos, with an address of their name.
async fn person(site: &Site, name: &str) -> String {
    let fields = json!({ "name": name, "external_id": name, "email": format!("{name}@example.org"),
        "phone": "+49 30 1234567" });
    let answer = site.admin.post_form("/people", person_form(fields, &[])).await;
    assert_eq!(answer.status(), 201);
    let person: Value = answer.json().await.unwrap();
    person["id"].as_str().unwrap().to_owned()
}

pub async fn rule(site: &Site, fields: Value) -> Value {
    let mut body = json!({ "name": "Rule", "kind": "absence", "channels": ["email"], "recipients": {} });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    created(&site.admin, "/alerts/rules", body).await
}

/// A digest that is not due during the test.
pub fn later() -> Value {
    let hour = (Utc::now() + chrono::TimeDelta::hours(6)).format("%H:00").to_string();
    json!({ "when": "daily", "time": hour })
}

pub fn messages(site: &Site, condition: &str) -> i64 {
    site.database.number(&format!("SELECT count(*) FROM outbox WHERE {condition}"))
}

async fn until(site: &Site, condition: &str, count: i64) {
    eventually(&format!("{count} messages are {condition}"), || async { messages(site, condition) == count })
        .await;
}

/// Lets what waits go out now.
fn due_now(site: &Site) {
    site.database.execute("UPDATE outbox SET not_before = now() WHERE state = 'pending'");
}

/// Some time, in which nothing more is sent.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(2500)).await;
}

#[actix_web::test]
async fn an_absence_is_told_once_whatever_is_worked_out_again_and_by_how_many() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Zoe"]).await;
    let second = school.site.second_instance().await;
    rule(&school.site, json!({ "recipients": { "person": true, "emails": [OFFICE] } })).await;
    rule(&school.site, json!({ "name": "Twice", "recipients": { "emails": ["OFFICE@example.org"] } })).await;
    school.absences().await;
    until(&school.site, "state = 'sent'", 4).await;
    school.recompute().await;
    settle().await;
    assert_eq!(mail.taken().len(), 3, "{:?}", mail.taken());
    let office = &mail.taken_for(OFFICE)[0];
    let text = office.text();
    assert!(text.contains("Ann was absent: Day") && text.contains("Zoe was absent: Day"), "{text}");
    let started = format!("{} 08:00", yesterday());
    assert!(text.contains(&started), "{text}");
    assert!(office.header("Subject").contains("2 absences"), "{office:?}");
    assert!(office.header("Message-ID").ends_with("@example.org>"), "{office:?}");
    assert_eq!(office.header("Auto-Submitted"), "auto-generated");
    assert!(office.parts("text/html").concat().contains("<li>Ann was absent"), "{office:?}");
    let own = &mail.taken_for("Ann@example.org")[0];
    assert!(own.text().contains("Ann") && !own.text().contains("Zoe"), "{own:?}");
    second.stop().await;

    let list = school.site.admin.get("/alerts/outbox?state=sent&limit=3").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let next = list["next"].as_str().unwrap();
    let rest = school.site.admin.get(&format!("/alerts/outbox?state=sent&after={next}")).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(school.site.admin.get("/alerts/outbox/counts").await["sent"], 4);
}

#[actix_web::test]
async fn e_mail_goes_over_tls_to_a_server_that_proves_itself() {
    let mail = || Mail {
        id: Uuid::now_v7(),
        to: OFFICE.to_owned(),
        from_name: "School".to_owned(),
        subject: "Absences".to_owned(),
        text: "Ann was absent".to_owned(),
        html: "<p>Ann was absent</p>".to_owned(),
        attachment: None,
    };
    api::tls::install_provider();
    for mode in ["starttls", "implicit"] {
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start_tls(mode, folder.path()).await;
        let unknown = MessagesConfig {
            smtp_tls: Some(mode.to_owned()),
            smtp_user: Some("school".to_owned()),
            smtp_password: Some("a-password".parse().unwrap()),
            ..server.settings()
        };
        let why = Mailer::new(&unknown).unwrap().unwrap().send(mail()).await.unwrap_err();
        assert!(!why.lasting && why.why.to_lowercase().contains("certificate"), "{mode}: {why:?}");
        assert!(server.taken().is_empty(), "{mode}: to a server that nobody vouches for");
        let known = MessagesConfig { smtp_ca: Some(folder.path().join("certificate.pem")), ..unknown };
        Mailer::new(&known).unwrap().unwrap().send(mail()).await.unwrap();
        assert_eq!(server.taken_for(OFFICE)[0].header("Subject"), "Absences", "{mode}");
        let early = server.overheard();
        assert!(early.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{mode}: {early:?}");
    }
    // A server that offers no TLS gets nothing, though the settings could be met without it.
    let plain = MailServer::start().await;
    let settings = MessagesConfig { smtp_tls: None, ..plain.settings() };
    Mailer::new(&settings).unwrap().unwrap().send(mail()).await.unwrap_err();
    assert!(plain.taken().is_empty());
}

#[actix_web::test]
async fn two_servers_send_each_message_once() {
    let mail = MailServer::start().await;
    let site = Site::start_sending(mail.settings()).await;
    let second = site.second_instance().await;
    site.database.execute(
        "INSERT INTO outbox (id, key, kind, channel, target, payload, bundle, not_before)
         SELECT gen_random_uuid(), 'k' || n, 'camera_silent', 'email', 'a' || n || '@example.org',
            '{\"since\": \"2026-01-01T00:00:00Z\"}', 'b', now() FROM generate_series(1, 60) n",
    );
    until(&site, "state = 'sent'", 60).await;
    settle().await;
    let mut to: Vec<String> = mail.taken().into_iter().flat_map(|taken| taken.to).collect();
    assert_eq!(to.len(), 60);
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 60);
    second.stop().await;
}

#[actix_web::test]
async fn a_message_that_was_claimed_before_a_crash_is_sent_under_the_same_name() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE] }, "digest": later() })).await;
    school.absences().await;
    until(&school.site, "state = 'pending'", 1).await;
    school.site.server.stop().await;
    settle().await;
    due_now(&school.site);
    let app = &school.site.server.app;
    let first = sending::claim(app, AlertChannel::Email).await.unwrap().unwrap();
    assert!(sending::claim(app, AlertChannel::Email).await.unwrap().is_none(), "it is claimed");
    school.site.database.execute("UPDATE outbox SET claimed_until = now() - interval '1 second'");
    let again = sending::claim(app, AlertChannel::Email).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (first.id, 2));
    let id = again.id;
    sending::deliver(app, AlertChannel::Email, again).await;
    assert_eq!(mail.taken()[0].header("Message-ID"), format!("<{id}@example.org>"));
    assert_eq!(messages(&school.site, "state = 'sent'"), 1);
    // The one who lost the claim marks nothing, and what it sends is the same message.
    sending::deliver(app, AlertChannel::Email, first).await;
    assert_eq!(mail.taken()[1].header("Message-ID"), mail.taken()[0].header("Message-ID"));
    assert!(sending::claim(app, AlertChannel::Email).await.unwrap().is_none());
}

#[actix_web::test]
async fn failures_are_repeated_and_end_as_dead_letters_that_can_be_sent_by_hand() {
    let mail = MailServer::start().await;
    mail.refuse(Some("451 try later"));
    let school = School::start(mail.settings(), &["Ann"]).await;
    let admin = &school.site.admin;
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE] } })).await;
    school.absences().await;
    until(&school.site, "attempts = 1 AND last_error IS NOT NULL AND state = 'pending'", 1).await;
    let pause = "not_before BETWEEN now() + interval '20 seconds' AND now() + interval '40 seconds'";
    assert_eq!(messages(&school.site, pause), 1);
    let shown = admin.get("/alerts/outbox").await["items"][0].clone();
    assert!(shown["last_error"].as_str().unwrap().contains("try later"), "{shown}");
    school.site.database.execute("UPDATE outbox SET attempts = 7, not_before = now()");
    until(&school.site, "state = 'dead'", 1).await;
    let dead = admin.get("/alerts/outbox?state=dead").await["items"][0].clone();
    assert_eq!(
        (&dead["attempts"], &dead["to"], &dead["kind"]),
        (&json!(8), &json!(OFFICE), &json!("absence"))
    );
    assert_eq!(dead["person"]["name"], "Ann");
    let path = format!("/alerts/outbox/{}", dead["id"].as_str().unwrap());

    mail.refuse(None);
    settle().await;
    assert!(mail.taken().is_empty(), "nobody sends it by itself");
    assert_eq!(admin.status(Method::POST, &format!("{path}/retry")).await, 200);
    until(&school.site, "state = 'sent'", 1).await;
    assert_eq!(mail.taken().len(), 1);
    assert_eq!(admin.status(Method::POST, &format!("{path}/retry")).await, 404, "it is sent");
    assert_eq!(admin.status(Method::DELETE, &path).await, 404, "it is sent");

    // What will never be taken is not tried again; it can be dropped.
    mail.refuse(Some("550 nobody here"));
    school.site.database.execute(
        "INSERT INTO outbox (id, key, kind, channel, target, payload, bundle, not_before)
         VALUES (gen_random_uuid(), 'k', 'camera_back', 'email', 'gone@example.org', '{}', 'b', now())",
    );
    until(&school.site, "state = 'dead' AND attempts = 1", 1).await;
    let dead = admin.get("/alerts/outbox?state=dead").await["items"][0].clone();
    let path = format!("/alerts/outbox/{}", dead["id"].as_str().unwrap());
    assert_eq!(admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(admin.status(Method::DELETE, &path).await, 404);
    let audited = "SELECT count(*) FROM audit WHERE action IN ('messages.retried', 'message.dropped')";
    assert_eq!(school.site.database.number(audited), 2);
}

#[actix_web::test]
async fn what_is_no_absence_any_more_is_withdrawn_and_counts_again_when_it_is_one() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE] }, "digest": later() })).await;
    school.absences().await;
    until(&school.site, "state = 'pending' AND bundle = 'digest'", 1).await;
    school.mark(&school.people[0], "'present'").await;
    assert_eq!(messages(&school.site, "state = 'withdrawn'"), 1);
    school.mark(&school.people[0], "NULL").await;
    assert_eq!(messages(&school.site, "state = 'pending'"), 1, "the same row");
    assert_eq!(messages(&school.site, "true"), 1);
    due_now(&school.site);
    until(&school.site, "state = 'sent'", 1).await;
    school.mark(&school.people[0], "'present'").await;
    school.mark(&school.people[0], "NULL").await;
    settle().await;
    assert_eq!((mail.taken().len(), messages(&school.site, "true")), (1, 1), "nobody is told twice");
}

#[actix_web::test]
async fn old_days_are_told_to_nobody() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE] } })).await;
    let week = yesterday() - Days::new(7);
    school.site.database.execute(&format!(
        "UPDATE schedule_versions SET from_day = '{week}';
         INSERT INTO group_schedules (id, group_id, schedule_id, from_day, until_day)
         VALUES (gen_random_uuid(), '{}', '{}', '{week}', '{}');
         INSERT INTO attendance_recomputes (from_day, until_day) VALUES ('{week}', '{week}'::date + 1)",
        school.group,
        school.schedule,
        yesterday()
    ));
    let absent = "SELECT count(*) FROM attendance_days WHERE state = 'absent'";
    eventually("she was absent", || async { school.site.database.number(absent) == 1 }).await;
    assert_eq!(messages(&school.site, "true"), 0);
}

#[actix_web::test]
async fn whoever_comes_late_is_told_of_with_the_minutes() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    let (feed, _) = school.site.feed(json!({ "name": "Door" })).await;
    rule(
        &school.site,
        json!({ "kind": "lateness", "group": school.group, "recipients": { "emails": [OFFICE] } }),
    )
    .await;
    rule(
        &school.site,
        json!({ "name": "Other", "kind": "lateness", "recipients": { "emails": [OFFICE] },
        "group": group(&school.site, "6b", &[]) }),
    )
    .await;
    school.absences().await;
    school.passes(&school.people[0], &feed, "08:20");
    school.recompute().await;
    until(&school.site, "state = 'sent'", 1).await;
    let text = mail.taken_for(OFFICE)[0].text();
    assert!(text.contains("Ann came 20 min late: Day"), "{text}");
}

#[actix_web::test]
async fn no_line_break_of_a_name_gets_into_a_header() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    school.site.database.execute(
        "UPDATE people SET name = E'Eve\\r\\nBcc: all@example.org\\r\\n\\r\\n<b>'; \
         UPDATE settings SET site_name = E'Site\\r\\nX-Evil: yes'",
    );
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE] } })).await;
    school.absences().await;
    until(&school.site, "state = 'sent'", 1).await;
    let taken = &mail.taken()[0];
    assert_eq!(taken.to, [OFFICE]);
    assert_eq!(
        (taken.header("Bcc"), taken.header("X-Evil")),
        (String::new(), String::new()),
        "{}",
        taken.data
    );
    assert!(!taken.parts("text/html").concat().contains("<b>"), "{}", taken.data);
    for bad in
        ["a@example.org\r\nRCPT TO:<b@example.org>", "a b@example.org", "Ann <a@example.org>", "nobody"]
    {
        let body = json!({ "name": "Bad", "kind": "absence", "recipients": { "emails": [bad] } });
        let (status, error) =
            refusal(school.site.admin.send(Method::POST, "/alerts/rules", Some(body)).await).await;
        assert!(status == 422 && error["fields"]["recipients.emails"].is_string(), "{bad}: {error}");
    }
}

#[actix_web::test]
async fn people_are_told_as_they_want_and_of_whom_they_may_see() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Zoe", "Eve"]).await;
    let site = &school.site;
    let manager = site.user("teacher@example.org", Role::Manager).await;
    let _other = site.user("other@example.org", Role::Manager).await;
    let muted = site.user("muted@example.org", Role::Guard).await;
    let member = site.user("member@example.org", Role::Member).await;
    let group = &school.group;
    site.database.execute(&format!(
        "INSERT INTO user_groups (user_id, group_id) SELECT id, '{group}' FROM users WHERE email = 'teacher@example.org';
         UPDATE users SET person_id = '{}' WHERE email = 'member@example.org'",
        school.people[2]
    ));
    let mut users = Vec::new();
    for user in site.admin.get("/users").await["items"].as_array().unwrap() {
        if user["email"].as_str().is_some_and(|email| email.ends_with("@example.org")) {
            users.push(user["id"].clone());
        }
    }
    rule(site, json!({ "recipients": { "users": users, "managers": true, "person": true } })).await;

    let own = muted.get("/alerts/preferences").await;
    assert_eq!(own, json!({ "opted_out": false, "muted": [], "quiet_hours": null }));
    let mute = json!({ "muted": [{ "kind": "absence", "channel": "email" }] });
    assert_eq!(muted.send(Method::PUT, "/alerts/preferences", Some(mute)).await.status(), 200);
    let out = json!({ "opted_out": true });
    let path = format!("/alerts/people/{}/preferences", school.people[0]);
    assert_eq!(site.admin.send(Method::PUT, &path, Some(out.clone())).await.status(), 200);
    assert_eq!(site.admin.get(&path).await["opted_out"], true);
    // What somebody says of themselves counts for their record, too.
    assert_eq!(member.send(Method::PUT, "/alerts/preferences", Some(out)).await.status(), 200);
    school.absences().await;
    until(site, "state = 'sent'", 4).await;
    settle().await;
    let taken = mail.taken();
    let mut to: Vec<&str> = taken.iter().map(|taken| taken.to[0].as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["Zoe@example.org", "teacher@example.org"]);
    let text = mail.taken_for("teacher@example.org")[0].text();
    assert!(["Ann", "Zoe", "Eve"].iter().all(|name| text.contains(name)), "{text}");

    for bad in [
        json!({ "quiet_hours": { "from": "08:00", "until": "08:00" } }),
        json!({ "muted": [{ "kind": "absence", "channel": "webhook" }] }),
        json!({ "loud": true }),
    ] {
        assert_eq!(refusal(manager.send(Method::PUT, "/alerts/preferences", Some(bad)).await).await.0, 422);
    }
}

#[actix_web::test]
async fn quiet_hours_hold_messages_back_and_opting_out_withdraws_them() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann"]).await;
    let clock = |hours: i64| (Utc::now() + chrono::TimeDelta::hours(hours)).format("%H:%M").to_string();
    let quiet = json!({ "from": clock(-1), "until": clock(2) });
    let user = site_admin(&school.site).await;
    rule(
        &school.site,
        json!({ "recipients": { "users": [user], "emails": [OFFICE] }, "quiet_hours": quiet }),
    )
    .await;
    school.absences().await;
    let held = "state = 'pending' AND not_before BETWEEN now() + interval '118 minutes' AND now() + interval '121 minutes'";
    until(&school.site, held, 2).await;
    let out = json!({ "opted_out": true });
    assert_eq!(school.site.admin.send(Method::PUT, "/alerts/preferences", Some(out)).await.status(), 200);
    assert_eq!(messages(&school.site, "state = 'withdrawn'"), 1);
    due_now(&school.site);
    until(&school.site, "state = 'sent'", 1).await;
    assert_eq!(mail.taken()[0].to, [OFFICE]);
}

/// The id of the admin's account.
async fn site_admin(site: &Site) -> Value {
    site.admin.get("/users").await["items"][0]["id"].clone()
}

#[actix_web::test]
async fn far_more_than_usual_waits_for_somebody_to_release_it() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Zoe", "Eve"]).await;
    let emails: Vec<String> = (0..70).map(|n| format!("a{n}@example.org")).collect();
    rule(&school.site, json!({ "recipients": { "emails": emails } })).await;
    school.absences().await;
    until(&school.site, "state = 'held'", 210).await;
    settle().await;
    assert!(mail.taken().is_empty());
    let bad = json!({ "state": "sent" });
    let (status, _) =
        refusal(school.site.admin.send(Method::POST, "/alerts/outbox/retry", Some(bad)).await).await;
    assert_eq!(status, 422);
    let answer =
        school.site.admin.send(Method::POST, "/alerts/outbox/retry", Some(json!({ "state": "held" }))).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["count"], 210);
    until(&school.site, "state = 'sent'", 210).await;
    assert_eq!(mail.taken().len(), 70, "one message for each address");
}

#[actix_web::test]
async fn a_camera_that_falls_silent_is_told_of_once_and_when_it_is_back() {
    let mail = MailServer::start().await;
    let site = Site::start_sending(mail.settings()).await;
    let (feed, _) = site.feed(json!({ "name": "Gate" })).await;
    rule(&site, json!({ "kind": "camera_silent", "feed": feed, "recipients": { "emails": [OFFICE] } })).await;
    let fall_silent = format!(
        "UPDATE feeds SET last_frame_at = clock_timestamp() - interval '10 minutes' WHERE id = '{feed}'"
    );
    let look = || closing::watch_feeds(&mut site.database.connect(), &site.server.app, Utc::now()).unwrap();
    site.database.execute(&fall_silent);
    look();
    until(
        &site,
        "kind = 'camera_silent' AND state = 'pending' AND not_before > now() + interval '50 seconds'",
        1,
    )
    .await;
    // Back before anybody was told: nobody is.
    site.admin.frame(&feed, &site.recognizer.image(&[])).await;
    look();
    assert_eq!(messages(&site, "state = 'withdrawn'"), 1);
    assert_eq!(messages(&site, "true"), 1);

    let mut conn = site.database.connect();
    let later = Utc::now() + chrono::TimeDelta::minutes(3);
    closing::watch_feeds(&mut conn, &site.server.app, later).unwrap();
    until(&site, "kind = 'camera_silent' AND state = 'pending'", 1).await;
    due_now(&site);
    until(&site, "kind = 'camera_silent' AND state = 'sent'", 1).await;
    site.admin.frame(&feed, &site.recognizer.image(&[])).await;
    look();
    until(&site, "kind = 'camera_back' AND state = 'sent'", 1).await;
    let subjects: Vec<String> = mail.taken().iter().map(|taken| taken.header("Subject")).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].contains("Gate is silent") && subjects[1].contains("Gate is back"), "{subjects:?}");
}

#[actix_web::test]
async fn an_unknown_face_is_told_of_now_and_then() {
    let mail = MailServer::start().await;
    let site = Site::start_sending(mail.settings()).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    crate::review::switch_on(&site).await;
    rule(&site, json!({ "kind": "unknown_face", "recipients": { "emails": [OFFICE] } })).await;
    crate::review::unknown(&site, &feed, 1).await;
    crate::review::unknown(&site, &feed, 2).await;
    until(&site, "state = 'sent'", 1).await;
    assert_eq!(messages(&site, "true"), 1, "one for both");
    let text = mail.taken()[0].text();
    assert!(text.contains("An unknown face at Door"), "{text}");
}

/// Settings that let webhooks reach this machine.
fn reaching_loopback() -> MessagesConfig {
    MessagesConfig {
        webhook_networks: vec!["127.0.0.0/8".parse().unwrap()],
        webhook_http: true,
        ..MessagesConfig::default()
    }
}

async fn webhook(client: &Client, url: &str) -> Value {
    created(client, "/alerts/webhooks", json!({ "name": "Hook", "url": url })).await
}

/// Checks a signature as a receiver would.
fn check_signature(secret: &str, header: &str, body: &str) {
    let (seconds, signature) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let age = Utc::now().timestamp() - seconds.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{header}");
    let bytes: Vec<u8> =
        (0..32).map(|n| u8::from_str_radix(&signature[2 * n..2 * n + 2], 16).unwrap()).collect();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    mac.verify_slice(&bytes).unwrap();
}

#[actix_web::test]
async fn webhooks_are_signed_and_repeated_under_one_name() {
    let receiver = Receiver::start().await;
    let school = School::start(reaching_loopback(), &["Ann"]).await;
    let hook = webhook(&school.site.admin, &format!("{}/hook?a=b", receiver.url)).await;
    let secret = hook["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    let list = school.site.admin.get("/alerts/webhooks").await;
    assert_eq!(list["items"][0]["name"], "Hook");
    assert!(!list.to_string().contains("whsec_"), "shown once");
    assert_eq!(
        school
            .site
            .database
            .number("SELECT count(*) FROM webhooks WHERE position('whsec_'::bytea IN sealed) > 0"),
        0
    );
    let rule =
        rule(&school.site, json!({ "channels": [], "recipients": { "webhooks": [hook["id"]] } })).await;
    receiver.answer("500 Oops");
    school.absences().await;
    until(&school.site, "attempts = 1 AND last_error LIKE '%500%' AND claimed_until IS NULL", 1).await;
    due_now(&school.site);
    until(&school.site, "state = 'sent'", 1).await;
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].header("Attendance-Delivery"), got[1].header("Attendance-Delivery"));
    assert!(got[0].head.starts_with("POST /hook?a=b HTTP/1.1"), "{}", got[0].head);
    for one in &got {
        check_signature(secret, &one.header("Attendance-Signature").unwrap(), &one.body);
    }
    let body: Value = serde_json::from_str(&got[1].body).unwrap();
    assert_eq!(Some(body["id"].as_str().unwrap()), got[1].header("Attendance-Delivery").as_deref());
    let event = &body["events"][0];
    assert_eq!((&event["kind"], &event["person"]["name"]), (&json!("absence"), &json!("Ann")));
    assert_eq!((&event["day"], &event["schedule"]["name"]), (&json!(yesterday()), &json!("Day")));
    let listed = school.site.admin.get("/alerts/outbox").await;
    assert_eq!(listed["items"][0]["to"], "Hook");

    // Another secret, at once.
    let path = format!("/alerts/webhooks/{}", hook["id"].as_str().unwrap());
    let answer = school.site.admin.send(Method::POST, &format!("{path}/secret"), None).await;
    let rotated: Value = answer.json().await.unwrap();
    assert_ne!(rotated["secret"], hook["secret"]);
    let answer = school.site.admin.send(Method::POST, &format!("{path}/test"), None).await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "sent": true, "error": null }));
    let test = receiver.got().pop().unwrap();
    check_signature(
        rotated["secret"].as_str().unwrap(),
        &test.header("Attendance-Signature").unwrap(),
        &test.body,
    );

    assert_eq!(school.site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(school.site.admin.status(Method::DELETE, &path).await, 404);
    let rules = school.site.admin.get("/alerts/rules").await;
    assert_eq!(
        (&rules["items"][0]["id"], &rules["items"][0]["recipients"]["webhooks"]),
        (&rule["id"], &json!([]))
    );
}

#[actix_web::test]
async fn redirects_are_not_followed_and_a_new_master_key_opens_secrets() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let site = Site::start_sending(reaching_loopback()).await;
    let hook = webhook(&site.admin, &receiver.url).await;
    let path = format!("/alerts/webhooks/{}/test", hook["id"].as_str().unwrap());
    receiver.answer(&format!("302 Found\r\nLocation: {}/", elsewhere.url));
    let outcome: Value = site.admin.send(Method::POST, &path, None).await.json().await.unwrap();
    assert!(outcome["sent"] == false && outcome["error"].as_str().unwrap().contains("302"), "{outcome}");
    assert!(elsewhere.got().is_empty());
    let keys = &site.server.app.keys;
    let (version, wrapped) = api::domain::master_key::rotate(&mut site.database.connect(), keys).unwrap();
    assert!(version == 2 && wrapped >= 1, "{version} {wrapped}");
    let outcome: Value = site.admin.send(Method::POST, &path, None).await.json().await.unwrap();
    assert_eq!(outcome["sent"], true, "{outcome}");
    let got = receiver.got().pop().unwrap();
    check_signature(
        hook["secret"].as_str().unwrap(),
        &got.header("Attendance-Signature").unwrap(),
        &got.body,
    );
}

#[actix_web::test]
async fn webhooks_reach_no_private_address() {
    let receiver = Receiver::start().await;
    let site = Site::start().await;
    let refused = [
        receiver.url.as_str(),
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0x7f000001/",
        "http://example.org/",
        "https://user:password@example.org/",
        "ftp://example.org/",
        "nonsense",
    ];
    for url in refused {
        let body = json!({ "name": "Bad", "url": url });
        let (status, error) =
            refusal(site.admin.send(Method::POST, "/alerts/webhooks", Some(body)).await).await;
        assert!(status == 422 && error["fields"]["url"].is_string(), "{url}: {error}");
    }
    assert_eq!(site.database.number("SELECT count(*) FROM webhooks"), 0);
    // A name tells nothing before it is asked for: the address is refused when it is sent to, for good.
    let port = receiver.url.rsplit(':').next().unwrap();
    let hook = webhook(&site.admin, &format!("https://localhost:{port}/")).await;
    let path = format!("/alerts/webhooks/{}/test", hook["id"].as_str().unwrap());
    let outcome: Value = site.admin.send(Method::POST, &path, None).await.json().await.unwrap();
    assert!(outcome["error"].as_str().unwrap().contains("public internet"), "{outcome}");
    assert!(receiver.got().is_empty());
    site.database.execute(
        "INSERT INTO outbox (id, key, kind, channel, target, webhook_id, payload, bundle, not_before)
         SELECT gen_random_uuid(), 'k', 'camera_back', 'webhook', id::text, id, '{}', 'b', now() FROM webhooks"
    );
    until(&site, "state = 'dead' AND attempts = 1", 1).await;
}

#[actix_web::test]
async fn text_messages_go_to_a_twilio_compatible_server() {
    let receiver = Receiver::start().await;
    let settings = MessagesConfig {
        sms: Some("twilio".to_owned()),
        twilio_url: Some(receiver.url.clone()),
        twilio_account: Some("AC123".to_owned()),
        twilio_token: Some("token".parse().unwrap()),
        twilio_from: Some("+15005550006".to_owned()),
        ..MessagesConfig::default()
    };
    let school = School::start(settings, &["Ann"]).await;
    rule(&school.site, json!({ "channels": ["sms"], "recipients": { "person": true } })).await;
    school.absences().await;
    until(&school.site, "state = 'sent' AND channel = 'sms' AND target = '+49301234567'", 1).await;
    let got = &receiver.got()[0];
    assert!(got.head.starts_with("POST /2010-04-01/Accounts/AC123/Messages.json "), "{}", got.head);
    assert_eq!(got.header("Authorization").unwrap(), "Basic QUMxMjM6dG9rZW4=");
    assert!(got.body.starts_with("To=%2B49301234567&From=%2B15005550006&Body="), "{}", got.body);
    assert!(got.body.contains("Ann+was+absent"), "{}", got.body);

    let channels = school.site.admin.get("/alerts/channels").await;
    let configured: Vec<&Value> =
        channels["items"].as_array().unwrap().iter().map(|channel| &channel["configured"]).collect();
    assert_eq!(configured, [&json!(false), &json!(true), &json!(true)]);
    let test = |channel: &str, to: &str| {
        let request = school.site.admin.request(Method::POST, &format!("/alerts/channels/{channel}/test"));
        let request = request.json(&json!({ "to": to }));
        async move { request.send().await.unwrap() }
    };
    let outcome: Value = test("sms", "+49 30 7654321").await.json().await.unwrap();
    assert_eq!(outcome["sent"], true);
    let outcome: Value = test("email", OFFICE).await.json().await.unwrap();
    assert!(outcome["error"].as_str().unwrap().contains("ATTENDANCE_SMTP_HOST"), "{outcome}");
    assert_eq!(refusal(test("sms", "123").await).await.0, 422);
    assert_eq!(refusal(test("webhook", "x").await).await.0, 404);
    receiver.answer("400 Bad Request");
    let outcome: Value = test("sms", "+49 30 7654321").await.json().await.unwrap();
    assert!(outcome["error"].as_str().unwrap().contains("400"), "{outcome}");
}

#[actix_web::test]
async fn a_scheduled_report_comes_as_a_file_that_parses() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Zoë"]).await;
    let site = &school.site;
    let outsider = person(site, "Outsider").await;
    school.absences().await;
    let teacher = site.user("teacher@example.org", Role::Manager).await;
    let _guard = site.user("guard@example.org", Role::Guard).await;
    site.database.execute(
        "INSERT INTO user_groups (user_id, group_id) SELECT u.id, g.id FROM users u, groups g
         WHERE u.email = 'teacher@example.org'",
    );
    let users: Vec<Value> = site.admin.get("/users").await["items"].as_array().unwrap().to_vec();
    let id = |email: &str| users.iter().find(|user| user["email"] == email).unwrap()["id"].clone();
    let body = json!({ "name": "Absent yesterday", "kind": "absences", "range": "yesterday", "format": "csv",
        "users": [id("teacher@example.org"), id("guard@example.org")], "emails": [OFFICE],
        "cadence": { "every": "day" }, "time": "06:00" });
    let made = created(&site.admin, "/report-schedules", body.clone()).await;
    let next: chrono::DateTime<Utc> = made["next_run_at"].as_str().unwrap().parse().unwrap();
    assert!(next > Utc::now() && made["last_run_at"].is_null(), "{made}");
    let path = format!("/report-schedules/{}", made["id"].as_str().unwrap());
    assert_eq!(site.admin.status(Method::POST, &format!("{path}/run")).await, 200);
    until(site, "state = 'sent' AND kind = 'report'", 2).await;
    for address in [OFFICE, "teacher@example.org"] {
        let taken = &mail.taken_for(address)[0];
        assert!(taken.header("Subject").starts_with("Absent yesterday"), "{taken:?}");
        let file = taken.parts("attachment").concat();
        let mut reader = csv::Reader::from_reader(file.trim_start_matches('\u{feff}').as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2, "{file}");
        assert!(rows.iter().any(|row| row.iter().any(|cell| cell == "Zoë")), "{file}");
    }

    // It is due by itself once, whoever looks.
    site.database.execute("UPDATE report_schedules SET next_run_at = now() - interval '3 days'");
    until(site, "state = 'sent' AND kind = 'report'", 4).await;
    let listed = site.admin.get("/report-schedules").await["items"][0].clone();
    assert_eq!(listed["next_run_at"], made["next_run_at"]);
    assert!(listed["last_run_at"].is_string());
    assert_eq!(listed["users"].as_array().unwrap().len(), 2);

    for (field, bad) in [
        ("range", json!({ "kind": "day-sheet", "range": "last_week" })),
        ("format", json!({ "format": "json" })),
        ("emails", json!({ "emails": ["nobody"] })),
        ("users", json!({ "emails": [], "users": [] })),
        ("users", json!({ "users": [outsider] })),
        ("group", json!({ "group": uuid::Uuid::nil() })),
        ("cadence", json!({ "cadence": { "every": "month", "day": 32 } })),
        ("name", json!({ "name": "" })),
        ("body", json!({ "surprise": 1 })),
    ] {
        let mut request = body.clone();
        request["name"] = json!("Another");
        request.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let (status, error) =
            refusal(site.admin.send(Method::POST, "/report-schedules", Some(request)).await).await;
        assert!(status == 422 && error["fields"][field].is_string(), "{bad}: {error}");
    }
    let (status, error) =
        refusal(site.admin.send(Method::POST, "/report-schedules", Some(body.clone())).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("name_taken")));
    let mut off = body;
    off["enabled"] = json!(false);
    let answer = site.admin.send(Method::PUT, &path, Some(off)).await;
    assert!(answer.json::<Value>().await.unwrap()["next_run_at"].is_null());
    assert_eq!(refusal(teacher.send(Method::GET, "/report-schedules", None).await).await.0, 403);
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(site.admin.status(Method::POST, &format!("{path}/run")).await, 404);
}

#[actix_web::test]
async fn a_report_that_is_too_large_is_named_and_not_attached() {
    let mail = MailServer::start().await;
    let settings = MessagesConfig { attachment_bytes: Some(10), ..mail.settings() };
    let school = School::start(settings, &["Ann"]).await;
    school.absences().await;
    let body = json!({ "name": "Absent", "kind": "absences", "range": "last7_days", "format": "xlsx",
        "emails": [OFFICE], "cadence": { "every": "week", "weekday": "mon" }, "time": "06:00" });
    let made = created(&school.site.admin, "/report-schedules", body).await;
    let path = format!("/report-schedules/{}/run", made["id"].as_str().unwrap());
    assert_eq!(school.site.admin.status(Method::POST, &path).await, 200);
    until(&school.site, "state = 'sent'", 1).await;
    let taken = &mail.taken()[0];
    assert!(taken.text().contains("fetch it from the page"), "{taken:?}");
    assert!(taken.parts("attachment").is_empty());
}

#[actix_web::test]
async fn rules_are_kept_checked_and_named_once() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    let class = group(&site, "5a", &[]);
    let made = rule(&site, json!({ "group": class, "recipients": { "emails": [OFFICE], "phones": ["+49 30 1234567"] },
        "quiet_hours": { "from": "22:00", "until": "06:30" }, "digest": { "when": "daily", "time": "17:00" } }))
    .await;
    assert_eq!(made["group"]["name"], "5a");
    assert_eq!(made["recipients"]["phones"], json!(["+49301234567"]));
    assert_eq!(site.admin.get("/alerts/rules").await["items"][0], made);
    let good = json!({ "name": "New", "kind": "absence", "recipients": { "emails": [OFFICE] } });
    for (field, bad) in [
        ("name", json!({ "name": " " })),
        ("group", json!({ "kind": "camera_silent", "group": class })),
        ("group", json!({ "group": uuid::Uuid::nil() })),
        ("feed", json!({ "feed": feed })),
        ("feed", json!({ "kind": "unknown_face", "feed": uuid::Uuid::nil() })),
        ("channels", json!({ "channels": [], "recipients": { "person": true } })),
        ("channels", json!({ "channels": ["webhook"] })),
        ("recipients", json!({ "recipients": {} })),
        (
            "recipients.person",
            json!({ "kind": "camera_silent", "channels": ["email"], "recipients": { "person": true } }),
        ),
        (
            "recipients.users",
            json!({ "channels": ["email"], "recipients": { "users": [uuid::Uuid::nil()] } }),
        ),
        ("recipients.webhooks", json!({ "recipients": { "webhooks": [uuid::Uuid::nil()] } })),
        ("recipients.phones", json!({ "recipients": { "phones": ["030 123"] } })),
        ("recipients.emails", json!({ "recipients": { "emails": vec!["a@example.org"; 101] } })),
        ("quiet_hours", json!({ "quiet_hours": { "from": "08:00", "until": "08:00" } })),
        ("body", json!({ "digest": { "when": "daily" } })),
        ("body", json!({ "kind": "weather" })),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let (status, error) = refusal(site.admin.send(Method::POST, "/alerts/rules", Some(body)).await).await;
        assert!(status == 422 && error["fields"][field].is_string(), "{bad}: {error}");
    }
    assert_eq!(site.database.number("SELECT count(*) FROM alert_rules"), 1);
    let path = format!("/alerts/rules/{}", made["id"].as_str().unwrap());
    let answer = site.admin.send(Method::PUT, &path, Some(good.clone())).await;
    let changed: Value = answer.json().await.unwrap();
    assert_eq!(
        (&changed["name"], &changed["quiet_hours"], &changed["group"]),
        (&json!("New"), &Value::Null, &Value::Null)
    );
    assert_eq!(changed["digest"], json!({ "when": "at_once" }));
    let (status, error) = refusal(site.admin.send(Method::POST, "/alerts/rules", Some(good)).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("name_taken")));
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 404);
}

#[actix_web::test]
async fn erasing_somebody_erases_what_is_told_of_them() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Zoe"]).await;
    rule(&school.site, json!({ "recipients": { "emails": [OFFICE], "person": true }, "digest": later() }))
        .await;
    school.absences().await;
    until(&school.site, "state = 'pending'", 4).await;
    let path = format!("/people/{}/erasure", school.people[0]);
    let answer =
        school.site.admin.send(Method::POST, &path, Some(json!({ "reason": "They asked for it." }))).await;
    let report: Value = answer.json().await.unwrap();
    assert_eq!(report["erased"]["messages"], 2, "{report}");
    assert_eq!(messages(&school.site, "true"), 2);
    due_now(&school.site);
    until(&school.site, "state = 'sent'", 2).await;
    assert!(mail.taken().iter().all(|taken| !taken.data.contains("Ann")));
}

#[actix_web::test]
async fn old_messages_are_purged_and_waiting_ones_are_not() {
    let site = Site::start().await;
    site.database.execute(
        "INSERT INTO outbox (id, key, kind, channel, target, payload, bundle, state, not_before, created_at, sent_at)
         SELECT gen_random_uuid(), state || age, 'camera_back', 'email', 'a@example.org', '{}', 'b', state,
            now() + interval '1 year', now() - make_interval(days => age), CASE state WHEN 'sent' THEN now() END
         FROM unnest(ARRAY['pending', 'held', 'sent', 'withdrawn', 'dead']) state, unnest(ARRAY[34, 36]) age",
    );
    let mut conn = site.database.connect();
    api::domain::retention::purge(&mut conn, today(), Utc::now()).unwrap();
    assert_eq!(messages(&site, "true"), 7);
    assert_eq!(messages(&site, "state IN ('pending', 'held')"), 4);
}
