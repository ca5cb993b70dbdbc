//! One face of the queue: its pictures, where and when it was seen, whom it resembles, what can be done.

use leptos::{prelude::*, task::spawn_local};
use types::{ReviewCandidate, ReviewFace, ReviewItem, ReviewReason};

use super::page::{Doing, Queue};
use crate::api::{face_image, use_api};
use crate::clock::{self, Style};
use crate::elapsed::until;
use crate::language::say;
use crate::numbers::fixed;
use crate::session::use_desk;
use crate::ui::{Ago, Avatar, Icon, Moment, icons, use_toasts};

/// Pictures that a row shows; the sheet that enrols shows all.
const SHOWN: usize = 5;

/// A row of the queue.
#[component]
pub fn ItemRow(item: ReviewItem, queue: Queue) -> impl IntoView {
    let desk = use_desk();
    let (id, expires) = (item.id, item.expires_at.timestamp_millis());
    let more = item.faces.len().saturating_sub(SHOWN);
    let spoof = item.faces.iter().any(|face| face.why == ReviewReason::Spoof);
    let title = if spoof { say!(review.may_be_picture) } else { say!(review.unknown_face) };
    let pictures = item
        .faces
        .iter()
        .take(SHOWN)
        .map(|face| {
            let face = face.clone();
            view! { <li><FacePicture source=face_image(id, face.id) face /></li> }
        })
        .collect_view();
    let count = item.sightings.max(0) as u64;
    let seen = match places(&item.faces) {
        places if places.is_empty() => say!(review.seen, count = count),
        places => say!(review.seen_at, count = count, places = places),
    };
    let first = (item.first_seen != item.last_seen).then(|| {
        view! {
            <span>{say!(review.first_seen)} " " <Moment at=item.first_seen style=Style::Full /></span>
        }
    });
    let left = move || say!(review.erased, when = until((expires - desk.now_ms.get() as i64) / 1000));
    let button = |label: &'static str, key: &'static str, icon, class: &'static str, next: Doing| {
        view! {
            <button
                type="button"
                class=format!("btn {class}")
                aria-keyshortcuts=key
                data-testid=format!("review-{key}")
                on:click=move |_| queue.doing.set(next.clone())
            >
                <Icon icon />
                {label}
                <kbd class="key" aria-hidden="true">{key.to_ascii_uppercase()}</kbd>
            </button>
        }
    };
    view! {
        <li class="review-item" tabindex="0" data-testid="review-item" aria-label=title>
            <ul class="review-faces">
                {pictures} {(more > 0).then(|| view! { <li class="review-more tabular">{format!("+{more}")}</li> })}
            </ul>
            <div class="review-facts">
                <p class="review-title">
                    {spoof.then(|| view! { <Icon icon=icons::Spoof class="icon text-spoof" /> })} {title}
                </p>
                <p class="review-seen note">
                    <span>{seen}</span>
                    <span>{say!(review.last_seen)} " " <Ago at=item.last_seen /></span>
                    {first}
                    <span class="review-expiry" title=say!(review.erased_hint)>
                        <Icon icon=icons::Expiry />
                        {left}
                    </span>
                </p>
                <Candidates item=item.clone() queue />
            </div>
            <div class="review-actions">
                {button(say!(review.new_person), "e", icons::AddPerson, "", Doing::Enrolling(item.clone()))}
                {button(say!(review.this_is), "s", icons::FindPerson, "", Doing::Naming(item.clone()))}
                {button(say!(review.dismiss), "d", icons::Close, "btn-quiet", Doing::Dismissing(item.clone()))}
            </div>
        </li>
    }
}

/// The feeds that saw it, each once, newest first; empty without any.
fn places(faces: &[ReviewFace]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for face in faces {
        if !names.contains(&face.feed.name.as_str()) {
            names.push(&face.feed.name);
        }
    }
    names.join(say!(words.comma))
}

/// A face as the camera saw it, with its feed and time.
#[component]
pub fn FacePicture(source: String, face: ReviewFace) -> impl IntoView {
    let desk = use_desk();
    let at = face.at;
    let feed = face.feed.name;
    let words = Signal::derive(move || {
        let time = clock::format(at, &desk.timezone(), Style::Full);
        say!(review.face_at, feed = feed.clone(), time = time)
    });
    let broken = RwSignal::new(false);
    let spoof = face.why == ReviewReason::Spoof;
    let liveness = face.liveness.map(|liveness| say!(review.liveness, score = fixed(f64::from(liveness), 2)));
    view! {
        <span class="face" title=words>
            <Icon icon=icons::NoPicture />
            <img src=source alt=words loading="lazy" class:hidden=broken on:error=move |_| broken.set(true) />
            {spoof
                .then(|| {
                    view! {
                        <span class="face-mark" title=liveness>
                            <Icon icon=icons::Spoof />
                            {say!(review.picture)}
                        </span>
                    }
                })}
        </span>
    }
}

/// The people enrolled who are most alike.
#[component]
fn Candidates(item: ReviewItem, queue: Queue) -> impl IntoView {
    if item.candidates.is_empty() {
        return view! { <p class="note">{say!(review.nobody_alike)}</p> }.into_any();
    }
    let rows = item
        .candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| {
            let candidate = candidate.clone();
            view! { <CandidateRow item=item.clone() candidate first=at == 0 queue /> }
        })
        .collect_view();
    view! {
        <p class="note mt-2">{say!(review.most_alike)}</p>
        <ul class="review-candidates">{rows}</ul>
    }
    .into_any()
}

#[component]
fn CandidateRow(item: ReviewItem, candidate: ReviewCandidate, first: bool, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let person = candidate.person;
    let (id, name) = (person.id, person.name.clone());
    let deny = move |_| {
        let name = name.clone();
        busy.set(true);
        spawn_local(async move {
            match api.mark_non_match(item.id, id).await {
                Ok(()) => {
                    toasts.show(say!(review.noted_not, name = name));
                    queue.refresh();
                }
                Err(failure) => {
                    toasts.show(failure.message());
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <li class="review-candidate">
            <Avatar person=id name=person.name.clone() photo=person.photo size="avatar-sm" />
            <a class="link-plain truncate" href=format!("/people/{id}") title=person.name.clone()>{person.name.clone()}</a>
            <span class="note tabular" title=say!(review.score)>{fixed(f64::from(candidate.similarity), 2)}</span>
            <button
                type="button"
                class="btn btn-small"
                data-testid="review-deny"
                aria-keyshortcuts=first.then_some("n")
                disabled=busy
                on:click=deny
            >
                <span aria-hidden="true">{say!(review.not_this_person)}</span>
                <span class="sr-only">{say!(review.not_this_person_name, name = person.name.clone())}</span>
                {first.then(|| view! { <kbd class="key" aria-hidden="true">"N"</kbd> })}
            </button>
        </li>
    }
}
