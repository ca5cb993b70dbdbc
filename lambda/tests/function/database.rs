//! A database of the test's own, with the real schema.

use std::path::Path;

use tokio_postgres::{Client, Config, NoTls};

/// What the role signs in with; the tests' tokens are the same, where the server is to take them.
pub const PASSWORD: &str = "test-only";

pub struct TestDatabase {
    pub name: String,
    pub owner: Client,
    server: Config,
}

fn server() -> Config {
    let url = std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("TEST_DATABASE_URL must name a PostgreSQL server for tests; `make test` starts one")
    });
    url.parse().unwrap()
}

pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl TestDatabase {
    pub async fn create() -> Self {
        let server = server();
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let admin = connect(&server).await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let owner = connect(server.clone().dbname(&name)).await;
        migrate(&owner).await;
        // The role belongs to the whole server, and other tests make it at the same moment.
        admin
            .batch_execute(&format!(
                "BEGIN; SELECT pg_advisory_xact_lock(7164); \
                 ALTER ROLE attendance_stats LOGIN PASSWORD '{PASSWORD}'; COMMIT"
            ))
            .await
            .unwrap();
        Self { name, owner, server }
    }

    /// Where the server listens, as the function's proxy needs it.
    pub fn server(&self) -> &Config {
        &self.server
    }

    pub async fn add_person(&self, name: &str, archived: bool) {
        let archived = if archived { "now()" } else { "NULL" };
        let sql = format!(
            "INSERT INTO people (id, name, external_id, archived_at) \
             VALUES (gen_random_uuid(), '{name}', '{name}', {archived})"
        );
        self.owner.batch_execute(&sql).await.unwrap();
    }

    /// Lets nobody in and throws the function out, or lets it in again.
    pub async fn set_down(&self, down: bool) {
        let (admin, name) = (connect(&self.server).await, &self.name);
        admin.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !down)).await.unwrap();
        if down {
            self.throw_out().await;
        }
    }

    /// Ends the function's connections on the server.
    pub async fn throw_out(&self) {
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{}' AND usename = 'attendance_stats'",
            self.name
        );
        connect(&self.server).await.batch_execute(&end).await.unwrap();
    }

    /// How many connections the function has.
    pub async fn connections(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'attendance-lambda'";
        connect(&self.server).await.query_one(sql, &[&self.name]).await.unwrap().get(0)
    }

    /// Drops the database; one whose test failed is left for looking at.
    pub async fn remove(self) {
        drop(self.owner);
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connect(&self.server).await.batch_execute(&sql).await.unwrap();
    }
}

/// The tree's own migrations, in order.
async fn migrate(owner: &Client) {
    // Diesel makes this table, whose rights the migrations set.
    owner
        .batch_execute("CREATE TABLE __diesel_schema_migrations (version text, run_on timestamp)")
        .await
        .unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let sql = std::fs::read_to_string(file.join("up.sql")).unwrap();
        owner.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{}: {error:?}", file.display()));
    }
}
