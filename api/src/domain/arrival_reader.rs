//! Reads arrivals as they are written, for one reader: those that it may see, each at least once, none left out.

use std::collections::VecDeque;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::domain::arrival_events::{self, Event};
use crate::error::ApiError;
use crate::models::scope::{Scope, sees_person};
use crate::state::App;

/// An open reader.
pub struct ArrivalReader {
    app: App,
    scope: Scope,
    /// Everything up to here was taken.
    cursor: String,
    waiting: VecDeque<Event>,
    /// Of which it is not known yet whether the reader may see it.
    unchecked: Option<Event>,
    lagged: bool,
    live: Receiver<Event>,
}

impl ArrivalReader {
    /// Begins after `resume`, or with what is written from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(app: &App, scope: Scope, resume: Option<String>) -> Result<Self, ApiError> {
        // Subscribed before the database is read: what commits in between comes twice, never not at all.
        let live = app.events.subscribe();
        let task = scope.clone();
        let (missed, cursor) =
            app.db.run(move |conn| arrival_events::missed(conn, &task, resume.as_deref())).await?;
        let app = app.clone();
        Ok(Self { app, scope, cursor, waiting: missed.into(), unchecked: None, lagged: false, live })
    }

    /// Where a reader goes on who has had what was taken so far.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// What was missed before the reader was opened and is not taken yet.
    pub fn missed(&mut self) -> Option<Event> {
        let event = self.waiting.pop_front()?;
        self.cursor.clone_from(&event.cursor);
        Some(event)
    }

    /// The next arrival; none when the server stops. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// When the database fails; the reader comes back with its cursor.
    pub async fn next(&mut self) -> Result<Option<Event>, ApiError> {
        loop {
            if let Some(event) = self.missed() {
                return Ok(Some(event));
            }
            if let Some(event) = &self.unchecked {
                let visible = self.is_visible(event).await?;
                self.waiting.extend(self.unchecked.take().filter(|_| visible));
            } else if self.lagged {
                let (scope, cursor) = (self.scope.clone(), self.cursor.clone());
                let (events, now) =
                    self.app.db.run(move |conn| arrival_events::events_after(conn, &scope, &cursor)).await?;
                self.lagged = false;
                if events.is_empty() {
                    self.cursor = now;
                }
                self.waiting.extend(events);
            } else {
                match self.live.recv().await {
                    Ok(event) => self.unchecked = Some(event),
                    Err(RecvError::Lagged(_)) => self.lagged = true,
                    Err(RecvError::Closed) => return Ok(None),
                }
            }
        }
    }

    async fn is_visible(&self, event: &Event) -> Result<bool, ApiError> {
        if self.scope == Scope::Everyone {
            return Ok(true);
        }
        let (scope, person) = (self.scope.clone(), event.arrival.person.id.0);
        self.app.db.run(move |conn| Ok(sees_person(conn, &scope, person)?)).await
    }
}
