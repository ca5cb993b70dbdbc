//! Every route against a real PostgreSQL, each test in a database of its own.
//!
//! `TEST_DATABASE_URL` names a server where databases and roles may be made; `make test` starts one. The
//! recognizer is a scripted one (`recognizer.rs`): which person an image shows is the test's to say, so that
//! rules are tested apart from models. `tests/` at the root runs the same with the real one.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod alerts;
mod analytics;
mod api_keys;
mod arrivals;
mod attendance;
mod audit;
mod backup;
mod devices;
mod erased_arrivals;
mod feeds;
mod frames;
mod gallery;
mod groups;
mod hours;
mod imports;
mod keys;
mod kiosk;
mod lateness;
mod liveness;
mod marks;
mod model;
mod oidc;
mod people;
mod permissions;
mod receivers;
mod recognizer;
mod reports;
mod restore;
mod review;
mod rights;
mod roles;
mod schedules;
mod scope;
mod second_factor;
mod session;
mod sessions;
mod support;
mod system;
mod users;
mod voiding;
mod watch;
