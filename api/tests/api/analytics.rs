//! Analytics: every number against a calculation of the test's own over the raw rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Europe::Berlin;
use reqwest::Method;
use serde_json::{Value, json};
use types::Role;

use crate::reports::{CLASS_A, CLASS_B, Raw, fill, letters, person, raw};
use crate::support::{Site, refusal};

const RANGE: &str = "from=2026-03-23&to=2026-04-11";

fn count(rows: &[&Raw], is: impl Fn(&Raw) -> bool) -> usize {
    rows.iter().filter(|row| is(row)).count()
}

#[actix_web::test]
async fn the_rate_leaves_out_what_is_no_attendance() {
    let site = Site::start().await;
    fill(&site);
    let all = raw(&site, "TRUE");
    let answer = site.admin.get(&format!("/analytics/rate?{RANGE}")).await;
    let days = answer["days"].as_array().unwrap();
    assert_eq!((answer["kind"].as_str(), days.len()), (Some("rate"), 19));
    for day in days {
        let date: NaiveDate = day["day"].as_str().unwrap().parse().unwrap();
        let rows: Vec<&Raw> = all.iter().filter(|row| row.day == date).collect();
        let (attended, absent) = (count(&rows, Raw::attended), count(&rows, |row| row.state == "absent"));
        assert_eq!((&day["attended"], &day["absent"]), (&json!(attended), &json!(absent)));
        for state in ["excused", "holiday", "unconfirmed", "expected"] {
            assert_eq!(day[state], json!(count(&rows, |row| row.state == state)), "{date} {state}");
        }
        assert_eq!(day["rate"], json!(attended as f64 / (attended + absent) as f64));
    }
}

#[actix_web::test]
async fn first_arrivals_fall_into_local_quarters_of_an_hour_and_weekdays() {
    let site = Site::start().await;
    fill(&site);
    let mut first: BTreeMap<(String, NaiveDate), _> = BTreeMap::new();
    for row in raw(&site, "d.first_in IS NOT NULL") {
        let at = row.first_in.unwrap();
        first.entry((row.name, row.day)).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }
    let mut quarters = BTreeMap::<u32, u64>::new();
    let mut weekdays = BTreeMap::<u32, (u64, BTreeSet<NaiveDate>)>::new();
    for ((_, day), at) in first {
        let local = at.with_timezone(&Berlin);
        *quarters.entry(local.hour() * 60 + local.minute() / 15 * 15).or_default() += 1;
        let weekday = weekdays.entry(day.weekday().number_from_monday()).or_default();
        weekday.0 += 1;
        weekday.1.insert(day);
    }
    let answer = site.admin.get(&format!("/analytics/arrivals-by-time?{RANGE}")).await;
    let wanted: Vec<Value> =
        quarters.iter().map(|(minute, n)| json!({ "minute": minute, "arrivals": n })).collect();
    assert_eq!(answer["quarters"], json!(wanted));
    assert!(quarters.contains_key(&480), "eight o'clock on both sides of the clock change: {quarters:?}");
    let wanted: Vec<Value> = weekdays
        .iter()
        .map(|(weekday, (n, days))| json!({ "weekday": weekday, "arrivals": n, "days": days.len() }))
        .collect();
    assert_eq!(answer["weekdays"], json!(wanted));
}

/// With linear interpolation, as PostgreSQL's `percentile_cont`.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let (low, part) = (values[place.floor() as usize], place.fract());
    low + part * (values[place.ceil() as usize] - low)
}

#[actix_web::test]
async fn lateness_is_counted_by_group() {
    let site = Site::start().await;
    fill(&site);
    let all = raw(&site, "TRUE");
    let answer = site.admin.get(&format!("/analytics/lateness-by-group?{RANGE}")).await;
    let groups = answer["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for group in groups {
        let rows: Vec<&Raw> = all.iter().filter(|row| group["group"]["name"] == row.class.as_str()).collect();
        let minutes: Vec<f64> =
            rows.iter().filter(|row| row.late()).map(|row| f64::from(row.late_minutes)).collect();
        let (attended, late) = (count(&rows, Raw::attended), minutes.len());
        assert!(late > 3);
        assert_eq!((&group["attended"], &group["late"]), (&json!(attended), &json!(late)));
        assert_eq!(group["share"], json!(late as f64 / attended as f64));
        assert_eq!(group["median_minutes"], json!(percentile(minutes.clone(), 0.5)));
        let p90 = group["p90_minutes"].as_f64().unwrap();
        assert!((p90 - percentile(minutes, 0.9)).abs() < 1e-9);
    }
    assert!(groups[0]["share"].as_f64() >= groups[1]["share"].as_f64());
}

#[actix_web::test]
async fn a_heat_map_has_the_letters_of_the_register() {
    let site = Site::start().await;
    fill(&site);
    let all = raw(&site, "p.external_id = 'id-4'");
    let answer = site.admin.get(&format!("/analytics/heatmap?{RANGE}&person={}", person(4))).await;
    let names = BTreeMap::from([
        ('P', "present"),
        ('L', "late"),
        ('D', "left_early"),
        ('H', "half_day"),
        ('A', "absent"),
        ('E', "excused"),
        ('U', "unconfirmed"),
        ('O', "holiday"),
        ('N', "expected"),
    ]);
    let wanted: Vec<Value> = letters(&all)
        .into_iter()
        .map(|((_, day), letter)| {
            let late: i32 = all.iter().filter(|row| row.day == day).map(|row| row.late_minutes).sum();
            json!({ "day": day, "state": names[&letter], "late_minutes": late })
        })
        .collect();
    assert_eq!(answer["days"], json!(wanted));
}

#[actix_web::test]
async fn today_counts_people_by_group() {
    let site = Site::start().await;
    fill(&site);
    // One day of the fixture becomes today.
    site.database.execute(
        "DELETE FROM attendance_days WHERE day <> '2026-04-01';
         UPDATE attendance_days SET day = (now() AT TIME ZONE 'Europe/Berlin')::date",
    );
    let all = raw(&site, "TRUE");
    let answer = site.admin.get("/analytics/today").await;
    let groups = answer["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for group in groups {
        let rows: Vec<Raw> =
            all.iter().filter(|row| group["group"]["name"] == row.class.as_str()).cloned().collect();
        let letters = letters(&rows);
        let of = |wanted: &str| json!(letters.values().filter(|letter| wanted.contains(**letter)).count());
        for (key, wanted) in [
            ("expected", "PDHLAUN"),
            ("present", "PDH"),
            ("late", "L"),
            ("absent", "A"),
            ("unconfirmed", "U"),
            ("waiting", "N"),
            ("excused", "E"),
        ] {
            assert_eq!(group[key], of(wanted), "{key} {letters:?}");
        }
    }
}

#[actix_web::test]
async fn analytics_stay_within_the_scope_and_the_range() {
    let site = Site::start().await;
    fill(&site);
    let manager = site.user("manager@example.org", Role::Manager).await;
    let member = site.user("member@example.org", Role::Member).await;
    site.database.execute(&format!(
        "INSERT INTO user_groups SELECT id, '{CLASS_B}' FROM users WHERE role = 'manager';
         UPDATE users SET person_id = '{}' WHERE role = 'member'",
        person(2)
    ));
    let lateness = format!("/analytics/lateness-by-group?{RANGE}");
    let groups = manager.get(&lateness).await["groups"].clone();
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]["group"]["name"]), (1, &json!("5B")));
    let day = member.get("/analytics/rate?from=2026-03-23&to=2026-03-24").await["days"][0].clone();
    let states = ["attended", "absent", "excused", "holiday", "unconfirmed", "expected"];
    assert_eq!(states.iter().map(|state| day[*state].as_i64().unwrap()).sum::<i64>(), 2);
    let own = member.get(&format!("/analytics/heatmap?{RANGE}")).await;
    assert_eq!(own["days"].as_array().unwrap().len(), 19, "their own without asking");
    for (client, path, status) in [
        (&manager, format!("rate?{RANGE}&group={CLASS_A}"), 404),
        (&manager, format!("heatmap?{RANGE}&person={}", person(2)), 404),
        (&manager, format!("heatmap?{RANGE}&person={}", person(7)), 200),
        (&member, format!("heatmap?{RANGE}&person={}", person(7)), 404),
        (&member, format!("rate?{RANGE}&group={CLASS_A}"), 404),
    ] {
        assert_eq!(client.status(Method::GET, &format!("/analytics/{path}")).await, status, "{path}");
    }
    for (path, field) in [
        ("rate?from=1976-01-01&to=2026-01-01", "to"),
        ("rate?to=2026-01-01", "from"),
        ("rate?from=2026-01-01", "to"),
        ("rate?from=2026-02-30&to=2026-03-01", "from"),
        ("heatmap?from=2026-01-01&to=2026-02-01", "person"),
        ("today?from=2026-01-01&to=2026-01-02", "from"),
    ] {
        let (status, error) =
            refusal(site.admin.send(Method::GET, &format!("/analytics/{path}"), None).await).await;
        assert_eq!(status, 422, "{path}");
        assert!(error["fields"][field].is_string(), "{path}: {error}");
    }
}
