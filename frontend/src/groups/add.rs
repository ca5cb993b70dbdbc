//! Adding many people to a group at once: searched, chosen, and put in from a day on.

use std::time::Duration;

use chrono::NaiveDate;
use leptos::{ev, prelude::*, task::spawn_local};
use types::{AddMember, GroupId, PersonId, PersonView};

use crate::api::use_api;
use crate::calendar;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{
    Avatar, Failed, Icon, Modal, ModalHead, SaveButton, Skeleton, TextField, When, icons, use_toasts,
};

const FORM: &str = "members-form";
const FOUND: u32 = 50;
const TYPING_PAUSE: Duration = Duration::from_millis(150);

/// Somebody who is to be added, and why that did not work.
#[derive(Clone, PartialEq)]
struct Chosen {
    id: PersonId,
    name: String,
    problem: Option<String>,
}

/// `on_close` is told whether anybody was added.
#[component]
pub fn AddMembers(group: GroupId, on_close: Callback<bool>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let chosen = RwSignal::new(Vec::<Chosen>::new());
    let from = RwSignal::new(calendar::today(desk).to_string());
    let from_problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    // How many of how many are done, and how many of those were added.
    let (done, total, added) = (RwSignal::new(0_usize), RwSignal::new(0_usize), RwSignal::new(0_usize));
    let close = Callback::new(move |()| {
        if !busy.get_untracked() {
            on_close.run(added.get_untracked() > 0);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let people = chosen.get_untracked();
        if busy.get_untracked() || people.is_empty() {
            return;
        }
        let from_day = from.get_untracked().parse::<NaiveDate>().ok();
        busy.set(true);
        from_problem.set(None);
        total.set(people.len());
        done.set(0);
        spawn_local(async move {
            let (mut left, before) = (Vec::new(), added.get_untracked());
            for person in people {
                let member = AddMember { person: person.id, from_day, until_day: None };
                match api.add_member(group, &member).await {
                    Ok(_) => added.update(|added| *added += 1),
                    Err(failure) => {
                        if let Some(text) = failure.field("from_day") {
                            from_problem.set(Some(text));
                        }
                        left.push(Chosen { problem: Some(failure.message()), ..person });
                    }
                }
                done.update(|done| *done += 1);
            }
            busy.set(false);
            let now = added.get_untracked();
            if now > before {
                toasts.show(say!(groups.added, count = now - before));
            }
            if left.is_empty() {
                on_close.run(now > 0);
            } else {
                chosen.set(left);
            }
        });
    };
    view! {
        <Modal label=say!(groups.add_people) kind="sheet" on_close=close>
            <ModalHead title=say!(groups.add_people) on_close=close />
            <form id=FORM class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <Search group chosen />
                </div>
                <div class="sheet-column">
                    <TextField
                        id="members-from"
                        label=say!(groups.belong_from)
                        value=from
                        kind="date"
                        problem=from_problem
                        required=true
                    />
                    <When is=move || busy.get()>
                        <div role="status">
                            <progress
                                class="progress"
                                max=move || total.get().to_string()
                                prop:value=move || done.get() as f64
                                aria-label=say!(groups.adding)
                            ></progress>
                            <p class="note tabular">
                                {move || say!(groups.progress, done = done.get(), total = total.get())}
                            </p>
                        </div>
                    </When>
                    <ChosenPeople chosen />
                </div>
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" disabled=busy on:click=move |_| close.run(())>
                    {say!(words.cancel)}
                </button>
                <SaveButton
                    words=say!(words.add)
                    busy_words=say!(groups.adding)
                    busy
                    disabled=Signal::derive(move || chosen.with(Vec::is_empty))
                    form=FORM
                    testid="members-save"
                />
            </footer>
        </Modal>
    }
}

/// People by name or number; whoever belongs to the group already cannot be chosen.
#[component]
fn Search(group: GroupId, chosen: RwSignal<Vec<Chosen>>) -> impl IntoView {
    let api = use_api();
    let query = RwSignal::new(String::new());
    let people = Loader::<Vec<PersonView>>::new();
    let pause = StoredValue::new(None::<TimeoutHandle>);
    let fetch = move || {
        let wanted = query.try_get_untracked().unwrap_or_default().trim().to_owned();
        people.run(async move { api.people(&wanted, false, FOUND, None).await.map(|page| page.items) });
    };
    fetch();
    let typed = move |text: String| {
        query.set(text);
        if let Some(Some(timer)) = pause.try_update_value(Option::take) {
            timer.clear();
        }
        pause.set_value(set_timeout_with_handle(fetch, TYPING_PAUSE).ok());
    };
    let all = move |_| {
        let found = people.value().unwrap_or_default();
        chosen.update(|chosen| {
            for person in found.iter().filter(|person| !is_in(person, group)) {
                if !chosen.iter().any(|other| other.id == person.id) {
                    chosen.push(Chosen { id: person.id, name: person.name.clone(), problem: None });
                }
            }
        });
    };
    // Enter must not send the form while one is still choosing.
    let stay = |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
        }
    };
    view! {
        <div class="field">
            <label class="label" for="members-search">{say!(groups.search_people)}</label>
            <input
                id="members-search"
                class="input"
                type="search"
                autocomplete="off"
                data-testid="members-search"
                prop:value=query
                on:input:target=move |event| typed(event.target().value())
                on:keydown=stay
            />
        </div>
        {move || match people.get() {
            Load::Waiting => view! { <Skeleton rows=6 /> }.into_any(),
            Load::Failed(failure) => {
                view! { <Failed failure retry=Callback::new(move |()| fetch()) /> }.into_any()
            }
            Load::Ready(found) if found.is_empty() => {
                view! { <p class="text-soft" role="status">{say!(groups.search_empty)}</p> }.into_any()
            }
            Load::Ready(found) => {
                let more = found.len() >= FOUND as usize;
                view! {
                    <button type="button" class="btn w-fit" on:click=all>{say!(groups.choose_all)}</button>
                    <ul class="pick-list">
                        {found.into_iter().map(|person| view! { <FoundRow person group chosen /> }).collect_view()}
                    </ul>
                    {more.then(|| view! { <p class="note">{say!(groups.search_more)}</p> })}
                }
                    .into_any()
            }
        }}
    }
}

fn is_in(person: &PersonView, group: GroupId) -> bool {
    person.groups.iter().any(|held| held.id == group)
}

#[component]
fn FoundRow(person: PersonView, group: GroupId, chosen: RwSignal<Vec<Chosen>>) -> impl IntoView {
    let is_in = is_in(&person, group);
    let PersonView { id, name, external_id, photos, .. } = person;
    let shown = name.clone();
    let picked = move || is_in || chosen.with(|chosen| chosen.iter().any(|other| other.id == id));
    let toggle = move |on: bool| {
        chosen.update(|chosen| {
            chosen.retain(|other| other.id != id);
            if on {
                chosen.push(Chosen { id, name: name.clone(), problem: None });
            }
        });
    };
    view! {
        <li>
            <label class="pick" class:option-off=is_in>
                <input
                    type="checkbox"
                    disabled=is_in
                    prop:checked=picked
                    data-testid="members-pick"
                    on:change:target=move |event| toggle(event.target().checked())
                />
                <Avatar person=id name=shown.clone() photo=photos.first().map(|photo| photo.id) size="avatar-sm" />
                <span class="min-w-0 flex-1">
                    <span class="row-name">{shown}</span>
                    <span class="note tabular">{external_id}</span>
                </span>
                {is_in.then(|| view! { <span class="note">{say!(groups.is_in)}</span> })}
            </label>
        </li>
    }
}

#[component]
fn ChosenPeople(chosen: RwSignal<Vec<Chosen>>) -> impl IntoView {
    let row = move |one: Chosen| {
        let label = say!(groups.take_off, name = one.name.clone());
        let id = one.id;
        view! {
            <li class="chosen-row">
                <span class="min-w-0 flex-1">
                    <span class="row-name">{one.name}</span>
                    {one.problem.map(|text| view! { <span class="note problem block">{text}</span> })}
                </span>
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=label
                    on:click=move |_| chosen.update(|chosen| chosen.retain(|other| other.id != id))
                >
                    <Icon icon=icons::Close />
                </button>
            </li>
        }
    };
    view! {
        <section aria-live="polite">
            <h3 class="label">{move || say!(groups.chosen, count = chosen.with(Vec::len))}</h3>
            <ul class="pick-list">{move || chosen.get().into_iter().map(row).collect_view()}</ul>
        </section>
    }
}
