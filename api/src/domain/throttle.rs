//! Failed attempts to prove who one is, by account and address: ten in five minutes, and no permanent lock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use ipnetwork::IpNetwork;
use serde_json::json;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;

const FAILURES: i64 = 10;
const WITHIN: TimeDelta = TimeDelta::minutes(5);
const SIGN_IN: &str =
    "Too many failed sign-ins for this account from here. Wait a few minutes and try again.";

type Turns = HashMap<(String, IpNetwork), Arc<tokio::sync::Mutex<()>>>;

/// The attempts under way.
static TURNS: LazyLock<Mutex<Turns>> = LazyLock::new(Mutex::default);

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

    /// Waits until no other attempt on this account from this address is under way here: each is counted before the next
    /// is judged, however many come at once.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry((self.account.clone(), self.address)).or_default())
        };
        turn.lock_owned().await
    }

    /// Whether it may be made.
    ///
    /// # Errors
    /// 429 after ten failures in five minutes.
    pub fn check(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        self.check_up_to(conn, FAILURES, SIGN_IN)
    }

    /// Whether it may be made, where another number of failures than a sign-in's is borne; `message` says what to do.
    ///
    /// # Errors
    /// 429 after `most` failures in five minutes.
    pub fn check_up_to(
        &self,
        conn: &mut PgConnection,
        most: i64,
        message: &'static str,
    ) -> Result<(), ApiError> {
        let since = Utc::now() - WITHIN;
        let (failures, oldest) = models::sessions::failures(conn, &self.account, self.address, since)?;
        if failures >= most { Err(throttled(oldest, message)) } else { Ok(()) }
    }

    /// Notes that it failed; `user` is whose account it is, where there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn failed(&self, conn: &mut PgConnection, action: &str, user: Option<Uuid>) -> Result<(), ApiError> {
        self.count(conn)?;
        // From where: who looks into an attack needs it.
        let detail = match self.address.ip() {
            nowhere if nowhere.is_unspecified() => json!({}),
            address => json!({ "address": address }),
        };
        Ok(models::audit::insert(conn, Actor::System, action, ("user", user), detail)?)
    }

    /// Counts a failure that is audited elsewhere.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        Ok(models::sessions::insert_failure(conn, &self.account, self.address)?)
    }

    /// Forgets the failures before it: it was right.
    ///
    /// # Errors
    /// When the database fails.
    pub fn succeeded(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        Ok(models::sessions::delete_failures(conn, &self.account, self.address)?)
    }
}

fn throttled(oldest: Option<DateTime<Utc>>, message: &'static str) -> ApiError {
    let frees = oldest.map_or(WITHIN, |oldest| oldest + WITHIN - Utc::now());
    ApiError::TooManyRequests {
        message,
        retry_after_s: u64::try_from(frees.num_seconds()).unwrap_or(0).max(1),
    }
}
