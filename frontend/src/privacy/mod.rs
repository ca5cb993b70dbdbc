//! Privacy: what people agree to, how long data is kept, and the rights of one person.

mod document;
mod erase;
mod give;
mod person;
mod retention;
mod section;
mod texts;

pub use person::PersonRights;
pub use section::PrivacySection;
