//! The challenge over this camera's picture: what to do, shown so that it is understood without reading.

use std::time::Duration;

use leptos::prelude::*;
use types::{Challenge, ChallengeAction};

use super::prompt::{OUTCOME_SHOWN_MS, Outcome, Prompt, instruction};
use crate::language::say;
use crate::ui::{Icon, icons};
use crate::watch::Seen;

/// Instructions for whoever stands before the camera, while somebody is being challenged.
#[component]
pub fn ChallengePrompt(
    /// What the newest picture showed.
    #[prop(into)]
    seen: Signal<Option<Seen>>,
    /// Whether the picture is shown as in a mirror.
    #[prop(into)]
    mirrored: Signal<bool>,
) -> impl IntoView {
    let prompt = RwSignal::new(Prompt::default());
    let take = move |faces: &[types::FaceView]| {
        let next = prompt.with_untracked(|prompt| prompt.after(faces, js_sys::Date::now()));
        if prompt.with_untracked(|prompt| *prompt != next) {
            prompt.set(next);
        }
    };
    Effect::new(move |_| {
        seen.with(|seen| take(seen.as_ref().map_or(&[], |seen| seen.answer.faces.as_slice())));
    });
    // An outcome goes by itself where no more pictures come.
    Effect::new(move |_| {
        if prompt.with(|prompt| matches!(prompt, Prompt::Over { .. })) {
            let settle = move || {
                if prompt.try_with_untracked(|prompt| matches!(prompt, Prompt::Over { .. })) == Some(true) {
                    take(&[]);
                }
            };
            set_timeout(settle, Duration::from_millis(OUTCOME_SHOWN_MS as u64 + 50));
        }
    });
    let seconds = Memo::new(move |_| {
        seen.track();
        prompt.with(|prompt| match prompt {
            Prompt::Step { challenge, .. } => {
                let left = challenge.expires_at.timestamp_millis() as f64 - js_sys::Date::now();
                (left / 1000.0).ceil().max(0.0) as u32
            }
            _ => 0,
        })
    });
    let flipped = move || !mirrored.get();
    view! {
        <div class="challenge-area" class:challenge-flipped=flipped role="status" aria-live="assertive">
            {move || match prompt.get() {
                Prompt::Nothing => ().into_any(),
                Prompt::Step { challenge, again, .. } => view! { <Step challenge again seconds /> }.into_any(),
                Prompt::Over { outcome, .. } => view! { <Ending outcome /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Step(challenge: Challenge, again: bool, seconds: Memo<u32>) -> impl IntoView {
    let Challenge { step, of, action, .. } = challenge;
    let dots = (1..=of)
        .map(|at| {
            let state = if at < step {
                "done"
            } else if at == step {
                "now"
            } else {
                "next"
            };
            view! { <span class="challenge-dot" data-state=state></span> }
        })
        .collect_view();
    view! {
        <div class="challenge" data-testid="challenge" data-state="asking" data-step=step>
            <Pictogram action />
            <div class="challenge-text">
                {again.then(|| view! { <p class="challenge-note">{say!(live.again)}</p> })}
                <p class="challenge-words" data-testid="challenge-words">{instruction(action)}</p>
                <p class="challenge-note tabular">
                    <span class="challenge-dots" aria-hidden="true">{dots}</span>
                    <span>{say!(live.step, step = step, steps = of)}</span>
                    <span aria-hidden="true" class:challenge-hurry=move || seconds.get() <= 5>
                        {move || say!(live.seconds_left, seconds = seconds.get())}
                    </span>
                </p>
            </div>
        </div>
    }
}

#[component]
fn Ending(outcome: Outcome) -> impl IntoView {
    let (state, icon, title, text) = match outcome {
        Outcome::Passed(name) => {
            let title = name.map_or_else(
                || say!(live.thank_you).to_owned(),
                |name| say!(live.thank_you_name, name = name),
            );
            ("passed", icons::Good, title, say!(live.checked_in))
        }
        Outcome::Refused => ("failed", icons::Spoof, say!(live.failed).to_owned(), say!(live.failed_text)),
        Outcome::Late => ("failed", icons::Expiry, say!(live.late).to_owned(), say!(live.late_text)),
        Outcome::Lost => ("failed", icons::Alert, say!(live.lost).to_owned(), say!(live.lost_text)),
    };
    view! {
        <div class="challenge" data-testid="challenge" data-state=state>
            <Icon icon class="challenge-icon" />
            <div class="challenge-text">
                <p class="challenge-words">{title}</p>
                <p class="challenge-note">{text}</p>
            </div>
        </div>
    }
}

/// A head that does what is asked, as in a mirror: left is the person's own left. The style sheet moves it.
#[component]
fn Pictogram(action: ChallengeAction) -> impl IntoView {
    let name = match action {
        ChallengeAction::LookStraight => "straight",
        ChallengeAction::TurnLeft => "left",
        ChallengeAction::TurnRight => "right",
        ChallengeAction::LookUp => "up",
        ChallengeAction::LookDown => "down",
        ChallengeAction::TiltLeft => "tilt-left",
        ChallengeAction::TiltRight => "tilt-right",
        ChallengeAction::Blink => "blink",
    };
    view! {
        <svg class="pictogram" data-action=name viewBox="0 0 96 96" aria-hidden="true">
            <g class="pictogram-head">
                <ellipse cx="48" cy="48" rx="22" ry="27" />
                <g class="pictogram-face">
                    <path class="pictogram-eyes" d="M39 43v4M57 43v4" />
                    <path d="M48 46v7M42 60q6 4 12 0" />
                </g>
            </g>
            <path class="pictogram-arrow" d="M80 38l10 10-10 10" />
            <path class="pictogram-bow" d="M66 13q-18-8-36 0m2-9l-4 10 10 3" />
        </svg>
    }
}
