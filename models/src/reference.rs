//! Naive evaluation of the *source* networks, channels last, straight from the published weights.
//!
//! It shares nothing with the conversion but the parsed file, so that agreement between this and what ONNX
//! Runtime makes of the converted file means that the conversion is right. Slow and plain on purpose.

use std::collections::HashMap;

use crate::{
    resnet::BLOCKS,
    tfjs::{Activation, GraphModel, GraphNode, GraphOp, Padding, TfjsError, WeightMap, Weights},
};

/// A feature map or a vector, channels last.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// `[1, height, width, channels]`, or what a reshape made of it.
    pub shape: Vec<usize>,
    /// The numbers.
    pub values: Vec<f32>,
}

impl Array {
    fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        self.values.iter_mut().for_each(|value| *value = change(*value));
        self
    }

    fn add(mut self, other: &Self) -> Self {
        self.values.iter_mut().zip(&other.values).for_each(|(value, other)| *value += other);
        self
    }

    /// Applies `change(value, channel)`.
    fn by_channel(mut self, change: impl Fn(f32, usize) -> f32) -> Self {
        let channels = self.shape.last().copied().unwrap_or(1);
        self.values.iter_mut().enumerate().for_each(|(i, value)| *value = change(*value, i % channels));
        self
    }

    fn sides(&self) -> [usize; 3] {
        [self.shape[1], self.shape[2], self.shape[3]]
    }
}

/// An RGB picture as a network's input: `(pixel - mean) * scale`.
pub fn input(pixels: &[u8], width: usize, height: usize, mean: [f32; 3], scale: f32) -> Array {
    let values = pixels.iter().map(|&pixel| f32::from(pixel)).collect();
    Array { shape: vec![1, height, width, 3], values }.by_channel(|value, c| (value - mean[c]) * scale)
}

/// Runs a graph on `input` and answers the values of `outputs`.
pub fn run_graph(model: &GraphModel, input: &Array, outputs: &[&str]) -> Result<Vec<Array>, TfjsError> {
    let mut values: HashMap<&str, Array> = HashMap::new();
    for node in &model.nodes {
        let value = run_node(model, node, input, &values)?;
        values.insert(&node.name, value);
    }
    let missing = |name: &str| TfjsError::Graph(format!("there is no output `{name}`"));
    outputs.iter().map(|name| values.get(name).cloned().ok_or_else(|| missing(name))).collect()
}

fn run_node(
    model: &GraphModel,
    node: &GraphNode,
    input: &Array,
    values: &HashMap<&str, Array>,
) -> Result<Array, TfjsError> {
    let missing = |i: usize| TfjsError::Graph(format!("`{}` lacks input {i}", node.name));
    let value = |i: usize| {
        node.inputs.get(i).and_then(|name| values.get(name.as_str())).cloned().ok_or_else(|| missing(i))
    };
    let weight =
        |i: usize| node.inputs.get(i).and_then(|name| model.weights.get(name)).ok_or_else(|| missing(i));
    Ok(match &node.op {
        GraphOp::Placeholder(_) => input.clone(),
        GraphOp::Conv { stride, padding, activation } => {
            let bias = weight(2)?;
            let out = conv(&value(0)?, weight(1)?, *stride, *padding);
            let out = out.by_channel(|value, c| value + bias.values[c]);
            match activation {
                Activation::None => out,
                Activation::Relu => out.map(|value| value.max(0.0)),
                Activation::Prelu => prelu(out, weight(3)?),
            }
        }
        GraphOp::Depthwise { stride, padding } => depthwise(&value(0)?, weight(1)?, *stride, *padding),
        GraphOp::Add => value(0)?.add(&value(1)?),
        GraphOp::Relu => value(0)?.map(|value| value.max(0.0)),
        GraphOp::Prelu => prelu(value(0)?, weight(1)?),
        GraphOp::MaxPool { size, stride, padding } => {
            pool(&value(0)?, *size, *stride, *padding, f32::NEG_INFINITY, f32::max)
        }
        GraphOp::Pad => pad(&value(0)?, &weight(1)?.values),
        GraphOp::Reshape => {
            let value = value(0)?;
            Array { shape: vec![1, value.values.len()], values: value.values }
        }
        GraphOp::Sigmoid => value(0)?.map(|value| 1.0 / (1.0 + (-value).exp())),
        GraphOp::Identity => value(0)?,
    })
}

fn prelu(value: Array, slope: &Weights) -> Array {
    value.by_channel(|value, c| if value < 0.0 { value * slope.values[c] } else { value })
}

fn conv(map: &Array, kernel: &Weights, stride: usize, padding: Padding) -> Array {
    let [height, width, inputs] = map.sides();
    let [rows, columns, _, outputs] = [0, 1, 2, 3].map(|axis| kernel.dims[axis]);
    slide(map, [rows, columns], outputs, stride, padding, |cell, y, x, place| {
        debug_assert!(y < height && x < width);
        let pixel = &map.values[(y * width + x) * inputs..][..inputs];
        for (i, &value) in pixel.iter().enumerate() {
            let weights = &kernel.values[(place * inputs + i) * outputs..][..outputs];
            cell.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
        }
    })
}

fn depthwise(map: &Array, kernel: &Weights, stride: usize, padding: Padding) -> Array {
    let [_, width, channels] = map.sides();
    let size = [kernel.dims[0], kernel.dims[1]];
    slide(map, size, channels, stride, padding, |cell, y, x, place| {
        let pixel = &map.values[(y * width + x) * channels..][..channels];
        let weights = &kernel.values[place * channels..][..channels];
        let terms = pixel.iter().zip(weights);
        cell.iter_mut().zip(terms).for_each(|(sum, (value, weight))| *sum += value * weight);
    })
}

/// Calls `visit(cell, y, x, place in the window)` for every pixel under every window; cells start at zero.
fn slide(
    map: &Array,
    [rows, columns]: [usize; 2],
    outputs: usize,
    stride: usize,
    padding: Padding,
    visit: impl Fn(&mut [f32], usize, usize, usize),
) -> Array {
    let [height, width, _] = map.sides();
    let (top, bottom) = padding.amounts(height, rows, stride);
    let (left, right) = padding.amounts(width, columns, stride);
    let out_height = (height + top + bottom - rows) / stride + 1;
    let out_width = (width + left + right - columns) / stride + 1;
    let mut values = vec![0.0; out_height * out_width * outputs];
    for (index, cell) in values.chunks_mut(outputs).enumerate() {
        let (from_y, from_x) = (index / out_width * stride, index % out_width * stride);
        for place in 0..rows * columns {
            let (y, x) = (from_y + place / columns, from_x + place % columns);
            if (top..top + height).contains(&y) && (left..left + width).contains(&x) {
                visit(cell, y - top, x - left, place);
            }
        }
    }
    Array { shape: vec![1, out_height, out_width, outputs], values }
}

fn pool(
    map: &Array,
    size: usize,
    stride: usize,
    padding: Padding,
    start: f32,
    join: impl Fn(f32, f32) -> f32,
) -> Array {
    let [_, width, channels] = map.sides();
    slide(map, [size, size], channels, stride, padding, |cell, y, x, place| {
        let pixel = &map.values[(y * width + x) * channels..][..channels];
        for (sum, &value) in cell.iter_mut().zip(pixel) {
            *sum = join(if place == 0 { start } else { *sum }, value);
        }
    })
}

fn pad(map: &Array, amounts: &[f32]) -> Array {
    let [height, width, channels] = map.sides();
    let [top, bottom, left, right, front, back] = [2, 3, 4, 5, 6, 7].map(|i| amounts[i] as usize);
    let shape = vec![1, height + top + bottom, width + left + right, channels + front + back];
    let mut values = vec![0.0; shape.iter().product()];
    for y in 0..height {
        for x in 0..width {
            let from = (y * width + x) * channels;
            let to = ((y + top) * shape[2] + x + left) * shape[3] + front;
            values[to..to + channels].copy_from_slice(&map.values[from..from + channels]);
        }
    }
    Array { shape, values }
}

/// Runs the face descriptor network on `input` (1×150×150×3).
pub fn run_resnet(weights: &WeightMap, input: &Array) -> Result<Vec<f32>, TfjsError> {
    let stem = resnet_conv(weights, "conv32_down", input, 2, Padding::Valid)?.map(|value| value.max(0.0));
    let mut map = pool(&stem, 3, 2, Padding::Valid, f32::NEG_INFINITY, f32::max);
    for (name, down) in BLOCKS {
        let (stride, padding) = if down { (2, Padding::Valid) } else { (1, Padding::Same) };
        let inner = resnet_conv(weights, &format!("{name}/conv1"), &map, stride, padding)?;
        let inner = inner.map(|value| value.max(0.0));
        let inner = resnet_conv(weights, &format!("{name}/conv2"), &inner, 1, Padding::Same)?;
        let shortcut = if down {
            pool(&map, 2, 2, Padding::Valid, 0.0, |a, b| a + b).map(|value| value / 4.0)
        } else {
            map
        };
        let [height, _, channels] = inner.sides();
        let grow = |array: &Array| {
            let [own_height, _, own_channels] = array.sides();
            let side = (height.max(shortcut.shape[1]) - own_height) as f32;
            let depth = (channels.max(shortcut.shape[3]) - own_channels) as f32;
            pad(array, &[0.0, 0.0, 0.0, side, 0.0, side, 0.0, depth])
        };
        map = grow(&inner).add(&grow(&shortcut)).map(|value| value.max(0.0));
    }
    let [height, width, channels] = map.sides();
    let mut mean = vec![0.0; channels];
    for pixel in map.values.chunks(channels) {
        mean.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value / (height * width) as f32);
    }
    let matrix = named(weights, "fc")?;
    let columns = matrix.dims[1];
    let mut descriptor = vec![0.0; columns];
    for (value, row) in mean.iter().zip(matrix.values.chunks(columns)) {
        descriptor.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
    }
    Ok(descriptor)
}

fn resnet_conv(
    weights: &WeightMap,
    name: &str,
    map: &Array,
    stride: usize,
    padding: Padding,
) -> Result<Array, TfjsError> {
    let bias = named(weights, &format!("{name}/conv/bias"))?;
    let factor = named(weights, &format!("{name}/scale/weights"))?;
    let offset = named(weights, &format!("{name}/scale/biases"))?;
    let out = conv(map, named(weights, &format!("{name}/conv/filters"))?, stride, padding);
    Ok(out.by_channel(|value, c| (value + bias.values[c]) * factor.values[c] + offset.values[c]))
}

fn named<'a>(weights: &'a WeightMap, name: &str) -> Result<&'a Weights, TfjsError> {
    weights.get(name).ok_or_else(|| TfjsError::Weights(format!("`{name}` is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: [usize; 4], values: &[f32]) -> Array {
        Array { shape: shape.to_vec(), values: values.to_vec() }
    }

    #[test]
    fn a_convolution_by_hand() {
        let map = array([1, 2, 2, 1], &[1.0, 2.0, 3.0, 4.0]);
        let kernel = Weights { dims: vec![2, 2, 1, 1], values: vec![1.0, 10.0, 100.0, 1000.0] };
        assert_eq!(conv(&map, &kernel, 1, Padding::Valid).values, [4321.0]);
        // SAME adds one row below and one column on the right.
        assert_eq!(conv(&map, &kernel, 1, Padding::Same).values, [4321.0, 402.0, 43.0, 4.0]);
    }

    #[test]
    fn pools_by_hand() {
        let map = array([1, 2, 2, 1], &[-1.0, -2.0, -3.0, -4.0]);
        assert_eq!(pool(&map, 2, 2, Padding::Valid, f32::NEG_INFINITY, f32::max).values, [-1.0]);
        assert_eq!(pool(&map, 2, 2, Padding::Valid, 0.0, |a, b| a + b).values, [-10.0]);
    }

    #[test]
    fn padding_by_hand() {
        let map = array([1, 1, 1, 2], &[5.0, 6.0]);
        let padded = pad(&map, &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(padded.shape, [1, 2, 2, 3]);
        assert_eq!(padded.values, [0.0, 0.0, 0.0, 5.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
