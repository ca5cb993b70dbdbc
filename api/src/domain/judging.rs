//! What a frame says of its faces: from embeddings to the evidence of tracks.

use chrono::{DateTime, Utc};
use decision::{Rule, Verdict, judge_frame};
use recognizer_types::{Embedding, FacesAnswer, PackView};
use types::PersonId;

use crate::domain::gallery_sync::Known;
use crate::domain::streams::{Stream, Track};
use crate::error::ApiError;
use crate::models::feeds::Feed;
use crate::state::App;

/// How many people a face is weighed against: the best, the runner-up and a few whom other faces may take.
const CANDIDATES: usize = 8;

/// What the feed demands, the pack's defaults filled in. Its own threshold and margin count with the pack they
/// were set for: another's scores mean something else.
pub fn rule(feed: &Feed, pack: &PackView) -> Rule {
    Rule {
        threshold: feed.own_threshold(Some(&pack.id)).unwrap_or(pack.threshold),
        margin: feed.own_margin(Some(&pack.id)).unwrap_or(pack.margin),
        min_frames: usize::try_from(feed.min_frames).unwrap_or(1),
    }
}

/// Tracks that need no new embedding: they have an arrival that still stands at `at`, and their person can still
/// be recognised. Another arrival has to rest on another look, and somebody whom others were mistaken for is looked
/// at in every frame.
pub fn settled_tracks(stream: &Stream, known: Option<&Known>, at: DateTime<Utc>) -> Vec<String> {
    let Some(known) = known else { return Vec::new() };
    let mut settled = Vec::new();
    for (name, track) in &stream.tracks {
        let sure = |person| known.gallery.contains(person) && !known.non_matches.concern(person);
        if track.stands(at) && track.settled().is_some_and(sure) {
            settled.push(name.clone());
        }
    }
    settled
}

impl Track {
    /// Whether its arrival stands for a sighting at that time.
    pub fn stands(&self, at: DateTime<Utc>) -> bool {
        self.arrival.is_some_and(|(_, until)| at < until)
    }

    /// The person this track was settled on and logged as.
    fn settled(&self) -> Option<PersonId> {
        self.arrival.as_ref()?;
        self.evidence.person()
    }
}

/// Takes the new evidence of a frame into its tracks.
///
/// # Errors
/// 503 when the faces were judged by another pack than the one whose templates are loaded.
pub fn decide(app: &App, stream: &mut Stream, seen: &FacesAnswer, rule: &Rule) -> Result<(), ApiError> {
    let tracks: Vec<&str> = seen.faces.iter().filter_map(|face| face.track.as_deref()).collect();
    app.traffic.new_faces(stream.see(&tracks));
    let known = app.gallery.read();
    // Another pack was taken into use while the recognizer looked.
    let Some(known) = known.as_ref().filter(|known| known.pack == seen.model) else {
        return Err(ApiError::RecognizerUnavailable(
            "the gallery of this model pack is still loading".to_owned(),
        ));
    };
    for track in stream.tracks.values_mut() {
        // Deleted, archived or withdrawn since: recognition stops at once.
        if track.evidence.person().is_some_and(|person| !known.gallery.contains(person)) {
            *track = Track::default();
        }
        track.verdict = None;
    }
    let (mut names, mut probes, mut good, mut taken) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for face in &seen.faces {
        let Some(name) = face.track.as_deref() else { continue };
        match &face.embedding {
            Some(Embedding(embedding)) => {
                names.push(name);
                probes.push(embedding);
                good.push(face.quality.ok);
            }
            None => taken.extend(stream.tracks.get(name).and_then(Track::settled)),
        }
    }
    let candidates = known.candidates(&probes, CANDIDATES)?;
    let verdicts = judge_frame(&candidates, rule, &known.pairs, &taken);
    for (face, name) in names.into_iter().enumerate() {
        let verdict = if good[face] { verdicts[face] } else { verdicts[face].of_poor_picture(rule) };
        let track = stream.tracks.entry(name.to_owned()).or_default();
        let before = track.evidence.person();
        track.evidence.observe(verdict, rule);
        track.verdict = Some(verdict);
        track.best_score = candidates[face].first().map(|best| best.score);
        if track.evidence.person() != before {
            track.arrival = None;
        }
    }
    Ok(())
}

/// Whether a frame speaks against the person that a track was settled on: nobody is logged or named on the
/// strength of frames before.
pub fn contradicts(track: &Track) -> bool {
    match (track.verdict, track.evidence.person()) {
        (Some(Verdict::Stranger), Some(_)) => true,
        (Some(Verdict::Match(found)), Some(person)) => found.person != person,
        _ => false,
    }
}
