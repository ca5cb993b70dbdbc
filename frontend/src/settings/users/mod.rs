//! Accounts: who signs in, as what. What concerns an owner takes an owner; the server keeps the last one.

mod actions;
mod form;
mod sessions;

use std::collections::HashMap;

use leptos::prelude::*;
use types::AccountView;

use super::check_list;
use super::secret::SecretDialog;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{fresh, role_words, use_desk};
use crate::ui::{Empty, Failed, Icon, Skeleton, When, icons};

/// How many rows are shown before more are asked for: the server sends all accounts at once.
const SHOWN: usize = 50;

/// What is being done with an account.
#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Inviting,
    Changing(AccountView),
    Disabling(AccountView),
    Enabling(AccountView),
    Resetting(AccountView),
    RemovingFactor(AccountView),
    Deleting(AccountView),
    Sessions(AccountView),
    /// The link for this address is shown, this once.
    Showing {
        email: String,
        link: String,
        reset: bool,
    },
}

#[component]
pub fn UsersSection() -> impl IntoView {
    let api = use_api();
    let users = Loader::<Vec<AccountView>>::new();
    let read = Callback::new(move |()| {
        users.run(async move { fresh(api, move || api.users()).await.map(|page| page.items) });
    });
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let done = Callback::new(move |next: Doing| {
        doing.try_set(next);
        read.run(());
    });
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(settings.users)}</h2>
                <p class="note measure">{say!(users.about)}</p>
            </div>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="user-invite"
                on:click=move |_| doing.set(Doing::Inviting)
            >
                <Icon icon=icons::AddPerson />
                {say!(users.invite)}
            </button>
        </header>
        {move || match users.get() {
            Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(users) => view! { <UserTable users doing /> }.into_any(),
        }}
        {move || dialog(doing, done)}
    }
}

fn dialog(doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    match doing.get() {
        Doing::Nothing => ().into_any(),
        Doing::Inviting => view! { <form::InviteSheet doing done /> }.into_any(),
        Doing::Changing(user) => view! { <form::ChangeSheet user doing done /> }.into_any(),
        Doing::Disabling(user) => actions::disable(user, doing, done),
        Doing::Enabling(user) => actions::enable(user, doing, done),
        Doing::Resetting(user) => actions::reset(user, doing, done),
        Doing::RemovingFactor(user) => actions::remove_factor(user, doing, done),
        Doing::Deleting(user) => actions::delete(user, doing, done),
        Doing::Sessions(user) => view! { <sessions::SessionsDialog user on_close /> }.into_any(),
        Doing::Showing { email, link, reset } => {
            let title = if reset {
                say!(users.reset_link, email = email)
            } else {
                say!(users.invitation_link, email = email)
            };
            let note = if reset { say!(users.reset_holds) } else { say!(users.invitation_holds) };
            view! {
                <SecretDialog title text=say!(users.link_text) note secret=link testid="user-link" on_close />
            }
            .into_any()
        }
    }
}

#[component]
fn UserTable(users: Vec<AccountView>, doing: RwSignal<Doing>) -> impl IntoView {
    let groups = check_list::groups(use_api());
    let names = Memo::new(move |_| {
        groups.value().unwrap_or_default().into_iter().collect::<HashMap<String, String>>()
    });
    let all = StoredValue::new(users);
    let query = RwSignal::new(String::new());
    let limit = RwSignal::new(SHOWN);
    let found = Memo::new(move |_| {
        let query = query.get().trim().to_lowercase();
        all.with_value(|all| {
            let fits = |user: &&AccountView| {
                user.email.to_lowercase().contains(&query)
                    || role_words(user.role, user.owner).to_lowercase().contains(&query)
            };
            all.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    });
    let rows = move || {
        let shown = found.get().into_iter().take(limit.get());
        shown.map(|user| view! { <UserRow user names doing /> }).collect_view()
    };
    view! {
        <div class="toolbar">
            <input
                class="input toolbar-search"
                type="search"
                placeholder=say!(users.search)
                aria-label=say!(users.search)
                prop:value=query
                on:input:target=move |event| query.set(event.target().value())
            />
        </div>
        <When
            is=move || !found.with(Vec::is_empty)
            otherwise=|| view! { <Empty icon=icons::People title=say!(users.none_found) text=say!(users.none_found_text) /> }
        >
            <table class="list-table users-table">
                <thead>
                    <tr>
                        <th scope="col">{say!(users.account)}</th>
                        <th scope="col" class="wide-only">{say!(words.role)}</th>
                        <th scope="col" class="wider-only">{say!(words.groups)}</th>
                        <th scope="col" class="wide-only">{say!(users.factor)}</th>
                        <th scope="col">{say!(words.state)}</th>
                        <th scope="col"><span class="sr-only">{say!(words.edit)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </When>
        <When is=move || found.with(|found| found.len() > limit.get())>
            <div class="flex justify-center py-4">
                <button type="button" class="btn" on:click=move |_| limit.update(|limit| *limit += SHOWN)>
                    {say!(words.show_more)}
                </button>
            </div>
        </When>
    }
}

#[component]
fn UserRow(user: AccountView, names: Memo<HashMap<String, String>>, doing: RwSignal<Doing>) -> impl IntoView {
    let desk = use_desk();
    let own = desk.user_id() == Some(user.id);
    // An owner's account is for owners alone.
    let closed = user.owner && !desk.is_owner();
    let role = role_words(user.role, user.owner);
    let ids: Vec<String> = user.groups.iter().map(ToString::to_string).collect();
    let groups = move || {
        let name = |id: &String| names.with(|names| names.get(id).cloned());
        ids.iter()
            .filter_map(name)
            .map(|name| view! { <span class="tag truncate" title=name.clone()>{name.clone()}</span> })
            .collect_view()
    };
    let (class, state) = match (user.disabled, user.invited) {
        (true, _) => ("tag tag-spoof", say!(users.state_disabled)),
        (_, true) => ("tag tag-uncertain", say!(users.state_invited)),
        _ => ("tag tag-known", say!(users.state_active)),
    };
    let factor = if user.second_factor { say!(words.on) } else { say!(words.off) };
    let words = say!(users.edit, email = user.email.clone());
    let person = user.person.map(|id| {
        view! { <a class="link note block w-fit" href=format!("/people/{id}")>{say!(users.linked_person)}</a> }
    });
    let email = user.email.clone();
    view! {
        <tr class="table-row" data-testid="user-row">
            <td>
                <span class="user-name">
                    <bdi class="row-name" title=email.clone()>{email.clone()}</bdi>
                    {own.then(|| view! { <span class="tag">{say!(users.you)}</span> })}
                </span>
                <span class="row-sub">{role}</span>
                {person}
            </td>
            <td class="wide-only">{role}</td>
            <td class="wider-only"><span class="tags">{groups}</span></td>
            <td class="wide-only">{factor}</td>
            <td><span class=class data-testid="user-state">{state}</span></td>
            <td class="text-end">
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=words.clone()
                    title=if closed { say!(users.owners_alone).to_owned() } else { words }
                    data-testid="user-edit"
                    disabled=closed
                    on:click=move |_| doing.set(Doing::Changing(user.clone()))
                >
                    <Icon icon=icons::Edit />
                </button>
            </td>
        </tr>
    }
}
