//! The charts of some days, of a group or a person.

use chrono::NaiveDate;
use leptos::prelude::*;
use types::{AnalyticsKind, GroupId, PersonId};

use super::card::Card;
use super::{arrivals, heatmap, lateness, rate, today};
use crate::api::Span;
use crate::calendar;
use crate::language::say;
use crate::reports::{
    DaysField, GroupField, LONGEST, PersonField, Presets, range_problem, span_of, span_query,
};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Empty, icons};

/// All charts, and what they are of.
#[component]
pub fn AnalyticsPart() -> impl IntoView {
    let (desk, router) = (use_desk(), use_router());
    let span = Memo::new(move |_| {
        let now = calendar::today(desk);
        span_of(&router.query.get(), calendar::month_of(now))
    });
    let change = move |span: Span| router.replace(&format!("/analytics?{}", span_query(&span)));
    let on_days = Callback::new(move |(first, last): (NaiveDate, NaiveDate)| {
        change(Span { first, last, ..span.get_untracked() });
    });
    let on_group =
        Callback::new(move |group: Option<GroupId>| change(Span { group, ..span.get_untracked() }));
    let on_person =
        Callback::new(move |person: Option<PersonId>| change(Span { person, ..span.get_untracked() }));
    let one_day = Signal::stored(false);
    let problem = Signal::derive(move || range_problem(&span.get(), LONGEST));
    view! {
        <div class="report-filters no-print">
            <Presets span=span.into() one_day on_days />
            <DaysField span=span.into() one_day problem on_days />
            <GroupField group=Signal::derive(move || span.get().group) on_group />
            <PersonField person=Signal::derive(move || span.get().person) on_person />
        </div>
        {move || {
            let span = span.get();
            range_problem(&span, LONGEST).is_none().then(|| view! { <Charts span /> })
        }}
    }
}

#[component]
fn Charts(span: Span) -> impl IntoView {
    view! {
        <div class="charts">
            <Card
                id="chart-today"
                title=say!(analytics.today_title)
                text=say!(analytics.today_text)
                kind=AnalyticsKind::Today
                span
                draw=today::draw
                tables=today::tables
            />
            <Card
                id="chart-rate"
                title=say!(analytics.rate_title)
                text=say!(analytics.rate_text)
                kind=AnalyticsKind::Rate
                span
                draw=rate::draw
                tables=rate::tables
            />
            <Card
                id="chart-arrivals"
                title=say!(analytics.arrivals_title)
                text=say!(analytics.arrivals_text)
                kind=AnalyticsKind::ArrivalsByTime
                span
                draw=arrivals::draw
                tables=arrivals::tables
            />
            <Card
                id="chart-lateness"
                title=say!(analytics.lateness_title)
                text=say!(analytics.lateness_text)
                kind=AnalyticsKind::LatenessByGroup
                span
                draw=lateness::draw
                tables=lateness::tables
            />
            {if span.person.is_some() {
                view! {
                    <Card
                        id="chart-days"
                        title=say!(analytics.days_title)
                        text=say!(analytics.days_text)
                        kind=AnalyticsKind::Heatmap
                        span
                        draw=heatmap::draw
                        tables=heatmap::tables
                        wide=true
                    />
                }
                    .into_any()
            } else {
                view! {
                    <section class="chart-card chart-wide" aria-labelledby="chart-days-title">
                        <h2 id="chart-days-title" class="section-title">{say!(analytics.days_title)}</h2>
                        <Empty icon=icons::FindPerson title=say!(analytics.whose) text=say!(analytics.whose_text) />
                    </section>
                }
                    .into_any()
            }}
        </div>
    }
}
