//! The model pack in use, what its measurements mean here, and the way to another.

use leptos::prelude::*;
use types::{PackFile, PackView};

use super::packs::PackList;
use super::risk::{OperatingPoints, Risk};
use crate::api::use_api;
use crate::loading::{Load, Loader};
use crate::numbers::fixed;
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
                <h2 class="section-title">"Model"</h2>
                <p class="note">"What recognises faces here, where it comes from and how well it was measured to work."</p>
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
        (true, true) => "Passive and challenge",
        (true, false) => "Passive",
        (false, true) => "Challenge",
        (false, false) => "None",
    };
    let facts = [
        ("Pack", pack.name.clone()),
        ("Id", pack.id.clone()),
        ("Threshold", fixed(f64::from(pack.threshold), 3)),
        ("Margin", fixed(f64::from(pack.margin), 3)),
        ("Liveness", liveness.to_owned()),
        ("Template", format!("{} numbers", pack.dimensions)),
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
        <h3 class="label mt-6">"Measured"</h3>
        <p class="measure">{pack.measured.clone()}</p>
        <p class="note measure">
            "Accuracy on children is unmeasured. A printed photo or a screen held to a camera is not told from a face unless the feed asks for liveness."
        </p>
        <Risk />
        <OperatingPoints pack=pack.clone() />
        <h3 class="label mt-6">"Files"</h3>
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
