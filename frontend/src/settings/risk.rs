//! What the measured error rates mean here: with so many people and faces, how often a stranger gets a name.

use leptos::prelude::*;
use types::{MatchingRisk, OperatingPoint, PackView};

use crate::api::use_api;
use crate::loading::{Load, Loader};
use crate::numbers::{fixed, grouped, rate, significant};
use crate::ui::{Icon, icons};

/// The risk in sentences.
#[component]
pub fn Risk() -> impl IntoView {
    let risk = Loader::<MatchingRisk>::new();
    risk.run(use_api().matching_risk());
    view! {
        <h3 class="label mt-6">"Chance of a wrong name"</h3>
        {move || match risk.get() {
            Load::Waiting => view! { <p class="note">"Reading…"</p> }.into_any(),
            Load::Failed(failure) => view! { <p class="problem">{failure.message()}</p> }.into_any(),
            Load::Ready(risk) => view! { <RiskWords risk /> }.into_any(),
        }}
    }
}

#[component]
fn RiskWords(risk: MatchingRisk) -> impl IntoView {
    let here = format!(
        "{} enrolled and about {} a day",
        counted(risk.people, "person", "people"),
        counted(risk.faces_per_day.round() as i64, "face", "faces"),
    );
    let Some(strangers) = risk.false_names_per_day else {
        return view! {
            <p class="measure">
                "How often a stranger is taken for somebody was not measured for this model at its threshold, so no bound can be given for "
                {here} "."
            </p>
        }
        .into_any();
    };
    let safe = risk.safe_up_to_people.map(|safe| {
        let exceeded = risk.people > safe;
        let words = format!(
            "Up to {} the bound stays below one wrong name in 1,000 strangers.",
            counted(safe, "person", "people")
        );
        let advice = risk.suggested_threshold.filter(|_| exceeded).map(|threshold| {
            format!(
                " With the people enrolled now, that takes a threshold of {}.",
                fixed(f64::from(threshold), 3)
            )
        });
        let (class, icon) = if exceeded { ("advice-box", icons::Alert) } else { ("good-box", icons::Good) };
        view! {
            <p class=class>
                <Icon icon />
                <span class="min-w-0 flex-1">{words} {advice}</span>
            </p>
        }
    });
    view! {
        <p class="measure" data-testid="risk">
            "With " {here} ", at most about " <strong>{significant(strangers)}</strong>
            " strangers a day would get a name by chance. It is an upper bound: as if every face were a stranger’s and one frame decided; several frames must agree."
        </p>
        <div class="risk-safe">{safe}</div>
    }
    .into_any()
}

fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
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
                    {fixed(f64::from(point.threshold), 3)} " " {used.then(|| view! { <span class="tag">"in use"</span> })}
                </td>
                <td class="tabular text-right">{rate(point.false_match_rate)}</td>
                <td class="tabular text-right">{rate(point.false_non_match_rate)}</td>
            </tr>
        }
    };
    let points = pack.operating_points;
    (!points.is_empty()).then(|| {
        view! {
            <h3 class="label mt-6">"Other thresholds"</h3>
            <table class="points">
                <thead>
                    <tr>
                        <th scope="col">"Threshold"</th>
                        <th scope="col" class="text-right">"Strangers accepted"</th>
                        <th scope="col" class="text-right">"People missed"</th>
                    </tr>
                </thead>
                <tbody>{points.into_iter().map(row).collect_view()}</tbody>
            </table>
            <p class="note measure">
                "Of single comparisons: two different people who reach the threshold, and two pictures of one person that do not. A feed can have a threshold of its own."
            </p>
        }
    })
}
