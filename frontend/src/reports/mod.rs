//! Reports: a kind, days, whose; on screen and as files.

mod choice;
mod days;
mod page;
mod person;
mod pictures;
mod table;
mod words;

pub use choice::{LONGEST, range_problem, span_of, span_query};
pub use days::{DaysField, GroupField, Presets};
pub use page::ReportsPage;
pub use person::PersonField;
pub use table::percent;
pub use words::kind_name;
