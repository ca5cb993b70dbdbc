//! Messages: dead letters, those that wait for a release, and what was sent.

use leptos::{prelude::*, task::spawn_local};
use types::{MessageState, MessageView, OutboxCounts};

use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader, Pages};
use crate::numbers::grouped;
use crate::ui::{
    Ago, Confirm, Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons, use_toasts,
};

/// The states in the order of how much they want somebody.
const STATES: [MessageState; 5] = [
    MessageState::Dead,
    MessageState::Held,
    MessageState::Pending,
    MessageState::Sent,
    MessageState::Withdrawn,
];

fn state_name(state: MessageState) -> &'static str {
    match state {
        MessageState::Dead => say!(alerts.dead),
        MessageState::Held => say!(alerts.held),
        MessageState::Pending => say!(alerts.pending),
        MessageState::Sent => say!(alerts.sent),
        MessageState::Withdrawn => say!(alerts.withdrawn),
    }
}

fn state_text(state: MessageState) -> &'static str {
    match state {
        MessageState::Dead => say!(alerts.dead_text),
        MessageState::Held => say!(alerts.held_text),
        MessageState::Pending => say!(alerts.pending_text),
        MessageState::Sent => say!(alerts.sent_text),
        MessageState::Withdrawn => say!(alerts.withdrawn_text),
    }
}

fn count(counts: OutboxCounts, state: MessageState) -> i64 {
    match state {
        MessageState::Dead => counts.dead,
        MessageState::Held => counts.held,
        MessageState::Pending => counts.pending,
        MessageState::Sent => counts.sent,
        MessageState::Withdrawn => counts.withdrawn,
    }
}

/// Whether messages of a state can be sent now, and dropped.
fn is_stuck(state: MessageState) -> bool {
    matches!(state, MessageState::Dead | MessageState::Held)
}

/// Messages of one state at a time.
#[component]
pub fn Outbox() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let state = RwSignal::new(MessageState::Dead);
    let counts = Loader::<OutboxCounts>::new();
    let messages = Pages::<MessageView>::new();
    let fetch = move |restart: bool| {
        let state = state.get_untracked();
        messages.fetch(restart, move |after| async move { api.outbox(state, after.as_deref()).await });
        if restart {
            counts.run(api.outbox_counts());
        }
    };
    Effect::new(move |_| {
        state.track();
        fetch(true);
    });
    let again = Callback::new(move |()| fetch(true));
    let dropping = RwSignal::new(None::<MessageView>);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let retry_all = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.retry_messages(state.get_untracked()).await {
                Ok(retried) => {
                    toasts.show(say!(alerts.retried, count = retried.count));
                    again.try_run(());
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    let drop_it = move |id| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.drop_message(id).await {
                Ok(()) => {
                    toasts.show(say!(alerts.dropped));
                    dropping.try_set(None);
                    again.try_run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    let entries = Signal::derive(move || {
        let entry = |message: MessageView| {
            let key = format!("{}-{}", message.id, message.attempts);
            Entry::new(key, move || {
                view! { <MessageRow message=message.clone() again dropping /> }.into_any()
            })
        };
        messages.items.get().into_iter().map(entry).collect()
    });
    view! {
        <div class="segments presets" role="group" aria-label=say!(alerts.messages)>
            {STATES
                .into_iter()
                .map(|one| {
                    view! {
                        <button
                            type="button"
                            class="segment"
                            data-testid=format!("messages-{}", one.name())
                            aria-pressed=move || if state.get() == one { "true" } else { "false" }
                            on:click=move |_| state.set(one)
                        >
                            {state_name(one)}
                            " "
                            <span class="tabular text-faint">
                                {move || counts.value().map(|counts| grouped(count(counts, one)))}
                            </span>
                        </button>
                    }
                })
                .collect_view()}
        </div>
        <div class="section-head alert-state">
            <p class="text-soft">{move || state_text(state.get())}</p>
            <When is=move || is_stuck(state.get()) && !messages.items.with(Vec::is_empty)>
                <button type="button" class="btn" disabled=busy on:click=retry_all>
                    <Icon icon=icons::Retry />
                    {say!(alerts.retry_all)}
                </button>
            </When>
        </div>
        <ul class="rows" data-testid="messages">
            <List entries />
        </ul>
        {move || match (messages.state.get(), messages.items.with(Vec::is_empty)) {
            (Load::Waiting, true) => view! { <Skeleton rows=4 /> }.into_any(),
            (Load::Failed(failure), _) => view! { <Failed failure retry=again /> }.into_any(),
            (Load::Ready(()), true) => view! { <Empty icon=icons::Good title=say!(alerts.no_messages) /> }.into_any(),
            _ => ().into_any(),
        }}
        <When is=move || messages.has_more() && !messages.items.with(Vec::is_empty)>
            <MoreButton
                busy=Signal::derive(move || messages.state.with(|state| *state == Load::Waiting))
                on_more=Callback::new(move |()| fetch(false))
            />
        </When>
        {move || {
            let message = dropping.get()?;
            let id = message.id;
            Some(
                view! {
                    <Confirm
                        title=say!(alerts.drop_question, to = message.to)
                        text=say!(alerts.drop_text)
                        action=say!(alerts.drop)
                        busy
                        problem
                        on_confirm=Callback::new(move |()| drop_it(id))
                        on_close=Callback::new(move |()| dropping.set(None))
                    />
                },
            )
        }}
    }
}

#[component]
fn MessageRow(
    message: MessageView,
    again: Callback<()>,
    dropping: RwSignal<Option<MessageView>>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let id = message.id;
    let retry = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.retry_message(id).await {
                Ok(()) => {
                    toasts.show(say!(alerts.retried, count = 1));
                    again.try_run(());
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    let about = message.person.as_ref().map(|person| person.name.clone());
    let about = about.or_else(|| message.feed.as_ref().map(|feed| feed.name.clone()));
    let stuck = is_stuck(message.state);
    let shown = StoredValue::new(message.clone());
    view! {
        <li class="row" data-testid="message">
            <span class="min-w-0">
                <span class="font-medium">{words::message(message.kind)}</span>
                {about.map(|about| view! { " · " <bdi>{about}</bdi> })}
                <span class="note block">
                    {words::channel(message.channel)} " · " <bdi dir="ltr">{message.to}</bdi> " · "
                    <Ago at=message.created_at />
                    {(message.attempts > 0)
                        .then(|| view! { " · " {say!(alerts.attempts, count = message.attempts)} })}
                </span>
                {message.last_error.map(|error| view! { <span class="note problem block" dir="auto">{error}</span> })}
            </span>
            <span class="row-actions ms-auto" class:hidden=!stuck>
                <button type="button" class="btn" disabled=busy on:click=retry>{say!(alerts.send_now)}</button>
                <button
                    type="button"
                    class="btn btn-quiet btn-quiet-danger"
                    on:click=move |_| dropping.set(Some(shown.get_value()))
                >
                    {say!(alerts.drop)}
                </button>
            </span>
        </li>
    }
}
