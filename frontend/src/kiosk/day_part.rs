//! The time of day, as one greets by it.

use crate::language::say;

/// Part of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPart {
    /// From four to noon.
    Morning,
    /// From noon to six.
    Afternoon,
    /// From six to eleven.
    Evening,
    /// The rest, when no greeting by the hour is right for everybody.
    Night,
}

impl DayPart {
    /// The part that an hour (0 to 23) belongs to.
    pub fn of(hour: u8) -> Self {
        match hour {
            4..12 => Self::Morning,
            12..18 => Self::Afternoon,
            18..23 => Self::Evening,
            _ => Self::Night,
        }
    }

    /// "Good morning, Zoë"; without the name where the feed tells none.
    pub fn greeting(self, name: &str) -> String {
        match self {
            Self::Morning if name.is_empty() => say!(kiosk.plain_morning).to_owned(),
            Self::Afternoon if name.is_empty() => say!(kiosk.plain_afternoon).to_owned(),
            Self::Evening if name.is_empty() => say!(kiosk.plain_evening).to_owned(),
            Self::Night if name.is_empty() => say!(kiosk.plain_hello).to_owned(),
            Self::Morning => say!(kiosk.good_morning, name = name),
            Self::Afternoon => say!(kiosk.good_afternoon, name = name),
            Self::Evening => say!(kiosk.good_evening, name = name),
            Self::Night => say!(kiosk.hello, name = name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_greeted_as_people_do() {
        for (hour, part) in [
            (0, DayPart::Night),
            (3, DayPart::Night),
            (4, DayPart::Morning),
            (8, DayPart::Morning),
            (11, DayPart::Morning),
            (12, DayPart::Afternoon),
            (17, DayPart::Afternoon),
            (18, DayPart::Evening),
            (22, DayPart::Evening),
            (23, DayPart::Night),
        ] {
            assert_eq!(DayPart::of(hour), part, "{hour}");
        }
        assert_eq!(DayPart::of(8).greeting("Zoë"), "Good morning, Zoë");
        assert_eq!(DayPart::of(19).greeting(""), "Good evening");
        assert_eq!(DayPart::of(2).greeting("Zoë"), "Hello, Zoë");
    }
}
