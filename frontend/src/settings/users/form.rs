//! Inviting somebody, and changing what an account may do.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{AccountView, CreateUser, PersonId, Role, UpdateUser};

use super::super::check_list::{self, CheckList};
use super::super::person_choice::PersonChoice;
use super::Doing;
use super::actions::Actions;
use crate::api::{Failure, use_api};
use crate::language::say;
use crate::session::{fresh, role_words, use_desk};
use crate::ui::{Choice, Modal, ModalHead, OptionsField, Problem, SaveButton, TextField, When, use_toasts};

/// The fields as they are being filled in.
#[derive(Clone, Copy)]
struct Form {
    email: RwSignal<String>,
    role: RwSignal<String>,
    owner: RwSignal<bool>,
    groups: RwSignal<Vec<String>>,
    feeds: RwSignal<Vec<String>>,
    person: RwSignal<Option<PersonId>>,
    email_problem: RwSignal<Option<String>>,
    person_problem: RwSignal<Option<String>>,
    problem: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn ids<T: std::str::FromStr>(texts: RwSignal<Vec<String>>) -> Vec<T> {
    texts.with_untracked(|texts| texts.iter().filter_map(|text| text.parse().ok()).collect())
}

impl Form {
    fn new(user: Option<&AccountView>) -> Self {
        let role = user.map_or(Role::Manager, |user| user.role);
        Self {
            email: RwSignal::new(user.map(|user| user.email.clone()).unwrap_or_default()),
            role: RwSignal::new(role.name().to_owned()),
            owner: RwSignal::new(user.is_some_and(|user| user.owner)),
            groups: RwSignal::new(user.map(|user| texts(&user.groups)).unwrap_or_default()),
            feeds: RwSignal::new(user.map(|user| texts(&user.feeds)).unwrap_or_default()),
            person: RwSignal::new(user.and_then(|user| user.person)),
            email_problem: RwSignal::new(None),
            person_problem: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    fn chosen_role(self) -> Role {
        self.role.with_untracked(|role| {
            Role::ALL.into_iter().find(|one| one.name() == role).unwrap_or(Role::Member)
        })
    }

    fn is_role(self, role: Role) -> bool {
        self.role.with(|chosen| chosen == role.name())
    }

    /// What the account is to be, or the problems shown at their fields.
    fn checked(self) -> Option<CreateUser> {
        let email = self.email.get_untracked().trim().to_owned();
        let good = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        self.email_problem.set((!good).then(|| say!(users.email_wrong).to_owned()));
        self.person_problem.set(None);
        self.problem.set(None);
        if !good || self.busy.get_untracked() {
            return None;
        }
        let role = self.chosen_role();
        Some(CreateUser {
            email,
            role,
            owner: role == Role::Admin && self.owner.get_untracked(),
            groups: if role == Role::Manager { ids(self.groups) } else { Vec::new() },
            feeds: ids(self.feeds),
            person: self.person.get_untracked(),
            password: None,
        })
    }

    fn take(self, failure: &Failure) {
        let taken_email = failure.code() == types::codes::EMAIL_TAKEN;
        let taken_person = failure.code() == types::codes::PERSON_TAKEN;
        let email =
            if taken_email { Some(say!(users.email_taken).to_owned()) } else { failure.field("email") };
        let person =
            if taken_person { Some(say!(users.person_taken).to_owned()) } else { failure.field("person") };
        let rest = email.is_none() && person.is_none();
        self.email_problem.try_set(email);
        self.person_problem.try_set(person);
        self.problem.try_set(rest.then(|| super::actions::words(failure)));
        self.busy.try_set(false);
    }
}

#[component]
pub fn InviteSheet(doing: RwSignal<Doing>, done: Callback<Doing>) -> impl IntoView {
    let api = use_api();
    let form = Form::new(None);
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(request) = form.checked() else { return };
        form.busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.create_user(&request)).await {
                Ok(made) => {
                    let link = made.invitation.map(|invitation| invitation.link).unwrap_or_default();
                    done.run(Doing::Showing { email: made.account.email, link, reset: false });
                }
                Err(failure) => form.take(&failure),
            }
        });
    };
    view! {
        <Modal label=say!(users.invite) kind="sheet" on_close>
            <ModalHead title=say!(users.invite) on_close />
            <form id="user-form" class="sheet-columns" on:submit=submit novalidate>
                <Fields form />
            </form>
            <div class="objections"><Problem text=form.problem boxed=true /></div>
            <footer class="modal-foot">
                <p class="note me-auto">{say!(users.invite_note)}</p>
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(users.make_link)
                    busy_words=say!(words.creating)
                    busy=form.busy
                    form="user-form"
                    testid="user-save"
                />
            </footer>
        </Modal>
    }
}

#[component]
pub fn ChangeSheet(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let form = Form::new(Some(&user));
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    let title = user.email.clone();
    let before = user.clone();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(wanted) = form.checked() else { return };
        let id = before.id;
        let changes = changes(&before, wanted);
        form.busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.update_user(id, &changes)).await {
                Ok(_) => {
                    toasts.show(say!(words.saved));
                    done.run(Doing::Nothing);
                }
                Err(failure) => form.take(&failure),
            }
        });
    };
    let role = user.role;
    let role_changes = move || !form.is_role(role);
    view! {
        <Modal label=title.clone() kind="sheet" on_close>
            <ModalHead title on_close />
            <form id="user-form" class="sheet-columns" on:submit=submit novalidate>
                <Fields form />
                <Actions user doing />
            </form>
            <div class="objections"><Problem text=form.problem boxed=true /></div>
            <footer class="modal-foot">
                <p class="note me-auto">{move || role_changes().then(|| say!(users.role_change_note))}</p>
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(words.save)
                    busy_words=say!(words.saving)
                    busy=form.busy
                    form="user-form"
                    testid="user-save"
                />
            </footer>
        </Modal>
    }
}

/// What differs from before.
fn changes(before: &AccountView, wanted: CreateUser) -> UpdateUser {
    UpdateUser {
        email: (wanted.email != before.email).then_some(wanted.email),
        role: (wanted.role != before.role).then_some(wanted.role),
        owner: (wanted.owner != before.owner).then_some(wanted.owner),
        groups: (wanted.groups != before.groups).then_some(wanted.groups),
        feeds: (wanted.feeds != before.feeds).then_some(wanted.feeds),
        person: (wanted.person != before.person).then_some(wanted.person),
        disabled: None,
    }
}

#[component]
fn Fields(form: Form) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let groups = check_list::groups(api);
    let feeds = check_list::feeds(api);
    let choice =
        |role: Role, text| Choice { key: role.name(), title: role_words(role, false), text, missing: None };
    let roles = vec![
        choice(Role::Admin, say!(users.admin_does)),
        choice(Role::Manager, say!(users.manager_does)),
        choice(Role::Guard, say!(users.guard_does)),
        choice(Role::Member, say!(users.member_does)),
    ];
    view! {
        <div class="sheet-column">
            <TextField
                id="user-email"
                label=say!(words.email)
                value=form.email
                problem=form.email_problem
                kind="email"
                inputmode="email"
                required=true
                testid="user-email"
            />
            <OptionsField
                id="user-role"
                label=say!(words.role)
                value=form.role
                choices=Signal::derive(move || roles.clone())
                problem=Signal::derive(|| None::<String>)
            />
            <When is=move || form.is_role(Role::Admin) && desk.is_owner()>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=form.owner
                        on:change:target=move |event| form.owner.set(event.target().checked())
                    />
                    <span>
                        <span class="font-medium">{say!(users.role_owner)}</span>
                        <span class="note block">{say!(users.owner_does)}</span>
                    </span>
                </label>
            </When>
            <When is=move || form.is_role(Role::Manager)>
                <CheckList
                    label=say!(words.groups)
                    hint=say!(users.groups_hint)
                    empty=say!(settings.no_groups)
                    list=groups
                    chosen=form.groups
                    testid="user-groups"
                />
            </When>
            <PersonChoice who=form.person problem=form.person_problem />
            <details class="more">
                <summary class="link">{say!(users.feeds)}</summary>
                <CheckList
                    label=say!(users.feeds)
                    hint=say!(users.feeds_hint)
                    empty=say!(settings.no_feeds)
                    list=feeds
                    chosen=form.feeds
                    testid="user-feeds"
                />
            </details>
        </div>
    }
}
