//! The kiosk: the page of a tablet at the door, which needs no one to be signed in and no network at every moment.
//!
//! `page` decides between pairing and the door's `screen`. `frames` sends the camera while the server is there; while it
//! is not, `keeper` keeps what shows a change in `store`, sealed, and sends it afterwards. `pin` and `badge` are for
//! whoever is not recognised, `leave` for whoever looks after the tablet. Rules that need no browser (`bounds`, `code`,
//! `day_part`, `hint`, `motion`, `pace`, `replay`) stand alone and are tested on the host.

mod badge;
mod bounds;
mod browser;
mod check_in;
mod code;
mod day_part;
mod frames;
mod greeting;
mod heart;
mod hint;
mod keeper;
mod keys;
mod leave;
mod memory;
mod motion;
mod outfit;
mod pace;
mod page;
mod pairing;
mod pin;
mod replay;
mod screen;
mod state;
mod store;

pub use page::KioskPage;
