//! What ffmpeg's messages mean, for people.

use super::SourceError;

/// (what a line holds, whether the source gives what cannot be read, what it means and what to do)
const MEANINGS: &[(&str, bool, &str)] = &[
    ("401 Unauthorized", false, "the camera refuses user or password: check both in the configuration"),
    ("403 Forbidden", false, "the camera refuses this user: give the account the right to view"),
    ("404 Not Found", false, "the camera knows no such stream: check the path of its address"),
    ("461 ", false, "the camera refuses this transport: try the other one of tcp and udp"),
    (
        "503 Service Unavailable",
        false,
        "the camera serves no more viewers: close other programs that watch it",
    ),
    (
        "Failed to resolve hostname",
        false,
        "there is no host of this name: check the address and the network's DNS",
    ),
    (
        "Connection refused",
        false,
        "nothing answers at this address and port: check both, and that RTSP is switched on",
    ),
    ("No route to host", false, "the camera cannot be reached: check its address, cable and power"),
    ("Network is unreachable", false, "there is no network: check the cable and the device's address"),
    ("Connection timed out", false, "the camera does not answer: check its address, cable and power"),
    ("Connection reset", false, "the camera broke the connection; it is opened again"),
    ("No such file or directory", false, "there is no such file: check source.path"),
    ("Permission denied", false, "the file may not be read: give this user the right to"),
    ("not on whitelist", false, "the camera leads to a protocol that is not allowed: check its address"),
    ("Unrecognized option 'fps_mode'", false, "this ffmpeg is too old: 5.1 or newer is wanted"),
    (
        "Invalid data found",
        true,
        "what comes is no video that ffmpeg knows: choose H.264 in the camera's settings",
    ),
    ("moov atom not found", true, "the file is no whole video"),
    ("unknown codec", true, "the stream's codec is unknown: choose H.264 in the camera's settings"),
    (
        "Decoder (codec",
        true,
        "this ffmpeg has no decoder for the stream: choose H.264 in the camera's settings",
    ),
    ("matches no streams", true, "the stream has no video: check the path of its address"),
    // There was nothing to play: no stream of the camera was one of video.
    (
        "PLAY failed: 454",
        true,
        "the stream has no video that is known: choose H.264 in the camera's settings",
    ),
    ("454 Session Not Found", false, "the camera ended the session; it is opened again"),
    ("Operation not permitted", false, "the camera does not answer: check its address, cable and power"),
];

/// What the last lines that ffmpeg wrote mean; they are without credentials already.
pub fn meaning(said: &[String], played: bool) -> SourceError {
    for (holds, unreadable, message) in MEANINGS {
        if said.iter().any(|line| line.contains(holds)) {
            return if *unreadable { SourceError::unreadable(*message) } else { SourceError::lost(*message) };
        }
    }
    match said.last() {
        _ if played => SourceError::lost("the camera ended the stream; it is opened again"),
        Some(line) => SourceError::lost(format!("ffmpeg stopped: {line}")),
        None => SourceError::lost("the camera gave no picture; check that it is on and sends video"),
    }
}

#[cfg(test)]
mod tests {
    use types::SourceState::{Lost, Unreadable};

    use super::*;

    #[test]
    fn messages_of_ffmpeg_become_what_to_do() {
        for (said, state, word) in [
            ("[rtsp @ 0x55] method DESCRIBE failed: 401 Unauthorized", Lost, "password"),
            ("pipe:0: Connection refused", Lost, "port"),
            ("[tcp @ 0x5] Failed to resolve hostname nohost.invalid: Name or service not known", Lost, "DNS"),
            ("[rtsp @ 0x5] method DESCRIBE failed: 404 Not Found", Lost, "path"),
            ("Stream map '0:v:0' matches no streams.", Unreadable, "no video"),
            (
                "Could not find codec parameters for stream 0 (Unknown: none): unknown codec",
                Unreadable,
                "H.264",
            ),
            ("pipe:0: Invalid data found when processing input", Unreadable, "H.264"),
            ("something else", Lost, "ffmpeg stopped: something else"),
        ] {
            let error = meaning(&["first".to_owned(), said.to_owned()], false);
            assert_eq!(error.state, state, "{said}");
            assert!(error.message.contains(word), "{said}: {}", error.message);
        }
        // The wrong stream, not the wrong format, is what two messages at once mean.
        let both =
            ["Could not find codec parameters: unknown codec", "matches no streams"].map(str::to_owned);
        assert!(meaning(&both, false).message.contains("codec"));
        assert!(meaning(&[], true).message.contains("opened again"));
    }
}
