//! The dialog that makes a group or changes its name and kind.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{CreateGroup, GroupKind, GroupView, UpdateGroup};

use super::kind_name;
use crate::api::use_api;
use crate::language::say;
use crate::ui::{Choice, Modal, ModalHead, OptionsField, Problem, SaveButton, TextField, use_toasts};

const FORM: &str = "group-form";

/// `on_close` is told the group as it is now, where something was saved.
#[component]
pub fn GroupForm(
    /// The group to change; none makes a new one.
    group: Option<GroupView>,
    on_close: Callback<Option<GroupView>>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let id = group.as_ref().map(|group| group.id);
    let kind = group.as_ref().map(|group| group.kind).unwrap_or_default();
    let kind = RwSignal::new(kind.name().to_owned());
    let name = RwSignal::new(group.map(|group| group.name).unwrap_or_default());
    let (busy, name_problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        name_problem.set(wanted.is_empty().then(|| say!(groups.enter_name).to_owned()));
        problem.set(None);
        if wanted.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let kind = GroupKind::ALL.into_iter().find(|one| kind.with_untracked(|name| one.name() == name));
        let kind = kind.unwrap_or_default();
        let request = match id {
            Some(id) => api.update_group(id, &UpdateGroup { name: Some(wanted), kind: Some(kind) }),
            None => api.create_group(&CreateGroup { name: wanted, kind }),
        };
        spawn_local(async move {
            match request.await {
                Ok(group) => {
                    toasts.show(say!(words.saved));
                    on_close.run(Some(group));
                }
                Err(failure) => {
                    busy.try_set(false);
                    let taken = (failure.code() == "name_taken").then(|| failure.message());
                    match failure.field("name").or(taken) {
                        Some(text) => name_problem.try_set(Some(text)),
                        None => problem.try_set(Some(failure.message())),
                    };
                }
            }
        });
    };
    let close = Callback::new(move |()| on_close.run(None));
    let title = if id.is_some() { say!(groups.change) } else { say!(groups.add) };
    let choice =
        |kind: GroupKind, text| Choice { key: kind.name(), title: kind_name(kind), text, missing: None };
    let choices = vec![
        choice(GroupKind::Class, say!(groups.class_text)),
        choice(GroupKind::Team, say!(groups.team_text)),
        choice(GroupKind::Site, say!(groups.site_text)),
    ];
    view! {
        <Modal label=title on_close=close>
            <ModalHead title on_close=close />
            <form id=FORM class="dialog-content" on:submit=submit novalidate>
                <TextField
                    id="group-name"
                    label=say!(words.name)
                    value=name
                    problem=name_problem
                    required=true
                    testid="group-name"
                />
                <OptionsField
                    id="group-kind"
                    label=say!(words.kind)
                    value=kind
                    choices
                    problem=Signal::stored(None::<String>)
                />
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy form=FORM testid="group-save" />
            </footer>
        </Modal>
    }
}
