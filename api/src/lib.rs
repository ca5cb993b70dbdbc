//! The HTTP API: people, feeds, frames, arrivals.
//!
//! `routes` speak HTTP and know no Diesel; `domain` holds the rules and knows no Actix; `models` holds the
//! queries and knows no rules. `db` is the only door to the database, `error` the only way to fail, `auth` says
//! in a handler's signature who may call it.

pub mod auth;
mod background;
mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod error;
pub mod keys;
mod metrics;
pub mod models;
mod routes;
#[allow(missing_docs, reason = "printed by Diesel")]
mod schema;
pub mod startup;
pub mod state;
mod storage;
pub mod tls;

pub use cli::{Cli, MIGRATIONS, migrate};
