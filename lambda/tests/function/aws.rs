use std::time::Duration;

use serde_json::json;

use crate::database::{PASSWORD, TestDatabase, connect};
use crate::front::Front;
use crate::function::{Lambda, settings};

#[tokio::test]
async fn health_and_count_are_answered_over_one_connection() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    for (name, archived) in [("Ada", false), ("Ben", false), ("Cleo", true)] {
        database.add_person(name, archived).await;
    }
    let lambda = Lambda::start(settings(&database, &front)).await;

    let health = lambda.get("/health").await;
    assert_eq!((health.status, &health.body["database"]), (200, &json!("ok")), "{health:?}");
    assert!(health.body["latency_ms"].as_u64().unwrap() < 3000);
    assert_eq!(health.body.as_object().unwrap().len(), 2);

    let count = lambda.get("/people/count").await;
    assert_eq!((count.status, &count.body), (200, &json!({ "count": 2 })), "{count:?}");
    assert_eq!(count.headers["content-type"], "application/json");
    assert_eq!(count.headers["cache-control"], "no-store");

    for _ in 0..20 {
        assert_eq!(lambda.get("/health").await.status, 200);
    }
    assert_eq!((front.connections(), database.connections().await), (1, 1));

    let line = lambda.program.line("answered", &count.id).await;
    assert_eq!(line["http.route"], "/people/count");
    assert_eq!(line["http.status"], 200);
    assert_eq!(line["span"]["trace.id"], "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1");
    assert!(!format!("{:?}", lambda.program.log()).contains(PASSWORD));
    drop(lambda);
    database.remove().await;
}

#[tokio::test]
async fn the_count_is_kept_for_some_seconds() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let lambda = Lambda::start(settings(&database, &front)).await;
    assert_eq!(lambda.get("/people/count").await.body, json!({ "count": 0 }));
    database.add_person("Ada", false).await;
    assert_eq!(lambda.get("/people/count").await.body, json!({ "count": 0 }));
    tokio::time::sleep(Duration::from_millis(5100)).await;
    assert_eq!(lambda.get("/people/count").await.body, json!({ "count": 1 }));
    drop(lambda);
    database.remove().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_the_contracts_form() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let lambda = Lambda::start(settings(&database, &front)).await;

    for path in
        ["/", "/people", "/people/count/", "/health/x", "/api/v1/people/count", "/HEALTH", "/%2e%2e/health"]
    {
        let answer = lambda.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let error =
            json!({ "code": "not_found", "message": "There is no such address.", "request_id": answer.id });
        assert_eq!(answer.body, json!({ "error": error }));
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        for path in ["/health", "/people/count"] {
            let answer = lambda.send(method, path).await;
            assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "GET"), "{method} {path}");
            assert_eq!(answer.body["error"]["code"], "method_not_allowed");
            assert_eq!(answer.body["error"]["request_id"], answer.id);
        }
    }
    assert_eq!(front.connections(), 0, "none of it asks the database");
    drop(lambda);
    database.remove().await;
}

/// What the function's role may read: the one view. And what it is answered where it may not.
#[tokio::test]
async fn the_role_reads_one_view_and_nothing_else() {
    let database = TestDatabase::create().await;
    let mut config = database.server().clone();
    let stats = connect(config.dbname(&database.name).user("attendance_stats").password(PASSWORD)).await;
    stats.simple_query("SELECT count FROM people_count").await.unwrap();
    let tables = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> 'people_count'";
    let tables = database.owner.query(tables, &[]).await.unwrap();
    assert!(tables.len() > 20, "{}", tables.len());
    for table in tables {
        let table: String = table.get(0);
        let error = stats.simple_query(&format!("SELECT 1 FROM \"{table}\"")).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{table}: {error:?}");
    }

    let front = Front::start(database.server(), "localhost").await;
    database.owner.batch_execute("REVOKE SELECT ON people_count FROM attendance_stats").await.unwrap();
    let lambda = Lambda::start(settings(&database, &front)).await;
    let answer = lambda.get("/people/count").await;
    assert_eq!(answer.status, 500);
    let message = "Something went wrong on the server. The request id names it in the log.";
    let error = json!({ "code": "internal", "message": message, "request_id": answer.id });
    assert_eq!(answer.body, json!({ "error": error }));
    let line = lambda.program.line("internal error", &answer.id).await;
    assert!(line["error.cause"].as_str().unwrap().contains("permission denied"), "{line}");

    database.owner.batch_execute("GRANT SELECT ON people_count TO attendance_stats").await.unwrap();
    assert_eq!(lambda.get("/people/count").await.status, 200);
    assert_eq!(front.connections(), 1, "a refused query does not cost the connection");
    drop(lambda);
    database.remove().await;
}
