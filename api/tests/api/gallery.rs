use std::collections::HashMap;

use api::domain::gallery_sync::{BATCH, encode_template};
use api::keys::Sealed;
use api::models::biometrics::{self, NewPhoto, PersonKeyRow, Template};
use api::models::people::{self, NewPerson};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::json;
use types::{PersonId, PhotoId};
use uuid::Uuid;

use crate::recognizer::{DIMENSIONS, person};
use crate::support::{Site, eventually};

async fn sees(client: &crate::support::Client, feed: &str, image: &[u8]) -> String {
    client.frame(feed, image).await["faces"][0]["state"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn enrolment_and_deletion_take_effect_in_every_server() {
    let site = Site::start().await;
    let (feed, token) = site.feed(json!({ "name": "Door", "min_frames": 1, "max_fps": 60 })).await;
    let second = site.second_instance().await;
    let camera = second.client().with_token(&token);
    let image = site.recognizer.image(&[person(1)]);
    assert_eq!(sees(&camera, &feed, &image).await, "unknown");
    let id = site.enrol("Zoë", person(1)).await;
    eventually("the other server recognises her", || async { sees(&camera, &feed, &image).await == "known" })
        .await;
    assert_eq!(site.admin.status(Method::DELETE, &format!("/people/{id}")).await, 204);
    eventually("the other server forgets her", || async { sees(&camera, &feed, &image).await != "known" })
        .await;
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

/// Writes people past the API, as a restored database has them: the n-th has `templates(n)` photos.
fn restore_people(
    site: &Site,
    pack: &str,
    count: usize,
    templates: impl Fn(usize) -> usize,
) -> Vec<PersonId> {
    let keys = &site.server.app.keys;
    site.database
        .connect()
        .transaction::<_, anyhow::Error, _>(|conn| {
            let mut ids = Vec::new();
            for number in 0..count {
                let id = PersonId(Uuid::now_v7());
                people::insert(conn, &new_person(id, number))?;
                let (key, wrapped) = keys.new_key(id)?;
                let key_row = PersonKeyRow {
                    person_id: id.0,
                    master_key_version: wrapped.version,
                    wrapped: wrapped.bytes,
                };
                biometrics::insert_key(conn, &key_row)?;
                for place in 0..templates(number) {
                    let photo = PhotoId(Uuid::now_v7());
                    let quality = json!({ "ok": true, "reasons": [] });
                    let new = NewPhoto { id: photo.0, person_id: id.0, width: 1, height: 1, quality };
                    biometrics::insert_photo(conn, &new)?;
                    let plain = encode_template(&person((number + place) % DIMENSIONS).embedding);
                    let sealed = key.seal(Sealed::Template(photo, pack), &plain)?;
                    let (photo_id, model_pack) = (photo.0, pack.to_owned());
                    biometrics::insert_template(
                        conn,
                        &Template { photo_id, model_pack, person_id: id.0, sealed },
                    )?;
                }
                ids.push(id);
            }
            api::models::gallery::touch(conn, &ids.iter().map(|id| id.0).collect::<Vec<_>>())?;
            Ok(ids)
        })
        .unwrap()
}

fn new_person(id: PersonId, number: usize) -> NewPerson {
    let name = format!("Person {number}");
    NewPerson {
        id: id.0,
        external_id: name.clone(),
        name,
        email: None,
        phone: None,
        branch: None,
        year: None,
    }
}

#[actix_web::test]
async fn a_start_reads_the_gallery_in_batches_and_is_not_ready_before_the_last() {
    let site = Site::start().await;
    let pack = site.server.app.gallery.pack().unwrap();
    let two_batches_and_a_bit = 2 * usize::try_from(BATCH).unwrap() + 7;
    // Every fourth person has no template, and nobody's templates are torn apart by the end of a batch.
    let templates = |number: usize| if number % 4 == 3 { 0 } else { 1 + number % 3 };
    let ids = restore_people(&site, &pack, two_batches_and_a_bit * 4 / 3, templates);
    let expected: HashMap<PersonId, bool> =
        ids.iter().enumerate().map(|(number, id)| (*id, templates(number) > 0)).collect();
    let total: usize = (0..ids.len()).map(templates).sum();
    let knows = |app: &api::state::App| {
        let known = app.gallery.read();
        let known = known.as_ref();
        known.is_some_and(|known| {
            known.gallery.templates() == total
                && known.names.len() == known.gallery.people()
                && expected.iter().all(|(id, there)| known.gallery.contains(*id) == *there)
        })
    };
    eventually("the running server has followed", || async { knows(&site.server.app) }).await;

    let mut holder = site.database.connect();
    holder.batch_execute("BEGIN; LOCK TABLE templates IN ACCESS EXCLUSIVE MODE").unwrap();
    let second = site.starting_instance().await;
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'templates'::regclass";
    eventually("it reads templates", || async { site.database.number(waiting) == 1 }).await;
    let ready = || async {
        second.client().http.get(format!("{}/readyz", second.base)).send().await.unwrap().status().as_u16()
    };
    assert_eq!((ready().await, second.app.gallery.read().is_none()), (503, true));
    holder.batch_execute("COMMIT").unwrap();
    eventually("it is ready", || async { ready().await == 200 }).await;
    assert!(knows(&second.app), "ready with everybody");
    second.stop().await;
}
