//! What was changed on a sheet and is not saved yet. No browser in here.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use types::{AttendanceState, MarkRow, MarkState, PersonId, SheetRow};

/// A row as it should become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The hand mark; none lets what the cameras saw count.
    pub state: Option<MarkState>,
    /// The note.
    pub note: String,
}

impl Edit {
    /// A row as it stands.
    pub fn of(row: &SheetRow) -> Self {
        let mark = row.mark.as_ref();
        Self {
            state: mark.and_then(|mark| mark.state),
            note: mark.and_then(|mark| mark.note.clone()).unwrap_or_default(),
        }
    }
}

/// The changes of one sheet, by person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits(BTreeMap<PersonId, Edit>);

impl Edits {
    /// A row as it would be saved.
    pub fn of(&self, row: &SheetRow) -> Edit {
        self.0.get(&row.person.id).cloned().unwrap_or_else(|| Edit::of(row))
    }

    /// Whether a row is changed.
    pub fn has(&self, person: PersonId) -> bool {
        self.0.contains_key(&person)
    }

    /// Changes a row; one that is as it was again is no change.
    pub fn set(&mut self, row: &SheetRow, edit: Edit) {
        if edit == Edit::of(row) {
            self.0.remove(&row.person.id);
        } else {
            self.0.insert(row.person.id, edit);
        }
    }

    /// Marks a row, or takes the mark back where it is that one already.
    pub fn press(&mut self, row: &SheetRow, state: MarkState) {
        let edit = self.of(row);
        let state = Some(state).filter(|state| edit.state != Some(*state));
        self.set(row, Edit { state, ..edit });
    }

    /// Those who are neither marked nor known to have been there: who still has to be looked for.
    pub fn unsettled<'a>(&self, sheet: &'a [SheetRow]) -> impl Iterator<Item = &'a SheetRow> {
        use AttendanceState::{Absent, Expected, Unconfirmed};
        sheet.iter().filter(|row| {
            let open = matches!(self.shown(row), None | Some(Expected | Absent | Unconfirmed));
            open && self.of(row).state.is_none()
        })
    }

    /// Marks some of a sheet as present.
    pub fn mark_present(&mut self, sheet: &[SheetRow], people: &[PersonId]) {
        for row in sheet.iter().filter(|row| people.contains(&row.person.id)) {
            self.set(row, Edit { state: Some(MarkState::Present), ..self.of(row) });
        }
    }

    /// Takes back the marks that [`Self::mark_present`] made, where they still stand.
    pub fn unmark(&mut self, sheet: &[SheetRow], people: &[PersonId]) {
        for row in sheet.iter().filter(|row| people.contains(&row.person.id)) {
            let edit = self.of(row);
            if edit.state == Some(MarkState::Present) {
                self.set(row, Edit { state: Edit::of(row).state, ..edit });
            }
        }
    }

    /// How many rows are changed.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The state that a row shows: what it would be, as far as the page can tell.
    pub fn shown(&self, row: &SheetRow) -> Option<AttendanceState> {
        match self.0.get(&row.person.id) {
            Some(Edit { state: Some(state), .. }) => Some(state.state()),
            // What the cameras make of it, only the server works out.
            Some(Edit { state: None, .. }) if row.by_hand => None,
            _ => row.state,
        }
    }

    /// What is sent: the changed rows in the sheet's order, each with the mark that it was changed from.
    pub fn rows(&self, sheet: &[SheetRow]) -> Vec<MarkRow> {
        let changed = sheet.iter().filter_map(|row| Some((row, self.0.get(&row.person.id)?)));
        changed
            .map(|(row, edit)| MarkRow {
                person: row.person.id,
                state: edit.state,
                note: Some(edit.note.trim().to_owned()).filter(|note| !note.is_empty()),
                seen_mark: row.mark.as_ref().map(|mark| mark.id),
            })
            .collect()
    }
}

/// The changes of all sheets that were not saved, for as long as the page lives: who looks at another class first
/// loses nothing.
#[derive(Clone, Copy)]
pub struct Drafts(RwSignal<BTreeMap<Arc<str>, Edits>>);

impl Drafts {
    /// Nothing changed yet.
    pub fn new() -> Self {
        Self(RwSignal::new(BTreeMap::new()))
    }

    /// The changes of a sheet.
    pub fn get(self, sheet: &str) -> Edits {
        self.0.with(|drafts| drafts.get(sheet).cloned().unwrap_or_default())
    }

    /// Changes those of a sheet.
    pub fn update(self, sheet: &str, change: impl FnOnce(&mut Edits)) {
        self.0.update(|drafts| {
            let mut edits = drafts.remove(sheet).unwrap_or_default();
            change(&mut edits);
            if edits.len() > 0 {
                drafts.insert(sheet.into(), edits);
            }
        });
    }

    /// Whether anything anywhere is not saved.
    pub fn any(self) -> bool {
        self.0.with_untracked(|drafts| !drafts.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{MarkId, MarkView, PersonRef, UserId, UserRef};

    fn row(number: u128, mark: Option<MarkState>) -> SheetRow {
        let id = PersonId(uuid(number));
        SheetRow {
            person: PersonRef { id, name: "Zoë".to_owned(), photo: None },
            external_id: number.to_string(),
            first_in: None,
            feed: None,
            last_out: None,
            state: mark.map(MarkState::state).or(Some(AttendanceState::Late)),
            by_hand: mark.is_some(),
            mark: mark.map(|state| MarkView {
                id: MarkId(uuid(number + 100)),
                state: Some(state),
                note: None,
                by: UserRef { id: UserId(uuid(1)), email: None },
                at: chrono::DateTime::UNIX_EPOCH,
            }),
        }
    }

    fn uuid(number: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(number)
    }

    #[test]
    fn a_key_marks_and_the_same_key_takes_it_back() {
        let (seen, marked) = (row(1, None), row(2, Some(MarkState::Absent)));
        let mut edits = Edits::default();
        edits.press(&seen, MarkState::Excused);
        assert_eq!((edits.len(), edits.shown(&seen)), (1, Some(AttendanceState::Excused)));
        edits.press(&seen, MarkState::Excused);
        assert_eq!((edits.len(), edits.shown(&seen)), (0, Some(AttendanceState::Late)));
        edits.press(&marked, MarkState::Absent);
        assert_eq!(
            (edits.len(), edits.shown(&marked)),
            (1, None),
            "only the server knows what the cameras make of it"
        );
        edits.press(&marked, MarkState::Absent);
        assert_eq!(edits.len(), 0);
    }

    #[test]
    fn the_rest_is_marked_at_once_and_taken_back() {
        let absent = SheetRow { state: Some(AttendanceState::Absent), ..row(1, None) };
        let (late, marked) = (row(2, None), row(3, Some(MarkState::Absent)));
        let sheet = [absent, late, marked];
        let mut edits = Edits::default();
        edits.set(&sheet[0], Edit { state: None, note: "bus".to_owned() });
        let people: Vec<PersonId> = edits.unsettled(&sheet).map(|row| row.person.id).collect();
        assert_eq!(people, [sheet[0].person.id], "who was seen or marked stays as they are");
        edits.mark_present(&sheet, &people);
        assert_eq!(edits.shown(&sheet[0]), Some(AttendanceState::Present));
        assert_eq!(edits.unsettled(&sheet).count(), 0);
        edits.unmark(&sheet, &people);
        assert_eq!(edits.of(&sheet[0]), Edit { state: None, note: "bus".to_owned() });
    }

    #[test]
    fn what_is_sent_names_the_marks_that_were_seen() {
        let sheet = [row(1, None), row(2, Some(MarkState::Absent)), row(3, None)];
        let mut edits = Edits::default();
        edits.set(&sheet[1], Edit { state: Some(MarkState::Late), note: " bus ".to_owned() });
        edits.press(&sheet[0], MarkState::Present);
        let rows = edits.rows(&sheet);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].person, rows[0].seen_mark), (sheet[0].person.id, None));
        assert_eq!((rows[1].note.as_deref(), rows[1].seen_mark), (Some("bus"), Some(MarkId(uuid(102)))));
    }
}
