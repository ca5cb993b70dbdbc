//! Tokens, passwords and camera addresses: they are used, and never shown.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// A text that no log, error or debug print shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text; blanks and line ends around it do not belong to it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text itself, to be sent and never printed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The address of a camera, with the user and password that open it.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraUrl(Url);

impl CameraUrl {
    /// Takes over an address.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// With user and password, to be handed to the camera's protocol and never printed.
    pub fn reveal(&self) -> &Url {
        &self.0
    }

    /// User and password as they are, without percent signs; none where there is no user.
    pub fn credentials(&self) -> Option<(String, Secret)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = decoded(self.0.password().unwrap_or_default());
        (!self.0.username().is_empty()).then(|| (decoded(self.0.username()), Secret(password)))
    }

    /// Without user and password: what a client connects to that is told them apart.
    pub fn bare(&self) -> Url {
        let mut bare = self.0.clone();
        // Refused only for addresses that cannot have any.
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
        bare
    }

    /// Takes what must not be shown out of a text: user and password of any address in it, and this address's
    /// password wherever and however it is written.
    pub fn redact(&self, text: &str) -> String {
        let mut shown = redact_urls(text);
        let written = self.0.password().unwrap_or_default().to_owned();
        let plain = self.credentials().map(|(_, password)| password.0).unwrap_or_default();
        // Query parameters such as `pwd=` are secrets of some cameras, too.
        let query = self.0.query().unwrap_or_default().to_owned();
        for secret in [written, plain, query] {
            if !secret.is_empty() {
                shown = shown.replace(&secret, HIDDEN);
            }
        }
        shown
    }
}

impl fmt::Debug for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CameraUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bare = self.bare();
        if bare.query().is_some() {
            bare.set_query(Some(HIDDEN));
        }
        f.write_str(bare.as_str())
    }
}

/// Takes user and password out of every address in a text.
pub fn redact_urls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, address) = rest.split_at(start + 3);
        shown.push_str(before);
        let end =
            address.find(|c: char| c.is_whitespace() || "/'\"<>?#".contains(c)).unwrap_or(address.len());
        match address[..end].rfind('@') {
            Some(at) => {
                shown.push_str(HIDDEN);
                rest = &address[at..];
            }
            None => rest = address,
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> CameraUrl {
        CameraUrl::new(text.parse().expect("an address"))
    }

    #[test]
    fn no_print_shows_a_password() {
        let camera = url("rtsp://admin:p%40ss%25w@10.0.0.7:554/Streaming/101?pwd=hush");
        for print in [format!("{camera}"), format!("{camera:?}")] {
            assert_eq!(print, "rtsp://10.0.0.7:554/Streaming/101?***");
        }
        assert_eq!(format!("{:?}", Secret::new("hush")), "***");
        let (user, password) = camera.credentials().expect("credentials");
        assert_eq!((user.as_str(), password.reveal()), ("admin", "p@ss%w"));
        assert_eq!(url("rtsp://10.0.0.7/x").credentials(), None);
    }

    #[test]
    fn a_password_is_taken_out_however_it_is_written() {
        let camera = url("rtsp://admin:p%40ss%25w@10.0.0.7/x?pwd=hush");
        for (text, shown) in [
            (
                "Impossible to open 'rtsp://admin:p%40ss%25w@10.0.0.7/x'",
                "Impossible to open 'rtsp://***@10.0.0.7/x'",
            ),
            ("password p@ss%w is wrong", "password *** is wrong"),
            ("encoded p%40ss%25w", "encoded ***"),
            ("GET /x?pwd=hush failed", "GET /x?*** failed"),
            ("http://other:one@host/ and rtsp://10.0.0.7/x", "http://***@host/ and rtsp://10.0.0.7/x"),
            ("http://a:b@c@host/x", "http://***@host/x"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(camera.redact(text), shown);
        }
    }
}
