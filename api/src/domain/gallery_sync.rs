//! The gallery of this process, kept equal to the database.
//!
//! Every change of what can be recognised takes the next revision (`models::gallery::touch`). A process asks
//! "who changed after the revision I have" when it is notified, and once a second besides, because a LISTEN
//! connection can die silently. When another model pack is taken into use, everything is loaded anew: templates of
//! two packs never meet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use anyhow::Context;
use diesel::PgConnection;
use gallery::{Candidate, Gallery};
use types::{PersonId, PhotoId};
use uuid::Uuid;

use crate::domain::master_key;
use crate::domain::non_matches::NonMatches;
use crate::error::ApiError;
use crate::keys::{MasterKeys, Sealed};
use crate::models;
use crate::models::gallery::Enrolled;
use decision::KnownPairs;

/// People whose sealed templates are in memory at once. Large enough that the round trips do not count, small
/// against the gallery itself.
pub const BATCH: i64 = 500;

/// What this process can recognise.
#[derive(Debug)]
pub struct Known {
    /// The pack that made the templates.
    pub pack: String,
    /// The revision that this state is of.
    pub revision: i64,
    /// The templates.
    pub gallery: Gallery<PersonId>,
    /// Names to show.
    pub names: HashMap<PersonId, String>,
    /// Pairs enrolled knowingly.
    pub pairs: KnownPairs,
    /// Faces that are not somebody's, whatever the score says.
    pub non_matches: NonMatches,
}

/// The gallery of this process.
#[derive(Debug, Default)]
pub struct GallerySync {
    known: RwLock<Option<Known>>,
    /// The pack in use, as last read from the database.
    in_use: RwLock<Option<String>>,
    /// Held over a whole refresh, so that an older read is never applied over a newer one.
    refreshing: Mutex<()>,
}

impl GallerySync {
    /// The state, for reading; none until it was first loaded.
    pub fn read(&self) -> RwLockReadGuard<'_, Option<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pack whose templates are loaded.
    pub fn pack(&self) -> Option<String> {
        self.read().as_ref().map(|known| known.pack.clone())
    }

    /// How many people and templates there are.
    pub fn size(&self) -> (usize, usize) {
        self.read().as_ref().map_or((0, 0), |known| (known.gallery.people(), known.gallery.templates()))
    }

    /// The pack in use, as last read from the database.
    pub fn in_use(&self) -> Option<String> {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes which pack is in use.
    pub fn set_in_use(&self, pack: Option<String>) {
        *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = pack;
    }

    /// Brings the state up to date with the database for `pack`, whose templates are `dimensions` long.
    /// Returns the revision it is of now.
    ///
    /// # Errors
    /// When the database fails or a template cannot be opened; the revision is as before then, and what was
    /// missed comes next time.
    pub fn refresh(
        &self,
        conn: &mut PgConnection,
        keys: &MasterKeys,
        pack: &str,
        dimensions: usize,
    ) -> Result<i64, ApiError> {
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let since = self.read().as_ref().filter(|known| known.pack == pack).map(|known| known.revision);
        let newest = models::gallery::revision(conn)?;
        match since {
            Some(revision) if revision == newest => Ok(revision),
            // A revision from the future: the database was restored to an earlier state.
            Some(revision) if revision < newest => self.apply_changes(conn, keys, pack, revision),
            _ => self.load(conn, keys, pack, dimensions),
        }
    }

    fn load(
        &self,
        conn: &mut PgConnection,
        keys: &MasterKeys,
        pack: &str,
        dimensions: usize,
    ) -> Result<i64, ApiError> {
        // The revision is read first: whoever changes while the batches are read has a newer one and is read
        // again next time. So nobody is missed, and no transaction needs to last as long as the loading.
        let revision = models::gallery::revision(conn)?;
        let mut known = Known {
            pack: pack.to_owned(),
            revision,
            gallery: Gallery::new(dimensions),
            names: HashMap::new(),
            pairs: KnownPairs::default(),
            non_matches: NonMatches::default(),
        };
        known.non_matches.read(conn, keys, pack, None)?;
        let mut people = models::gallery::people_after(conn, pack, None, BATCH)?;
        while let Some(last) = people.last().copied() {
            let rows = models::gallery::enrolled(conn, pack, &people)?;
            for (person, name, templates) in open_templates(keys, rows)? {
                known.set(person, name, &templates)?;
            }
            people = models::gallery::people_after(conn, pack, Some(last), BATCH)?;
        }
        let pairs = models::gallery::overrides(conn, None)?;
        pairs.into_iter().for_each(|(a, b)| known.pairs.insert(PersonId(a), PersonId(b)));
        tracing::info!(
            gallery.people = known.gallery.people(),
            gallery.templates = known.gallery.templates(),
            gallery.revision = revision,
            "gallery loaded"
        );
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(revision)
    }

    fn apply_changes(
        &self,
        conn: &mut PgConnection,
        keys: &MasterKeys,
        pack: &str,
        since: i64,
    ) -> Result<i64, ApiError> {
        let revision = models::gallery::revision(conn)?;
        let changed = models::gallery::changed_since(conn, since)?;
        for people in changed.chunks(BATCH as usize) {
            let rows = models::gallery::enrolled(conn, pack, people)?;
            let pairs = models::gallery::overrides(conn, Some(people))?;
            let mut non_matches = NonMatches::default();
            non_matches.read(conn, keys, pack, Some(people))?;
            let mut opened: HashMap<PersonId, (String, Vec<Vec<f32>>)> = open_templates(keys, rows)?
                .into_iter()
                .map(|(person, name, t)| (person, (name, t)))
                .collect();
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let Some(known) = known.as_mut() else { return Ok(since) };
            for person in people.iter().copied().map(PersonId) {
                known.pairs.remove(person);
                known.non_matches.take(person, &mut non_matches);
                match opened.remove(&person) {
                    Some((name, templates)) => known.set(person, name, &templates)?,
                    None => known.remove(person),
                }
            }
            pairs.into_iter().for_each(|(a, b)| known.pairs.insert(PersonId(a), PersonId(b)));
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.as_mut() else { return Ok(since) };
        known.revision = revision;
        Ok(revision)
    }
}

impl Known {
    fn set(&mut self, person: PersonId, name: String, templates: &[Vec<f32>]) -> Result<(), ApiError> {
        self.gallery.set(person, templates).context("a stored template does not fit the pack")?;
        self.names.insert(person, name);
        Ok(())
    }

    /// The people nearest to each probe, best first, without those whom it is known not to be.
    ///
    /// # Errors
    /// When a probe is not of the templates' kind.
    pub fn candidates(
        &self,
        probes: &[&Vec<f32>],
        count: usize,
    ) -> Result<Vec<Vec<Candidate<PersonId>>>, ApiError> {
        let found = self.gallery.search_many(probes, count);
        let mut found = found.map_err(|error| ApiError::Internal(error.into()))?;
        for (found, probe) in found.iter_mut().zip(probes) {
            found.retain(|candidate| !self.non_matches.veto(candidate.person, probe, candidate.score));
        }
        Ok(found)
    }

    fn remove(&mut self, person: PersonId) {
        self.gallery.remove(person);
        self.names.remove(&person);
    }
}

/// A person, their name and their templates.
type Opened = (PersonId, String, Vec<Vec<f32>>);

/// Decrypts the rows, which come person by person.
fn open_templates(keys: &MasterKeys, rows: Vec<Enrolled>) -> Result<Vec<Opened>, ApiError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let unwrapper = keys.unwrapper()?;
    let mut people: Vec<Opened> = Vec::new();
    let mut key = None;
    let mut key_of = Uuid::nil();
    for (person, name, wrapped, template) in rows {
        let id = PersonId(person);
        if key_of != person {
            key = Some(unwrapper.unwrap(id, &master_key::wrapped(wrapped))?);
            key_of = person;
            people.push((id, name, Vec::new()));
        }
        let (Some(key), Some((_, _, templates))) = (&key, people.last_mut()) else { continue };
        let plain = key
            .open(Sealed::Template(PhotoId(template.photo_id), &template.model_pack), &template.sealed)
            .with_context(|| format!("the template of photo {}", template.photo_id))?;
        templates.push(decode_template(&plain)?);
    }
    Ok(people)
}

/// A template as it is sealed: its numbers in little-endian order.
pub fn encode_template(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Reads what [`encode_template`] wrote.
///
/// # Errors
/// When the length is not that of whole numbers.
pub fn decode_template(bytes: &[u8]) -> anyhow::Result<Vec<f32>> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    anyhow::ensure!(rest.is_empty(), "a stored template has a broken length");
    Ok(numbers.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_survives_its_stored_form() {
        let values = [0.25f32, -1.0, 3.5e-7];
        assert_eq!(decode_template(&encode_template(&values)).expect("decode"), values);
        assert!(decode_template(&[1, 2, 3]).is_err());
    }
}
