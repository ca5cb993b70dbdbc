use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Site, refusal};

#[actix_web::test]
async fn a_feed_is_made_with_the_contracts_defaults_changed_and_deleted() {
    let site = Site::start().await;
    let answer = site.admin.send(Method::POST, "/feeds", Some(json!({ "name": "Main door" }))).await;
    assert_eq!(answer.status(), 201);
    let feed: Value = answer.json().await.unwrap();
    let expected = json!({ "liveness": "off", "min_frames": 3, "dedup_seconds": 300, "max_fps": 15, "direction": "in",
        "reveals": "all", "threshold": null, "margin": null });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&feed[field], value, "{field}");
    }
    let path = format!("/feeds/{}", feed["id"].as_str().unwrap());
    assert!(site.admin.get(&path).await.get("token").is_none(), "the token is shown once");

    let change = json!({ "name": "Gate", "threshold": 0.7, "reveals": "state" });
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(change)).await.status(), 200);
    let changed = site.admin.get(&path).await;
    assert_eq!((&changed["name"], &changed["reveals"]), (&json!("Gate"), &json!("state")));
    assert!((changed["threshold"].as_f64().unwrap() - 0.7).abs() < 1e-6);
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({ "threshold": null }))).await.status(), 200);
    assert_eq!(site.admin.get(&path).await["threshold"], Value::Null);
    assert_eq!(site.admin.send(Method::PATCH, &path, Some(json!({}))).await.status(), 200);
    for field in ["name", "liveness", "min_frames", "range"] {
        let emptied = site.admin.send(Method::PATCH, &path, Some(json!({ field: null }))).await;
        assert_eq!(refusal(emptied).await.0, 422, "{field} cannot be empty");
    }

    assert_eq!(site.admin.status(Method::DELETE, &path).await, 204);
    assert_eq!(site.admin.status(Method::DELETE, &path).await, 404);
    assert_eq!(site.admin.get("/feeds").await["items"], json!([]));
    site.feed(json!({ "name": "Gate" })).await;
}

#[actix_web::test]
async fn what_a_feed_may_not_be_is_named_by_field() {
    let site = Site::start().await;
    site.feed(json!({ "name": "Door" })).await;
    let cases = [
        (json!({ "name": "door" }), 409, "name"),
        (json!({ "name": "" }), 422, "name"),
        (json!({ "name": "A", "min_frames": 0 }), 422, "min_frames"),
        (json!({ "name": "A", "dedup_seconds": 0 }), 422, "dedup_seconds"),
        (json!({ "name": "A", "max_fps": 100 }), 422, "max_fps"),
        (json!({ "name": "A", "threshold": 2 }), 422, "threshold"),
        (json!({ "name": "A", "liveness": "passive" }), 422, "liveness"),
        (json!({ "name": "A", "liveness": "challenge" }), 422, "liveness"),
        (json!({ "name": "A", "liveness": "maybe" }), 422, "body"),
        (json!({ "name": "A", "colour": "red" }), 422, "body"),
        (json!({ "name": "A", "min_frames": -1 }), 422, "body"),
    ];
    for (body, expected, field) in cases {
        let (status, error) =
            refusal(site.admin.send(Method::POST, "/feeds", Some(body.clone())).await).await;
        assert_eq!(status, expected, "{body}");
        assert!(error["fields"][field].is_string(), "{body}: {error}");
    }
    assert_eq!(site.admin.get("/feeds").await["items"].as_array().unwrap().len(), 1);
}
