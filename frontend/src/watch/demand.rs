//! Which feeds are asked for, and how many pictures a second of each.

use types::FeedId;

/// Pictures a second of each feed in a grid, 5 to 10 being enough to follow somebody.
const GRID_FPS: u8 = 8;
/// The same where there are many feeds in view.
const CROWDED_FPS: u8 = 5;
/// More than this many feeds in view are many.
const CROWD: usize = 16;

/// What the page wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// The feeds, in the order of their ids.
    pub feeds: Vec<FeedId>,
    /// Most pictures a second of each; `None`: as many as there are.
    pub fps: Option<u8>,
}

impl Demand {
    /// What is asked for while the tiles of `shown` are in view, one feed may fill the screen and the tab may be
    /// hidden: then nobody looks, and nothing is asked for.
    pub fn of(shown: impl IntoIterator<Item = FeedId>, full: Option<FeedId>, hidden: bool) -> Self {
        if hidden {
            return Self::default();
        }
        let mut feeds: Vec<FeedId> =
            shown.into_iter().filter(|feed| full.is_none_or(|full| *feed == full)).collect();
        feeds.sort_unstable();
        let fps = match (full, feeds.len()) {
            (Some(_), _) => None,
            (None, count) if count > CROWD => Some(CROWDED_FPS),
            (None, _) => Some(GRID_FPS),
        };
        Self { feeds, fps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feeds(count: u128) -> Vec<FeedId> {
        (1..=count).map(|number| format!("{number:032x}").parse().expect("an id")).collect()
    }

    #[test]
    fn a_grid_takes_part_of_the_pictures_and_a_large_one_fewer() {
        for (count, fps) in [(1, 8), (9, 8), (16, 8), (17, 5), (25, 5)] {
            let demand = Demand::of(feeds(count), None, false);
            assert_eq!((demand.feeds.len() as u128, demand.fps), (count, Some(fps)), "{count} feeds");
        }
    }

    #[test]
    fn a_feed_that_fills_the_screen_is_asked_for_alone_and_whole() {
        let all = feeds(9);
        let demand = Demand::of(all.clone(), Some(all[4]), false);
        assert_eq!(demand, Demand { feeds: vec![all[4]], fps: None });
    }

    #[test]
    fn this_browsers_own_camera_in_full_screen_asks_for_no_other() {
        let all = feeds(3);
        let demand = Demand::of(all[..2].to_vec(), Some(all[2]), false);
        assert!(demand.feeds.is_empty(), "{demand:?}");
    }

    #[test]
    fn a_hidden_tab_pauses() {
        assert!(Demand::of(feeds(9), None, true).feeds.is_empty());
    }

    #[test]
    fn the_order_of_the_tiles_changes_nothing() {
        let (all, mut turned) = (feeds(5), feeds(5));
        turned.reverse();
        assert_eq!(Demand::of(all, None, false), Demand::of(turned, None, false));
    }
}
