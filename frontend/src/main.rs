//! The dashboard: a single-page app, compiled to WebAssembly.
//!
//! `api` is the only door to the HTTP API; `arrivals` and `live::watch` hold the two pushed connections; pages
//! are folders (`live`, `people`, `review`, `settings`), what frames them is `shell`, what they share is `ui`. Rules
//! that need no browser (`backoff`, `elapsed`, `gate`, `geometry`, `draft`, `numbers`) stand alone and are tested on the
//! host.

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
mod clock;
mod draft;
mod elapsed;
mod gate;
mod geometry;
mod language;
mod live;
mod loading;
mod me;
mod numbers;
mod people;
mod privacy;
mod reports;
mod review;
mod router;
mod session;
mod settings;
mod shell;
mod ui;

fn main() {
    console_error_panic_hook::set_once();
    language::show();
    leptos::mount::mount_to_body(app::App);
}
