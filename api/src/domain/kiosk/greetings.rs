//! What a kiosk says to whoever came.
//!
//! A feed that reveals states alone tells its kiosk neither name nor photo, of a face or of anybody who showed a PIN or
//! badge: a tablet at a door is as easily taken as a camera.

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use types::{ArrivalId, KioskGreeting, Passage, PersonId, PhotoId};
use uuid::Uuid;

use super::Kiosk;
use super::passage::passage;
use crate::domain::{clock, feeds, photos};
use crate::error::ApiError;
use crate::models;
use crate::models::feeds::Feed;
use crate::models::greetings::Greeted;
use crate::models::scope::Scope;
use crate::state::App;

/// For how long after an arrival was recorded its kiosk may ask who it was.
const LATELY: TimeDelta = TimeDelta::minutes(2);

/// Greets whoever arrived at a kiosk's feed just now.
///
/// # Errors
/// 404 for an arrival of another feed, one that was voided, and one from more than two minutes ago.
pub async fn lately(app: &App, kiosk: Kiosk, id: ArrivalId) -> Result<KioskGreeting, ApiError> {
    app.db
        .run(move |conn| {
            let arrival = find_lately(conn, &kiosk.feed, id)?;
            greet(conn, &kiosk.feed, arrival)
        })
        .await
}

/// The first photo of whoever arrived at a kiosk's feed just now, as a JPEG.
///
/// # Errors
/// 404 as for [`lately`], without a photo, and where the feed reveals states alone.
pub async fn photo(app: &App, kiosk: Kiosk, id: ArrivalId) -> Result<Bytes, ApiError> {
    let (person, photo) = app
        .db
        .run(move |conn| {
            let person = find_lately(conn, &kiosk.feed, id)?.person_id;
            let photo = first_photo(conn, &kiosk.feed, person)?.ok_or(ApiError::NotFound("photo"))?;
            Ok((PersonId(person), PhotoId(photo)))
        })
        .await?;
    photos::read(app, Scope::Everyone, person, photo).await
}

/// Greets by an arrival at a feed, however old.
///
/// # Errors
/// 404 where it was deleted or voided.
pub fn of_arrival(conn: &mut PgConnection, feed: &Feed, id: Uuid) -> Result<KioskGreeting, ApiError> {
    let arrival = models::greetings::at_feed(conn, feed.id, id)?;
    greet(conn, feed, arrival.ok_or(ApiError::NotFound("arrival"))?)
}

fn find_lately(conn: &mut PgConnection, feed: &Feed, id: ArrivalId) -> Result<Greeted, ApiError> {
    let arrival = models::greetings::at_feed(conn, feed.id, id.0)?;
    let lately = arrival.filter(|arrival| Utc::now() - arrival.recorded_at <= LATELY);
    lately.ok_or(ApiError::NotFound("arrival"))
}

fn greet(conn: &mut PgConnection, feed: &Feed, arrival: Greeted) -> Result<KioskGreeting, ApiError> {
    let photo = first_photo(conn, feed, arrival.person_id)?.is_some();
    Ok(KioskGreeting {
        arrival_id: ArrivalId(arrival.id),
        passage: passage_of(conn, &arrival)?,
        at: arrival.at,
        photo,
        provisional: arrival.provisional,
        name: if names(feed) { arrival.person_name } else { String::new() },
    })
}

fn names(feed: &Feed) -> bool {
    feed.reveals != "state"
}

fn first_photo(conn: &mut PgConnection, feed: &Feed, person: Uuid) -> Result<Option<Uuid>, ApiError> {
    if !names(feed) {
        return Ok(None);
    }
    Ok(models::biometrics::first_photos(conn, &[person])?.pop().map(|(_, photo)| photo))
}

fn passage_of(conn: &mut PgConnection, arrival: &Greeted) -> Result<Passage, ApiError> {
    let zone: Tz = models::settings::get(conn)?.timezone.parse().unwrap_or(Tz::UTC);
    let day = clock::start_of_day(arrival.at, zone);
    let upto = (arrival.at, arrival.id);
    let directions = models::greetings::directions_until(conn, arrival.person_id, day, upto)?;
    Ok(passage(directions.iter().map(|direction| feeds::direction(direction))))
}
