use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Site, eventually, refusal};

#[actix_web::test]
async fn health_names_the_part_that_is_down() {
    let site = Site::start().await;
    let health = |site: &Site| {
        let request = site.admin.anonymous().request(Method::GET, "/health");
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let ready = |site: &Site| {
        let request = site.admin.http.get(format!("{}/readyz", site.admin.base));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let (status, body) = health(&site).await;
    assert_eq!(
        (status, &body["status"], &body["database"], &body["recognizer"]),
        (200, &json!("ok"), &json!("ok"), &json!("ok"))
    );
    assert!(body["version"].is_string());
    site.recognizer.set_down(true);
    let (status, body) = health(&site).await;
    assert_eq!((status, &body["database"], &body["recognizer"]), (503, &json!("ok"), &json!("down")));
    assert_eq!(ready(&site).await, 200, "readiness does not ask the recognizer");
    site.recognizer.set_down(false);
    site.database.set_down(true);
    let (status, body) = health(&site).await;
    assert_eq!((status, &body["database"]), (503, &json!("down")));
    assert_eq!(ready(&site).await, 503);
    site.database.set_down(false);
    eventually("the server has recovered", || async {
        health(&site).await.0 == 200 && ready(&site).await == 200
    })
    .await;
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::start().await;
    for path in ["/api/v1/health", "/api/v1/session", "/api/docs/", "/nowhere"] {
        let answer = site.admin.http.get(format!("{}{path}", site.admin.base)).send().await.unwrap();
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert!(header("permissions-policy").contains("camera=(self)"), "{path}");
        assert_eq!(
            (header("x-content-type-options"), header("referrer-policy")),
            ("nosniff", "no-referrer"),
            "{path}"
        );
    }
    let metrics = site.admin.http.get(format!("{}/metrics", site.admin.base)).send().await.unwrap();
    assert_eq!(metrics.status(), 404, "metrics are not on the public port");
}

#[actix_web::test]
async fn the_zone_decides_what_today_is() {
    let site = Site::start().await;
    let settings = json!({
        "site_name": "Schule am Park",
        "timezone": "Pacific/Kiritimati",
        "admins_need_second_factor": false,
    });
    assert_eq!(site.admin.send(Method::PUT, "/settings", Some(settings.clone())).await.status(), 200);
    assert_eq!(site.admin.get("/settings").await, settings);
    let east = site.admin.get("/today").await;
    let west = json!({ "site_name": "Schule am Park", "timezone": "Pacific/Pago_Pago" });
    assert_eq!(site.admin.send(Method::PUT, "/settings", Some(west)).await.status(), 200);
    let west = site.admin.get("/today").await;
    assert!(east["date"].as_str().unwrap() > west["date"].as_str().unwrap(), "25 hours lie between them");
    for bad in [
        json!({ "site_name": "x", "timezone": "Mars/Olympus" }),
        json!({ "site_name": " ", "timezone": "UTC" }),
    ] {
        assert_eq!(refusal(site.admin.send(Method::PUT, "/settings", Some(bad)).await).await.0, 422);
    }
}

#[actix_web::test]
async fn the_contract_is_documented_and_browsable() {
    let site = Site::start().await;
    let document = site.admin.anonymous().get("/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let text = document.to_string();
    let mut references =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(references.clone().count() > 100);
    let dangling = references.find(|name| document["components"]["schemas"][*name].is_null());
    assert_eq!(dangling, None, "every reference leads somewhere");
    let page = site.admin.http.get(format!("{}/api/docs", site.admin.base)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("swagger"));
}

#[actix_web::test]
async fn metrics_count_what_happened() {
    let site = Site::start().await;
    let (feed, _) = site.feed(json!({ "name": "Door" })).await;
    site.admin.frame(&feed, &site.recognizer.image(&[])).await;
    let text = site.server.app.metrics_text();
    assert!(text.contains("attendance_frames_total{outcome=\"answered\"} 1"), "{text}");
    let frames = r#"attendance_http_request_seconds_count{method="POST",route="/api/v1/feeds/{feed}/frames",status="200"} 1"#;
    assert!(text.contains(frames), "{text}");
    assert!(!text.contains(&feed), "no address as it came");
    assert!(text.contains(r#"attendance_database_pool_connections{state="idle"}"#), "{text}");
    assert!(text.contains("attendance_gallery_templates 0"), "{text}");
}
