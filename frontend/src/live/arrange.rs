//! How tiles lie in the grid: their order, how many stand side by side, and the way of the arrow keys.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

use types::FeedId;

use crate::api::LiveFeed;

/// From this many feeds on they can be searched.
pub const SEARCHED_FROM: usize = 13;

/// Names as people sort them: `Door 2` before `Door 10`, whatever the case.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                number(&mut left).cmp(&number(&mut right))
            }
            _ => left
                .next()
                .into_iter()
                .flat_map(char::to_lowercase)
                .cmp(right.next().into_iter().flat_map(char::to_lowercase)),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The number that begins here. One of more digits than fit counts as the largest.
fn number(text: &mut Peekable<Chars<'_>>) -> u64 {
    let mut value = 0_u64;
    while let Some(digit) = text.peek().and_then(|sign| sign.to_digit(10)) {
        value = value.saturating_mul(10).saturating_add(u64::from(digit));
        text.next();
    }
    value
}

/// Feeds in the order that was chosen; those that have no place in it yet follow by name.
pub fn arranged(mut feeds: Vec<LiveFeed>, order: &[FeedId]) -> Vec<LiveFeed> {
    let place = |feed: &LiveFeed| order.iter().position(|id| *id == feed.id).unwrap_or(usize::MAX);
    feeds.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| natural(&a.name, &b.name)));
    feeds
}

/// The order in which `feed` stands where `to` stood.
pub fn moved(order: &[FeedId], feed: FeedId, to: FeedId) -> Vec<FeedId> {
    let at = |wanted| order.iter().position(|id| *id == wanted);
    let (Some(from), Some(to)) = (at(feed), at(to)) else { return order.to_vec() };
    let mut order = order.to_vec();
    let feed = order.remove(from);
    order.insert(to, feed);
    order
}

/// Whether a feed's name has all the words that were typed.
pub fn is_found(name: &str, query: &str) -> bool {
    let name = name.to_lowercase();
    query.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

/// How many tiles stand side by side at most, so that all are as large as they can be on a screen that is wider than
/// high.
pub fn columns(tiles: usize) -> usize {
    match tiles {
        ..=1 => 1,
        2..=4 => 2,
        5..=9 => 3,
        10..=16 => 4,
        _ => 5,
    }
}

/// Where a key leads from the tile at `at`; `None` where it leads nowhere.
pub fn step(key: &str, at: usize, tiles: usize, columns: usize, rtl: bool) -> Option<usize> {
    let (back, on) = (at.checked_sub(1), Some(at + 1));
    let to = match (key, rtl) {
        ("ArrowLeft", false) | ("ArrowRight", true) => back,
        ("ArrowRight", false) | ("ArrowLeft", true) => on,
        ("ArrowUp", _) => at.checked_sub(columns),
        ("ArrowDown", _) => Some(at + columns),
        ("Home", _) => Some(0),
        ("End", _) => tiles.checked_sub(1),
        _ => None,
    };
    to.filter(|to| *to < tiles && *to != at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_do() {
        let mut names = ["Door 10", "door 2", "Aula", "Door 1b", "Door 1a", "Zoo", "Door 02", "Éclair"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["Aula", "Door 1a", "Door 1b", "Door 02", "door 2", "Door 10", "Zoo", "Éclair"]);
        let long = "9".repeat(40);
        assert_eq!(natural(&long, "3"), Ordering::Greater, "no number is too long");
    }

    #[test]
    fn a_tile_is_moved_to_another_ones_place() {
        let ids: Vec<FeedId> = (1..=4).map(|n| format!("{n:032x}").parse().expect("an id")).collect();
        assert_eq!(moved(&ids, ids[0], ids[2]), [ids[1], ids[2], ids[0], ids[3]]);
        assert_eq!(moved(&ids, ids[3], ids[0]), [ids[3], ids[0], ids[1], ids[2]]);
        assert_eq!(moved(&ids[..3], ids[3], ids[0]), ids[..3], "one that is gone moves nothing");
    }

    #[test]
    fn all_words_are_looked_for() {
        assert!(is_found("Main entrance, left", "LEFT main"));
        assert!(is_found("Éclair", "éc"));
        assert!(!is_found("Main entrance", "main left"));
    }

    #[test]
    fn few_tiles_are_large() {
        let all = [1, 2, 4, 5, 9, 10, 16, 25, 40].map(columns);
        assert_eq!(all, [1, 2, 2, 3, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn keys_stay_inside_the_grid() {
        for (key, at, rtl, to) in [
            ("ArrowRight", 0, false, Some(1)),
            ("ArrowLeft", 0, false, None),
            ("ArrowLeft", 0, true, Some(1)),
            ("ArrowDown", 1, false, Some(4)),
            ("ArrowDown", 5, false, None),
            ("ArrowUp", 5, false, Some(2)),
            ("End", 2, false, Some(6)),
            ("Home", 2, false, Some(0)),
            ("a", 2, false, None),
        ] {
            assert_eq!(step(key, at, 7, 3, rtl), to, "{key} from {at}");
        }
    }
}
