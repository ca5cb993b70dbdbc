//! What surrounds a chart: its title, the switch to the table, and the states before there is one.

use leptos::prelude::*;
use types::{Analytics, AnalyticsKind};

use crate::api::{Span, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Empty, Failed, Skeleton, icons};

/// A chart's numbers as a table.
pub struct Table {
    /// What it is of.
    pub caption: String,
    /// The headings; all but the first are of figures.
    pub heads: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// A chart and its tables.
#[component]
pub fn Card(
    /// Names it in the page.
    id: &'static str,
    /// Its title.
    title: &'static str,
    /// What it shows, in a sentence.
    text: &'static str,
    /// What is counted.
    kind: AnalyticsKind,
    /// Of which days and whom.
    span: Span,
    /// Draws it; nothing where there is nothing to draw.
    draw: fn(&'static str, Analytics) -> Option<AnyView>,
    /// The same as tables.
    tables: fn(&Analytics) -> Vec<Table>,
    /// Whether it takes the whole width.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let api = use_api();
    let counts = Loader::<Analytics>::new();
    let read = Callback::new(move |()| counts.run(api.analytics(kind, &span)));
    read.run(());
    let as_table = RwSignal::new(false);
    let segment = move |table: bool, words: &'static str| {
        view! {
            <button
                type="button"
                class="segment"
                aria-pressed=move || if as_table.get() == table { "true" } else { "false" }
                on:click=move |_| as_table.set(table)
            >
                {words}
            </button>
        }
    };
    view! {
        <section class="chart-card" class:chart-wide=wide aria-labelledby=format!("{id}-head") data-testid=id>
            <header class="chart-head">
                <div>
                    <h2 id=format!("{id}-head") class="section-title">{title}</h2>
                    <p class="note">{text}</p>
                </div>
                <div class="segments no-print" role="group" aria-label=say!(analytics.shown_as)>
                    {segment(false, say!(analytics.as_chart))} {segment(true, say!(analytics.as_table))}
                </div>
            </header>
            {move || match counts.get() {
                Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(counts) => {
                    let written = tables(&counts);
                    match draw(id, counts) {
                        Some(_) if as_table.get() => written.into_iter().map(table).collect_view().into_any(),
                        Some(chart) => chart,
                        None => {
                            view! { <Empty icon=icons::Analytics title=say!(analytics.nothing) text=say!(analytics.nothing_text) /> }
                                .into_any()
                        }
                    }
                }
            }}
        </section>
    }
}

fn table(table: Table) -> AnyView {
    let caption = table.caption.clone();
    view! {
        <div class="scroll-x chart-table" tabindex="0" role="region" aria-label=caption>
            <table class="data-table">
                <caption class="note chart-caption">{table.caption}</caption>
                <thead>
                    <tr>
                        {table
                            .heads
                            .into_iter()
                            .enumerate()
                            .map(|(place, head)| view! { <th scope="col" class:num=place != 0>{head}</th> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {table
                        .rows
                        .into_iter()
                        .map(|row| {
                            let mut cells = row.into_iter();
                            view! {
                                <tr>
                                    <th scope="row">{cells.next()}</th>
                                    {cells.map(|cell| view! { <td class="num">{cell}</td> }).collect_view()}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}
