//! Confirmed non-matches: faces that an admin has said are not a person's, whatever the score says.

use std::collections::HashMap;

use diesel::PgConnection;
use types::{PersonId, UserId};
use uuid::Uuid;

use crate::domain::gallery_sync::{decode_template, encode_template};
use crate::domain::{likeness, master_key};
use crate::error::ApiError;
use crate::keys::{MasterKeys, OwnKey, Sealed};
use crate::models;
use crate::models::biometrics::NonMatch;

/// Most faces that are kept as not a person's; the oldest make room.
const MOST: i64 = 50;

/// Stores a template as not a person's.
///
/// # Errors
/// When the database fails.
pub fn insert(
    conn: &mut PgConnection,
    by: UserId,
    key: &OwnKey,
    (person, pack): (PersonId, &str),
    template: &[f32],
) -> Result<(), ApiError> {
    let id = Uuid::now_v7();
    let row = NonMatch {
        id,
        person_id: person.0,
        model_pack: pack.to_owned(),
        sealed: key.seal(Sealed::NonMatch(id, pack), &encode_template(template))?,
        decided_by: by.0,
    };
    Ok(models::biometrics::insert_non_match(conn, &row, MOST)?)
}

/// The confirmed non-matches of everybody, opened.
#[derive(Debug, Default)]
pub struct NonMatches(HashMap<PersonId, Vec<Vec<f32>>>);

impl NonMatches {
    /// Whether a probe that scores `score` with a person's templates is at least as near to one of the faces
    /// that are not theirs.
    pub fn veto(&self, person: PersonId, probe: &[f32], score: f32) -> bool {
        let others = self.0.get(&person).map(Vec::as_slice).unwrap_or_default();
        others.iter().any(|other| likeness::score(probe, other) >= score)
    }

    /// Whether somebody was mistaken for this person.
    pub fn concern(&self, person: PersonId) -> bool {
        self.0.contains_key(&person)
    }

    /// Takes over all of a person's from `newer`, which may be none.
    pub fn take(&mut self, person: PersonId, newer: &mut Self) {
        match newer.0.remove(&person) {
            Some(faces) => self.0.insert(person, faces),
            None => self.0.remove(&person),
        };
    }

    /// Reads those of `pack` of everybody, or of some people, and adds them.
    ///
    /// # Errors
    /// When the database fails or one cannot be opened.
    pub fn read(
        &mut self,
        conn: &mut PgConnection,
        keys: &MasterKeys,
        pack: &str,
        only: Option<&[Uuid]>,
    ) -> Result<(), ApiError> {
        let rows = models::gallery::non_matches(conn, pack, only)?;
        if rows.is_empty() {
            return Ok(());
        }
        let unwrapper = keys.unwrapper()?;
        for (key, row) in rows {
            let person = PersonId(row.person_id);
            let key = unwrapper.unwrap(person, &master_key::wrapped(key))?;
            let plain = key.open(Sealed::NonMatch(row.id, pack), &row.sealed)?;
            self.0.entry(person).or_default().push(decode_template(&plain)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_is_vetoed_for_that_person_where_it_is_as_near_to_what_is_not_theirs() {
        let (zoe, emile) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let not_zoe = vec![0.0, 1.0];
        let known = NonMatches(HashMap::from([(zoe, vec![not_zoe])]));
        let probe = [0.6, 0.8];
        assert!(known.veto(zoe, &probe, 0.7), "0.8 is nearer than 0.7");
        assert!(known.veto(zoe, &probe, 0.8), "as near is near enough");
        assert!(!known.veto(zoe, &probe, 0.9), "she herself scores higher than who was mistaken for her");
        assert!(!known.veto(emile, &probe, 0.1));
    }
}
