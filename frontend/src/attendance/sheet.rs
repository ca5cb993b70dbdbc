//! The sheet: a row per person, one key per mark, saved at once or not at all.

use std::collections::BTreeMap;

use leptos::{ev, html, prelude::*};
use types::{MarkState, ScheduleId, Sheet, SheetInstance, SheetRow};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::edits::{Drafts, Edit};
use super::saving::{Conflict, Marking, RestButton, SaveBar};
use super::words::{self, StateChip};
use crate::api::{SheetKey, use_api};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Avatar, Empty, Failed, Icon, Moment, Skeleton, When, icons, letter};

/// The schedule of groups that have none.
const ALL_DAY: ScheduleId = ScheduleId(Uuid::from_u128(1));

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
    let desk = Marking {
        key: StoredValue::new(key.to_string()),
        drafts: expect_context::<Drafts>(),
        conflicts,
        rest: RwSignal::new(Vec::new()),
    };
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
    if sheet.shown.is_none() {
        return view! { <Empty icon=icons::Holiday title=say!(attendance.unscheduled) /> }.into_any();
    }
    let (holiday, shown) = (sheet.holiday, sheet.shown);
    let periods = sheet.instances.clone();
    let rows = StoredValue::new(sheet.rows);
    let base = key.clone();
    listen_for_marks();
    view! {
        <When is=move || holiday>
            <p class="advice-box">
                <Icon icon=icons::Holiday />
                {say!(attendance.holiday_note)}
            </p>
        </When>
        <Periods periods shown choose=Callback::new(move |slot| go.run(SheetKey { slot: Some(slot), ..base.clone() })) />
 <div class="sheet-tools">
            <KeysNote />
            <RestButton rows desk />
        </div>
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

/// The periods of the day. The whole day of a group without a schedule is none to be named.
#[component]
fn Periods(
    periods: Vec<SheetInstance>,
    shown: Option<usize>,
    choose: Callback<(ScheduleId, i16)>,
) -> impl IntoView {
    let desk = use_desk();
    periods.iter().any(|period| period.schedule.id != ALL_DAY).then(|| {
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
                    <bdi>{name}</bdi>
                    " "
                    <bdi class="note tabular">
                        {move || format!("{}–{}", time(period.starts_at), time(period.ends_at))}
                    </bdi>
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
                    // A mark that was taken back leaves the cursor where it is.
                    if edit.with_untracked(|edit| edit.state == Some(mark)) {
                        step(&event, |row| row.next_element_sibling());
                    }
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
                        <bdi>{person.name.clone()}</bdi>
                    </a>
                    <span class="note tabular block">{row.with_value(|row| row.external_id.clone())}</span>
                </span>
            </span>
            <span class="sheet-state">{move || view! { <StateChip state=state.get() /> }}</span>
            <Seen row />
            <span class="marks" role="group" aria-label=say!(attendance.mark_person, name = person.name.clone())>
                {MarkState::ALL.map(mark_button).collect_view()}
            </span>
            <input
                node_ref=note_field
                class="input sheet-note"
                maxlength="500"
                dir="auto"
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
            <bdi class="tabular nowrap">
                <Moment at=first_in style=Style::Minute />
                {last_out.map(|at| view! { "–" <Moment at style=Style::Minute /> })}
            </bdi>
            {feed.map(|feed| view! { <bdi class="note truncate" title=feed.name.clone()>{feed.name.clone()}</bdi> })}
        </span>
    }
    .into_any()
}

/// A key that marks, pressed while nothing has the focus, leads to the first row; the next one marks.
fn listen_for_marks() {
    let handle = window_event_listener(ev::keydown, move |event| {
        let focused = document().active_element();
        let free = focused.is_none_or(|element| element.id() == "page" || element.tag_name() == "BODY");
        let with_key = event.ctrl_key() || event.meta_key() || event.alt_key();
        if !free || with_key || words::marked(&event.key(), &letter(&event)).is_none() {
            return;
        }
        let first = document().query_selector(".sheet-row").ok().flatten();
        if let Some(row) = first.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
            event.prevent_default();
            // Fails only for an element that is not on the page.
            let _ = row.focus();
        }
    });
    on_cleanup(move || handle.remove());
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
