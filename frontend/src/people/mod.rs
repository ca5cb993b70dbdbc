//! People: the list, adding somebody, and one person's page.

mod add;
mod consent;
mod details;
mod fields;
mod list;
mod log;
mod person;
mod photos;
mod picker;
mod webcam;

pub use list::PeoplePage;
pub use person::PersonPage;
