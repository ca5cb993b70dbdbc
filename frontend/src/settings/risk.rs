//! What the measured error rates mean here: with so many people and faces, how often a stranger gets a name.

use leptos::prelude::*;
use types::{MatchingRisk, OperatingPoint, PackView};

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::numbers::{fixed, grouped, rate, significant};
use crate::ui::{Icon, icons};

/// The risk in sentences.
#[component]
pub fn Risk() -> impl IntoView {
    let risk = Loader::<MatchingRisk>::new();
    risk.run(use_api().matching_risk());
    view! {
        <h3 class="label mt-6">{say!(settings.risk)}</h3>
        {move || match risk.get() {
            Load::Waiting => view! { <p class="note">{say!(words.loading)}</p> }.into_any(),
            Load::Failed(failure) => view! { <p class="problem">{failure.message()}</p> }.into_any(),
            Load::Ready(risk) => view! { <RiskWords risk /> }.into_any(),
        }}
    }
}

#[component]
fn RiskWords(risk: MatchingRisk) -> impl IntoView {
    let people = grouped(risk.people);
    let faces = grouped(risk.faces_per_day.round() as i64);
    let Some(strangers) = risk.false_names_per_day else {
        return view! {
            <p class="measure">
                {say!(settings.risk_unmeasured, people = people, faces = faces)}
            </p>
        }
        .into_any();
    };
    let safe = risk.safe_up_to_people.map(|safe| {
        let exceeded = risk.people > safe;
        let words = say!(settings.risk_safe, people = grouped(safe));
        let advice = risk
            .suggested_threshold
            .filter(|_| exceeded)
            .map(|threshold| say!(settings.risk_advice, threshold = fixed(f64::from(threshold), 3)));
        let (class, icon) = if exceeded { ("advice-box", icons::Alert) } else { ("good-box", icons::Good) };
        view! {
            <p class=class>
                <Icon icon />
                <span class="min-w-0 flex-1">{words} " " {advice}</span>
            </p>
        }
    });
    view! {
        <p class="measure" data-testid="risk">
            {say!(settings.risk_bound, people = people, faces = faces, strangers = significant(strangers))}
            " " {say!(settings.risk_bound_note)}
        </p>
        <div class="risk-safe">{safe}</div>
    }
    .into_any()
}

/// What other thresholds would cost, by the pack's own measurement.
#[component]
pub fn OperatingPoints(pack: PackView) -> impl IntoView {
    let now = pack.threshold;
    let row = move |point: OperatingPoint| {
        let used = (point.threshold - now).abs() < 0.000_5;
        view! {
            <tr aria-current=used.then_some("true")>
                <td class="tabular">
                    {fixed(f64::from(point.threshold), 3)} " " {used.then(|| view! { <span class="tag">{say!(settings.in_use_tag)}</span> })}
                </td>
                <td class="tabular text-end">{rate(point.false_match_rate)}</td>
                <td class="tabular text-end">{rate(point.false_non_match_rate)}</td>
            </tr>
        }
    };
    let points = pack.operating_points;
    (!points.is_empty()).then(|| {
        view! {
            <h3 class="label mt-6">{say!(settings.other_thresholds)}</h3>
            <table class="points">
                <thead>
                    <tr>
                        <th scope="col">{say!(settings.threshold)}</th>
                        <th scope="col" class="text-end">{say!(settings.strangers_accepted)}</th>
                        <th scope="col" class="text-end">{say!(settings.people_missed)}</th>
                    </tr>
                </thead>
                <tbody>{points.into_iter().map(row).collect_view()}</tbody>
            </table>
            <p class="note measure">
                {say!(settings.thresholds_note)}
            </p>
        }
    })
}
