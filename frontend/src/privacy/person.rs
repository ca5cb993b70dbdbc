//! The rights of one person: consents, a copy of their data, erasure.

use leptos::{prelude::*, task::spawn_local};
use types::{ConsentGiven, ConsentRecord, ConsentText, PersonView, Role, UpdatePerson};

use super::erase::EraseDialog;
use super::give::GiveDialog;
use super::texts::TextDialog;
use crate::api::{Failure, use_api};
use crate::clock::Style;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{Session, fresh, use_desk};
use crate::ui::{
    Confirm, DownloadLink, Empty, Failed, Icon, Moment, Problem, Skeleton, When, icons, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Giving,
    Withdrawing,
    Erasing,
    Reading(ConsentText),
}

/// Consents with their ends, a copy of the data, erasure: for the page of a person.
#[component]
pub fn PersonRights(
    /// Whose.
    person: PersonView,
    /// Told of the person as they are after a consent was given or withdrawn.
    #[prop(optional)]
    on_change: Option<Callback<PersonView>>,
) -> impl IntoView {
    let desk = use_desk();
    let doing = RwSignal::new(Doing::Nothing);
    let id = person.id;
    let shown = StoredValue::new(person.clone());
    // Members see nobody but themselves.
    let may_copy = desk.is_admin()
        || desk.session.with_untracked(
            |session| matches!(session, Session::SignedIn(user) if user.role == Role::Member),
        );
    let refused = RwSignal::new(None::<Failure>);
    let changed = Callback::new(move |person: PersonView| {
        shown.try_set_value(person.clone());
        doing.try_set(Doing::Nothing);
        if let Some(tell) = on_change {
            tell.try_run(person);
        }
    });
    view! {
        <div class="rights">
            <Consents person doing />
            <When is=move || may_copy>
                <section class="right" aria-labelledby="right-copy">
                    <div>
                        <h2 id="right-copy" class="section-title">{say!(privacy.copy_title)}</h2>
                        <p class="text-soft">{say!(privacy.copy_text)}</p>
                        <Problem text=Signal::derive(move || refused.get().map(|failure| failure.message())) />
                    </div>
                    <DownloadLink
                        path=format!("people/{id}/data")
                        words=say!(privacy.copy_action)
                        problem=Callback::new(move |failure| refused.set(failure))
                        testid="person-data"
                    />
                </section>
            </When>
            <When is=move || desk.is_admin()>
                <section class="right" aria-labelledby="right-erase">
                    <div>
                        <h2 id="right-erase" class="section-title">{say!(privacy.erase_title)}</h2>
                        <p class="text-soft">{say!(privacy.erase_text)}</p>
                    </div>
                    <button
                        type="button"
                        class="btn btn-quiet btn-quiet-danger"
                        data-testid="person-erase"
                        on:click=move |_| doing.set(Doing::Erasing)
                    >
                        <Icon icon=icons::Erase />
                        {say!(privacy.erase_action)}
                    </button>
                </section>
            </When>
        </div>
        {move || {
            let on_close = Callback::new(move |()| {
                doing.try_set(Doing::Nothing);
            });
            let person = shown.get_value();
            match doing.get() {
                Doing::Nothing => ().into_any(),
                Doing::Giving => view! { <GiveDialog person on_given=changed on_close /> }.into_any(),
                Doing::Withdrawing => view! { <Withdraw person on_withdrawn=changed on_close /> }.into_any(),
                Doing::Erasing => view! { <EraseDialog person on_close /> }.into_any(),
                Doing::Reading(text) => view! { <TextDialog text on_close /> }.into_any(),
            }
        }}
    }
}

/// Each consent that stood or stands, newest first.
#[component]
fn Consents(person: PersonView, doing: RwSignal<Doing>) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let history = Loader::<(Vec<ConsentRecord>, Vec<ConsentText>)>::new();
    let id = person.id;
    let read = Callback::new(move |()| {
        history.run(async move {
            let records = api.consents(id).await?.items;
            Ok((records, api.consent_texts().await?.items))
        });
    });
    read.run(());
    // What was done in a dialog shows here.
    Effect::new(move |before: Option<()>| {
        if doing.with(|doing| *doing == Doing::Nothing) && before.is_some() {
            read.run(());
        }
    });
    let stands = move || {
        history.value().is_some_and(|(records, _)| records.iter().any(|record| record.ended_at.is_none()))
    };
    view! {
        <section aria-labelledby="right-consent">
            <header class="section-head">
                <div>
                    <h2 id="right-consent" class="section-title">{say!(privacy.consent_title)}</h2>
                    <p class="text-soft">{say!(privacy.consent_text)}</p>
                </div>
                <When is=move || desk.is_admin() && history.is_ready()>
                    <When
                        is=stands
                        otherwise=move || {
                            view! {
                                <button
                                    type="button"
                                    class="btn"
                                    data-testid="consent-give"
                                    on:click=move |_| doing.set(Doing::Giving)
                                >
                                    <Icon icon=icons::Consent />
                                    {say!(privacy.give)}
                                </button>
                            }
                        }
                    >
                        <button
                            type="button"
                            class="btn btn-quiet btn-quiet-danger"
                            data-testid="consent-withdraw"
                            on:click=move |_| doing.set(Doing::Withdrawing)
                        >
                            {say!(privacy.withdraw)}
                        </button>
                    </When>
                </When>
            </header>
            {move || match history.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready((records, _)) if records.is_empty() => {
                    view! { <Empty icon=icons::Consent title=say!(privacy.no_consent) text=say!(privacy.no_consent_text) /> }
                        .into_any()
                }
                Load::Ready((records, texts)) => view! { <ConsentTable records texts doing /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn ConsentTable(
    records: Vec<ConsentRecord>,
    texts: Vec<ConsentText>,
    doing: RwSignal<Doing>,
) -> impl IntoView {
    let row = move |record: ConsentRecord| {
        let text = texts.iter().find(|text| text.version == record.text_version).cloned();
        let version = match text {
            Some(text) => view! {
                <button
                    type="button"
                    class="link"
                    on:click=move |_| doing.set(Doing::Reading(text.clone()))
                >
                    {record.text_version}
                </button>
            }
            .into_any(),
            None => record.text_version.into_any(),
        };
        let state = match (record.ended_at, record.withdrawn) {
            (None, _) => view! { <span class="tag tag-known">{say!(privacy.stands)}</span> }.into_any(),
            (Some(at), withdrawn) => {
                let words = if withdrawn { say!(privacy.withdrawn) } else { say!(privacy.replaced) };
                view! {
                    <span class="tag">{words}</span>
                    " "
                    <Moment at style=Style::Full />
                }
                .into_any()
            }
        };
        view! {
            <tr data-testid="consent-row">
                <th scope="row">{record.given_by}</th>
                <td><Moment at=record.at style=Style::Full /></td>
                <td>{version}</td>
                <td><Moment at=record.recorded_at style=Style::Full /></td>
                <td>{state}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll-x" tabindex="0" role="group" aria-label=say!(privacy.consent_title)>
            <table class="data-table">
                <thead>
                    <tr>
                        <th scope="col">{say!(privacy.given_by)}</th>
                        <th scope="col">{say!(privacy.given_at)}</th>
                        <th scope="col">{say!(privacy.text_version)}</th>
                        <th scope="col">{say!(privacy.recorded)}</th>
                        <th scope="col">{say!(words.state)}</th>
                    </tr>
                </thead>
                <tbody>{records.into_iter().rev().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Withdraw(person: PersonView, on_withdrawn: Callback<PersonView>, on_close: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let id = person.id;
    let withdraw = move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let changes =
                UpdatePerson { consent: Some(ConsentGiven::Plain(false)), ..UpdatePerson::default() };
            match fresh(api, || api.update_person(id, &changes)).await {
                Ok(person) => {
                    toasts.show(say!(privacy.was_withdrawn));
                    on_withdrawn.try_run(person);
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Confirm
            title=say!(privacy.withdraw_question, name = person.name)
            text=say!(privacy.withdraw_text)
            action=say!(privacy.withdraw_action)
            busy
            problem
            on_confirm=Callback::new(withdraw)
            on_close
        />
    }
}
