//! The database goes away and comes back, and what stands between is not what it should be.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::database::TestDatabase;
use crate::front::{Front, Mode};
use crate::function::{Answer, Handler, Lambda, Program, settings};

fn down(answer: &Answer) -> bool {
    assert_eq!(answer.body.as_object().unwrap().len(), 2, "no cause in the body: {answer:?}");
    (answer.status, &answer.body["database"]) == (503, &json!("down"))
}

fn unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "2"), "{answer:?}");
    let message = "The database is not available at the moment. Try again shortly.";
    let error = json!({ "code": "database_unavailable", "message": message, "request_id": answer.id });
    assert_eq!(answer.body, json!({ "error": error }));
}

#[tokio::test]
async fn a_database_that_was_away_serves_again_without_a_restart() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let lambda = Lambda::start(settings(&database, &front)).await;
    assert_eq!(lambda.get("/health").await.status, 200);

    front.set(Mode::Closed);
    assert!(down(&lambda.get("/health").await));
    unavailable(&lambda.get("/people/count").await);
    front.set(Mode::Open);
    assert_eq!(lambda.get("/health").await.status, 200);
    assert_eq!(lambda.get("/people/count").await.status, 200);

    // The server itself lets nobody in.
    database.set_down(true).await;
    let answer = lambda.get("/health").await;
    assert!(down(&answer));
    let line = lambda.program.line("the database is down", &answer.id).await;
    assert!(line["error.cause"].as_str().unwrap().contains("not currently accepting connections"), "{line}");
    database.set_down(false).await;
    assert_eq!(lambda.get("/health").await.status, 200);
    drop(lambda);
    database.remove().await;
}

/// A function sleeps, and its connection dies meanwhile: the next request does not notice.
#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_within_the_request() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let lambda = Lambda::start(settings(&database, &front)).await;
    for round in 1..=3 {
        assert_eq!(lambda.get("/health").await.status, 200);
        assert_eq!(front.connections(), round);
        database.throw_out().await;
    }
    // Cut on the way, without a word; then as if its packets went nowhere.
    front.set(Mode::Closed);
    front.set(Mode::Open);
    assert_eq!(lambda.get("/health").await.status, 200);
    front.set(Mode::Frozen);
    let since = Instant::now();
    let asked = lambda.get("/health");
    let opened = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        front.set(Mode::Open);
    };
    let (answer, ()) = tokio::join!(asked, opened);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    drop(lambda);
    database.remove().await;
}

#[tokio::test]
async fn a_database_that_hangs_is_given_up_in_time() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    front.set(Mode::Frozen);
    let lambda = Lambda::start(settings(&database, &front)).await;
    let since = Instant::now();
    let answer = lambda.get("/health").await;
    let took = since.elapsed();
    assert!(down(&answer));
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(4), "{took:?}");
    assert!((3000..4000).contains(&answer.body["latency_ms"].as_u64().unwrap()), "{answer:?}");
    let line = lambda.program.line("the database is down", &answer.id).await;
    assert_eq!(line["error.cause"], "no connection within 3 s");

    // A connection that stands, and a lock in the way of the query: the server itself ends it.
    front.set(Mode::Open);
    assert_eq!(lambda.get("/health").await.status, 200);
    database.owner.batch_execute("BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let since = Instant::now();
    unavailable(&lambda.get("/people/count").await);
    assert!(since.elapsed() < Duration::from_secs(7), "{:?}", since.elapsed());
    database.owner.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(lambda.get("/people/count").await.status, 200);
    drop(lambda);
    database.remove().await;
}

/// Requests that wait for the same connection do not try one after the other.
#[tokio::test]
async fn a_crowd_hears_together_that_the_database_hangs() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    front.set(Mode::Frozen);
    for (path, tries) in [("/health", 1), ("/people/count", 2)] {
        let handler = std::sync::Arc::new(Handler::start(settings(&database, &front)).await);
        let since = Instant::now();
        let crowd: Vec<_> = (0..10)
            .map(|_| {
                let handler = handler.clone();
                tokio::spawn(async move { handler.get(path).await.status })
            })
            .collect();
        for one in crowd {
            assert_eq!(one.await.unwrap(), 503, "{path}");
        }
        assert!(since.elapsed() < Duration::from_secs(5), "{path}: {:?}", since.elapsed());
        assert_eq!(front.connections(), tries, "{path}");
    }
    database.remove().await;
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_cannot_prove_its_name() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let other_name = Front::start(database.server(), "elsewhere.example").await;
    let right = settings(&database, &front);

    let cause = async |settings| {
        let lambda = Lambda::start(settings).await;
        let answer = lambda.get("/health").await;
        assert!(down(&answer));
        let line = lambda.program.line("the database is down", &answer.id).await;
        line["error.cause"].as_str().unwrap().to_owned()
    };
    let mut wrong = settings(&database, &other_name);
    let why = cause(wrong.clone()).await;
    assert!(why.contains("not valid for name"), "{why}");

    wrong = right.clone();
    wrong.insert("PGSSLROOTCERT", other_name.authority().to_str().unwrap().to_owned());
    let why = cause(wrong.clone()).await;
    assert!(why.contains("certificate"), "{why}");

    wrong.insert("PGSSLROOTCERT", "/nowhere/roots.pem".to_owned());
    let why = cause(wrong.clone()).await;
    assert!(why.contains("/nowhere/roots.pem, which PGSSLROOTCERT names, cannot be read"), "{why}");

    let empty = tempfile::NamedTempFile::new().unwrap();
    wrong.insert("PGSSLROOTCERT", empty.path().to_str().unwrap().to_owned());
    let why = cause(wrong).await;
    assert!(why.contains("holds no certificate"), "{why}");

    front.set(Mode::WithoutTls);
    let why = cause(right).await;
    assert!(why.contains("TLS"), "{why}");
    assert_eq!(front.passwords(), [""], "not a byte after the server said that it has no TLS");
    database.remove().await;
}

#[tokio::test]
async fn a_function_that_lacks_a_setting_says_which() {
    let cause = async |settings: &[(&'static str, &str)]| {
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut program = Program::start(&settings);
        assert!(!program.ended().await.success());
        let line = program.find("the function cannot run", |_| true).await;
        line["error.cause"].as_str().unwrap().to_owned()
    };
    let host = ("DATABASE_HOST", "db.example");
    let password = ("PGPASSWORD", "x");
    let aws = ("DATABASE_AUTH", "aws");
    for (settings, why) in [
        (vec![password], "DATABASE_HOST must be set"),
        (vec![host], "DATABASE_AUTH=password wants PGPASSWORD"),
        (vec![host, ("DATABASE_AUTH", "token")], "DATABASE_AUTH must be password, aws or azure"),
        (vec![host, aws], "AWS_REGION must name the region"),
        (vec![host, password, ("DATABASE_PORT", "x")], "DATABASE_PORT must be a port"),
        (vec![host, password, ("PGSSLROOTCERT", "http://x/roots.pem")], "a file or an https address"),
        (vec![host, password], "this program is started by AWS Lambda"),
        (vec![host, password, ("FUNCTIONS_CUSTOMHANDLER_PORT", "x")], "must be a port"),
    ] {
        let told = cause(&settings).await;
        assert!(told.contains(why), "{told}");
    }
}
