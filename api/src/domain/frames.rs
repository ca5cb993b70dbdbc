//! From a frame to an arrival.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use recognizer_types::{DetectedFace, FacesAnswer, PackView};
use tokio::sync::watch;
use types::{FaceState, FaceView, FeedId, FrameAnswer, FrameId, PersonId, PersonRef, WatchedFrame};
use uuid::Uuid;

use crate::domain::arrivals::{self, Sighting, Source};
use crate::domain::clock::FrameTime;
use crate::domain::decision::{Rule, Standing, judge_frame};
use crate::domain::gallery_sync::Known;
use crate::domain::streams::{Stream, StreamKey, Track};
use crate::error::ApiError;
use crate::models::feeds::Feed;
use crate::state::App;

/// How many people a face is weighed against: the best, the runner-up and a few whom other faces may take.
const CANDIDATES: usize = 8;

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
    /// What is told of it.
    pub header: WatchedFrame,
    /// The image as the camera sent it.
    pub image: Bytes,
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

    fn publish(&self, feed: FeedId, frame: LiveFrame) {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = feeds.get(&feed) {
            sender.send_replace((sender.receiver_count() > 0).then(|| Arc::new(frame)));
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
    let pack = app.recognizer.learn_pack().await?;
    let settled = settled_tracks(&stream, app.gallery.read().as_ref());
    let seen = app.recognizer.faces_of_frame(frame.image.clone(), &stream.recognizer_id, &settled).await?;

    let matching = Instant::now();
    let rule = rule(&frame.feed, &pack);
    decide(app, &mut stream, &seen, &rule)?;
    let matched_ms = elapsed_ms(matching);
    app.traffic.saw(feed, seen.faces.iter().filter_map(|face| face.track.as_deref()));

    let writing = Instant::now();
    write_arrivals(app, &mut stream, &frame, &seen, &rule).await?;
    let write_ms = elapsed_ms(writing);

    let mut answer = view(app, &stream, &seen, &rule);
    answer.timings_ms.extend([
        ("match".to_owned(), matched_ms),
        ("write".to_owned(), write_ms),
        ("answer".to_owned(), elapsed_ms(began)),
    ]);
    app.hub.publish(
        feed,
        LiveFrame {
            header: WatchedFrame { feed, width: seen.width, height: seen.height, answer: answer.clone() },
            image: frame.image,
        },
    );
    Ok(if frame.feed.reveals == "state" { without_names(answer) } else { answer })
}

fn elapsed_ms(since: Instant) -> f32 {
    since.elapsed().as_secs_f32() * 1000.0
}

/// What the feed demands, the pack's defaults filled in.
pub fn rule(feed: &Feed, pack: &PackView) -> Rule {
    Rule {
        threshold: feed.threshold.unwrap_or(pack.threshold),
        margin: feed.margin.unwrap_or(pack.margin),
        min_frames: usize::try_from(feed.min_frames).unwrap_or(1),
    }
}

/// Tracks that need no new embedding: they have an arrival, and their person can still be recognised.
fn settled_tracks(stream: &Stream, known: Option<&Known>) -> Vec<String> {
    let Some(known) = known else { return Vec::new() };
    let mut settled = Vec::new();
    for (name, track) in &stream.tracks {
        if track.settled().is_some_and(|person| known.gallery.contains(person)) {
            settled.push(name.clone());
        }
    }
    settled
}

impl Track {
    /// The person this track was settled on and logged as.
    fn settled(&self) -> Option<PersonId> {
        self.arrival.as_ref()?;
        self.evidence.person()
    }
}

/// Takes the new evidence of a frame into its tracks.
fn decide(app: &App, stream: &mut Stream, seen: &FacesAnswer, rule: &Rule) -> Result<(), ApiError> {
    let tracks: Vec<&str> = seen.faces.iter().filter_map(|face| face.track.as_deref()).collect();
    stream.see(&tracks);
    let known = app.gallery.read();
    // The gallery of the pack that made these embeddings is not loaded yet, or no longer.
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
    }
    let (mut names, mut candidates, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    let mut best_scores = HashMap::new();
    for face in &seen.faces {
        let Some(name) = face.track.as_deref() else { continue };
        match &face.embedding {
            Some(embedding) => {
                let found = known.gallery.search(&embedding.0, CANDIDATES);
                let found = found.map_err(|error| ApiError::Internal(error.into()))?;
                best_scores.extend(found.first().map(|best| (name, best.score)));
                candidates.push(found);
                names.push(name);
            }
            None => taken.extend(stream.tracks.get(name).and_then(Track::settled)),
        }
    }
    let verdicts = judge_frame(&candidates, rule, &known.pairs, &taken);
    for (name, verdict) in names.into_iter().zip(verdicts) {
        let track = stream.tracks.entry(name.to_owned()).or_default();
        let before = track.evidence.person();
        track.evidence.observe(verdict, rule);
        track.best_score = best_scores.get(name).copied();
        if track.evidence.person() != before {
            track.arrival = None;
        }
    }
    Ok(())
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
        // Two tracks of one person (one lost, one found again) share their arrival; one frame names them once.
        let duplicate = named.contains(&found.person);
        named.push(found.person);
        let stands = track.arrival.is_some_and(|(_, until)| frame.time.captured_at < until);
        if stands || duplicate {
            continue;
        }
        let name = name.clone();
        let sighting = Sighting {
            feed: FeedId(frame.feed.id),
            found,
            time: frame.time,
            dedup_seconds: frame.feed.dedup_seconds,
            rule: *rule,
            model_pack: seen.model.clone(),
            liveness: face.liveness,
            source: frame.source,
        };
        match app.db.run(move |conn| arrivals::record(conn, &sighting)).await {
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
    let (state, person, similarity) = match standing.map(|track| track.evidence.standing(rule)) {
        // Known is what has an arrival; the sentence "you are logged" is never ahead of the row.
        Some(Standing::Known(found)) if arrival.is_some() => {
            let named = name_of(found.person).map(|name| PersonRef { id: found.person, name, photo: None });
            (FaceState::Known, named, Some(found.similarity))
        }
        Some(Standing::Unknown) => (FaceState::Unknown, None, None),
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
        challenge: None,
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

/// For a feed that reveals states only: whoever holds its token learns no name and no score.
fn without_names(mut answer: FrameAnswer) -> FrameAnswer {
    for face in &mut answer.faces {
        (face.person, face.similarity) = (None, None);
    }
    answer
}
