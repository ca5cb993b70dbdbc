use std::io::{Cursor, Write};

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use types::Role;

use crate::recognizer::person;
use crate::support::{Site, eventually, person_form, refusal};

fn file(bytes: impl Into<Vec<u8>>) -> Form {
    Form::new().part("file", Part::bytes(bytes.into()).file_name("people.csv"))
}

async fn preview(site: &Site, bytes: impl Into<Vec<u8>>) -> Value {
    let answer = site.admin.post_form("/imports", file(bytes)).await;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{body}");
    body
}

fn path(import: &Value) -> String {
    format!("/imports/{}", import["id"].as_str().unwrap())
}

async fn apply(site: &Site, import: &Value) -> Value {
    let path = path(import);
    assert_eq!(site.admin.status(Method::POST, &format!("{path}/apply")).await, 202);
    ended(site, &path).await
}

async fn ended(site: &Site, path: &str) -> Value {
    eventually("the import ends", || async { site.admin.get(path).await["state"] != "running" }).await;
    site.admin.get(path).await
}

#[actix_web::test]
async fn a_table_is_previewed_stored_and_exported_again() {
    let site = Site::start().await;
    let table = "Name;External ID;Email;Year;Groups\nZoë Ångström;S-1;zoe@example.org;2;7b; Choir\n"
        .replace("7b; Choir", "\"7b; Choir\"")
        + "'=cmd|' /C calc'!A0;S-2;;;7B\n";
    let import = preview(&site, table.clone()).await;
    assert_eq!(import["counts"], json!({ "create": 2, "update": 0, "unchanged": 0, "error": 0 }));
    assert_eq!(import["source"]["delimiter"], ";");
    assert_eq!(site.database.number("SELECT count(*) FROM people"), 0, "nothing is stored yet");
    let done = apply(&site, &import).await;
    assert_eq!(
        (done["state"].as_str(), done["done"].as_i64(), done["of"].as_i64()),
        (Some("done"), Some(2), Some(2))
    );
    let (status, error) =
        refusal(site.admin.send(Method::POST, &format!("{}/apply", path(&import)), None).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("import_not_ready")));
    let people = site.admin.get("/people?query=S-1").await;
    assert_eq!(people["items"][0]["name"], "Zoë Ångström");
    assert_eq!(people["items"][0]["groups"].as_array().unwrap().len(), 2);
    assert_eq!(site.admin.get("/people?group=7b").await["total"], 2, "7B is 7b");
    let audited = "SELECT count(*) FROM audit WHERE action IN ('person.created', 'people.imported')";
    assert_eq!(site.database.number(audited), 3);

    // The same again changes nothing; a column that is not there leaves its field alone, an empty cell empties it.
    assert_eq!(
        preview(&site, table).await["counts"],
        json!({ "create": 0, "update": 0, "unchanged": 2, "error": 0 })
    );
    let second = preview(&site, "external_id,name,year\nS-1,Zoe,\n").await;
    assert_eq!(second["counts"]["update"], 1);
    apply(&site, &second).await;
    let zoe = site.admin.get("/people?query=S-1").await["items"][0].clone();
    assert_eq!(
        (&zoe["name"], &zoe["email"], &zoe["year"]),
        (&json!("Zoe"), &json!("zoe@example.org"), &Value::Null)
    );

    for format in ["csv", "xlsx"] {
        let answer = site.admin.send(Method::GET, &format!("/people/export?format={format}"), None).await;
        assert_eq!(answer.status(), 200);
        let bytes = answer.bytes().await.unwrap();
        if format == "csv" {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.contains("'=cmd|"), "no cell starts a formula: {text}");
        }
        let again = preview(&site, bytes.to_vec()).await;
        assert_eq!(again["source"]["format"], format);
        assert_eq!(
            again["counts"],
            json!({ "create": 0, "update": 0, "unchanged": 2, "error": 0 }),
            "{format}"
        );
    }
}

#[actix_web::test]
async fn rows_with_errors_are_named_and_left_out_on_purpose_alone() {
    let site = Site::start().await;
    let import = preview(&site, "name,external_id,email,year\nA,1,,\n,2,,\nC,3,nowhere,x\nD,1,,\n").await;
    assert_eq!(import["counts"], json!({ "create": 1, "update": 0, "unchanged": 0, "error": 3 }));
    let rows = site.admin.get(&format!("{}/rows?verdict=error&limit=2", path(&import))).await;
    assert_eq!(rows["items"][0]["row"], 3);
    assert!(rows["items"][0]["problems"]["name"].is_string());
    assert_eq!(
        rows["items"][1]["problems"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["email", "year"]
    );
    let next = format!("{}/rows?verdict=error&after={}", path(&import), rows["next"].as_str().unwrap());
    let rows = site.admin.get(&next).await;
    assert!(rows["items"][0]["problems"]["external_id"].as_str().unwrap().contains("Row 2"));
    let apply = format!("{}/apply", path(&import));
    assert_eq!(refusal(site.admin.send(Method::POST, &apply, None).await).await.0, 422);
    assert_eq!(site.admin.status(Method::POST, &format!("{apply}?skip_errors=true")).await, 202);
    assert_eq!(ended(&site, &path(&import)).await["state"], "done");
    assert_eq!(site.database.number("SELECT count(*) FROM people"), 1);
}

#[actix_web::test]
async fn files_that_are_no_table_of_people_are_refused_and_nothing_is_stored() {
    let site = Site::start().await;
    for (bytes, said) in [
        (b"name,external_id,shoe size\nA,1,44\n".to_vec(), "shoe_size"),
        (b"name,external_id,Name\nA,1,B\n".to_vec(), "twice: name"),
        (b"name\nA\n".to_vec(), "missing: external_id"),
        (b"name,external_id\n".to_vec(), "no rows"),
        (b"".to_vec(), "empty"),
        (b"\xff\xfe\x00\xd8x\x00".to_vec(), "UTF-16LE"),
        (b"PK\x03\x04nonsense".to_vec(), "damaged"),
        (b"name\0,external_id".to_vec(), "no text"),
    ] {
        let (status, error) = refusal(site.admin.post_form("/imports", file(bytes)).await).await;
        assert_eq!(status, 422, "{said}");
        assert!(error["fields"]["file"].as_str().unwrap().contains(said), "{error}");
    }
    let large = vec![b'a'; 10 * 1024 * 1024 + 1];
    assert_eq!(refusal(site.admin.post_form("/imports", file(large)).await).await.0, 413);
    let other = Form::new().part("other", Part::text("x"));
    assert_eq!(refusal(site.admin.post_form("/imports", other).await).await.0, 422);
    assert_eq!(refusal(site.admin.post_form("/imports", Form::new()).await).await.0, 400, "no part at all");
    assert_eq!(site.database.number("SELECT count(*) FROM imports"), 0);
    assert_eq!(
        preview(&site, b"name,external_id\nZo\xeb,1\n".to_vec()).await["source"]["encoding"],
        "windows-1252"
    );
}

#[actix_web::test]
async fn people_who_changed_since_the_preview_are_judged_anew() {
    let site = Site::start().await;
    let import = preview(&site, "name,external_id\nZoe,S-1\nBo,S-2\n").await;
    let fields = json!({ "name": "Zoe", "external_id": "S-1" });
    assert_eq!(site.admin.post_form("/people", person_form(fields, &[])).await.status(), 201);
    let done = apply(&site, &import).await;
    assert_eq!(done["counts"], json!({ "create": 1, "update": 0, "unchanged": 1, "error": 0 }));
    // What is running and was left behind can be applied again; what expired is gone with what it held.
    let third = preview(&site, "name,external_id\nCy,S-3\n").await;
    let id = third["id"].as_str().unwrap();
    site.database.execute(&format!(
        "UPDATE imports SET state = 'running', touched_at = now() - interval '2 minutes' WHERE id = '{id}'"
    ));
    assert_eq!(site.admin.get(&path(&third)).await["state"], "failed");
    assert_eq!(apply(&site, &third).await["state"], "done");
    api::models::imports::purge(
        &mut site.database.connect(),
        chrono::Utc::now() + chrono::TimeDelta::days(2),
    )
    .unwrap();
    assert_eq!(
        site.database.number("SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_rows)"),
        0
    );
    assert_eq!(site.admin.status(Method::GET, &path(&third)).await, 404);
}

#[actix_web::test]
async fn an_export_holds_whom_the_caller_may_see() {
    let site = Site::start().await;
    apply(&site, &preview(&site, "name,external_id,groups\nZoe,S-1,7b\nBo,S-2,8a\n").await).await;
    let manager = site.user("m@example.org", Role::Manager).await;
    site.database.execute(
        "INSERT INTO user_groups SELECT u.id, g.id FROM users u, groups g WHERE u.email = 'm@example.org' AND g.name = '7b'",
    );
    let text = manager.send(Method::GET, "/people/export", None).await.text().await.unwrap();
    assert!(text.contains("Zoe") && !text.contains("Bo"), "{text}");
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[actix_web::test]
async fn photos_come_in_an_archive_person_by_person() {
    let site = Site::start().await;
    for (id, consent) in [("S-1", true), ("S-2", true), ("S-3", false), ("S_4", true)] {
        let fields = json!({ "name": id, "external_id": id, "consent": consent });
        assert_eq!(site.admin.post_form("/people", person_form(fields, &[])).await.status(), 201);
    }
    let face = |n| site.recognizer.image(&[person(n)]);
    let (one, two, three, four, nobody) = (face(1), face(2), face(3), face(4), site.recognizer.image(&[]));
    let bytes = archive(&[
        ("S-1.jpg", &one),
        ("S-1_2.png", &one),
        ("S-2/front.jpg", &two),
        ("S-2/side.jpg", &nobody),
        ("S-3.jpg", &three),
        ("S_4.png", &four),
        ("../../S-9.jpg", &one),
        ("__MACOSX/S-1.jpg", b"x"),
    ]);
    let answer = site.admin.post_form("/photo-imports", file(bytes)).await;
    assert_eq!(answer.status(), 202);
    let begun: Value = answer.json().await.unwrap();
    let done = ended(&site, &format!("/photo-imports/{}", begun["id"].as_str().unwrap())).await;
    assert_eq!(
        (done["state"].as_str(), done["done"].as_i64(), done["of"].as_i64()),
        (Some("done"), Some(7), Some(7))
    );
    let verdicts: Vec<(&str, &str)> = done["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap(), entry["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("S-1.jpg", "stored"),
            ("S-1_2.png", "stored"),
            ("S-2/front.jpg", "refused"),
            ("S-2/side.jpg", "refused"),
            ("S-3.jpg", "refused"),
            ("S_4.png", "stored"),
            ("../../S-9.jpg", "refused"),
        ]
    );
    let message = |place: usize| done["entries"][place]["message"].as_str().unwrap();
    assert!(
        message(3).contains("No face") && message(4).contains("consent") && message(6).contains("no person")
    );
    assert_eq!(
        site.database.number("SELECT count(*) FROM photos"),
        3,
        "the photos of one person are stored or none of them"
    );
    eventually("the archive is deleted", || async {
        let names = std::fs::read_dir(site.data.path()).unwrap().flatten().map(|entry| entry.file_name());
        !names.into_iter().any(|name| name.to_string_lossy().starts_with(".tmp"))
    })
    .await;
    let (status, _) =
        refusal(site.admin.post_form("/photo-imports", file(b"no archive".to_vec())).await).await;
    assert_eq!(status, 422);
}

#[actix_web::test]
async fn an_export_is_audited_with_its_format_and_of_whom_it_is() {
    let site = Site::start().await;
    let group = crate::attendance::group(&site, "7b", &[]);
    let manager = site.user("m@example.org", Role::Manager).await;
    site.database.execute(
        "INSERT INTO user_groups SELECT u.id, g.id FROM users u, groups g WHERE u.email = 'm@example.org'",
    );
    for (client, format, of) in
        [(&site.admin, "xlsx", json!("everyone")), (&manager, "csv", json!({ "groups": [group] }))]
    {
        assert_eq!(client.status(Method::GET, &format!("/people/export?format={format}")).await, 200);
        let newest = site.admin.get("/audit?action=people.exported").await["items"][0].clone();
        assert_eq!(newest["detail"], json!({ "format": format, "of": of }));
        assert_eq!(newest["actor"]["name"], client.get("/session").await["user"]["email"]);
    }
}
