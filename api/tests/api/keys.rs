use std::sync::{Arc, Mutex};

use api::config::DataConfig;
use api::domain::master_key;
use api::keys::MasterKeys;
use api::startup::Application;
use reqwest::Method;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::recognizer::person;
use crate::support::{Site, config};

#[actix_web::test]
async fn without_its_master_key_a_server_with_data_does_not_start() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let path = site.data.path().join("master.key");
    let kept = std::fs::read(&path).unwrap();
    let start = || async {
        let built = Application::build(config(&site.database, site.data.path(), &site.recognizer.url)).await;
        format!("{:#}", built.err().expect("it does not start"))
    };
    std::fs::remove_file(&path).unwrap();
    assert!(start().await.contains("restore its file"), "missing");
    assert!(!path.exists(), "no new key is made over sealed data");
    MasterKeys::create(&path).unwrap();
    assert!(start().await.contains("is not the one that the data was sealed with"), "another");
    std::fs::write(&path, &kept).unwrap();
    assert!(Application::build(config(&site.database, site.data.path(), &site.recognizer.url)).await.is_ok());
}

#[actix_web::test]
async fn keys_are_rotated_while_the_server_runs() {
    let site = Site::start().await;
    let id = site.enrol("Zoë", person(1)).await;
    let photo =
        site.admin.get(&format!("/people/{id}")).await["photos"][0]["id"].as_str().unwrap().to_owned();
    let data = DataConfig { folder: site.data.path().to_owned(), master_key_file: None, storage: None };
    let mut conn = site.database.connect();
    let keys = master_key::open_or_create(&mut conn, &data).unwrap();
    // A face of the review queue has a key of its own.
    crate::review::switch_on(&site).await;
    let (feed, _) = site.feed(json!({ "name": "Door", "min_frames": 1 })).await;
    let item = crate::review::unknown(&site, &feed, 9).await;
    assert_eq!(master_key::rotate(&mut conn, &keys).unwrap(), (2, 2));
    let image =
        format!("/review/{}/faces/{}/image", item["id"].as_str().unwrap(), crate::review::face(&item, 0));
    assert_eq!(site.admin.status(Method::GET, &image).await, 200);
    assert_eq!(site.database.number("SELECT max(master_key_version) FROM person_keys"), 2);
    assert_eq!(site.admin.status(Method::GET, &format!("/people/{id}/photos/{photo}")).await, 200);
    site.enrol("Later", person(2)).await;
    let second = site.second_instance().await;
    assert_eq!(second.app.gallery.read().as_ref().unwrap().gallery.people(), 2);
    second.stop().await;
}

#[actix_web::test]
async fn photos_and_templates_are_not_readable_where_they_lie() {
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let mut folders = vec![site.data.path().join("objects")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let bytes = std::fs::read(entry.path()).unwrap();
                assert!(
                    !bytes.windows(3).any(|w| w == [0xff, 0xd8, 0xff])
                        && !bytes.windows(4).any(|w| w == b"JFIF")
                );
                files += 1;
            }
        }
    }
    assert_eq!(files, 1);
    // 32 numbers in the clear: a one and zeros.
    let clear = "SELECT count(*) FROM templates WHERE position('\\x0000803f00000000'::bytea IN sealed) > 0";
    assert_eq!(site.database.number(clear), 0);
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[actix_web::test]
async fn no_log_line_holds_a_frame_an_embedding_or_a_secret() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    // For every thread of the process: the tests that run beside this one are read too.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let site = Site::start().await;
    site.enrol("Zoë", person(1)).await;
    let (feed, token) = site.feed(json!({ "name": "Door" })).await;
    let image = site.recognizer.image(&[person(1)]);
    site.admin.with_token(&token).frames(&feed, &image, 4).await;
    let log = captured.0.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&log);
    assert!(text.contains("TRACE") && text.len() > 1000, "trace lines are captured");
    assert!(!log.windows(8).any(|window| window == &image[..8]), "the bytes of an image");
    assert!(!text.contains("137, 80, 78, 71"), "an image as a list of numbers");
    assert!(!text.contains("0.0, 0.0, 0.0, 0.0") && !text.contains("0.0,0.0,0.0,0.0"), "an embedding");
    assert!(!text.contains(&token), "a feed's token");
    assert!(!text.contains(site.admin.cookie.as_ref().unwrap().split('=').nth(1).unwrap()), "a session");
    assert!(!text.contains("test-only"), "the database's password");
}
