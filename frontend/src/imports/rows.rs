//! The rows of an import with the verdict on each.

use leptos::prelude::*;
use types::{ImportId, ImportRow, ImportVerdict};

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Pages};
use crate::people::Segment;
use crate::ui::{Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons};

const PAGE: u32 = 50;

/// A column in words.
pub fn column_name(column: &str) -> &'static str {
    match column {
        "name" => say!(words.name),
        "external_id" => say!(people.number),
        "email" => say!(words.email),
        "phone" => say!(people.phone),
        "branch" => say!(people.branch),
        "year" => say!(words.year),
        _ => say!(words.groups),
    }
}

/// All rows, or those of a verdict.
#[component]
pub fn Rows(id: ImportId, has_problems: bool) -> impl IntoView {
    let api = use_api();
    let rows = Pages::<ImportRow>::new();
    let verdict = RwSignal::new(None::<ImportVerdict>);
    let fetch = move |restart: bool| {
        let verdict = verdict.get_untracked();
        rows.fetch(restart, move |after| async move {
            api.import_rows(id, verdict, PAGE, after.as_deref()).await
        });
    };
    fetch(true);
    let segment = move |what: Option<ImportVerdict>, label: &'static str| {
        let press = Callback::new(move |()| {
            verdict.set(what);
            fetch(true);
        });
        view! { <Segment label on=Signal::derive(move || verdict.get() == what) press /> }
    };
    let entry = |row: ImportRow| {
        Entry::new(format!("{} {}", row.row, row.verdict.name()), move || {
            view! { <RowLine row=row.clone() /> }.into_any()
        })
    };
    let entries = Signal::derive(move || rows.items.get().into_iter().map(entry).collect());
    let empty = move || rows.items.with(Vec::is_empty);
    view! {
        <section class="import-rows" aria-labelledby="rows-title">
            <div class="toolbar">
                <h2 id="rows-title" class="section-title me-auto">{say!(imports.rows)}</h2>
                <div class="segments" role="group" aria-label=say!(imports.which_rows)>
                    {segment(None, say!(words.all))}
                    {has_problems.then(|| segment(Some(ImportVerdict::Error), say!(imports.problems)))}
                    {segment(Some(ImportVerdict::Create), say!(imports.new_row))}
                    {segment(Some(ImportVerdict::Update), say!(imports.changed))}
                </div>
            </div>
            <table class="list-table import-table" class:hidden=empty>
                <thead>
                    <tr>
                        <th scope="col" class="import-number">{say!(imports.row)}</th>
                        <th scope="col">{say!(imports.person)}</th>
                        <th scope="col" class="import-what">{say!(imports.what)}</th>
                    </tr>
                </thead>
                <tbody>
                    <List entries />
                </tbody>
            </table>
            {move || {
                let retry = Callback::new(move |()| fetch(rows.items.with_untracked(Vec::is_empty)));
                match (rows.state.get(), empty()) {
                    (Load::Waiting, true) => view! { <Skeleton rows=6 /> }.into_any(),
                    (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                    (Load::Ready(()), true) => view! { <Empty icon=icons::Check title=say!(imports.no_rows) /> }.into_any(),
                    _ => ().into_any(),
                }
            }}
            <When is=move || rows.has_more() && !empty()>
                <MoreButton
                    busy=Signal::derive(move || rows.state.with(|state| *state == Load::Waiting))
                    on_more=Callback::new(move |()| fetch(false))
                />
            </When>
        </section>
    }
}

#[component]
fn RowLine(row: ImportRow) -> impl IntoView {
    let (class, icon, words) = match row.verdict {
        ImportVerdict::Create => ("tag tag-known", icons::Plus, say!(imports.new_row)),
        ImportVerdict::Update => ("tag tag-uncertain", icons::Edit, say!(imports.changed)),
        ImportVerdict::Unchanged => ("tag", icons::Check, say!(imports.unchanged)),
        ImportVerdict::Error => ("tag tag-spoof", icons::Alert, say!(imports.problem)),
    };
    let cell = |column: &str| row.cells.get(column).cloned().unwrap_or_default();
    let (name, number) = (cell("name"), cell("external_id"));
    let problems: Vec<_> = row
        .problems
        .iter()
        .map(|(column, problem)| {
            let text = say!(imports.at_column, column = column_name(column), problem = problem.clone());
            view! { <span class="note problem block break-words">{text}</span> }
        })
        .collect();
    view! {
        <tr data-testid="import-row" data-verdict=row.verdict.name()>
            <td class="tabular text-soft">{row.row}</td>
            <td>
                <span class="row-name">{name}</span>
                <span class="note tabular">{number}</span>
                {problems}
            </td>
            <td>
                <span class=class>
                    <Icon icon />
                    {words}
                </span>
            </td>
        </tr>
    }
}
