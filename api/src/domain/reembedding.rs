//! Templates for a model pack that is being prepared, made in the background from the stored photos.
//!
//! What is to do is what photos have neither a template of a kept pack nor a reason why it cannot use them; so a
//! restart goes on where it was. One process of all works at it, one photo at a time, and stands back when the
//! recognizer says that live frames need it.

use std::time::Duration;

use diesel::{Connection, PgConnection};
use types::{PersonId, PhotoId};
use uuid::Uuid;

use crate::config::Secret;
use crate::db;
use crate::domain::{enrolment, photos};
use crate::error::ApiError;
use crate::models;
use crate::models::scope::Scope;
use crate::state::App;

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to leave recognizer, database or storage alone after one of them refused.
const STAND_BACK: Duration = Duration::from_secs(2);
/// Photos that are looked up at once.
const BATCH: i64 = 32;

/// A photo and the pack that it is to be tried with.
struct Work {
    pack: String,
    person: PersonId,
    photo: PhotoId,
}

/// What the work depends on: the gallery's revision, the packs kept and the packs offered. Which photos a pack lacks
/// takes a pass over all of them, so it is asked only after one of these has changed.
type State = (i64, Vec<String>, Vec<String>);

/// Makes templates until the server stops.
pub async fn run(app: App, url: Secret) {
    let mut stopping = app.stopping.subscribe();
    let mut done = None;
    loop {
        let pause = match work_off(&app, &url, &mut done).await {
            Ok(()) => LOOK_EVERY,
            Err(error) => {
                tracing::debug!(error.cause = %error, "making templates stands back");
                STAND_BACK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Does what there is to do, unless another process is at it; `done` is the state in which there was nothing.
async fn work_off(app: &App, url: &Secret, done: &mut Option<State>) -> Result<(), ApiError> {
    let state = state(app).await?;
    // The one pack that is in use has its templates from the enrolments.
    if state.1.len() < 2 || done.as_ref() == Some(&state) {
        return Ok(());
    }
    if next(app).await?.is_empty() {
        *done = Some(state);
        return Ok(());
    }
    let url = url.clone();
    let connect = move || {
        let mut conn = db::connect(&url).map_err(|error| ApiError::DatabaseUnavailable(error.to_string()))?;
        Ok::<_, ApiError>(models::packs::become_runner(&mut conn)?.then_some(conn))
    };
    let runner = tokio::task::spawn_blocking(connect).await.map_err(|e| ApiError::Internal(e.into()))??;
    // Whoever holds this connection is the one; a process that dies lets go of it.
    let Some(_runner) = runner else { return Ok(()) };
    tracing::info!("making templates from stored photos");
    loop {
        let batch = next(app).await?;
        if batch.is_empty() {
            tracing::info!("every stored photo was tried");
            return Ok(());
        }
        for work in batch {
            if *app.stopping.borrow() {
                return Ok(());
            }
            try_photo(app, work).await?;
        }
    }
}

async fn state(app: &App) -> Result<State, ApiError> {
    let ids = |pack: &std::sync::Arc<recognizer_types::PackView>| pack.id.clone();
    let offered = app.recognizer.packs().iter().flat_map(|packs| packs.iter()).map(ids).collect();
    app.db
        .run(move |conn| {
            let kept = models::packs::kept(conn)?.into_iter().map(|pack| pack.id).collect();
            Ok((models::gallery::revision(conn)?, kept, offered))
        })
        .await
}

/// Some photos that a pack which the recognizer offers has not been tried on.
async fn next(app: &App) -> Result<Vec<Work>, ApiError> {
    let Some(offered) = app.recognizer.packs() else { return Ok(Vec::new()) };
    app.db
        .run(move |conn| {
            for kept in models::packs::kept(conn)? {
                if !offered.iter().any(|pack| pack.id == kept.id) {
                    continue;
                }
                let untried = models::packs::untried(conn, &kept.id, BATCH)?;
                if !untried.is_empty() {
                    let work = |(person, photo): (Uuid, Uuid)| Work {
                        pack: kept.id.clone(),
                        person: PersonId(person),
                        photo: PhotoId(photo),
                    };
                    return Ok(untried.into_iter().map(work).collect());
                }
            }
            Ok(Vec::new())
        })
        .await
}

async fn try_photo(app: &App, work: Work) -> Result<(), ApiError> {
    let Work { pack, person, photo } = work;
    let embedding = match photos::read(app, Scope::Everyone, person, photo).await {
        Ok(jpeg) => enrolment::embed_stored(app, jpeg, &pack).await?,
        Err(ApiError::NotFound(_)) => Err("The stored photo is gone from the photo store.".to_owned()),
        Err(ApiError::Internal(cause)) => {
            tracing::warn!(photo.id = %photo, error.cause = format!("{cause:#}"), "a stored photo cannot be opened");
            Err("The stored photo cannot be opened with its person's key.".to_owned())
        }
        Err(error) => return Err(error),
    };
    let task = app.clone();
    let store = move |conn: &mut PgConnection| {
        conn.transaction(|conn| {
            // Forgotten meanwhile: then so is this.
            let Some(active) = models::packs::hold(conn, &pack)? else { return Ok(()) };
            enrolment::insert_for_pack(conn, &task, (person, photo), &pack, embedding)?;
            if active {
                models::gallery::touch(conn, &[person.0])?;
            }
            Ok(())
        })
    };
    match app.db.run(store).await {
        // The photo was deleted while it was looked at.
        Err(ApiError::NotFound(_)) => Ok(()),
        result => result,
    }
}
