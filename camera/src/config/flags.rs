//! A single camera by flags and environment, for trying things out and for containers.

use std::path::PathBuf;

use clap::Args;
use reqwest::Url;
use types::FeedId;
use uuid::Uuid;

use super::{
    Camera, Config, ConfigError, DEFAULT_FILE, DEFAULT_STATE_DIR, FileSource, FolderSource, HttpSource,
    RtspSource, SourceConfig, Transport, WebcamSource, camera_url, file, secret_file, server_url,
};
use crate::secret::Secret;

const TOKEN_VARIABLE: &str = "ATTENDANCE_CAMERA_TOKEN";
const SOURCE_VARIABLE: &str = "ATTENDANCE_CAMERA_SOURCE";

/// What the command line tells: a file, or one camera.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// The configuration file [default: /etc/attendance/camera.toml, unless a server is given].
    #[arg(long, value_name = "FILE", env = "ATTENDANCE_CAMERA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Without a file: the server, such as https://attendance.example.org.
    #[arg(long, value_name = "URL", env = "ATTENDANCE_CAMERA_SERVER", conflicts_with = "config")]
    pub server: Option<String>,
    /// Without a file: the id of the feed.
    #[arg(long, value_name = "ID", env = "ATTENDANCE_CAMERA_FEED", conflicts_with = "config")]
    pub feed: Option<String>,
    /// Without a file: a file of mode 600 with the feed's token. The environment's ATTENDANCE_CAMERA_TOKEN may hold
    /// the token itself.
    #[arg(long, value_name = "FILE", env = "ATTENDANCE_CAMERA_TOKEN_FILE", conflicts_with = "config")]
    pub token_file: Option<PathBuf>,
    /// Refused: everybody on this machine could read it in the list of processes.
    #[arg(long, hide = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Without a file: webcam:0, rtsp://…, http://…, a video file (played again and again) or a folder of JPEGs. An
    /// address with a password belongs into the environment's ATTENDANCE_CAMERA_SOURCE or into a file.
    #[arg(long, value_name = "SOURCE", conflicts_with = "config")]
    pub source: Option<String>,
    /// Without a file: a PEM file with the only authority that is trusted to vouch for the server.
    #[arg(long, value_name = "FILE", env = "ATTENDANCE_CAMERA_CA_FILE", conflicts_with = "config")]
    pub ca_file: Option<PathBuf>,
    /// Where frames wait while the server is away [default: /var/lib/attendance-camera, or what the file says].
    #[arg(long, value_name = "FOLDER", env = "ATTENDANCE_CAMERA_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
}

impl Flags {
    /// The configuration that the flags lead to.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn config(&self) -> Result<Config, ConfigError> {
        self.config_with(|name| std::env::var(name).ok())
    }

    /// The same with another environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn config_with(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        if self.token.is_some() {
            return Err(ConfigError::new(
                "--token",
                format!(
                    "everybody on this machine could read it in the list of processes: write the token into a file of \
                     mode 600 and name it with --token-file, or put it into {TOKEN_VARIABLE}. That token is known now: \
                     make another on the feed's page"
                ),
            ));
        }
        let mut config = match &self.server {
            Some(server) => self.single(server, variable)?,
            None => file::read(self.config.as_deref().unwrap_or(DEFAULT_FILE.as_ref()))?,
        };
        if let Some(folder) = &self.state_dir {
            config.state_dir.clone_from(folder);
        }
        Ok(config)
    }

    fn single(&self, server: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let feed = self.feed.as_deref().unwrap_or_default();
        let Ok(feed) = feed.parse::<Uuid>() else {
            return Err(ConfigError::new(
                "--feed",
                "the id of a feed is wanted: copy it from the feed's page",
            ));
        };
        let token = match (&self.token_file, variable(TOKEN_VARIABLE)) {
            (Some(file), _) => secret_file("--token-file", file)?,
            (None, Some(token)) if !token.trim().is_empty() => Secret::new(&token),
            (None, _) => {
                return Err(ConfigError::new(
                    "--token-file",
                    format!("name a file with the feed's token, or put it into {TOKEN_VARIABLE}"),
                ));
            }
        };
        let source = match (&self.source, variable(SOURCE_VARIABLE)) {
            (Some(text), _) => {
                let source = single_source("--source", text)?;
                refuse_shown_password(&source)?;
                source
            }
            (None, Some(text)) => single_source(SOURCE_VARIABLE, &text)?,
            (None, None) => {
                return Err(ConfigError::new("--source", "say where pictures come from, such as webcam:0"));
            }
        };
        Ok(Config {
            server: server_url("--server", server)?,
            ca_file: self.ca_file.clone(),
            state_dir: PathBuf::from(DEFAULT_STATE_DIR),
            cameras: vec![Camera { name: feed.to_string(), feed: FeedId(feed), token, source }],
        })
    }
}

fn refuse_shown_password(source: &SourceConfig) -> Result<(), ConfigError> {
    let shown = match source {
        SourceConfig::Rtsp(rtsp) => rtsp.url.credentials().is_some(),
        SourceConfig::Http(http) => http.url.credentials().is_some(),
        _ => false,
    };
    if shown {
        return Err(ConfigError::new(
            "--source",
            format!(
                "everybody on this machine could read the password in the list of processes: put the address into \
                 {SOURCE_VARIABLE} or into a configuration file"
            ),
        ));
    }
    Ok(())
}

fn single_source(place: &str, text: &str) -> Result<SourceConfig, ConfigError> {
    if let Some(number) = text.strip_prefix("webcam:") {
        let device = number.parse().map_err(|_| {
            ConfigError::new(
                place,
                "webcam: and a number are wanted; `attendance-camera list` tells which there are",
            )
        })?;
        return Ok(SourceConfig::Webcam(WebcamSource { device }));
    }
    let scheme = text.parse::<Url>().ok().map(|url| url.scheme().to_owned());
    match scheme.as_deref() {
        Some("rtsp" | "rtsps") => {
            let url = camera_url(place, text, &["rtsp", "rtsps"], None)?;
            return Ok(SourceConfig::Rtsp(RtspSource { url, transport: Transport::default() }));
        }
        Some("http" | "https") => {
            let url = camera_url(place, text, &["http", "https"], None)?;
            return Ok(SourceConfig::Http(HttpSource { url, fps: 5.0 }));
        }
        _ => {}
    }
    let path = PathBuf::from(text);
    if path.is_dir() {
        Ok(SourceConfig::Folder(FolderSource { path, fps: 5.0, looped: true }))
    } else if path.is_file() {
        Ok(SourceConfig::File(FileSource { path, looped: true }))
    } else {
        Err(ConfigError::new(
            place,
            "this is neither webcam:NUMBER, nor an address (rtsp://, http://), nor a file or folder that exists",
        ))
    }
}
