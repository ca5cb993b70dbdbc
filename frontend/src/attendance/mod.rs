//! Attendance: the sheet of a class, who is on site, requests to put a day right.

mod corrections;
mod edits;
mod on_site;
mod page;
mod saving;
mod sheet;
mod words;

pub use corrections::StateChange;
pub use edits::Drafts;
pub use on_site::forget as forget_on_site;
pub use page::AttendancePage;
pub use words::{StateChip, letter as state_letter, name as state_name};
