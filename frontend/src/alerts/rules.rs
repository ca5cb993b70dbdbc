//! The rules: who is told of what.

use leptos::prelude::*;
use types::AlertRuleView;

use super::rule_form::RuleDialog;
use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::Loader;
use crate::ui::{Act, Empty, Icon, Removal, icons, listed, use_toasts};

#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Editing(Option<AlertRuleView>),
    Deleting(AlertRuleView),
}

/// All rules, and the way to another.
#[component]
pub fn Rules() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let rules = Loader::<Vec<AlertRuleView>>::new();
    let read = Callback::new(move |()| rules.run(async move { Ok(api.alert_rules().await?.items) }));
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let on_saved = Callback::new(move |()| {
        toasts.show(say!(words.saved));
        doing.try_set(Doing::Nothing);
        read.try_run(());
    });
    let on_deleted = Callback::new(move |()| {
        doing.try_set(Doing::Nothing);
        read.try_run(());
    });
    view! {
        <header class="section-head">
            <p class="text-soft">{say!(alerts.rules_text)}</p>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="rule-add"
                on:click=move |_| doing.set(Doing::Editing(None))
            >
                <Icon icon=icons::Plus />
                {say!(alerts.rule_add)}
            </button>
        </header>
        {listed(
            rules,
            read,
            3,
            || view! { <Empty icon=icons::Alerts title=say!(alerts.no_rules) text=say!(alerts.no_rules_text) /> }.into_any(),
            move |rules| {
                view! {
                    <ul class="rows" data-testid="rules">
                        {rules.into_iter().map(|rule| view! { <RuleRow rule doing /> }).collect_view()}
                    </ul>
                }
                    .into_any()
            },
        )}
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Editing(rule) => view! { <RuleDialog rule on_saved on_close /> }.into_any(),
            Doing::Deleting(rule) => {
                let id = rule.id;
                view! {
                    <Removal
                        title=say!(alerts.rule_delete, name = rule.name)
                        text=say!(alerts.rule_delete_text)
                        act=Act::new(move || api.delete_alert_rule(id))
                        on_done=on_deleted
                        on_close
                    />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn RuleRow(rule: AlertRuleView, doing: RwSignal<Doing>) -> impl IntoView {
    let name = rule.name.clone();
    let of = rule
        .group
        .as_ref()
        .map(|group| group.name.clone())
        .or_else(|| rule.feed.as_ref().map(|feed| feed.name.clone()));
    let facts = [Some(words::kind(rule.kind).to_owned()), of, Some(words::digest(rule.digest))];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let enabled = rule.enabled;
    let (edit, delete) = (rule.clone(), rule);
    let label = say!(alerts.delete_named, name = name.clone());
    view! {
        <li class="row" data-testid="rule">
            <span class="min-w-0">
                <button type="button" class="link" on:click=move |_| doing.set(Doing::Editing(Some(edit.clone())))>
                    {name}
                </button>
                {(!enabled).then(|| view! { " " <span class="tag">{say!(words.off)}</span> })}
                <span class="note block">{facts}</span>
            </span>
            <button
                type="button"
                class="icon-btn ms-auto"
                aria-label=label.clone()
                title=label
                on:click=move |_| doing.set(Doing::Deleting(delete.clone()))
            >
                <Icon icon=icons::Delete />
            </button>
        </li>
    }
}
