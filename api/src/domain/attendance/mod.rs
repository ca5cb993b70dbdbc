//! Attendance: what was expected of whom, and what came of it.
//!
//! The rules are pure: `rules` judges what an admin writes, `instances` says when its slots happen, `binding` to
//! which of them a sighting belongs, `presence` what sightings tell, `state` what that makes of a day. `days` reads
//! what they need, writes down what they say, and is the only writer of `attendance_days`; `closing` does so when time
//! alone changes a state. `roll_call` says who is on site.

pub mod binding;
pub mod closing;
pub mod corrections;
pub mod days;
pub mod instances;
pub mod presence;
#[cfg(test)]
mod properties;
pub mod records;
pub mod roll_call;
pub mod rules;
pub mod schedules;
pub mod sheet;
pub mod state;

use crate::error::ApiError;

/// Names what is missing.
fn missing(what: &'static str) -> impl Fn(diesel::result::Error) -> ApiError {
    move |error| match error {
        diesel::result::Error::NotFound => ApiError::NotFound(what),
        error => error.into(),
    }
}
