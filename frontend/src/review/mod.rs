//! Review: unknown faces, clustered by person, that wait for an administrator's word.

mod enrol;
mod item;
mod name;
mod page;
mod settings;
mod waiting;

pub use page::ReviewPage;
pub use waiting::{Waiting, provide_waiting};
