//! A rule: what it is about, who is told, by which way, when.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{AlertChannel, AlertKind, AlertRuleView, ClockTime, Digest, Recipients, SaveAlertRule};

use super::fields::{
    Checks, Lines, Quiet, QuietField, Tick, Tickbox, TimeField, accounts, ids, lines, missing, refusal, time,
};
use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::Loader;
use crate::ui::{Modal, ModalHead, Problem, SaveButton, SelectField, TextField, When};

const NAMES: [&str; 13] = [
    "group",
    "feed",
    "recipients",
    "recipients.users",
    "recipients.managers",
    "recipients.person",
    "recipients.emails",
    "recipients.phones",
    "recipients.webhooks",
    "channels",
    "quiet_hours",
    "digest",
    "kind",
];

/// The form of a rule; a new one where none is given.
#[component]
pub fn RuleDialog(
    /// The rule as it stands.
    rule: Option<AlertRuleView>,
    /// It was saved.
    on_saved: Callback<()>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let id = rule.as_ref().map(|rule| rule.id);
    let title = if id.is_some() { say!(alerts.rule_edit) } else { say!(alerts.rule_add) };
    let told = rule.as_ref().map(|rule| rule.recipients.clone()).unwrap_or_default();
    let text = |of: fn(&AlertRuleView) -> String| RwSignal::new(rule.as_ref().map(of).unwrap_or_default());
    let name = text(|rule| rule.name.clone());
    let kind = RwSignal::new(rule.as_ref().map_or(AlertKind::Absence, |rule| rule.kind).name().to_owned());
    let group = text(|rule| rule.group.as_ref().map(|group| group.id.to_string()).unwrap_or_default());
    let feed = text(|rule| rule.feed.as_ref().map(|feed| feed.id.to_string()).unwrap_or_default());
    let email = vec![AlertChannel::Email.name().to_owned()];
    let channels = RwSignal::new(
        rule.as_ref()
            .map_or(email, |rule| rule.channels.iter().map(|channel| channel.name().to_owned()).collect()),
    );
    let users = RwSignal::new(told.users.iter().map(ToString::to_string).collect::<Vec<_>>());
    let hooks = RwSignal::new(told.webhooks.iter().map(ToString::to_string).collect::<Vec<_>>());
    let (managers, person) = (RwSignal::new(told.managers), RwSignal::new(told.person));
    let (emails, phones) = (RwSignal::new(told.emails.join("\n")), RwSignal::new(told.phones.join("\n")));
    let quiet = Quiet::of(rule.as_ref().and_then(|rule| rule.quiet_hours));
    let (when, at) = digest_fields(rule.as_ref().map(|rule| rule.digest).unwrap_or_default());
    let enabled = RwSignal::new(rule.as_ref().is_none_or(|rule| rule.enabled));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let name_problem = RwSignal::new(None::<String>);

    let known = accounts();
    let webhooks = Loader::<Vec<Tick>>::new();
    webhooks.run(async move {
        let hooks = api.webhooks().await?.items.into_iter();
        Ok(hooks.map(|hook| (hook.id.to_string(), hook.name)).collect())
    });
    let groups = Loader::<Vec<Tick>>::new();
    groups.run(async move {
        let groups = api.groups().await?.items.into_iter();
        Ok(groups.map(|group| (group.id.to_string(), group.name)).collect())
    });
    let feeds = Loader::<Vec<Tick>>::new();
    feeds.run(async move {
        let feeds = api.feeds().await?.items.into_iter();
        Ok(feeds.map(|feed| (feed.id.to_string(), feed.name)).collect())
    });
    let with_all = |loader: Loader<Vec<Tick>>, all: &'static str| {
        Signal::derive(move || {
            let mut choices = vec![(String::new(), all.to_owned())];
            choices.extend(loader.value().unwrap_or_default());
            choices
        })
    };
    let chosen_kind = move || {
        let name = kind.get();
        AlertKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(AlertKind::Absence)
    };
    let of_person = Signal::derive(move || chosen_kind().is_of_person());
    let kinds: Vec<Tick> =
        AlertKind::ALL.iter().map(|kind| (kind.name().to_owned(), words::kind(*kind).to_owned())).collect();
    let ways: Vec<Tick> = [AlertChannel::Email, AlertChannel::Sms]
        .iter()
        .map(|channel| (channel.name().to_owned(), words::channel(*channel).to_owned()))
        .collect();
    let digests: Vec<Tick> = vec![
        ("at_once".to_owned(), say!(alerts.at_once).to_owned()),
        ("hourly".to_owned(), say!(alerts.hourly).to_owned()),
        ("daily".to_owned(), say!(alerts.daily).to_owned()),
    ];
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let trimmed = name.get_untracked().trim().to_owned();
        name_problem.set(trimmed.is_empty().then(|| say!(alerts.name_missing).to_owned()));
        let quiet_hours = quiet.read();
        let digest = read_digest(&when.get_untracked(), &at.get_untracked());
        let (quiet_hours, digest) = match (quiet_hours, digest) {
            (Ok(quiet_hours), Ok(digest)) => (quiet_hours, digest),
            (Err(wrong), _) | (_, Err(wrong)) => {
                problem.set(Some(wrong));
                return;
            }
        };
        if trimmed.is_empty() || busy.get_untracked() {
            return;
        }
        let (kind, of_person) = (untrack(chosen_kind), of_person.get_untracked());
        let by_name = channels.get_untracked();
        let request = SaveAlertRule {
            name: trimmed,
            kind,
            group: group.get_untracked().parse().ok().filter(|_| of_person),
            feed: feed.get_untracked().parse().ok().filter(|_| !of_person),
            channels: AlertChannel::ALL
                .into_iter()
                .filter(|channel| by_name.iter().any(|name| name == channel.name()))
                .collect(),
            recipients: Recipients {
                users: ids(users),
                managers: managers.get_untracked() && of_person,
                person: person.get_untracked() && of_person,
                emails: lines(&emails.get_untracked()),
                phones: lines(&phones.get_untracked()),
                webhooks: ids(hooks),
            },
            quiet_hours,
            digest,
            enabled: enabled.get_untracked(),
        };
        busy.set(true);
        spawn_local(async move {
            match api.save_alert_rule(id, &request).await {
                Ok(()) => {
                    on_saved.try_run(());
                }
                Err(failure) => {
                    let of_name = failure.field("name");
                    if of_name.is_none() {
                        problem.try_set(Some(refusal(&failure, &NAMES)));
                    }
                    name_problem.try_set(of_name);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Modal label=title kind="sheet" on_close>
            <ModalHead title on_close />
            <form id="rule-form" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField id="rule-name" label=say!(words.name) value=name problem=name_problem required=true />
                    <SelectField id="rule-kind" label=say!(alerts.about) value=kind choices=kinds />
                    <When
                        is=of_person
                        otherwise=move || {
                            view! {
                                <SelectField
                                    id="rule-feed"
                                    label=say!(alerts.feed)
                                    value=feed
                                    choices=with_all(feeds, say!(alerts.all_feeds))
                                />
                            }
                        }
                    >
                        <SelectField
                            id="rule-group"
                            label=say!(words.group)
                            value=group
                            choices=with_all(groups, say!(reports.all_groups))
                        />
                    </When>
                    <SelectField id="rule-when" label=say!(alerts.when) value=when choices=digests />
                    <When is=move || when.with(|when| when == "daily")>
                        <TimeField id="rule-at" label=say!(words.time) value=at />
                    </When>
                    <QuietField quiet />
                    <Tickbox words=say!(alerts.enabled) value=enabled />
                </div>
                <div class="sheet-column">
                    <Checks label=say!(alerts.by_which_way) value=channels choices=ways />
                    <Checks
                        label=say!(alerts.accounts)
                        value=users
                        choices=Signal::derive(move || known.value().unwrap_or_default())
                        empty=missing(known, say!(words.none))
                    />
                    <When is=of_person>
                        <Tickbox words=say!(alerts.managers) value=managers />
                        <Tickbox words=say!(alerts.person) value=person />
                    </When>
                    <Lines id="rule-emails" label=say!(alerts.other_emails) value=emails />
                    <Lines id="rule-phones" label=say!(alerts.other_phones) value=phones />
                    <Checks
                        label=say!(alerts.webhooks)
                        value=hooks
                        choices=Signal::derive(move || webhooks.value().unwrap_or_default())
                        empty=missing(webhooks, say!(alerts.no_webhooks))
                    />
                </div>
            </form>
            <div class="px-6"><Problem text=problem boxed=true /></div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy form="rule-form" testid="rule-save" />
            </footer>
        </Modal>
    }
}

fn digest_fields(digest: Digest) -> (RwSignal<String>, RwSignal<String>) {
    let seven = ClockTime::from_minutes(7 * 60).map(|time| time.to_string()).unwrap_or_default();
    let (when, at) = match digest {
        Digest::AtOnce => ("at_once", seven),
        Digest::Hourly => ("hourly", seven),
        Digest::Daily { time } => ("daily", time.to_string()),
    };
    (RwSignal::new(when.to_owned()), RwSignal::new(at))
}

fn read_digest(when: &str, at: &str) -> Result<Digest, String> {
    match when {
        "hourly" => Ok(Digest::Hourly),
        "daily" => {
            let time = time(at).ok_or_else(|| say!(alerts.time_wrong).to_owned())?;
            Ok(Digest::Daily { time })
        }
        _ => Ok(Digest::AtOnce),
    }
}
