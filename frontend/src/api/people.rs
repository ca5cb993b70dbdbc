//! Calls about people's days and groups, and the list of people with its filters.

use chrono::NaiveDate;
use types::{CorrectionView, DayView, Page, PersonId, PersonMembership, PersonView};

use super::{Api, Coming, push_query};

/// Which people are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleQuery {
    /// Part of a name or number; empty for everybody.
    pub query: String,
    /// Name of a group; empty for all.
    pub group: String,
    /// Those archived instead of those who are not.
    pub archived: bool,
    /// How many at most.
    pub limit: u32,
}

impl Api {
    pub fn find_people(self, asked: &PeopleQuery, after: Option<&str>) -> Coming<Page<PersonView>> {
        let mut path = format!("people?limit={}", asked.limit);
        let filled = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        push_query(&mut path, "query", filled(&asked.query).as_deref());
        push_query(&mut path, "group", filled(&asked.group).as_deref());
        push_query(&mut path, "archived", asked.archived.then_some("true"));
        push_query(&mut path, "after", after);
        self.get(path)
    }

    /// What a person's days `[from, to)` were, at most 366 of them.
    pub fn person_days(self, person: PersonId, from: NaiveDate, to: NaiveDate) -> Coming<Page<DayView>> {
        self.get(format!("attendance/days?person={person}&from={from}&to={to}"))
    }

    /// The newest requests to put a day of this person right.
    pub fn corrections_of(self, person: PersonId) -> Coming<Page<CorrectionView>> {
        self.get(format!("corrections?person={person}&limit=200"))
    }

    pub fn memberships_of(self, person: PersonId) -> Coming<Page<PersonMembership>> {
        self.get(format!("people/{person}/memberships"))
    }
}
