//! The list of groups.

use leptos::prelude::*;
use types::GroupView;

use super::form::GroupForm;
use super::kind_name;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::people::PeopleNav;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Empty, Failed, Icon, Skeleton, When, icons};

/// Classes, teams and sites that the user sees.
#[component]
pub fn GroupsPage() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let groups = Loader::<Vec<GroupView>>::new();
    let fetch = move || groups.run(async move { api.groups().await.map(|page| page.items) });
    fetch();
    let adding = RwSignal::new(false);
    let on_close = Callback::new(move |made: Option<GroupView>| {
        adding.set(false);
        if let Some(group) = made {
            router.go(&format!("/groups/{}", group.id));
        }
    });
    view! {
        <div class="content">
            <PeopleNav here="/groups" />
            <header class="page-head">
                <h1 class="page-title">{say!(words.groups)}</h1>
                <When is=move || desk.is_admin()>
                    <button
                        type="button"
                        class="btn btn-primary ms-auto"
                        data-testid="group-add"
                        on:click=move |_| adding.set(true)
                    >
                        <Icon icon=icons::Plus />
                        {say!(groups.add)}
                    </button>
                </When>
            </header>
            {move || match groups.get() {
                Load::Waiting => view! { <Skeleton rows=6 /> }.into_any(),
                Load::Failed(failure) => {
                    view! { <Failed failure retry=Callback::new(move |()| fetch()) /> }.into_any()
                }
                Load::Ready(groups) if groups.is_empty() => {
                    let text = if desk.is_admin() { say!(groups.empty_text) } else { say!(groups.empty_text_others) };
                    view! { <Empty icon=icons::People title=say!(groups.empty) text /> }.into_any()
                }
                Load::Ready(groups) => view! { <GroupTable groups /> }.into_any(),
            }}
        </div>
        <When is=move || adding.get()>
            <GroupForm group=None on_close />
        </When>
    }
}

#[component]
fn GroupTable(groups: Vec<GroupView>) -> impl IntoView {
    let filter = RwSignal::new(String::new());
    let groups = StoredValue::new(groups);
    let shown = Memo::new(move |_| {
        let wanted = filter.get().trim().to_lowercase();
        let fits = |group: &&GroupView| group.name.to_lowercase().contains(&wanted);
        groups.with_value(|groups| groups.iter().filter(fits).cloned().collect::<Vec<_>>())
    });
    view! {
        <div class="toolbar">
            <input
                class="input toolbar-search"
                type="search"
                placeholder=say!(groups.filter)
                aria-label=say!(groups.filter)
                prop:value=filter
                on:input:target=move |event| filter.set(event.target().value())
            />
        </div>
        <table class="list-table">
            <thead>
                <tr>
                    <th scope="col">{say!(words.name)}</th>
                    <th scope="col" class="wide-only">{say!(words.kind)}</th>
                    <th scope="col" class="text-right">{say!(groups.people_today)}</th>
                </tr>
            </thead>
            <tbody>
                {move || shown.get().into_iter().map(|group| view! { <GroupRow group /> }).collect_view()}
            </tbody>
        </table>
        <When is=move || shown.with(Vec::is_empty)>
            <Empty icon=icons::Search title=say!(groups.none_found) text=say!(groups.none_found_text) />
        </When>
    }
}

#[component]
fn GroupRow(group: GroupView) -> impl IntoView {
    view! {
        <tr class="table-row" data-testid="group-row">
            <td>
                <a class="row-link" href=format!("/groups/{}", group.id)>
                    <span class="min-w-0">
                        <span class="row-name" title=group.name.clone()>{group.name.clone()}</span>
                        <span class="row-sub">{kind_name(group.kind)}</span>
                    </span>
                </a>
            </td>
            <td class="wide-only text-soft">{kind_name(group.kind)}</td>
            <td class="text-right tabular">{group.members}</td>
        </tr>
    }
}
