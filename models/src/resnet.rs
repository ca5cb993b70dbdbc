//! The face descriptor network (dlib's ResNet with 29 convolutions), built from its weights alone.
//!
//! The npm package holds the weights under speaking names and no graph; the layout is dlib's
//! `anet_type`: a 7×7 convolution with stride 2, a 3×3 max-pool with stride 2, then residual groups of 32, 64,
//! 128 and 256 channels, a global mean and a 256×128 matrix without bias. The first block of each wider group
//! and the very last block go down by two: their first convolution has stride 2 and no border, the shortcut is
//! a 2×2 mean; whichever of the two is smaller is filled with zeros at the bottom, the right and the end of
//! the channels. Each convolution is followed by a factor and an offset per channel, which are folded into the
//! kernel here.

use crate::{
    graph::kernel_to_onnx,
    onnx::{Attribute, Builder},
    tfjs::{TfjsError, WeightMap, Weights},
};

/// Side of the input, in pixels.
pub const INPUT: usize = 150;
/// Length of the descriptor.
pub const DIMENSIONS: usize = 128;

/// Residual blocks after the stem, and whether they go down.
pub const BLOCKS: [(&str, bool); 14] = [
    ("conv32_1", false),
    ("conv32_2", false),
    ("conv32_3", false),
    ("conv64_down", true),
    ("conv64_1", false),
    ("conv64_2", false),
    ("conv64_3", false),
    ("conv128_down", true),
    ("conv128_1", false),
    ("conv128_2", false),
    ("conv256_down", true),
    ("conv256_1", false),
    ("conv256_2", false),
    ("conv256_down_out", true),
];

/// Writes the network as ONNX: `input` 1×3×150×150 → `embedding` 1×128 (not of unit length).
pub fn convert(weights: &WeightMap) -> Result<Vec<u8>, TfjsError> {
    let mut net = Net { weights, builder: Builder::new("face_descriptor") };
    net.builder.input("input", &[1, 3, INPUT, INPUT]);
    let stem = Map { name: "input".into(), side: INPUT, channels: 3 };
    let stem = net.conv(&stem, "conv32_down", 2, 0)?;
    let stem = net.relu(&stem);
    let window = [Attribute::ints("kernel_shape", &[3, 3]), Attribute::ints("strides", &[2, 2])];
    let name = net.builder.node("MaxPool", &[&stem.name], "conv32_down/pool", window.to_vec());
    let mut map = Map { name, side: (stem.side - 3) / 2 + 1, ..stem };
    for (block, down) in BLOCKS {
        map = net.block(&map, block, down)?;
    }
    let mean = net.builder.node("GlobalAveragePool", &[&map.name], "mean", vec![]);
    let flat = net.builder.node("Flatten", &[&mean], "flat", vec![Attribute::int("axis", 1)]);
    let matrix = net.weight("fc")?;
    let matrix = net.builder.floats("fc".into(), &matrix.dims, &matrix.values);
    net.builder.node("MatMul", &[&flat, &matrix], "embedding", vec![]);
    net.builder.output("embedding", &[1, DIMENSIONS]);
    Ok(net.builder.finish())
}

/// A square feature map.
#[derive(Clone)]
struct Map {
    name: String,
    side: usize,
    channels: usize,
}

struct Net<'a> {
    weights: &'a WeightMap,
    builder: Builder,
}

impl<'a> Net<'a> {
    fn weight(&self, name: &str) -> Result<&'a Weights, TfjsError> {
        self.weights.get(name).ok_or_else(|| TfjsError::Weights(format!("`{name}` is missing")))
    }

    fn block(&mut self, map: &Map, name: &str, down: bool) -> Result<Map, TfjsError> {
        let (stride, border) = if down { (2, 0) } else { (1, 1) };
        let inner = self.conv(map, &format!("{name}/conv1"), stride, border)?;
        let inner = self.relu(&inner);
        let inner = self.conv(&inner, &format!("{name}/conv2"), 1, 1)?;
        let shortcut = if down { self.mean_pool(map, name) } else { map.clone() };
        let side = inner.side.max(shortcut.side);
        let channels = inner.channels.max(shortcut.channels);
        let inner = self.fill(&inner, side, channels);
        let shortcut = self.fill(&shortcut, side, channels);
        let sum = self.builder.node("Add", &[&inner.name, &shortcut.name], name, vec![]);
        Ok(self.relu(&Map { name: sum, side, channels }))
    }

    fn conv(&mut self, map: &Map, name: &str, stride: usize, border: usize) -> Result<Map, TfjsError> {
        let kernel = self.weight(&format!("{name}/conv/filters"))?;
        let bias = self.weight(&format!("{name}/conv/bias"))?;
        let factor = self.weight(&format!("{name}/scale/weights"))?;
        let offset = self.weight(&format!("{name}/scale/biases"))?;
        let odd = || TfjsError::Weights(format!("`{name}` has an odd kernel"));
        let (dims, mut values) = kernel_to_onnx(kernel).ok_or_else(odd)?;
        let [channels, inputs, size, width] = dims;
        if inputs != map.channels || size != width || factor.values.len() != channels {
            return Err(odd());
        }
        for (plane, factor) in values.chunks_mut(inputs * size * size).zip(&factor.values) {
            plane.iter_mut().for_each(|value| *value *= factor);
        }
        let folded = bias.values.iter().zip(&factor.values).zip(&offset.values);
        let folded: Vec<f32> = folded.map(|((bias, factor), offset)| bias * factor + offset).collect();
        let kernel = self.builder.floats(format!("{name}/kernel"), &dims, &values);
        let bias = self.builder.floats(format!("{name}/bias"), &[channels], &folded);
        let attributes = vec![
            Attribute::ints("kernel_shape", &[size as i64; 2]),
            Attribute::ints("strides", &[stride as i64; 2]),
            Attribute::ints("pads", &[border as i64; 4]),
        ];
        let output = self.builder.node("Conv", &[&map.name, &kernel, &bias], name, attributes);
        let side = (map.side + 2 * border - size) / stride + 1;
        Ok(Map { name: output, side, channels })
    }

    fn relu(&mut self, map: &Map) -> Map {
        let name = self.builder.node("Relu", &[&map.name], &format!("{}/relu", map.name), vec![]);
        Map { name, ..*map }
    }

    fn mean_pool(&mut self, map: &Map, block: &str) -> Map {
        let window = [Attribute::ints("kernel_shape", &[2, 2]), Attribute::ints("strides", &[2, 2])];
        let output = format!("{block}/pool");
        let name = self.builder.node("AveragePool", &[&map.name], &output, window.to_vec());
        Map { name, side: map.side / 2, channels: map.channels }
    }

    /// Zeros at the bottom, the right and the end of the channels; nothing where the map is large enough.
    fn fill(&mut self, map: &Map, side: usize, channels: usize) -> Map {
        if map.side == side && map.channels == channels {
            return map.clone();
        }
        let more = [channels - map.channels, side - map.side, side - map.side].map(|amount| amount as i64);
        let pads = [0, 0, 0, 0, 0, more[0], more[1], more[2]];
        let pads = self.builder.integers(format!("{}/pads", map.name), &pads);
        let name = format!("{}/filled", map.name);
        Map { name: self.builder.node("Pad", &[&map.name, &pads], &name, vec![]), side, channels }
    }
}
