//! The sheet: a row per person, one key per mark, saved at once or not at all.

use std::collections::BTreeMap;

use leptos::{ev, html, prelude::*, task::spawn_local};
use types::{MarkConflict, MarkState, PersonId, Sheet, SheetInstance, SheetRow, codes};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::edits::{Drafts, Edit};
use super::words::{self, StateChip};
use crate::api::{Failure, SheetKey, use_api};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Avatar, Empty, Failed, Icon, Moment, Problem, Skeleton, When, icons, letter, use_toasts};

/// What the rows of a sheet share.
#[derive(Clone, Copy)]
struct Marking {
    key: StoredValue<String>,
    drafts: Drafts,
    conflicts: RwSignal<BTreeMap<PersonId, MarkConflict>>,
}

impl Marking {
    fn edit(self, row: &SheetRow) -> Edit {
        self.key.with_value(|key| self.drafts.get(key).of(row))
    }

    fn change(self, change: impl FnOnce(&mut super::edits::Edits)) {
        self.key.with_value(|key| self.drafts.update(key, change));
    }
}

/// The sheet of a group on a day.
#[component]
pub fn SheetView(key: SheetKey, go: Callback<SheetKey>) -> impl IntoView {
    let api = use_api();
    let sheet = Loader::<Sheet>::new();
    let asked = key.clone();
    let fetch = move || sheet.run(api.sheet(&asked));
    fetch();
    move || match sheet.get() {
        Load::Waiting => view! { <Skeleton rows=10 /> }.into_any(),
        Load::Failed(failure) => {
            let again = fetch.clone();
            view! { <Failed failure retry=Callback::new(move |()| again()) /> }.into_any()
        }
        Load::Ready(now) => {
            // Named by the period that is shown, so that it is the same sheet whether it was asked for or taken as first.
            let slot = now.shown.and_then(|at| now.instances.get(at)).map(|at| (at.schedule.id, at.slot));
            let key = SheetKey { slot, ..key.clone() };
            view! { <Filled sheet=now key go on_saved=Callback::new(move |saved| sheet.set(saved)) /> }
                .into_any()
        }
    }
}

#[component]
fn Filled(sheet: Sheet, key: SheetKey, go: Callback<SheetKey>, on_saved: Callback<Sheet>) -> impl IntoView {
    let conflicts = RwSignal::new(BTreeMap::new());
    let desk =
        Marking { key: StoredValue::new(key.to_string()), drafts: expect_context::<Drafts>(), conflicts };
    if sheet.rows.is_empty() {
        return view! {
            <Empty
                icon=icons::People
                title=say!(attendance.nobody)
                text=say!(attendance.nobody_text)
            />
        }
        .into_any();
    }
    let (holiday, shown) = (sheet.holiday, sheet.shown);
    let periods = sheet.instances.clone();
    let rows = StoredValue::new(sheet.rows);
    let base = key.clone();
    view! {
        <When is=move || holiday>
            <p class="advice-box">
                <Icon icon=icons::Holiday />
                {say!(attendance.holiday_note)}
            </p>
        </When>
        <Periods periods shown choose=Callback::new(move |slot| go.run(SheetKey { slot: Some(slot), ..base.clone() })) />
        <KeysNote />
        <ul class="marks-sheet" aria-label=say!(words.people) data-testid="sheet">
            {rows.with_value(|rows| rows.iter().cloned().map(|row| view! { <Row row desk /> }).collect_view())}
        </ul>
        <SaveBar key rows desk on_saved />
    }
    .into_any()
}

/// What the keys do.
#[component]
fn KeysNote() -> impl IntoView {
    let mark = |mark: MarkState| {
        view! { <span><kbd>{words::key(mark)}</kbd>" "{words::name(mark.state())}</span> }
    };
    view! {
        <p class="note sheet-help">
            <span>{say!(attendance.keys)}</span>
            {MarkState::ALL.map(mark).collect_view()}
            <span><kbd>"↑"</kbd><kbd>"↓"</kbd>" "{say!(attendance.key_move)}</span>
            <span><kbd>"N"</kbd>" "{say!(attendance.key_note)}</span>
            <span>{say!(attendance.key_back)}</span>
        </p>
    }
}

/// The periods of the day, where there are several.
#[component]
fn Periods(
    periods: Vec<SheetInstance>,
    shown: Option<usize>,
    choose: Callback<(types::ScheduleId, i16)>,
) -> impl IntoView {
    let desk = use_desk();
    (periods.len() > 1).then(|| {
        let tabs = periods.into_iter().enumerate().map(|(at, period)| {
            let slot = (period.schedule.id, period.slot);
            let time = move |at| clock::format(at, &desk.timezone(), Style::Minute);
            let name = period.name.unwrap_or(period.schedule.name);
            view! {
                <button
                    type="button"
                    class="segment"
                    aria-pressed=if Some(at) == shown { "true" } else { "false" }
                    on:click=move |_| choose.run(slot)
                >
                    {name}
                    <span class="note tabular">
                        {move || format!(" {}–{}", time(period.starts_at), time(period.ends_at))}
                    </span>
                </button>
            }
        });
        view! { <div class="segments sheet-periods" role="group" aria-label=say!(attendance.period)>{tabs.collect_view()}</div> }
    })
}

#[component]
fn Row(row: SheetRow, desk: Marking) -> impl IntoView {
    let row = StoredValue::new(row);
    let person = row.with_value(|row| row.person.clone());
    let id = person.id;
    let note_field = NodeRef::<html::Input>::new();
    let edit = Memo::new(move |_| row.with_value(|row| desk.edit(row)));
    let changed = Memo::new(move |_| desk.key.with_value(|key| desk.drafts.get(key).has(id)));
    let state =
        Memo::new(move |_| desk.key.with_value(|key| row.with_value(|row| desk.drafts.get(key).shown(row))));
    let press = move |mark: MarkState| desk.change(|edits| row.with_value(|row| edits.press(row, mark)));
    let keys = move |event: ev::KeyboardEvent| {
        let typing = event.target() != event.current_target()
            && event.target().is_some_and(|target| target.has_type::<web_sys::HtmlInputElement>());
        let with_key = event.ctrl_key() || event.meta_key() || event.alt_key();
        if typing || with_key {
            return;
        }
        match event.key().as_str() {
            "ArrowDown" => step(&event, |row| row.next_element_sibling()),
            "ArrowUp" => step(&event, |row| row.previous_element_sibling()),
            _ if letter(&event) == "n" => {
                event.prevent_default();
                if let Some(field) = note_field.get_untracked() {
                    // Fails only for an element that is not on the page.
                    let _ = field.focus();
                }
            }
            key => {
                if let Some(mark) = words::marked(key, &letter(&event)) {
                    event.prevent_default();
                    press(mark);
                }
            }
        }
    };
    let mark_button = move |mark: MarkState| {
        view! {
            <button
                type="button"
                class=format!("mark mark-{}", mark.name())
                tabindex="-1"
                aria-pressed=move || if edit.with(|edit| edit.state == Some(mark)) { "true" } else { "false" }
                title=words::name(mark.state())
                data-testid=format!("mark-{}", mark.name())
                on:click=move |_| press(mark)
            >
                <span aria-hidden="true">{words::key(mark)}</span>
                <span class="mark-word">{words::name(mark.state())}</span>
            </button>
        }
    };
    view! {
        <li
            class="sheet-row"
            class:sheet-row-changed=changed
            tabindex="0"
            aria-label=person.name.clone()
            data-testid="sheet-row"
            on:keydown=keys
        >
            <span class="sheet-who">
                <Avatar person=id name=person.name.clone() photo=person.photo />
                <span class="min-w-0">
                    <a class="row-name" href=format!("/people/{id}") tabindex="-1" title=person.name.clone()>
                        {person.name.clone()}
                    </a>
                    <span class="note tabular block">{row.with_value(|row| row.external_id.clone())}</span>
                </span>
            </span>
            <Seen row />
            <span class="sheet-state">{move || view! { <StateChip state=state.get() /> }}</span>
            <span class="marks" role="group" aria-label=say!(attendance.mark_person, name = person.name.clone())>
                {MarkState::ALL.map(mark_button).collect_view()}
            </span>
            <input
                node_ref=note_field
                class="input sheet-note"
                maxlength="500"
                placeholder=say!(words.note)
                aria-label=say!(attendance.note_on, name = person.name.clone())
                prop:value=move || edit.with(|edit| edit.note.clone())
                on:input:target=move |event| {
                    let note = event.target().value();
                    let new = Edit { note, ..edit.get_untracked() };
                    desk.change(|edits| row.with_value(|row| edits.set(row, new)));
                }
                on:keydown=move |event: ev::KeyboardEvent| {
                    if event.key() == "Escape" {
                        leave(&event);
                    }
                }
            />
            {move || {
                let conflict = desk.conflicts.with(|conflicts| conflicts.get(&id).cloned());
                conflict.map(|conflict| view! { <Conflict conflict row desk /> })
            }}
        </li>
    }
}

/// What the cameras saw.
#[component]
fn Seen(row: StoredValue<SheetRow>) -> impl IntoView {
    let (first_in, last_out, feed) = row.with_value(|row| (row.first_in, row.last_out, row.feed.clone()));
    let Some(first_in) = first_in else {
        return view! { <span class="sheet-seen text-faint">{say!(attendance.not_seen)}</span> }.into_any();
    };
    view! {
        <span class="sheet-seen">
            <span class="tabular">
                <Moment at=first_in style=Style::Minute />
                {last_out.map(|at| view! { "–" <Moment at style=Style::Minute /> })}
            </span>
            {feed.map(|feed| view! { <span class="note truncate" title=feed.name.clone()>{feed.name.clone()}</span> })}
        </span>
    }
    .into_any()
}

/// Somebody else marked this person meanwhile: their mark beside one's own.
#[component]
fn Conflict(conflict: MarkConflict, row: StoredValue<SheetRow>, desk: Marking) -> impl IntoView {
    let words = match &conflict.mark {
        Some(mark) => {
            let by = mark.by.email.clone().unwrap_or_else(|| say!(attendance.somebody).to_owned());
            let what = mark.state.map_or(say!(attendance.took_back), |state| words::name(state.state()));
            match mark.note.clone() {
                Some(note) => say!(attendance.marked_by_note, by = by, what = what, note = note),
                None => say!(attendance.marked_by, by = by, what = what),
            }
        }
        None => say!(attendance.mark_gone).to_owned(),
    };
    let id = conflict.person.id;
    let settle = move |theirs: bool| {
        if theirs {
            desk.change(|edits| row.with_value(|row| edits.set(row, Edit::of(row))));
        }
        desk.conflicts.update(|conflicts| {
            conflicts.remove(&id);
        });
    };
    view! {
        <div class="sheet-conflict" role="alert">
            <Icon icon=icons::Alert />
            <span>{words}</span>
            <button type="button" class="btn" on:click=move |_| settle(false)>{say!(attendance.keep_mine)}</button>
            <button type="button" class="btn" on:click=move |_| settle(true)>{say!(attendance.take_theirs)}</button>
        </div>
    }
}

/// How many changes there are, and what becomes of them.
#[component]
fn SaveBar(
    key: SheetKey,
    rows: StoredValue<Vec<SheetRow>>,
    desk: Marking,
    on_saved: Callback<Sheet>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let count = Memo::new(move |_| desk.key.with_value(|key| desk.drafts.get(key).len()));
    let key = StoredValue::new(key);
    let save = move || {
        if busy.get_untracked() || count.get_untracked() == 0 {
            return;
        }
        busy.set(true);
        problem.set(None);
        let edits = desk.key.with_value(|key| desk.drafts.get(key));
        let changed = rows.with_value(|rows| edits.rows(rows));
        let request = key.with_value(|key| api.save_sheet(key, &changed));
        spawn_local(async move {
            let outcome = request.await;
            busy.try_set(false);
            match outcome {
                Ok(saved) => {
                    desk.change(|edits| *edits = Default::default());
                    toasts.show(say!(attendance.changes_saved, count = changed.len()));
                    on_saved.try_run(saved);
                }
                Err(failure) => refused(failure, rows, desk, problem),
            }
        });
    };
    let discard = move |_| {
        desk.change(|edits| *edits = Default::default());
        desk.conflicts.set(BTreeMap::new());
        problem.set(None);
    };
    let handle = window_event_listener(ev::keydown, move |event| {
        let with_key = event.ctrl_key() || event.meta_key();
        if with_key && event.key().eq_ignore_ascii_case("s") && count.get_untracked() > 0 {
            event.prevent_default();
            save();
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <When is=move || { count.get() > 0 }>
            <div class="save-bar" role="status" data-testid="save-bar">
                <span class="me-auto">{move || say!(attendance.changes_unsaved, count = count.get())}</span>
                <Problem text=problem />
                <button type="button" class="btn" data-testid="sheet-discard" on:click=discard>{say!(words.discard)}</button>
                <button
                    type="button"
                    class="btn btn-primary"
                    data-testid="sheet-save"
                    disabled=busy
                    on:click=move |_| save()
                >
                    {move || if busy.get() { say!(words.saving) } else { say!(words.save) }}
                </button>
            </div>
        </When>
    }
}

/// Nothing was stored. Marks that others made meanwhile become part of the sheet, so that saving again is a knowing
/// change of them.
fn refused(
    failure: Failure,
    rows: StoredValue<Vec<SheetRow>>,
    desk: Marking,
    problem: RwSignal<Option<String>>,
) {
    if failure.code() == codes::MARK_CONFLICT {
        let conflicts = failure.conflicts();
        rows.update_value(|rows| {
            for conflict in &conflicts {
                if let Some(row) = rows.iter_mut().find(|row| row.person.id == conflict.person.id) {
                    row.mark.clone_from(&conflict.mark);
                }
            }
        });
        desk.conflicts.set(conflicts.into_iter().map(|conflict| (conflict.person.id, conflict)).collect());
        problem.set(Some(say!(attendance.marked_meanwhile).to_owned()));
    } else {
        problem.set(Some(failure.message()));
    }
}

/// Moves the focus to the row above or below.
fn step(event: &ev::KeyboardEvent, to: fn(&HtmlElement) -> Option<web_sys::Element>) {
    let row = event.current_target().and_then(|row| row.dyn_into::<HtmlElement>().ok());
    if let Some(next) = row.as_ref().and_then(to).and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // Fails only for an element that is not on the page.
        let _ = next.focus();
    }
}

/// From the note back to its row.
fn leave(event: &ev::KeyboardEvent) {
    let field = event.current_target().and_then(|field| field.dyn_into::<HtmlElement>().ok());
    let row = field.and_then(|field| field.closest("li").ok().flatten());
    if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
        let _ = row.focus();
    }
}
