//! The fields of a person, in the sheet that adds one and on the page that changes one.

use leptos::prelude::*;

use crate::api::Failure;
use crate::draft::PersonDraft;
use crate::language::say;
use crate::ui::TextField;

const NAMES: [&str; 7] = ["name", "external_id", "email", "phone", "branch", "year", "groups"];

/// The fields as they are being typed, and what is wrong with each.
#[derive(Clone, Copy)]
pub struct FormState {
    name: RwSignal<String>,
    external_id: RwSignal<String>,
    email: RwSignal<String>,
    phone: RwSignal<String>,
    branch: RwSignal<String>,
    year: RwSignal<String>,
    groups: RwSignal<String>,
    problems: RwSignal<Vec<(&'static str, String)>>,
}

impl FormState {
    /// A form that starts from `draft`.
    pub fn new(draft: PersonDraft) -> Self {
        Self {
            name: RwSignal::new(draft.name),
            external_id: RwSignal::new(draft.external_id),
            email: RwSignal::new(draft.email),
            phone: RwSignal::new(draft.phone),
            branch: RwSignal::new(draft.branch),
            year: RwSignal::new(draft.year),
            groups: RwSignal::new(draft.groups),
            problems: RwSignal::new(Vec::new()),
        }
    }

    /// What stands in the fields now.
    pub fn draft(self) -> PersonDraft {
        PersonDraft {
            name: self.name.get(),
            external_id: self.external_id.get(),
            email: self.email.get(),
            phone: self.phone.get(),
            branch: self.branch.get(),
            year: self.year.get(),
            groups: self.groups.get(),
        }
    }

    /// Checks the fields and shows what is wrong; `None` if something is.
    pub fn checked(self) -> Option<PersonDraft> {
        let draft = untrack(|| self.draft());
        let problems = draft.problems();
        let good = problems.is_empty();
        self.problems.set(problems);
        good.then_some(draft)
    }

    /// Shows what the server said at the fields; true if it named one of them.
    pub fn take(self, failure: &Failure) -> bool {
        let problems: Vec<_> =
            NAMES.iter().filter_map(|name| failure.field(name).map(|text| (*name, text))).collect();
        let named = !problems.is_empty();
        self.problems.try_set(problems);
        named
    }

    fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.problems.with(|problems| {
                problems.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone())
            })
        })
    }
}

/// The fields themselves.
#[component]
pub fn PersonFields(form: FormState) -> impl IntoView {
    view! {
        <TextField id="person-name" label=say!(words.name) value=form.name problem=form.problem("name") required=true testid="person-name" />
        <TextField
            id="person-external-id"
            label=say!(people.number)
            value=form.external_id
            problem=form.problem("external_id")
            required=true
            testid="person-external-id"
        />
        <TextField id="person-email" label=say!(words.email) value=form.email problem=form.problem("email") kind="email" inputmode="email" />
        <TextField id="person-phone" label=say!(people.phone) value=form.phone problem=form.problem("phone") kind="tel" inputmode="tel" />
        <div class="field-pair">
            <TextField id="person-branch" label=say!(people.branch) value=form.branch problem=form.problem("branch") />
            <TextField id="person-year" label=say!(words.year) value=form.year problem=form.problem("year") inputmode="numeric" />
        </div>
        <TextField
            id="person-groups"
            label=say!(words.groups)
            value=form.groups
            problem=form.problem("groups")
            hint=say!(people.groups_hint)
        />
    }
}
