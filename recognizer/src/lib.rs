//! The face service: a picture in, its faces with embeddings out. It knows no people.
//!
//! The stages are plain synchronous functions, one file each, in this order: [`decode`] (bytes to pixels),
//! [`detect`] (every face), [`landmarks`] (its points), [`align`] (an upright picture of it), [`embed`] (its
//! vector), [`quality`], [`liveness`] and [`pose`]. [`pipeline`] runs them on one thread, [`tracker`] follows faces over
//! the frames of a stream, [`pool`] owns the threads, [`server`] speaks HTTP. What is particular to a model
//! stands in its pack (`models::pack`); nothing here names one.

pub mod align;
pub mod config;
pub mod decode;
pub mod detect;
pub mod embed;
pub mod evaluate;
pub mod landmarks;
pub mod liveness;
pub mod metrics;
pub mod network;
pub mod pipeline;
pub mod places;
pub mod pool;
pub mod pose;
pub mod quality;
pub mod server;
pub mod startup;
pub mod tracker;
