//! The pages around people, one beside the other.

use leptos::prelude::*;

use crate::language::say;
use crate::session::use_desk;
use crate::ui::{When, reveal};

/// People, groups, schedules and, for those who may, the import.
#[component]
pub fn PeopleNav(
    /// The address of the page that shows.
    here: &'static str,
) -> impl IntoView {
    let desk = use_desk();
    let link = move |href: &'static str, label: &'static str| {
        view! { <a class="tab" href=href aria-current=(href == here).then_some("page")>{label}</a> }
    };
    reveal(".subnav", "[aria-current]");
    view! {
        <nav class="tabs subnav" aria-label=say!(people.parts)>
            {link("/people", say!(words.people))} {link("/groups", say!(words.groups))}
            {link("/schedules", say!(people.schedules))}
            <When is=move || desk.is_admin()>{link("/people/import", say!(people.import))}</When>
        </nav>
    }
}

/// One of a few that exclude each other, in a row of its like.
#[component]
pub fn Segment(
    /// What it shows.
    #[prop(into)]
    label: String,
    /// Whether it is the one that shows.
    #[prop(into)]
    on: Signal<bool>,
    /// Chooses it.
    press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="segment"
            aria-pressed=move || if on.get() { "true" } else { "false" }
            on:click=move |_| press.run(())
        >
            {label}
        </button>
    }
}
