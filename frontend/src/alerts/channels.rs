//! The channels: whether the server can send by them, and a test.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{AlertChannel, ChannelView, TestOutcome};

use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Failed, Icon, Skeleton, icons};

/// E-mail and SMS; webhooks have a list of their own.
#[component]
pub fn Channels() -> impl IntoView {
    let api = use_api();
    let channels = Loader::<Vec<ChannelView>>::new();
    let read = Callback::new(move |()| channels.run(async move { Ok(api.alert_channels().await?.items) }));
    read.run(());
    view! {
        <p class="text-soft">{say!(alerts.channels_text)}</p>
        {move || match channels.get() {
            Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(channels) => {
                view! {
                    <ul class="rows alert-channels">
                        {channels
                            .into_iter()
                            .filter(|view| view.channel != AlertChannel::Webhook)
                            .map(|view| view! { <Channel view /> })
                            .collect_view()}
                    </ul>
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Channel(view: ChannelView) -> impl IntoView {
    let api = use_api();
    let ChannelView { channel, configured, sender } = view;
    let (to, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let outcome = RwSignal::new(None::<TestOutcome>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let address = to.get_untracked().trim().to_owned();
        if address.is_empty() {
            let error = Some(say!(alerts.test_to_missing).to_owned());
            return outcome.set(Some(TestOutcome { sent: false, error }));
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        outcome.set(None);
        spawn_local(async move {
            let result = api.test_channel(channel, address).await.unwrap_or_else(|failure| TestOutcome {
                sent: false,
                error: Some(failure.field("to").unwrap_or_else(|| failure.message())),
            });
            outcome.try_set(Some(result));
            busy.try_set(false);
        });
    };
    let kind = if channel == AlertChannel::Email { "email" } else { "tel" };
    view! {
        <li class="row alert-channel" data-testid=format!("channel-{}", channel.name())>
            <span class="min-w-0">
                <span class="font-medium">{words::channel(channel)}</span>
                " "
                {if configured {
                    view! { <span class="tag tag-known">{say!(alerts.ready)}</span> }.into_any()
                } else {
                    view! { <span class="tag tag-uncertain">{say!(alerts.not_configured)}</span> }.into_any()
                }}
                {sender.map(|sender| view! { <span class="note block" dir="ltr">{sender}</span> })}
            </span>
            {configured
                .then(|| {
                    view! {
                        <form class="alert-test" on:submit=submit novalidate>
                            <input
                                class="input"
                                type=kind
                                dir="ltr"
                                autocomplete="off"
                                aria-label=say!(alerts.test_to)
                                placeholder=say!(alerts.test_to)
                                prop:value=to
                                on:input:target=move |event| to.set(event.target().value())
                            />
                            <button type="submit" class="btn" disabled=busy>
                                {move || if busy.get() { say!(words.sending) } else { say!(alerts.test) }}
                            </button>
                        </form>
                    }
                })}
            <Outcome outcome />
        </li>
    }
}

/// What became of a test.
#[component]
pub fn Outcome(
    /// The answer; none while there is none.
    outcome: RwSignal<Option<TestOutcome>>,
) -> impl IntoView {
    view! {
        <div class="alert-outcome" role="status">
            {move || {
                outcome
                    .get()
                    .map(|outcome| {
                        if outcome.sent {
                            view! {
                                <p class="verdict verdict-good">
                                    <Icon icon=icons::Good />
                                    <span>{say!(alerts.test_sent)}</span>
                                </p>
                            }
                                .into_any()
                        } else {
                            view! {
                                <p class="verdict verdict-bad">
                                    <Icon icon=icons::Alert />
                                    <span dir="auto">
                                        {outcome.error.unwrap_or_else(|| say!(alerts.test_failed).to_owned())}
                                    </span>
                                </p>
                            }
                                .into_any()
                        }
                    })
            }}
        </div>
    }
}
