//! recognizer
