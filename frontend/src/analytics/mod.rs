//! Analytics: attendance as charts, each of which reads as a table too.

mod arrivals;
mod bars;
mod card;
mod explore;
mod heatmap;
mod lateness;
mod page;
mod rate;
mod today;

pub use page::AnalyticsPart;
