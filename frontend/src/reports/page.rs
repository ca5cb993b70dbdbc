//! The page of reports.

use std::sync::Arc;

use chrono::NaiveDate;
use leptos::prelude::*;
use types::{GroupId, Page, PersonId, ReportFormat, ReportKind, ReportView};

use super::choice::Choice;
use super::days::{DaysField, GroupField, Presets};
use super::person::PersonField;
use super::pictures::Shape;
use super::table::{Legend, ReportTable, Row, Totals};
use super::words;
use crate::analytics::AnalyticsPart;
use crate::api::{Failure, Span, report_file, use_api};
use crate::calendar;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Pages};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{DownloadLink, Empty, Failed, Icon, MoreButton, Problem, Skeleton, When, icons};

/// Reports, and analytics beside them.
#[component]
pub fn ReportsPage(
    /// Whether analytics are shown.
    analytics: bool,
) -> impl IntoView {
    let tab = move |href: &'static str, words: &'static str, here: bool, testid: &'static str| {
        view! { <a class="tab" href=href data-testid=testid aria-current=here.then_some("page")>{words}</a> }
    };
    view! {
        <div class="content content-wide">
            <header class="page-head">
                <h1 class="page-title">
                    {if analytics { say!(analytics.title) } else { say!(reports.title) }}
                </h1>
                <nav class="tabs ms-auto" aria-label=say!(reports.title)>
                    {tab("/reports", say!(reports.title), !analytics, "tab-reports")}
                    {tab("/analytics", say!(analytics.title), analytics, "tab-analytics")}
                </nav>
            </header>
            {if analytics { view! { <AnalyticsPart /> }.into_any() } else { view! { <ReportPart /> }.into_any() }}
        </div>
    }
}

/// What is asked for, as the address has it, and the way to ask for something else.
#[component]
fn ReportPart() -> impl IntoView {
    let (desk, router) = (use_desk(), use_router());
    let choice = Memo::new(move |_| Choice::read(&router.query.get(), calendar::today(desk)));
    let ask = Callback::new(move |choice: Choice| router.replace(&format!("/reports{}", choice.query())));
    let span = Signal::derive(move || choice.get().span);
    let one_day = Signal::derive(move || choice.get().kind == ReportKind::DaySheet);
    let problem = Signal::derive(move || choice.get().problem());
    let change = move |span: Span| ask.run(Choice { span, ..choice.get_untracked() });
    let on_days = Callback::new(move |(first, last): (NaiveDate, NaiveDate)| {
        change(Span { first, last, ..span.get_untracked() });
    });
    let on_group =
        Callback::new(move |group: Option<GroupId>| change(Span { group, ..span.get_untracked() }));
    let on_person =
        Callback::new(move |person: Option<PersonId>| change(Span { person, ..span.get_untracked() }));
    view! {
        <Kinds choice ask />
        <div class="report-filters no-print">
            <Presets span one_day on_days />
            <DaysField span one_day problem on_days />
            <GroupField group=Signal::derive(move || span.get().group) on_group />
            <PersonField person=Signal::derive(move || span.get().person) on_person />
            <When is=move || desk.is_admin()>
                <a class="btn btn-quiet ms-auto" href="/settings/alerts?part=reports">
                    <Icon icon=icons::Clock />
                    {say!(alerts.schedules)}
                </a>
            </When>
        </div>
        {move || {
            let choice = choice.get();
            choice.problem().is_none().then(|| view! { <Result choice /> })
        }}
    }
}

/// The kinds, each with its shape and a sentence.
#[component]
fn Kinds(choice: Memo<Choice>, ask: Callback<Choice>) -> impl IntoView {
    let desk = use_desk();
    let card = move |kind: ReportKind| {
        let chosen = move || choice.get().kind == kind;
        let take = move |_| ask.run(choice.get_untracked().with_kind(kind, calendar::today(desk)));
        view! {
            <label class="kind">
                <input
                    class="sr-only"
                    type="radio"
                    name="report-kind"
                    data-testid=format!("report-{}", kind.name())
                    prop:checked=chosen
                    on:change=take
                />
                <Shape kind />
                <span class="kind-words">
                    <span class="font-medium">{words::kind_name(kind)}</span>
                    <span class="note kind-text">{words::kind_text(kind)}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="kinds no-print">
            <legend class="sr-only">{say!(reports.kind)}</legend>
            {ReportKind::ALL.into_iter().map(card).collect_view()}
        </fieldset>
    }
}

/// One report: its head with the files, the totals, the table, the legend.
#[component]
fn Result(choice: Choice) -> impl IntoView {
    let api = use_api();
    let rows = Pages::<Row>::new();
    let report = RwSignal::new(None::<(u32, Arc<ReportView>)>);
    let fetch = move |restart: bool| {
        rows.fetch(restart, move |after| async move {
            let mut page = api.report(choice.kind, &choice.span, after.as_deref()).await?;
            let items = std::mem::take(&mut page.rows);
            let next = page.next.take();
            if restart {
                report.try_update(|report| {
                    let number = report.as_ref().map_or(0, |(number, _)| number + 1);
                    *report = Some((number, Arc::new(page)));
                });
            }
            Ok(Page { items, next, total: None })
        });
    };
    fetch(true);
    let retry = Callback::new(move |()| fetch(report.with_untracked(Option::is_none)));
    view! {
        <section class="report" aria-labelledby="report-title">
            <Head choice report />
            {move || {
                let (number, report) = report.get()?;
                if rows.items.with(Vec::is_empty) {
                    return None;
                }
                let legend = report.legend.clone();
                Some(
                    view! {
                        <Totals totals=report.totals.clone() />
                        <ReportTable report number rows />
                        {(!legend.is_empty()).then(|| view! { <Legend entries=legend /> })}
                    },
                )
            }}
            {move || match (rows.state.get(), rows.items.with(Vec::is_empty)) {
                (Load::Waiting, true) => view! { <Skeleton rows=8 /> }.into_any(),
                (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                (Load::Ready(()), true) => {
                    view! { <Empty icon=icons::Reports title=nothing(choice.kind) text=say!(reports.nothing_text) /> }.into_any()
                }
                _ => ().into_any(),
            }}
            <When is=move || rows.has_more() && !rows.items.with(Vec::is_empty)>
                <div class="no-print">
                    <MoreButton
                        busy=Signal::derive(move || rows.state.with(|state| *state == Load::Waiting))
                        on_more=Callback::new(move |()| fetch(false))
                    />
                </div>
            </When>
        </section>
    }
}

fn nothing(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Late => say!(reports.nobody_late),
        ReportKind::Absences => say!(reports.nobody_absent),
        _ => say!(reports.nothing),
    }
}

/// Of what time its data is.
fn data_of(report: &ReportView) -> impl IntoView + use<> {
    let (time, zone) = (report.data_of, report.timezone.clone());
    view! {
        <time class="note tabular" datetime=time.to_rfc3339() data-testid="report-data-of">
            {move || say!(attendance.as_of, time = clock::format(time, &zone, Style::Full))}
        </time>
    }
}

/// What it is of, and the files.
#[component]
fn Head(choice: Choice, report: RwSignal<Option<(u32, Arc<ReportView>)>>) -> impl IntoView {
    let refused = RwSignal::new(None::<Failure>);
    let told = Callback::new(move |failure: Option<Failure>| {
        refused.try_set(failure);
    });
    let whose = move || {
        report.with(|report| {
            let (_, report) = report.as_ref()?;
            let names = [
                report.group.as_ref().map(|group| group.name.clone()),
                report.person.as_ref().map(|person| person.name.clone()),
            ];
            Some(names.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
        })
    };
    let file = move |words: &'static str, format: ReportFormat, off: bool, testid: &'static str| {
        let path = report_file(choice.kind, &choice.span, format);
        view! { <DownloadLink path=path words=words disabled=Signal::stored(off) problem=told testid /> }
    };
    let fits = choice.can_be_printed();
    view! {
        <header class="report-head">
            <div class="me-auto">
                <h2 id="report-title" class="title">{words::kind_name(choice.kind)}</h2>
                <p class="text-soft">
                    {calendar::write_range(choice.span.first, choice.span.last)}
                    {move || whose().map(|names| view! { " · " <bdi>{names}</bdi> })}
                </p>
                {move || report.with(|report| report.as_ref().map(|(_, report)| data_of(report)))}
            </div>
            <div class="report-files no-print" role="group" aria-label=say!(reports.files)>
                {file("CSV", ReportFormat::Csv, false, "report-csv")}
                {file("XLSX", ReportFormat::Xlsx, false, "report-xlsx")}
                {file("PDF", ReportFormat::Pdf, !fits, "report-pdf")}
                <button
                    type="button"
                    class="btn"
                    on:click=move |_| {
                        let _ = window().print();
                    }
                >
                    <Icon icon=icons::Print />
                    {say!(words.print)}
                </button>
            </div>
        </header>
        {(!fits).then(|| view! { <p class="note no-print">{say!(reports.pdf_too_wide)}</p> })}
        <Problem text=Signal::derive(move || refused.get().map(|failure| failure.message())) boxed=true />
    }
}
