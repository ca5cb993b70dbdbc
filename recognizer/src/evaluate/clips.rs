//! Labelled clips: which person is in which, and their frames, decoded by an `ffmpeg` child process.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

/// The file that says what the clips are.
pub const LABELS: &str = "labels.csv";
/// Frames taken of each second of video.
pub const FRAMES_PER_SECOND: u32 = 10;
/// JPEG quality of the frames in ffmpeg's scale, 2 (best) to 31: about what a camera sends.
const JPEG_QUALITY: &str = "3";

/// What a clip is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Templates are made of it.
    Enrol,
    /// Its person has to be recognised in it.
    Recognise,
}

/// A line of the labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// File name in the folder.
    pub name: String,
    /// Number of the person in [`Labels::people`].
    pub person: usize,
    /// What for.
    pub used: Use,
}

/// All clips of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Names, ascending; each has a clip to enrol from.
    pub people: Vec<String>,
    /// In the order of the file.
    pub clips: Vec<Clip>,
}

/// Reads `labels.csv` (columns `clip`, `person`, `use`: `enrol` or `recognise`) in `folder`.
///
/// # Errors
/// Names the line that is wrong and what is wrong with it, or the clip that is missing.
pub fn read_labels(folder: &Path) -> anyhow::Result<Labels> {
    let path = folder.join(LABELS);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let labels = parse(&text).with_context(|| path.display().to_string())?;
    if let Some(missing) = labels.clips.iter().find(|clip| !folder.join(&clip.name).is_file()) {
        bail!("{} names {}, which is not in the folder", path.display(), missing.name);
    }
    Ok(labels)
}

fn parse(text: &str) -> anyhow::Result<Labels> {
    let mut lines = text.lines().map(str::trim).enumerate();
    if lines.next().map(|(_, header)| header) != Some("clip,person,use") {
        bail!("line 1 must be `clip,person,use`");
    }
    let mut rows = vec![];
    for (i, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        rows.push(match fields[..] {
            [clip, person, "enrol"] => (clip, person, Use::Enrol),
            [clip, person, "recognise"] => (clip, person, Use::Recognise),
            _ => bail!("line {}: `{line}` is not `clip,person,enrol` or `clip,person,recognise`", i + 1),
        });
    }
    let people: BTreeSet<&str> = rows.iter().map(|(_, person, _)| *person).collect();
    let people: Vec<&str> = people.into_iter().collect();
    for person in &people {
        if !rows.iter().any(|(_, other, used)| other == person && *used == Use::Enrol) {
            bail!("{person} has no clip to enrol from");
        }
    }
    if !rows.iter().any(|(_, _, used)| *used == Use::Recognise) {
        bail!("there is no clip to recognise anybody in");
    }
    let clip = |&(name, person, used): &(&str, &str, Use)| Clip {
        name: name.into(),
        person: people.partition_point(|other| *other < person),
        used,
    };
    let clips = rows.iter().map(clip).collect();
    Ok(Labels { people: people.into_iter().map(Into::into).collect(), clips })
}

/// The frames of a clip as JPEGs, [`FRAMES_PER_SECOND`] of each second of video.
///
/// # Errors
/// When ffmpeg is not there or cannot decode the clip.
pub fn frames(clip: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    // A path that begins with a dash, or looks like an address, is a file all the same.
    let input: PathBuf = fs::canonicalize(clip).with_context(|| clip.display().to_string())?;
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(&input)
        .args(["-vf", &format!("fps={FRAMES_PER_SECOND}"), "-q:v", JPEG_QUALITY])
        .args(["-f", "image2pipe", "-c:v", "mjpeg", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start ffmpeg, which decodes the clips: install it or put it on the PATH")?;
    let mut bytes = vec![];
    let read = child.stdout.take().map(|mut pipe| pipe.read_to_end(&mut bytes));
    let status = child.wait().context("ffmpeg")?;
    read.transpose().context("ffmpeg")?;
    let frames = split_jpegs(&bytes);
    if !status.success() || frames.is_empty() {
        bail!("ffmpeg makes no frames of {} ({status})", clip.display());
    }
    Ok(frames)
}

/// Splits JPEGs that follow one another. Inside a JPEG without a thumbnail the end marker cannot occur: in coded
/// data 0xff is always followed by 0 or a restart marker.
fn split_jpegs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = vec![];
    let mut start = 0;
    for end in 2..=bytes.len() {
        if bytes[end - 2..end] == [0xff, 0xd9] {
            frames.push(bytes[start..end].to_vec());
            start = end;
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_or_their_fault_is_said() {
        let labels =
            parse("clip,person,use\nb.mkv,bo,enrol\na.mkv,ann,enrol\nc.mkv,bo,recognise\n").expect("labels");
        assert_eq!(labels.people, ["ann", "bo"]);
        assert_eq!(labels.clips[2], Clip { name: "c.mkv".into(), person: 1, used: Use::Recognise });
        let error = |text: &str| parse(text).expect_err(text).to_string();
        assert!(error("a,b\n").contains("line 1"));
        assert!(error("clip,person,use\nb.mkv,bo,watch\n").contains("line 2"));
        assert!(error("clip,person,use\nb.mkv,bo,recognise\n").contains("bo has no clip"));
        assert!(error("clip,person,use\nb.mkv,bo,enrol\n").contains("no clip to recognise"));
    }

    #[test]
    fn jpegs_in_a_row_are_told_apart() {
        let one = [0xff, 0xd8, 1, 0xff, 0x00, 2, 0xff, 0xd9];
        let two = [0xff, 0xd8, 0xff, 0xd9];
        let cut = [0xff, 0xd8, 3];
        let stream: Vec<u8> = [&one[..], &two, &cut].concat();
        assert_eq!(split_jpegs(&stream), [one.to_vec(), two.to_vec()], "a frame cut off is none");
    }
}
