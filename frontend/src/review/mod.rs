//! Review: unknown faces, clustered by person, that wait for an administrator's word.

mod beside;
mod check;
mod enrol;
mod item;
mod name;
mod page;
mod settings;
mod settle;
mod waiting;

pub use beside::UnknownFaces;
pub use check::ToCheck;
pub use page::ReviewPage;
pub use settle::ArrivalActions;
pub use waiting::{Waiting, provide_waiting};
