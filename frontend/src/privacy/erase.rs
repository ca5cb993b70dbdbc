//! Erasing a person: what goes, the question, and the report for the person.

use chrono::{DateTime, Utc};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{EraseRequest, ErasedCounts, ErasureReport, PersonView};

use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::clock::Style;
use crate::language::say;
use crate::numbers::grouped;
use crate::router::use_router;
use crate::session::fresh;
use crate::ui::{Icon, Modal, ModalHead, Moment, Problem, When, icons};

const LONGEST_REASON: usize = 500;

#[derive(Clone, PartialEq)]
enum Step {
    /// What goes, and why.
    Reason,
    /// Once more, naming the person.
    Sure,
    /// It is done.
    Done(ErasureReport),
}

/// Asks twice, erases, and shows what was erased.
#[component]
pub fn EraseDialog(
    /// Whom.
    person: PersonView,
    /// Leaves it, while nothing was erased.
    on_close: Callback<()>,
) -> impl IntoView {
    let (api, router) = (use_api(), use_router());
    let arrivals = expect_context::<Arrivals>();
    let step = RwSignal::new(Step::Reason);
    let reason = RwSignal::new(String::new());
    let reason_problem = RwSignal::new(None::<String>);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let id = person.id;
    let name = StoredValue::new(person.name.clone());
    let photos = person.photos.len() as i64;
    let title = say!(privacy.erase_question, name = person.name);
    // Whoever was erased has no page any more.
    let leave = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        if matches!(step.get_untracked(), Step::Done(_)) {
            router.go("/people");
        } else {
            on_close.run(());
        }
    });
    let on_reason = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let given =
            reason.with_untracked(|reason| (1..=LONGEST_REASON).contains(&reason.trim().chars().count()));
        reason_problem.set((!given).then(|| say!(privacy.erase_reason_missing).to_owned()));
        if given {
            step.set(Step::Sure);
        }
    };
    let erase = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let request = EraseRequest { reason: reason.get_untracked().trim().to_owned() };
            let outcome = fresh(api, move || api.erase(id, &request)).await;
            busy.try_set(false);
            match outcome {
                Ok(report) => {
                    arrivals.forget(|arrival| arrival.person.id == id);
                    step.try_set(Step::Done(report));
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
        });
    };
    view! {
        <Modal label=title.clone() on_close=leave>
            <ModalHead title on_close=leave />
            {move || match step.get() {
                Step::Reason => view! {
                    <form id="erase-form" class="dialog-content" on:submit=on_reason novalidate>
                        <p>{say!(privacy.erase_goes)}</p>
                        <ul class="erase-list">
                            <li>{say!(privacy.goes_photos, count = photos)}</li>
                            <li>{say!(privacy.goes_arrivals)}</li>
                            <li>{say!(privacy.goes_days)}</li>
                            <li>{say!(privacy.goes_means)}</li>
                            <li>{say!(privacy.goes_rest)}</li>
                        </ul>
                        <p class="text-soft">{say!(privacy.erase_stays)}</p>
                        <div class="field">
                            <label class="label" for="erase-reason">{say!(words.reason)}</label>
                            <textarea
                                id="erase-reason"
                                class="input"
                                rows="2"
                                maxlength=LONGEST_REASON.to_string()
                                aria-required="true"
                                aria-invalid=move || reason_problem.with(Option::is_some).then_some("true")
                                aria-describedby="erase-reason-note"
                                prop:value=reason
                                on:input:target=move |event| reason.set(event.target().value())
                            ></textarea>
                            <p id="erase-reason-note" class="note" class:problem=move || reason_problem.with(Option::is_some)>
                                {move || reason_problem.get().unwrap_or_else(|| say!(privacy.erase_reason_hint).to_owned())}
                            </p>
                        </div>
                    </form>
                    <footer class="modal-foot">
                        <button type="button" class="btn" on:click=move |_| leave.run(())>{say!(words.keep)}</button>
                        <button type="submit" form="erase-form" class="btn btn-primary" data-testid="erase-next">
                            {say!(words.next)}
                        </button>
                    </footer>
                }
                .into_any(),
                Step::Sure => view! {
                    <div class="dialog-content">
                        <p class="problem-box">
                            <Icon icon=icons::Alert />
                            <span>{say!(privacy.erase_sure, name = name.get_value())}</span>
                        </p>
                        <Problem text=problem />
                    </div>
                    <footer class="modal-foot">
                        <button type="button" class="btn" disabled=busy on:click=move |_| step.set(Step::Reason)>
                            {say!(words.back)}
                        </button>
                        <button
                            type="button"
                            class="btn btn-danger"
                            data-testid="erase-confirm"
                            disabled=busy
                            on:click=erase
                        >
                            {move || {
                                if busy.get() {
                                    say!(privacy.erasing).to_owned()
                                } else {
                                    say!(privacy.erase_for_good, name = name.get_value())
                                }
                            }}
                        </button>
                    </footer>
                }
                .into_any(),
                Step::Done(report) => view! { <Report report name=name.get_value() leave /> }.into_any(),
            }}
        </Modal>
    }
}

/// What was erased: for the person, on paper.
#[component]
fn Report(report: ErasureReport, name: String, leave: Callback<()>) -> impl IntoView {
    let print = move |_| {
        // Fails only where the browser cannot print.
        let _ = window().print();
    };
    let key_destroyed = report.key_destroyed;
    view! {
        <div class="dialog-content erasure-report" data-testid="erasure-report">
            <p class="verdict verdict-good">
                <Icon icon=icons::Good />
                <span>{say!(privacy.erased, name = name)}</span>
            </p>
            <dl class="figures">
                {counts(&report.erased)
                    .into_iter()
                    .map(|(words, count)| {
                        view! {
                            <div>
                                <dt>{words}</dt>
                                <dd class="tabular">{grouped(count)}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <When is=move || key_destroyed>
                <p class="text-soft">{say!(privacy.key_destroyed)}</p>
            </When>
            <dl class="facts">
                {fact(say!(privacy.erased_at), report.erased_at)}
                {match report.backups_until {
                    Some(until) => fact(say!(privacy.backups_until), until).into_any(),
                    None => {
                        view! {
                            <div>
                                <dt class="note">{say!(privacy.backups_until)}</dt>
                                <dd>{say!(privacy.backups_no_end)}</dd>
                            </div>
                        }
                        .into_any()
                    }
                }}
                {fact(say!(privacy.storage_until), report.storage_versions_until)}
                <div>
                    <dt class="note">{say!(words.reason)}</dt>
                    <dd>{report.reason}</dd>
                </div>
                <div>
                    <dt class="note">{say!(privacy.ledger_id)}</dt>
                    <dd class="tabular">{report.person.to_string()}</dd>
                </div>
            </dl>
        </div>
        <footer class="modal-foot no-print">
            <button type="button" class="btn" on:click=print>
                <Icon icon=icons::Print />
                {say!(words.print)}
            </button>
            <button type="button" class="btn btn-primary" data-testid="erase-done" on:click=move |_| leave.run(())>
                {say!(words.done)}
            </button>
        </footer>
    }
}

fn fact(words: &'static str, at: DateTime<Utc>) -> impl IntoView {
    view! {
        <div>
            <dt class="note">{words}</dt>
            <dd><Moment at style=Style::Full /></dd>
        </div>
    }
}

fn counts(erased: &ErasedCounts) -> [(&'static str, i64); 15] {
    [
        (say!(privacy.count_photos), erased.photos),
        (say!(privacy.count_templates), erased.templates),
        (say!(privacy.count_non_matches), erased.non_matches),
        (say!(privacy.count_arrivals), erased.arrivals),
        (say!(privacy.count_days), erased.attendance_days),
        (say!(privacy.count_marks), erased.marks),
        (say!(privacy.count_corrections), erased.corrections),
        (say!(privacy.count_memberships), erased.memberships),
        (say!(privacy.count_consents), erased.consents),
        (say!(checkin.pin), erased.pins),
        (say!(checkin.badges), erased.badges),
        (say!(privacy.count_messages), erased.messages),
        (say!(privacy.count_accounts), erased.accounts),
        (say!(privacy.count_review), erased.review_items),
        (say!(privacy.count_audit), erased.audit_entries),
    ]
}
