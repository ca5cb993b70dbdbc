//! What may stand in a person's fields.

use std::collections::BTreeMap;

use chrono::Utc;
use types::{ConsentDetail, ConsentGiven, CreatePerson, UpdatePerson};
use uuid::Uuid;

use crate::domain::{clock, names};
use crate::error::ApiError;
use crate::models::people::{NewPerson, PersonChanges};

/// Most groups of a person.
const MAX_GROUPS: usize = 50;
/// What is said of a year that is none.
pub const YEAR: &str = "Give a whole number from 0 to 9999.";

/// The consent that a request states, if it states one. Without a version of the text it is to the newest.
///
/// # Errors
/// 422 that names each field.
pub fn consent(given: Option<ConsentGiven>, name: &str) -> Result<Option<ConsentDetail>, ApiError> {
    let detail = match given {
        None | Some(ConsentGiven::Plain(false)) => return Ok(None),
        Some(ConsentGiven::Plain(true)) => {
            let (given_by, text_version) = (name.to_owned(), String::new());
            return Ok(Some(ConsentDetail { given_by, at: Utc::now(), text_version }));
        }
        Some(ConsentGiven::Detail(detail)) => detail,
    };
    let mut fields = BTreeMap::new();
    names::check(&mut fields, "consent.given_by", &detail.given_by, 200);
    names::check(&mut fields, "consent.text_version", &detail.text_version, 50);
    clock::check_range("consent.at", Some(detail.at))?;
    if detail.at > Utc::now() + chrono::TimeDelta::minutes(5) {
        fields.insert("consent.at".to_owned(), "Consent cannot have been given in the future.".to_owned());
    }
    valid(fields)?;
    Ok(Some(detail))
}

/// A new person's fields, tidied.
///
/// # Errors
/// 422 that names each field.
pub fn checked(request: &CreatePerson) -> Result<NewPerson, ApiError> {
    let person = NewPerson {
        id: Uuid::now_v7(),
        name: names::tidy(&request.name),
        external_id: names::tidy(&request.external_id),
        email: optional(&request.email),
        phone: optional(&request.phone),
        branch: optional(&request.branch),
        year: request.year,
    };
    let mut fields = BTreeMap::new();
    names::check(&mut fields, "name", &person.name, 200);
    names::check(&mut fields, "external_id", &person.external_id, 64);
    optional_fields(&mut fields, &person.email, &person.phone, &person.branch);
    check_year(&mut fields, person.year);
    valid(fields)?;
    Ok(person)
}

/// The changes of a person's fields, tidied.
///
/// # Errors
/// 422 that names each field.
pub fn checked_changes(request: &UpdatePerson) -> Result<PersonChanges, ApiError> {
    let changes = PersonChanges {
        name: request.name.as_deref().map(names::tidy),
        external_id: request.external_id.as_deref().map(names::tidy),
        email: request.email.as_ref().map(optional),
        phone: request.phone.as_ref().map(optional),
        branch: request.branch.as_ref().map(optional),
        year: request.year,
        archived_at: request.archived.map(|archived| archived.then(Utc::now)),
        updated_at: None,
    };
    let mut fields = BTreeMap::new();
    if let Some(name) = &changes.name {
        names::check(&mut fields, "name", name, 200);
    }
    if let Some(external_id) = &changes.external_id {
        names::check(&mut fields, "external_id", external_id, 64);
    }
    let flat = |value: &Option<Option<String>>| value.clone().flatten();
    optional_fields(&mut fields, &flat(&changes.email), &flat(&changes.phone), &flat(&changes.branch));
    check_year(&mut fields, changes.year.flatten());
    valid(fields)?;
    Ok(changes)
}

fn optional_fields(
    fields: &mut BTreeMap<String, String>,
    email: &Option<String>,
    phone: &Option<String>,
    branch: &Option<String>,
) {
    if let Some(email) = email {
        names::check(fields, "email", email, 254);
        if !email.contains('@') {
            fields.insert("email".to_owned(), "This is not an e-mail address.".to_owned());
        }
    }
    for (field, value, most) in [("phone", phone, 50), ("branch", branch, 100)] {
        if let Some(value) = value {
            names::check(fields, field, value, most);
        }
    }
    if phone.as_ref().is_some_and(|phone| phone.chars().filter(char::is_ascii_digit).count() < 3) {
        fields.insert("phone".to_owned(), "This is not a telephone number.".to_owned());
    }
}

fn check_year(fields: &mut BTreeMap<String, String>, year: Option<i16>) {
    if year.is_some_and(|year| !(0..=9999).contains(&year)) {
        fields.insert("year".to_owned(), YEAR.to_owned());
    }
}

/// The names of groups, tidied.
///
/// # Errors
/// 422 that names each field.
pub fn group_names(groups: &[String]) -> Result<Vec<String>, ApiError> {
    let names: Vec<String> = groups.iter().map(|name| names::tidy(name)).collect();
    let mut fields = BTreeMap::new();
    if names.len() > MAX_GROUPS {
        fields.insert("groups".to_owned(), format!("A person belongs to at most {MAX_GROUPS} groups."));
    }
    for name in &names {
        names::check(&mut fields, "groups", name, 100);
    }
    valid(fields)?;
    Ok(names)
}

fn optional(value: &Option<String>) -> Option<String> {
    value.as_deref().map(names::tidy).filter(|value| !value.is_empty())
}

fn valid(fields: BTreeMap<String, String>) -> Result<(), ApiError> {
    if fields.is_empty() { Ok(()) } else { Err(ApiError::Invalid(fields)) }
}
