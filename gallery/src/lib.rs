//! In-memory template search.
