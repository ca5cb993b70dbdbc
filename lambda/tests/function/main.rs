//! The built program, started as each cloud starts it: by a small runtime API that plays AWS Lambda's, and as the
//! custom handler of Azure Functions; before it a real PostgreSQL with the real schema, reached over TLS.
//!
//! `TEST_DATABASE_URL` names a server where databases and roles may be made; `make test` starts one. `LAMBDA_BINARY`
//! tries another build than the one that cargo just made.

#![allow(clippy::unwrap_used, reason = "tests")]

mod aws;
mod azure;
mod database;
mod failures;
mod front;
mod function;
mod sign_in;
