//! How long each kind of data is kept, and when what is older was last deleted.

use chrono::{DateTime, Utc};
use leptos::{ev, prelude::*, task::spawn_local};
use types::Retention;

use crate::api::{AuditQuery, Failure, use_api};
use crate::clock::Style;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::fresh;
use crate::ui::{Failed, Moment, Problem, SaveButton, Skeleton, use_toasts};

/// The longest period in days.
const LONGEST: i32 = 36_500;
/// The longest that imports are kept.
const LONGEST_IMPORTS: i32 = 30;

/// What the audit calls the deletion at night.
const PURGED: &str = "retention.purged";

/// The periods, to be changed, and when the purge last ran.
#[component]
pub fn RetentionPart() -> impl IntoView {
    let api = use_api();
    let loaded = Loader::<(Retention, Option<DateTime<Utc>>)>::new();
    let read = Callback::new(move |()| {
        loaded.run(async move {
            let retention = api.retention().await?;
            let purges = AuditQuery { action: PURGED.to_owned(), ..AuditQuery::default() };
            let last = api.audit(&purges, 1, None).await?.items.into_iter().next();
            Ok((retention, last.map(|entry| entry.at)))
        });
    });
    read.run(());
    view! {
        <section class="settings-part" aria-labelledby="retention">
            <header class="section-head">
                <div>
                    <h3 id="retention" class="part-title">{say!(privacy.retention_title)}</h3>
                    <p class="text-soft">{say!(privacy.retention_text)}</p>
                </div>
            </header>
            {move || match loaded.get() {
                Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready((retention, last)) => view! { <RetentionForm retention last /> }.into_any(),
            }}
        </section>
    }
}

/// A period as it is typed; empty is without end.
#[derive(Clone, Copy)]
struct Period {
    key: &'static str,
    days: RwSignal<String>,
    endless: bool,
    longest: i32,
    problem: RwSignal<Option<String>>,
}

impl Period {
    fn new(key: &'static str, days: Option<i32>) -> Self {
        let text = days.map(|days| days.to_string()).unwrap_or_default();
        let (days, problem) = (RwSignal::new(text), RwSignal::new(None));
        Self { key, days, endless: true, longest: LONGEST, problem }
    }

    /// The days; an error for what is no period.
    fn read(self) -> Result<Option<i32>, ()> {
        let text = self.days.get_untracked();
        let days = match text.trim() {
            "" if self.endless => Ok(None),
            text => text.parse::<i32>().map(Some).map_err(|_| ()),
        };
        let days = days.and_then(|days| {
            if days.is_none_or(|days| (1..=self.longest).contains(&days)) { Ok(days) } else { Err(()) }
        });
        self.problem.set(days.is_err().then(|| match self.endless {
            true => say!(privacy.days_wrong, most = self.longest),
            false => say!(privacy.days_wrong_ended, most = self.longest),
        }));
        days
    }
}

#[component]
fn RetentionForm(retention: Retention, last: Option<DateTime<Utc>>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let arrivals = Period::new("arrivals_days", retention.arrivals_days);
    let attendance = Period::new("attendance_days", retention.attendance_days);
    let audit = Period::new("audit_days", retention.audit_days);
    let imports = Period {
        endless: false,
        longest: LONGEST_IMPORTS,
        ..Period::new("imports_days", Some(retention.imports_days))
    };
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let refuse = move |failure: &Failure| {
        let periods = [arrivals, attendance, audit, imports];
        for period in periods {
            period.problem.try_set(failure.field(period.key));
        }
        if periods.iter().all(|period| failure.field(period.key).is_none()) {
            problem.try_set(Some(failure.message()));
        }
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let read = (arrivals.read(), attendance.read(), audit.read(), imports.read());
        let (Ok(arrivals_days), Ok(attendance_days), Ok(audit_days), Ok(Some(imports_days))) = read else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let request = Retention { arrivals_days, attendance_days, audit_days, imports_days };
            match fresh(api, || api.save_retention(&request)).await {
                Ok(_) => toasts.show(say!(words.saved)),
                Err(failure) => refuse(&failure),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="retention" on:submit=submit novalidate>
            <PeriodField period=arrivals title=say!(privacy.keep_arrivals) text=say!(privacy.keep_arrivals_text) />
            <PeriodField period=attendance title=say!(privacy.keep_attendance) text=say!(privacy.keep_attendance_text) />
            <PeriodField period=audit title=say!(privacy.keep_audit) text=say!(privacy.keep_audit_text) />
            <PeriodField period=imports title=say!(privacy.keep_imports) text=say!(privacy.keep_imports_text) />
            <Problem text=problem />
            <div class="retention-foot">
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy testid="retention-save" />
                <p class="note" data-testid="retention-last">
                    {match last {
                        Some(at) => view! { {say!(privacy.purged_last)} " " <Moment at style=Style::Full /> }.into_any(),
                        None => say!(privacy.purged_never).into_any(),
                    }}
                </p>
            </div>
        </form>
    }
}

#[component]
fn PeriodField(period: Period, title: &'static str, text: &'static str) -> impl IntoView {
    let Period { key, days, endless, problem, .. } = period;
    let note = format!("{key}-note");
    let meaning = move || match days.with(|days| days.trim().parse::<i64>()) {
        Ok(days) => say!(privacy.deleted_after, count = days),
        Err(_) if endless => say!(privacy.kept_without_end).to_owned(),
        Err(_) => String::new(),
    };
    view! {
        <div class="retention-row">
            <label class="label" for=key>{title}</label>
            <p class="text-soft retention-text">{text}</p>
            <div class="retention-days">
                <input
                    id=key
                    class="input tabular"
                    inputmode="numeric"
                    autocomplete="off"
                    placeholder=endless.then_some(say!(privacy.without_end))
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    aria-describedby=note.clone()
                    prop:value=days
                    on:input:target=move |event| days.set(event.target().value())
                />
                <span>{say!(privacy.days)}</span>
            </div>
            <p id=note class="note" class:problem=move || problem.with(Option::is_some)>
                {move || problem.get().unwrap_or_else(meaning)}
            </p>
        </div>
    }
}
