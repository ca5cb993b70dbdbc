//! What somebody wants to be told themselves, and by which way.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{AlertChannel, AlertKind, AlertPreferences, Muted};

use super::fields::{Quiet, QuietField, Tickbox, refusal};
use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Failed, Problem, SaveButton, Skeleton, use_toasts};

/// The ways that can be chosen for oneself.
const WAYS: [AlertChannel; 2] = [AlertChannel::Email, AlertChannel::Sms];

/// A settings page of the preferences.
#[component]
pub fn PreferencesSection() -> impl IntoView {
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(alerts.preferences)}</h2>
                <p class="text-soft">{say!(alerts.preferences_text)}</p>
            </div>
        </header>
        <Preferences />
    }
}

/// The preferences of whoever is signed in.
#[component]
pub fn Preferences() -> impl IntoView {
    let api = use_api();
    let preferences = Loader::<AlertPreferences>::new();
    let read = Callback::new(move |()| preferences.run(api.alert_preferences()));
    read.run(());
    move || match preferences.get() {
        Load::Waiting => view! { <Skeleton rows=3 /> }.into_any(),
        Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
        Load::Ready(preferences) => view! { <Form preferences /> }.into_any(),
    }
}

#[component]
fn Form(preferences: AlertPreferences) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let opted_out = RwSignal::new(preferences.opted_out);
    let muted = RwSignal::new(preferences.muted);
    let quiet = Quiet::of(preferences.quiet_hours);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let quiet_hours = match quiet.read() {
            Ok(quiet_hours) => quiet_hours,
            Err(wrong) => {
                problem.set(Some(wrong));
                return;
            }
        };
        if busy.get_untracked() {
            return;
        }
        let request = AlertPreferences {
            opted_out: opted_out.get_untracked(),
            muted: muted.get_untracked(),
            quiet_hours,
        };
        busy.set(true);
        spawn_local(async move {
            match api.save_alert_preferences(&request).await {
                Ok(()) => toasts.show(say!(words.saved)),
                Err(failure) => {
                    problem.try_set(Some(refusal(&failure, &["quiet_hours", "muted"])));
                }
            }
            busy.try_set(false);
        });
    };
    let cell = move |kind: AlertKind, channel: AlertChannel| {
        let wish = Muted { kind, channel };
        let label = say!(alerts.kind_by, kind = words::kind(kind), channel = words::channel(channel));
        view! {
            <td>
                <input
                    type="checkbox"
                    aria-label=label
                    prop:checked=move || muted.with(|muted| !muted.contains(&wish))
                    disabled=opted_out
                    on:change:target=move |event| {
                        let wanted = event.target().checked();
                        muted
                            .update(|muted| {
                                muted.retain(|other| *other != wish);
                                if !wanted {
                                    muted.push(wish);
                                }
                            });
                    }
                />
            </td>
        }
    };
    view! {
        <form class="form" on:submit=submit novalidate data-testid="alert-preferences">
            <Tickbox words=say!(alerts.opted_out) value=opted_out />
            <table class="data-table wishes">
                <caption class="note chart-caption">{say!(alerts.wishes)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{say!(alerts.about)}</th>
                        {WAYS.map(|channel| view! { <th scope="col">{words::channel(channel)}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {AlertKind::ALL
                        .map(|kind| {
                            view! {
                                <tr>
                                    <th scope="row">{words::kind(kind)}</th>
                                    {WAYS.map(|channel| cell(kind, channel)).collect_view()}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
            <QuietField quiet />
            <Problem text=problem />
            <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy testid="alert-preferences-save" />
        </form>
    }
}
