//! Privacy: what people agree to, how long data is kept, and the rights of one person.

mod document;
mod erase;
mod give;
mod give_many;
mod person;
mod retention;
mod section;
mod texts;

pub use erase::EraseDialog;
pub use give_many::GiveManyDialog;
pub use person::PersonRights;
pub use section::PrivacySection;
