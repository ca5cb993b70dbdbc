//! Whether a live person stands there: what a feed demands, and what the frames of a track have shown of it.
//!
//! `passive` weighs the evidence that the recognizer gathers over the track against the thresholds of the pack; in
//! between, once there was time enough to tell, is doubt, and the feed says what becomes of it. `challenge`
//! asks every person, before each arrival, to follow movements. Nothing passes in silence: without evidence or
//! without a pose a face stays undecided. What counts is when the server received a frame; one that its sender
//! kept for a while takes part in no challenge.

use chrono::{DateTime, Utc};
use decision::{Rule, Standing, Verdict};
use recognizer_types::{DetectedFace, LivenessCues, PackView};
use serde_json::json;
use types::{FeedId, Liveness, OnDoubt, PersonId};

use crate::domain::challenge::{Challenge, Identity, Progress};
use crate::domain::challenges::Challenges;
use crate::domain::streams::{Stream, Track};
use crate::models::feeds::Feed;

/// Frames of evidence before it counts: one frame's noise is neither a life nor a picture.
const LEAST_FRAMES: u32 = 5;
/// Frames of evidence after which being in between is doubt.
const DOUBT_FRAMES: u32 = 15;

/// What a feed demands, with the pack in use.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    feed: FeedId,
    liveness: Liveness,
    on_doubt: OnDoubt,
    /// Evidence from which a face is live, and up to which it is an attack; none where the pack gives none.
    thresholds: Option<(f32, f32)>,
}

/// Where a track stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presence {
    /// Not yet told.
    #[default]
    Undecided,
    /// A live person, or nobody asked.
    Live,
    /// Only a challenge can tell.
    Challenged,
    /// Evidence enough, for neither.
    Doubtful,
    /// A presentation attack.
    Attack,
}

/// What a track has shown.
#[derive(Debug, Default)]
pub struct Presented {
    /// Where it stands.
    pub presence: Presence,
    challenge: Option<(PersonId, Challenge)>,
    passed: Option<(PersonId, DateTime<Utc>)>,
    cues: Option<LivenessCues>,
}

impl Presented {
    /// What its person is asked to do now.
    pub fn challenge(&self) -> Option<types::Challenge> {
        self.challenge.as_ref().map(|(_, challenge)| challenge.view())
    }

    /// What an arrival stores of it.
    pub fn evidence(&self) -> Option<serde_json::Value> {
        let passed = self.passed.map(|(_, at)| json!({ "passed_at": at }));
        let cues = self.cues.map(|cues| json!(cues));
        (passed.is_some() || cues.is_some()).then(|| json!({ "challenge": passed, "passive": cues }))
    }
}

impl Demand {
    /// What `feed` demands with `pack`.
    pub fn of(feed: &Feed, pack: &PackView) -> Self {
        Self {
            feed: FeedId(feed.id),
            liveness: feed.liveness(),
            on_doubt: feed.on_doubt(),
            thresholds: pack.liveness_live.zip(pack.liveness_spoof).filter(|_| pack.passive_liveness),
        }
    }

    /// What the evidence of a face says by itself.
    fn weigh(&self, face: &DetectedFace) -> Presence {
        match self.liveness {
            Liveness::Off => return Presence::Live,
            Liveness::Challenge => return Presence::Challenged,
            Liveness::Passive => {}
        }
        let doubt = match self.on_doubt {
            OnDoubt::Challenge => Presence::Challenged,
            OnDoubt::Review => Presence::Doubtful,
        };
        // The feed was set up with another pack: a person may still be asked.
        let Some((live, spoof)) = self.thresholds else {
            return if doubt == Presence::Challenged { doubt } else { Presence::Undecided };
        };
        let frames = face.cues.map_or(0, |cues| cues.frames);
        match face.liveness {
            Some(_) if frames < LEAST_FRAMES => Presence::Undecided,
            Some(value) if value >= live => Presence::Live,
            Some(value) if value <= spoof => Presence::Attack,
            Some(_) if frames >= DOUBT_FRAMES => doubt,
            _ => Presence::Undecided,
        }
    }
}

/// What the recognizer is asked for: poses too, while somebody whose evidence was doubtful is challenged.
pub fn asked(feed: &Feed, stream: &Stream) -> Liveness {
    let challenged = stream.tracks.values().any(|track| track.presented.challenge.is_some());
    if challenged { Liveness::Challenge } else { feed.liveness() }
}

/// Takes what a frame shows of a face into its track. `now` is when the server received the frame; none for one
/// that its sender kept for a while.
pub fn observe(
    track: &mut Track,
    face: &DetectedFace,
    (demand, rule): (&Demand, &Rule),
    challenges: &Challenges,
    (now, at): (Option<DateTime<Utc>>, DateTime<Utc>),
) {
    let weighed = demand.weigh(face);
    if face.cues.is_some() {
        track.presented.cues = face.cues;
    }
    if demand.liveness != Liveness::Off && track.arrival.is_some() && !track.stands(at) {
        // Another arrival takes another proof.
        (track.arrival, track.presented.passed) = (None, None);
    }
    let person = match track.evidence.standing(rule) {
        Standing::Known(found) => Some(found.person),
        _ => None,
    };
    if let Some(now) = now {
        go_on(track, Some(face), demand, challenges, now);
        let wanted = weighed == Presence::Challenged && !track.stands(at) && !track.has_passed(person);
        if let Some(person) = person.filter(|_| wanted && track.presented.challenge.is_none()) {
            let issued = challenges.issue(demand.feed, person, now);
            track.presented.challenge = issued.map(|challenge| (person, challenge));
        }
    }
    track.presented.presence = match weighed {
        Presence::Attack => Presence::Attack,
        _ if track.has_passed(person) || track.stands(at) => Presence::Live,
        weighed => weighed,
    };
}

/// Goes on with the challenge of a track: of a face in view, or of one that is out of sight.
pub fn go_on(
    track: &mut Track,
    face: Option<&DetectedFace>,
    demand: &Demand,
    challenges: &Challenges,
    now: DateTime<Utc>,
) {
    let Some((person, challenge)) = &mut track.presented.challenge else { return };
    let person = *person;
    let identity = match track.verdict {
        Some(Verdict::Match(found)) if found.person == person => Identity::Confirmed,
        Some(Verdict::Match(_)) => Identity::Other,
        _ => Identity::Doubtful,
    };
    match challenge.observe(now, face.and_then(|face| face.pose.as_ref()), identity) {
        Progress::UnderWay => {}
        Progress::Passed => {
            challenges.close(demand.feed, person, true, now);
            (track.presented.challenge, track.presented.passed) = (None, Some((person, now)));
        }
        Progress::Failed(why) => {
            tracing::debug!(feed.id = %demand.feed, challenge.failure = ?why, "a challenge failed");
            challenges.close(demand.feed, person, false, now);
            track.presented.challenge = None;
        }
    }
}

impl Track {
    /// Whether a challenge was passed as this person.
    fn has_passed(&self, person: Option<PersonId>) -> bool {
        person.is_some() && self.presented.passed.map(|(passed, _)| passed) == person
    }
}

#[cfg(test)]
mod tests {
    use types::{BoundingBox, Quality};

    use super::*;

    fn demand(liveness: Liveness, on_doubt: OnDoubt) -> Demand {
        let feed = FeedId(uuid::Uuid::from_u128(1));
        Demand { feed, liveness, on_doubt, thresholds: Some((0.7, 0.3)) }
    }

    fn face(liveness: Option<f32>, frames: u32) -> DetectedFace {
        DetectedFace {
            track: None,
            bounding_box: BoundingBox { x: 0.0, y: 0.0, width: 9.0, height: 9.0 },
            landmarks: [[0.0; 2]; 5],
            score: 1.0,
            quality: Quality::default(),
            liveness,
            cues: Some(LivenessCues { frames, ..LivenessCues::default() }),
            pose: None,
            embedding: None,
        }
    }

    #[test]
    fn evidence_counts_after_enough_frames_and_is_doubt_in_between() {
        use Presence::{Attack, Challenged, Doubtful, Live, Undecided};
        let passive = demand(Liveness::Passive, OnDoubt::Review);
        let cases = [
            (Some(0.9), 4, Undecided),
            (Some(0.9), 5, Live),
            (Some(0.7), 5, Live),
            (Some(0.3), 5, Attack),
            (Some(0.5), 14, Undecided),
            (Some(0.5), 15, Doubtful),
            (None, 100, Undecided),
        ];
        for (value, frames, expected) in cases {
            assert_eq!(passive.weigh(&face(value, frames)), expected, "{value:?} {frames}");
        }
        assert_eq!(demand(Liveness::Passive, OnDoubt::Challenge).weigh(&face(Some(0.5), 15)), Challenged);
        assert_eq!(demand(Liveness::Challenge, OnDoubt::Review).weigh(&face(Some(0.9), 99)), Challenged);
        assert_eq!(demand(Liveness::Off, OnDoubt::Review).weigh(&face(None, 0)), Live);
        let blind = Demand { thresholds: None, ..passive };
        assert_eq!(blind.weigh(&face(Some(1.0), 99)), Undecided, "a pack that gives none lets nobody pass");
    }
}
