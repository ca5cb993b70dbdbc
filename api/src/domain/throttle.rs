//! Failed attempts to prove who one is, by account and address: ten in five minutes, and no permanent lock.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use ipnetwork::IpNetwork;
use serde_json::json;
use uuid::Uuid;

use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;

const FAILURES: i64 = 10;
const WITHIN: TimeDelta = TimeDelta::minutes(5);

/// An attempt on an account from an address.
#[derive(Debug, Clone)]
pub struct Attempt {
    account: String,
    address: IpNetwork,
}

impl Attempt {
    /// An attempt on the account of an e-mail address, whether there is one or not.
    pub fn on(email: &str, address: IpAddr) -> Self {
        let account = email.trim().to_lowercase().chars().filter(|c| !c.is_control()).take(254).collect();
        Self { account, address: address.into() }
    }

    /// The account, as failures are kept by.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Where it comes from.
    pub fn address(&self) -> IpNetwork {
        self.address
    }

    /// Whether it may be made.
    ///
    /// # Errors
    /// 429 after ten failures in five minutes.
    pub fn check(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        let since = Utc::now() - WITHIN;
        let (failures, oldest) = models::sessions::failures(conn, &self.account, self.address, since)?;
        if failures >= FAILURES { Err(throttled(oldest)) } else { Ok(()) }
    }

    /// Notes that it failed; `user` is whose account it is, where there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn failed(&self, conn: &mut PgConnection, action: &str, user: Option<Uuid>) -> Result<(), ApiError> {
        models::sessions::insert_failure(conn, &self.account, self.address)?;
        Ok(models::audit::insert(conn, Actor::System, action, ("user", user), json!({}))?)
    }

    /// Forgets the failures before it: it was right.
    ///
    /// # Errors
    /// When the database fails.
    pub fn succeeded(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        Ok(models::sessions::delete_failures(conn, &self.account, self.address)?)
    }
}

fn throttled(oldest: Option<DateTime<Utc>>) -> ApiError {
    let frees = oldest.map_or(WITHIN, |oldest| oldest + WITHIN - Utc::now());
    ApiError::TooManyRequests {
        message: "Too many failed sign-ins for this account from here. Wait a few minutes and try again.",
        retry_after_s: u64::try_from(frees.num_seconds()).unwrap_or(0).max(1),
    }
}
