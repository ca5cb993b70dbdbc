//! Digest authentication (RFC 7616) by MD5 or SHA-256, as cameras ask for it; quality of protection `auth` or none.

use md5::Md5;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What a camera asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Option<String>,
    auth: bool,
    used: u32,
}

impl Challenge {
    /// Reads the header `WWW-Authenticate`; none when it asks for something else.
    pub fn read(header: &str) -> Option<Self> {
        let (kind, rest) = header.trim().split_once(' ')?;
        if !kind.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut challenge = Self {
            realm: String::new(),
            nonce: String::new(),
            opaque: None,
            algorithm: None,
            auth: false,
            used: 0,
        };
        for (name, value) in parameters(rest) {
            match name.as_str() {
                "realm" => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "opaque" => challenge.opaque = Some(value),
                "algorithm" => challenge.algorithm = Some(value),
                "qop" => {
                    challenge.auth = value.split(',').any(|part| part.trim().eq_ignore_ascii_case("auth"))
                }
                _ => {}
            }
        }
        let known = challenge
            .algorithm
            .as_deref()
            .is_none_or(|name| name.eq_ignore_ascii_case("MD5") || name.eq_ignore_ascii_case("SHA-256"));
        (known && !challenge.nonce.is_empty()).then_some(challenge)
    }

    /// The header `Authorization` for the next request.
    pub fn answer(&mut self, method: &str, uri: &str, user: &str, password: &str) -> String {
        self.used += 1;
        self.answer_with(method, uri, (user, password), &Uuid::new_v4().simple().to_string())
    }

    fn hash(&self, text: &str) -> String {
        let bytes = match self.algorithm.as_deref() {
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Sha256::digest(text).to_vec(),
            _ => Md5::digest(text).to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn answer_with(&self, method: &str, uri: &str, (user, password): (&str, &str), own: &str) -> String {
        let who = self.hash(&format!("{user}:{}:{password}", self.realm));
        let what = self.hash(&format!("{method}:{uri}"));
        let (nonce, count) = (&self.nonce, format!("{:08x}", self.used));
        let proof = if self.auth {
            self.hash(&format!("{who}:{nonce}:{count}:{own}:auth:{what}"))
        } else {
            self.hash(&format!("{who}:{nonce}:{what}"))
        };
        let quoted = |text: &str| text.replace(['"', '\\', '\r', '\n'], "");
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{proof}\"",
            quoted(user),
            quoted(&self.realm),
        );
        if self.auth {
            header.push_str(&format!(", qop=auth, nc={count}, cnonce=\"{own}\""));
        }
        if let Some(algorithm) = &self.algorithm {
            header.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque=\"{opaque}\""));
        }
        header
    }
}

/// `name=value` and `name="value, with commas"`, separated by commas.
fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ']).to_ascii_lowercase();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name, value.trim().to_owned()));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7616, section 3.9.1.
    #[test]
    fn the_answers_are_those_of_the_rfc() {
        let base = "qop=\"auth, auth-int\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                    opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, proof) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let header = format!("Digest realm=\"http-auth@example.org\", algorithm={algorithm}, {base}");
            let mut challenge = Challenge::read(&header).expect("a challenge");
            challenge.used = 1;
            let login = ("Mufasa", "Circle of Life");
            let answer = challenge.answer_with("GET", "/dir/index.html", login, own);
            assert!(answer.contains(&format!("response=\"{proof}\"")), "{answer}");
            assert!(answer.contains("qop=auth, nc=00000001") && !answer.contains("Circle"), "{answer}");
        }
    }

    #[test]
    fn other_challenges_are_left_alone() {
        for header in
            ["Basic realm=\"x\"", "Digest realm=\"x\"", "Digest nonce=\"1\", algorithm=SHA-512", "Digest"]
        {
            assert_eq!(Challenge::read(header), None, "{header}");
        }
        assert!(Challenge::read("digest realm=cam, nonce=abc").is_some());
    }
}
