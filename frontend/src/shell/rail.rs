//! The way to the pages: a rail at the left, tabs at the bottom of a phone.

use leptos::prelude::*;

use crate::router::use_router;
use crate::ui::{Icon, icons};

#[component]
pub fn Rail() -> impl IntoView {
    view! {
        <nav class="rail" aria-label="Pages">
            <span class="rail-mark" aria-hidden="true">
                <Icon icon=icons::Mark class="icon-lg" />
                <span class="rail-name">"Attendance"</span>
            </span>
            <RailLink href="/" icon=icons::Live label="Live" testid="nav-live" />
            <RailLink href="/people" icon=icons::People label="People" testid="nav-people" />
            <RailLink href="/settings" icon=icons::Settings label="Settings" testid="nav-settings" />
        </nav>
    }
}

#[component]
fn RailLink(
    href: &'static str,
    icon: icondata_core::Icon,
    label: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let router = use_router();
    let here = move || {
        router.path.with(|path| {
            path == href || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
        })
    };
    view! {
        <a class="rail-link" href=href data-testid=testid aria-current=move || here().then_some("page")>
            <Icon icon />
            <span class="rail-label">{label}</span>
        </a>
    }
}
