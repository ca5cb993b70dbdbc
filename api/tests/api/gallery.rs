use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::json;

use crate::recognizer::person;
use crate::support::{Site, eventually};

async fn sees(client: &crate::support::Client, feed: &str, image: &[u8]) -> String {
    client.frame(feed, image).await["faces"][0]["state"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn enrolment_and_deletion_take_effect_in_every_server_within_a_second() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let second = site.second_instance().await;
    let camera = second.client().with_token(&token);
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(sees(&camera, &feed, &image).await, "unknown");
    let id = site.enrol("Zoë", person(1)).await;
    let enrolled = std::time::Instant::now();
    eventually("the other server recognises her", || async { sees(&camera, &feed, &image).await == "known" })
        .await;
    assert!(enrolled.elapsed().as_secs_f32() < 1.0, "{:?}", enrolled.elapsed());
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{id}")).await, 204);
    let deleted = std::time::Instant::now();
    eventually("the other server forgets her", || async { sees(&camera, &feed, &image).await != "known" })
        .await;
    assert!(deleted.elapsed().as_secs_f32() < 1.0, "{:?}", deleted.elapsed());
    second.stop().await;
}

#[actix_web::test]
async fn a_missed_notification_is_caught_by_the_revision() {
    let site = Site::start().await;
    let id = site.enrol("Zoë", person(1)).await;
    let known = || site.server.app.gallery.read().as_ref().unwrap().gallery.people();
    eventually("she is known", || async { known() == 1 }).await;
    // What a process does, without the notification.
    site.database
        .connect()
        .batch_execute(&format!(
            "BEGIN; DELETE FROM people WHERE id = '{id}'; UPDATE gallery_revision SET revision = revision + 1; \
             UPDATE gallery_changes SET revision = (SELECT revision FROM gallery_revision); COMMIT"
        ))
        .unwrap();
    eventually("she is forgotten", || async { known() == 0 }).await;
}

#[actix_web::test]
async fn archiving_ends_recognition_and_can_be_undone() {
    let site = Site::start().await;
    let id = site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let image = site.recognizer.image(&[person(1)]);
    let archive = |archived: bool| {
        let (admin, path) = (site.admin.clone(), format!("/people/{id}"));
        async move {
            admin.send(Method::PATCH, &path, Some(json!({ "archived": archived }))).await.status().as_u16()
        }
    };
    eventually("she is known", || async { sees(&site.admin, &feed, &image).await == "known" }).await;
    assert_eq!(archive(true).await, 200);
    eventually("she is unknown", || async { sees(&site.admin, &feed, &image).await == "unknown" }).await;
    assert_eq!(site.admin.get("/people").await["total"], 0);
    assert_eq!(site.admin.get("/people?archived=true").await["total"], 1);
    assert_eq!(archive(false).await, 200);
    eventually("she is known again", || async { sees(&site.admin, &feed, &image).await == "known" }).await;
}

#[actix_web::test]
async fn templates_of_another_pack_are_never_compared() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(sees(&site.admin, &feed, &image).await, "known");
    site.recognizer.set_pack("scripted-2");
    eventually("the gallery of the new pack is there, and empty", || async {
        let answer = site.admin.post_frame(&feed, &image).await;
        answer.status() == 200
            && answer.json::<serde_json::Value>().await.unwrap()["faces"][0]["state"] == "unknown"
    })
    .await;
    site.recognizer.set_pack("scripted-1");
    eventually("the old pack's templates are still there", || async {
        let answer = site.admin.post_frame(&feed, &image).await;
        answer.status() == 200
            && answer.json::<serde_json::Value>().await.unwrap()["faces"][0]["state"] == "known"
    })
    .await;
}
