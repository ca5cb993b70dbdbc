//! TensorFlow.js graph → ONNX.
//!
//! TensorFlow keeps channels last (`NHWC`), ONNX second (`NCHW`), so every kernel and every axis argument is
//! permuted. A reshape of a feature map means the order of the numbers in memory: there the map is put back to
//! channels last first.

use std::collections::HashMap;

use crate::{
    onnx::{Attribute, Builder},
    tfjs::{Activation, GraphModel, GraphNode, GraphOp, Padding, TfjsError, Weights},
};

/// An output of the ONNX graph: outputs of the source, joined along the second axis.
pub struct Output<'a> {
    /// Its name in the ONNX graph.
    pub name: &'a str,
    /// Names of the source graph's outputs.
    pub parts: &'a [&'a str],
}

/// What is known about a value in the graph under construction.
#[derive(Clone)]
struct Value {
    name: String,
    /// Shape as in the source: `[1, height, width, channels]`, or whatever a reshape made of it.
    shape: Vec<usize>,
}

/// Writes `model` as ONNX with one input called `input` and the given outputs; what they do not need is left
/// out.
pub fn convert(model: &GraphModel, name: &str, outputs: &[Output]) -> Result<Vec<u8>, TfjsError> {
    let needed = needed(model, outputs);
    let mut conversion = Conversion { model, builder: Builder::new(name), values: HashMap::new() };
    for node in model.nodes.iter().filter(|node| needed.contains(&node.name.as_str())) {
        let value = conversion.node(node)?;
        conversion.values.insert(&node.name, value);
    }
    for output in outputs {
        conversion.output(output)?;
    }
    Ok(conversion.builder.finish())
}

fn needed<'a>(model: &'a GraphModel, outputs: &'a [Output]) -> Vec<&'a str> {
    let mut needed: Vec<&str> = outputs.iter().flat_map(|output| output.parts).copied().collect();
    let mut next = 0;
    while let Some(&name) = needed.get(next) {
        next += 1;
        for node in model.nodes.iter().filter(|node| node.name == name) {
            for input in &node.inputs {
                if !needed.contains(&input.as_str()) {
                    needed.push(input);
                }
            }
        }
    }
    needed
}

struct Conversion<'a> {
    model: &'a GraphModel,
    builder: Builder,
    values: HashMap<&'a str, Value>,
}

impl<'a> Conversion<'a> {
    fn node(&mut self, node: &'a GraphNode) -> Result<Value, TfjsError> {
        if let GraphOp::Placeholder(shape) = &node.op {
            let [_, height, width, channels] = shape[..] else {
                return Err(odd(node, "an input that is not an image"));
            };
            self.builder.input("input", &[1, channels, height, width]);
            return Ok(Value { name: "input".into(), shape: shape.clone() });
        }
        let value = self.value(node, 0)?;
        match &node.op {
            GraphOp::Conv { stride, padding, activation } => {
                self.conv(node, &value, *stride, *padding, *activation)
            }
            GraphOp::Depthwise { stride, padding } => self.depthwise(node, &value, *stride, *padding),
            GraphOp::MaxPool { size, stride, padding } => {
                self.max_pool(node, &value, *size, *stride, *padding)
            }
            GraphOp::Add => {
                let other = self.value(node, 1)?;
                if other.shape != value.shape {
                    return Err(odd(node, "an addition of different shapes"));
                }
                Ok(self.plain(node, "Add", &[&value.name, &other.name], value.shape.clone()))
            }
            GraphOp::Prelu => self.prelu(node, &value, 1, node.name.clone()),
            GraphOp::Pad => self.pad(node, &value),
            GraphOp::Reshape => self.reshape(node, &value),
            GraphOp::Relu => Ok(self.plain(node, "Relu", &[&value.name], value.shape.clone())),
            GraphOp::Sigmoid => Ok(self.plain(node, "Sigmoid", &[&value.name], value.shape.clone())),
            GraphOp::Identity => Ok(value),
            GraphOp::Placeholder(_) => unreachable!("handled above"),
        }
    }

    fn value(&self, node: &GraphNode, index: usize) -> Result<Value, TfjsError> {
        let name = node.inputs.get(index).ok_or_else(|| odd(node, "a missing input"))?;
        self.values.get(name.as_str()).cloned().ok_or_else(|| odd(node, "an input that comes later"))
    }

    fn constant(&self, node: &GraphNode, index: usize) -> Result<&'a Weights, TfjsError> {
        let name = node.inputs.get(index).ok_or_else(|| odd(node, "a missing constant"))?;
        self.model.weights.get(name).ok_or_else(|| odd(node, "an input that is not constant"))
    }

    fn plain(&mut self, node: &GraphNode, op: &str, inputs: &[&str], shape: Vec<usize>) -> Value {
        Value { name: self.builder.node(op, inputs, &node.name, vec![]), shape }
    }

    fn conv(
        &mut self,
        node: &GraphNode,
        value: &Value,
        stride: usize,
        padding: Padding,
        activation: Activation,
    ) -> Result<Value, TfjsError> {
        let kernel = self.constant(node, 1)?;
        let bias = self.constant(node, 2)?;
        let (dims, values) = kernel_to_onnx(kernel).ok_or_else(|| odd(node, "an odd kernel"))?;
        let window = Window::new(node, value, [dims[2], dims[3]], stride, padding)?;
        let kernel = self.builder.floats(format!("{}/kernel", node.name), &dims, &values);
        let bias = self.builder.floats(format!("{}/bias", node.name), &bias.dims, &bias.values);
        let name = match activation {
            Activation::None => node.name.clone(),
            _ => format!("{}/conv", node.name),
        };
        let inputs = [value.name.as_str(), &kernel, &bias];
        let name = self.builder.node("Conv", &inputs, &name, window.attributes(1));
        let value = Value { name, shape: window.shape(dims[0]) };
        match activation {
            Activation::None => Ok(value),
            Activation::Relu => Ok(self.plain(node, "Relu", &[&value.name], value.shape.clone())),
            Activation::Prelu => self.prelu(node, &value, 3, node.name.clone()),
        }
    }

    fn depthwise(
        &mut self,
        node: &GraphNode,
        value: &Value,
        stride: usize,
        padding: Padding,
    ) -> Result<Value, TfjsError> {
        let kernel = self.constant(node, 1)?;
        let [height, width, channels, 1] = kernel.dims[..] else {
            return Err(odd(node, "a depth multiplier"));
        };
        let window = Window::new(node, value, [height, width], stride, padding)?;
        let values = permute(&kernel.values, height * width, channels);
        let dims = [channels, 1, height, width];
        let kernel = self.builder.floats(format!("{}/kernel", node.name), &dims, &values);
        let inputs = [value.name.as_str(), &kernel];
        let name = self.builder.node("Conv", &inputs, &node.name, window.attributes(channels));
        Ok(Value { name, shape: window.shape(channels) })
    }

    fn max_pool(
        &mut self,
        node: &GraphNode,
        value: &Value,
        size: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Value, TfjsError> {
        let window = Window::new(node, value, [size, size], stride, padding)?;
        let mut attributes = window.attributes(1);
        attributes.retain(|attribute| attribute.name != "group");
        let name = self.builder.node("MaxPool", &[&value.name], &node.name, attributes);
        Ok(Value { name, shape: window.shape(value.shape[3]) })
    }

    fn prelu(
        &mut self,
        node: &GraphNode,
        value: &Value,
        slope: usize,
        output: String,
    ) -> Result<Value, TfjsError> {
        let slope = self.constant(node, slope)?;
        let channels = slope.values.len();
        let slope = self.builder.floats(format!("{output}/slope"), &[channels, 1, 1], &slope.values);
        let name = self.builder.node("PRelu", &[&value.name, &slope], &output, vec![]);
        Ok(Value { name, shape: value.shape.clone() })
    }

    fn pad(&mut self, node: &GraphNode, value: &Value) -> Result<Value, TfjsError> {
        let amounts: Vec<usize> = self.constant(node, 1)?.values.iter().map(|&v| v as usize).collect();
        let [0, 0, top, bottom, left, right, front, back] = amounts[..] else {
            return Err(odd(node, "padding of something that is not a feature map"));
        };
        let pads = [0, front, top, left, 0, back, bottom, right].map(|amount| amount as i64);
        let pads = self.builder.integers(format!("{}/pads", node.name), &pads);
        let shape = vec![
            value.shape[0],
            value.shape[1] + top + bottom,
            value.shape[2] + left + right,
            value.shape[3] + front + back,
        ];
        Ok(self.plain(node, "Pad", &[&value.name, &pads], shape))
    }

    fn reshape(&mut self, node: &GraphNode, value: &Value) -> Result<Value, TfjsError> {
        let mut target: Vec<i64> = self.constant(node, 1)?.values.iter().map(|&v| v as i64).collect();
        let known: i64 = target.iter().filter(|&&dim| dim >= 0).product();
        let count = value.shape.iter().product::<usize>() as i64;
        target.iter_mut().filter(|dim| **dim < 0).for_each(|dim| *dim = count / known.max(1));
        if target.iter().product::<i64>() != count {
            return Err(odd(node, "a shape of another size"));
        }
        let last = Attribute::ints("perm", &[0, 2, 3, 1]);
        let name = format!("{}/channels_last", node.name);
        let source = self.builder.node("Transpose", &[&value.name], &name, vec![last]);
        let shape = self.builder.integers(format!("{}/shape", node.name), &target);
        let shape_out = target.iter().map(|&dim| dim as usize).collect();
        Ok(self.plain(node, "Reshape", &[&source, &shape], shape_out))
    }

    fn output(&mut self, output: &Output) -> Result<(), TfjsError> {
        let missing = |part: &str| TfjsError::Graph(format!("there is no output `{part}`"));
        let parts = output.parts.iter().map(|part| self.values.get(part).ok_or_else(|| missing(part)));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let [first, rest @ ..] = &parts[..] else {
            return Err(TfjsError::Graph(format!("output `{}` has no parts", output.name)));
        };
        let mut shape = first.shape.clone();
        shape[1] += rest.iter().map(|part| part.shape[1]).sum::<usize>();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        if rest.is_empty() {
            self.builder.node("Identity", &names, output.name, vec![]);
        } else {
            self.builder.node("Concat", &names, output.name, vec![Attribute::int("axis", 1)]);
        }
        self.builder.output(output.name, &shape);
        Ok(())
    }
}

fn odd(node: &GraphNode, what: &str) -> TfjsError {
    TfjsError::Graph(format!("`{}`: {what} is not supported", node.name))
}

/// A sliding window with its border and the size of what comes out.
struct Window {
    kernel: [usize; 2],
    stride: usize,
    pads: [(usize, usize); 2],
    out: [usize; 2],
}

impl Window {
    fn new(
        node: &GraphNode,
        value: &Value,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
    ) -> Result<Self, TfjsError> {
        let [_, height, width, _] = value.shape[..] else {
            return Err(odd(node, "a window over something that is not a feature map"));
        };
        let axis = |size: usize, window: usize| {
            let (before, after) = padding.amounts(size, window, stride);
            let out = (size + before + after).checked_sub(window).map(|rest| rest / stride + 1);
            out.map(|out| ((before, after), out)).ok_or_else(|| odd(node, "a window larger than its map"))
        };
        let (vertical, rows) = axis(height, kernel[0])?;
        let (horizontal, columns) = axis(width, kernel[1])?;
        Ok(Self { kernel, stride, pads: [vertical, horizontal], out: [rows, columns] })
    }

    fn shape(&self, channels: usize) -> Vec<usize> {
        vec![1, self.out[0], self.out[1], channels]
    }

    fn attributes(&self, group: usize) -> Vec<Attribute> {
        let [(top, bottom), (left, right)] = self.pads;
        let pads = [top, left, bottom, right].map(|amount| amount as i64);
        vec![
            Attribute::int("group", group as i64),
            Attribute::ints("kernel_shape", &self.kernel.map(|size| size as i64)),
            Attribute::ints("strides", &[self.stride as i64; 2]),
            Attribute::ints("pads", &pads),
        ]
    }
}

/// A kernel `[height, width, in, out]` as `[out, in, height, width]`; None when it has other axes.
pub fn kernel_to_onnx(kernel: &Weights) -> Option<([usize; 4], Vec<f32>)> {
    let [height, width, inputs, outputs] = kernel.dims[..] else { return None };
    let rows = permute(&kernel.values, height * width * inputs, outputs);
    let area = height * width;
    let planes = rows.chunks(area * inputs).flat_map(|row| permute(row, area, inputs)).collect();
    Some(([outputs, inputs, height, width], planes))
}

/// Transposes a row-major matrix.
fn permute(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_move_their_outputs_first() {
        // value = 1000·y + 100·x + 10·in + out, so each number names its place.
        let (height, width, inputs, outputs) = (2, 3, 2, 4);
        let mut values = vec![];
        for y in 0..height {
            for x in 0..width {
                for i in 0..inputs {
                    values.extend((0..outputs).map(|o| (1000 * y + 100 * x + 10 * i + o) as f32));
                }
            }
        }
        let kernel = Weights { dims: vec![height, width, inputs, outputs], values };
        let (dims, moved) = kernel_to_onnx(&kernel).expect("four axes");
        assert_eq!(dims, [4, 2, 2, 3]);
        let at = |o: usize, i: usize, y: usize, x: usize| moved[((o * inputs + i) * height + y) * width + x];
        assert_eq!(at(3, 1, 1, 2), 1213.0);
        assert_eq!(at(1, 0, 0, 2), 201.0);
    }
}
