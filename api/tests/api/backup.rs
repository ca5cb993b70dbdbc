//! Backups, damaged ones, and what a restore brings back; `restore.rs` has what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use api::domain::audit_chain::ChainKey;
use api::domain::backup::{Backups, Keys, Manifest, new_keys, secret_key};
use api::models::provisioning;
use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use reqwest::Method;
use sealing::SecretKey;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::recognizer::person;
use crate::support::{Site, TestDatabase, eventually};

/// A site with people, photos and arrivals, and a place for backups.
pub struct Kept {
    pub site: Site,
    pub place: TempDir,
    pub backups: Backups,
    pub secret: SecretKey,
    pub key: ChainKey,
}

impl Kept {
    pub async fn start() -> Self {
        let site = Site::start().await;
        for number in 1..=4 {
            site.enrol(&format!("Person {number}"), person(number)).await;
        }
        let (feed, _) = site.feed(json!({ "name": "Door" })).await;
        site.admin.frames(&feed, &site.recognizer.image(&[person(1), person(2)]), 4).await;
        // Nothing is under way any more that would change the rows.
        eventually("the audit is chained", || async {
            site.database.number("SELECT count(*) FROM audit_pending") == 0
        })
        .await;
        let place = TempDir::new().unwrap();
        let backups = Backups::open(&format!("file:{}", place.path().display())).unwrap();
        let key = site.server.app.audit_key.clone();
        Self { site, place, backups, secret: secret_key(&new_keys().0).unwrap(), key }
    }

    pub fn photos(&self) -> String {
        format!("file:{}", self.site.data.path().join("objects").display())
    }

    pub async fn make(&self, name: &str) -> anyhow::Result<Manifest> {
        let url = self.site.database.backup_url().parse().unwrap();
        self.backups.make(name, &url, self.secret.public(), &self.photos(), &self.key).await
    }

    pub async fn find(&self, name: Option<&str>) -> anyhow::Result<Manifest> {
        self.backups.find(name, Some(&self.key)).await
    }

    /// What is at the place, oldest first.
    async fn names(&self) -> Vec<String> {
        self.backups.all().await.unwrap().into_iter().map(|backup| backup.name).collect()
    }

    /// A file of a backup.
    pub fn file(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    /// Changes a file of a backup that is JSON.
    pub fn rewrite(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let path = self.file(path);
        let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut value);
        fs::write(&path, value.to_string()).unwrap();
    }

    pub async fn restore(&self, manifest: &Manifest, into: &TestDatabase) -> anyhow::Result<()> {
        let url = into.owner_url.parse().unwrap();
        self.backups.restore(manifest, &self.secret, &url, &self.photos()).await
    }

    /// Where the site has its master key.
    pub fn master_key_file(&self) -> PathBuf {
        self.site.data.path().join("master.key")
    }

    pub async fn check(&self, manifest: &Manifest) -> anyhow::Result<()> {
        self.check_with(manifest, &self.secret).await
    }

    async fn check_with(&self, manifest: &Manifest, secret: &SecretKey) -> anyhow::Result<()> {
        let master_key_file = self.master_key_file();
        self.backups.check(manifest, Some(Keys { secret, master_key_file: &master_key_file })).await
    }

    pub async fn refusal(&self, manifest: &Manifest) -> String {
        format!("{:#}", self.check(manifest).await.unwrap_err())
    }

    pub fn folder_of_photos(&self) -> PathBuf {
        self.site.data.path().join("objects/people")
    }
}

/// Every row of every table, as one hash a table.
fn content(database: &TestDatabase) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let mut conn = database.connect();
    let tables: Vec<Row> = diesel::sql_query(
        "SELECT quote_ident(tablename) AS text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    )
    .load(&mut conn)
    .unwrap();
    assert!(tables.len() > 30);
    let hash = |table: Row| {
        let name = table.text;
        let sql = format!(
            "SELECT '{name} ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') AS text FROM {name} t"
        );
        let row: Row = diesel::sql_query(sql).get_result(&mut conn).unwrap();
        row.text
    };
    tables.into_iter().map(hash).collect()
}

/// Flips a bit, so that the file is as long as it was.
pub fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[1] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Every file below a folder with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[actix_web::test]
async fn a_backup_comes_back_byte_for_byte_without_whom_was_erased_since() {
    let mut kept = Kept::start().await;
    let manifest = kept.make("monday").await.unwrap();
    kept.check(&manifest).await.unwrap();
    assert_eq!(manifest.photos.len(), 4);
    assert_eq!(manifest.database.rows["people"], 4);
    let (rows, photos) = (content(&kept.site.database), files(&kept.folder_of_photos()));
    for (path, bytes) in files(kept.place.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("Person 1"), "{} is readable", path.display());
    }
    let people = kept.site.admin.get("/people").await;
    let id = |at: usize| people["items"][at]["id"].as_str().unwrap().to_owned();
    let (erased, stays) = (id(0), id(1));
    assert_eq!(kept.site.admin.status(Method::DELETE, &format!("/people/{erased}")).await, 204);
    kept.site.server.stop().await;
    fs::remove_dir_all(kept.folder_of_photos()).unwrap();

    let fresh = TestDatabase::empty();
    kept.restore(&manifest, &fresh).await.unwrap();
    let but_sessions = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| !row.starts_with("sessions ")).collect()
    };
    assert_eq!(but_sessions(content(&fresh)), but_sessions(rows));
    assert_eq!(
        fresh.number("SELECT count(*) FROM sessions"),
        0,
        "one that was ended since would be good again"
    );
    assert_eq!(files(&kept.folder_of_photos()), photos);
    let again = kept.restore(&manifest, &fresh).await.unwrap_err().to_string();
    assert!(again.contains("not empty"), "{again}");

    api::migrate(&fresh.owner_url.parse().unwrap()).unwrap();
    kept.site.database = fresh;
    let server = kept.site.second_instance().await;
    assert_eq!(kept.site.database.number("SELECT count(*) FROM people"), 3, "erased again before it serves");
    assert_eq!(kept.site.database.number("SELECT count(*) FROM arrivals"), 1, "with what was known of them");
    let first = fs::read(kept.site.data.path().join("first-admin.json")).unwrap();
    let first: Value = serde_json::from_slice(&first).unwrap();
    kept.site.admin = server.client();
    kept.site.admin.sign_in(first["email"].as_str().unwrap(), first["password"].as_str().unwrap()).await;
    assert_eq!(kept.site.admin.status(Method::GET, &format!("/people/{erased}")).await, 404);
    let photo = kept.site.admin.get(&format!("/people/{stays}")).await["photos"][0]["id"].clone();
    let image = format!("/people/{stays}/photos/{}", photo.as_str().unwrap());
    assert_eq!(kept.site.admin.status(Method::GET, &image).await, 200, "its key came back, too");
    assert_eq!(files(&kept.folder_of_photos()).len(), 3);
    server.stop().await;
}

#[actix_web::test]
async fn what_is_damaged_missing_or_unfinished_is_named() {
    let kept = Kept::start().await;
    let manifest = kept.make("monday").await.unwrap();
    let folder = kept.place.path().join("monday");
    let database = folder.join("database");
    let whole = fs::read(&database).unwrap();
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&database, &changed).unwrap();
        assert_eq!(kept.refusal(&manifest).await, "database of the backup is not as it was");
    }
    fs::write(&database, &whole).unwrap();
    let other = secret_key(&new_keys().0).unwrap();
    let refused = format!("{:#}", kept.check_with(&manifest, &other).await.unwrap_err());
    assert!(refused.contains("sealed to another key"), "{refused}");
    assert!(secret_key("abc").is_err());
    let (recipient, text) = (kept.secret.public(), "# a comment\n\n");
    let (new, public) = new_keys();
    assert_eq!(secret_key(&format!("{text}{new}\n")).unwrap().public(), &public);
    assert_ne!(recipient, &public);
    assert!(new.parse::<sealing::PublicKey>().is_err(), "the secret is not taken for its recipient");

    let nowhere = TempDir::new().unwrap();
    let place = format!("file:{}", nowhere.path().display());
    let url = kept.site.database.backup_url().parse().unwrap();
    let refused =
        kept.backups.make("tuesday", &url, recipient, &place, &kept.key).await.unwrap_err().to_string();
    assert!(refused.contains("knows 4 photos") && refused.contains("ATTENDANCE_DATA"), "{refused}");

    let photo = folder.join(&manifest.photos[0].path);
    let bytes = fs::read(&photo).unwrap();
    fs::remove_file(&photo).unwrap();
    assert!(kept.refusal(&manifest).await.contains(&manifest.photos[0].path));
    fs::write(&photo, &bytes[1..]).unwrap();
    assert!(kept.refusal(&manifest).await.contains("is not as it was"));
    fs::write(&photo, &bytes).unwrap();
    kept.check(&manifest).await.unwrap();

    let full = format!("{:#}", kept.restore(&manifest, &kept.site.database).await.unwrap_err());
    assert!(full.contains("the database is not empty"), "{full}");
    let twice = kept.make("monday").await.unwrap_err().to_string();
    assert!(twice.contains("finished already"), "{twice}");
    for name in ["", "../monday", "a/b", "ä"] {
        assert!(kept.make(name).await.unwrap_err().to_string().contains("letters, digits"), "{name}");
    }
    fs::remove_file(folder.join("manifest.json")).unwrap();
    let unfinished = kept.find(Some("monday")).await.unwrap_err().to_string();
    assert!(unfinished.contains("--name monday"), "{unfinished}");
    assert!(kept.find(None).await.unwrap_err().to_string().contains("no finished backup"));
    for name in ["sunday", ""] {
        assert!(kept.find(Some(name)).await.unwrap_err().to_string().contains(&format!("no backup {name}")));
    }
}

#[actix_web::test]
async fn what_was_cut_short_is_taken_up() {
    let kept = Kept::start().await;
    let first = kept.make("monday").await.unwrap();
    let folder = kept.file("monday");
    // As if the power had gone while photos were copied, and the disk had lost a bit of another.
    fs::remove_file(folder.join("manifest.json")).unwrap();
    fs::remove_file(folder.join(&first.photos[0].path)).unwrap();
    damage(&folder.join(&first.photos[1].path));
    let second = kept.make("monday").await.unwrap();
    assert_eq!(second.database, first.database, "the database is not dumped again");
    assert_eq!(second.photos, first.photos);
    kept.check(&second).await.unwrap();

    // A dump that is not as it was, or that somebody else says is the one, is made again.
    fs::remove_file(folder.join("manifest.json")).unwrap();
    damage(&folder.join("database"));
    let third = kept.make("monday").await.unwrap();
    assert_ne!(third.database.at, second.database.at);
    fs::remove_file(folder.join("manifest.json")).unwrap();
    kept.rewrite("monday/database.json", |dumped| dumped["rows"]["people"] = json!(5));
    let fourth = kept.make("monday").await.unwrap();
    assert_eq!(fourth.database.rows["people"], 4);
    kept.check(&fourth).await.unwrap();
}

#[actix_web::test]
async fn old_backups_go_and_so_does_what_was_never_finished() {
    let kept = Kept::start().await;
    let age = |folder: &str, days: u64| {
        let when = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
        for (path, _) in files(&kept.file(folder)) {
            fs::File::options().write(true).open(path).unwrap().set_modified(when).unwrap();
        }
    };
    kept.make("monday").await.unwrap();
    kept.rewrite("monday/manifest.json", |manifest| {
        manifest["database"]["at"] = json!("2020-01-01T00:00:00Z")
    });
    assert_eq!(kept.backups.forget_older(34).await.unwrap(), 0, "the newest stays");
    kept.make("tuesday").await.unwrap();
    assert_eq!(kept.backups.forget_older(34).await.unwrap(), 1);
    assert_eq!(kept.names().await, ["tuesday"]);
    assert!(!kept.file("monday").exists());

    // A dump that broke off, a backup without its photos, and one that was half deleted.
    for (name, file) in [("a", "database#1"), ("b", "database"), ("c", "database.json")] {
        fs::create_dir_all(kept.file(name).join("people/one")).unwrap();
        fs::write(kept.file(name).join(file), "sealed").unwrap();
        fs::write(kept.file(name).join("people/one/photo"), "sealed").unwrap();
    }
    // And what is somebody else's: photos, a folder of another program, a manifest that is none.
    for path in
        ["people/one/photo", "releases/attendance.tar.gz", "other/manifest.json", "none/manifest.json"]
    {
        fs::create_dir_all(kept.file(path).parent().unwrap()).unwrap();
        fs::write(kept.file(path), "{}").unwrap();
    }
    fs::write(kept.file("none/database"), "of another program").unwrap();
    for folder in ["a", "b", "c", "people", "releases", "other", "none"] {
        age(folder, 33);
    }
    assert_eq!(kept.backups.forget_older(34).await.unwrap(), 0);
    for folder in ["a", "b", "c", "people", "releases", "other", "none"] {
        age(folder, 35);
    }
    // Somebody goes on with this one.
    fs::write(kept.file("b/people/one/another"), "sealed").unwrap();
    assert_eq!(kept.backups.forget_older(34).await.unwrap(), 2);
    let left = |name: &str| kept.file(name).exists();
    assert!(!left("a") && !left("c"), "folders go with what is in them");
    assert!(
        left("b") && left("people/one/photo") && left("releases") && left("other") && left("none/database")
    );
    assert_eq!(kept.names().await, ["tuesday"], "whatever else is there");
    assert_eq!(kept.find(None).await.unwrap().name, "tuesday");
}

#[actix_web::test]
async fn a_dump_that_fails_says_why_and_leaves_no_backup() {
    let kept = Kept::start().await;
    kept.site.database.execute("REVOKE SELECT ON people FROM attendance_backup");
    let refused = format!("{:#}", kept.make("monday").await.unwrap_err());
    assert!(refused.contains("pg_dump failed") && refused.contains("permission denied"), "{refused}");
    assert!(!refused.contains("test-only"), "no password: {refused}");
    assert!(kept.find(Some("monday")).await.is_err());
    assert!(files(kept.place.path()).is_empty(), "what was uploaded of it is gone");
    kept.site.database.execute("GRANT SELECT ON people TO attendance_backup");
    kept.make("monday").await.unwrap();
}

#[actix_web::test]
async fn a_new_server_gets_its_roles_and_its_database_once() {
    let database = TestDatabase::empty();
    // As on RDS; roles belong to the cluster, so it may be there from another run.
    database.execute("DO $$ BEGIN CREATE ROLE rds_iam; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    let name = format!("made_{}", uuid::Uuid::new_v4().simple());
    let mut conn = database.connect();
    for _ in 0..2 {
        provisioning::make_roles(&mut conn).unwrap();
        provisioning::make_database(&mut conn, &name).unwrap();
        for role in provisioning::ROLES {
            provisioning::trust_aws(&mut conn, role).unwrap();
        }
    }
    let administrator = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'attendance_owner'::regrole \
        AND member = current_user::regrole";
    assert_eq!(database.number(administrator), 0, "who can sign in by password can do so again");
    let roles = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member \
        WHERE m.roleid = 'rds_iam'::regrole AND r.rolcanlogin AND r.rolname LIKE 'attendance_%'";
    assert_eq!(database.number(roles), 4);
    let owned = format!(
        "SELECT count(*) FROM pg_database WHERE datname = '{name}' AND datdba = 'attendance_owner'::regrole \
         AND NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0)"
    );
    assert_eq!(database.number(&owned), 1, "the owner's, and nobody else's");
    database.execute(&format!("DROP DATABASE {name}"));
    let wrong = ["attendance", "database", "prepare", "--sign-in", "azure", "--identity", "app=x"];
    assert!(<api::Cli as clap::Parser>::try_parse_from(wrong).is_err());
}
