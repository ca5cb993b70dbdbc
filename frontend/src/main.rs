//! The dashboard: a single-page app, compiled to WebAssembly.
//!
//! `api` is the only door to the HTTP API; `arrivals` and `live::watch` hold the two pushed connections; pages
//! are folders (`live`, `people`, `groups`, `schedules`, `imports`, `attendance`, `reports`, `analytics`, `review`, `me`,
//! `settings` with `privacy`, `audit` and `alerts`), what frames them is `shell`, what they share is `ui`. `account` is what
//! there is of one's own account outside of the settings: the way in by a link, the second step. `kiosk` is the page of a
//! tablet at the door, outside of the shell. Rules that need no browser
//! (`backoff`, `elapsed`, `gate`, `geometry`, `draft`, `numbers`) stand alone and are tested on the host.

mod account;
mod alerts;
mod analytics;
mod api;
mod app;
mod arrivals;
mod attendance;
mod audit;
mod backoff;
mod calendar;
mod camera;
mod checkin;
mod clock;
mod draft;
mod elapsed;
mod gate;
mod geometry;
mod groups;
mod imports;
mod kiosk;
mod language;
mod live;
mod loading;
mod me;
mod numbers;
mod people;
mod privacy;
mod qr;
mod reports;
mod review;
mod router;
mod schedules;
mod session;
mod settings;
mod shell;
mod ui;
mod watch;

fn main() {
    console_error_panic_hook::set_once();
    language::show();
    leptos::mount::mount_to_body(app::App);
}
