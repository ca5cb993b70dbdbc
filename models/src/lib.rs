//! Model packs: what a pack is, and how published weights become one.
//!
//! The weights of the default pack are published on npm as TensorFlow.js files: a JSON manifest beside raw
//! numbers. [`tfjs`] reads them, [`graph`] and [`resnet`] write the same networks as ONNX ([`onnx`]), with the
//! channel axis moved from last to second place, and [`reference`] evaluates the *source* network naively, so
//! that the golden vectors stored in the pack come from an evaluation that shares no code with the conversion.
//! Whoever loads the pack runs [`golden::picture`] through the ONNX files and compares.
//!
//! [`pack`] is the format of `pack.toml`; the recognizer reads it with the same types that write it here.

pub mod default_pack;
pub mod golden;
pub mod graph;
pub mod onnx;
pub mod pack;
pub mod published;
pub mod reference;
pub mod resnet;
pub mod tfjs;

/// Lower-case hexadecimal SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
