//! From a frame to an arrival.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use decision::{Rule, Standing};
use recognizer_types::{DetectedFace, FacesAnswer, PackView};
use tokio::sync::watch;
use types::{
    FaceState, FaceView, FeedId, FrameAnswer, FrameId, PersonId, PersonRef, ReviewReason, WatchedFrame,
};
use uuid::Uuid;

use crate::domain::arrivals::{self, Face, Proof, Sighting, Source};
use crate::domain::clock::FrameTime;
use crate::domain::judging::{contradicts, decide, rule, settled_tracks};
use crate::domain::liveness::{self, Demand, Presence};
use crate::domain::recognizer::FrameOf;
use crate::domain::review_intake;
use crate::domain::streams::{Stream, StreamKey};
use crate::error::ApiError;
use crate::models::feeds::Feed;
use crate::state::App;

/// A frame that was let in.
#[derive(Debug)]
pub struct Frame {
    /// Where it was taken.
    pub feed: Feed,
    /// The stream within the feed.
    pub stream: String,
    /// Who sent it.
    pub source: Source,
    /// When.
    pub time: FrameTime,
    /// The encoded image.
    pub image: Bytes,
}

/// The newest frame of a feed, for whoever watches.
#[derive(Debug, Clone)]
pub struct LiveFrame {
    header: WatchedFrame,
    /// The image as the camera sent it.
    pub image: Bytes,
    came: Instant,
}

/// From this age on a frame is no longer what is to be seen.
const STALE: Duration = Duration::from_secs(10);

impl LiveFrame {
    /// A frame that has come just now, or a while before, as `header` says.
    pub fn new(header: WatchedFrame, image: Bytes) -> Self {
        let age = Duration::from_millis(header.age_ms.unwrap_or_default().into());
        let now = Instant::now();
        Self { came: now.checked_sub(age).unwrap_or(now), header, image }
    }

    /// Whether it may still be shown to somebody who begins to watch.
    pub fn is_fresh(&self) -> bool {
        self.came.elapsed() < STALE
    }

    /// What is told of it, with its age at this moment.
    pub fn header(&self) -> WatchedFrame {
        let age_ms = u32::try_from(self.came.elapsed().as_millis()).ok();
        WatchedFrame { age_ms, ..self.header.clone() }
    }
}

/// The newest frame of each feed; watchers see the newest and never hold up the next.
#[derive(Debug, Default)]
pub struct Hub {
    feeds: Mutex<HashMap<FeedId, watch::Sender<Option<Arc<LiveFrame>>>>>,
}

impl Hub {
    /// Follows a feed.
    pub fn watch(&self, feed: FeedId) -> watch::Receiver<Option<Arc<LiveFrame>>> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.entry(feed).or_insert_with(|| watch::channel(None).0).subscribe()
    }

    /// The feeds that somebody follows.
    pub fn watched(&self) -> Vec<FeedId> {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|(feed, _)| *feed).collect()
    }

    /// Shows a frame to whoever follows its feed.
    pub fn publish(&self, feed: FeedId, frame: LiveFrame) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = feeds.get(&feed) {
            sender.send_replace((sender.receiver_count() > 0).then(|| Arc::new(frame)));
        }
    }

    /// Forgets all frames, as when somebody was erased who is on one of them; the next ones come in a moment.
    pub fn forget_frames(&self) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.values().for_each(|sender| _ = sender.send_replace(None));
    }

    /// Forgets frames that are no longer what is to be seen, and feeds that nobody follows.
    pub fn tidy(&self) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|_, sender| sender.receiver_count() > 0);
        for sender in feeds.values() {
            sender.send_if_modified(|frame| frame.take_if(|frame| !frame.is_fresh()).is_some());
        }
    }

    /// Ends the feed's streams to watchers.
    pub fn remove(&self, feed: FeedId) {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner).remove(&feed);
    }
}

/// Recognises the faces in a frame, decides, and writes the arrivals that follow.
///
/// # Errors
/// For a bad image 400, 413, 415 or 422; over a limit 429; 503 while recognizer, database or gallery are away.
pub async fn answer(app: &App, frame: Frame) -> Result<FrameAnswer, ApiError> {
    let began = Instant::now();
    let feed = FeedId(frame.feed.id);
    let key = StreamKey { feed, name: frame.stream.clone() };
    let mut stream = app.streams.next_frame(&key).await;
    let kept = frame.time.is_replay();
    let pack = app.pack_in_use().await?;
    if kept {
        stream.go_on_at(frame.time.captured_at);
    }
    stream.use_pack(&pack.id);
    let settled = settled_tracks(&stream, app.gallery.read().as_ref(), frame.time.captured_at);
    let asked = FrameOf {
        stream: &stream.recognizer_id,
        settled: &settled,
        range: frame.feed.range(),
        liveness: liveness::asked(&frame.feed, &stream),
    };
    let seen = app.recognizer.faces_of_frame(frame.image.clone(), &pack.id, asked).await?;

    let matching = Instant::now();
    let rule = rule(&frame.feed, &pack);
    decide(app, &mut stream, &seen, &rule)?;
    let demand = Demand::of(&frame.feed, &pack);
    observe_liveness(app, &mut stream, &frame, &seen, (&demand, &rule));
    let matched_ms = elapsed_ms(matching);
    app.traffic.saw(feed, seen.faces.iter().filter_map(|face| face.track.as_deref()), kept);

    let writing = Instant::now();
    write_arrivals(app, &mut stream, &frame, &seen, &rule).await?;
    let write_ms = elapsed_ms(writing);

    offer_for_review(app, &mut stream, &frame, &seen, (&pack, &rule));
    let mut answer = view(app, &stream, &seen, &rule);
    answer.timings_ms.extend([
        ("match".to_owned(), matched_ms),
        ("write".to_owned(), write_ms),
        ("answer".to_owned(), elapsed_ms(began)),
    ]);
    // Whoever watches sees what is, not what was.
    if !kept {
        let (width, height, answer) = (seen.width, seen.height, answer.clone());
        let header = WatchedFrame { feed, width, height, age_ms: None, answer };
        app.hub.publish(feed, LiveFrame::new(header, frame.image));
    }
    Ok(if frame.feed.reveals == "state" { without_names(answer) } else { answer })
}

fn elapsed_ms(since: Instant) -> f32 {
    since.elapsed().as_secs_f32() * 1000.0
}

/// Takes what the frame shows of each face's liveness into its track, and goes on with the challenges of those out
/// of sight.
fn observe_liveness(
    app: &App,
    stream: &mut Stream,
    frame: &Frame,
    seen: &FacesAnswer,
    (demand, rule): (&Demand, &Rule),
) {
    // A recording that was kept for a while follows nobody's instructions.
    let now = (!frame.time.is_replay()).then(Utc::now);
    let face_of = |name: &str| seen.faces.iter().find(|face| face.track.as_deref() == Some(name));
    for (name, track) in &mut stream.tracks {
        match (face_of(name), now) {
            (Some(face), now) => {
                let at = (now, frame.time.captured_at);
                liveness::observe(track, face, (demand, rule), &app.challenges, at);
            }
            (None, Some(now)) => liveness::go_on(track, None, demand, &app.challenges, now),
            (None, None) => {}
        }
    }
}

/// Writes an arrival for each known face that has none, or whose window is over.
async fn write_arrivals(
    app: &App,
    stream: &mut Stream,
    frame: &Frame,
    seen: &FacesAnswer,
    rule: &Rule,
) -> Result<(), ApiError> {
    let mut named = Vec::new();
    for face in &seen.faces {
        let Some((name, track)) = face.track.as_deref().and_then(|name| stream.tracks.get_key_value(name))
        else {
            continue;
        };
        let Standing::Known(found) = track.evidence.standing(rule) else { continue };
        if contradicts(track) || track.presented.presence != Presence::Live {
            continue;
        }
        // Two tracks of one person (one lost, one found again) share their arrival; one frame names them once.
        let duplicate = named.contains(&found.person);
        named.push(found.person);
        if track.stands(frame.time.captured_at) || duplicate {
            continue;
        }
        let name = name.clone();
        let proof = Proof::Face(Box::new(Face {
            found,
            rule: *rule,
            model_pack: seen.model.clone(),
            liveness: face.liveness,
            liveness_evidence: track.presented.evidence(),
            probe: face.embedding.clone().filter(|_| app.review.is_on()),
        }));
        let sighting = Sighting {
            feed: FeedId(frame.feed.id),
            person: found.person,
            proof,
            time: frame.time,
            dedup_seconds: frame.feed.dedup_seconds,
            source: frame.source,
        };
        let keys = app.keys.clone();
        match app.db.run(move |conn| arrivals::record(conn, &keys, &sighting)).await {
            Ok(recorded) => {
                if recorded.new {
                    app.traffic.arrived(FeedId(frame.feed.id));
                    app.metrics.arrivals.inc();
                }
                if let Some(track) = stream.tracks.get_mut(&name) {
                    track.arrival = Some((recorded.id, recorded.until));
                }
            }
            // The person was deleted while the frame was judged.
            Err(ApiError::NotFound(_)) => {
                stream.tracks.remove(&name);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Offers each face to the review queue that is nobody's or may be a picture, once for each track.
fn offer_for_review(
    app: &App,
    stream: &mut Stream,
    frame: &Frame,
    seen: &FacesAnswer,
    (pack, rule): (&Arc<PackView>, &Rule),
) {
    for face in &seen.faces {
        let track = face.track.as_deref().and_then(|name| stream.tracks.get_mut(name));
        let Some(track) = track.filter(|track| !track.reviewed) else { continue };
        let why = match (track.evidence.standing(rule), track.presented.presence) {
            (Standing::Unknown, _) => ReviewReason::Unknown,
            (_, Presence::Attack | Presence::Doubtful) => ReviewReason::Spoof,
            _ => continue,
        };
        track.reviewed = review_intake::offer(app, frame, seen, face, (pack, why));
    }
}

fn view(app: &App, stream: &Stream, seen: &FacesAnswer, rule: &Rule) -> FrameAnswer {
    let known = app.gallery.read();
    let names = known.as_ref().map(|known| &known.names);
    let mut named = Vec::new();
    let faces = seen.faces.iter().map(|face| {
        let mut view = face_view(stream, face, rule, &|person| names?.get(&person).cloned());
        if let Some(person) = &view.person {
            if named.contains(&person.id) {
                (view.state, view.person, view.arrival_id) = (FaceState::Uncertain, None, None);
            } else {
                named.push(person.id);
            }
        }
        view
    });
    FrameAnswer { frame_id: FrameId(Uuid::now_v7()), faces: faces.collect(), timings_ms: timings(seen) }
}

fn face_view(
    stream: &Stream,
    face: &DetectedFace,
    rule: &Rule,
    name_of: &dyn Fn(PersonId) -> Option<String>,
) -> FaceView {
    let track = face.track.clone().unwrap_or_default();
    let standing = stream.tracks.get(&track);
    let arrival = standing.and_then(|track| track.arrival);
    let decided = standing.filter(|track| !contradicts(track)).map(|track| track.evidence.standing(rule));
    let presence = standing.map(|track| track.presented.presence);
    let (state, person, similarity) = match decided {
        Some(Standing::Unknown) => (FaceState::Unknown, None, None),
        _ if matches!(presence, Some(Presence::Attack | Presence::Doubtful)) => {
            (FaceState::Spoof, None, None)
        }
        // Known is what has an arrival; the sentence "you are logged" is never ahead of the row.
        Some(Standing::Known(found)) if arrival.is_some() => {
            let named = name_of(found.person).map(|name| PersonRef { id: found.person, name, photo: None });
            (FaceState::Known, named, Some(found.similarity))
        }
        _ => (FaceState::Uncertain, None, None),
    };
    let known = state == FaceState::Known;
    FaceView {
        track,
        bounding_box: face.bounding_box,
        landmarks: face.landmarks,
        score: face.score,
        quality: face.quality.clone(),
        liveness: face.liveness,
        challenge: standing.and_then(|track| track.presented.challenge()),
        state,
        person,
        similarity: similarity.or(standing.and_then(|track| track.best_score)),
        arrival_id: arrival.filter(|_| known).map(|(id, _)| id),
    }
}

fn timings(seen: &FacesAnswer) -> std::collections::BTreeMap<String, f32> {
    let t = &seen.timings_ms;
    [
        ("decode", t.decode),
        ("detect", t.detect),
        ("landmarks", t.landmarks),
        ("align", t.align),
        ("embed", t.embed),
        ("liveness", t.liveness),
        ("total", t.total),
    ]
    .map(|(stage, ms)| (stage.to_owned(), ms))
    .into()
}

/// For somebody who may see these people alone: nobody else has a name or a score.
pub fn naming_only(mut answer: FrameAnswer, visible: &HashSet<Uuid>) -> FrameAnswer {
    for face in &mut answer.faces {
        if !face.person.as_ref().is_some_and(|person| visible.contains(&person.id.0)) {
            (face.person, face.similarity) = (None, None);
        }
    }
    answer
}

/// For a feed that reveals states only: whoever holds its token learns no name and no score.
fn without_names(mut answer: FrameAnswer) -> FrameAnswer {
    for face in &mut answer.faces {
        (face.person, face.similarity) = (None, None);
    }
    answer
}
