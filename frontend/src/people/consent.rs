//! Consent to the storage of biometric data: asked for with photos, shown and withdrawn on the person's page.

use leptos::{prelude::*, task::spawn_local};
use types::{ConsentGiven, PersonView, UpdatePerson};

use crate::api::use_api;
use crate::clock::Style;
use crate::session::use_desk;
use crate::ui::{Confirm, Icon, Moment, Problem, When, icons, use_toasts};

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
                    <span class="font-medium">"Consent is given"</span>
                    <span class="note block">
                        "The person, or their guardian, agrees that their photos and face templates are stored to recognise them."
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
                        "Consent recorded"
                    } else {
                        "Consent withdrawn, biometric data erased"
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
            <h2 id="consent-title" class="section-title">"Consent"</h2>
            {match person.consent {
                Some(consent) => {
                    view! {
                        <p class="verdict verdict-good">
                            <Icon icon=icons::Consent />
                            <span>
                                "Given by " {consent.given_by} " on " <Moment at=consent.at style=Style::Full />
                                ", text version " {consent.text_version}
                            </span>
                        </p>
                    }
                        .into_any()
                }
                None => view! { <p class="text-soft">"None on record. Photos can be added once it is."</p> }.into_any(),
            }}
            <Problem text=problem />
            <When is=move || desk.is_admin()>
                {if stands {
                    view! {
                        <button type="button" class="btn w-fit" on:click=move |_| asking.set(true)>"Withdraw consent"</button>
                    }
                        .into_any()
                } else {
                    view! {
                        <button type="button" class="btn w-fit" disabled=busy on:click=move |_| change.run(true)>
                            "Record consent"
                        </button>
                    }
                        .into_any()
                }}
            </When>
        </section>
        <When is=move || asking.get()>
            <Confirm
                title=format!("Withdraw consent of {name}?")
                text="Photos and face templates are erased and cameras no longer recognise this person. The log stays."
                action="Withdraw and erase"
                busy
                problem
                on_confirm=Callback::new(move |()| change.run(false))
                on_close=Callback::new(move |()| asking.set(false))
            />
        </When>
    }
}
