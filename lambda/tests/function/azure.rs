use http::Method;
use serde_json::json;

use crate::database::TestDatabase;
use crate::front::Front;
use crate::function::{Handler, settings};

#[tokio::test]
async fn the_same_is_answered_to_azures_host() {
    let database = TestDatabase::create().await;
    database.add_person("Ada", false).await;
    let front = Front::start(database.server(), "localhost").await;
    let handler = Handler::start(settings(&database, &front)).await;

    let health = handler.get("/health?probe=1").await;
    assert_eq!((health.status, &health.body["database"]), (200, &json!("ok")), "{health:?}");
    let count = handler.get("/people/count").await;
    assert_eq!((count.status, count.body), (200, json!({ "count": 1 })));
    assert_eq!(count.headers["content-type"], "application/json");
    assert_eq!(handler.send(Method::POST, "/health", &[]).await.status, 405);

    let id = "4fa1a1c5-36d5-4a3c-a6d5-0c6a2b1f7f10";
    let headers = [
        ("X-Azure-Functions-InvocationId", id),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let unknown = handler.send(Method::GET, "/nothing", &headers).await;
    assert_eq!((unknown.status, &unknown.body["error"]["request_id"]), (404, &json!(id)));
    let line = handler.program.line("answered", id).await;
    assert_eq!(line["span"]["trace.id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(line["http.route"], "none", "what the caller typed is not logged");

    // An id that the host would not send is not taken over.
    let headers = [("X-Azure-Functions-InvocationId", "a b\"c"), ("traceparent", "00-not-a-trace")];
    let odd = handler.send(Method::GET, "/nothing", &headers).await;
    let own = odd.body["error"]["request_id"].as_str().unwrap();
    assert!(own.parse::<uuid::Uuid>().is_ok(), "{own}");
    let line = handler.program.line("answered", own).await;
    assert_eq!(line["span"].get("trace.id"), None, "nor a trace that is none");
    drop(handler);
    database.remove().await;
}

/// Azure's host sends requests at the same time.
#[tokio::test]
async fn a_crowd_shares_the_connection() {
    let database = TestDatabase::create().await;
    let front = Front::start(database.server(), "localhost").await;
    let handler = std::sync::Arc::new(Handler::start(settings(&database, &front)).await);
    let crowd: Vec<_> = (0..40)
        .map(|number| {
            let handler = handler.clone();
            let path = if number % 2 == 0 { "/health" } else { "/people/count" };
            tokio::spawn(async move { handler.get(path).await.status })
        })
        .collect();
    for one in crowd {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(front.connections(), 1);
    drop(handler);
    database.remove().await;
}

/// What Azure's host reads must name what the archive holds, and ask for a key where people are counted.
#[test]
fn the_hosts_files_say_who_may_ask() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("azure");
    let read = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
    };
    let host = read("host.json");
    assert_eq!(host["version"], "2.0");
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], "lambda");
    assert_eq!(host["customHandler"]["enableForwardingHttpRequest"], true);
    assert_eq!(host["extensions"]["http"]["routePrefix"], "");
    for (function, route, who) in [("health", "health", "anonymous"), ("count", "people/count", "function")] {
        let trigger = &read(&format!("{function}/function.json"))["bindings"][0];
        assert_eq!((&trigger["type"], &trigger["route"]), (&json!("httpTrigger"), &json!(route)));
        assert_eq!(trigger["authLevel"], who, "{function}");
    }
}
