//! Settings: a section for each thing, in groups; each user sees those that are theirs to change.
//!
//! A new section is a line in [`sections`] and an arm in [`content`].

mod account;
mod appearance;
mod check_list;
mod device;
mod device_sheet;
mod feed_choices;
mod feed_form;
mod feeds;
mod keys;
mod model;
mod packs;
mod person_choice;
mod risk;
mod secret;
mod session_rows;
mod site;
mod users;

use leptos::prelude::*;
use types::Role;

use crate::alerts::{AlertsSection, PreferencesSection};
use crate::audit::AuditSection;
use crate::language::say;
use crate::privacy::PrivacySection;
use crate::session::use_desk;
use crate::ui::{Empty, Icon, icons};

/// Under which heading a section stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heading {
    You,
    Cameras,
    Organisation,
    Rights,
    System,
}

impl Heading {
    const ALL: [Self; 5] = [Self::You, Self::Cameras, Self::Organisation, Self::Rights, Self::System];

    fn words(self) -> &'static str {
        match self {
            Self::You => say!(settings.heading_you),
            Self::Cameras => say!(settings.heading_cameras),
            Self::Organisation => say!(settings.heading_organisation),
            Self::Rights => say!(settings.heading_rights),
            Self::System => say!(settings.heading_system),
        }
    }
}

/// A section: its name in the address, its name on screen, and who may open it.
#[derive(Clone, Copy)]
struct Section {
    key: &'static str,
    heading: Heading,
    label: fn() -> &'static str,
    icon: icondata_core::Icon,
    roles: &'static [Role],
}

const ADMINS: &[Role] = &[Role::Admin];
const EVERYBODY: &[Role] = &Role::ALL;

fn section(
    key: &'static str,
    heading: Heading,
    label: fn() -> &'static str,
    icon: icondata_core::Icon,
    roles: &'static [Role],
) -> Section {
    Section { key, heading, label, icon, roles }
}

/// Every section, in the order of the list; a heading shows where it has any.
fn sections() -> Vec<Section> {
    vec![
        section("account", Heading::You, || say!(settings.account), icons::Key, EVERYBODY),
        section("appearance", Heading::You, || say!(settings.appearance), icons::Appearance, EVERYBODY),
        section("notifications", Heading::You, || say!(alerts.preferences), icons::Alerts, EVERYBODY),
        section("feeds", Heading::Cameras, || say!(settings.feeds), icons::Feed, ADMINS),
        section("model", Heading::Cameras, || say!(settings.model), icons::Model, ADMINS),
        section("site", Heading::Organisation, || say!(settings.site), icons::Place, ADMINS),
        section("users", Heading::Organisation, || say!(settings.users), icons::People, ADMINS),
        section("alerts", Heading::Organisation, || say!(alerts.title), icons::Alerts, ADMINS),
        section("privacy", Heading::Rights, || say!(privacy.title), icons::Privacy, ADMINS),
        section("audit", Heading::System, || say!(audit.title), icons::Audit, ADMINS),
        section("keys", Heading::System, || say!(settings.keys), icons::Code, ADMINS),
    ]
}

fn content(key: &str) -> AnyView {
    match key {
        "account" => view! { <account::AccountSection /> }.into_any(),
        "appearance" => view! { <appearance::AppearanceSection /> }.into_any(),
        "feeds" => view! { <feeds::FeedsSection /> }.into_any(),
        "model" => view! { <model::ModelSection /> }.into_any(),
        "site" => view! { <site::SiteSection /> }.into_any(),
        "users" => view! { <users::UsersSection /> }.into_any(),
        "privacy" => view! { <PrivacySection /> }.into_any(),
        "alerts" => view! { <AlertsSection /> }.into_any(),
        "notifications" => view! { <PreferencesSection /> }.into_any(),
        "audit" => view! { <AuditSection /> }.into_any(),
        "keys" => view! { <keys::KeysSection /> }.into_any(),
        _ => ().into_any(),
    }
}

/// One section of the settings, beside the list of those that the user may open. Without a section: feeds for admins,
/// else one's own account; a phone shows the list alone then.
#[component]
pub fn SettingsPage(section: String) -> impl IntoView {
    let desk = use_desk();
    let role = desk.role().unwrap_or(Role::Member);
    let open: Vec<Section> = sections().into_iter().filter(|section| section.roles.contains(&role)).collect();
    let listed = section.is_empty();
    let wanted = match (listed, role) {
        (false, _) => section.as_str(),
        (true, Role::Admin) => "feeds",
        (true, _) => "account",
    };
    let here = open.iter().map(|section| section.key).find(|key| *key == wanted);
    let shown = match here {
        Some(key) => content(key),
        None => view! {
            <Empty icon=icons::Settings title=say!(settings.no_section) text=say!(settings.no_section_text)>
                <a class="btn" href="/settings">{say!(settings.go_settings)}</a>
            </Empty>
        }
        .into_any(),
    };
    view! {
        <div class="content">
            <header class="page-head">
                <h1 class="page-title">{say!(settings.title)}</h1>
            </header>
            <div class="settings" class:settings-listed=listed>
                <nav class="settings-nav" aria-label=say!(settings.title)>
                    {Heading::ALL.map(|heading| links(heading, &open, here)).into_iter().collect_view()}
                </nav>
                <div class="settings-body">
                    <a class="settings-back" href="/settings">
                        <Icon icon=icons::Back class="icon rtl:-scale-x-100" />
                        {say!(settings.all)}
                    </a>
                    {shown}
                </div>
            </div>
        </div>
    }
}

/// The sections under one heading; nothing where there are none.
fn links(heading: Heading, open: &[Section], here: Option<&'static str>) -> AnyView {
    let mine: Vec<Section> = open.iter().copied().filter(|section| section.heading == heading).collect();
    let link = |section: Section| {
        view! {
            <li>
                <a
                    class="settings-link"
                    href=format!("/settings/{}", section.key)
                    data-testid=format!("settings-{}", section.key)
                    aria-current=(Some(section.key) == here).then_some("page")
                >
                    <Icon icon=section.icon />
                    {(section.label)()}
                </a>
            </li>
        }
    };
    (!mine.is_empty())
        .then(|| {
            view! {
                <section class="settings-group">
                    <h2 class="settings-heading">{heading.words()}</h2>
                    <ul>{mine.into_iter().map(link).collect_view()}</ul>
                </section>
            }
        })
        .into_any()
}
