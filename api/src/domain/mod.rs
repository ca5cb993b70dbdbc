//! The rules of the product: no HTTP here, and SQL only through `models`.

pub mod arrivals;
pub mod clock;
pub mod decision;
pub mod enrolment;
pub mod feeds;
pub mod first_admin;
pub mod frames;
pub mod gallery_sync;
pub mod master_key;
pub mod names;
pub mod passwords;
pub mod people;
pub mod photos;
pub mod recognizer;
pub mod sessions;
pub mod site;
pub mod streams;
pub mod traffic;
