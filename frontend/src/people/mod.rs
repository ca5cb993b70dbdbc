//! People: the list, adding somebody, and one person's page. Their days ([`timeline`], [`calendar`]) show wherever a
//! person has a page.

mod add;
mod burst;
pub mod calendar;
mod consent;
mod details;
mod fields;
pub mod files;
mod list;
mod nav;
mod person;
mod photos;
mod picker;
mod selection;
mod states;
pub mod timeline;
mod webcam;

pub use add::{Objections, Obstacle};
pub use consent::ConsentCheck;
pub use fields::{FormState, PersonFields};
pub use list::PeoplePage;
pub use nav::{PeopleNav, Segment};
pub use person::PersonPage;
