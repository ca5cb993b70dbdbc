//! What a restore refuses, and where it is taken up again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use api::config::DataConfig;
use api::domain::backup::{Manifest, new_keys};
use api::domain::{audit_chain, master_key};
use api::keys::MasterKeys;
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

#[actix_web::test]
async fn a_check_tells_of_a_master_key_that_is_another() {
    let kept = Kept::start().await;
    let monday = kept.make("monday").await.unwrap();
    kept.check(&monday).await.unwrap();
    let path = kept.master_key_file();
    let copy = fs::read(&path).unwrap();

    fs::remove_file(&path).unwrap();
    let text = kept.refusal(&monday).await;
    assert!(text.contains("when the backup was made") && text.contains("cannot be opened"), "{text}");
    MasterKeys::create(&path).unwrap();
    let text = kept.refusal(&monday).await;
    assert!(text.contains("is not the one that the data was sealed with"), "{text}");

    fs::write(&path, &copy).unwrap();
    let keys = MasterKeys::open(&path).unwrap();
    master_key::rotate(&mut kept.site.database.connect(), &keys).unwrap();
    let text = kept.refusal(&monday).await;
    assert!(text.contains("version 1 of the master key is not in"), "{text}");
    let tuesday = kept.make("tuesday").await.unwrap();
    kept.check(&tuesday).await.unwrap();
    fs::write(&path, &copy).unwrap();
    kept.check(&monday).await.unwrap();
    assert!(kept.refusal(&tuesday).await.contains("version 2 of the master key is not in"));
}

/// `attendance restore` as the operator runs it, with the keys in a folder.
fn run(kept: &Kept, into: &TestDatabase, folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attendance"));
    command.arg("restore").args(more);
    for name in ["ATTENDANCE_MASTER_KEY_FILE", "ATTENDANCE_STORAGE"] {
        command.env_remove(name);
    }
    command
        .env("DATABASE_OWNER_URL", &into.owner_url)
        .env("ATTENDANCE_DATA", folder)
        .env("ATTENDANCE_BACKUPS", format!("file:{}", kept.place.path().display()))
        .env("ATTENDANCE_BACKUP_SECRET_FILE", folder.join("backup.key"));
    command.output().unwrap()
}

#[actix_web::test]
async fn a_restore_writes_nothing_that_its_master_key_does_not_open() {
    let kept = Kept::start().await;
    let (secret, recipient) = new_keys();
    let url = kept.site.database.backup_url().parse().unwrap();
    kept.backups.make("monday", &url, &recipient, &kept.photos(), &kept.key).await.unwrap();
    let folder = TempDir::new().unwrap();
    let secret_file = folder.path().join("backup.key");
    fs::write(&secret_file, secret).unwrap();
    fs::set_permissions(&secret_file, PermissionsExt::from_mode(0o600)).unwrap();
    fs::copy(kept.site.data.path().join("audit.key"), folder.path().join("audit.key")).unwrap();
    let master_key_file = folder.path().join("master.key");
    MasterKeys::create(&master_key_file).unwrap();

    let fresh = TestDatabase::empty();
    for more in [&["--check"][..], &[]] {
        let output = run(&kept, &fresh, folder.path(), more);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("is not the one that the data was sealed with"), "{said}");
        assert!(said.contains(&master_key_file.display().to_string()) && !said.contains("Whole"), "{said}");
    }
    assert_eq!(fresh.number(TABLES), 0);
    assert!(!folder.path().join("objects").exists());

    fs::copy(kept.master_key_file(), &master_key_file).unwrap();
    let output = run(&kept, &fresh, folder.path(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fresh.number("SELECT count(*) FROM people"), 4);
    assert_eq!(files(&folder.path().join("objects/people")).len(), 4);
}
