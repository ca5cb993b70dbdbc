//! Photos from an archive: they are judged and stored in the background, with the verdict on each file.

use leptos::prelude::*;
use types::{ImportId, ImportState, PhotoImportEntry, PhotoImportView};

use super::csv;
use super::drop::{FileUpload, Upload, follow};
use super::page::PHOTOS;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::people::{Segment, files};
use crate::ui::{Empty, Failed, Icon, Skeleton, When, icons};

/// Most bytes of an archive.
const MOST: f64 = 500e6;
/// Files that show at once.
const SHOWN: usize = 200;

/// The import of photos.
#[component]
pub fn PhotoImport(
    /// The one under way; none asks for a file.
    id: Option<ImportId>,
) -> impl IntoView {
    match id {
        Some(id) => view! { <Import id /> }.into_any(),
        None => view! { <Choose /> }.into_any(),
    }
}

#[component]
fn Choose() -> impl IntoView {
    let api = use_api();
    let upload: Upload = Box::new(move |form| {
        Box::pin(async move {
            let import = api.create_photo_import(&form).await?;
            Ok(format!("{PHOTOS}={}", import.id))
        })
    });
    view! {
        <div class="panels import-choose">
            <section class="panel">
                <FileUpload
                    title=say!(imports.drop_photos)
                    hint=say!(imports.drop_photos_hint)
                    accept=".zip,application/zip"
                    most=MOST
                    upload
                />
            </section>
            <section class="panel" aria-labelledby="photos-title">
                <h2 id="photos-title" class="section-title">{say!(imports.photo_names)}</h2>
                <p class="text-soft measure">{say!(imports.photo_names_text)}</p>
                <ul class="photo-names">
                    <li><code dir="ltr">"4711.jpg"</code></li>
                    <li><code dir="ltr">"4711_2.png"</code></li>
                    <li><code dir="ltr">"4711/window.jpg"</code></li>
                </ul>
                <p class="note measure">{say!(imports.photos_note)}</p>
            </section>
        </div>
    }
}

fn is_running(state: ImportState) -> bool {
    matches!(state, ImportState::Running | ImportState::Preview)
}

#[component]
fn Import(id: ImportId) -> impl IntoView {
    let api = use_api();
    let import = Loader::<PhotoImportView>::new();
    let read = Callback::new(move |()| import.run(api.photo_import(id)));
    read.run(());
    let state = Memo::new(move |_| import.value().map(|import| import.state));
    Effect::new(move |_| {
        if state.get().is_some_and(is_running) {
            follow(import, move || api.photo_import(id), |import| is_running(import.state));
        }
    });
    let failed = move || match import.get() {
        Load::Failed(failure) => Some(failure),
        _ => None,
    };
    view! {
        {move || match (state.get(), failed()) {
            (Some(_), _) => view! { <Files import /> }.into_any(),
            (None, Some(failure)) => {
                view! {
                    <Failed failure retry=read />
                    <p class="flex justify-center">
                        <a class="btn" href=PHOTOS>{say!(imports.another)}</a>
                    </p>
                }
                    .into_any()
            }
            (None, None) => view! { <Skeleton rows=6 /> }.into_any(),
        }}
    }
}

/// How far it is, and what became of each file.
#[component]
fn Files(import: Loader<PhotoImportView>) -> impl IntoView {
    let Some(shown) = import.value() else { return ().into_any() };
    let state = shown.state;
    let progress = Memo::new(move |_| import.value().map_or((0, 0), |import| (import.done, import.of)));
    let entries = Memo::new(move |_| import.value().map(|import| import.entries).unwrap_or_default());
    let count = move |verdict: &str| {
        entries.with(|entries| entries.iter().filter(|entry| entry.verdict == verdict).count())
    };
    let (stored, refused) = (Memo::new(move |_| count("stored")), Memo::new(move |_| count("refused")));
    let title = match state {
        ImportState::Running | ImportState::Preview => say!(imports.photos_running),
        ImportState::Done => match (stored.get_untracked(), refused.get_untracked()) {
            (0, 1..) => say!(imports.photos_done_none),
            (_, 1..) => say!(imports.photos_done_some),
            _ => say!(imports.photos_done),
        },
        ImportState::Failed => say!(imports.photos_failed),
    };
    // The server says why in a sentence alone.
    let lacks_consent = Memo::new(move |_| {
        entries.with(|entries| {
            let why = |entry: &PhotoImportEntry| {
                entry.message.as_ref().is_some_and(|message| message.contains("consent"))
            };
            entries.iter().any(|entry| entry.verdict == "refused" && why(entry))
        })
    });
    let running = is_running(state);
    let problems = move |_| {
        let heads = vec![say!(imports.file), say!(imports.problem)];
        let text = entries.with_untracked(|entries| {
            let refused = entries.iter().filter(|entry| entry.verdict == "refused");
            let rows =
                refused.map(|entry| vec![entry.name.as_str(), entry.message.as_deref().unwrap_or_default()]);
            csv::table(std::iter::once(heads).chain(rows))
        });
        files::save_csv(&text, "photo-problems.csv");
    };
    view! {
        <section class="plan" aria-labelledby="photos-state" data-testid="photo-import" data-state=if running { "running" } else { "over" }>
            <h2 id="photos-state" class="section-title">{title}</h2>
            {running
                .then(|| {
                    view! {
                        <progress
                            class="progress"
                            max=move || progress.get().1.max(1).to_string()
                            prop:value=move || progress.get().0 as f64
                            aria-label=say!(imports.photos_running)
                        ></progress>
                        <p class="note tabular" role="status">
                            {move || say!(imports.progress, done = progress.get().0, total = progress.get().1)}
                        </p>
                        <p class="text-soft">{say!(imports.photos_running_text)}</p>
                    }
                })}
            {shown.message.map(|message| view! { <p class="problem" role="alert">{message}</p> })}
            <ul class="plan-list">
                <When is=move || { stored.get() > 0 }>
                    <li class="plan-line plan-create">
                        <Icon icon=icons::Good />
                        <span>{move || say!(imports.photos_stored, count = stored.get())}</span>
                    </li>
                </When>
                <When is=move || { refused.get() > 0 }>
                    <li class="plan-line plan-error">
                        <Icon icon=icons::Alert />
                        <span>{move || say!(imports.photos_refused, count = refused.get())}</span>
                    </li>
                </When>
            </ul>
            <div class="plan-actions">
                <a class="btn" href=PHOTOS>{say!(imports.another)}</a>
                <When is=move || lacks_consent.get()>
                    <a class="btn" href="/people?consent=none" data-testid="import-consent">
                        {say!(imports.without_consent)}
                    </a>
                </When>
                <When is=move || { refused.get() > 0 }>
                    <button type="button" class="btn" on:click=problems>{say!(imports.problems_file)}</button>
                </When>
            </div>
        </section>
        <FileTable entries />
    }
    .into_any()
}

#[component]
fn FileTable(entries: Memo<Vec<PhotoImportEntry>>) -> impl IntoView {
    let refused_only = RwSignal::new(false);
    let most = RwSignal::new(SHOWN);
    let fitting = Memo::new(move |_| {
        let only = refused_only.get();
        entries.with(|entries| {
            let fits = |entry: &&PhotoImportEntry| !only || entry.verdict == "refused";
            entries.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    });
    let show = move |only: bool| {
        refused_only.set(only);
        most.set(SHOWN);
    };
    let row = |entry: PhotoImportEntry| {
        let (class, icon, words) = match entry.verdict.as_str() {
            "stored" => ("tag tag-known", icons::Good, say!(imports.stored)),
            "refused" => ("tag tag-spoof", icons::Alert, say!(imports.refused)),
            _ => ("tag", icons::Pending, say!(imports.waiting)),
        };
        view! {
            <tr data-testid="photo-row">
                <td>
                    <span class="row-name break-words" dir="auto">{entry.name}</span>
                    {entry.message.map(|message| view! { <span class="note problem block break-words">{message}</span> })}
                </td>
                <td>
                    <span class=class>
                        <Icon icon />
                        {words}
                    </span>
                </td>
            </tr>
        }
    };
    view! {
        <section class="import-rows" aria-labelledby="files-title">
            <div class="toolbar">
                <h2 id="files-title" class="section-title me-auto">{say!(imports.files)}</h2>
                <div class="segments" role="group" aria-label=say!(imports.which_files)>
                    <Segment
                        label=say!(words.all)
                        on=Signal::derive(move || !refused_only.get())
                        press=Callback::new(move |()| show(false))
                    />
                    <Segment
                        label=say!(imports.problems)
                        on=refused_only
                        press=Callback::new(move |()| show(true))
                    />
                </div>
            </div>
            <table class="list-table import-table">
                <thead>
                    <tr>
                        <th scope="col">{say!(imports.file)}</th>
                        <th scope="col" class="import-what">{say!(imports.what)}</th>
                    </tr>
                </thead>
                <tbody>
                    {move || fitting.get().into_iter().take(most.get()).map(row).collect_view()}
                </tbody>
            </table>
            <When is=move || fitting.with(Vec::is_empty)>
                <Empty icon=icons::Check title=say!(imports.no_files) />
            </When>
            <When is=move || { fitting.with(Vec::len) > most.get() }>
                <div class="flex justify-center py-4">
                    <button type="button" class="btn" on:click=move |_| most.update(|most| *most += SHOWN)>
                        {say!(words.show_more)}
                    </button>
                </div>
            </When>
        </section>
    }
}
