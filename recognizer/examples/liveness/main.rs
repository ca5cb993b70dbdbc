//! Measures the passive liveness cues on clips of live people against synthetic replays of them.
//!
//! `cargo run --release -p recognizer --example liveness -- --clips ../shared/data/clips [--pack FOLDER]`
//!
//! `labels.csv` beside the clips says who is in them (`clip,person,…`). Each clip is seen as it is and as a
//! screen, a sheet and a phone might show it ([`replays`]), at ten frames a second through the pack's own
//! detector; every half second the last second is one sample. Calibrations are fitted on all other people before
//! a person's samples are judged; the last lines are those fitted on everybody, for `pack.toml`. With `--poses`
//! and `--sheets` it tells of the active challenge instead. Needs ffmpeg.

#![allow(clippy::print_stdout, reason = "what was measured is what it is run for")]

mod replays;
mod report;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Parser;
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use models::pack::{Calibration, Liveness, LivenessCues, LoadedPack, PosePoints};
use recognizer::{
    align::Cutter,
    config::Models,
    decode::{self, Frame},
    detect::{Detection, FaceDetector},
    landmarks::LandmarkFinder,
    liveness::{LivenessJudge, evidence::Evidence},
    pose::head_pose,
    startup,
};
use recognizer_types::{HeadPose, Range};

use replays::{MEDIA, Replay};
use report::{Kind, Sample};

/// Size that the clips are scaled to, frames a second that are read, and every which is looked at.
const SIZE: (usize, usize) = (640, 480);
const RATE: usize = 30;
const EVERY: usize = 3;
/// Looked-at frames between two samples of a track.
const STRIDE: usize = 5;
/// Quality of a webcam's own JPEG.
const CAMERA_QUALITY: u8 = 90;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    models: Models,
    /// Folder of the clips and `labels.csv`.
    #[arg(long, default_value = "../shared/data/clips")]
    clips: PathBuf,
    /// Replays of each clip on each medium.
    #[arg(long, default_value_t = 1)]
    replays: u64,
    /// Writes `seconds,yaw,pitch,roll` for each clip into this folder, and nothing else.
    #[arg(long)]
    poses: Option<PathBuf>,
    /// Tells how far a face seems to turn and nod when a sheet with its picture is turned, and nothing else.
    #[arg(long)]
    sheets: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let clips = read_labels(&arguments.clips)?;
    let mut pack = startup::open_pack(&arguments.models)?;
    let environment = startup::open_runtime(&arguments.models.ort)?;
    if arguments.poses.is_some() || arguments.sheets {
        let (landmarks, points) = (LandmarkFinder::load(&environment, &pack)?, &pack.pack.pose);
        let (Some(landmarks), Some(points)) = (landmarks, points) else { bail!("the pack tells no poses") };
        let detector = FaceDetector::load(&environment, &pack)?;
        let mut poses = PoseFinder { detector, landmarks, points, cutter: Cutter::default() };
        if let Some(folder) = &arguments.poses {
            write_poses(&mut poses, &clips, folder)?;
        }
        return if arguments.sheets { turn_sheets(&mut poses, &clips) } else { Ok(()) };
    }
    let description = pack.pack.liveness.clone();
    measure_every_cue(&mut pack);
    let Some(judge) = LivenessJudge::load(&environment, &pack)? else { bail!("the pack has no cues") };
    let mut camera = Camera {
        detector: FaceDetector::load(&environment, &pack)?,
        judge,
        cutter: Cutter::default(),
        spent: vec![],
    };
    let mut samples = vec![];
    for (number, (path, person)) in (0u64..).zip(&clips) {
        let frames = read_clip(path)?;
        for phase in 0..EVERY {
            camera.watch(&frames, None, phase, |averages| {
                samples.push(Sample { kind: Kind::Live, person, averages })
            })?;
        }
        let face = camera.first_face(&frames)?;
        for (medium, seed) in
            MEDIA.into_iter().flat_map(|medium| (0..arguments.replays).map(move |s| (medium, s)))
        {
            let mut replay = Replay::new(medium, face, seed * 1000 + number);
            let kind = Kind::Replay(medium);
            camera.watch(&frames, Some(&mut replay), 0, |averages| {
                samples.push(Sample { kind, person, averages })
            })?;
        }
        eprintln!("{}: {} samples so far", path.display(), samples.len());
    }
    camera.spent.sort_unstable();
    println!("pack    {}", pack.pack.id());
    println!(
        "cost    {:?} a face (median), with the networks if the pack has them",
        camera.spent[camera.spent.len() / 2]
    );
    report::print(&samples, description.as_ref());
    Ok(())
}

/// Paths of the clips with who is in them.
fn read_labels(folder: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let path = folder.join("labels.csv");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = |line: &str| match line.split(',').collect::<Vec<_>>()[..] {
        [clip, person, ..] => Ok((folder.join(clip), person.to_owned())),
        _ => bail!("{}: `{line}` is not `clip,person,…`", path.display()),
    };
    text.lines().skip(1).map(line).collect()
}

fn read_clip(path: &Path) -> anyhow::Result<Vec<Frame>> {
    let (width, height) = SIZE;
    let filter = format!("scale={width}:{height},fps={RATE}");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-vf", &filter, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .context("cannot run ffmpeg; install it")?;
    if !output.status.success() {
        bail!("{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    }
    let frame = |pixels: &[u8]| Frame { width, height, pixels: pixels.to_vec() };
    Ok(output.stdout.chunks_exact(width * height * 3).map(frame).collect())
}

/// Has every cue measured, whatever the pack says.
fn measure_every_cue(pack: &mut LoadedPack) {
    let any = Some(Calibration { middle: 0.0, slope: 1.0 });
    let liveness = pack.pack.liveness.get_or_insert(Liveness {
        networks: vec![],
        cues: LivenessCues::default(),
        decision: None,
    });
    let network = any.clone().filter(|_| !liveness.networks.is_empty());
    liveness.cues = LivenessCues { network, planarity: any.clone(), moire: any.clone(), bezel: any };
}

/// The pack's eyes.
struct Camera {
    detector: FaceDetector,
    judge: LivenessJudge,
    cutter: Cutter,
    /// Time for each face's cues.
    spent: Vec<Duration>,
}

impl Camera {
    fn first_face(&mut self, frames: &[Frame]) -> anyhow::Result<types::BoundingBox> {
        let frame = frames.first().context("an empty clip")?;
        let areas = self.detector.areas(frame, Range::Near);
        let faces = self.detector.detect(frame, &areas)?;
        Ok(faces.first().context("no face in the first frame of a clip")?.bounding_box)
    }

    /// Shows every third frame from `phase` on, as it is or by way of a replay, and hands on a sample every half
    /// second.
    fn watch(
        &mut self,
        frames: &[Frame],
        mut replay: Option<&mut Replay>,
        phase: usize,
        mut sample: impl FnMut(recognizer::liveness::evidence::Averages),
    ) -> anyhow::Result<()> {
        let (start, mut evidence) = (Instant::now(), Evidence::default());
        for (shown, i) in (phase..frames.len()).step_by(EVERY).enumerate() {
            let seconds = i as f32 / RATE as f32;
            let frame = match &mut replay {
                None => compressed(&frames[i], CAMERA_QUALITY)?,
                Some(replay) => {
                    compressed(&replay.render(&frames[replay.shown(i)], seconds), replay.quality)?
                }
            };
            let areas = self.detector.areas(&frame, Range::Near);
            let faces = self.detector.detect(&frame, &areas)?;
            let Some(face) = faces.first() else { continue };
            let clock = Instant::now();
            let sighting = self.judge.look(&frame, &face.bounding_box, &mut self.cutter)?;
            evidence.observe(sighting, start + Duration::from_secs_f32(seconds));
            self.spent.push(clock.elapsed());
            if shown + 1 >= recognizer::liveness::evidence::WINDOW && (shown + 1) % STRIDE == 0 {
                evidence.averages().into_iter().for_each(&mut sample);
            }
        }
        Ok(())
    }
}

/// The picture after a JPEG of this quality.
fn compressed(frame: &Frame, quality: u8) -> anyhow::Result<Frame> {
    let mut bytes = vec![];
    let (width, height) = (frame.width as u32, frame.height as u32);
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(
        &frame.pixels,
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    let mut decoded = Frame::default();
    decode::decode(&bytes, decode::read_header(&bytes)?, &mut decoded)?;
    Ok(decoded)
}

/// The pack's idea of how heads are held.
struct PoseFinder<'a> {
    detector: FaceDetector,
    landmarks: LandmarkFinder,
    points: &'a PosePoints,
    cutter: Cutter,
}

impl PoseFinder<'_> {
    fn find(&mut self, frame: &Frame) -> anyhow::Result<Option<(Detection, HeadPose)>> {
        let areas = self.detector.areas(frame, Range::Near);
        let Some(face) = self.detector.detect(frame, &areas)?.into_iter().next() else { return Ok(None) };
        let found = self.landmarks.find(frame, &face, &mut self.cutter)?;
        let pose = found.and_then(|found| head_pose(&found.mesh, self.points));
        Ok(pose.map(|pose| (face, pose)))
    }
}

fn write_poses(poses: &mut PoseFinder, clips: &[(PathBuf, String)], folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for (path, _) in clips {
        let mut text = "seconds,yaw,pitch,roll\n".to_owned();
        for (i, frame) in read_clip(path)?.iter().enumerate() {
            if let Some((_, pose)) = poses.find(frame)? {
                let seconds = i as f32 / RATE as f32;
                text.push_str(&format!("{seconds:.3},{:.2},{:.2},{:.2}\n", pose.yaw, pose.pitch, pose.roll));
            }
        }
        let name = path.with_extension("csv");
        fs::write(folder.join(name.file_name().context("a clip without a name")?), text)?;
    }
    Ok(())
}

/// How far a face seems to turn and nod when a sheet with its picture is turned, at most over all clips.
fn turn_sheets(poses: &mut PoseFinder, clips: &[(PathBuf, String)]) -> anyhow::Result<()> {
    println!("a sheet turned about its axis | seems turned | seems nodded, at most");
    for (axis, name) in ["across", "down"].into_iter().enumerate() {
        for degrees in [-60.0f32, -45.0, -30.0, -15.0, 15.0, 30.0, 45.0, 60.0] {
            let (mut seen, mut turn, mut nod) = (0, 0.0f32, 0.0f32);
            for (path, _) in clips {
                let frames = read_clip(path)?;
                let Some((face, straight)) = poses.find(&frames[0])? else { continue };
                let mut tilt = [0.0; 3];
                tilt[axis] = degrees.to_radians();
                let sheet = Replay::turned_sheet(face.bounding_box, tilt).render(&frames[0], 0.0);
                let Some((_, pose)) = poses.find(&sheet)? else { continue };
                seen += 1;
                turn = turn.max((pose.yaw - straight.yaw).abs());
                nod = nod.max((pose.pitch - straight.pitch).abs());
            }
            println!("{name} {degrees:>4}° | {turn:.1}° | {nod:.1}° | a face in {seen} of {}", clips.len());
        }
    }
    Ok(())
}
