//! Whether somebody comes or goes.

use types::{Direction, Passage};

/// What the last of somebody's arrivals of a day is, given which way people pass at the feed of each, in the order of
/// time. Where people pass either way, they go when they came last, and come otherwise; a day begins with coming.
pub fn passage(day: impl IntoIterator<Item = Direction>) -> Passage {
    let mut last = None;
    for direction in day {
        last = Some(match (direction, last) {
            (Direction::Out, _) | (Direction::Both, Some(Passage::In)) => Passage::Out,
            (Direction::In, _) | (Direction::Both, _) => Passage::In,
        });
    }
    last.unwrap_or(Passage::In)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_says_which_way_or_the_arrival_before_does() {
        use Direction::{Both, In, Out};
        let cases: &[(&[Direction], Passage)] = &[
            (&[], Passage::In),
            (&[In], Passage::In),
            (&[Out], Passage::Out),
            (&[Both], Passage::In),
            (&[Both, Both], Passage::Out),
            (&[Both, Both, Both], Passage::In),
            (&[In, Both], Passage::Out),
            (&[Out, Both], Passage::In),
            (&[In, In, Both], Passage::Out),
            (&[Both, In], Passage::In),
            (&[Both, Out], Passage::Out),
            (&[In, Both, Out, Both, Both], Passage::Out),
        ];
        for (day, expected) in cases {
            assert_eq!(passage(day.iter().copied()), *expected, "{day:?}");
        }
    }
}
