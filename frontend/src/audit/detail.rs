//! The values of an entry: what changed from what to what, or what there is to know.

use leptos::prelude::*;
use serde_json::{Map, Value};

use crate::language::say;
use crate::numbers::short;

/// A field, what it was, and what it is.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    field: String,
    before: String,
    after: String,
}

/// The fields that differ between `before` and `after`; none where the entry has no such pair.
fn changes(detail: &Map<String, Value>) -> Option<Vec<Change>> {
    let (before, after) = (detail.get("before")?, detail.get("after"));
    let empty = Map::new();
    let (Some(before), after) = (before.as_object(), after.and_then(Value::as_object).unwrap_or(&empty))
    else {
        return None;
    };
    let fields = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    let change = |field: &String| {
        let value = |of: &Map<String, Value>| of.get(field).map(written).unwrap_or_default();
        Change { field: field.clone(), before: value(before), after: value(after) }
    };
    Some(fields.map(change).filter(|change| change.before != change.after).collect())
}

/// The other fields.
fn facts(detail: &Map<String, Value>, without_pair: bool) -> Vec<(String, String)> {
    let pair = |key: &str| without_pair && matches!(key, "before" | "after");
    let shown = detail.iter().filter(|(key, _)| !pair(key));
    shown.map(|(key, value)| (key.clone(), written(value))).collect()
}

/// A value as people read it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => say!(words.yes).to_owned(),
        Value::Bool(false) => say!(words.no).to_owned(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(fraction)) => short(fraction, 4),
            (None, None) => String::new(),
        },
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(written).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| format!("{key}: {}", written(value));
            fields.iter().map(pair).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The values of an entry.
#[component]
pub fn Detail(
    /// The values; none where they were erased.
    detail: Option<Value>,
) -> impl IntoView {
    let Some(detail) = detail else {
        return view! { <p class="note">{say!(audit.emptied)}</p> }.into_any();
    };
    let Value::Object(detail) = detail else {
        return view! { <p>{written(&detail)}</p> }.into_any();
    };
    let changes = changes(&detail);
    let facts = facts(&detail, changes.is_some());
    if facts.is_empty() && changes.as_ref().is_none_or(Vec::is_empty) {
        return view! { <p class="note">{say!(audit.no_values)}</p> }.into_any();
    }
    view! {
        {changes.filter(|changes| !changes.is_empty()).map(difference)}
        {(!facts.is_empty())
            .then(|| {
                view! {
                    <dl class="audit-facts">
                        {facts
                            .into_iter()
                            .map(|(key, value)| {
                                view! {
                                    <div>
                                        <dt>
                                            <code>{key}</code>
                                        </dt>
                                        <dd dir="auto">{value}</dd>
                                    </div>
                                }
                            })
                            .collect_view()}
                    </dl>
                }
            })}
    }
    .into_any()
}

fn difference(changes: Vec<Change>) -> AnyView {
    let row = |change: Change| {
        view! {
            <tr>
                <th scope="row">
                    <code>{change.field}</code>
                </th>
                <td dir="auto">
                    <del>{change.before}</del>
                </td>
                <td dir="auto">
                    <ins>{change.after}</ins>
                </td>
            </tr>
        }
    };
    view! {
        <div class="scroll-x" tabindex="0" role="region" aria-label=say!(audit.changed)>
            <table class="data-table audit-changes">
                <thead>
                    <tr>
                        <th scope="col">{say!(audit.field)}</th>
                        <th scope="col">{say!(audit.before)}</th>
                        <th scope="col">{say!(audit.after)}</th>
                    </tr>
                </thead>
                <tbody>{changes.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_shown() {
        let detail = json!({
            "before": { "name": "7A", "kind": "class", "gone": 1 },
            "after": { "name": "7B", "kind": "class", "new": ["x", "y"] },
            "reason": "moved",
        });
        let detail = detail.as_object().expect("an object");
        let mut changed = changes(detail).expect("there is a pair");
        changed.sort_by(|one, other| one.field.cmp(&other.field));
        let found: Vec<_> = changed
            .iter()
            .map(|change| (change.field.as_str(), change.before.as_str(), change.after.as_str()))
            .collect();
        assert_eq!(found, [("gone", "1", ""), ("name", "7A", "7B"), ("new", "", "x, y")]);
        assert_eq!(facts(detail, true), [("reason".to_owned(), "moved".to_owned())]);
        assert_eq!(changes(json!({ "photos": 2 }).as_object().expect("an object")), None);
    }
}
