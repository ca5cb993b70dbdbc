//! The settings' page of the audit.

use leptos::prelude::*;
use serde_json::Value;
use types::{AuditEntry, AuditParty};

use super::detail::Detail;
use super::filter::{Chosen, Filter};
use super::words;
use crate::api::{Failure, use_api};
use crate::clock::Style;
use crate::language::say;
use crate::loading::{Load, Pages};
use crate::session::use_desk;
use crate::ui::{
    DownloadLink, Empty, Entry, Failed, List, Moment, MoreButton, Problem, Skeleton, When, icons,
};

const PAGE: u32 = 50;

/// Entries, newest first.
#[component]
pub fn AuditSection() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let chosen = RwSignal::new(Chosen::default());
    let entries = Pages::<AuditEntry<Value>>::new();
    let fetch = move |restart: bool| {
        let query = chosen.with_untracked(|chosen| chosen.query(&desk.timezone()));
        entries.fetch(restart, move |after| async move { api.audit(&query, PAGE, after.as_deref()).await });
    };
    Effect::new(move |_| {
        if chosen.with(|chosen| !chosen.is_backwards()) {
            fetch(true);
        }
    });
    let refused = RwSignal::new(None::<Failure>);
    let rows = Signal::derive(move || {
        let entry = |entry: AuditEntry<Value>| {
            Entry::new(entry.id, move || view! { <AuditRow entry=entry.clone() chosen /> }.into_any())
        };
        entries.items.get().into_iter().map(entry).collect()
    });
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(audit.title)}</h2>
                <p class="text-soft">{say!(audit.text)}</p>
            </div>
            <DownloadLink
                path=Signal::derive(move || chosen.with(|chosen| chosen.query(&desk.timezone()).file()))
                words=say!(audit.export)
                disabled=Signal::derive(move || chosen.with(Chosen::is_backwards))
                problem=Callback::new(move |failure| refused.set(failure))
                testid="audit-export"
            />
        </header>
        <Problem text=Signal::derive(move || refused.get().map(|failure| failure.message())) boxed=true />
        <Filter chosen />
        <ol class="audit" data-testid="audit-entries">
            <List entries=rows />
        </ol>
        {move || {
            let retry = Callback::new(move |()| fetch(entries.items.with_untracked(Vec::is_empty)));
            match (entries.state.get(), entries.items.with(Vec::is_empty)) {
                (Load::Waiting, true) => view! { <Skeleton rows=8 /> }.into_any(),
                (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                (Load::Ready(()), true) => {
                    view! { <Empty icon=icons::Audit title=say!(audit.nothing) text=say!(audit.nothing_text) /> }.into_any()
                }
                _ => ().into_any(),
            }
        }}
        <When is=move || entries.has_more() && !entries.items.with(Vec::is_empty)>
            <MoreButton
                busy=Signal::derive(move || entries.state.with(|state| *state == Load::Waiting))
                on_more=Callback::new(move |()| fetch(false))
            />
        </When>
        <p class="note audit-verify">{say!(audit.verify)}</p>
    }
}

#[component]
fn AuditRow(entry: AuditEntry<Value>, chosen: RwSignal<Chosen>) -> impl IntoView {
    let AuditEntry { id, seq, at, actor, action, subject, detail, hash } = entry;
    let about = about(&action, &subject);
    let whole = about.clone();
    let only = subject.id.map(|id| {
        let (id, name) = (id.to_string(), about.clone());
        let label = say!(audit.only_this, name = name.clone());
        let narrow = move |_| chosen.update(|chosen| chosen.subject = Some((id.clone(), name.clone())));
        view! {
            <button type="button" class="link" title=label on:click=narrow>
                <bdi>{about.clone()}</bdi>
            </button>
        }
        .into_any()
    });
    let link = match (seq, hash) {
        (Some(seq), Some(hash)) => {
            say!(audit.link, seq = seq, hash = hash.chars().take(16).collect::<String>())
        }
        _ => say!(audit.pending).to_owned(),
    };
    view! {
        <li class="audit-entry" data-testid="audit-entry">
            <p class="audit-line">
                <span class="audit-time"><Moment at style=Style::Full /></span>
                <span class="font-medium">{words::action(&action)}</span>
                <span class="audit-parties">
                    {only.unwrap_or_else(|| view! { <bdi>{whole}</bdi> }.into_any())}
                </span>
                <span class="note ms-auto">
                    <bdi>{party(&actor)}</bdi>
                </span>
            </p>
            <details class="more">
                <summary class="note">{say!(words.details)}</summary>
                <Detail detail />
                <p class="note audit-link">
                    <code>{action}</code>
                    {format!(" · {id} · ")}
                    {link}
                </p>
            </details>
        </li>
    }
}

/// The name of somebody or something, or what it is where it has none.
fn party(party: &AuditParty) -> String {
    party.name.clone().unwrap_or_else(|| words::kind(&party.kind))
}

/// What an entry is about; a report that is not of one person is of everyone whom it lists.
fn about(action: &str, subject: &AuditParty) -> String {
    let of_many = action.starts_with("report.") && subject.id.is_none() && subject.name.is_none();
    if of_many { say!(words.everyone).to_owned() } else { party(subject) }
}
