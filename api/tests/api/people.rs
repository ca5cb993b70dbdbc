use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use types::QualityReason;

use crate::recognizer::{mixed, person, poor};
use crate::support::{Site, person_form, photos_form, refusal};

#[actix_web::test]
async fn a_person_is_added_with_photos_and_read_back() {
    let site = Site::start().await;
    let photos =
        [site.recognizer.image(&[person(1)]), site.recognizer.image(&[mixed(&[(1, 1.0), (2, 0.2)])])];
    let fields = json!({ "name": "  Zoë   Ångström ", "external_id": "S-1", "email": "zoe@example.org", "branch": "Physics",
        "year": 2, "groups": ["7b", "Choir"], "consent": { "given_by": "A. Ångström", "at": "2026-09-01T08:00:00Z",
        "text_version": "2026-1" } });
    let answer = site.admin.post_form("/people", person_form(fields, &photos)).await;
    assert_eq!(answer.status(), 201);
    let created: Value = answer.json().await.unwrap();
    assert_eq!(created["name"], "Zoë Ångström");
    assert_eq!(created["photos"].as_array().unwrap().len(), 2);
    assert_eq!(created["photos"][0]["quality"], json!({ "ok": true, "reasons": [] }));
    assert_eq!(created["consent"]["given_by"], "A. Ångström");
    let names: Vec<&str> =
        created["groups"].as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["7b", "Choir"]);

    let id = created["id"].as_str().unwrap();
    assert_eq!(site.admin.get(&format!("/people/{id}")).await, created);
    let photo = format!("/people/{id}/photos/{}", created["photos"][0]["id"].as_str().unwrap());
    let answer = site.admin.send(Method::GET, &photo, None).await;
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.bytes().await.unwrap().starts_with(&[0xff, 0xd8]));
    assert_eq!(site.admin.get("/people/count").await, json!({ "count": 1 }));
}

#[actix_web::test]
async fn names_are_found_without_accents_and_with_slips() {
    let site = Site::start().await;
    for (name, id) in
        [("Zoë Ångström", "S-1"), ("Søren Kierkegård", "S-2"), ("Émile Durand", "100%"), ("李小龍", "S_4")]
    {
        let answer = site
            .admin
            .post_form("/people", person_form(json!({ "name": name, "external_id": id }), &[]))
            .await;
        assert_eq!(answer.status(), 201);
    }
    let found = |query: &str| {
        let path = reqwest::Url::parse_with_params("http://x/people", [("query", query)]).unwrap();
        let path = format!("/people?{}", path.query().unwrap());
        let admin = site.admin.clone();
        async move {
            let page = admin.get(&path).await;
            assert_eq!(page["total"].as_u64().unwrap() as usize, page["items"].as_array().unwrap().len());
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(found("zoe").await, ["Zoë Ångström"]);
    assert_eq!(found("ANGSTROM").await, ["Zoë Ångström"]);
    assert_eq!(found("angstorm").await, ["Zoë Ångström"], "two letters swapped");
    assert_eq!(found("soren").await, ["Søren Kierkegård"]);
    assert_eq!(found("小龍").await, ["李小龍"]);
    assert_eq!(found("100%").await, ["Émile Durand"], "a percent sign is a percent sign");
    assert_eq!(found("S_4").await[0], "李小龍");
    assert_eq!(found("nobody at all").await, [""; 0]);
    assert_eq!(found("'; DROP TABLE people; --").await, [""; 0]);
    assert_eq!(found("  ").await.len(), 4);
}

#[actix_web::test]
async fn pages_follow_each_other_without_gaps() {
    let site = Site::start().await;
    for n in 0..7 {
        let fields = json!({ "name": format!("Pupil {n}"), "external_id": n.to_string(), "groups": ["7b"] });
        assert_eq!(site.admin.post_form("/people", person_form(fields, &[])).await.status(), 201);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = site.admin.get(&format!("/people?limit=3&group=7b{after}")).await;
        assert_eq!(page["total"], 7);
        seen.extend(page["items"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, (0..7).map(|n| format!("Pupil {n}")).collect::<Vec<_>>());
    assert_eq!(site.admin.get("/people?group=8a").await["total"], 0);
    for bad in ["limit=0", "limit=201", "limit=x", "after=x", "after=-1", "unknown=1"] {
        assert_eq!(
            refusal(site.admin.send(Method::GET, &format!("/people?{bad}"), None).await).await.0,
            422,
            "{bad}"
        );
    }
}

#[actix_web::test]
async fn one_refused_photo_refuses_the_request_and_nothing_is_stored() {
    let site = Site::start().await;
    let photos = [
        site.recognizer.image(&[person(1)]),
        site.recognizer.image(&[]),
        site.recognizer.image(&[person(1), person(2)]),
        site.recognizer.image(&[poor(1, &[QualityReason::TooSmall, QualityReason::Blurred])]),
        b"not an image".to_vec(),
    ];
    let fields = json!({ "name": "Zoë", "external_id": "S-1", "consent": true });
    let (status, error) = refusal(site.admin.post_form("/people", person_form(fields, &photos)).await).await;
    assert_eq!((status, error["code"].as_str()), (422, Some("photo_refused")));
    let fields = error["fields"].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["photo[1]", "photo[2]", "photo[3]", "photo[4]"]);
    assert!(fields["photo[1]"].as_str().unwrap().contains("No face"));
    assert!(fields["photo[2]"].as_str().unwrap().contains("2 faces"));
    assert!(fields["photo[3]"].as_str().unwrap().contains("closer"));
    let left = "SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM photos) + (SELECT count(*) FROM templates)";
    assert_eq!(site.database.number(left), 0);
    assert_eq!(objects(&site), 0);
}

/// Files in the photo store.
fn objects(site: &Site) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries.flatten().map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
    }
    count(&site.data.path().join("objects/people"))
}

#[actix_web::test]
async fn a_taken_id_names_the_field_and_stores_nothing() {
    let site = Site::start().await;
    site.enrol("S-1", person(1)).await;
    let photo = site.recognizer.image(&[person(2)]);
    let fields = json!({ "name": "Other", "external_id": "S-1", "consent": true });
    let (status, error) = refusal(site.admin.post_form("/people", person_form(fields, &[photo])).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("external_id_taken")));
    assert!(error["fields"]["external_id"].is_string());
    assert_eq!((site.database.number("SELECT count(*) FROM people"), objects(&site)), (1, 1));
    let second = site.enrol("S-2", person(2)).await;
    let change = site
        .admin
        .send(Method::PATCH, &format!("/people/{second}"), Some(json!({ "external_id": "S-1" })))
        .await;
    assert_eq!(refusal(change).await.1["code"], "external_id_taken");
}

#[actix_web::test]
async fn a_face_that_is_enrolled_names_its_person_and_an_admin_may_know_better() {
    let site = Site::start().await;
    let first = site.enrol("First", person(1)).await;
    let twin = mixed(&[(1, 1.0), (2, 0.5)]);
    let photos = [site.recognizer.image(&[twin])];
    let form = || person_form(json!({ "name": "Twin", "external_id": "T", "consent": true }), &photos);
    let (status, error) = refusal(site.admin.post_form("/people", form()).await).await;
    assert_eq!((status, error["code"].as_str()), (409, Some("face_already_enrolled")));
    assert_eq!((&error["person"]["id"], &error["person"]["name"]), (&json!(first), &json!("First")));
    assert_eq!((site.database.number("SELECT count(*) FROM people"), objects(&site)), (1, 1));

    let answer = site.admin.post_form("/people?override=true", form()).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(site.database.number("SELECT count(*) FROM enrolment_overrides"), 1);
    // Another photo of the same person is no other person's face.
    let again = photos_form(&[site.recognizer.image(&[mixed(&[(1, 1.0), (3, 0.9)])])]);
    let other = site.enrol("Third", person(4)).await;
    assert_eq!(site.admin.post_form(&format!("/people/{other}/photos"), again).await.status(), 409);
}

#[actix_web::test]
async fn two_admins_who_enrol_one_face_at_once_make_one_person() {
    let site = Site::start().await;
    let requests = (0..4).map(|n| {
        let photo = site.recognizer.image(&[person(1)]);
        let fields = json!({ "name": format!("N{n}"), "external_id": n.to_string(), "consent": true });
        let admin = site.admin.clone();
        async move { admin.post_form("/people", person_form(fields, &[photo])).await.status().as_u16() }
    });
    let mut statuses = futures_util::future::join_all(requests).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!((site.database.number("SELECT count(*) FROM photos"), objects(&site)), (1, 1));
}

#[actix_web::test]
async fn a_photo_needs_consent_and_withdrawing_it_erases_what_was_learnt() {
    let site = Site::start().await;
    let photo = [site.recognizer.image(&[person(1)])];
    for consent in [json!({}), json!({ "consent": false })] {
        let mut fields = json!({ "name": "Zoë", "external_id": "S-1" });
        fields.as_object_mut().unwrap().extend(consent.as_object().unwrap().clone());
        let (status, error) =
            refusal(site.admin.post_form("/people", person_form(fields, &photo)).await).await;
        assert_eq!((status, error["code"].as_str()), (422, Some("consent_required")));
    }
    let id = site.enrol("Zoë", person(1)).await;
    let path = format!("/people/{id}");
    let answer = site.admin.send(Method::PATCH, &path, Some(json!({ "consent": false }))).await;
    let changed: Value = answer.json().await.unwrap();
    assert_eq!((&changed["consent"], &changed["photos"]), (&Value::Null, &json!([])));
    let left = "SELECT (SELECT count(*) FROM person_keys) + (SELECT count(*) FROM photos) + (SELECT count(*) FROM templates)";
    assert_eq!((site.database.number(left), objects(&site)), (0, 0));
    let add = |site: &Site| photos_form(&[site.recognizer.image(&[person(1)])]);
    let refused = site.admin.post_form(&format!("{path}/photos"), add(&site)).await;
    assert_eq!(refusal(refused).await.1["code"], "consent_required");
    site.admin.send(Method::PATCH, &path, Some(json!({ "consent": true }))).await;
    assert_eq!(site.admin.post_form(&format!("{path}/photos"), add(&site)).await.status(), 201);
}

#[actix_web::test]
async fn photos_are_added_up_to_ten_and_deleted_one_by_one() {
    let site = Site::start().await;
    let id = site.enrol("Zoë", person(1)).await;
    let photos = |count: usize| {
        photos_form(&(0..count).map(|_| site.recognizer.image(&[person(1)])).collect::<Vec<_>>())
    };
    let path = format!("/people/{id}/photos");
    let answer = site.admin.post_form(&path, photos(9)).await;
    assert_eq!(answer.status(), 201);
    let items = answer.json::<Value>().await.unwrap()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 9);
    assert_eq!(refusal(site.admin.post_form(&path, photos(1)).await).await.0, 422, "an eleventh");
    assert_eq!(refusal(site.admin.post_form(&path, photos(11)).await).await.0, 422, "eleven at once");
    assert_eq!(
        refusal(site.admin.post_form(&path, Form::new().part("x", Part::text("y"))).await).await.0,
        422
    );
    let one = format!("{path}/{}", items[0]["id"].as_str().unwrap());
    assert_eq!(site.admin.status(Method::DELETE, &one).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &one).await, 404);
    assert_eq!(site.admin.status(Method::GET, &one).await, 404);
    assert_eq!(site.admin.get(&path).await["items"].as_array().unwrap().len(), 9);
    assert_eq!(objects(&site), 9);
    let missing = "/people/00000000-0000-0000-0000-000000000001/photos";
    assert_eq!(refusal(site.admin.post_form(missing, photos(1)).await).await.0, 404);
}

#[actix_web::test]
async fn deleting_a_person_takes_everything_with_them() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let id = site.enrol("Zoë", person(1)).await;
    site.enrol("Stays", person(2)).await;
    site.admin.frame(&feed, &site.recognizer.image(&[person(1)])).await;
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 1);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{id}")).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{id}")).await, 404);
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 0);
    assert_eq!((site.database.number("SELECT count(*) FROM person_keys"), objects(&site)), (1, 1));
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'person.deleted'"), 1);
}

#[actix_web::test]
async fn fields_that_do_not_validate_are_each_named() {
    let site = Site::start().await;
    let long = "x".repeat(201);
    let cases = [
        (json!({ "name": "", "external_id": "" }), vec!["name", "external_id"]),
        (json!({ "name": long, "external_id": "1" }), vec!["name"]),
        (json!({ "name": "A", "external_id": "1", "email": "nowhere" }), vec!["email"]),
        (json!({ "name": "A\u{7}", "external_id": "1" }), vec!["name"]),
        (json!({ "name": "A\0", "external_id": "1" }), vec!["name"]),
        (json!({ "name": "\u{200b}", "external_id": "1\u{202e}" }), vec!["name", "external_id"]),
        (
            json!({ "name": "A", "external_id": "1", "groups": (0..51).map(|n| n.to_string()).collect::<Vec<_>>() }),
            vec!["groups"],
        ),
        (
            json!({ "name": "A", "external_id": "1", "consent": { "given_by": "B", "at": "-9999-01-01T00:00:00Z",
            "text_version": "1" } }),
            vec!["consent.at"],
        ),
        (json!({ "name": "A", "external_id": "1", "groups": [""] }), vec!["groups"]),
        (json!({ "name": "A", "external_id": "1", "hair": "red" }), vec!["person"]),
        (json!({ "name": "A" }), vec!["person"]),
        (
            json!({ "name": "A", "external_id": "1", "consent": { "given_by": "", "at": "2020-01-01T00:00:00Z",
            "text_version": "1" } }),
            vec!["consent.given_by"],
        ),
    ];
    for (person, fields) in cases {
        let (status, error) =
            refusal(site.admin.post_form("/people", person_form(person.clone(), &[])).await).await;
        assert_eq!(status, 422, "{person}");
        for field in fields {
            assert!(error["fields"][field].is_string(), "{person}: {error}");
        }
    }
    let broken = site.admin.post_form("/people", Form::new().part("person", Part::text("{"))).await;
    assert_eq!(refusal(broken).await.0, 400);
    assert_eq!(refusal(site.admin.post_form("/people", Form::new()).await).await.0, 400, "no part at all");
    let plain = site.admin.request(Method::POST, "/people").body("name=A").send().await.unwrap();
    assert_eq!(refusal(plain).await.0, 400);
    assert_eq!(site.database.number("SELECT count(*) FROM people"), 0);
}

#[actix_web::test]
async fn a_photo_of_twelve_megabytes_is_413() {
    let site = Site::start().await;
    let fields = json!({ "name": "A", "external_id": "1", "consent": true });
    let (status, _) =
        refusal(site.admin.post_form("/people", person_form(fields, &[vec![0; 12 << 20]])).await).await;
    assert_eq!(status, 413);
}

#[actix_web::test]
async fn a_photo_of_somebody_else_is_refused_by_name() {
    let site = Site::start().await;
    let image = |n: usize| site.recognizer.image(&[person(n)]);
    let create = |photos: Vec<Vec<u8>>| {
        let fields = json!({ "name": "Zoë", "external_id": "S-1", "consent": true });
        let admin = site.admin.clone();
        async move { refusal(admin.post_form("/people", person_form(fields, &photos)).await).await }
    };
    let named = |error: &Value| error["fields"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (status, error) = create(vec![image(1), image(2), image(1)]).await;
    assert_eq!((status, error["code"].as_str()), (422, Some("photo_refused")));
    assert_eq!(named(&error), ["photo[1]"]);
    assert!(error["fields"]["photo[1]"].as_str().unwrap().contains("other photos"), "{error}");
    let (status, error) = create(vec![image(1), image(2)]).await;
    assert_eq!((status, named(&error)), (422, vec!["photo[0]".to_owned(), "photo[1]".to_owned()]));
    assert_eq!((site.database.number("SELECT count(*) FROM people"), objects(&site)), (0, 0));

    let id = site.enrol("Zoë", person(1)).await;
    let add = |photos: Vec<Vec<u8>>| {
        let (admin, path) = (site.admin.clone(), format!("/people/{id}/photos"));
        async move { admin.post_form(&path, photos_form(&photos)).await }
    };
    let strangers = add(vec![image(2), image(1), image(2)]).await;
    let (status, error) = refusal(strangers).await;
    assert_eq!((status, named(&error)), (422, vec!["photo[0]".to_owned(), "photo[2]".to_owned()]));
    assert!(error["fields"]["photo[0]"].as_str().unwrap().contains("stored"), "{error}");
    let twice = image(1);
    assert_eq!(add(vec![twice.clone(), twice]).await.status(), 201, "the same picture twice does no harm");
    let half_alike = site.recognizer.image(&[mixed(&[(1, 1.0), (5, 1.5)])]);
    assert_eq!(add(vec![half_alike]).await.status(), 201, "laxer than recognition: a score of 0.55");
}

#[actix_web::test]
async fn photos_can_be_judged_before_anything_is_stored() {
    let site = Site::start().await;
    let image = |n: usize| site.recognizer.image(&[person(n)]);
    let check = |photos: Vec<Vec<u8>>| {
        let admin = site.admin.clone();
        async move {
            let answer = admin.post_form("/photo-checks", photos_form(&photos)).await;
            assert_eq!(answer.status(), 200);
            answer.json::<Value>().await.unwrap()["items"].clone()
        }
    };
    let first = image(1);
    let items = check(vec![first.clone(), site.recognizer.image(&[]), first, image(2), image(1)]).await;
    assert_eq!((&items[0]["ok"], &items[0]["message"]), (&json!(true), &Value::Null));
    assert!(items[0]["score"].is_number() && items[1]["score"].is_null());
    assert_eq!(items[1]["ok"], false);
    assert_eq!(items[2]["ok"], true);
    assert!(items[2]["message"].as_str().unwrap().contains("photo 1"), "{items}");
    assert_eq!((&items[3]["ok"], &items[4]["ok"]), (&json!(false), &json!(true)), "the odd one out");
    assert_eq!(check(vec![image(3)]).await[0]["ok"], true);
    assert_eq!((site.database.number("SELECT count(*) FROM photos"), objects(&site)), (0, 0));
}

#[actix_web::test]
async fn a_year_that_is_none_is_refused() {
    let site = Site::start().await;
    let id = site.enrol("Zoë", person(1)).await;
    for year in [20266, -5] {
        let change = Some(json!({ "year": year }));
        let (status, error) =
            refusal(site.admin.send(Method::PATCH, &format!("/people/{id}"), change).await).await;
        assert!(status == 422 && error["fields"]["year"].is_string(), "{year}: {error}");
        let form = person_form(json!({ "name": "Bo", "external_id": "B", "year": year }), &[]);
        let (status, error) = refusal(site.admin.post_form("/people", form).await).await;
        assert!(status == 422 && error["fields"]["year"].is_string(), "{year}: {error}");
    }
    let change = Some(json!({ "year": 2026 }));
    assert_eq!(site.admin.send(Method::PATCH, &format!("/people/{id}"), change).await.status(), 200);
}
