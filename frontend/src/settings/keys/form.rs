//! Making a key: its name, what it opens, when it ends.

use chrono::{DateTime, TimeDelta};
use leptos::{ev, prelude::*, task::spawn_local};
use types::CreateKey;

use super::Doing;
use super::scopes::{self, Area, BACKFILL, SEND};
use crate::api::use_api;
use crate::language::say;
use crate::session::fresh;
use crate::ui::{Modal, ModalHead, Problem, SaveButton, SelectField, TextField};

/// The days that a key can be made for; nought for without end.
const DAYS: [i64; 4] = [30, 90, 365, 0];

#[component]
pub fn KeySheet(doing: RwSignal<Doing>, done: Callback<Doing>) -> impl IntoView {
    let api = use_api();
    let name = RwSignal::new(String::new());
    let days = RwSignal::new("90".to_owned());
    let chosen = RwSignal::new(Vec::<String>::new());
    let busy = RwSignal::new(false);
    let name_problem = RwSignal::new(None::<String>);
    let scope_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let days: i64 = days.get_untracked().parse().unwrap_or_default();
        let request = CreateKey {
            name: name.get_untracked().trim().to_owned(),
            scopes: chosen.get_untracked(),
            expires_at: (days > 0)
                .then(|| DateTime::from_timestamp_millis(js_sys::Date::now() as i64))
                .flatten()
                .map(|now| now + TimeDelta::days(days)),
        };
        let named = (1..=100).contains(&request.name.chars().count());
        name_problem.set((!named).then(|| say!(keys.name_wrong).to_owned()));
        scope_problem.set(request.scopes.is_empty().then(|| say!(keys.scopes_none).to_owned()));
        problem.set(None);
        if !named || request.scopes.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.create_key(&request)).await {
                Ok(made) => done.run(Doing::Showing { name: made.view.name, key: made.key }),
                Err(failure) => {
                    let taken = failure.code() == "name_taken";
                    let in_name =
                        if taken { Some(say!(keys.name_taken).to_owned()) } else { failure.field("name") };
                    let in_scopes = failure.field("scopes");
                    let rest = in_name.is_none() && in_scopes.is_none();
                    name_problem.try_set(in_name);
                    scope_problem.try_set(in_scopes);
                    problem.try_set(rest.then(|| failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    let ends = DAYS.map(|days| {
        let words =
            if days == 0 { say!(keys.without_end).to_owned() } else { say!(keys.days, count = days as u32) };
        (days.to_string(), words)
    });
    view! {
        <Modal label=say!(keys.add) kind="sheet" on_close>
            <ModalHead title=say!(keys.add) on_close />
            <form id="key-form" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField
                        id="key-name"
                        label=say!(words.name)
                        value=name
                        problem=name_problem
                        required=true
                        hint=say!(keys.name_hint)
                        testid="key-name"
                    />
                    <SelectField
                        id="key-end"
                        label=say!(keys.end)
                        value=days
                        choices=ends.to_vec()
                        hint=say!(keys.end_hint)
                    />
                    <Sending chosen />
                </div>
                <div class="sheet-column">
                    <ScopeTable chosen />
                    <p class="problem" role="alert">{scope_problem}</p>
                </div>
            </form>
            <div class="objections"><Problem text=problem boxed=true /></div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(keys.make)
                    busy_words=say!(words.creating)
                    busy
                    form="key-form"
                    testid="key-save"
                />
            </footer>
        </Modal>
    }
}

fn toggle(chosen: RwSignal<Vec<String>>, scope: &str, on: bool) {
    chosen.update(|chosen| {
        chosen.retain(|other| other != scope);
        if on {
            chosen.push(scope.to_owned());
        }
    });
}

/// A box for one scope.
fn scope_box(chosen: RwSignal<Vec<String>>, scope: String, label: Option<String>) -> AnyView {
    let (shown, testid) = (scope.clone(), format!("scope-{scope}"));
    view! {
        <input
            type="checkbox"
            aria-label=label
            data-testid=testid
            prop:checked=move || chosen.with(|chosen| chosen.contains(&shown))
            on:change:target=move |event| toggle(chosen, &scope, event.target().checked())
        />
    }
    .into_any()
}

/// What is no area: sending frames, and dating them back.
#[component]
fn Sending(chosen: RwSignal<Vec<String>>) -> impl IntoView {
    let choice = |scope: &str, title: &'static str, text: &'static str| {
        view! {
            <label class="check">
                {scope_box(chosen, scope.to_owned(), None)}
                <span>
                    <span class="font-medium">{title}</span>
                    <span class="note block">{text}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="check-list">
            <legend class="label">{say!(keys.sending)}</legend>
            {choice(SEND, say!(keys.send), say!(keys.send_text))}
            {choice(BACKFILL, say!(keys.backfill), say!(keys.backfill_text))}
        </fieldset>
    }
}

/// The areas, each to be read and to be changed.
#[component]
fn ScopeTable(chosen: RwSignal<Vec<String>>) -> impl IntoView {
    let row = move |area: Area| {
        let cell = |direction: &str, label: String| {
            let scope = format!("{}:{direction}", area.key);
            view! { <td class="scope-cell">{scope_box(chosen, scope, Some(label))}</td> }
        };
        view! {
            <tr>
                <th scope="row">
                    <span class="font-medium">{area.name}</span>
                    <span class="note block">{area.text}</span>
                </th>
                {cell("read", say!(keys.reads, area = area.name))}
                {cell("write", say!(keys.changes, area = area.name))}
            </tr>
        }
    };
    view! {
        <table class="scopes">
            <caption><span class="label">{say!(keys.opens)}</span></caption>
            <thead>
                <tr>
                    <th scope="col">{say!(keys.area)}</th>
                    <th scope="col" class="scope-cell">{say!(keys.read)}</th>
                    <th scope="col" class="scope-cell">{say!(keys.write)}</th>
                </tr>
            </thead>
            <tbody>{scopes::areas().into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
