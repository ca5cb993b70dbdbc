//! What may be set for a feed.

use std::collections::BTreeMap;

use types::{CreateFeed, Direction, Liveness, OnDoubt, Range, Reveals, UpdateFeed};
use uuid::Uuid;

use crate::domain::names;
use crate::error::ApiError;
use crate::models::feeds::{Feed, FeedChanges, NewFeed};
use crate::state::App;

/// Checks a new feed and makes its row.
///
/// # Errors
/// 422 that names each field.
pub fn new_feed(request: CreateFeed, gives: Gives) -> Result<NewFeed, ApiError> {
    let name = names::tidy(&request.name);
    let feed = NewFeed {
        id: Uuid::now_v7(),
        liveness: liveness(request.liveness).to_owned(),
        min_frames: request.min_frames.unwrap_or(3).into(),
        dedup_seconds: seconds(request.dedup_seconds.unwrap_or(300)),
        max_fps: request.max_fps.unwrap_or(15).into(),
        direction: direction(request.direction).to_owned(),
        reveals: reveals(request.reveals).to_owned(),
        range: range(request.range).to_owned(),
        on_doubt: on_doubt(request.on_doubt).to_owned(),
        threshold: request.threshold,
        margin: request.margin,
        tuned_for: None,
        name,
    };
    let mut problems = Problems::default();
    problems.name(&feed.name);
    problems.numbers(Some(feed.min_frames), Some(feed.dedup_seconds), Some(feed.max_fps));
    problems.scores(feed.threshold, feed.margin);
    problems.liveness(Some(request.liveness), Some(request.on_doubt), gives);
    problems.into_result()?;
    Ok(feed)
}

/// Checks a change of a feed.
///
/// # Errors
/// As [`new_feed`].
pub fn changes(request: UpdateFeed, gives: Gives) -> Result<FeedChanges, ApiError> {
    let changes = FeedChanges {
        name: request.name.as_deref().map(names::tidy),
        liveness: request.liveness.map(|value| liveness(value).to_owned()),
        min_frames: request.min_frames.map(Into::into),
        dedup_seconds: request.dedup_seconds.map(seconds),
        max_fps: request.max_fps.map(Into::into),
        direction: request.direction.map(|value| direction(value).to_owned()),
        reveals: request.reveals.map(|value| reveals(value).to_owned()),
        range: request.range.map(|value| range(value).to_owned()),
        on_doubt: request.on_doubt.map(|value| on_doubt(value).to_owned()),
        threshold: request.threshold,
        margin: request.margin,
        ..FeedChanges::default()
    };
    let mut problems = Problems::default();
    if let Some(name) = &changes.name {
        problems.name(name);
    }
    problems.numbers(changes.min_frames, changes.dedup_seconds, changes.max_fps);
    problems.scores(changes.threshold.flatten(), changes.margin.flatten());
    problems.liveness(request.liveness, request.on_doubt, gives);
    problems.into_result()?;
    Ok(changes)
}

/// What liveness the pack in use gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gives {
    passive: bool,
    challenge: bool,
}

impl Gives {
    /// Asks for the pack in use, where it matters.
    ///
    /// # Errors
    /// 503 while the pack is away.
    pub async fn with(app: &App, matters: bool) -> Result<Self, ApiError> {
        if !matters {
            return Ok(Self::default());
        }
        let pack = app.pack_in_use().await?;
        let passive = pack.passive_liveness && pack.liveness_live.is_some() && pack.liveness_spoof.is_some();
        Ok(Self { passive, challenge: pack.challenge })
    }
}

/// Whether a request depends on what liveness the pack gives.
pub fn asks_for_liveness(liveness: Option<Liveness>, on_doubt: Option<OnDoubt>) -> bool {
    liveness.is_some_and(|liveness| liveness != Liveness::Off) || on_doubt == Some(OnDoubt::Challenge)
}

fn seconds(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn liveness(value: Liveness) -> &'static str {
    match value {
        Liveness::Off => "off",
        Liveness::Passive => "passive",
        Liveness::Challenge => "challenge",
    }
}

fn direction(value: Direction) -> &'static str {
    match value {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Both => "both",
    }
}

fn reveals(value: Reveals) -> &'static str {
    match value {
        Reveals::All => "all",
        Reveals::State => "state",
    }
}

fn range(value: Range) -> &'static str {
    match value {
        Range::Near => "near",
        Range::Medium => "medium",
        Range::Far => "far",
    }
}

fn on_doubt(value: OnDoubt) -> &'static str {
    match value {
        OnDoubt::Review => "review",
        OnDoubt::Challenge => "challenge",
    }
}

impl Feed {
    /// Its own least comparison score, where it was set for `pack`.
    pub fn own_threshold(&self, pack: Option<&str>) -> Option<f32> {
        self.threshold.filter(|_| self.is_tuned_for(pack))
    }

    /// Its own least distance to the second-best person, where it was set for `pack`.
    pub fn own_margin(&self, pack: Option<&str>) -> Option<f32> {
        self.margin.filter(|_| self.is_tuned_for(pack))
    }

    fn is_tuned_for(&self, pack: Option<&str>) -> bool {
        self.tuned_for.is_none() || self.tuned_for.as_deref() == pack
    }

    /// What is asked of a face before it counts as a live person.
    pub fn liveness(&self) -> Liveness {
        match self.liveness.as_str() {
            "passive" => Liveness::Passive,
            "challenge" => Liveness::Challenge,
            _ => Liveness::Off,
        }
    }

    /// How far from the camera people pass.
    pub fn range(&self) -> Range {
        match self.range.as_str() {
            "medium" => Range::Medium,
            "far" => Range::Far,
            _ => Range::Near,
        }
    }

    /// What happens where passive evidence is doubtful.
    pub fn on_doubt(&self) -> OnDoubt {
        if self.on_doubt == "challenge" { OnDoubt::Challenge } else { OnDoubt::Review }
    }
}

#[derive(Default)]
struct Problems(BTreeMap<String, String>);

impl Problems {
    fn add(&mut self, field: &str, what: impl Into<String>) {
        self.0.insert(field.to_owned(), what.into());
    }

    fn name(&mut self, name: &str) {
        names::check(&mut self.0, "name", name, 100);
    }

    fn numbers(&mut self, min_frames: Option<i32>, dedup_seconds: Option<i32>, max_fps: Option<i32>) {
        let ranges = [
            ("min_frames", min_frames, 1..=100),
            ("dedup_seconds", dedup_seconds, 1..=86_400),
            ("max_fps", max_fps, 1..=60),
        ];
        for (field, value, range) in ranges {
            if value.is_some_and(|value| !range.contains(&value)) {
                self.add(field, format!("Give a number from {} to {}.", range.start(), range.end()));
            }
        }
    }

    fn scores(&mut self, threshold: Option<f32>, margin: Option<f32>) {
        if threshold.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            self.add("threshold", "Give a cosine from 0 to 1, or nothing for the model pack's own.");
        }
        if margin.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
            self.add("margin", "Give a distance from 0 to 2, or nothing for the model pack's own.");
        }
    }

    /// A feed that demands what the pack does not give would let nobody pass.
    fn liveness(&mut self, liveness: Option<Liveness>, on_doubt: Option<OnDoubt>, gives: Gives) {
        match liveness {
            Some(Liveness::Passive) if !gives.passive => {
                self.add("liveness", "The model pack in use gives no passive liveness evidence.");
            }
            Some(Liveness::Challenge) if !gives.challenge => {
                self.add("liveness", "The model pack in use has no mesh to verify a challenge by.");
            }
            _ => {}
        }
        if on_doubt == Some(OnDoubt::Challenge) && !gives.challenge {
            self.add("on_doubt", "The model pack in use has no mesh to verify a challenge by. Use review.");
        }
    }

    fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_contracts_and_each_bad_field_is_named() {
        let feed = new_feed(CreateFeed { name: " Door ".into(), ..CreateFeed::default() }, Gives::default())
            .expect("ok");
        assert_eq!(
            (feed.name.as_str(), feed.min_frames, feed.dedup_seconds, feed.max_fps),
            ("Door", 3, 300, 15)
        );
        assert_eq!(
            (feed.liveness.as_str(), feed.direction.as_str(), feed.reveals.as_str()),
            ("off", "in", "all")
        );
        let bad = CreateFeed {
            name: "  ".into(),
            liveness: Liveness::Passive,
            min_frames: Some(0),
            dedup_seconds: Some(90_000),
            max_fps: Some(61),
            threshold: Some(1.5),
            margin: Some(f32::NAN),
            ..CreateFeed::default()
        };
        let Err(ApiError::Invalid(fields)) = new_feed(bad, Gives::default()) else { panic!("refused") };
        let named: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(
            named,
            ["dedup_seconds", "liveness", "margin", "max_fps", "min_frames", "name", "threshold"]
        );
    }
}
