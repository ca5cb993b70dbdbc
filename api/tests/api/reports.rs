//! Reports: every number against a calculation of the test's own over the raw rows.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataType, Reader, Xlsx};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Nullable, Text, Timestamptz};
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::support::{Client, Site, refusal};

/// A person in a shift instance, as it is stored.
#[derive(Debug, Clone, QueryableByName)]
pub struct Raw {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub class: String,
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_in: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    pub late_minutes: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    pub worked_minutes: Option<i32>,
}

impl Raw {
    pub fn attended(&self) -> bool {
        ["present", "late", "left_early", "half_day"].contains(&self.state.as_str())
    }

    pub fn late(&self) -> bool {
        self.state == "late" || (self.late_minutes > 0 && self.attended() && self.state != "present")
    }
}

pub const CLASS_A: &str = "00000000-0000-0000-000a-000000000001";
pub const CLASS_B: &str = "00000000-0000-0000-000a-000000000002";
const CLUB: &str = "00000000-0000-0000-000a-000000000003";

pub fn person(number: usize) -> String {
    format!("00000000-0000-0000-000b-{number:012}")
}

/// Twelve people in two classes with two periods a day over the night in which clocks go forward, in every state;
/// three people are in a club without schedules since 30 March.
pub fn fill(site: &Site) {
    site.database.execute(&format!(
        "UPDATE settings SET timezone = 'Europe/Berlin', site_name = 'Schule Ö';
         INSERT INTO groups (id, name) VALUES ('{CLASS_A}', '5/A \"Ö班\" \\'), ('{CLASS_B}', '5B'), ('{CLUB}', 'Chess');
         INSERT INTO people (id, name, external_id)
         SELECT ('00000000-0000-0000-000b-' || lpad(n::text, 12, '0'))::uuid,
                (ARRAY['=1+1', 'Ayşe', '@SUM(A1)', 'Ελένη', '-2', 'Олександр', 'Bo', 'Cy \"C\", Jr', 'Bo', 'محمد',
                       '+49', 'Zoë'])[n], 'id-' || n
         FROM generate_series(1, 12) n;
         INSERT INTO group_members (group_id, person_id, from_day)
         SELECT CASE WHEN n <= 6 THEN '{CLASS_A}'::uuid ELSE '{CLASS_B}'::uuid END,
                ('00000000-0000-0000-000b-' || lpad(n::text, 12, '0'))::uuid, '2026-01-01'
         FROM generate_series(1, 12) n;
         INSERT INTO group_members (group_id, person_id, from_day)
         SELECT '{CLUB}', ('00000000-0000-0000-000b-' || lpad(n::text, 12, '0'))::uuid, '2026-03-30'
         FROM generate_series(5, 7) n;
         INSERT INTO schedules (id, name, kind) SELECT
                ('00000000-0000-0000-000c-' || lpad(s::text, 12, '0'))::uuid, 'Period ' || s, 'period'
         FROM generate_series(1, 2) s;
         INSERT INTO group_schedules (id, group_id, schedule_id, from_day)
         SELECT gen_random_uuid(), g, ('00000000-0000-0000-000c-' || lpad(s::text, 12, '0'))::uuid, '2026-01-01'
         FROM generate_series(1, 2) s, unnest(ARRAY['{CLASS_A}', '{CLASS_B}']::uuid[]) g;
         INSERT INTO attendance_days (person_id, schedule_id, day, slot, group_id, starts_at, ends_at, state, first_in,
             last_out, late_minutes, worked_minutes)
         SELECT ('00000000-0000-0000-000b-' || lpad(n::text, 12, '0'))::uuid,
                ('00000000-0000-0000-000c-' || lpad(s::text, 12, '0'))::uuid, day, s,
                CASE WHEN n <= 6 THEN '{CLASS_A}'::uuid ELSE '{CLASS_B}'::uuid END, start, start + interval '4 hours',
                state, CASE WHEN attended THEN start + make_interval(mins => late) END,
                CASE WHEN attended AND NOT open THEN start + interval '4 hours' END,
                CASE WHEN attended THEN late ELSE 0 END, CASE WHEN attended AND NOT open THEN 240 - late END
         FROM (SELECT n, s, d::date AS day, (d::date + make_time(4 + 4 * s, 0, 0)) AT TIME ZONE 'Europe/Berlin' AS start,
                      state, state IN ('present', 'late', 'left_early', 'half_day') AS attended,
                      CASE WHEN state = 'late' OR (state = 'left_early' AND n % 2 = 0) THEN (6 + n + k)::integer ELSE 0 END AS late,
                      (n + k) % 4 = 0 AS open
               FROM generate_series(1, 12) n, generate_series(1, 2) s,
                    generate_series('2026-03-23'::date, '2026-04-10', '1 day') WITH ORDINALITY AS days (d, k),
                    LATERAL (SELECT (ARRAY['present', 'late', 'left_early', 'absent', 'half_day', 'present', 'excused',
                        'holiday', 'unconfirmed', 'present', 'expected', 'absent'])[1 + (n * 7 + k * 5 + s * s * 3) % 12]
                        AS state) AS states) AS instances;
         INSERT INTO marks (id, person_id, schedule_id, day, slot, state, note, marked_by, marked_at)
         SELECT ('01900000-0000-7000-8000-00000000000' || v)::uuid, person_id, schedule_id, day, slot, 'excused',
                (ARRAY['first', '=cmd()'])[v], gen_random_uuid(), now()
         FROM generate_series(1, 2) v, (SELECT * FROM attendance_days WHERE state = 'excused' AND day >= '2026-03-25' ORDER BY day, person_id
              LIMIT 1) AS d;"
    ));
}

pub fn raw(site: &Site, condition: &str) -> Vec<Raw> {
    diesel::sql_query(format!(
        "SELECT p.name || '/' || p.external_id AS name, g.name AS class, d.day, d.state, d.first_in, d.late_minutes,
                d.worked_minutes
         FROM attendance_days d JOIN people p ON p.id = d.person_id JOIN groups g ON g.id = d.group_id
         WHERE {condition} ORDER BY p.name, p.id, d.day, d.starts_at"
    ))
    .load(&mut site.database.connect())
    .unwrap()
}

const APRIL: &str = "from=2026-03-25&to=2026-04-08";
const IN_APRIL: &str = "d.day BETWEEN '2026-03-25' AND '2026-04-07'";

/// All rows of a report, page by page, and its first page.
async fn rows(client: &Client, path: &str) -> (Vec<Vec<Value>>, Value) {
    let first = client.get(&format!("{path}&limit=5")).await;
    let (mut all, mut page) = (first["rows"].as_array().unwrap().clone(), first.clone());
    while let Some(next) = page["next"].as_str() {
        page = client.get(&format!("{path}&limit=5&after={next}")).await;
        assert!(page["totals"].is_null(), "totals come with the first page");
        all.extend(page["rows"].as_array().unwrap().clone());
    }
    let width = first["columns"].as_array().unwrap().len();
    let all: Vec<Vec<Value>> = all.iter().map(|row| row.as_array().unwrap().clone()).collect();
    assert!(all.iter().all(|row| row.len() == width));
    (all, first)
}

fn named(row: &[Value]) -> String {
    format!("{}/{}", row[0].as_str().unwrap(), row[1].as_str().unwrap())
}

fn total(page: &Value, key: &str) -> Value {
    let totals = page["totals"].as_array().unwrap();
    totals.iter().find(|total| total["key"] == key).unwrap_or_else(|| panic!("no total {key}"))["value"]
        .clone()
}

/// What a day was as a whole, said in another way than the server's.
fn letter(states: &[&str]) -> char {
    let has = |state: &str| states.contains(&state);
    if ["present", "late", "left_early", "half_day"].iter().any(|state| has(state)) {
        return match () {
            () if has("absent") || has("half_day") => 'H',
            () if has("late") => 'L',
            () if has("left_early") => 'D',
            () => 'P',
        };
    }
    let order =
        [("absent", 'A'), ("unconfirmed", 'U'), ("expected", 'N'), ("excused", 'E'), ("holiday", 'O')];
    order.iter().find(|(state, _)| has(state)).unwrap().1
}

pub fn letters(rows: &[Raw]) -> BTreeMap<(String, NaiveDate), char> {
    let mut states: BTreeMap<(String, NaiveDate), Vec<&str>> = BTreeMap::new();
    for row in rows {
        states.entry((row.name.clone(), row.day)).or_default().push(&row.state);
    }
    states.into_iter().map(|(key, states)| (key, letter(&states))).collect()
}

#[actix_web::test]
async fn the_register_says_what_the_days_were() {
    let site = Site::start().await;
    fill(&site);
    let (rows, page) = rows(&site.admin, &format!("/reports/register?{APRIL}")).await;
    let expected = letters(&raw(&site, IN_APRIL));
    assert_eq!(rows.len(), 12);
    let columns: Vec<&str> =
        page["columns"].as_array().unwrap().iter().map(|c| c["key"].as_str().unwrap()).collect();
    let mut seen = 0;
    for row in &rows {
        let mut counts: BTreeMap<char, i64> = BTreeMap::new();
        for (key, cell) in columns.iter().zip(row) {
            let Ok(day) = key.parse::<NaiveDate>() else { continue };
            let letter = expected[&(named(row), day)];
            assert_eq!(cell, &json!(letter.to_string()), "{} {day}", named(row));
            *counts.entry(letter).or_default() += 1;
            seen += 1;
        }
        let of = |letter: char| counts.get(&letter).copied().unwrap_or(0);
        let cell = |key: &str| row[columns.iter().position(|column| *column == key).unwrap()].clone();
        for (key, letter) in
            [("present", 'P'), ("late", 'L'), ("half_day", 'H'), ("absent", 'A'), ("excused", 'E')]
        {
            assert_eq!(cell(key), of(letter), "{} {key}", named(row));
        }
        let attended = of('P') + of('L') + of('D') + of('H');
        assert_eq!(cell("rate"), json!(attended as f64 / (attended + of('A')) as f64));
    }
    assert_eq!(seen, 12 * 14);
    let all = |letters: &str| expected.values().filter(|letter| letters.contains(**letter)).count();
    assert_eq!(total(&page, "absent"), all("A"));
    assert_eq!(total(&page, "half_day"), all("H"));
    assert_eq!(total(&page, "rate"), json!(all("PLDH") as f64 / all("PLDHA") as f64));
    assert_eq!(page["legend"].as_array().unwrap().len(), 9);
}

#[actix_web::test]
async fn late_hours_absences_and_day_sheet_agree_with_the_rows() {
    let site = Site::start().await;
    fill(&site);
    let all = raw(&site, IN_APRIL);

    let (late, page) = rows(&site.admin, &format!("/reports/late?{APRIL}")).await;
    let expected: Vec<&Raw> = all.iter().filter(|row| row.late()).collect();
    assert_eq!(late.len(), expected.len());
    assert!(expected.iter().any(|row| row.state == "left_early"));
    for (row, raw) in late.iter().zip(&expected) {
        let times = expected.iter().filter(|other| other.name == raw.name).count();
        assert_eq!(named(row), raw.name);
        assert_eq!(row[3], json!(raw.day));
        assert_eq!(row[6].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), raw.first_in.unwrap());
        assert_eq!((&row[7], &row[8]), (&json!(raw.late_minutes), &json!(times)));
    }
    assert_eq!(total(&page, "late_minutes"), expected.iter().map(|row| row.late_minutes).sum::<i32>());

    let (hours, page) = rows(&site.admin, &format!("/reports/hours?{APRIL}")).await;
    let worked = |name: &str, day: Option<NaiveDate>| -> Option<i32> {
        let of = all.iter().filter(|row| row.name == name && day.is_none_or(|day| row.day == day));
        of.filter_map(|row| row.worked_minutes).fold(None, |sum, minutes| Some(sum.unwrap_or(0) + minutes))
    };
    for row in &hours {
        for (cell, day) in row[3..17].iter().zip(all[0].day.iter_days()) {
            assert_eq!(cell, &json!(worked(&named(row), Some(day))), "{} {day}", named(row));
        }
        let open =
            all.iter().filter(|raw| raw.name == named(row) && raw.attended() && raw.worked_minutes.is_none());
        assert_eq!(
            (&row[17], &row[18]),
            (&json!(worked(&named(row), None).unwrap_or(0)), &json!(open.count()))
        );
    }
    assert_eq!(total(&page, "worked_minutes"), all.iter().filter_map(|row| row.worked_minutes).sum::<i32>());

    let (absences, page) = rows(&site.admin, &format!("/reports/absences?{APRIL}")).await;
    let expected: Vec<&Raw> =
        all.iter().filter(|row| ["absent", "excused", "unconfirmed"].contains(&row.state.as_str())).collect();
    let listed: Vec<(String, Value, Value)> =
        absences.iter().map(|row| (named(row), row[3].clone(), row[6].clone())).collect();
    let wanted: Vec<(String, Value, Value)> =
        expected.iter().map(|row| (row.name.clone(), json!(row.day), json!(row.state))).collect();
    assert_eq!(listed, wanted);
    assert_eq!(absences.iter().filter(|row| row[7] == "=cmd()").count(), 1, "the newest mark's note");
    assert_eq!(total(&page, "excused"), expected.iter().filter(|row| row.state == "excused").count());

    let (sheet, _) = rows(&site.admin, "/reports/day-sheet?from=2026-03-29&to=2026-03-30").await;
    let expected = raw(&site, "d.day = '2026-03-29'");
    assert_eq!(sheet.len(), 24);
    for (row, raw) in sheet.iter().zip(&expected) {
        assert_eq!(
            (named(row), &row[8], &row[9]),
            (raw.name.clone(), &json!(raw.state), &json!(raw.late_minutes))
        );
        assert_eq!(row[6].is_null(), raw.first_in.is_none());
    }
    // Summer time: eight o'clock is six in UTC.
    assert_eq!(sheet[0][4], "2026-03-29T06:00:00Z");
}

#[actix_web::test]
async fn files_say_what_the_screen_says_and_run_nothing() {
    let site = Site::start().await;
    fill(&site);
    for kind in ["register", "late", "hours", "absences"] {
        let path = format!("/reports/{kind}?{APRIL}&group={CLASS_A}");
        let (screen, page) = rows(&site.admin, &path).await;
        let keys: Vec<&Value> =
            page["columns"].as_array().unwrap().iter().map(|column| &column["kind"]).collect();

        let answer = site.admin.send(Method::GET, &format!("{path}&format=csv"), None).await;
        assert_eq!(answer.status(), 200);
        let named = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(
            named.starts_with(&format!("attachment; filename=\"{kind}_2026-03-25_2026-04-07_5-A")),
            "{named}"
        );
        assert!(
            named.contains("filename*=UTF-8''") && named.contains("%E7%8F%AD") && named.is_ascii(),
            "{named}"
        );
        assert!(!named.contains('\\') && named.matches('"').count() == 2, "{named}");
        let text = answer.text().await.unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let csv: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(csv.len(), screen.len(), "{kind}");

        let answer = site.admin.send(Method::GET, &format!("{path}&format=xlsx"), None).await;
        let mut book = Xlsx::new(Cursor::new(answer.bytes().await.unwrap().to_vec())).unwrap();
        assert!(book.worksheet_formula("Sheet1").unwrap().is_empty());
        let sheet = book.worksheet_range("Sheet1").unwrap();
        assert_eq!(sheet.height(), screen.len() + 1);
        for (number, row) in screen.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let in_sheet = sheet.get((number + 1, column)).unwrap_or(&Data::Empty);
                let in_csv = &csv[number][column];
                assert!(!in_csv.starts_with(['=', '@', '\t']), "{in_csv}");
                match keys[column].as_str().unwrap() {
                    "text" | "letter" => {
                        let text = cell.as_str().unwrap_or_default();
                        let guarded = if text.starts_with(['=', '+', '-', '@']) {
                            format!("'{text}")
                        } else {
                            text.to_owned()
                        };
                        assert_eq!(in_csv, &guarded);
                        assert_eq!(
                            in_sheet,
                            &if text.is_empty() { Data::Empty } else { Data::String(text.to_owned()) }
                        );
                    }
                    "count" | "minutes" | "share" => {
                        assert_eq!(
                            in_sheet.as_f64().map(|n| (n * 1e9).round()),
                            cell.as_f64().map(|n| (n * 1e9).round())
                        );
                    }
                    "day" | "time" if !cell.is_null() => {
                        assert!(matches!(in_sheet, Data::DateTime(_)), "{in_sheet:?}")
                    }
                    _ => {}
                }
            }
        }
        let summary = book.worksheet_range("Summary").unwrap();
        assert_eq!(summary.get((0, 1)), Some(&Data::String("Schule Ö".to_owned())));

        let answer = site.admin.send(Method::GET, &format!("{path}&format=pdf"), None).await;
        assert_eq!(answer.headers()["content-type"], "application/pdf");
        let document = lopdf::Document::load_mem(&answer.bytes().await.unwrap()).unwrap();
        let pages: Vec<u32> = document.get_pages().into_keys().collect();
        let text = document.extract_text(&pages).unwrap();
        assert!(text.contains("Schule Ö") && text.contains("Page 1 of") && text.contains("Ελένη"), "{text}");
    }
    assert_eq!(site.database.number("SELECT count(*) FROM audit WHERE action = 'report.exported'"), 12);
}

#[actix_web::test]
async fn each_sees_their_own_people_and_nobody_elses() {
    let site = Site::start().await;
    fill(&site);
    let manager = site.user("manager@example.org", Role::Manager).await;
    let member = site.user("member@example.org", Role::Member).await;
    let path = format!("/reports/register?{APRIL}");
    assert_eq!(rows(&manager, &path).await.0.len(), 0, "a manager without groups");
    assert_eq!(rows(&member, &path).await.0.len(), 0, "a member without a person");
    site.database.execute(&format!(
        "INSERT INTO user_groups SELECT id, '{CLASS_B}' FROM users WHERE role = 'manager';
         UPDATE users SET person_id = '{}' WHERE role = 'member'",
        person(2)
    ));
    let of_manager = rows(&manager, &path).await.0;
    assert_eq!(of_manager.len(), 6);
    assert!(of_manager.iter().all(|row| row[2] == "5B"));
    let of_member = rows(&member, &path).await.0;
    assert_eq!((of_member.len(), of_member[0][0].as_str()), (1, Some("Ayşe")));
    let totals = manager.get(&path).await["totals"].clone();
    let days: i64 = totals.as_array().unwrap().iter().filter_map(|total| total["value"].as_i64()).sum();
    assert_eq!(days, 6 * 14, "totals are of the same people");
    let csv = manager.send(Method::GET, &format!("{path}&format=csv"), None).await.text().await.unwrap();
    assert_eq!(csv.lines().count(), 7);

    for (client, query, status) in [
        (&manager, format!("group={CLASS_B}"), 200),
        (&manager, format!("group={CLASS_A}"), 404),
        (&manager, format!("person={}", person(7)), 200),
        (&manager, format!("person={}", person(2)), 404),
        (&manager, format!("person={}", person(99)), 404),
        (&member, format!("person={}", person(2)), 200),
        (&member, format!("person={}", person(7)), 404),
        (&member, format!("group={CLASS_A}"), 404),
        (&site.admin, format!("group={}", person(2)), 404),
    ] {
        for format in ["json", "csv", "pdf"] {
            let answer = client.status(Method::GET, &format!("{path}&{query}&format={format}")).await;
            assert_eq!(answer, status, "{query} {format}");
        }
    }
}

#[actix_web::test]
async fn a_group_without_schedules_stands_for_its_members_on_their_days() {
    let site = Site::start().await;
    fill(&site);
    let (sheet, _) = rows(&site.admin, &format!("/reports/register?{APRIL}&group={CLUB}")).await;
    assert_eq!(sheet.len(), 3);
    for row in &sheet {
        let days: Vec<bool> = row[3..17].iter().map(|cell| !cell.is_null()).collect();
        let since_30_march: Vec<bool> = (0..14).map(|day| day >= 5).collect();
        assert_eq!(days, since_30_march, "members since 30 March");
    }
    let class = rows(&site.admin, &format!("/reports/register?{APRIL}&group={CLASS_A}")).await.0;
    assert!(class.len() == 6 && class.iter().all(|row| row[3..17].iter().all(|cell| !cell.is_null())));
    assert_eq!(raw(&site, IN_APRIL)[0].day.day(), 25);
}

#[actix_web::test]
async fn what_cannot_be_reported_is_refused_in_words() {
    let site = Site::start().await;
    fill(&site);
    for (path, field) in [
        ("register?from=2026-03-25&to=2026-06-26", "to"),
        ("hours?from=2026-03-25&to=2026-06-26", "to"),
        ("late?from=1976-01-01&to=2026-01-01", "to"),
        ("late?from=2026-02-30&to=2026-03-02", "from"),
        ("late?from=2026-03-02&to=2026-03-02", "to"),
        ("late?from=2026-03-02&to=2026-03-01", "to"),
        ("late?from=0000-03-02&to=0000-03-04", "from"),
        ("late?from=2026-03-01&to=%2B12026-03-01", "to"),
        ("late?to=2026-03-02", "query"),
        ("late?from=2026-03-01&to=2026-03-02&limit=0", "limit"),
        ("late?from=2026-03-01&to=2026-03-02&after=x", "after"),
        ("late?from=2026-03-01&to=2026-03-02&format=ods", "query"),
        ("late?from=2026-03-01&to=2026-03-02&format=csv&limit=5", "format"),
        ("late?from=2026-03-01&to=2026-03-02&sort=name", "query"),
        ("day-sheet?from=2026-03-01&to=2026-03-03", "to"),
        ("register?from=2026-03-01&to=2026-04-02&format=pdf", "to"),
    ] {
        let (status, error) =
            refusal(site.admin.send(Method::GET, &format!("/reports/{path}"), None).await).await;
        assert_eq!(status, 422, "{path}");
        assert!(error["fields"][field].is_string(), "{path}: {error}");
    }
    assert_eq!(site.admin.status(Method::GET, "/reports/gossip?from=2026-03-01&to=2026-03-02").await, 404);
    let position = site.admin.get(&format!("/reports/register?{APRIL}&limit=1")).await["next"].clone();
    let other = format!("/reports/late?{APRIL}&after={}", position.as_str().unwrap());
    assert_eq!(site.admin.status(Method::GET, &other).await, 422, "a position of another report");
}
