//! Consent to the storage of biometric data: asked for with photos, shown and withdrawn on the person's page.

use leptos::{prelude::*, task::spawn_local};
use types::{ConsentGiven, ConsentRecord, PersonId, PersonView, UpdatePerson};

use crate::api::use_api;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Confirm, Icon, Problem, When, icons, use_toasts};

/// The box to tick.
#[component]
pub fn ConsentCheck(
    /// Whether it is ticked.
    consent: RwSignal<bool>,
    /// Why it must be.
    #[prop(into)]
    problem: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="check">
                <input
                    type="checkbox"
                    data-testid="person-consent"
                    prop:checked=consent
                    aria-describedby="consent-note"
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    on:change:target=move |event| consent.set(event.target().checked())
                />
                <span>
                    <span class="font-medium">{say!(people.consent_given)}</span>
                    <span class="note block">
                        {say!(people.consent_text)}
                    </span>
                </span>
            </label>
            <p id="consent-note" class="note problem" role="alert">{move || problem.get()}</p>
        </div>
    }
}

/// What is on record, and the way to record or withdraw it.
#[component]
pub fn ConsentSection(person: PersonView, on_change: Callback<PersonView>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let (id, name) = (person.id, person.name.clone());
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let change = Callback::new(move |given: bool| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let changes =
                UpdatePerson { consent: Some(ConsentGiven::Plain(given)), ..UpdatePerson::default() };
            match api.update_person(id, &changes).await {
                Ok(person) => {
                    toasts.show(if given {
                        say!(people.consent_recorded)
                    } else {
                        say!(people.consent_withdrawn)
                    });
                    asking.try_set(false);
                    on_change.run(person);
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    });
    let stands = person.consent.is_some();
    view! {
        <section class="panel" aria-labelledby="consent-title">
            <h2 id="consent-title" class="section-title">{say!(people.consent)}</h2>
            {match person.consent {
                Some(consent) => {
                    view! {
                        <p class="verdict verdict-good">
                            <Icon icon=icons::Consent />
                            <span>
                                {move || {
                                    let day = clock::format(consent.at, &desk.timezone(), Style::Full);
                                    let (who, version) = (consent.given_by.clone(), consent.text_version.clone());
                                    say!(people.consent_by, who = who, day = day, version = version)
                                }}
                            </span>
                        </p>
                    }
                        .into_any()
                }
                None => view! { <p class="text-soft">{say!(people.consent_none)}</p> }.into_any(),
            }}
            <Problem text=problem />
            <When is=move || desk.is_admin()>
                {if stands {
                    view! {
                        <button type="button" class="btn w-fit" on:click=move |_| asking.set(true)>{say!(people.consent_withdraw)}</button>
                    }
                        .into_any()
                } else {
                    view! {
                        <button type="button" class="btn w-fit" disabled=busy on:click=move |_| change.run(true)>
                            {say!(people.consent_record)}
                        </button>
                    }
                        .into_any()
                }}
            </When>
            <History person=id />
        </section>
        <When is=move || asking.get()>
            <Confirm
                title=say!(people.consent_withdraw_title, name = name.clone())
                text=say!(people.consent_withdraw_text)
                action=say!(people.consent_withdraw_action)
                busy
                problem
                on_confirm=Callback::new(move |()| change.run(false))
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}

/// Consents that stood before, with their ends.
#[component]
fn History(person: PersonId) -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let consents = Loader::<Vec<ConsentRecord>>::new();
    consents.run(async move { api.consents_of(person).await.map(|page| page.items) });
    let row = move |consent: ConsentRecord, zone: &str| {
        let from = clock::format(consent.at, zone, Style::Full);
        let until = clock::format(consent.ended_at?, zone, Style::Full);
        let (who, version) = (consent.given_by, consent.text_version);
        Some(if consent.withdrawn {
            say!(people.consent_was_withdrawn, who = who, from = from, until = until, version = version)
        } else {
            say!(people.consent_was_replaced, who = who, from = from, until = until, version = version)
        })
    };
    let ended = move || match consents.get() {
        Load::Ready(consents) => {
            let zone = desk.timezone();
            consents.into_iter().rev().filter_map(|consent| row(consent, &zone)).collect()
        }
        _ => Vec::new(),
    };
    let ended = Memo::new(move |_| ended());
    view! {
        <When is=move || ended.with(|ended| !ended.is_empty())>
            <details class="more" data-testid="consent-history">
                <summary class="link">{say!(people.consent_history)}</summary>
                <ul class="facts">
                    {move || ended.get().into_iter().map(|text| view! { <li class="note">{text}</li> }).collect_view()}
                </ul>
            </details>
        </When>
    }
}
