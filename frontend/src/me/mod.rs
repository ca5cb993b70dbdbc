//! Me: a member's own record. What they were seen as today, their month, what they ask to have put right, their rights.

mod ask;
mod page;
mod requests;

pub use page::MePage;
