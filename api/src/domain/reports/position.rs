//! Where a page of a report ended, as a text that clients hand back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike;
use serde_json::json;

use super::rows::Row;
use crate::error::ApiError;
use crate::models::reports::{Instance, InstanceKey, PersonDays, PersonKey};

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// After a person.
    Person(PersonKey),
    /// After a person in a shift instance.
    Instance(InstanceKey),
}

impl Key {
    /// After a row.
    pub fn of(row: &Row) -> Self {
        match row {
            Row::Days(PersonDays { id, name, .. }) => Self::Person(PersonKey { name: name.clone(), id: *id }),
            Row::Instance(row) => {
                let Instance { id, name, day, starts_at, schedule_id, slot, .. } = row.as_ref();
                Self::Instance(InstanceKey {
                    person: PersonKey { name: name.clone(), id: *id },
                    day: *day,
                    starts_at: *starts_at,
                    schedule: *schedule_id,
                    slot: *slot,
                })
            }
        }
    }

    /// As clients hand it back.
    pub fn write(&self) -> String {
        let value = match self {
            Self::Person(key) => json!([key.name, key.id]),
            Self::Instance(InstanceKey { person, day, starts_at, schedule, slot }) => {
                json!([person.name, person.id, day, starts_at, schedule, slot])
            }
        };
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// The position that a client hands back.
    ///
    /// # Errors
    /// 422 for what this server has not written.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong_position())?;
        let key = if let Ok((name, id)) = serde_json::from_slice(&bytes) {
            Self::Person(PersonKey { name, id })
        } else {
            let (name, id, day, starts_at, schedule, slot) =
                serde_json::from_slice(&bytes).map_err(|_| wrong_position())?;
            Self::Instance(InstanceKey { person: PersonKey { name, id }, day, starts_at, schedule, slot })
        };
        // PostgreSQL's texts hold no NUL, and its calendar does not go as far as a request can.
        let sound = match &key {
            Self::Person(person) => !person.name.contains('\0'),
            Self::Instance(InstanceKey { person, day, starts_at, .. }) => {
                let years = 1900..=9999;
                !person.name.contains('\0')
                    && years.contains(&day.year())
                    && years.contains(&starts_at.year())
            }
        };
        if sound { Ok(key) } else { Err(wrong_position()) }
    }
}

/// Said of a position that is not one of this report.
pub fn wrong_position() -> ApiError {
    ApiError::invalid("after", "Pass the `next` of the page before, of the same report.")
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let person = PersonKey { name: "Åsa \"Ö\"".to_owned(), id: uuid::Uuid::from_u128(7) };
        let instance = InstanceKey {
            person: person.clone(),
            day: NaiveDate::from_ymd_opt(2026, 3, 29).expect("a day"),
            starts_at: "2026-03-29T01:30:00.123456Z".parse().expect("a time"),
            schedule: uuid::Uuid::from_u128(9),
            slot: 3,
        };
        for key in [Key::Person(person), Key::Instance(instance)] {
            assert_eq!(Key::parse(&key.write()).expect("a position"), key);
        }
        for text in [
            "",
            "x",
            "bm9uc2Vuc2U",
            &URL_SAFE_NO_PAD.encode("[\"a\\u0000\",\"00000000-0000-0000-0000-000000000001\"]"),
        ] {
            assert!(matches!(Key::parse(text), Err(ApiError::Invalid(_))), "{text}");
        }
    }
}
