//! Every route against a real PostgreSQL, each test in a database of its own.
//!
//! `TEST_DATABASE_URL` names a server where databases and roles may be made; `make test` starts one. The
//! recognizer is a scripted one (`recognizer.rs`): which person an image shows is the test's to say, so that
//! rules are tested apart from models. `tests/` at the root runs the same with the real one.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod arrivals;
mod feeds;
mod frames;
mod gallery;
mod keys;
mod liveness;
mod model;
mod people;
mod permissions;
mod recognizer;
mod review;
mod roles;
mod session;
mod support;
mod system;
