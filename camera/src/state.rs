//! What a camera's agent remembers over restarts: who it is, how far its frames are numbered, and what the server told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use types::DeviceSettings;
use uuid::Uuid;

/// Numbers are taken from the disk in blocks of this many: a frame costs no write, and a crash skips some.
const BLOCK: u64 = 10_000;

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another process has it.
    #[error("{0}: another attendance-camera uses this folder: stop it, or give this one another state_dir")]
    Locked(PathBuf),
    /// The folder cannot be read or written.
    #[error("{path}: {error}: state_dir must be a folder that this user may write to")]
    Folder {
        /// What could not be read or written.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Made at the first start.
    pub device: Uuid,
    /// No frame has this number or a higher one.
    sequence_below: u64,
    /// By how many milliseconds the device's clock was ahead at the last contact.
    #[serde(default)]
    pub drift_ms: i64,
    /// What frames are sealed to; none before the first contact ever.
    #[serde(default)]
    pub seal_key: Option<String>,
    /// How the device is to work.
    #[serde(default)]
    pub settings: DeviceSettings,
    /// Of the settings.
    #[serde(default)]
    pub settings_revision: u32,
    /// Frames a second that the feed accepts; 0: not known yet.
    #[serde(default)]
    pub max_fps: u16,
}

impl Remembered {
    fn new() -> Self {
        Self {
            device: Uuid::new_v4(),
            sequence_below: 1,
            drift_ms: 0,
            seal_key: None,
            settings: DeviceSettings::default(),
            settings_revision: 0,
            max_fps: 0,
        }
    }
}

/// The state folder of one camera; nobody else uses it while this lives.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    remembered: Remembered,
    next: u64,
    _lock: File,
}

impl StateFolder {
    /// Opens a folder, or makes it. Numbers begin above all that an earlier run may have used. A file that cannot be read is put aside: the device is a new one.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |error| StateError::Folder { path: path.to_owned(), error };
        make_private(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        if lock.try_lock().is_err() {
            return Err(StateError::Locked(path.to_owned()));
        }
        let file = path.join("state.json");
        let remembered = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(
                    file = %file.display(), %error,
                    "what the agent remembered cannot be read and is put aside; it begins as a new device"
                );
                let _ = fs::rename(&file, path.join("state.json.damaged"));
                Remembered::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Remembered::new(),
            Err(error) => return Err(StateError::Folder { path: file, error }),
        };
        let next = remembered.sequence_below;
        let mut folder = Self { path: path.to_owned(), remembered, next, _lock: lock };
        folder.reserve().map_err(failed)?;
        Ok(folder)
    }

    /// What is remembered.
    pub fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// Numbers begin above `used`, which the queue knows, whatever the file says.
    pub fn skip(&mut self, used: u64) {
        self.next = self.next.max(used.saturating_add(1));
    }

    /// Takes the next number for a frame.
    pub fn next_sequence(&mut self) -> u64 {
        if self.next >= self.remembered.sequence_below
            && let Err(error) = self.reserve()
        {
            // Numbers that are not reserved could be given again after a restart, so they are kept in memory, and
            // written with the next block.
            tracing::debug!(%error, "no numbers can be reserved");
        }
        let taken = self.next;
        self.next += 1;
        taken
    }

    fn reserve(&mut self) -> io::Result<()> {
        let mut grown = self.remembered.clone();
        grown.sequence_below = self.next + BLOCK;
        self.write(&grown)?;
        self.remembered = grown;
        Ok(())
    }

    /// Changes what is remembered, and writes it if something is other than before.
    ///
    /// # Errors
    /// When it cannot be written; it holds until the agent ends.
    pub fn remember(&mut self, change: impl FnOnce(&mut Remembered)) -> io::Result<()> {
        let before = self.remembered.clone();
        change(&mut self.remembered);
        if self.remembered == before { Ok(()) } else { self.write(&self.remembered) }
    }

    /// Beside the old file, then in its place: after a power cut one of them is there, whole.
    fn write(&self, remembered: &Remembered) -> io::Result<()> {
        let (file, fresh) = (self.path.join("state.json"), self.path.join("state.json.new"));
        let mut out = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&fresh)?;
        out.write_all(&serde_json::to_vec_pretty(remembered)?)?;
        out.sync_all()?;
        fs::rename(&fresh, &file)?;
        sync_folder(&self.path)
    }
}

/// The device that a folder belongs to, where an agent has run in it; the folder is left alone.
pub fn device(path: &Path) -> Option<Uuid> {
    let bytes = fs::read(path.join("state.json")).ok()?;
    serde_json::from_slice::<Remembered>(&bytes).ok().map(|remembered| remembered.device)
}

/// Makes a folder that only its owner sees, with all above it.
///
/// # Errors
/// When it cannot be made.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Files that only their owner reads.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the names in a folder last over a power cut.
///
/// # Errors
/// When the disk refuses.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_over_restarts_and_the_device_stays_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut last = 0;
        let mut device = None;
        for _ in 0..3 {
            let mut state = StateFolder::open(folder.path()).expect("a state");
            assert_eq!(*device.get_or_insert(state.remembered().device), state.remembered().device);
            for _ in 0..3 {
                let sequence = state.next_sequence();
                assert!(sequence > last);
                last = sequence;
            }
            state.skip(last + 70_000);
            assert_eq!(state.next_sequence(), last + 70_001);
            last += 70_001;
        }
    }

    #[test]
    fn what_the_server_told_is_there_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut state = StateFolder::open(folder.path()).expect("a state");
        state.remember(|remembered| (remembered.drift_ms, remembered.max_fps) = (-17, 12)).expect("written");
        drop(state);
        let state = StateFolder::open(folder.path()).expect("a state");
        assert_eq!((state.remembered().drift_ms, state.remembered().max_fps), (-17, 12));
    }

    #[test]
    fn one_process_has_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = StateFolder::open(folder.path()).expect("a state");
        let error = StateFolder::open(folder.path()).expect_err("taken").to_string();
        assert!(error.contains("another attendance-camera"), "{error}");
        drop(first);
        StateFolder::open(folder.path()).expect("free again");
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("state.json"), b"{\"device\":").expect("written");
        let state = StateFolder::open(folder.path()).expect("a state");
        assert_eq!(state.remembered().seal_key, None);
        assert!(folder.path().join("state.json.damaged").exists());
        let missing = Path::new("/proc/nothing/here");
        assert!(matches!(StateFolder::open(missing), Err(StateError::Folder { .. })));
    }
}
