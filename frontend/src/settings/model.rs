//! The model pack in use, what its measurements mean here, and the way to another.

use leptos::prelude::*;
use types::{PackFile, PackView};

use super::packs::PackList;
use super::risk::{OperatingPoints, Risk};
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::numbers::{fixed, rate};
use crate::ui::{Failed, Skeleton};

#[component]
pub fn ModelSection() -> impl IntoView {
    let api = use_api();
    let pack = Loader::<PackView>::new();
    let read = Callback::new(move |()| pack.run(api.model()));
    read.run(());
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(settings.model)}</h2>
                <p class="note">{say!(settings.model_about)}</p>
            </div>
        </header>
        {move || match pack.get() {
            Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(pack) => view! { <Pack pack /> }.into_any(),
        }}
        <PackList on_change=read />
    }
}

#[component]
fn Pack(pack: PackView) -> impl IntoView {
    let liveness = match (pack.passive_liveness, pack.challenge) {
        (true, true) => say!(settings.both_kinds),
        (true, false) => say!(settings.liveness_passive),
        (false, true) => say!(settings.liveness_challenge),
        (false, false) => say!(words.none),
    };
    let facts = [
        (say!(settings.pack), pack.name.clone()),
        (say!(settings.id), pack.id.clone()),
        (say!(settings.threshold), fixed(f64::from(pack.threshold), 3)),
        (say!(settings.margin), fixed(f64::from(pack.margin), 3)),
        (say!(settings.liveness), liveness.to_owned()),
        (say!(settings.template), say!(settings.numbers, count = pack.dimensions)),
    ];
    view! {
        <dl class="facts facts-wide">
            {facts
                .into_iter()
                .map(|(label, value)| {
                    view! {
                        <div>
                            <dt class="note">{label}</dt>
                            <dd class="tabular">{value}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
        <h3 class="label mt-6">{say!(settings.measured)}</h3>
        {pack
            .operating_points
            .iter()
            .find(|point| (point.threshold - pack.threshold).abs() < 0.000_5)
            .map(|point| {
                let strangers = rate(point.false_match_rate);
                let missed = rate(point.false_non_match_rate);
                view! { <p class="measure">{say!(settings.measured_plain, strangers = strangers, missed = missed)}</p> }
            })}
        <details class="more">
            <summary class="note">{say!(settings.measured_whole)}</summary>
            <p class="note measure" lang="en" dir="ltr">{pack.measured.clone()}</p>
        </details>
        <p class="note measure">
            {say!(settings.measured_limits)}
        </p>
        <Risk />
        <OperatingPoints pack=pack.clone() />
        <h3 class="label mt-6">{say!(settings.files)}</h3>
        <ul class="rows">
            {pack.files.into_iter().map(|file| view! { <FileRow file /> }).collect_view()}
        </ul>
    }
}

#[component]
fn FileRow(file: PackFile) -> impl IntoView {
    let short: String = file.sha256.chars().take(16).collect();
    view! {
        <li class="row">
            <div class="min-w-0 flex-1">
                <p class="font-medium">{file.role} <span class="note">" " {file.file}</span></p>
                <p class="note">{source_link(&file.source)}</p>
                <p class="note font-mono" title=file.sha256>"sha256 " {short} "…"</p>
            </div>
            <span class="tag">{file.license}</span>
        </li>
    }
}

/// Where a file comes from; an address leads there.
fn source_link(source: &str) -> AnyView {
    let source = source.to_owned();
    if source.starts_with("https://") {
        view! {
            <a class="link-plain" href=source.clone() target="_blank" rel="noreferrer">
                {source.clone()}
            </a>
        }
        .into_any()
    } else {
        source.into_any()
    }
}
