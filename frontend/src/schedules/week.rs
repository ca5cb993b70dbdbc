//! Slots laid out over a week: which stretches of which days they take, and which get in each other's way.

use types::{ClockTime, Slot};

const DAY: u16 = 24 * 60;

/// A stretch of a slot within one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Place of the slot.
    pub slot: usize,
    /// Day of the week, Monday is 0.
    pub day: usize,
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight, 1440 at the end of the day.
    pub to: u16,
    /// Whether it goes on from the day before.
    pub continues: bool,
}

/// How many minutes a slot or break lasts by the clock, 1 to 24 hours.
pub fn length(start: ClockTime, end: ClockTime) -> u16 {
    match (end.minutes() + DAY - start.minutes()) % DAY {
        0 => DAY,
        minutes => minutes,
    }
}

/// The stretches of a week; what ends the next day has one on each.
pub fn blocks(slots: &[Slot]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (slot, what) in slots.iter().enumerate() {
        for day in &what.days {
            let (day, from) = (*day as usize, what.start.minutes());
            let end = from + length(what.start, what.end);
            blocks.push(Block { slot, day, from, to: end.min(DAY), continues: false });
            if end > DAY {
                blocks.push(Block { slot, day: (day + 1) % 7, from: 0, to: end - DAY, continues: true });
            }
        }
    }
    blocks
}

/// For each slot that meets another (or itself) somewhere in the week, that other.
pub fn overlaps(slots: &[Slot]) -> Vec<(usize, usize)> {
    let blocks = blocks(slots);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, one) in blocks.iter().enumerate() {
        for other in &blocks[at + 1..] {
            if one.day == other.day && one.from < other.to && other.from < one.to {
                found.push((one.slot.max(other.slot), one.slot.min(other.slot)));
            }
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|(slot, _)| *slot);
    found
}

/// The whole hours that have to show, from and to; a working day where there is nothing yet.
pub fn hours(blocks: &[Block]) -> (u16, u16) {
    let from = blocks.iter().map(|block| block.from / 60).min();
    let to = blocks.iter().map(|block| block.to.div_ceil(60)).max();
    from.zip(to).unwrap_or((8, 17))
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Weekday::{self, Mon, Sun, Tue};

    fn slot(days: &[Weekday], start: &str, end: &str) -> Slot {
        let time = |text: &str| ClockTime::try_from(text.to_owned()).expect("a time");
        Slot { name: None, days: days.to_vec(), start: time(start), end: time(end) }
    }

    #[test]
    fn a_night_shift_lies_on_two_days_and_sunday_leads_to_monday() {
        let night = [slot(&[Sun], "22:00", "06:00")];
        assert_eq!(
            blocks(&night),
            [
                Block { slot: 0, day: 6, from: 22 * 60, to: 24 * 60, continues: false },
                Block { slot: 0, day: 0, from: 0, to: 6 * 60, continues: true },
            ]
        );
        assert_eq!(hours(&blocks(&night)), (0, 24));
        assert_eq!(hours(&blocks(&[slot(&[Mon], "08:15", "15:40")])), (8, 16));
        assert_eq!(hours(&[]), (8, 17));
    }

    #[test]
    fn what_gets_in_the_way_of_another_is_told() {
        let cases = [
            (vec![slot(&[Mon], "08:00", "09:00"), slot(&[Mon], "09:00", "10:00")], vec![]),
            (vec![slot(&[Mon], "08:00", "09:00"), slot(&[Mon], "08:59", "10:00")], vec![(1, 0)]),
            (vec![slot(&[Sun], "22:00", "06:00"), slot(&[Mon], "05:00", "09:00")], vec![(1, 0)]),
            (vec![slot(&[Mon, Tue], "08:00", "08:00")], vec![]),
            (vec![slot(&[Mon], "08:00", "09:00"), slot(&[Tue], "08:00", "09:00")], vec![]),
        ];
        for (slots, expected) in cases {
            assert_eq!(overlaps(&slots), expected, "{slots:?}");
        }
    }
}
