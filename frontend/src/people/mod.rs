//! People: the list, adding somebody, and one person's page.

mod add;
mod burst;
mod consent;
mod details;
mod fields;
mod list;
mod log;
mod person;
mod photos;
mod picker;
mod webcam;

pub use add::{Objections, Obstacle};
pub use consent::ConsentCheck;
pub use fields::{FormState, PersonFields};
pub use list::PeoplePage;
pub use person::PersonPage;
