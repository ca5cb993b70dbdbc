//! Days without a time of day, in the reader's language.

use chrono::{Datelike, NaiveDate};
use js_sys::{Date, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::clock::{self, Style};
use crate::language::{self, Locale};
use crate::session::Desk;

/// What to show of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayStyle {
    /// Tuesday, 3 November 2026
    Long,
    /// 3 Nov 2026
    Short,
    /// November 2026
    Month,
    /// Tue
    Weekday,
}

impl DayStyle {
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Long => &[("weekday", "long"), ("day", "numeric"), ("month", "long"), ("year", "numeric")],
            Self::Short => &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
            Self::Month => &[("month", "long"), ("year", "numeric")],
            Self::Weekday => &[("weekday", "short")],
        }
    }
}

/// A day in words; its digits are those of every other number on the page.
pub fn words(day: NaiveDate, style: DayStyle) -> String {
    let options = Object::new();
    for (name, value) in style.options().iter().chain(&[("timeZone", "UTC")]) {
        // Setting a property of a plain object does not fail.
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    let noon = day.and_hms_opt(12, 0, 0).map_or(0, |noon| noon.and_utc().timestamp_millis());
    let locale = language::format_tag();
    Date::new(&JsValue::from_f64(noon as f64)).to_locale_date_string(&locale, &options).into()
}

/// Today on the site's clocks.
pub fn today(desk: Desk) -> NaiveDate {
    let key = clock::format_ms(desk.now_ms.get_untracked(), &untrack(|| desk.timezone()), Style::Key);
    key.parse().unwrap_or_default()
}

/// How many days from the first column of a calendar to `day`: weeks begin on Saturday in Arabic, else on Monday.
pub fn column(day: NaiveDate) -> u32 {
    let monday = day.weekday().num_days_from_monday();
    if language::current() == Locale::ar { (monday + 2) % 7 } else { monday }
}
