//! Who belongs to a group, over which days, and how that is changed.

use chrono::NaiveDate;
use leptos::{ev, prelude::*, task::spawn_local};
use types::{GroupId, MembershipView, UpdateMember};

use super::add::AddMembers;
use crate::api::{Failure, use_api};
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::{Load, Pages};
use crate::people::Segment;
use crate::session::use_desk;
use crate::ui::{
    Avatar, Empty, Entry, Failed, Icon, List, Modal, ModalHead, MoreButton, Problem, SaveButton, Skeleton,
    TextField, When, icons, use_toasts,
};

const FORM: &str = "membership-form";

/// The members of today, or all there ever were. `on_change` hears that somebody came or left.
#[component]
pub fn Members(group: GroupId, on_change: Callback<()>) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let members = Pages::<MembershipView>::new();
    let all = RwSignal::new(false);
    let (adding, editing) = (RwSignal::new(false), RwSignal::new(None::<MembershipView>));
    let fetch = move |restart: bool| {
        let all = all.get_untracked();
        members.fetch(restart, move |after| async move { api.members(group, all, after.as_deref()).await });
    };
    fetch(true);
    let show = move |what: bool| {
        all.set(what);
        fetch(true);
    };
    let changed = Callback::new(move |()| {
        fetch(true);
        on_change.run(());
    });
    let entry = move |member: MembershipView| {
        let key = format!("{} {:?} {:?}", member.id, member.from_day, member.until_day);
        Entry::new(key, move || view! { <MemberRow member=member.clone() editing /> }.into_any())
    };
    let entries = Signal::derive(move || members.items.get().into_iter().map(entry).collect());
    let empty = move || members.items.with(Vec::is_empty);
    let added = Callback::new(move |any: bool| {
        adding.set(false);
        if any {
            changed.run(());
        }
    });
    view! {
        <section class="panel" aria-labelledby="members-title">
            <h2 id="members-title" class="section-title">{say!(groups.members)}</h2>
            <div class="toolbar">
                <div class="segments" role="group" aria-label=say!(groups.which_members)>
                    <Segment
                        label=say!(words.today)
                        on=Signal::derive(move || !all.get())
                        press=Callback::new(move |()| show(false))
                    />
                    <Segment label=say!(groups.ever) on=all press=Callback::new(move |()| show(true)) />
                </div>
                <When is=move || desk.is_admin()>
                    <button
                        type="button"
                        class="btn ms-auto"
                        data-testid="members-add"
                        on:click=move |_| adding.set(true)
                    >
                        <Icon icon=icons::AddPerson />
                        {say!(groups.add_people)}
                    </button>
                </When>
            </div>
            <table class="list-table members" class:hidden=empty>
                <thead>
                    <tr>
                        <th scope="col">{say!(words.name)}</th>
                        <th scope="col" class="wide-only">{say!(words.from)}</th>
                        <th scope="col" class="wide-only">{say!(groups.last_day)}</th>
                        <th scope="col">
                            <span class="sr-only">{say!(groups.change_days)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <List entries />
                </tbody>
            </table>
            {move || {
                let retry = Callback::new(move |()| fetch(members.items.with_untracked(Vec::is_empty)));
                match (members.state.get(), empty()) {
                    (Load::Waiting, true) => view! { <Skeleton rows=5 /> }.into_any(),
                    (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
                    (Load::Ready(()), true) => {
                        view! { <Empty icon=icons::People title=say!(groups.nobody) text=say!(groups.nobody_text) /> }
                            .into_any()
                    }
                    _ => ().into_any(),
                }
            }}
            <When is=move || members.has_more() && !empty()>
                <MoreButton
                    busy=Signal::derive(move || members.state.with(|state| *state == Load::Waiting))
                    on_more=Callback::new(move |()| fetch(false))
                />
            </When>
        </section>
        <When is=move || adding.get()>
            <AddMembers group on_close=added />
        </When>
        <When is=move || editing.with(Option::is_some)>
            <MembershipDialog group editing on_change=changed />
        </When>
    }
}

#[component]
fn MemberRow(member: MembershipView, editing: RwSignal<Option<MembershipView>>) -> impl IntoView {
    let desk = use_desk();
    let person = member.person.clone();
    let words = |day: Option<NaiveDate>, none: &str| {
        day.map_or_else(|| none.to_owned(), |day| calendar::write(day, DayStyle::Medium))
    };
    let from = words(member.from_day, say!(groups.always));
    let last = words(member.until_day.and_then(|day| day.pred_opt()), say!(groups.open_end));
    let label = say!(groups.change_days_of, name = person.name.clone());
    let change = desk.is_admin().then(move || {
        view! {
            <button
                type="button"
                class="icon-btn"
                aria-label=label
                data-testid="member-edit"
                on:click=move |_| editing.set(Some(member.clone()))
            >
                <Icon icon=icons::Edit />
            </button>
        }
    });
    view! {
        <tr data-testid="member-row">
            <td>
                <a class="member-name" href=format!("/people/{}", person.id)>
                    <Avatar person=person.id name=person.name.clone() photo=person.photo size="avatar-sm" />
                    <span class="row-name" title=person.name.clone()>{person.name.clone()}</span>
                </a>
            </td>
            <td class="wide-only tabular text-soft">{from}</td>
            <td class="wide-only tabular text-soft">{last}</td>
            <td class="text-right">{change}</td>
        </tr>
    }
}

/// The days of a membership: changed, ended, or taken out as if it had never been.
#[component]
fn MembershipDialog(
    group: GroupId,
    editing: RwSignal<Option<MembershipView>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let shown = editing.get_untracked();
    let name = shown.as_ref().map(|member| member.person.name.clone()).unwrap_or_default();
    let text = |day: Option<NaiveDate>| RwSignal::new(day.map(|day| day.to_string()).unwrap_or_default());
    let from = text(shown.as_ref().and_then(|member| member.from_day));
    let last = text(shown.as_ref().and_then(|member| member.until_day).and_then(|day| day.pred_opt()));
    let id = shown.map(|member| member.id);
    let (busy, removing) = (RwSignal::new(false), RwSignal::new(false));
    let (from_problem, last_problem) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let problem = RwSignal::new(None::<String>);
    let close = Callback::new(move |()| editing.set(None));
    let finish = move |outcome: Result<(), Failure>| match outcome {
        Ok(()) => {
            toasts.show(say!(words.saved));
            close.run(());
            on_change.run(());
        }
        Err(failure) => {
            let (of_from, of_last) = (failure.field("from_day"), failure.field("until_day"));
            if of_from.is_none() && of_last.is_none() {
                problem.try_set(Some(failure.message()));
            }
            from_problem.try_set(of_from);
            last_problem.try_set(of_last);
            busy.try_set(false);
        }
    };
    let begin = move || {
        let free = !busy.get_untracked();
        busy.set(true);
        problem.set(None);
        from_problem.set(None);
        last_problem.set(None);
        id.filter(|_| free)
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = begin() else { return };
        let day = |text: RwSignal<String>| text.get_untracked().parse::<NaiveDate>().ok();
        let until = day(last).and_then(|day| day.succ_opt());
        let changes = UpdateMember { from_day: Some(day(from)), until_day: Some(until) };
        spawn_local(async move { finish(api.update_member(group, id, &changes).await.map(|_| ())) });
    };
    let remove = move |_| {
        let Some(id) = begin() else { return };
        spawn_local(async move { finish(api.delete_member(group, id).await) });
    };
    let today = calendar::today(desk);
    let title = say!(groups.days_of, name = name.clone());
    let name = StoredValue::new(name);
    view! {
        <Modal label=title.clone() on_close=close>
            <ModalHead title on_close=close />
            <form id=FORM class="dialog-content" on:submit=submit novalidate>
                <div class="field-pair">
                    <TextField
                        id="member-from"
                        label=say!(words.from)
                        value=from
                        kind="date"
                        problem=from_problem
                        hint=say!(groups.begin_hint)
                    />
                    <TextField
                        id="member-last"
                        label=say!(groups.last_day)
                        value=last
                        kind="date"
                        problem=last_problem
                        hint=say!(groups.last_hint)
                        testid="member-last"
                    />
                </div>
                <button
                    type="button"
                    class="btn w-fit"
                    data-testid="member-end"
                    on:click=move |_| last.set(today.to_string())
                >
                    {say!(groups.last_day_today)}
                </button>
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <When
                    is=move || removing.get()
                    otherwise=move || {
                        view! {
                            <button
                                type="button"
                                class="btn btn-quiet btn-quiet-danger me-auto"
                                on:click=move |_| removing.set(true)
                            >
                                {say!(groups.remove_entry)}
                            </button>
                            <button type="button" class="btn" on:click=move |_| close.run(())>
                                {say!(words.cancel)}
                            </button>
                            <SaveButton
                                words=say!(words.save)
                                busy_words=say!(words.saving)
                                busy
                                form=FORM
                                testid="member-save"
                            />
                        }
                    }
                >
                    <p class="me-auto" role="alert">{say!(groups.remove_text, name = name.get_value())}</p>
                    <button type="button" class="btn" on:click=move |_| removing.set(false)>{say!(words.keep)}</button>
                    <button type="button" class="btn btn-danger" disabled=busy on:click=remove>
                        {say!(words.remove)}
                    </button>
                </When>
            </footer>
        </Modal>
    }
}
