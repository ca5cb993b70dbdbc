//! What the parts of one camera share.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{TimeDelta, Utc};
use sealing::PublicKey;
use tokio::sync::watch;
use types::{DeviceSettings, FeedId, HeartbeatAnswer};
use uuid::Uuid;

use crate::clock::Clock;
use crate::health::Health;
use crate::pace::{Activity, Rules};
use crate::queue::{Limits, Queue};
use crate::state::StateFolder;

/// What the parts of one camera share.
#[derive(Debug)]
pub struct Context {
    /// For messages.
    pub name: String,
    /// Its feed.
    pub feed: FeedId,
    /// Who this device is.
    pub device: Uuid,
    /// Which run of the agent this is.
    pub run: u32,
    /// How it does.
    pub health: Arc<Health>,
    /// The server's time.
    pub clock: Clock,
    /// How it is to work.
    pub rules: watch::Sender<Rules>,
    state: Mutex<StateFolder>,
    queue: Mutex<Queue>,
    key: Mutex<Option<PublicKey>>,
    activity: Mutex<Activity>,
    said: Mutex<HashSet<String>>,
}

fn limits(settings: &DeviceSettings) -> Limits {
    Limits {
        bytes: u64::from(settings.keep_mb) * 1_000_000,
        age: TimeDelta::hours(settings.keep_hours.into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// Takes up a camera with what an earlier run remembered in `state`.
    ///
    /// # Errors
    /// When the queue's folder cannot be used.
    pub fn new(
        name: &str,
        feed: FeedId,
        mut state: StateFolder,
        folder: &std::path::Path,
    ) -> io::Result<Self> {
        let remembered = state.remembered().clone();
        let mut queue = Queue::open(&folder.join("queue"), limits(&remembered.settings))?;
        state.skip(queue.highest());
        let health = Arc::new(Health::default());
        health.count_many(|frames| &mut frames.lost, queue.take_lost());
        let rules = Rules { settings: remembered.settings, max_fps: remembered.max_fps };
        Ok(Self {
            name: name.to_owned(),
            feed,
            device: remembered.device,
            run: Uuid::new_v4().as_fields().0,
            health,
            clock: Clock::new(Utc::now(), Instant::now(), remembered.drift_ms),
            rules: watch::Sender::new(rules),
            state: Mutex::new(state),
            queue: Mutex::new(queue),
            key: Mutex::new(remembered.seal_key.and_then(|key| key.parse().ok())),
            activity: Mutex::default(),
            said: Mutex::default(),
        })
    }

    /// The frames that wait on disk; held for as short as a disk takes.
    pub fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Whether something moves or is undecided.
    pub fn activity(&self) -> MutexGuard<'_, Activity> {
        lock(&self.activity)
    }

    /// What frames are sealed to.
    pub fn seal_key(&self) -> Option<PublicKey> {
        lock(&self.key).clone()
    }

    /// The number of a new frame.
    pub fn next_sequence(&self) -> u64 {
        lock(&self.state).next_sequence()
    }

    /// Which settings hold.
    pub fn settings_revision(&self) -> u32 {
        lock(&self.state).remembered().settings_revision
    }

    /// Takes over what the server answered a heartbeat that was sent and answered at these times.
    pub fn learn(&self, answer: &HeartbeatAnswer, asked: Instant, answered: Instant) {
        let drift_ms = self.clock.contact(asked, answered, answer.now);
        match answer.seal_key.parse::<PublicKey>() {
            Ok(key) => *lock(&self.key) = Some(key),
            Err(error) => {
                self.once("seal key", || tracing::warn!(camera = %self.name, %error, "the server's key"));
            }
        }
        let rules = Rules { settings: answer.settings, max_fps: answer.max_fps };
        let changed = self.rules.send_if_modified(|before| {
            let changed = *before != rules;
            *before = rules;
            changed
        });
        if changed {
            tracing::info!(camera = %self.name, revision = answer.settings_revision, "settings taken over");
            self.queue().limit(limits(&rules.settings));
        }
        let written = lock(&self.state).remember(|remembered| {
            // A drift that trembles is not worth a write.
            if (remembered.drift_ms - drift_ms).abs() >= 500 {
                remembered.drift_ms = drift_ms;
            }
            remembered.seal_key = Some(answer.seal_key.clone());
            remembered.settings = answer.settings;
            remembered.settings_revision = answer.settings_revision;
            remembered.max_fps = answer.max_fps;
        });
        match written {
            Ok(()) => self.over("state"),
            Err(error) => self.once("state", || {
                tracing::warn!(camera = %self.name, %error, "what the server told cannot be written; it holds until \
                    the agent ends");
            }),
        }
    }

    /// Says something once, until it is over.
    pub fn once(&self, what: &str, say: impl FnOnce()) {
        if lock(&self.said).insert(what.to_owned()) {
            say();
        }
    }

    /// What was said once is over, and may be said again. Returns whether it had been said.
    pub fn over(&self, what: &str) {
        lock(&self.said).remove(what);
    }

    /// Whether something was said that is not over.
    pub fn is_said(&self, what: &str) -> bool {
        lock(&self.said).contains(what)
    }
}
