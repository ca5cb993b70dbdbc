//! The audit: who did what to whom, what it was before, and where it stands in the chain.

mod detail;
mod filter;
mod section;
mod words;

pub use section::AuditSection;
