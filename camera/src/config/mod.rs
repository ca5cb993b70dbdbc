//! What the agent is told to do: one TOML file, or flags and environment for a single camera. Everything is checked
//! before anything starts, and each error names file and key, and says what to do.

mod file;
mod flags;

use std::path::{Path, PathBuf};

use reqwest::Url;
use types::FeedId;

pub use file::read;
pub use flags::Flags;

use crate::secret::{CameraUrl, Secret};

/// Where the file is looked for.
pub const DEFAULT_FILE: &str = "/etc/attendance/camera.toml";
/// Where frames wait and the agent remembers what it must.
pub const DEFAULT_STATE_DIR: &str = "/var/lib/attendance-camera";

/// What is wrong with the configuration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// File and key, or flag.
    pub place: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl ConfigError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// What the agent is told to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server, such as `https://attendance.example.org`.
    pub server: Url,
    /// The only authority that is trusted to vouch for the server; none: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Where each camera has a folder.
    pub state_dir: PathBuf,
    /// At least one.
    pub cameras: Vec<Camera>,
}

/// A camera and the feed that it shows.
#[derive(Debug, Clone)]
pub struct Camera {
    /// For messages.
    pub name: String,
    /// Its feed.
    pub feed: FeedId,
    /// Opens the feed.
    pub token: Secret,
    /// Where pictures come from.
    pub source: SourceConfig,
}

/// Where pictures come from.
#[derive(Debug, Clone)]
pub enum SourceConfig {
    /// A USB or built-in webcam.
    Webcam(WebcamSource),
    /// An RTSP camera.
    Rtsp(RtspSource),
    /// MJPEG or single JPEGs by HTTP.
    Http(HttpSource),
    /// A video file.
    File(FileSource),
    /// A folder of JPEGs.
    Folder(FolderSource),
}

/// A USB or built-in webcam.
#[derive(Debug, Clone)]
pub struct WebcamSource {
    /// Its number, as `attendance-camera list` tells.
    pub device: u32,
}

/// An RTSP camera.
#[derive(Debug, Clone)]
pub struct RtspSource {
    /// With user and password.
    pub url: CameraUrl,
    /// How pictures travel.
    pub transport: Transport,
}

/// How RTSP pictures travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// In the connection: nothing is lost.
    #[default]
    Tcp,
    /// In packets of their own, for cameras that know nothing else.
    Udp,
}

impl Transport {
    /// As ffmpeg names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// MJPEG or single JPEGs by HTTP.
#[derive(Debug, Clone)]
pub struct HttpSource {
    /// With user and password.
    pub url: CameraUrl,
    /// How often a camera that gives single JPEGs is asked.
    pub fps: f32,
}

/// A video file.
#[derive(Debug, Clone)]
pub struct FileSource {
    /// The file.
    pub path: PathBuf,
    /// Again from the start when it ends.
    pub looped: bool,
}

/// A folder of JPEGs.
#[derive(Debug, Clone)]
pub struct FolderSource {
    /// The folder.
    pub path: PathBuf,
    /// Pictures a second.
    pub fps: f32,
    /// Again from the start when it ends.
    pub looped: bool,
}

/// Reads the server's address.
fn server_url(place: &str, text: &str) -> Result<Url, ConfigError> {
    let wrong = |problem: &str| Err(ConfigError::new(place, problem));
    let Ok(url) = text.parse::<Url>() else {
        return wrong("this is no address; write it as https://attendance.example.org");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return wrong("the address must begin with https:// (or http:// on the same machine)");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return wrong("write the address alone; the feed's token stands in `token_file`");
    }
    Ok(url)
}

/// Reads a camera's address; `schemes` are those that its kind knows.
fn camera_url(
    place: &str,
    text: &str,
    schemes: &[&str],
    login: Option<(&str, &Secret)>,
) -> Result<CameraUrl, ConfigError> {
    let wrong = |problem: String| Err(ConfigError::new(place, problem));
    let example = format!("write it as {}://192.0.2.7/path", schemes[0]);
    // The address itself is never shown: it may hold a password.
    let Ok(mut url) = text.parse::<Url>() else { return wrong(format!("this is no address; {example}")) };
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return wrong(format!(
            "an address of this kind begins with {}://; {example}",
            schemes.join(":// or ")
        ));
    }
    if text.contains(['\n', '\r']) {
        return wrong("the address has a line end in it".to_owned());
    }
    if let Some((user, password)) = login {
        if url.username() != "" {
            return wrong("user and password stand in the address and beside it: keep one".to_owned());
        }
        let set = url.set_username(user).and_then(|()| url.set_password(Some(password.reveal())));
        if set.is_err() {
            return wrong("this address can have no user".to_owned());
        }
    }
    Ok(CameraUrl::new(url))
}

fn rate(place: &str, fps: f32, most: f32) -> Result<f32, ConfigError> {
    if (0.05..=most).contains(&fps) {
        Ok(fps)
    } else {
        Err(ConfigError::new(place, format!("pictures a second: 0.05 to {most}")))
    }
}

/// Reads a secret from a file that nobody else may read.
fn secret_file(place: &str, path: &Path) -> Result<Secret, ConfigError> {
    refuse_readable(place, path)?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(place, format!("{}: {error}", path.display())))?;
    let secret = Secret::new(&text);
    if secret.reveal().is_empty() {
        return Err(ConfigError::new(place, format!("{} is empty", path.display())));
    }
    Ok(secret)
}

/// A file with secrets that others may read is refused.
fn refuse_readable(place: &str, path: &Path) -> Result<(), ConfigError> {
    let data = std::fs::metadata(path)
        .map_err(|error| ConfigError::new(place, format!("{}: {error}", path.display())))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&data.permissions());
        if data.is_file() && mode & 0o077 != 0 {
            let problem = format!(
                "{0} holds a secret and others may read it (mode {1:03o}): chmod 600 {0}",
                path.display(),
                mode & 0o777
            );
            return Err(ConfigError::new(place, problem));
        }
    }
    let _ = data;
    Ok(())
}
