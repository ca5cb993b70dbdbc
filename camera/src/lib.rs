//! The edge agent: takes pictures from cameras, chooses those that show motion, and sends them; or keeps them sealed on
//! disk while the server is away.
//!
//! Each camera runs on its own ([`agent`]): a source hands pictures to a slot where the newest wins ([`source`]), the
//! picker looks for motion and numbers what is due ([`picker`], [`motion`], [`pace`]), the outbox decides whether a frame
//! is sent or kept ([`outbox`]), and the uplink sends live frames, kept ones and heartbeats ([`uplink`]). Kept frames
//! lie in a queue that survives a power cut at any byte ([`queue`], [`keeper`]).

pub mod agent;
pub mod clock;
pub mod commands;
pub mod config;
pub mod context;
pub mod health;
pub mod keeper;
pub mod logging;
pub mod motion;
pub mod outbox;
pub mod pace;
pub mod picker;
pub mod picture;
pub mod queue;
pub mod secret;
pub mod source;
pub mod state;
pub mod tls;
pub mod uplink;
