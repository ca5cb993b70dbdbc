use api::domain::audit_chain::{self, ChainKey, Head, Verdict};
use api::models::audit::{self, Actor};
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;
use uuid::Uuid;

use crate::recognizer::person;
use crate::support::{Site, TestDatabase, config, eventually, refusal};

/// A database with a chain of `count` entries and its key.
fn chained(count: usize) -> (TestDatabase, tempfile::TempDir, ChainKey) {
    let (database, data) = (TestDatabase::create(), tempfile::TempDir::new().unwrap());
    let mut conn = database.connect();
    let key = audit_chain::open_or_create(&mut conn, &config(&database, data.path(), "").data).unwrap();
    for number in 0..count {
        let (subject, detail) = (("person", Some(Uuid::from_u128(7))), json!({ "name": "Zoë", "n": number }));
        audit::insert(&mut conn, Actor::System, "person.updated", subject, detail).unwrap();
    }
    assert_eq!(verdict(&database, &key), Verdict::Holds { entries: count as i64, emptied: 0 });
    (database, data, key)
}

fn verdict(database: &TestDatabase, key: &ChainKey) -> Verdict {
    audit_chain::verify(&mut database.connect(), key, None).unwrap()
}

fn broken_at(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Broken { seq, .. } => seq,
        holds @ Verdict::Holds { .. } => panic!("{holds:?}"),
    }
}

/// Does what only somebody who owns the database can.
const AS_OWNER: &str = "ALTER TABLE audit DISABLE TRIGGER audit_only_empties;";

#[test]
fn whatever_is_altered_or_deleted_is_found_at_its_sequence() {
    let entry = "(SELECT audit_id FROM audit_chain WHERE seq = 4)";
    for (tampering, seq) in [
        (format!("UPDATE audit SET detail = '{{\"name\": \"Zoe\"}}' WHERE id = {entry}"), 4),
        (format!("UPDATE audit SET actor_kind = 'feed' WHERE id = {entry}"), 4),
        (format!("UPDATE audit SET actor_id = gen_random_uuid() WHERE id = {entry}"), 4),
        (format!("UPDATE audit SET action = 'person.read' WHERE id = {entry}"), 4),
        (format!("UPDATE audit SET subject_id = gen_random_uuid() WHERE id = {entry}"), 4),
        (format!("UPDATE audit SET at = at - interval '1 day' WHERE id = {entry}"), 4),
        (format!("DELETE FROM audit WHERE id = {entry}"), 4),
        (format!("DELETE FROM audit WHERE id = {entry}; DELETE FROM audit_chain WHERE seq = 4"), 4),
        ("DELETE FROM audit_chain WHERE seq = 4; UPDATE audit_chain SET seq = seq - 1 WHERE seq > 4".to_owned(), 4),
        ("UPDATE audit_chain SET hash = sha256(hash) WHERE seq = 4".to_owned(), 4),
        // Emptied as an erasure would, but none is told of.
        (format!("UPDATE audit SET actor_id = NULL, subject_id = NULL, detail = NULL, salt = NULL WHERE id = {entry}"), 4),
        ("DELETE FROM audit WHERE id = (SELECT max(audit_id) FROM audit_chain); DELETE FROM audit_chain WHERE seq = 9; \
          DELETE FROM audit_pending".to_owned(), 10),
    ] {
        let (database, _data, key) = chained(9);
        database.execute(&format!("{AS_OWNER} {tampering}"));
        match verdict(&database, &key) {
            // The tail alone: nothing inside the database can tell; the head outside does (below).
            Verdict::Holds { entries: 8, .. } if seq == 10 => {}
            verdict => assert_eq!(broken_at(verdict), seq, "{tampering}"),
        }
    }
}

#[actix_web::test]
async fn a_tail_that_was_cut_off_is_told_by_the_head_kept_outside() {
    let site = Site::start().await;
    let key = site.server.app.audit_key.clone();
    site.admin.send(Method::POST, "/groups", Some(json!({ "name": "7b" }))).await;
    let chained = "SELECT count(*) FROM audit_pending";
    eventually("entries join by themselves", || async { site.database.number(chained) == 0 }).await;
    let link = audit::head(&mut site.database.connect()).unwrap().unwrap();
    audit_chain::keep_head(&site.server.app.photos, &link).await.unwrap();
    audit_chain::keep_head(&site.server.app.photos, &link).await.unwrap();
    let head: Head = audit_chain::newest_head(&site.server.app.photos).await.unwrap().unwrap();
    assert_eq!(head.seq, link.seq);
    let check = || audit_chain::verify(&mut site.database.connect(), &key, Some(&head)).unwrap();
    assert_eq!(check(), Verdict::Holds { entries: head.seq, emptied: 0 });
    // Cut off the newest, and let another entry take its sequence.
    site.database.execute(&format!(
        "DELETE FROM audit WHERE id = {}; DELETE FROM audit_chain WHERE seq = {}",
        link.audit_id, link.seq
    ));
    assert_eq!(broken_at(check()), head.seq);
    site.database
        .execute("INSERT INTO audit (actor_kind, action, subject_kind) VALUES ('system', 'test', 'test')");
    assert_eq!(broken_at(check()), head.seq);
}

#[test]
fn entries_written_at_once_make_one_chain_and_those_from_before_join_it() {
    let (database, _data, key) = chained(0);
    let (url, key_ref) = (&database.owner_url, &key);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(move || {
                let mut conn = api::db::connect(&url.parse().unwrap()).unwrap();
                for number in 0..40 {
                    let detail = json!({ "n": number });
                    audit::insert(&mut conn, Actor::System, "test", ("test", None), detail).unwrap();
                    audit_chain::append_pending(&mut conn, key_ref).unwrap();
                }
            });
        }
    });
    assert_eq!(verdict(&database, &key), Verdict::Holds { entries: 240, emptied: 0 });
}

#[test]
fn an_entry_that_is_kept_out_of_the_chain_is_found() {
    let (database, _data, key) = chained(3);
    database.execute(
        "INSERT INTO audit (actor_kind, action, subject_kind) VALUES ('system', 'test', 'test'); DELETE FROM audit_pending",
    );
    assert_eq!(broken_at(verdict(&database, &key)), 4);
}

#[test]
fn a_chain_without_its_key_or_with_another_stops_the_start() {
    let (database, data, _key) = chained(2);
    let config = config(&database, data.path(), "").data;
    let path = config.audit_key_file();
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let open = || {
        audit_chain::open_or_create(&mut database.connect(), &config).map_err(|error| format!("{error:#}"))
    };
    assert!(open().unwrap_err().contains("restore that file"));
    std::fs::write(&path, "c2hvcnQ=").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(open().unwrap_err().contains("32 bytes"));
    std::fs::write(&path, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    assert!(open().unwrap_err().contains("was not made with the key"));
    std::fs::write(&path, kept).unwrap();
    assert!(open().is_ok());
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(open().unwrap_err().contains("chmod 600"));
}

#[actix_web::test]
async fn erasure_empties_what_is_said_about_the_person_and_the_chain_holds() {
    let site = Site::start().await;
    let key = site.server.app.audit_key.clone();
    let id = site.enrol("Zoë Ångström", person(1)).await;
    let group = json!({ "name": "7b" });
    let group: Value = site.admin.send(Method::POST, "/groups", Some(group)).await.json().await.unwrap();
    let members = format!("/groups/{}/members", group["id"].as_str().unwrap());
    assert_eq!(site.admin.send(Method::POST, &members, Some(json!({ "person": id }))).await.status(), 201);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{id}")).await, 204);
    let check = || audit_chain::verify(&mut site.database.connect(), &key, None).unwrap();
    // Created, consent, enrolled, member added; what they were put into stays told of.
    let Verdict::Holds { emptied, .. } = check() else { panic!("{:?}", check()) };
    assert_eq!(emptied, 4);
    let named = format!(
        "SELECT count(*) FROM audit WHERE action <> 'person.deleted' AND (subject_id = '{id}' OR detail::text LIKE '%{id}%' OR detail::text LIKE '%Zoë%')"
    );
    assert_eq!(site.database.number(&named), 0);
    // The application can empty and not rewrite, and whoever empties without telling is found.
    let mut app = api::db::connect(&site.database.app_url.parse().unwrap()).unwrap();
    let mut run = |sql: &str| diesel::connection::SimpleConnection::batch_execute(&mut app, sql);
    assert!(run("UPDATE audit SET detail = '{}'").is_err());
    assert!(
        run("UPDATE audit SET actor_id = NULL, subject_id = NULL, detail = NULL").is_err(),
        "with the salt or not at all"
    );
    assert!(run("UPDATE audit_chain SET hash = ''").is_err() && run("DELETE FROM audit_chain").is_err());
    run("UPDATE audit SET actor_id = NULL, subject_id = NULL, detail = NULL, salt = NULL WHERE action = 'group.created'").unwrap();
    assert!(matches!(check(), Verdict::Broken { .. }));
}

#[actix_web::test]
async fn the_audit_is_listed_filtered_paged_and_exported() {
    let site = Site::start().await;
    for name in ["7a", "7b", "7c"] {
        assert_eq!(
            site.admin.send(Method::POST, "/groups", Some(json!({ "name": name }))).await.status(),
            201
        );
    }
    let me = site.admin.get("/session").await["user"].clone();
    let first = site.admin.get("/audit?action=group&limit=2").await;
    let items = first["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(
        (items[0]["subject"]["name"].as_str(), items[0]["detail"]["kind"].as_str()),
        (Some("7c"), Some("class"))
    );
    assert_eq!(items[0]["actor"], json!({ "kind": "user", "id": me["id"], "name": me["email"] }));
    let next = format!("/audit?action=group.created&limit=2&after={}", first["next"].as_str().unwrap());
    let second = site.admin.get(&next).await;
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
    let subject = items[1]["subject"]["id"].as_str().unwrap();
    assert_eq!(
        site.admin.get(&format!("/audit?subject={subject}")).await["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(site.admin.get(&format!("/audit?actor={subject}")).await["items"], json!([]));
    let future = "/audit?from=2999-01-01T00:00:00Z";
    assert_eq!(site.admin.get(future).await["items"], json!([]));
    for bad in
        ["after=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "actor=x", "limit=0", "what=1"]
    {
        assert_eq!(
            refusal(site.admin.send(Method::GET, &format!("/audit?{bad}"), None).await).await.0,
            422,
            "{bad}"
        );
    }
    let answer = site.admin.send(Method::GET, "/audit/export", None).await;
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let lines: Vec<Value> =
        answer.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as i64, site.database.number("SELECT count(*) FROM audit"));
    assert_eq!(lines[0]["action"], "user.created");
    assert_eq!(site.user("g@example.org", Role::Guard).await.status(Method::GET, "/audit").await, 403);
}

#[actix_web::test]
async fn an_export_of_the_audit_stands_in_it() {
    let site = Site::start().await;
    assert_eq!(site.admin.status(Method::GET, "/audit/export?action=group").await, 200);
    let entries = site.admin.get("/audit?action=audit.exported").await;
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
    let entry = &entries["items"][0];
    let none = Value::Null;
    assert_eq!((&entry["detail"]["action"], &entry["detail"]["subject"]), (&json!("group"), &none));
    assert_eq!(entry["actor"]["name"], site.admin.get("/session").await["user"]["email"]);
}
