//! How many unknown faces wait, for the badge in the rail.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::api::{Api, use_api};
use crate::session::use_desk;

/// How often the number is read again.
const EVERY: Duration = Duration::from_secs(30);

/// The number of one page.
#[derive(Clone, Copy)]
pub struct Waiting {
    /// Items of the queue; 0 while it is off or unknown.
    pub count: RwSignal<i64>,
    api: Api,
}

impl Waiting {
    /// Reads the number again. A queue that cannot be read shows none: the review page says why.
    pub fn refresh(self) {
        spawn_local(async move {
            let page = self.api.review(1, None).await;
            let count = page.map_or(0, |page| page.total.unwrap_or(page.items.len() as i64));
            self.count.try_set(count);
        });
    }
}

/// Follows the number for as long as the shell is there; only an administrator may know it.
pub fn provide_waiting() {
    let waiting = Waiting { count: RwSignal::new(0), api: use_api() };
    provide_context(waiting);
    if !use_desk().is_admin() {
        return;
    }
    waiting.refresh();
    if let Ok(timer) = set_interval_with_handle(move || waiting.refresh(), EVERY) {
        on_cleanup(move || timer.clear());
    }
}
