//! Whoever came late and then left too early was late: of alerts that wait, too.

use serde_json::json;

use crate::alerts::{OFFICE, School, later, messages, rule, yesterday};
use crate::receivers::MailServer;

#[actix_web::test]
async fn late_alerts_that_wait_outlast_leaving_early() {
    let mail = MailServer::start().await;
    let school = School::start(mail.settings(), &["Ann", "Ben", "Cleo"]).await;
    school.site.database.execute(
        "UPDATE schedule_versions SET rules = rules || '{\"asks_check_out\": true, \"half_day_minutes\": 240}'",
    );
    let (entrance, _) = school.site.feed(json!({ "name": "Entrance" })).await;
    let (exit, _) = school.site.feed(json!({ "name": "Exit", "direction": "out" })).await;
    let fields = json!({ "kind": "lateness", "recipients": { "emails": [OFFICE] }, "digest": later() });
    rule(&school.site, fields).await;
    school.absences().await;
    let days = |condition: &str| {
        school.site.database.number(&format!("SELECT count(*) FROM attendance_days WHERE {condition}"))
    };
    let [ann, ben, cleo] = [0, 1, 2].map(|number| school.people[number].as_str());
    school.passes(ann, &entrance, "08:30");
    school.passes(ben, &entrance, "08:30");
    school.recompute().await;
    assert_eq!((days("state = 'late'"), messages(&school.site, "state = 'pending'")), (2, 2));

    school.passes(ann, &exit, "15:55");
    school.passes(ben, &exit, "11:00");
    // Of her all comes at once.
    school.passes(cleo, &entrance, "08:30");
    school.passes(cleo, &exit, "15:00");
    school.recompute().await;
    assert_eq!((days("state = 'left_early'"), days("state = 'half_day'")), (2, 1));
    assert_eq!(days("late_minutes = 30"), 3);
    let of_person = |person: &str, state: &str| {
        messages(&school.site, &format!("person_id = '{person}' AND state = '{state}' AND kind = 'lateness'"))
    };
    assert_eq!([ann, ben, cleo].map(|person| of_person(person, "pending")), [1, 1, 1]);

    school.mark(ann, "'present'").await;
    assert_eq!((of_person(ann, "withdrawn"), of_person(ben, "pending")), (1, 1), "she was not late at all");

    school.site.database.execute(&format!(
        "DELETE FROM attendance_days WHERE day <> '{0}'; UPDATE attendance_days SET day = current_date WHERE day = '{0}'",
        yesterday()
    ));
    assert_eq!(school.site.admin.get("/today").await["late"], 2);
}
