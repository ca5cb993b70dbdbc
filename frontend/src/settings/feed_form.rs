//! Making and changing a feed.

use std::str::FromStr;

use leptos::{ev, prelude::*, task::spawn_local};
use serde_json::value::RawValue;
use types::{Direction, FeedView, Liveness, OnDoubt, PackView, Range, Reveals};

use super::check_list::{self, CheckList};
use super::feed_choices;
use super::feeds::{Doing, direction_words};
use crate::api::{Failure, FeedRequest, use_api};
use crate::language::say;
use crate::loading::Loader;
use crate::numbers::{fixed, short, thousandths};
use crate::ui::{
    Modal, ModalHead, OptionsField, Problem, SaveButton, SelectField, TextField, When, use_toasts,
};

const FIELDS: [&str; 10] = [
    "groups",
    "name",
    "liveness",
    "range",
    "on_doubt",
    "min_frames",
    "dedup_seconds",
    "max_fps",
    "threshold",
    "margin",
];

/// The fields of a feed as they are being typed.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    direction: RwSignal<String>,
    liveness: RwSignal<String>,
    range: RwSignal<String>,
    on_doubt: RwSignal<String>,
    reveals: RwSignal<String>,
    /// Ids of the groups that come past.
    groups: RwSignal<Vec<String>>,
    min_frames: RwSignal<String>,
    dedup_seconds: RwSignal<String>,
    max_fps: RwSignal<String>,
    threshold: RwSignal<String>,
    margin: RwSignal<String>,
    problems: RwSignal<Vec<(&'static str, String)>>,
}

fn key<T: serde::Serialize>(value: T) -> String {
    serde_json::to_string(&value).unwrap_or_default().trim_matches('"').to_owned()
}

impl Form {
    fn new(feed: Option<&FeedView>) -> Self {
        let number = |value: Option<f32>| value.map(|value| short(f64::from(value), 3)).unwrap_or_default();
        Self {
            name: RwSignal::new(feed.map(|feed| feed.name.clone()).unwrap_or_default()),
            direction: RwSignal::new(key(feed.map(|feed| feed.direction).unwrap_or_default())),
            liveness: RwSignal::new(key(feed.map(|feed| feed.liveness).unwrap_or_default())),
            range: RwSignal::new(key(feed.map(|feed| feed.range).unwrap_or_default())),
            on_doubt: RwSignal::new(key(feed.map(|feed| feed.on_doubt).unwrap_or_default())),
            reveals: RwSignal::new(key(feed.map(|feed| feed.reveals).unwrap_or_default())),
            groups: RwSignal::new(
                feed.map(|feed| feed.groups.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            ),
            min_frames: RwSignal::new(feed.map_or(3, |feed| feed.min_frames).to_string()),
            dedup_seconds: RwSignal::new(feed.map_or(300, |feed| feed.dedup_seconds).to_string()),
            max_fps: RwSignal::new(feed.map_or(15, |feed| feed.max_fps).to_string()),
            threshold: RwSignal::new(number(feed.and_then(|feed| feed.threshold))),
            margin: RwSignal::new(number(feed.and_then(|feed| feed.margin))),
            problems: RwSignal::new(Vec::new()),
        }
    }

    /// The request, or the problems shown at their fields.
    fn checked(self) -> Option<FeedRequest> {
        let mut problems = Vec::new();
        let name = self.name.get_untracked().trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            problems.push(("name", say!(settings.name_wrong).to_owned()));
        }
        let min_frames = within(self.min_frames, "min_frames", 1..=100, &mut problems);
        let dedup_seconds = within(self.dedup_seconds, "dedup_seconds", 1..=86_400, &mut problems);
        let max_fps = within(self.max_fps, "max_fps", 1..=60, &mut problems);
        let threshold = fraction(self.threshold, "threshold", -1_000..=1_000, &mut problems);
        let margin = fraction(self.margin, "margin", 0..=2_000, &mut problems);
        let good = problems.is_empty();
        self.problems.set(problems);
        let (Some(min_frames), Some(dedup_seconds), Some(max_fps), true) =
            (min_frames, dedup_seconds, max_fps, good)
        else {
            return None;
        };
        Some(FeedRequest {
            name,
            liveness: match self.liveness.get_untracked().as_str() {
                "passive" => Liveness::Passive,
                "challenge" => Liveness::Challenge,
                _ => Liveness::Off,
            },
            range: match self.range.get_untracked().as_str() {
                "medium" => Range::Medium,
                "far" => Range::Far,
                _ => Range::Near,
            },
            on_doubt: if self.on_doubt.get_untracked() == "challenge" {
                OnDoubt::Challenge
            } else {
                OnDoubt::Review
            },
            min_frames,
            dedup_seconds,
            max_fps,
            direction: match self.direction.get_untracked().as_str() {
                "out" => Direction::Out,
                "both" => Direction::Both,
                _ => Direction::In,
            },
            reveals: if self.reveals.get_untracked() == "state" { Reveals::State } else { Reveals::All },
            groups: self.groups.with_untracked(|ids| ids.iter().filter_map(|id| id.parse().ok()).collect()),
            threshold,
            margin,
        })
    }

    fn take(self, failure: &Failure) -> bool {
        let problems: Vec<_> =
            FIELDS.iter().filter_map(|name| failure.field(name).map(|text| (*name, text))).collect();
        let named = !problems.is_empty();
        self.problems.try_set(problems);
        named
    }

    fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.problems.with(|problems| {
                problems.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone())
            })
        })
    }
}

fn within<T: FromStr + PartialOrd + std::fmt::Display>(
    text: RwSignal<String>,
    field: &'static str,
    range: std::ops::RangeInclusive<T>,
    problems: &mut Vec<(&'static str, String)>,
) -> Option<T> {
    let value = text.get_untracked().trim().parse().ok().filter(|value| range.contains(value));
    if value.is_none() {
        problems.push((field, say!(settings.number_wrong, least = range.start(), most = range.end())));
    }
    value
}

/// A fraction with at most three digits, as JSON; empty means the pack's own.
fn fraction(
    text: RwSignal<String>,
    field: &'static str,
    range: std::ops::RangeInclusive<i64>,
    problems: &mut Vec<(&'static str, String)>,
) -> Option<Box<RawValue>> {
    let text = text.get_untracked();
    if text.trim().is_empty() {
        return None;
    }
    let value = thousandths(&text).filter(|value| range.contains(value));
    if value.is_none() {
        let (least, most) = (range.start() / 1000, range.end() / 1000);
        problems.push((field, say!(settings.fraction_wrong, least = least, most = most)));
    }
    value.and_then(|value| RawValue::from_string(fixed(value as f64 / 1000.0, 3)).ok())
}

#[component]
pub fn FeedSheet(feed: Option<FeedView>, done: Callback<Doing>, doing: RwSignal<Doing>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let form = Form::new(feed.as_ref());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let title = match &feed {
        Some(feed) => say!(settings.feed_edit, name = feed.name.clone()),
        None => say!(settings.feed_add).to_owned(),
    };
    let existing = feed.map(|feed| feed.id);
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let Some(request) = form.checked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        spawn_local(async move {
            let outcome = match existing {
                Some(id) => api.update_feed(id, &request).await.map(|_| Doing::Nothing),
                None => api.create_feed(&request).await.map(|(feed, token)| Doing::Showing {
                    feed: feed.id,
                    name: feed.name,
                    token,
                }),
            };
            match outcome {
                Ok(next) => {
                    toasts.show(if existing.is_some() {
                        say!(words.saved)
                    } else {
                        say!(settings.feed_added)
                    });
                    done.run(next);
                }
                Err(failure) => {
                    if !form.take(&failure) {
                        problem.try_set(Some(failure.message()));
                    }
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=title.clone() kind="sheet" on_close>
            <ModalHead title on_close />
            <form id="feed-form" class="sheet-columns" on:submit=submit novalidate>
                <FeedFields form />
            </form>
            <div class="objections"><Problem text=problem boxed=true /></div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=if existing.is_some() { say!(words.save) } else { say!(settings.feed_add) } busy_words=say!(words.saving) busy form="feed-form" testid="feed-save" />
            </footer>
        </Modal>
    }
}

fn choices(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
}

#[component]
fn FeedFields(form: Form) -> impl IntoView {
    let api = use_api();
    let groups = check_list::groups(api);
    let pack = Loader::<PackView>::new();
    pack.run(api.model());
    let directions = [Direction::In, Direction::Out, Direction::Both]
        .map(|direction| (key(direction), direction_words(direction).to_owned()))
        .to_vec();
    view! {
        <div class="sheet-column">
            <TextField id="feed-name" label=say!(words.name) value=form.name problem=form.problem("name") required=true testid="feed-name" />
            <SelectField id="feed-direction" label=say!(settings.people_pass) value=form.direction choices=directions />
            <TextField
                id="feed-dedup"
                label=say!(settings.dedup)
                value=form.dedup_seconds
                problem=form.problem("dedup_seconds")
                inputmode="numeric"
                required=true
                hint=say!(settings.dedup_hint)
            />
            <OptionsField
                id="feed-range"
                label=say!(settings.range)
                value=form.range
                choices=feed_choices::ranges()
                problem=form.problem("range")
            />
            <Recognition form pack />
        </div>
        <div class="sheet-column">
            <OptionsField
                id="feed-liveness"
                label=say!(settings.liveness_question)
                value=form.liveness
                choices=Signal::derive(move || feed_choices::liveness(pack.value().as_ref()))
                problem=form.problem("liveness")
            />
            <When is=move || form.liveness.with(|liveness| liveness == "passive")>
                <OptionsField
                    id="feed-doubt"
                    label=say!(settings.doubt)
                    value=form.on_doubt
                    choices=Signal::derive(move || feed_choices::doubts(pack.value().as_ref()))
                    problem=form.problem("on_doubt")
                />
            </When>
            <p class="note">{say!(settings.liveness_limits)}</p>
            <CheckList
                label=say!(settings.feed_groups)
                hint=say!(settings.feed_groups_hint)
                empty=say!(settings.no_groups)
                list=groups
                chosen=form.groups
                problem=form.problem("groups")
                testid="feed-groups"
            />
        </div>
    }
}

/// What most feeds leave as it is.
#[component]
fn Recognition(form: Form, pack: Loader<PackView>) -> impl IntoView {
    let default_of = move |part: fn(&PackView) -> f32| {
        pack.value()
            .map(|pack| say!(settings.empty_takes, value = fixed(f64::from(part(&pack)), 3)))
            .unwrap_or_default()
    };
    view! {
        <details class="more">
            <summary class="link">{say!(settings.recognition)}</summary>
            <div class="sheet-fields">
                <div class="field-pair">
                    <TextField id="feed-frames" label=say!(settings.min_frames) value=form.min_frames problem=form.problem("min_frames") inputmode="numeric" required=true />
                    <TextField id="feed-fps" label=say!(settings.max_fps) value=form.max_fps problem=form.problem("max_fps") inputmode="numeric" required=true />
                </div>
                <div class="field-pair">
                    <TextField id="feed-threshold" label=say!(settings.threshold) value=form.threshold problem=form.problem("threshold") inputmode="decimal" />
                    <TextField id="feed-margin" label=say!(settings.margin) value=form.margin problem=form.problem("margin") inputmode="decimal" />
                </div>
                <p class="note">
                    {move || default_of(|pack| pack.threshold)}
                </p>
                <SelectField
                    id="feed-reveals"
                    label=say!(settings.reveals)
                    value=form.reveals
                    choices=choices(&[("all", say!(settings.reveals_all)), ("state", say!(settings.reveals_state))])
                    hint=say!(settings.reveals_hint)
                />
            </div>
        </details>
    }
}
