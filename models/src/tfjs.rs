//! Reads TensorFlow.js files: a JSON manifest (and, for graph models, the graph) beside raw numbers.
//!
//! Numbers are little-endian and follow one another in the manifest's order. A tensor may be quantised: as
//! `uint8` it is `number * scale + min`, as `float16` it is widened. Graph attributes are protobuf's JSON form:
//! integers as strings, byte strings in base64.

use std::collections::HashMap;

use base64::Engine as _;
use serde::Deserialize;

/// Why the files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TfjsError {
    /// The manifest is not the JSON that was expected.
    #[error("manifest: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The manifest and the numbers do not fit together.
    #[error("weights: {0}")]
    Weights(String),
    /// The graph uses something that is not converted.
    #[error("graph: {0}")]
    Graph(String),
}

/// The numbers of one tensor, channels last.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Dimensions.
    pub dims: Vec<usize>,
    /// The numbers; integer tensors (shapes, paddings) are exact in f32.
    pub values: Vec<f32>,
}

/// All tensors by name.
pub type WeightMap = HashMap<String, Weights>;

#[derive(Deserialize)]
struct ManifestGroup {
    weights: Vec<ManifestWeight>,
}

#[derive(Deserialize)]
struct ManifestWeight {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    dtype: String,
    #[serde(default)]
    scale: f64,
    #[serde(default)]
    min: f64,
}

/// Reads a plain manifest (`[{weights, paths}]`) with its numbers.
pub fn read_weights(manifest: &[u8], raw: &[u8]) -> Result<WeightMap, TfjsError> {
    unpack(&serde_json::from_slice::<Vec<ManifestGroup>>(manifest)?, raw)
}

fn unpack(groups: &[ManifestGroup], raw: &[u8]) -> Result<WeightMap, TfjsError> {
    let mut rest = raw;
    let mut map = WeightMap::new();
    for weight in groups.iter().flat_map(|group| &group.weights) {
        let count = weight.shape.iter().product::<usize>();
        let stored = weight.quantization.as_ref().map_or(weight.dtype.as_str(), |q| q.dtype.as_str());
        let width = match stored {
            "float32" | "int32" => 4,
            "float16" => 2,
            "uint8" => 1,
            other => return Err(TfjsError::Weights(format!("`{}` is stored as {other}", weight.name))),
        };
        let (bytes, after) = rest
            .split_at_checked(count * width)
            .ok_or_else(|| TfjsError::Weights(format!("the file ends inside `{}`", weight.name)))?;
        rest = after;
        let values = decode(bytes, stored, weight.quantization.as_ref());
        map.insert(weight.name.clone(), Weights { dims: weight.shape.clone(), values });
    }
    if !rest.is_empty() {
        return Err(TfjsError::Weights(format!("{} bytes are left over", rest.len())));
    }
    Ok(map)
}

fn decode(bytes: &[u8], stored: &str, quantization: Option<&Quantization>) -> Vec<f32> {
    let quads = bytes.as_chunks::<4>().0.iter();
    match stored {
        "float32" => quads.map(|&quad| f32::from_le_bytes(quad)).collect(),
        "int32" => quads.map(|&quad| i32::from_le_bytes(quad) as f32).collect(),
        "float16" => {
            bytes.as_chunks::<2>().0.iter().map(|&pair| half_to_f32(u16::from_le_bytes(pair))).collect()
        }
        _ => {
            let (scale, min) = quantization.map_or((1.0, 0.0), |q| (q.scale, q.min));
            bytes.iter().map(|&byte| (f64::from(byte) * scale + min) as f32).collect()
        }
    }
}

/// Widens an IEEE 754 half. `f16` is not in stable Rust.
fn half_to_f32(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((half >> 10) & 0x1f);
    let fraction = f32::from(half & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// A graph model: operations in the order of their dependencies, and the constants.
#[derive(Debug)]
pub struct GraphModel {
    /// Operations; constants are left out.
    pub nodes: Vec<GraphNode>,
    /// Constants by name.
    pub weights: WeightMap,
}

/// One operation of a TensorFlow.js graph.
#[derive(Debug, Clone)]
pub struct GraphNode {
    /// Its name, which is also its output's.
    pub name: String,
    /// Operations and constants that feed it.
    pub inputs: Vec<String>,
    /// What it does.
    pub op: GraphOp,
}

/// The operations that occur in the published face models.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum GraphOp {
    /// The input, of this shape (channels last).
    Placeholder(Vec<usize>),
    /// Convolution with bias (input 1 kernel, 2 bias) and, fused, what follows.
    Conv {
        stride: usize,
        padding: Padding,
        activation: Activation,
    },
    /// Depthwise convolution without bias.
    Depthwise {
        stride: usize,
        padding: Padding,
    },
    Add,
    Relu,
    /// Slope in input 1.
    Prelu,
    MaxPool {
        size: usize,
        stride: usize,
        padding: Padding,
    },
    /// Amounts in input 1, one pair per axis.
    Pad,
    /// Shape in input 1.
    Reshape,
    Sigmoid,
    Identity,
}

/// TensorFlow's two ways to treat the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Padding {
    Same,
    Valid,
}

impl Padding {
    /// Zeros before and after one axis of `size`, for a window of `window` and `stride`.
    ///
    /// TensorFlow's rule: `SAME` gives `ceil(size / stride)` outputs and puts an odd zero at the end.
    pub fn amounts(self, size: usize, window: usize, stride: usize) -> (usize, usize) {
        match self {
            Self::Valid => (0, 0),
            Self::Same => {
                let total = ((size.div_ceil(stride) - 1) * stride + window).saturating_sub(size);
                (total / 2, total - total / 2)
            }
        }
    }
}

/// What is fused behind a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Activation {
    None,
    Relu,
    /// Slope in input 3.
    Prelu,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphFile {
    model_topology: Topology,
    weights_manifest: Vec<ManifestGroup>,
}

#[derive(Deserialize)]
struct Topology {
    node: Vec<RawNode>,
}

#[derive(Deserialize)]
struct RawNode {
    name: String,
    op: String,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    attr: HashMap<String, serde_json::Value>,
}

/// Reads a graph model's JSON file with its numbers.
pub fn read_graph(json: &[u8], raw: &[u8]) -> Result<GraphModel, TfjsError> {
    let file: GraphFile = serde_json::from_slice(json)?;
    let weights = unpack(&file.weights_manifest, raw)?;
    let nodes = file.model_topology.node.into_iter().filter(|node| node.op != "Const").map(parse_node);
    Ok(GraphModel { nodes: nodes.collect::<Result<_, _>>()?, weights })
}

fn parse_node(raw: RawNode) -> Result<GraphNode, TfjsError> {
    let op = match raw.op.as_str() {
        "Placeholder" => GraphOp::Placeholder(placeholder_shape(&raw)?),
        "_FusedConv2D" => {
            let fused = strings(&raw, "fused_ops")?;
            let activation = match fused.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["BiasAdd"] => Activation::None,
                ["BiasAdd", "Relu"] => Activation::Relu,
                ["BiasAdd", "Prelu"] => Activation::Prelu,
                _ => return Err(unsupported(&raw, &format!("fused {fused:?}"))),
            };
            GraphOp::Conv { stride: square(&raw, "strides")?, padding: padding(&raw)?, activation }
        }
        "DepthwiseConv2dNative" => {
            GraphOp::Depthwise { stride: square(&raw, "strides")?, padding: padding(&raw)? }
        }
        "MaxPool" => GraphOp::MaxPool {
            size: square(&raw, "ksize")?,
            stride: square(&raw, "strides")?,
            padding: padding(&raw)?,
        },
        "AddV2" => GraphOp::Add,
        "Relu" => GraphOp::Relu,
        "Prelu" => GraphOp::Prelu,
        "Pad" => GraphOp::Pad,
        "Reshape" => GraphOp::Reshape,
        "Sigmoid" => GraphOp::Sigmoid,
        "Identity" => GraphOp::Identity,
        other => return Err(unsupported(&raw, other)),
    };
    if raw.attr.contains_key("dilations") && integers(&raw, "dilations")?.iter().any(|&d| d != 1) {
        return Err(unsupported(&raw, "dilation"));
    }
    Ok(GraphNode { name: raw.name, inputs: raw.input, op })
}

fn unsupported(raw: &RawNode, what: &str) -> TfjsError {
    TfjsError::Graph(format!("`{}`: {what} is not supported", raw.name))
}

fn placeholder_shape(raw: &RawNode) -> Result<Vec<usize>, TfjsError> {
    let dims = raw.attr.get("shape").and_then(|shape| shape.pointer("/shape/dim"));
    let dims = dims.and_then(|dims| dims.as_array()).ok_or_else(|| unsupported(raw, "an unknown shape"))?;
    // A batch of unknown size is given as -1; the packs run one picture at a time.
    let size = |dim: &serde_json::Value| dim.pointer("/size")?.as_str()?.parse::<i64>().ok();
    let dims = dims.iter().map(|dim| size(dim).map(|size| size.max(1) as usize));
    dims.collect::<Option<_>>().ok_or_else(|| unsupported(raw, "an unknown shape"))
}

fn integers(raw: &RawNode, name: &str) -> Result<Vec<usize>, TfjsError> {
    let list = raw.attr.get(name).and_then(|value| value.pointer("/list/i")).and_then(|list| list.as_array());
    let parse = |items: &Vec<serde_json::Value>| {
        items.iter().map(|item| item.as_str()?.parse().ok()).collect::<Option<Vec<usize>>>()
    };
    list.and_then(parse).ok_or_else(|| unsupported(raw, &format!("a missing or odd {name}")))
}

/// Stride or window, which must be the same both ways.
fn square(raw: &RawNode, name: &str) -> Result<usize, TfjsError> {
    match integers(raw, name)?[..] {
        [1, down, across, 1] if down == across => Ok(down),
        ref other => Err(unsupported(raw, &format!("{name} {other:?}"))),
    }
}

fn padding(raw: &RawNode) -> Result<Padding, TfjsError> {
    let text = raw.attr.get("padding").and_then(|value| value.pointer("/s")).and_then(|s| s.as_str());
    match text.map(decode_base64).as_deref() {
        Some("SAME") => Ok(Padding::Same),
        Some("VALID") => Ok(Padding::Valid),
        other => Err(unsupported(raw, &format!("padding {other:?}"))),
    }
}

fn strings(raw: &RawNode, name: &str) -> Result<Vec<String>, TfjsError> {
    let list = raw.attr.get(name).and_then(|value| value.pointer("/list/s")).and_then(|s| s.as_array());
    let list = list.ok_or_else(|| unsupported(raw, &format!("a missing {name}")))?;
    Ok(list.iter().filter_map(|item| item.as_str()).map(decode_base64).collect())
}

fn decode_base64(text: &str) -> String {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_widen() {
        for (half, wide) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0), (0x8000, -0.0)]
        {
            assert_eq!(half_to_f32(half), wide, "{half:#06x}");
        }
        assert!(half_to_f32(0x7c00).is_infinite());
        assert!(half_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn quantised_numbers_unfold() {
        let manifest = br#"[{"paths":["x.bin"],"weights":[
            {"name":"a","shape":[2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1.0}},
            {"name":"b","shape":[1],"dtype":"int32"}]}]"#;
        let map = read_weights(manifest, &[0, 4, 7, 0, 0, 0]).expect("valid");
        assert_eq!(map["a"].values, [-1.0, 1.0]);
        assert_eq!(map["b"].values, [7.0]);
    }

    #[test]
    fn a_short_or_long_file_is_refused() {
        let manifest = br#"[{"weights":[{"name":"a","shape":[2],"dtype":"float32"}]}]"#;
        let short = read_weights(manifest, &[0; 7]).expect_err("short").to_string();
        assert_eq!(short, "weights: the file ends inside `a`");
        let long = read_weights(manifest, &[0; 9]).expect_err("long").to_string();
        assert_eq!(long, "weights: 1 bytes are left over");
    }

    #[test]
    fn same_padding_puts_the_odd_zero_last() {
        assert_eq!(Padding::Same.amounts(256, 5, 2), (1, 2));
        assert_eq!(Padding::Same.amounts(16, 3, 1), (1, 1));
        assert_eq!(Padding::Same.amounts(64, 2, 2), (0, 0));
        assert_eq!(Padding::Valid.amounts(150, 7, 2), (0, 0));
    }

    #[test]
    fn an_unknown_operation_is_named() {
        let json = br#"{"modelTopology":{"node":[{"name":"n","op":"Einsum"}]},"weightsManifest":[]}"#;
        let error = read_graph(json, &[]).expect_err("unsupported").to_string();
        assert_eq!(error, "graph: `n`: Einsum is not supported");
    }
}
