//! Imports: people from a table, photos from an archive, each seen before it is stored or while it is.

mod csv;
mod drop;
mod page;
mod photos;
mod rows;
mod table;

pub use page::ImportPage;
