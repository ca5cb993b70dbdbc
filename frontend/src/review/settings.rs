//! Switching the queue on, with a reason, and off again.

use leptos::{ev, prelude::*, task::spawn_local};
use types::ReviewSettings;

use super::page::{Doing, Queue};
use crate::api::use_api;
use crate::language::say;
use crate::ui::{Confirm, Icon, Modal, ModalHead, Problem, SaveButton, TextField, icons, use_toasts};

const SHORTEST_REASON: usize = 10;
const LONGEST_REASON: usize = 500;
const MOST_HOURS: u32 = 720;

/// The queue is off: what it would do, and the way to switch it on.
#[component]
pub fn OffState(settings: ReviewSettings, queue: Queue) -> impl IntoView {
    view! {
        <div class="review-off" data-testid="review-off">
            <span class="state-mark"><Icon icon=icons::Review class="icon-lg" /></span>
            <h2 class="state-title">{say!(review.off_title)}</h2>
            <p class="text-soft">
                {say!(review.off_text)}
            </p>
            <p class="text-soft">
                {say!(review.off_warning)}
            </p>
            <SettingsForm settings queue />
        </div>
    }
}

/// Changes the reason or the time, or switches the queue off.
#[component]
pub fn SettingsDialog(settings: ReviewSettings, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let leaving = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let on_close = Callback::new(move |()| queue.doing.set(Doing::Nothing));
    let off = ReviewSettings { enabled: false, ..settings.clone() };
    let switch_off = Callback::new(move |()| {
        let off = off.clone();
        busy.set(true);
        spawn_local(async move {
            match api.save_review_settings(&off).await {
                Ok(()) => {
                    toasts.show(say!(review.is_off));
                    queue.doing.try_set(Doing::Nothing);
                    queue.refresh();
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        {move || {
            if leaving.get() {
                view! {
                    <Confirm
                        title=say!(review.switch_off_title)
                        text=say!(review.switch_off_text)
                        action=say!(review.switch_off_action)
                        busy
                        problem
                        on_confirm=switch_off
                        on_close=Callback::new(move |()| leaving.set(false))
                    />
                }
                    .into_any()
            } else {
                let settings = settings.clone();
                view! {
                    <Modal label=say!(review.review_queue) on_close>
                        <ModalHead title=say!(review.review_queue) on_close />
                        <div class="dialog-content">
                            <SettingsForm settings queue />
                        </div>
                        <footer class="modal-foot">
                            <button type="button" class="btn btn-quiet btn-quiet-danger" on:click=move |_| leaving.set(true)>
                                {say!(review.switch_off)}
                            </button>
                        </footer>
                    </Modal>
                }
                    .into_any()
            }
        }}
    }
}

/// Reason and time.
#[component]
fn SettingsForm(settings: ReviewSettings, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let reason = RwSignal::new(settings.reason.unwrap_or_default());
    let hours = RwSignal::new(settings.keep_hours.to_string());
    let reason_problem = RwSignal::new(None::<String>);
    let hours_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let was_on = settings.enabled;
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let text = reason.get_untracked().trim().to_owned();
        let long_enough = (SHORTEST_REASON..=LONGEST_REASON).contains(&text.chars().count());
        reason_problem.set(
            (!long_enough).then(|| say!(review.reason_wrong, least = SHORTEST_REASON, most = LONGEST_REASON)),
        );
        let keep_hours =
            hours.get_untracked().trim().parse::<u32>().ok().filter(|hours| (1..=MOST_HOURS).contains(hours));
        hours_problem.set(keep_hours.is_none().then(|| say!(review.hours_wrong, most = MOST_HOURS)));
        let Some(keep_hours) = keep_hours.filter(|_| long_enough && !busy.get_untracked()) else { return };
        busy.set(true);
        spawn_local(async move {
            let request = ReviewSettings { enabled: true, reason: Some(text), keep_hours };
            match api.save_review_settings(&request).await {
                Ok(()) => {
                    toasts.show(if was_on { say!(words.saved) } else { say!(review.is_on) });
                    queue.doing.try_set(Doing::Nothing);
                    queue.refresh();
                }
                Err(failure) => {
                    let (why, long) = (failure.field("reason"), failure.field("keep_hours"));
                    if why.is_none() && long.is_none() {
                        problem.try_set(Some(failure.message()));
                    }
                    reason_problem.try_set(why);
                    hours_problem.try_set(long);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <TextField
                id="review-reason"
                label=say!(review.reason)
                value=reason
                problem=reason_problem
                required=true
                hint=say!(review.reason_hint)
                testid="review-reason"
            />
            <TextField
                id="review-hours"
                label=say!(review.hours)
                value=hours
                problem=hours_problem
                inputmode="numeric"
                required=true
                hint=say!(review.hours_hint)
                testid="review-hours"
            />
            <Problem text=problem />
            <SaveButton
                words=if was_on { say!(words.save) } else { say!(review.switch_on) }
                busy_words=say!(words.saving)
                busy
                testid="review-on"
            />
        </form>
    }
}
