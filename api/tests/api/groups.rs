use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::support::{Site, person_form, refusal};

async fn group(site: &Site, fields: Value) -> String {
    let answer = site.admin.send(Method::POST, "/groups", Some(fields)).await;
    assert_eq!(answer.status(), 201);
    let group: Value = answer.json().await.unwrap();
    group["id"].as_str().unwrap().to_owned()
}

async fn person(site: &Site, external_id: &str, groups: Value) -> String {
    let fields =
        json!({ "name": format!("Pupil {external_id}"), "external_id": external_id, "groups": groups });
    let answer = site.admin.post_form("/people", person_form(fields, &[])).await;
    assert_eq!(answer.status(), 201);
    let person: Value = answer.json().await.unwrap();
    person["id"].as_str().unwrap().to_owned()
}

fn names(view: &Value) -> Vec<&str> {
    view["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn groups_are_made_changed_and_deleted_with_what_hung_on_them() {
    let site = Site::start().await;
    let id = group(&site, json!({ "name": " 7b ", "kind": "class" })).await;
    let path = format!("/groups/{id}");
    assert_eq!(site.admin.get(&path).await, json!({ "id": id, "name": "7b", "kind": "class", "members": 0 }));
    let (status, error) =
        refusal(site.admin.send(Method::POST, "/groups", Some(json!({ "name": "7B" }))).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("name_taken")));
    for (field, bad) in [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "x".repeat(101) })),
        ("body", json!({ "name": "8a", "kind": "herd" })),
        ("body", json!({ "name": "8a", "colour": "red" })),
    ] {
        let (status, error) = refusal(site.admin.send(Method::POST, "/groups", Some(bad)).await).await;
        assert_eq!(status, 422);
        assert!(error["fields"][field].is_string(), "{error}");
    }
    let changed = json!({ "name": "Night shift", "kind": "team" });
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(changed)).await.status(), 200);
    person(&site, "S-1", json!(["night SHIFT"])).await;
    let view = site.admin.get(&path).await;
    assert_eq!(
        (view["name"].as_str(), view["kind"].as_str(), view["members"].as_i64()),
        (Some("Night shift"), Some("team"), Some(1))
    );

    let answer = site.admin.send(Method::DELETE, &path, None).await;
    let hung: Value = answer.json().await.unwrap();
    assert_eq!(hung, json!({ "memberships": 1, "schedules": 0, "holidays": 0, "users": 0, "feeds": 0 }));
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 404);
    let written = "SELECT count(*) FROM audit WHERE subject_kind = 'group'";
    assert_eq!(site.database.number(written), 3);
}

#[actix_web::test]
async fn a_membership_has_days_and_is_there_once_at_a_time() {
    let site = Site::start().await;
    let id = group(&site, json!({ "name": "7b" })).await;
    let pupil = person(&site, "S-1", json!([])).await;
    let members = format!("/groups/{id}/members");
    let add = async |fields: Value| site.admin.send(Method::POST, &members, Some(fields)).await;
    let past = json!({ "person": pupil, "from_day": "2020-09-01", "until_day": "2021-07-01" });
    let answer = add(past.clone()).await;
    assert_eq!(answer.status(), 201);
    let past_row: Value = answer.json().await.unwrap();
    assert_eq!(past_row["person"]["name"], "Pupil S-1");

    let (status, error) = refusal(add(past).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("already_member")));
    for (field, bad) in [
        ("until_day", json!({ "person": pupil, "from_day": "2022-09-01", "until_day": "2022-09-01" })),
        ("from_day", json!({ "person": pupil, "from_day": "0001-01-01" })),
        ("person", json!({ "person": "00000000-0000-0000-0000-000000000009" })),
        ("body", json!({ "person": pupil, "from_day": "2022-02-30" })),
    ] {
        let (status, error) = refusal(add(bad).await).await;
        assert_eq!(status, 422);
        assert!(error["fields"][field].is_string(), "{error}");
    }
    assert_eq!(site.admin.get(&members).await["total"], 0, "nobody today");
    assert_eq!(site.admin.get(&format!("{members}?day=2021-06-30")).await["total"], 1);
    assert_eq!(
        site.admin.get(&format!("{members}?day=2021-07-01")).await["total"],
        0,
        "until is the first day without"
    );

    let answer = add(json!({ "person": pupil })).await;
    let today_row: Value = answer.json().await.unwrap();
    assert_eq!(site.admin.get(&members).await["items"], json!([today_row]));
    assert_eq!(site.admin.get(&format!("{members}?all=true")).await["total"], 2);
    let row = |row: &Value| format!("{members}/{}", row["id"].as_str().unwrap());
    let of_person = site.admin.get(&format!("/people/{pupil}/memberships")).await;
    let listed: Vec<_> = of_person["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    assert_eq!(listed, [&today_row["id"], &past_row["id"]], "newest first");
    assert_eq!(of_person["items"][1]["group"], json!({ "id": id, "name": "7b" }));
    assert_eq!(of_person["items"][1]["until_day"], "2021-07-01");
    let overlapping = json!({ "until_day": null });
    let answer = site.admin.send(Method::PATCH, &row(&past_row), Some(overlapping)).await;
    assert_eq!(refusal(answer).await.1["code"], "already_member");
    let answer = site.admin.send(Method::PATCH, &row(&past_row), Some(json!({ "from_day": null }))).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(site.admin.get(&format!("{members}?day=1950-01-01")).await["total"], 1);
    assert_eq!(site.admin.status(Method::DELETE, &row(&past_row)).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &row(&past_row)).await, 404);
    let other = group(&site, json!({ "name": "8a" })).await;
    let elsewhere = format!("/groups/{other}/members/{}", today_row["id"].as_str().unwrap());
    assert_eq!(site.admin.status(Method::DELETE, &elsewhere).await, 404, "it is another group's");
}

#[actix_web::test]
async fn groups_of_a_person_hold_from_today_and_past_ones_stay() {
    let site = Site::start().await;
    let pupil = person(&site, "S-1", json!(["7b", "Choir"])).await;
    site.database.execute("UPDATE group_members SET from_day = '2020-09-01' WHERE group_id = (SELECT id FROM groups WHERE name = '7b')");
    let path = format!("/people/{pupil}");
    let changed = site.admin.send(Method::PATCH, &path, Some(json!({ "groups": ["8a"] }))).await;
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(names(&changed), ["8a"]);
    let of = "SELECT count(*) FROM group_members JOIN groups ON groups.id = group_id WHERE name = ";
    assert_eq!(site.database.number(&format!("{of} 'Choir'")), 0, "it began today");
    assert_eq!(
        site.database.number(&format!("{of} '7b' AND until_day = (now() AT TIME ZONE 'UTC')::date")),
        1
    );
    assert_eq!(site.database.number(&format!("{of} '8a' AND until_day IS NULL")), 1);
    assert_eq!(site.admin.get("/people?group=7b").await["total"], 0);
    assert_eq!(site.admin.get("/people?group=8a").await["total"], 1);
    // Named again: what holds is left alone, what had ended begins anew.
    let again = site.admin.send(Method::PATCH, &path, Some(json!({ "groups": ["7b", "8a", "8A"] }))).await;
    assert_eq!(names(&again.json::<Value>().await.unwrap()), ["7b", "8a"]);
    assert_eq!(site.database.number(&format!("{of} '7b'")), 2);
    assert_eq!(site.database.number(&format!("{of} '8a'")), 1);
}

#[actix_web::test]
async fn a_manager_sees_their_own_groups_alone() {
    let site = Site::start().await;
    let (own, other) =
        (group(&site, json!({ "name": "7b" })).await, group(&site, json!({ "name": "8a" })).await);
    let manager = site.user("m@example.org", Role::Manager).await;
    assert_eq!(manager.get("/groups").await["items"], json!([]));
    site.database.execute(&format!(
        "INSERT INTO user_groups SELECT id, '{own}' FROM users WHERE email = 'm@example.org'"
    ));
    assert_eq!(manager.get("/groups").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(manager.status(Method::GET, &format!("/groups/{own}/members")).await, 200);
    let (near, far) = (person(&site, "S-1", json!(["7b"])).await, person(&site, "S-2", json!(["8a"])).await);
    let near = manager.get(&format!("/people/{near}/memberships")).await;
    assert_eq!(near["items"][0]["group"]["name"], "7b");
    for path in
        [format!("/groups/{other}"), format!("/groups/{other}/members"), format!("/people/{far}/memberships")]
    {
        assert_eq!(manager.status(Method::GET, &path).await, 404, "{path}");
    }
}
