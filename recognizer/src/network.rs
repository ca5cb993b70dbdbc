//! One ONNX network: a session with its input's memory, checked against what the pack says of it.

use std::path::Path;

use models::{
    golden::{Mismatch, picture},
    pack::{Colour, Input, LoadedPack, ModelFile},
};
use ort::{
    environment::Environment,
    session::{Session, SessionOutputs},
    value::{TensorRef, ValueType},
};

/// What went wrong with a network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// ONNX Runtime refuses.
    #[error("{file}: {cause}")]
    Runtime {
        /// The file.
        file: String,
        /// What ONNX Runtime says.
        cause: String,
    },
    /// The graph is not the one that `pack.toml` describes.
    #[error("{file}: {what}")]
    Shape {
        /// The file.
        file: String,
        /// What differs.
        what: String,
    },
    /// The network does not answer what it should to the golden picture.
    #[error("{file}: output `{output}` does not match its golden vector: {cause}")]
    Golden {
        /// The file.
        file: String,
        /// The output.
        output: String,
        /// How it differs.
        cause: Mismatch,
    },
}

/// A loaded network. Not shared: each worker owns its own.
pub struct Network {
    session: Session,
    model: ModelFile,
    /// Per channel of the picture, what each byte becomes.
    levels: Box<[[f32; 256]; 3]>,
    input: Vec<f32>,
}

impl Network {
    /// Loads a file of the pack; `outputs` are the names that the caller is going to read.
    pub fn load(
        environment: &Environment,
        pack: &LoadedPack,
        model: &ModelFile,
        outputs: &[&str],
    ) -> Result<Self, NetworkError> {
        let session = open(environment, &pack.path(model))
            .map_err(|cause| NetworkError::Runtime { file: model.file.clone(), cause })?;
        check(&session, &model.input, outputs)
            .map_err(|what| NetworkError::Shape { file: model.file.clone(), what })?;
        let Input { width, height, .. } = model.input;
        let input = vec![0.0; 3 * width * height];
        Ok(Self { session, levels: levels(&model.input), model: model.clone(), input })
    }

    /// Pixels across and down that [`Self::run`] takes.
    pub fn size(&self) -> (usize, usize) {
        (self.model.input.width, self.model.input.height)
    }

    /// Puts an RGB picture of exactly [`Self::size`] in.
    pub fn set_picture(&mut self, pixels: &[u8]) {
        let area = self.model.input.width * self.model.input.height;
        let swap = self.model.input.colour == Colour::Bgr;
        let (first, rest) = self.input.split_at_mut(area);
        let (second, third) = rest.split_at_mut(area);
        let (red, blue) = if swap { (third, first) } else { (first, third) };
        let levels = &self.levels;
        let planes = red.iter_mut().zip(second).zip(blue);
        for (((r, g), b), pixel) in planes.zip(pixels.as_chunks::<3>().0) {
            *r = levels[0][usize::from(pixel[0])];
            *g = levels[1][usize::from(pixel[1])];
            *b = levels[2][usize::from(pixel[2])];
        }
    }

    /// Runs the network on the picture that was set.
    pub fn run(&mut self) -> Result<Outputs<'_>, NetworkError> {
        let Self { session, model, input, .. } = self;
        let shape = [1usize, 3, model.input.height, model.input.width];
        let failed =
            |error: ort::Error| NetworkError::Runtime { file: model.file.clone(), cause: error.to_string() };
        let tensor = TensorRef::from_array_view((shape, input.as_slice())).map_err(failed)?;
        let outputs = session.run(ort::inputs![tensor]).map_err(failed)?;
        Ok(Outputs { outputs, file: &model.file })
    }

    /// Runs the golden picture, checks how many numbers each output has, and compares with the golden vectors
    /// where the pack has them.
    pub fn check_golden(&mut self, lengths: &[(&str, Length)]) -> Result<(), NetworkError> {
        let (width, height) = self.size();
        self.set_picture(&picture(width, height));
        let golden = self.model.golden.clone();
        let outputs = self.run()?;
        for (name, length) in lengths {
            outputs.check_length(name, *length)?;
        }
        for (name, samples) in golden.iter().flat_map(|golden| &golden.outputs) {
            let tolerance = golden.as_ref().map_or(0.0, |golden| golden.tolerance);
            samples.compare(outputs.floats(name)?, tolerance).map_err(|cause| NetworkError::Golden {
                file: outputs.file.to_owned(),
                output: name.clone(),
                cause,
            })?;
        }
        Ok(())
    }
}

/// How many numbers an output must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

/// What a network answered.
pub struct Outputs<'a> {
    outputs: SessionOutputs<'a>,
    file: &'a str,
}

impl Outputs<'_> {
    /// The numbers of one output.
    pub fn floats(&self, name: &str) -> Result<&[f32], NetworkError> {
        let shape = |what: String| NetworkError::Shape { file: self.file.to_owned(), what };
        let value = self.outputs.get(name).ok_or_else(|| shape(format!("it has no output `{name}`")))?;
        let (_, values) = value.try_extract_tensor::<f32>().map_err(|error| shape(error.to_string()))?;
        Ok(values)
    }

    fn check_length(&self, name: &str, length: Length) -> Result<(), NetworkError> {
        let got = self.floats(name)?.len();
        let (fits, expected) = match length {
            Length::Exactly(expected) => (got == expected, format!("{expected}")),
            Length::AtLeast(least) => (got >= least, format!("at least {least}")),
        };
        if fits {
            return Ok(());
        }
        let what = format!("its output `{name}` has {got} numbers, pack.toml needs {expected}");
        Err(NetworkError::Shape { file: self.file.to_owned(), what })
    }
}

fn open(environment: &Environment, path: &Path) -> Result<Session, String> {
    let text = |error: ort::Error<ort::session::builder::SessionBuilder>| error.to_string();
    let builder = Session::builder(environment).map_err(|error| error.to_string())?;
    // One thread per session and as many workers as cores: measured better than sharing threads.
    let builder = builder.with_intra_threads(1).map_err(text)?.with_inter_threads(1).map_err(text)?;
    let mut builder = builder.with_intra_op_spinning(false).map_err(text)?;
    builder.commit_from_file(path).map_err(|error| error.to_string())
}

fn check(session: &Session, input: &Input, outputs: &[&str]) -> Result<(), String> {
    let [only] = session.inputs() else {
        return Err(format!("it has {} inputs instead of one", session.inputs().len()));
    };
    if only.name() != input.name {
        return Err(format!("its input is called `{}`, pack.toml says `{}`", only.name(), input.name));
    }
    let expected = [1, 3, input.height as i64, input.width as i64];
    let ValueType::Tensor { shape, .. } = only.dtype() else {
        return Err("its input is not a tensor".into());
    };
    // A size that the file leaves open is -1.
    let fits = |(&got, &expected): (&i64, &i64)| got == expected || got < 0;
    if shape.len() != expected.len() || !shape.iter().zip(&expected).all(fits) {
        return Err(format!("its input is {shape:?}, pack.toml says {expected:?}"));
    }
    for output in outputs {
        if !session.outputs().iter().any(|outlet| outlet.name() == *output) {
            return Err(format!("it has no output `{output}`"));
        }
    }
    Ok(())
}

/// `mean` is in the order of the network's colours, the table in the picture's (RGB).
fn levels(input: &Input) -> Box<[[f32; 256]; 3]> {
    let mut mean = input.mean;
    if input.colour == Colour::Bgr {
        mean.reverse();
    }
    let mut levels = Box::new([[0.0; 256]; 3]);
    for (table, mean) in levels.iter_mut().zip(mean) {
        for (byte, level) in (0u8..=255).zip(table.iter_mut()) {
            *level = (f32::from(byte) - mean) * input.scale;
        }
    }
    levels
}
