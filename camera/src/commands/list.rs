//! `attendance-camera list`.

use std::fmt::Write as _;

use crate::source::webcam;

/// The webcams of this machine, for people.
///
/// # Errors
/// When the system does not tell.
pub fn list() -> anyhow::Result<String> {
    let found = webcam::list().map_err(|error| anyhow::anyhow!("the webcams cannot be listed: {error}"))?;
    if found.is_empty() {
        return Ok("There is no webcam. On Linux the user must be in the group `video`.\n".to_owned());
    }
    let mut out = String::new();
    for camera in found {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "device = {}  # {}", camera.index, camera.name);
        for format in camera.formats {
            let _ = writeln!(out, "    {format}");
        }
    }
    Ok(out)
}
