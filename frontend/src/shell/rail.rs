//! The way to the pages: a rail at the left, tabs at the bottom of a phone.

use leptos::prelude::*;
use types::Role;

use crate::language::say;
use crate::review::Waiting;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Icon, When, icons};

#[component]
pub fn Rail() -> impl IntoView {
    let desk = use_desk();
    let waiting = expect_context::<Waiting>();
    view! {
        <nav class="rail" aria-label=say!(shell.pages)>
            <span class="rail-mark" aria-hidden="true">
                <Icon icon=icons::Mark class="icon-lg" />
                <span class="rail-name">{say!(shell.product)}</span>
            </span>
            <When
                is=move || desk.is_member()
                otherwise=|| {
                    view! { <RailLink href="/" icon=icons::Live label=say!(shell.live) testid="nav-live" /> }
                }
            >
                <RailLink href="/me" icon=icons::Person label=say!(shell.me) testid="nav-me" />
            </When>
            <When is=move || desk.marks()>
                <RailLink href="/attendance" icon=icons::Attendance label=say!(shell.attendance) testid="nav-attendance" />
            </When>
            <When is=move || desk.role() == Some(Role::Guard)>
                <RailLink href="/attendance/on-site" icon=icons::Door label=say!(attendance.on_site) testid="nav-on-site" />
            </When>
            <When is=move || !desk.is_member()>
                <RailLink href="/people" icon=icons::People label=say!(shell.people) testid="nav-people" also=&["/groups", "/schedules"] />
            </When>
            <When is=move || desk.is_admin()>
                <RailLink href="/review" icon=icons::Review label=say!(shell.review) testid="nav-review" badge=waiting.count class="rail-link rail-wide" />
            </When>
            <When is=move || desk.marks()>
                <RailLink
                    href="/reports"
                    also=&["/analytics"]
                    icon=icons::Reports
                    label=say!(shell.reports)
                    testid="nav-reports"
                />
            </When>
            <RailLink href="/settings" icon=icons::Settings label=say!(shell.settings) testid="nav-settings" />
        </nav>
    }
}

#[component]
fn RailLink(
    href: &'static str,
    icon: icondata_core::Icon,
    label: &'static str,
    testid: &'static str,
    /// Its classes.
    #[prop(default = "rail-link")]
    class: &'static str,
    /// Addresses that belong to it besides those under its own.
    #[prop(optional)]
    also: &'static [&'static str],
    /// How many things wait there; none shows nothing.
    #[prop(into, optional)]
    badge: Signal<i64>,
) -> impl IntoView {
    let router = use_router();
    let here = move || {
        router.path.with(|path| {
            let under = |href: &str| {
                path == href
                    || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
            };
            // Members come to their own page first.
            under(href) || (href == "/me" && path == "/") || also.iter().any(|href| under(href))
        })
    };
    view! {
        <a class=class href=href data-testid=testid aria-current=move || here().then_some("page")>
            <Icon icon />
            <span class="rail-label">{label}</span>
            <When is=move || { badge.get() > 0 }>
                <span class="rail-badge tabular" data-testid=format!("{testid}-badge")>
                    {move || badge_text(badge.get())}
                    <span class="sr-only">{say!(shell.waiting)}</span>
                </span>
            </When>
        </a>
    }
}

/// A number that stays small.
pub fn badge_text(count: i64) -> String {
    if count > 99 { "99+".to_owned() } else { count.to_string() }
}
