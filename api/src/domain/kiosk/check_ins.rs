//! Coming in by staff number and PIN, or by a badge.
//!
//! What is refused is refused alike, whether there is no such number, no PIN, another PIN, a badge that was revoked or
//! somebody who is archived, and takes as long. Refusals count by kiosk and by address.

use std::net::{IpAddr, Ipv4Addr};

use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{CheckIn, CheckInProof, FeedId, KioskGreeting, PersonId};
use uuid::Uuid;

use super::{Kiosk, greetings};
use crate::domain::arrivals::{self, Proof, Sighting, Source};
use crate::domain::check_in_means::{badges, pins};
use crate::domain::throttle::Attempt;
use crate::domain::{clock, sealed};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::state::App;

/// Refusals in five minutes that a kiosk is allowed: a hall of people of whom some mistype, and not a search.
const AT_A_KIOSK: i64 = 20;
/// The same of all kiosks behind one address.
const FROM_AN_ADDRESS: i64 = 100;
const THROTTLED: &str =
    "Too many wrong numbers, PINs and badges here. Wait a few minutes, or ask at the desk.";

/// What a check-in of a feed is sealed for: it opens for that feed alone.
pub fn purpose(feed: FeedId) -> String {
    format!("check-in {feed}")
}

/// Opens a check-in that waited sealed on the kiosk.
///
/// # Errors
/// 422 for one that was not sealed to this server and this feed.
pub async fn open(app: &App, feed: FeedId, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    sealed::open(app, &purpose(feed), body).await
}

/// Records that somebody came in by PIN or badge; says whether the check-in is new. The same id sent again, and
/// coming again within the feed's window, is answered with the arrival that stands.
///
/// # Errors
/// 422 `check_in_refused`, `pin_stopped`, or for a time in the future or more than 72 hours ago; 429.
pub async fn check_in(app: &App, kiosk: Kiosk, request: CheckIn) -> Result<(KioskGreeting, bool), ApiError> {
    let received_at = Utc::now();
    let time = clock::frame_time(request.captured_at, received_at, false)?;
    let (id, guard) = (request.id, Guard::of(&kiosk));
    let (before, feed) = (guard.clone(), kiosk.feed.clone());
    // Each is counted before the next is judged, however many come at once.
    let _turn = guard.at_kiosk.turn().await;
    let again = app
        .db
        .run(move |conn| match models::kiosk_check_ins::find(conn, id)? {
            Some((at, arrival)) if at == feed.id => Ok(Some(greetings::of_arrival(conn, &feed, arrival)?)),
            Some(_) => Err(ApiError::invalid("id", "This id was used before: make a random one.")),
            None => before.check(conn).map(|()| None),
        })
        .await?;
    if let Some(greeting) = again {
        return Ok((greeting, false));
    }
    let (person, proof) = prove(app, guard, request.proof).await?;
    let sighting = Sighting {
        feed: FeedId(kiosk.feed.id),
        person,
        proof,
        time,
        dedup_seconds: kiosk.feed.dedup_seconds,
        source: Source {
            sender: Actor::Feed(kiosk.feed.id),
            kind: "kiosk",
            origin: None,
            address: Some(kiosk.address.into()),
        },
    };
    let task = app.clone();
    app.db.run(move |conn| record(conn, &task, &kiosk, id, &sighting)).await
}

fn record(
    conn: &mut PgConnection,
    app: &App,
    kiosk: &Kiosk,
    id: Uuid,
    sighting: &Sighting,
) -> Result<(KioskGreeting, bool), ApiError> {
    let (greeting, first, new) = conn.transaction(|conn| {
        let recorded = arrivals::record(conn, &app.keys, sighting)?;
        let first = models::kiosk_check_ins::insert(conn, id, kiosk.feed.id, recorded.id.0)?;
        let greeting = greetings::of_arrival(conn, &kiosk.feed, recorded.id.0)?;
        Ok::<_, ApiError>((greeting, first, recorded.new))
    })?;
    if new {
        app.traffic.arrived(FeedId(kiosk.feed.id));
        app.metrics.arrivals.inc();
    }
    Ok((greeting, first))
}

/// Who it is by what they showed.
async fn prove(app: &App, guard: Guard, proof: CheckInProof) -> Result<(PersonId, Proof), ApiError> {
    let (shown, method) = match proof {
        CheckInProof::Pin { number, pin } => (pins::prove(app, &number, pin).await?, Proof::Pin),
        CheckInProof::Qr { badge } => (badges::prove(app, &badge).await?, Proof::Badge),
    };
    match shown {
        Shown::Good(person) => Ok((person, method)),
        Shown::Wrong(person) => {
            app.db.run(move |conn| guard.refused(conn, person)).await?;
            Err(ApiError::CheckInRefused)
        }
        Shown::Stopped(person) => {
            app.db.run(move |conn| guard.refused(conn, Some(person))).await?;
            Err(ApiError::PinStopped)
        }
    }
}

/// What a PIN or badge turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// This person's.
    Good(PersonId),
    /// Not good; whose number it is, where it is somebody's.
    Wrong(Option<PersonId>),
    /// This person's PIN takes no more tries.
    Stopped(PersonId),
}

/// What stands against trying many.
#[derive(Debug, Clone)]
struct Guard {
    feed: Uuid,
    at_kiosk: Attempt,
    from_address: Attempt,
}

impl Guard {
    fn of(kiosk: &Kiosk) -> Self {
        // A tablet may change its address: what it tries is counted wherever it is.
        let anywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            feed: kiosk.feed.id,
            at_kiosk: Attempt::on(&format!("kiosk {}", kiosk.token), anywhere),
            from_address: Attempt::on("kiosk check-in", kiosk.address),
        }
    }

    fn check(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        self.at_kiosk.check_up_to(conn, AT_A_KIOSK, THROTTLED)?;
        self.from_address.check_up_to(conn, FROM_AN_ADDRESS, THROTTLED)
    }

    fn refused(&self, conn: &mut PgConnection, person: Option<PersonId>) -> Result<(), ApiError> {
        self.at_kiosk.count(conn)?;
        self.from_address.count(conn)?;
        let (actor, feed) = (Actor::Feed(self.feed), Some(self.feed));
        let subject = person.map_or(("feed", feed), |person| ("person", Some(person.0)));
        Ok(models::audit::insert(conn, actor, "check_in.refused", subject, json!({}))?)
    }
}
