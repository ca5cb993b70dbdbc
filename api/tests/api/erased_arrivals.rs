//! Days that are kept longer than the arrivals that made them.

use api::domain::attendance::closing;
use api::domain::retention;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::attendance::{School, row_of, yesterday};
use crate::schedules::{created, daily, today};

#[actix_web::test]
async fn what_was_seen_outlasts_the_arrivals_that_said_so() {
    let mut rules = daily("08:00", "16:00");
    rules["asks_check_out"] = json!(true);
    let school = School::start(rules).await;
    let (site, admin) = (&school.site, &school.site.admin);
    school.passes(1, "08:20").await;
    school.passes(1, "15:00").await;
    school.until_state(&school.zoe, "left_early").await;
    school.until_state(&school.emile, "absent").await;
    let before = school.day(admin, &school.zoe).await;
    assert_eq!(before["worked_minutes"], 400);

    let periods = |arrivals: u32| {
        let periods = json!({ "arrivals_days": arrivals, "attendance_days": null, "audit_days": null, "imports_days": 1 });
        admin.send(Method::PUT, "/retention", Some(periods))
    };
    assert_eq!(periods(1).await.status(), 200);
    let mut conn = api::db::connect(&site.database.app_url.parse().unwrap()).unwrap();
    retention::purge(&mut conn, today(), Utc::now() + TimeDelta::days(2)).unwrap();
    assert_eq!(site.database.number("SELECT count(*) FROM arrivals"), 0);

    let people: Vec<Uuid> = vec![school.zoe.parse().unwrap(), school.emile.parse().unwrap()];
    closing::recompute_all(&mut conn, &people, (yesterday(), yesterday()), Utc::now()).unwrap();
    assert_eq!(school.day(admin, &school.zoe).await, before);
    assert_eq!(school.day(admin, &school.emile).await["state"], "absent");

    // Marks and holidays come on top, and what was seen is there again without them.
    let mark = async |state: Value, seen: Value| {
        let rows = json!([{ "person": school.zoe, "state": state, "seen_mark": seen }]);
        let answer = school.put(admin, rows).await;
        assert_eq!(answer.status(), 200);
        let sheet: Value = answer.json().await.unwrap();
        let row = row_of(&sheet, "Zoë");
        assert_eq!(row["first_in"], before["first_in"]);
        row["mark"]["id"].clone()
    };
    let excused = mark(json!("excused"), Value::Null).await;
    let day = school.day(admin, &school.zoe).await;
    assert_eq!((&day["state"], &day["worked_minutes"]), (&json!("excused"), &json!(0)));
    mark(Value::Null, excused).await;
    assert_eq!(school.day(admin, &school.zoe).await, before);
    let body = json!({ "name": "Snow", "from_day": yesterday(), "until_day": today() });
    let holiday = created(admin, "/holidays", body).await;
    school.until_state(&school.zoe, "holiday").await;
    let path = format!("/holidays/{}", holiday["id"].as_str().unwrap());
    assert_eq!(admin.status(Method::DELETE, &path).await, 204);
    school.until_state(&school.zoe, "left_early").await;
    assert_eq!(school.day(admin, &school.zoe).await, before);

    // An arrival that comes afterwards counts while it stands: it can be asked.
    school.passes(2, "09:00").await;
    assert_eq!(school.day(admin, &school.emile).await["state"], "late");
    let arrivals = admin.get("/arrivals").await;
    let path = format!("/arrivals/{}/void", arrivals["items"][0]["id"].as_str().unwrap());
    let body = json!({ "reason": "A picture on a bag", "not_this_person": false });
    assert_eq!(admin.send(Method::POST, &path, Some(body)).await.status(), 200);
    assert_eq!(school.day(admin, &school.emile).await["state"], "absent");

    // A longer period brings nothing back.
    assert_eq!(periods(30).await.status(), 200);
    retention::purge(&mut conn, today(), Utc::now()).unwrap();
    let erased = "SELECT count(*) FROM retention WHERE arrivals_erased_until > now()";
    assert_eq!(site.database.number(erased), 1);
}
