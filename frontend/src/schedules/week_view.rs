//! The picture of a week, and the same in words.

use chrono::{Days, NaiveDate};
use leptos::prelude::*;
use types::{ScheduleRules, Slot, Weekday};

use super::week::{self, Block};
use crate::calendar::{self, DayStyle, Week};
use crate::language::say;

/// The days of a week in the reader's order, each with its short name.
pub fn weekdays() -> Vec<(Weekday, String)> {
    // The fifth of January 2026 is a Monday; any other would do.
    let monday = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default();
    let mut days: Vec<_> = Weekday::ALL
        .into_iter()
        .map(|day| {
            let date = monday + Days::new(day as u64);
            (Week::get().column(date), day, calendar::write(date, DayStyle::Weekday))
        })
        .collect();
    days.sort_by_key(|(column, ..)| *column);
    days.into_iter().map(|(_, day, name)| (day, name)).collect()
}

/// How long something takes, in words.
pub fn duration(minutes: u16) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => say!(schedules.minutes, count = minutes),
        (hours, 0) => say!(schedules.hours, count = hours),
        (hours, minutes) => {
            say!(schedules.hours_minutes, hours = hours, minutes = format!("{minutes:02}"))
        }
    }
}

/// One slot in words: its days, times and length.
pub fn slot_words(slot: &Slot, names: &[(Weekday, String)]) -> String {
    let days: Vec<&str> =
        names.iter().filter(|(day, _)| slot.days.contains(day)).map(|(_, name)| name.as_str()).collect();
    let days =
        if days.len() == 7 { say!(schedules.every_day).to_owned() } else { days.join(say!(schedules.comma)) };
    let length = duration(week::length(slot.start, slot.end));
    let (start, end) = (slot.start.to_string(), slot.end.to_string());
    if slot.end <= slot.start {
        say!(schedules.slot_overnight, days = days, start = start, end = end, length = length)
    } else {
        say!(schedules.slot, days = days, start = start, end = end, length = length)
    }
}

/// The week as it would be: a column for each day, a block for each slot; slots that overlap another are marked.
#[component]
pub fn WeekView(
    /// The slots and breaks.
    #[prop(into)]
    rules: Signal<ScheduleRules>,
) -> impl IntoView {
    let names = StoredValue::new(weekdays());
    view! {
        <figure class="week" data-testid="week">
            <div class="week-picture" aria-hidden="true">
                {move || {
                    let rules = rules.get();
                    let blocks = week::blocks(&rules.slots);
                    let bad = week::overlaps(&rules.slots);
                    let (from, to) = week::hours(&blocks);
                    let step = if to - from > 12 { 3 } else { 1 };
                    let marks = (from..=to).filter(|hour| (hour - from) % step == 0).map(|hour| {
                        let top = percent(hour * 60, from, to);
                        view! { <span class="week-hour tabular" style:top=top>{format!("{hour:02}")}</span> }
                    });
                    let column = |(day, name): (Weekday, String)| {
                        let own = blocks.iter().filter(|block| block.day == day as usize);
                        let shown = own.map(|block| {
                            let clash = bad.iter().any(|(one, other)| *one == block.slot || *other == block.slot);
                            block_view(block, &rules, (from, to), clash)
                        });
                        view! {
                            <div class="week-day">
                                <span class="week-name">{name}</span>
                                <div class="week-column">{shown.collect_view()}</div>
                            </div>
                        }
                    };
                    view! {
                        <div class="week-hours">{marks.collect_view()}</div>
                        {names.get_value().into_iter().map(column).collect_view()}
                    }
                }}
            </div>
            <figcaption>
                <ol class="week-words">
                    {move || {
                        let words = |slot: &Slot| {
                            let text = names.with_value(|names| slot_words(slot, names));
                            let name = slot.name.clone().filter(|name| !name.is_empty());
                            view! {
                                <li>
                                    {name.map(|name| view! { <span class="font-medium">{name}" "</span> })}
                                    <span class="text-soft tabular">{text}</span>
                                </li>
                            }
                        };
                        rules.with(|rules| rules.slots.iter().map(words).collect_view())
                    }}
                </ol>
            </figcaption>
        </figure>
    }
}

fn block_view(block: &Block, rules: &ScheduleRules, shown: (u16, u16), clash: bool) -> impl IntoView + use<> {
    let (from, to) = shown;
    let name = rules.slots.get(block.slot).and_then(|slot| slot.name.clone()).unwrap_or_default();
    let height = share(block.to - block.from, (to - from) * 60);
    let pauses: Vec<_> = rules
        .breaks
        .iter()
        .filter(|pause| pause.start.minutes() >= block.from && pause.end.minutes() <= block.to)
        .filter(|pause| pause.start < pause.end)
        .map(|pause| {
            let all = block.to - block.from;
            let top = share(pause.start.minutes() - block.from, all);
            let high = share(pause.end.minutes() - pause.start.minutes(), all);
            view! { <span class="week-break" style:top=top style:height=high></span> }
        })
        .collect();
    view! {
        <div
            class="week-block"
            class:week-clash=clash
            class:week-continues=block.continues
            style:top=percent(block.from, from, to)
            style:height=height
        >
            <span class="week-label">{name}</span>
            {pauses}
        </div>
    }
}

fn percent(minutes: u16, from: u16, to: u16) -> String {
    share(minutes.saturating_sub(from * 60), (to - from) * 60)
}

/// A part of a whole in thousandths, written without a fraction's tables.
fn share(part: u16, whole: u16) -> String {
    let thousandths = u32::from(part) * 1000 / u32::from(whole.max(1));
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}
