//! The configuration file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use types::FeedId;
use uuid::Uuid;

use super::{
    Camera, Config, ConfigError, DEFAULT_STATE_DIR, FileSource, FolderSource, HttpSource, RtspSource,
    SourceConfig, Transport, WebcamSource, camera_url, rate, refuse_readable, secret_file, server_url,
};
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    server: String,
    #[serde(default)]
    ca_file: Option<PathBuf>,
    #[serde(default)]
    state_dir: Option<PathBuf>,
    #[serde(default)]
    camera: Vec<CameraTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CameraTable {
    #[serde(default)]
    name: Option<String>,
    feed: String,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    token_file: Option<PathBuf>,
    source: SourceTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    kind: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password_file: Option<PathBuf>,
    #[serde(default)]
    transport: Option<String>,
    #[serde(default)]
    device: Option<u32>,
    #[serde(default)]
    path: Option<PathBuf>,
    #[serde(default, rename = "loop")]
    looped: Option<bool>,
    #[serde(default)]
    fps: Option<f32>,
}

/// Reads a configuration file. Relative names in it are looked for beside it.
///
/// # Errors
/// [`ConfigError`] that names file and key.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new(&shown, format!("{error}; name the configuration with --config FILE"))
    })?;
    let table: FileTable = toml::from_str(&text).map_err(|error| unreadable(&shown, &text, &error))?;
    let reader = Reader { file: shown, path, folder: path.parent().unwrap_or(Path::new(".")) };
    reader.config(table)
}

/// Names line and key of what does not parse; the line itself may hold a secret and is not shown.
fn unreadable(file: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let mut place = file.to_owned();
    if let Some(span) = error.span() {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count();
        place = format!("{file}, line {}", line + 1);
        let key = text.lines().nth(line).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let plain = |key: &&str| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        };
        if let Some(key) = key.filter(plain) {
            place = format!("{place}, key `{key}`");
        }
    }
    // The text of a value stands in double quotes in some messages.
    let problem: String =
        error.message().split('"').enumerate().map(|(n, part)| if n % 2 == 0 { part } else { "…" }).collect();
    ConfigError::new(place, problem.replace('\n', " "))
}

struct Reader<'a> {
    file: String,
    path: &'a Path,
    folder: &'a Path,
}

impl Reader<'_> {
    fn place(&self, key: &str) -> String {
        format!("{}, key `{key}`", self.file)
    }

    fn wrong<T>(&self, key: &str, problem: impl Into<String>) -> Result<T, ConfigError> {
        Err(ConfigError::new(self.place(key), problem))
    }

    fn config(&self, table: FileTable) -> Result<Config, ConfigError> {
        if table.camera.is_empty() {
            return self.wrong("camera", "there is no [[camera]] table: add one for each camera");
        }
        let ca_file = table.ca_file.map(|file| self.folder.join(file));
        if let Some(file) = ca_file.as_ref().filter(|file| !file.is_file()) {
            return self.wrong("ca_file", format!("there is no file {}", file.display()));
        }
        let mut cameras = Vec::new();
        let mut feeds = HashSet::new();
        for (index, camera) in table.camera.into_iter().enumerate() {
            let camera = self.camera(index + 1, camera)?;
            if !feeds.insert(camera.feed.0) {
                return self.wrong(
                    &format!("camera {}.feed", index + 1),
                    "two cameras have this feed: each needs its own",
                );
            }
            cameras.push(camera);
        }
        Ok(Config {
            server: server_url(&self.place("server"), &table.server)?,
            ca_file,
            state_dir: table
                .state_dir
                .map_or_else(|| PathBuf::from(DEFAULT_STATE_DIR), |folder| self.folder.join(folder)),
            cameras,
        })
    }

    fn camera(&self, number: usize, table: CameraTable) -> Result<Camera, ConfigError> {
        let key = |name: &str| format!("camera {number}.{name}");
        let Ok(feed) = table.feed.parse::<Uuid>() else {
            return self.wrong(&key("feed"), "this is no feed's id: copy it from the feed's page");
        };
        let token = match (table.token, table.token_file) {
            (Some(token), None) if !token.trim().is_empty() => {
                refuse_readable(&self.place(&key("token")), self.path)?;
                Secret::new(&token)
            }
            (None, Some(file)) => secret_file(&self.place(&key("token_file")), &self.folder.join(file))?,
            _ => {
                return self.wrong(
                    &key("token_file"),
                    "name a file with the feed's token (mode 600), or write `token` into this file, one of both",
                );
            }
        };
        let source = self.source(&key("source"), table.source)?;
        let name = table.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| feed.to_string());
        Ok(Camera { name, feed: FeedId(feed), token, source })
    }

    fn source(&self, at: &str, table: SourceTable) -> Result<SourceConfig, ConfigError> {
        let known: &[&str] = match table.kind.as_str() {
            "webcam" => &["device"],
            "rtsp" => &["url", "user", "password_file", "transport"],
            "http" => &["url", "user", "password_file", "fps"],
            "file" => &["path", "loop"],
            "folder" => &["path", "loop", "fps"],
            _ => {
                return self
                    .wrong(&format!("{at}.kind"), "one of `webcam`, `rtsp`, `http`, `file` and `folder`");
            }
        };
        for (key, given) in [
            ("url", table.url.is_some()),
            ("user", table.user.is_some()),
            ("password_file", table.password_file.is_some()),
            ("transport", table.transport.is_some()),
            ("device", table.device.is_some()),
            ("path", table.path.is_some()),
            ("loop", table.looped.is_some()),
            ("fps", table.fps.is_some()),
        ] {
            if given && !known.contains(&key) {
                let problem =
                    format!("a source of kind `{}` has no such key; it has {}", table.kind, known.join(", "));
                return self.wrong(&format!("{at}.{key}"), problem);
            }
        }
        let looped = table.looped.unwrap_or(false);
        Ok(match table.kind.as_str() {
            "webcam" => SourceConfig::Webcam(WebcamSource { device: table.device.unwrap_or(0) }),
            "rtsp" => {
                let transport = match table.transport.as_deref() {
                    None | Some("tcp") => Transport::Tcp,
                    Some("udp") => Transport::Udp,
                    Some(_) => return self.wrong(&format!("{at}.transport"), "one of `tcp` and `udp`"),
                };
                SourceConfig::Rtsp(RtspSource { url: self.url(at, &table, &["rtsp", "rtsps"])?, transport })
            }
            "http" => SourceConfig::Http(HttpSource {
                url: self.url(at, &table, &["http", "https"])?,
                fps: rate(&self.place(&format!("{at}.fps")), table.fps.unwrap_or(5.0), 30.0)?,
            }),
            "file" => SourceConfig::File(FileSource { path: self.named(at, table.path, false)?, looped }),
            _ => SourceConfig::Folder(FolderSource {
                fps: rate(&self.place(&format!("{at}.fps")), table.fps.unwrap_or(5.0), 30.0)?,
                path: self.named(at, table.path, true)?,
                looped,
            }),
        })
    }

    fn named(&self, at: &str, path: Option<PathBuf>, folder: bool) -> Result<PathBuf, ConfigError> {
        let key = format!("{at}.path");
        let what = if folder { "folder" } else { "file" };
        let Some(path) = path else { return self.wrong(&key, format!("name the {what}")) };
        let path = self.folder.join(path);
        if (folder && path.is_dir()) || (!folder && path.is_file()) {
            Ok(path)
        } else {
            self.wrong(&key, format!("there is no {what} {}", path.display()))
        }
    }

    fn url(
        &self,
        at: &str,
        table: &SourceTable,
        schemes: &[&str],
    ) -> Result<crate::secret::CameraUrl, ConfigError> {
        let place = self.place(&format!("{at}.url"));
        let Some(text) = &table.url else {
            return Err(ConfigError::new(place, "write the camera's address"));
        };
        let password = match (&table.user, &table.password_file) {
            (Some(user), Some(file)) => {
                let key = self.place(&format!("{at}.password_file"));
                Some((user, secret_file(&key, &self.folder.join(file))?))
            }
            (None, None) => None,
            _ => {
                return self
                    .wrong(&format!("{at}.user"), "`user` and `password_file` belong together: give both");
            }
        };
        let login = password.as_ref().map(|(user, password)| (user.as_str(), password));
        let url = camera_url(&place, text, schemes, login)?;
        if login.is_none() && url.credentials().is_some() {
            refuse_readable(&place, self.path)?;
        }
        Ok(url)
    }
}
