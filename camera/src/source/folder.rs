//! A folder of JPEGs, shown one after the other in the order of their names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::{MissedTickBehavior, interval};

use super::{FrameSource, Sink, SourceError, Wanted};
use crate::config::FolderSource;
use crate::picture::Picture;

/// A folder of JPEGs.
#[derive(Debug)]
pub struct Folder(FolderSource);

impl Folder {
    /// Shows a folder.
    pub fn new(source: FolderSource) -> Self {
        Self(source)
    }

    async fn show(&self, sink: &Sink) -> Result<(), SourceError> {
        let mut tick = interval(Duration::from_secs_f32(1.0 / self.0.fps));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            for path in jpegs(&self.0.path)? {
                tick.tick().await;
                match tokio::fs::read(&path).await {
                    Ok(bytes) => sink.put(Picture::Jpeg(Bytes::from(bytes))),
                    Err(_) => sink.corrupt(),
                }
            }
            if !self.0.looped {
                return Ok(());
            }
        }
    }
}

fn jpegs(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let failed = |error| SourceError::lost(format!("{}: {error}: check source.path", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending.eq_ignore_ascii_case("jpg") || ending.eq_ignore_ascii_case("jpeg") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(SourceError::unreadable(format!("{}: no .jpg or .jpeg is in it", folder.display())));
    }
    Ok(found)
}

impl FrameSource for Folder {
    fn run<'a>(&'a mut self, _wanted: Wanted, sink: &'a Sink) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(self.show(sink))
    }
}
