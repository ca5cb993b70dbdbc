//! What an answer of the server means for a frame and for those after it.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use types::codes;

/// How long to wait where the server does not say.
const LATER: Duration = Duration::from_secs(2);
/// It is not waited longer, whatever the server says.
const LONGEST: Duration = Duration::from_secs(60);

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was looked at.
    Answered {
        /// It has a face that is not settled.
        uncertain: bool,
        /// What the server worked, in milliseconds.
        worked_ms: u32,
    },
    /// Not now: it is kept.
    Later(Duration),
    /// The token does not open this feed any more: frames are kept.
    Revoked,
    /// Never: it is given up.
    GivenUp,
}

/// As much of an answer as is acted on: later servers may tell more.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    faces: Vec<Face>,
    #[serde(default)]
    timings_ms: std::collections::BTreeMap<String, f64>,
    error: Option<Problem>,
}

#[derive(Deserialize)]
struct Face {
    state: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Verdict {
    /// Of an answer over the WebSocket.
    pub fn of_message(text: &str) -> Self {
        let Ok(answer) = serde_json::from_str::<Answer>(text) else { return Self::Later(LATER) };
        let Some(problem) = answer.error else {
            let total = answer.timings_ms.get("total").copied().unwrap_or_default();
            return Self::Answered {
                uncertain: answer.faces.iter().any(|face| face.state == "uncertain"),
                worked_ms: total.clamp(0.0, 60_000.0) as u32,
            };
        };
        match problem.code.as_str() {
            codes::UNAUTHENTICATED | codes::FORBIDDEN => Self::Revoked,
            codes::TOO_MANY_REQUESTS => Self::Later(Duration::from_secs(1)),
            code if code.ends_with("unavailable") || code == "internal" || code == "model_pack_missing" => {
                Self::Later(LATER)
            }
            _ => Self::GivenUp,
        }
    }

    /// Of an answer by HTTP.
    pub fn of_status(status: u16, headers: &HeaderMap) -> Self {
        match status {
            200..=299 => Self::Answered { uncertain: false, worked_ms: 0 },
            401 | 403 => Self::Revoked,
            400 | 413 | 415 | 422 => Self::GivenUp,
            429 | 500..=599 => {
                let told = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                Self::Later(
                    told.map_or(LATER, Duration::from_secs).clamp(Duration::from_millis(200), LONGEST),
                )
            }
            // Such as 404 while the feed or the route is not there.
            _ => Self::Later(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_what_becomes_of_a_frame() {
        for (text, verdict) in [
            (
                r#"{"faces":[],"timings_ms":{"total":12.5},"new":1}"#,
                Verdict::Answered { uncertain: false, worked_ms: 12 },
            ),
            (
                r#"{"frame_id":"x","faces":[{"state":"known"},{"state":"uncertain"}]}"#,
                Verdict::Answered { uncertain: true, worked_ms: 0 },
            ),
            (
                r#"{"error":{"code":"too_many_requests","message":""}}"#,
                Verdict::Later(Duration::from_secs(1)),
            ),
            (r#"{"error":{"code":"recognizer_unavailable"}}"#, Verdict::Later(LATER)),
            (r#"{"error":{"code":"unauthenticated"}}"#, Verdict::Revoked),
            (r#"{"error":{"code":"invalid"}}"#, Verdict::GivenUp),
            ("no JSON", Verdict::Later(LATER)),
        ] {
            assert_eq!(Verdict::of_message(text), verdict, "{text}");
        }
    }

    #[test]
    fn statuses_say_what_becomes_of_a_frame() {
        let none = HeaderMap::new();
        let mut told = HeaderMap::new();
        told.insert("retry-after", "7".parse().expect("a value"));
        for (status, headers, verdict) in [
            (200, &none, Verdict::Answered { uncertain: false, worked_ms: 0 }),
            (401, &none, Verdict::Revoked),
            (403, &none, Verdict::Revoked),
            (404, &none, Verdict::Later(LONGEST)),
            (400, &none, Verdict::GivenUp),
            (413, &none, Verdict::GivenUp),
            (415, &none, Verdict::GivenUp),
            (422, &none, Verdict::GivenUp),
            (429, &told, Verdict::Later(Duration::from_secs(7))),
            (503, &none, Verdict::Later(LATER)),
            (507, &told, Verdict::Later(Duration::from_secs(7))),
        ] {
            assert_eq!(Verdict::of_status(status, headers), verdict, "{status}");
        }
    }
}
