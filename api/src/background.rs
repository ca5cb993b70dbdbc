//! What runs beside the requests: following the database, learning which pack is in use, tidying up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use chrono::Utc;
use diesel::RunQueryDsl;

use crate::config::Secret;
use crate::db;
use crate::domain::attendance::closing;
use crate::domain::{audit_chain, feeds, review, sessions, traffic};
use crate::models::{arrivals, audit, gallery, imports, schedule_runs};
use crate::state::App;

/// How long a notification may wait to be seen. Diesel gives the connection's notifications without a way to
/// wait for one; looking costs a system call.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A LISTEN connection can die silently, so the revision is asked for besides.
const ASK_EVERY: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// The first head is kept a minute after the start, for a server that is started often.
const HEAD_AFTER: Duration = Duration::from_secs(60);
const HEAD_EVERY: Duration = Duration::from_secs(3600);
const WATCH_FEEDS_EVERY: Duration = Duration::from_secs(5);
const RECONNECT_AFTER: Duration = Duration::from_millis(500);

/// Starts the thread that follows the database until the server stops.
pub fn follow_database(app: App, url: Secret) {
    go_on("not following the database; trying again", app, url, follow);
}

/// Starts a thread that works until the server stops, and begins anew when that fails. A panic is a failure, too: one
/// bad row must not leave a server that looks well and tells nobody of arrivals.
fn go_on(trouble: &'static str, app: App, url: Secret, work: fn(&App, &Secret, &mut bool) -> Result<()>) {
    let stopping = app.stopping.subscribe();
    std::thread::spawn(move || {
        let mut said = false;
        while !*stopping.borrow() {
            let worked = catch_unwind(AssertUnwindSafe(|| work(&app, &url, &mut said)));
            if let Err(error) = worked.unwrap_or_else(|_| Err(anyhow!("it panicked"))) {
                if !said {
                    tracing::warn!(error.cause = format!("{error:#}"), "{trouble}");
                    said = true;
                }
                std::thread::sleep(RECONNECT_AFTER);
            }
        }
    });
}

fn follow(app: &App, url: &Secret, said: &mut bool) -> Result<()> {
    let mut conn = db::connect(url)?;
    for channel in [arrivals::CHANNEL, gallery::CHANNEL] {
        diesel::sql_query(format!("LISTEN {channel}")).execute(&mut conn)?;
    }
    app.events.publish_new(&mut conn)?;
    if std::mem::take(said) {
        tracing::info!("following the database again");
    }
    let stopping = app.stopping.subscribe();
    let mut asked: Option<Instant> = None;
    let (mut tidied, mut watched) = (Instant::now(), Instant::now());
    while !*stopping.borrow() {
        let (mut new_arrivals, mut new_gallery) = (false, false);
        for notification in conn.notifications_iter() {
            match notification?.channel.as_str() {
                arrivals::CHANNEL => new_arrivals = true,
                _ => new_gallery = true,
            }
        }
        if asked.is_none_or(|at| at.elapsed() >= ASK_EVERY) {
            (new_arrivals, new_gallery) = (true, true);
            review::follow_switch(&mut conn, app)?;
            audit_chain::append_pending(&mut conn, &app.audit_key)?;
            asked = Some(Instant::now());
        }
        // Nobody is recognised until the pack's gallery is there: no waiting for the next second.
        let unloaded = app.recognizer.packs().is_some() && !app.gallery_is_loaded() && !app.pack_is_missing();
        if new_gallery || unloaded {
            app.refresh_gallery(&mut conn)?;
        }
        if new_arrivals {
            app.events.publish_new(&mut conn)?;
        }
        if watched.elapsed() >= WATCH_FEEDS_EVERY {
            closing::watch_feeds(&mut conn, app, Utc::now())?;
            watched = Instant::now();
        }
        if tidied.elapsed() >= TIDY_EVERY {
            feeds::note_last_frames(&mut conn, app)?;
            sessions::purge(&mut conn)?;
            review::purge(&mut conn)?;
            imports::purge(&mut conn, chrono::Utc::now())?;
            traffic::write_down_faces(&mut conn, app)?;
            app.hub.tidy();
            tidied = Instant::now();
        }
        std::thread::sleep(LOOK_EVERY);
    }
    // The next start asks how long nobody was heard.
    Ok(feeds::note_last_frames(&mut conn, app)?)
}

/// Starts the thread that opens and closes the instances of schedules until the server stops.
pub fn keep_attendance(app: App, url: Secret) {
    go_on("days are not closed; trying again", app, url, keep);
}

fn keep(app: &App, url: &Secret, said: &mut bool) -> Result<()> {
    let stopping = app.stopping.subscribe();
    let mut conn = db::connect(url)?;
    let mut leads = false;
    let mut asked: Option<Instant> = None;
    while !*stopping.borrow() {
        if asked.is_none_or(|at| at.elapsed() >= ASK_EVERY) {
            leads = leads || schedule_runs::lead(&mut conn)?;
            if leads {
                closing::tick(&mut conn, Utc::now())?;
                if std::mem::take(said) {
                    tracing::info!("days are closed again");
                }
            }
            asked = Some(Instant::now());
        }
        std::thread::sleep(LOOK_EVERY * 10);
    }
    Ok(())
}

/// Learns which packs the recognizer offers as soon as it can be asked, again after it was away, and while it
/// lacks the one in use.
pub async fn follow_recognizer(app: App) {
    let mut stopping = app.stopping.subscribe();
    let mut every = tokio::time::interval(Duration::from_secs(1));
    let mut heard = None;
    while !*stopping.borrow() {
        if (app.recognizer.packs().is_none() || app.pack_is_missing())
            && app.recognizer.is_ready().await
            && let Ok(packs) = app.recognizer.learn_packs().await
        {
            let ids: Vec<String> = packs.iter().map(|pack| pack.id.clone()).collect();
            if heard.as_ref() != Some(&ids) {
                tracing::info!(model.ids = ids.join(" "), "the recognizer is there");
                heard = Some(ids);
            }
        }
        tokio::select! {
            _ = every.tick() => {}
            _ = stopping.changed() => {}
        }
    }
}

/// Keeps the head of the audit's chain outside the database every hour: a tail cut off since is found out.
pub async fn keep_audit_heads(app: App) {
    let mut stopping = app.stopping.subscribe();
    let mut every = tokio::time::interval_at(tokio::time::Instant::now() + HEAD_AFTER, HEAD_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if let Err(error) = keep_audit_head(&app).await {
            tracing::warn!(error.cause = format!("{error:#}"), "the head of the audit was not kept outside");
        }
    }
}

async fn keep_audit_head(app: &App) -> Result<()> {
    if let Some(head) = app.db.run(|conn| Ok(audit::head(conn)?)).await? {
        audit_chain::keep_head(&app.photos, &head).await?;
    }
    Ok(())
}
