//! Writing a pack so that nobody ever reads half of one.

use std::{fs, path::Path};

use anyhow::Context as _;

use super::FILE_NAME;

/// What [`write`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The folder already held exactly this pack.
    UpToDate,
    /// The pack was written.
    New,
}

/// Writes the files and, last, the description into `folder`, which is made where it is missing: a pack that was
/// not written to its end has no description that fits.
pub fn write(folder: &Path, files: &[(&str, &[u8])], description: &str) -> anyhow::Result<Written> {
    let description = (FILE_NAME, description.as_bytes());
    let files = || files.iter().copied().chain([description]);
    if files().all(|(name, bytes)| fs::read(folder.join(name)).is_ok_and(|old| old == *bytes)) {
        return Ok(Written::UpToDate);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    files().try_for_each(|(name, bytes)| write_whole(folder, name, bytes))?;
    Ok(Written::New)
}

/// Writes beside the target and renames.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};
    let target = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        // Temporary files are private; a pack holds nothing secret and may serve another user's recognizer.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", target.display()))
}
