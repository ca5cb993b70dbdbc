//! People from a table: a file, what would become of each row, and what became of them.

use leptos::{prelude::*, task::spawn_local};
use types::{ImportCounts, ImportId, ImportState, ImportVerdict, ImportView};

use super::csv;
use super::drop::{FileUpload, Upload, follow};
use super::page::TABLE;
use super::rows::{Rows, column_name};
use crate::api::{Api, Failure, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::people::files;
use crate::ui::{Failed, Icon, Problem, Skeleton, When, icons, use_toasts};

/// Most bytes of a table.
const MOST: f64 = 10e6;
/// Rows that are read at once for the list of problems.
const AT_ONCE: u32 = 200;

/// The import of people.
#[component]
pub fn TableImport(
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
            let import = api.create_import(&form).await?;
            Ok(format!("{TABLE}?people={}", import.id))
        })
    });
    let template = move |_| files::save_csv(&csv::table([csv::COLUMNS.to_vec()]), "people-template.csv");
    let row = |column: &'static str| {
        let what = match column {
            "name" => say!(imports.column_name),
            "external_id" => say!(imports.column_external_id),
            "email" => say!(imports.column_email),
            "phone" => say!(imports.column_phone),
            "branch" => say!(imports.column_branch),
            "year" => say!(imports.column_year),
            _ => say!(imports.column_groups),
        };
        view! {
            <tr>
                <th scope="row"><code>{column}</code></th>
                <td>{what}</td>
            </tr>
        }
    };
    view! {
        <div class="panels import-choose">
            <section class="panel">
                <FileUpload
                    title=say!(imports.drop_table)
                    hint=say!(imports.drop_table_hint)
                    accept=".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                    most=MOST
                    upload
                />
                <p class="text-soft measure">{say!(imports.nothing_stored)}</p>
            </section>
            <section class="panel" aria-labelledby="columns-title">
                <h2 id="columns-title" class="section-title">{say!(imports.columns)}</h2>
                <table class="points">
                    <tbody>{csv::COLUMNS.into_iter().map(row).collect_view()}</tbody>
                </table>
                <p class="note measure">{say!(imports.columns_text)}</p>
                <button type="button" class="btn w-fit" data-testid="import-template" on:click=template>
                    {say!(imports.template)}
                </button>
            </section>
        </div>
    }
}

/// An import that was begun.
#[component]
fn Import(id: ImportId) -> impl IntoView {
    let api = use_api();
    let import = Loader::<ImportView>::new();
    let read = Callback::new(move |()| import.run(api.import(id)));
    read.run(());
    let state = Memo::new(move |_| import.value().map(|import| import.state));
    Effect::new(move |_| {
        if state.get() == Some(ImportState::Running) {
            follow(import, move || api.import(id), |import| import.state == ImportState::Running);
        }
    });
    let failed = move || match import.get() {
        Load::Failed(failure) => Some(failure),
        _ => None,
    };
    view! {
        {move || match state.get() {
            None => {
                match failed() {
                    Some(failure) => view! { <Gone failure read /> }.into_any(),
                    None => view! { <Skeleton rows=6 /> }.into_any(),
                }
            }
            Some(ImportState::Running) => view! { <Running import /> }.into_any(),
            Some(ImportState::Done) => view! { <Done import /> }.into_any(),
            Some(ImportState::Preview | ImportState::Failed) => view! { <Plan id import /> }.into_any(),
        }}
    }
}

#[component]
fn Gone(failure: Failure, read: Callback<()>) -> impl IntoView {
    view! {
        <Failed failure retry=read />
        <p class="flex justify-center">
            <a class="btn" href=TABLE>{say!(imports.another)}</a>
        </p>
    }
}

/// What would be stored, in words and row by row, and the button that stores it.
#[component]
fn Plan(id: ImportId, import: Loader<ImportView>) -> impl IntoView {
    let api = use_api();
    let Some(shown) = import.value() else { return ().into_any() };
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let skip = RwSignal::new(false);
    let ImportCounts { create, update, unchanged, error } = shown.counts;
    let changes = create + update;
    let left_out: Vec<&str> = csv::COLUMNS
        .into_iter()
        .filter(|column| !shown.source.columns.iter().any(|there| there == column))
        .map(column_name)
        .collect();
    let has_groups = shown.source.columns.iter().any(|column| column == "groups");
    let apply = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.apply_import(id, skip.get_untracked()).await {
                Ok(running) => import.set(running),
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    let source = match (&shown.source.encoding, &shown.source.delimiter) {
        (Some(encoding), Some(delimiter)) => {
            let delimiter = if delimiter == "\t" { say!(imports.tab).to_owned() } else { delimiter.clone() };
            say!(imports.read_csv, encoding = encoding.clone(), delimiter = delimiter, count = shown.of)
        }
        _ => say!(imports.read_xlsx, count = shown.of),
    };
    let failed = (shown.state == ImportState::Failed).then(|| shown.message.unwrap_or_default());
    let off = move || busy.get() || changes == 0 || (error > 0 && !skip.get());
    let separator = say!(schedules.comma);
    view! {
        {failed
            .map(|why| {
                view! {
                    <p class="problem-box" role="alert">
                        <Icon icon=icons::Alert />
                        <span>{say!(imports.failed, why = why)}</span>
                    </p>
                }
            })}
        <section class="plan" aria-labelledby="plan-title" data-testid="import-plan">
            <h2 id="plan-title" class="section-title">{say!(imports.plan)}</h2>
            <ul class="plan-list">
                <PlanLine verdict=ImportVerdict::Create count=create words=say!(imports.will_create, count = create) />
                <PlanLine verdict=ImportVerdict::Update count=update words=say!(imports.will_update, count = update) />
                <PlanLine
                    verdict=ImportVerdict::Unchanged
                    count=unchanged
                    words=say!(imports.will_stay, count = unchanged)
                />
                <PlanLine verdict=ImportVerdict::Error count=error words=say!(imports.will_fail, count = error) />
            </ul>
            <p class="note">{source}</p>
            {(!left_out.is_empty())
                .then(|| {
                    view! { <p class="note">{say!(imports.left_out, columns = left_out.join(separator))}</p> }
                })}
            {has_groups.then(|| view! { <p class="note">{say!(imports.groups_note)}</p> })}
            {(error > 0)
                .then(|| {
                    view! {
                        <label class="check">
                            <input
                                type="checkbox"
                                data-testid="import-skip"
                                prop:checked=skip
                                on:change:target=move |event| skip.set(event.target().checked())
                            />
                            <span>
                                <span class="font-medium">{say!(imports.skip, count = error)}</span>
                                <span class="note block">{say!(imports.skip_text)}</span>
                            </span>
                        </label>
                    }
                })}
            <Problem text=problem boxed=true />
            <div class="plan-actions">
                <button type="button" class="btn btn-primary" data-testid="import-apply" disabled=off on:click=apply>
                    {move || {
                        if busy.get() { say!(words.saving).to_owned() } else { say!(imports.apply, count = changes) }
                    }}
                </button>
                <a class="btn" href=TABLE>{say!(imports.other_file)}</a>
                <When is=move || { error > 0 }>
                    <ProblemsButton id />
                </When>
            </div>
        </section>
        <Rows id has_problems={ error > 0 } />
    }
    .into_any()
}

#[component]
fn PlanLine(verdict: ImportVerdict, count: i64, words: String) -> impl IntoView {
    let (icon, class) = match verdict {
        ImportVerdict::Create => (icons::Plus, "plan-line plan-create"),
        ImportVerdict::Update => (icons::Edit, "plan-line plan-update"),
        ImportVerdict::Unchanged => (icons::Check, "plan-line"),
        ImportVerdict::Error => (icons::Alert, "plan-line plan-error"),
    };
    (count > 0).then(|| {
        view! {
            <li class=class data-verdict=verdict.name()>
                <Icon icon />
                <span>{words}</span>
            </li>
        }
    })
}

#[component]
fn Running(import: Loader<ImportView>) -> impl IntoView {
    let progress = Memo::new(move |_| import.value().map_or((0, 0), |import| (import.done, import.of)));
    view! {
        <section class="plan" role="status" data-testid="import-running">
            <h2 class="section-title">{say!(imports.running)}</h2>
            <progress
                class="progress"
                max=move || progress.get().1.max(1).to_string()
                prop:value=move || progress.get().0 as f64
                aria-label=say!(imports.running)
            ></progress>
            <p class="note tabular">
                {move || say!(imports.progress, done = progress.get().0, total = progress.get().1)}
            </p>
            <p class="text-soft">{say!(imports.running_text)}</p>
        </section>
    }
}

#[component]
fn Done(import: Loader<ImportView>) -> impl IntoView {
    let Some(shown) = import.value() else { return ().into_any() };
    let ImportCounts { create, update, unchanged, error } = shown.counts;
    let id = shown.id;
    view! {
        <section class="plan" aria-labelledby="done-title" data-testid="import-done">
            <h2 id="done-title" class="section-title">{say!(imports.done)}</h2>
            <ul class="plan-list">
                <PlanLine verdict=ImportVerdict::Create count=create words=say!(imports.created, count = create) />
                <PlanLine verdict=ImportVerdict::Update count=update words=say!(imports.updated, count = update) />
                <PlanLine verdict=ImportVerdict::Unchanged count=unchanged words=say!(imports.stayed, count = unchanged) />
                <PlanLine verdict=ImportVerdict::Error count=error words=say!(imports.not_stored, count = error) />
            </ul>
            {shown.message.map(|message| view! { <p class="note">{message}</p> })}
            <div class="plan-actions">
                <a class="btn btn-primary" href="/people">{say!(imports.to_people)}</a>
                <a class="btn" href=super::page::PHOTOS>{say!(imports.then_photos)}</a>
                <a class="btn" href=TABLE>{say!(imports.another)}</a>
                <When is=move || { error > 0 }>
                    <ProblemsButton id />
                </When>
            </div>
        </section>
        <Rows id has_problems={ error > 0 } />
    }
    .into_any()
}

/// Hands out the rows with problems as a table.
#[component]
fn ProblemsButton(id: ImportId) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let get = move |_| {
        busy.set(true);
        spawn_local(async move {
            match problems(api, id).await {
                Ok(text) => files::save_csv(&text, "import-problems.csv"),
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    view! {
        <button type="button" class="btn" data-testid="import-problems" disabled=busy on:click=get>
            {move || if busy.get() { say!(words.loading) } else { say!(imports.problems_file) }}
        </button>
    }
}

async fn problems(api: Api, id: ImportId) -> Result<String, Failure> {
    let heads = [say!(imports.row), say!(imports.column), say!(imports.value), say!(imports.problem)];
    let mut rows: Vec<Vec<String>> = vec![heads.into_iter().map(str::to_owned).collect()];
    let mut after = None;
    loop {
        let page = api.import_rows(id, Some(ImportVerdict::Error), AT_ONCE, after.as_deref()).await?;
        for row in page.items {
            for (column, problem) in row.problems {
                let value = row.cells.get(&column).cloned().unwrap_or_default();
                rows.push(vec![row.row.to_string(), column, value, problem]);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(csv::table(rows.iter().map(|row| row.iter().map(String::as_str).collect())))
}
