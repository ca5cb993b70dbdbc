//! The hours report: whose hours are not known.

use reqwest::Method;
use serde_json::{Value, json};

use crate::reports::person;
use crate::support::Site;

const SHIFT: &str = "00000000-0000-0000-000c-000000000001";
const LESSON: &str = "00000000-0000-0000-000c-000000000002";
const ALL_DAY: &str = "00000000-0000-0000-0000-000000000001";

/// A shift that asks for check-out, and a lesson that has not done so since January, on 31 December and 25 March.
fn fill(site: &Site) {
    let (ada, bo) = (person(1), person(2));
    let row = |person: &str, schedule: &str, day: &str, slot: i16, rest: &str| {
        format!("('{person}', '{schedule}', '{day}', {slot}, '{day}T08:00Z', '{day}T16:00Z', {rest})")
    };
    let rows = [
        // Seen to leave alone; marked as there; known; not seen to leave.
        row(&ada, SHIFT, "2026-03-25", 0, "'present', false, NULL, '2026-03-25T16:01Z', NULL"),
        row(&ada, SHIFT, "2026-03-25", 1, "'present', true, NULL, NULL, NULL"),
        row(&ada, SHIFT, "2026-03-25", 2, "'late', false, '2026-03-25T08:20Z', '2026-03-25T16:00Z', 460"),
        row(&ada, SHIFT, "2026-03-25", 3, "'late', false, '2026-03-25T08:20Z', NULL, NULL"),
        // Nobody asks how long a lesson had them, nor a day of a class without a schedule.
        row(&bo, LESSON, "2026-03-25", 0, "'present', false, '2026-03-25T07:55Z', NULL, NULL"),
        row(&bo, ALL_DAY, "2026-03-25", 0, "'present', true, NULL, NULL, NULL"),
        row(&bo, SHIFT, "2026-03-25", 0, "'absent', false, NULL, NULL, 0"),
        // Last year the lesson did.
        row(&bo, LESSON, "2025-12-31", 0, "'present', false, '2025-12-31T07:55Z', NULL, NULL"),
    ];
    site.database.execute(&format!(
        "INSERT INTO people (id, name, external_id) VALUES ('{ada}', 'Ada', '1'), ('{bo}', 'Bo', '2');
         INSERT INTO schedules (id, name, kind) VALUES ('{SHIFT}', 'Shift', 'shift'), ('{LESSON}', 'Lesson', 'period');
         INSERT INTO schedule_versions (schedule_id, from_day, rules) VALUES
             ('{SHIFT}', '2025-01-01', '{{\"slots\": [], \"asks_check_out\": true}}'),
             ('{LESSON}', '2025-01-01', '{{\"slots\": [], \"asks_check_out\": true}}'),
             ('{LESSON}', '2026-01-01', '{{\"slots\": [], \"asks_check_out\": false}}');
         INSERT INTO attendance_days (person_id, schedule_id, day, slot, starts_at, ends_at, state, by_hand, first_in,
             last_out, worked_minutes) VALUES {}",
        rows.join(", ")
    ));
}

#[actix_web::test]
async fn hours_that_are_asked_for_and_not_known_are_counted() {
    let site = Site::start().await;
    fill(&site);
    let path = "/reports/hours?from=2025-12-31&to=2026-03-26";
    let page = site.admin.get(path).await;
    let column = page["columns"].as_array().unwrap().last().unwrap();
    assert_eq!((&column["key"], &column["title"]), (&json!("open"), &json!("Hours unknown")));
    let open: Vec<(&Value, &Value)> = page["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row[0], row.as_array().unwrap().last().unwrap()))
        .collect();
    assert_eq!(open, [(&json!("Ada"), &json!(3)), (&json!("Bo"), &json!(1))]);
    let totals = page["totals"].as_array().unwrap();
    let total = totals.iter().find(|total| total["key"] == "open").unwrap();
    assert_eq!((&total["value"], &total["title"]), (&json!(4), &json!("Hours unknown")));

    let csv = site.admin.send(Method::GET, &format!("{path}&format=csv"), None).await.text().await.unwrap();
    assert!(csv.lines().next().unwrap().contains("Hours unknown"), "{csv}");
}
