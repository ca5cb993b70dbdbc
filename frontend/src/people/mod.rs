//! People.
use leptos::prelude::*;
#[component]
pub fn PeoplePage() -> impl IntoView {
    "People"
}
#[component]
pub fn PersonPage(id: types::PersonId) -> impl IntoView {
    "Person"
}
