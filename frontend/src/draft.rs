//! What a person's form holds, and what it says before the server is asked.

use crate::language::say;
use crate::numbers::fixed;
use types::{ConsentGiven, CreatePerson, PersonView, UpdatePerson};

/// Most photos of a person.
pub const MOST_PHOTOS: usize = 10;
/// Largest photo file that is taken, in bytes.
pub const LARGEST_PHOTO: f64 = 15_000_000.0;

/// The fields of a person as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonDraft {
    pub name: String,
    pub external_id: String,
    pub email: String,
    pub phone: String,
    pub branch: String,
    pub year: String,
    /// Names, separated by commas.
    pub groups: String,
}

impl PersonDraft {
    /// The fields of somebody who is there already.
    pub fn of(person: &PersonView) -> Self {
        let names: Vec<&str> = person.groups.iter().map(|group| group.name.as_str()).collect();
        Self {
            name: person.name.clone(),
            external_id: person.external_id.clone(),
            email: person.email.clone().unwrap_or_default(),
            phone: person.phone.clone().unwrap_or_default(),
            branch: person.branch.clone().unwrap_or_default(),
            year: person.year.map(|year| year.to_string()).unwrap_or_default(),
            groups: names.join(", "),
        }
    }

    /// What is wrong, by field.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        match self.name.trim().chars().count() {
            0 => problems.push(("name", say!(errors.name_missing).to_owned())),
            1..=200 => {}
            _ => problems.push(("name", say!(errors.name_long).to_owned())),
        }
        match self.external_id.trim().chars().count() {
            0 => problems.push(("external_id", say!(errors.number_missing).to_owned())),
            1..=64 => {}
            _ => problems.push(("external_id", say!(errors.number_long).to_owned())),
        }
        if !self.email.trim().is_empty() && !self.email.contains('@') {
            problems.push(("email", say!(errors.email_wrong).to_owned()));
        }
        if !self.year.trim().is_empty() && self.year.trim().parse::<i16>().is_err() {
            problems.push(("year", say!(errors.year_wrong).to_owned()));
        }
        problems
    }

    /// The request that adds this person.
    pub fn to_create(&self, consent: bool) -> CreatePerson {
        CreatePerson {
            name: self.name.trim().to_owned(),
            external_id: self.external_id.trim().to_owned(),
            email: filled(&self.email),
            phone: filled(&self.phone),
            branch: filled(&self.branch),
            year: self.year.trim().parse().ok(),
            groups: self.group_names(),
            consent: consent.then_some(ConsentGiven::Plain(true)),
        }
    }

    /// The request that turns `before` into this; only what differs is named.
    pub fn changes_from(&self, before: &Self) -> UpdatePerson {
        let text = |now: &String, then: &String| (now.trim() != then.trim()).then(|| filled(now));
        UpdatePerson {
            name: (self.name.trim() != before.name.trim()).then(|| self.name.trim().to_owned()),
            external_id: (self.external_id.trim() != before.external_id.trim())
                .then(|| self.external_id.trim().to_owned()),
            email: text(&self.email, &before.email),
            phone: text(&self.phone, &before.phone),
            branch: text(&self.branch, &before.branch),
            year: (self.year.trim() != before.year.trim()).then(|| self.year.trim().parse().ok()),
            groups: (self.group_names() != before.group_names()).then(|| self.group_names()),
            consent: None,
            archived: None,
        }
    }

    fn group_names(&self) -> Vec<String> {
        self.groups.split(',').filter_map(filled).collect()
    }
}

/// What stands against a photo file before it is decoded.
pub fn photo_problem(media_type: &str, bytes: f64) -> Option<String> {
    if !matches!(media_type, "image/jpeg" | "image/png" | "image/webp") {
        return Some(say!(errors.photo_kind).to_owned());
    }
    if bytes > LARGEST_PHOTO {
        return Some(say!(
            errors.photo_large,
            size = fixed(bytes / 1e6, 0),
            most = fixed(LARGEST_PHOTO / 1e6, 0)
        ));
    }
    None
}

/// One or two letters that stand in for a photo, as the name has them; the style sheet makes them capitals.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    // A Chinese, Japanese or Korean name reads as one sign; two would be half of a given name.
    let wide = first.is_some_and(|sign| ('\u{2e80}'..='\u{d7ff}').contains(&sign));
    first.into_iter().chain(last.filter(|_| !wide)).collect()
}

fn filled(text: impl AsRef<str>) -> Option<String> {
    let text = text.as_ref().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> PersonDraft {
        PersonDraft {
            name: " Zoë Ångström ".to_owned(),
            external_id: "S-17".to_owned(),
            groups: "Year 2, , Chess".to_owned(),
            year: "2".to_owned(),
            ..PersonDraft::default()
        }
    }

    #[test]
    fn a_request_is_trimmed_and_leaves_out_what_is_empty() {
        let request = draft().to_create(true);
        assert_eq!(request.name, "Zoë Ångström");
        assert_eq!(request.email, None);
        assert_eq!(request.year, Some(2));
        assert_eq!(request.groups, ["Year 2", "Chess"]);
        assert_eq!(request.consent, Some(ConsentGiven::Plain(true)));
        assert_eq!(draft().to_create(false).consent, None);
    }

    #[test]
    fn changes_name_only_what_differs() {
        let before = PersonDraft { email: "zoe@example.org".to_owned(), ..draft() };
        let after = PersonDraft { email: String::new(), year: "3".to_owned(), ..before.clone() };
        let changes = after.changes_from(&before);
        assert_eq!(changes.email, Some(None), "an emptied field becomes null");
        assert_eq!(changes.year, Some(Some(3)));
        assert_eq!((changes.name, changes.groups), (None, None));
        assert_eq!(before.changes_from(&before), UpdatePerson::default());
    }

    #[test]
    fn problems_name_their_field() {
        let bad = PersonDraft {
            name: "x".repeat(201),
            email: "nobody".to_owned(),
            year: "second".to_owned(),
            ..PersonDraft::default()
        };
        let fields: Vec<&str> = bad.problems().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["name", "external_id", "email", "year"]);
        assert!(draft().problems().is_empty());
    }

    #[test]
    fn files_are_refused_by_type_and_size() {
        assert_eq!(photo_problem("image/jpeg", 1e6), None);
        assert!(photo_problem("application/pdf", 1e6).is_some());
        assert!(photo_problem("image/png", 2e7).is_some_and(|text| text.contains("20 MB")));
    }

    #[test]
    fn initials_fit_the_script() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("Juan Carlos de la Vega", "JV"),
            ("Élodie", "É"),
            ("王秀英", "王"),
            ("田中 太郎", "田"),
            ("Мария Иванова", "МИ"),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
