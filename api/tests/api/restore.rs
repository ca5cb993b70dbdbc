//! What a restore refuses, and where it is taken up again.

use std::fs;

use api::config::DataConfig;
use api::domain::audit_chain;
use api::domain::backup::Manifest;
use diesel::connection::SimpleConnection;
use serde_json::json;
use tempfile::TempDir;

use crate::backup::{Kept, damage, files};
use crate::support::{TestDatabase, eventually};

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

#[actix_web::test]
async fn a_restore_is_begun_again_wherever_it_broke_off() {
    let kept = Kept::start().await;
    let manifest = kept.make("monday").await.unwrap();
    fs::remove_dir_all(kept.folder_of_photos()).unwrap();
    let fresh = TestDatabase::empty();
    let refused = async |manifest: &Manifest| {
        format!("{:#}", kept.restore(manifest, &fresh).await.expect_err("refused"))
    };

    let mut others = manifest.clone();
    others.database.owner = Some("attendance_nobody".to_owned());
    let text = refused(&others).await;
    assert!(text.contains("signs in as attendance_nobody"), "{text}");
    let mut changed = manifest.clone();
    changed.database.file.sha256 = "0".repeat(64);
    let text = refused(&changed).await;
    assert!(text.contains("is not as it was"), "{text}");
    assert_eq!(fresh.number(TABLES), 0, "nothing of it is committed");

    // The database is there, and whatever came next did not.
    let mut more = manifest.clone();
    more.database.rows.insert("people".to_owned(), 5);
    let text = refused(&more).await;
    assert!(text.contains("other numbers of rows"), "{text}");
    assert_eq!(fresh.number("SELECT count(*) FROM people"), 4);

    let photo = kept.file("monday").join(&manifest.photos[2].path);
    let bytes = fs::read(&photo).unwrap();
    damage(&photo);
    let text = refused(&manifest).await;
    assert!(text.contains(&manifest.photos[2].path), "{text}");
    fs::write(&photo, &bytes).unwrap();
    // One that is there already, and damaged, is brought again.
    let there = kept.site.data.path().join("objects").join(&manifest.photos[2].path);
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::write(&there, &bytes).unwrap();
    damage(&there);
    kept.restore(&manifest, &fresh).await.unwrap();
    assert_eq!(fs::read(&there).unwrap(), bytes);
    assert_eq!(files(&kept.folder_of_photos()).len(), 4);
    let notes = "SELECT count(shobj_description(oid, 'pg_database')) FROM pg_database \
        WHERE datname = current_database()";
    assert_eq!(fresh.number(notes), 0, "nothing is noted any more");
}

#[actix_web::test]
async fn what_the_audit_key_does_not_prove_is_not_restored() {
    let kept = Kept::start().await;
    let manifest = kept.make("monday").await.unwrap();
    // Names are those of folders, whatever they were once called.
    fs::rename(kept.file("monday"), kept.file("old-monday")).unwrap();
    let found = kept.find(None).await.unwrap();
    assert_eq!(found, Manifest { name: "old-monday".to_owned(), ..manifest.clone() });
    kept.check(&found).await.unwrap();

    let elsewhere = TempDir::new().unwrap();
    audit_chain::create(&elsewhere.path().join("audit.key")).unwrap();
    let elsewhere = DataConfig { folder: elsewhere.path().to_owned(), master_key_file: None, storage: None };
    let other = audit_chain::open(&elsewhere).unwrap();
    let text = kept.backups.find(None, Some(&other)).await.unwrap_err().to_string();
    assert!(text.contains("another audit key"), "{text}");

    let path = kept.file("old-monday/manifest.json");
    let whole = fs::read(&path).unwrap();
    kept.rewrite("old-monday/manifest.json", |manifest| manifest["database"]["rows"]["people"] = json!(5));
    let text = kept.find(None).await.unwrap_err().to_string();
    assert!(text.contains("was changed"), "{text}");
    assert_eq!(kept.backups.find(None, None).await.unwrap().database.rows["people"], 5, "unproven");
    // Photos go to people's folders alone, proof or none.
    kept.rewrite("old-monday/manifest.json", |manifest| {
        manifest["photos"][0]["path"] = json!(format!("erasures/{}", uuid::Uuid::nil()));
    });
    let text = format!("{:#}", kept.backups.find(None, None).await.unwrap_err());
    assert!(text.contains("no place of a photo"), "{text}");

    fs::write(&path, &whole).unwrap();
    fs::remove_file(kept.file("old-monday/manifest.json.proof")).unwrap();
    let text = kept.find(None).await.unwrap_err().to_string();
    assert!(text.contains("nothing proves"), "{text}");
    assert_eq!(kept.backups.find(None, None).await.unwrap(), found);
}

#[actix_web::test]
async fn a_dump_that_is_changed_after_the_check_reaches_no_database() {
    let kept = Kept::start().await;
    let manifest = kept.make("monday").await.unwrap();
    let fresh = TestDatabase::empty();
    // Holds the restore up where it notes its beginning: it has read the dump by then and has not begun to load it.
    let mut holding = fresh.connect();
    let comment = "BEGIN; DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), 'held up'); \
        END $$";
    holding.batch_execute(comment).unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let change = async {
        eventually("the restore waits", || async { fresh.number(waiting) == 1 }).await;
        damage(&kept.file("monday/database"));
        holding.batch_execute("ROLLBACK").unwrap();
    };
    let (restored, ()) = tokio::join!(kept.restore(&manifest, &fresh), change);
    let text = format!("{:#}", restored.expect_err("refused"));
    assert_eq!(text, "database of the backup is not as it was", "not a byte of it was opened");
    assert_eq!(fresh.number(TABLES), 0);

    damage(&kept.file("monday/database"));
    kept.restore(&manifest, &fresh).await.unwrap();
    assert_eq!(fresh.number("SELECT count(*) FROM people"), 4);
}
