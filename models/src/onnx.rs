//! The part of the ONNX protobuf schema that a pack needs, written by hand so that no `protoc` is involved.
//!
//! Field numbers are those of `onnx.proto3` (ONNX 1.16, IR version 8). Fields that are not listed are skipped
//! when a file is read, except those that a pack may not use: see [`inspect`].

use prost::Message;

/// `TensorProto.DataType.FLOAT`.
pub const FLOAT: i32 = 1;
/// `TensorProto.DataType.INT64`.
pub const INT64: i32 = 7;
/// Operator set that the converted graphs use.
pub const OPSET: i64 = 17;

/// A whole file.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Model {
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    #[prost(string, tag = "2")]
    pub producer_name: String,
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
}

/// Which operator set the nodes belong to.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct OperatorSet {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// Nodes, constants, inputs and outputs.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// One operation.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// A named constant of a node.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub s: Option<Vec<u8>>,
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    #[prost(message, optional, tag = "6")]
    pub g: Option<Graph>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<Graph>,
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// A constant array, little-endian in `raw_data`.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<KeyValue>,
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// Where external data lies; never allowed in a pack.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct KeyValue {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// Name and type of an input or output.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct ValueInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub kind: Option<ValueType>,
}

/// Only tensors occur.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct ValueType {
    #[prost(message, optional, tag = "1")]
    pub tensor: Option<TensorType>,
}

/// Element type and shape.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct TensorType {
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// Dimensions.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// One dimension of known size.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct Dimension {
    #[prost(int64, optional, tag = "1")]
    pub value: Option<i64>,
}

impl Attribute {
    /// A whole number.
    pub fn int(name: &str, value: i64) -> Self {
        Self { name: name.into(), i: Some(value), kind: 2, ..Self::default() }
    }

    /// Several whole numbers.
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self { name: name.into(), ints: values.to_vec(), kind: 7, ..Self::default() }
    }
}

impl Tensor {
    /// A constant of floats.
    pub fn floats(name: &str, dims: &[usize], values: &[f32]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: to_dims(dims), data_type: FLOAT, name: name.into(), raw_data, ..Self::default() }
    }

    /// A one-dimensional constant of 64-bit integers.
    pub fn integers(name: &str, values: &[i64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self {
            dims: to_dims(&[values.len()]),
            data_type: INT64,
            name: name.into(),
            raw_data,
            ..Self::default()
        }
    }
}

fn to_dims(dims: &[usize]) -> Vec<i64> {
    // A dimension of a network that fits in memory fits in an i64.
    dims.iter().map(|&dim| dim as i64).collect()
}

/// Collects nodes and constants and gives names to what lies between them.
#[derive(Default)]
pub struct Builder {
    graph: Graph,
}

impl Builder {
    /// An empty graph.
    pub fn new(name: &str) -> Self {
        Self { graph: Graph { name: name.into(), ..Graph::default() } }
    }

    /// Declares an input of floats.
    pub fn input(&mut self, name: &str, dims: &[usize]) {
        self.graph.input.push(value_info(name, dims));
    }

    /// Declares an output of floats; a node must have produced `name`.
    pub fn output(&mut self, name: &str, dims: &[usize]) {
        self.graph.output.push(value_info(name, dims));
    }

    /// Adds a constant of floats and answers its name.
    pub fn floats(&mut self, name: String, dims: &[usize], values: &[f32]) -> String {
        self.graph.initializer.push(Tensor::floats(&name, dims, values));
        name
    }

    /// Adds a constant of integers and answers its name.
    pub fn integers(&mut self, name: String, values: &[i64]) -> String {
        self.graph.initializer.push(Tensor::integers(&name, values));
        name
    }

    /// Adds an operation with one output and answers the output's name.
    pub fn node(&mut self, op: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.into()],
            name: output.into(),
            op_type: op.into(),
            attribute,
            domain: String::new(),
        });
        output.into()
    }

    /// The finished file's bytes.
    pub fn finish(self) -> Vec<u8> {
        Model {
            ir_version: 8,
            producer_name: "models".into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        }
        .encode_to_vec()
    }
}

fn value_info(name: &str, dims: &[usize]) -> ValueInfo {
    let dim = dims.iter().map(|&value| Dimension { value: Some(value as i64) }).collect();
    let tensor = TensorType { elem_type: FLOAT, shape: Some(Shape { dim }) };
    ValueInfo { name: name.into(), kind: Some(ValueType { tensor: Some(tensor) }) }
}

/// Why an ONNX file may not be part of a pack.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// The bytes are not an ONNX model.
    #[error("not an ONNX file: {0}")]
    NotOnnx(String),
    /// A tensor's numbers lie in another file, which the hash does not cover.
    #[error("tensor `{0}` keeps its data in another file; a pack's files must be self-contained")]
    ExternalData(String),
    /// An operator of another domain needs foreign native code.
    #[error("operator `{op}` of domain `{domain}` is not a standard ONNX operator")]
    CustomOperator {
        /// The operator.
        op: String,
        /// Its domain.
        domain: String,
    },
}

/// Refuses files with external data or operators outside the standard domains, before anything runs them.
pub fn inspect(bytes: &[u8]) -> Result<(), Refused> {
    let model = Model::decode(bytes).map_err(|error| Refused::NotOnnx(error.to_string()))?;
    let graph = model.graph.as_ref().ok_or_else(|| Refused::NotOnnx("it has no graph".into()))?;
    for set in &model.opset_import {
        refuse_domain(&set.domain, "(imported operator set)")?;
    }
    inspect_graph(graph)
}

fn inspect_graph(graph: &Graph) -> Result<(), Refused> {
    graph.initializer.iter().try_for_each(inspect_tensor)?;
    for node in &graph.node {
        refuse_domain(&node.domain, &node.op_type)?;
        for attribute in &node.attribute {
            attribute.t.iter().chain(&attribute.tensors).try_for_each(inspect_tensor)?;
            attribute.g.iter().chain(&attribute.graphs).try_for_each(inspect_graph)?;
        }
    }
    Ok(())
}

fn inspect_tensor(tensor: &Tensor) -> Result<(), Refused> {
    if tensor.data_location != 0 || !tensor.external_data.is_empty() {
        return Err(Refused::ExternalData(tensor.name.clone()));
    }
    Ok(())
}

fn refuse_domain(domain: &str, op: &str) -> Result<(), Refused> {
    if matches!(domain, "" | "ai.onnx" | "ai.onnx.ml") {
        return Ok(());
    }
    Err(Refused::CustomOperator { op: op.into(), domain: domain.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(node: Node, tensor: Tensor) -> Vec<u8> {
        let graph = Graph { node: vec![node], initializer: vec![tensor], ..Graph::default() };
        Model { graph: Some(graph), ..Model::default() }.encode_to_vec()
    }

    #[test]
    fn a_plain_graph_passes() {
        assert_eq!(inspect(&model(Node::default(), Tensor::floats("w", &[2], &[1.0, 2.0]))), Ok(()));
    }

    #[test]
    fn external_data_is_refused() {
        let tensor = Tensor { name: "w".into(), data_location: 1, ..Tensor::default() };
        assert_eq!(inspect(&model(Node::default(), tensor)), Err(Refused::ExternalData("w".into())));
    }

    #[test]
    fn external_data_inside_an_attribute_is_refused() {
        let external = KeyValue { key: "location".into(), value: "../secret".into() };
        let tensor = Tensor { name: "w".into(), external_data: vec![external], ..Tensor::default() };
        let attribute = Attribute { name: "value".into(), t: Some(tensor), kind: 4, ..Attribute::default() };
        let node = Node { op_type: "Constant".into(), attribute: vec![attribute], ..Node::default() };
        assert_eq!(inspect(&model(node, Tensor::default())), Err(Refused::ExternalData("w".into())));
    }

    #[test]
    fn a_custom_operator_is_refused() {
        let node = Node { op_type: "Run".into(), domain: "com.example".into(), ..Node::default() };
        let refused = Refused::CustomOperator { op: "Run".into(), domain: "com.example".into() };
        assert_eq!(inspect(&model(node, Tensor::default())), Err(refused));
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(matches!(inspect(b"not a model"), Err(Refused::NotOnnx(_))));
        assert!(matches!(inspect(b""), Err(Refused::NotOnnx(_))));
    }
}
