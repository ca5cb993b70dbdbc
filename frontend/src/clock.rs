//! Times in the site's zone and the reader's manner, through the browser's own `Intl`.

use std::cell::RefCell;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::language;

/// What to show of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// 08:57
    Minute,
    /// 08:57:12
    Second,
    /// 3 Nov 2026, 08:57
    Full,
    /// 2026-11-03, to compare days
    Key,
    /// Tuesday 3 November
    Day,
    /// 08, of 24, to count with
    Hour,
}

impl Style {
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Minute => &[("hour", "2-digit"), ("minute", "2-digit")],
            Self::Second => &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")],
            Self::Full => &[
                ("day", "numeric"),
                ("month", "short"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
            ],
            Self::Key => &[("year", "numeric"), ("month", "2-digit"), ("day", "2-digit")],
            Self::Day => &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
            Self::Hour => &[("hour", "2-digit"), ("hourCycle", "h23")],
        }
    }
}

thread_local! {
    // Building a formatter costs a hundred times what using it costs.
    static FORMATTERS: RefCell<HashMap<(Style, String), Option<Function>>> = RefCell::default();
}

/// `at` in `zone` (an IANA name; empty or unknown means the browser's own).
pub fn format(at: DateTime<Utc>, zone: &str, style: Style) -> String {
    format_ms(at.timestamp_millis() as f64, zone, style)
}

/// The same for milliseconds since 1970.
pub fn format_ms(at_ms: f64, zone: &str, style: Style) -> String {
    let formatter = FORMATTERS.with_borrow_mut(|known| {
        known.entry((style, zone.to_owned())).or_insert_with(|| formatter(zone, style)).clone()
    });
    let date = Date::new(&JsValue::from_f64(at_ms));
    formatter
        .and_then(|format| format.call1(&JsValue::UNDEFINED, &date).ok())
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

/// Whether the browser knows a zone by this name.
pub fn is_zone(zone: &str) -> bool {
    !zone.is_empty() && build(zone, Style::Minute).is_some()
}

/// The zone of this browser.
pub fn own_zone() -> String {
    build("", Style::Minute)
        .and_then(|format| Reflect::get(&format.resolved_options(), &"timeZone".into()).ok())
        .and_then(|zone| zone.as_string())
        .unwrap_or_default()
}

fn formatter(zone: &str, style: Style) -> Option<Function> {
    build(zone, style).or_else(|| build("", style)).map(|format| format.format())
}

fn build(zone: &str, style: Style) -> Option<Intl::DateTimeFormat> {
    let options = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&options, &name.into(), &value.into()).ok();
    for (name, value) in style.options() {
        set(name, value)?;
    }
    if !zone.is_empty() {
        set("timeZone", zone)?;
    }
    // Canada's English writes a date as 2026-11-03, which sorts and compares.
    let tag =
        if matches!(style, Style::Key | Style::Hour) { "en-CA".to_owned() } else { language::format_tag() };
    // Constructed through Reflect: the plain constructor would end the page on a zone it does not know.
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let class = Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into::<Function>().ok()?;
    Reflect::construct(&class, &Array::of2(&tag.into(), &options)).ok()?.dyn_into().ok()
}

/// The zones that the browser knows, by their IANA names; UTC where it tells none.
pub fn zones() -> Vec<String> {
    let known = || {
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let list = Reflect::get(&intl, &"supportedValuesOf".into()).ok()?;
        let list = list.dyn_into::<Function>().ok()?.call1(&intl, &"timeZone".into()).ok()?;
        Some(Array::from(&list).iter().filter_map(|zone| zone.as_string()).collect::<Vec<_>>())
    };
    known().unwrap_or_else(|| vec!["UTC".to_owned()])
}
