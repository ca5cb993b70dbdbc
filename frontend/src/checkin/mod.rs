//! The ways to check in without a face: a PIN, and badges with a QR code.

mod badges;
mod pin;

use leptos::prelude::*;
use types::{CheckInMeans, PersonView};

use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Failed, Skeleton};

use badges::Badges;
use pin::PinPart;

/// A person's means, as whoever looks after them sees and changes them.
#[component]
pub fn MeansPanel(
    /// Whose.
    person: PersonView,
) -> impl IntoView {
    let means = read_means(&person);
    let (id, name, number) = (person.id, person.name, person.external_id);
    let on_change = refresher(id, means);
    view! {
        <section class="panel" aria-labelledby="means-title" data-testid="check-in-means">
            <h2 id="means-title" class="section-title">{say!(checkin.title)}</h2>
            <p class="note">{say!(checkin.about)}</p>
            {move || match means.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=on_change /> }.into_any(),
                Load::Ready(means) => {
                    let (name, number) = (name.clone(), number.clone());
                    view! {
                        <PinPart person=id own=false means=means.clone() on_change />
                        <Badges person=id name number badges=means.badges on_change />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

/// One's own PIN.
#[component]
pub fn OwnPin(
    /// One's own record.
    person: PersonView,
) -> impl IntoView {
    let means = read_means(&person);
    let id = person.id;
    let on_change = refresher(id, means);
    view! {
        <section class="panel own-pin" aria-labelledby="own-pin-title" data-testid="own-pin">
            <h2 id="own-pin-title" class="section-title">{say!(checkin.own_title)}</h2>
            <p class="text-soft">{say!(checkin.own_about, number = person.external_id)}</p>
            {move || match means.get() {
                Load::Waiting => view! { <Skeleton rows=1 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=on_change /> }.into_any(),
                Load::Ready(means) => view! { <PinPart person=id own=true means on_change /> }.into_any(),
            }}
        </section>
    }
}

fn read_means(person: &PersonView) -> Loader<CheckInMeans> {
    let means = Loader::new();
    means.run(use_api().check_in_means(person.id));
    means
}

fn refresher(person: types::PersonId, means: Loader<CheckInMeans>) -> Callback<()> {
    let api = use_api();
    Callback::new(move |()| means.run(api.check_in_means(person)))
}
