//! Days: what the reader calls them, when a week begins where they live, and when a day begins at the site.

use std::cell::RefCell;
use std::collections::HashMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::clock::{self, Style};
use crate::language;
use crate::session::Desk;

/// How to write a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayStyle {
    /// 3 Nov
    Short,
    /// 3 Nov 2026
    Medium,
    /// Tue, 3 Nov 2026
    Long,
    /// Tuesday, 3 November 2026
    Full,
    /// November 2026
    MonthOfYear,
    /// Tue
    Weekday,
    /// Nov
    Month,
}

impl DayStyle {
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Short => &[("day", "numeric"), ("month", "short")],
            Self::Medium => &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
            Self::Long => {
                &[("weekday", "short"), ("day", "numeric"), ("month", "short"), ("year", "numeric")]
            }
            Self::Full => &[("weekday", "long"), ("day", "numeric"), ("month", "long"), ("year", "numeric")],
            Self::MonthOfYear => &[("month", "long"), ("year", "numeric")],
            Self::Weekday => &[("weekday", "short")],
            Self::Month => &[("month", "short")],
        }
    }
}

thread_local! {
    static FORMATTERS: RefCell<HashMap<DayStyle, Function>> = RefCell::default();
    static WEEK: Week = Week::of_reader();
}

/// `day` in the reader's language.
pub fn write(day: NaiveDate, style: DayStyle) -> String {
    let formatter =
        FORMATTERS.with_borrow_mut(|known| known.entry(style).or_insert_with(|| formatter(style)).clone());
    let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp_millis() as f64;
    formatter
        .call1(&JsValue::UNDEFINED, &Date::new(&JsValue::from_f64(midnight)))
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| day.to_string())
}

/// The days from `first` to `last`, as one text.
pub fn write_range(first: NaiveDate, last: NaiveDate) -> String {
    if first == last {
        return write(first, DayStyle::Long);
    }
    format!("{} – {}", write(first, DayStyle::Medium), write(last, DayStyle::Medium))
}

fn formatter(style: DayStyle) -> Function {
    let options = Object::new();
    for (name, value) in style.options().iter().chain([&("timeZone", "UTC")]) {
        // Fails only for an object that cannot be changed.
        let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    Intl::DateTimeFormat::new(&Array::of1(&language::format_tag().into()), &options).format()
}

/// How weeks go where the reader lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// The day that a week begins with.
    pub first: Weekday,
    /// The days that are no working days.
    pub weekend: Vec<Weekday>,
}

impl Week {
    /// The reader's.
    pub fn get() -> Self {
        WEEK.with(Clone::clone)
    }

    /// As the browser knows it of its region; else Monday to Sunday.
    fn of_reader() -> Self {
        Self::asked().unwrap_or(Self { first: Weekday::Mon, weekend: vec![Weekday::Sat, Weekday::Sun] })
    }

    fn asked() -> Option<Self> {
        let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
        let class = get(&get(&js_sys::global(), "Intl")?, "Locale")?.dyn_into::<Function>().ok()?;
        let tag = window().navigator().language()?;
        let locale = Reflect::construct(&class, &Array::of1(&tag.into())).ok()?;
        // Browsers have it as a function or as a value.
        let info = match get(&locale, "getWeekInfo")?.dyn_into::<Function>() {
            Ok(ask) => ask.call0(&locale).ok()?,
            Err(_) => get(&locale, "weekInfo")?,
        };
        let weekday = |number: JsValue| {
            let number = number.as_f64()? as u8;
            Weekday::try_from(number.checked_sub(1)?).ok()
        };
        let first = weekday(get(&info, "firstDay")?)?;
        let weekend = get(&info, "weekend")?.dyn_into::<Array>().ok()?;
        Some(Self { first, weekend: weekend.iter().filter_map(weekday).collect() })
    }

    /// How many days lie between the beginning of its week and `day`.
    pub fn column(&self, day: NaiveDate) -> u32 {
        day.weekday().days_since(self.first)
    }

    /// Whether a day is none to work on.
    pub fn is_weekend(&self, day: NaiveDate) -> bool {
        self.weekend.contains(&day.weekday())
    }
}

/// The present moment, by the browser's clock.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(Date::now() as i64).unwrap_or_default()
}

/// Today at the site.
pub fn today(desk: Desk) -> NaiveDate {
    let key = clock::format_ms(desk.now_ms.get_untracked(), &desk.timezone(), Style::Key);
    key.parse().unwrap_or_default()
}

/// The moment in which `day` begins in `zone`; days of 23 and 25 hours included.
pub fn first_moment(day: NaiveDate, zone: &str) -> DateTime<Utc> {
    let key = day.to_string();
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    // No zone is further from UTC than this; the moment is found by halving what lies between.
    let (mut before, mut within) = (midnight - TimeDelta::hours(15), midnight + TimeDelta::hours(15));
    while within - before > TimeDelta::minutes(1) {
        let middle = before + TimeDelta::minutes((within - before).num_minutes() / 2);
        if clock::format(middle, zone, Style::Key) < key { before = middle } else { within = middle }
    }
    within
}

/// The week that `day` is in: its first and its last day.
pub fn week_of(day: NaiveDate, first: Weekday) -> (NaiveDate, NaiveDate) {
    let into = u64::from(day.weekday().days_since(first));
    let start = day.checked_sub_days(Days::new(into)).unwrap_or(day);
    (start, start.checked_add_days(Days::new(6)).unwrap_or(start))
}

/// The month that `day` is in: its first and its last day.
pub fn month_of(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let start = day.with_day(1).unwrap_or(day);
    let next = start.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    (start, next.unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn weeks_begin_where_the_reader_has_them_begin() {
        for (of, first, from, to) in [
            ("2026-11-21", Weekday::Mon, "2026-11-16", "2026-11-22"),
            ("2026-11-21", Weekday::Sat, "2026-11-21", "2026-11-27"),
            ("2026-11-22", Weekday::Sun, "2026-11-22", "2026-11-28"),
            ("2026-01-01", Weekday::Mon, "2025-12-29", "2026-01-04"),
        ] {
            assert_eq!(week_of(day(of), first), (day(from), day(to)), "{of}");
        }
    }

    #[test]
    fn months_have_their_own_lengths() {
        assert_eq!(month_of(day("2026-12-31")), (day("2026-12-01"), day("2026-12-31")));
        assert_eq!(month_of(day("2024-02-10")), (day("2024-02-01"), day("2024-02-29")));
    }
}
