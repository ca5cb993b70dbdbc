//! What is marked and not saved yet: saving it, what others marked meanwhile, and marking the rest at one press.

use std::collections::BTreeMap;

use leptos::{ev, prelude::*, task::spawn_local};
use types::{MarkConflict, PersonId, Sheet, SheetRow, codes};

use super::edits::{Drafts, Edit, Edits};
use super::words;
use crate::api::{Failure, SheetKey, use_api};
use crate::language::say;
use crate::ui::{Confirm, Icon, Problem, When, icons, use_toasts};

/// What the rows of a sheet share.
#[derive(Clone, Copy)]
pub struct Marking {
    /// Names the sheet among the drafts.
    pub key: StoredValue<String>,
    /// What is not saved yet.
    pub drafts: Drafts,
    /// Marks that others made meanwhile.
    pub conflicts: RwSignal<BTreeMap<PersonId, MarkConflict>>,
    /// Who was marked present at one press, for as long as that can be taken back.
    pub rest: RwSignal<Vec<PersonId>>,
}

impl Marking {
    /// A row as it would be saved.
    pub fn edit(self, row: &SheetRow) -> Edit {
        self.key.with_value(|key| self.drafts.get(key).of(row))
    }

    /// Changes the draft.
    pub fn change(self, change: impl FnOnce(&mut Edits)) {
        self.key.with_value(|key| self.drafts.update(key, change));
    }
}

/// Somebody else marked this person meanwhile: their mark beside one's own.
#[component]
pub fn Conflict(
    /// Their mark.
    conflict: MarkConflict,
    /// The row.
    row: StoredValue<SheetRow>,
    /// What the rows share.
    desk: Marking,
) -> impl IntoView {
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
            <bdi>{words}</bdi>
            <button type="button" class="btn" on:click=move |_| settle(false)>{say!(attendance.keep_mine)}</button>
            <button type="button" class="btn" on:click=move |_| settle(true)>{say!(attendance.take_theirs)}</button>
        </div>
    }
}

/// How many changes there are, and what becomes of them.
#[component]
pub fn SaveBar(
    /// Which sheet.
    key: SheetKey,
    /// Its rows.
    rows: StoredValue<Vec<SheetRow>>,
    /// What the rows share.
    desk: Marking,
    /// Told of the sheet as it is then.
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
                    desk.rest.try_set(Vec::new());
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
        desk.rest.set(Vec::new());
        problem.set(None);
    };
    let undo_rest = move |_| {
        let people = desk.rest.get_untracked();
        desk.change(|edits| rows.with_value(|rows| edits.unmark(rows, &people)));
        desk.rest.set(Vec::new());
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
                <When is=move || desk.rest.with(|rest| !rest.is_empty())>
                    <button type="button" class="btn" data-testid="sheet-rest-undo" on:click=undo_rest>
                        {say!(attendance.rest_undo)}
                    </button>
                </When>
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

/// Marks whoever is neither seen nor marked as present, after a question; it can be taken back until it is saved.
#[component]
pub fn RestButton(
    /// The rows of the sheet.
    rows: StoredValue<Vec<SheetRow>>,
    /// What the rows share.
    desk: Marking,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let count = Memo::new(move |_| {
        let edits = desk.key.with_value(|key| desk.drafts.get(key));
        rows.with_value(|rows| edits.unsettled(rows).count())
    });
    let mark = Callback::new(move |()| {
        let people: Vec<PersonId> = rows.with_value(|rows| {
            let edits = desk.key.with_value(|key| desk.drafts.get(key));
            edits.unsettled(rows).map(|row| row.person.id).collect()
        });
        desk.change(|edits| rows.with_value(|rows| edits.mark_present(rows, &people)));
        desk.rest.set(people);
        asking.set(false);
    });
    view! {
        <button
            type="button"
            class="btn sheet-rest"
            data-testid="sheet-rest"
            disabled=move || count.get() == 0
            on:click=move |_| asking.set(true)
        >
            {say!(attendance.rest_present)}
        </button>
        <When is=move || asking.get()>
            <Confirm
                title=say!(attendance.rest_present)
                text=say!(attendance.rest_text, count = count.get_untracked())
                action=say!(attendance.rest_present)
                danger=false
                busy=Signal::stored(false)
                problem=Signal::stored(None::<String>)
                on_confirm=mark
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}
