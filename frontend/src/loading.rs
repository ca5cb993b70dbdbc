//! What a page shows while it waits for the server: one value, or a list that comes in pages.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use types::Page;

use crate::api::{Coming, Failure};

/// A value on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Load<T> {
    /// Asked for.
    Waiting,
    /// Here.
    Ready(T),
    /// Not to be had.
    Failed(Failure),
}

/// Loads a value again and again; only the newest request counts, and an older value stays until then.
pub struct Loader<T> {
    held: Held,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Loader<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loader<T> {}

impl<T: Clone + Send + Sync + 'static> Loader<T> {
    /// Nothing asked for yet; shows as waiting.
    pub fn new() -> Self {
        let held = Held { state: RwSignal::new(Load::Waiting), turn: StoredValue::new(0) };
        Self { held, of: PhantomData }
    }

    /// Asks; a failure replaces an older value only if there was none.
    pub fn run(self, request: impl Future<Output = Result<T, Failure>> + 'static) {
        self.held.run(Box::pin(async move { request.await.map(erased) }));
    }

    /// Where it stands.
    pub fn get(self) -> Load<T> {
        self.held.state.with(|state| match state {
            Load::Waiting => Load::Waiting,
            Load::Ready(value) => {
                value.downcast_ref::<T>().map_or(Load::Waiting, |value| Load::Ready(value.clone()))
            }
            Load::Failed(failure) => Load::Failed(failure.clone()),
        })
    }

    /// The value, once it is there.
    pub fn value(self) -> Option<T> {
        self.held.state.with(|state| match state {
            Load::Ready(value) => value.downcast_ref::<T>().cloned(),
            _ => None,
        })
    }

    /// Whether the value is there.
    pub fn is_ready(self) -> bool {
        self.held.state.with(|state| matches!(state, Load::Ready(_)))
    }

    /// Puts a value in its place.
    pub fn set(self, value: T) {
        self.held.state.try_set(Load::Ready(erased(value)));
    }

    /// Back to waiting, for a different thing.
    pub fn reset(self) {
        self.held.state.try_set(Load::Waiting);
    }
}

/// A value of any type: what holds it is compiled once in all, which keeps the page small.
type Erased = Arc<dyn Any + Send + Sync>;

fn erased<T: Send + Sync + 'static>(value: T) -> Erased {
    Arc::new(value)
}

#[derive(Clone, Copy)]
struct Held {
    state: RwSignal<Load<Erased>>,
    turn: StoredValue<u64>,
}

impl Held {
    fn run(self, request: Coming<Erased>) {
        let Some(turn) = self.turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        }) else {
            return;
        };
        self.state.try_update(|state| {
            if matches!(state, Load::Failed(_)) {
                *state = Load::Waiting;
            }
        });
        spawn_local(async move {
            let outcome = request.await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.state.try_update(|state| match outcome {
                Ok(value) => *state = Load::Ready(value),
                Err(failure) if !matches!(state, Load::Ready(_)) => *state = Load::Failed(failure),
                Err(_) => {}
            });
        });
    }
}

/// A list that grows page by page.
pub struct Pages<T: Send + Sync + 'static> {
    /// What has come so far.
    pub items: RwSignal<Vec<T>>,
    /// How many there are in all, where the server says.
    pub total: RwSignal<Option<i64>>,
    /// State of the newest request.
    pub state: RwSignal<Load<()>>,
    next: RwSignal<Option<String>>,
    turn: StoredValue<u64>,
}

impl<T: Send + Sync + 'static> Clone for Pages<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Pages<T> {}

impl<T: Clone + Send + Sync + 'static> Pages<T> {
    /// Nothing yet; shows as waiting.
    pub fn new() -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            total: RwSignal::new(None),
            state: RwSignal::new(Load::Waiting),
            next: RwSignal::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// Whether there is more to fetch.
    pub fn has_more(self) -> bool {
        self.next.with(Option::is_some)
    }

    /// Fetches the first page (`restart`) or the next one; `request` gets the cursor.
    pub fn fetch<F, R>(self, restart: bool, request: F)
    where
        F: FnOnce(Option<String>) -> R + 'static,
        R: Future<Output = Result<Page<T>, Failure>> + 'static,
    {
        let Some(turn) = self.turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        }) else {
            return;
        };
        let cursor = if restart { None } else { self.next.try_get_untracked().flatten() };
        self.state.try_set(Load::Waiting);
        spawn_local(async move {
            let outcome = request(cursor).await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            match outcome {
                Ok(page) => {
                    self.items.try_update(|items| {
                        if restart {
                            items.clear();
                        }
                        items.extend(page.items);
                    });
                    if page.total.is_some() {
                        self.total.try_set(page.total);
                    }
                    self.next.try_set(page.next);
                    self.state.try_set(Load::Ready(()));
                }
                Err(failure) => {
                    self.state.try_set(Load::Failed(failure));
                }
            }
        });
    }
}
