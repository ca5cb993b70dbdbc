//! Kiosks: tablets that an admin has paired with a feed, where people come in by face, PIN or badge.
//!
//! `pairing` makes a tablet a kiosk and ends that; `check_ins` takes PINs and badges; `greetings` says who came, and
//! `passage` whether they come or go.

pub mod check_ins;
pub mod greetings;
pub mod pairing;
pub mod passage;

use std::net::IpAddr;

use uuid::Uuid;

use crate::models::feeds::Feed;

/// A paired kiosk that asks.
#[derive(Debug, Clone)]
pub struct Kiosk {
    /// Its feed.
    pub feed: Feed,
    /// What its token is called.
    pub token: Uuid,
    /// From where it asks.
    pub address: IpAddr,
}
