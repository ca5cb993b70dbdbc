//! Settings: feeds, site, model, account, appearance.

mod account;
mod appearance;
mod feed_choices;
mod feed_form;
mod feeds;
mod model;
mod packs;
mod risk;
mod site;
mod token;

use leptos::prelude::*;

use crate::alerts::{AlertsSection, PreferencesSection};
use crate::audit::AuditSection;
use crate::language::say;
use crate::privacy::PrivacySection;
use crate::session::use_desk;
use crate::ui::{Empty, Icon, icons};

struct Section {
    key: &'static str,
    label: &'static str,
    icon: icondata_core::Icon,
    for_admin: bool,
}

fn sections() -> [Section; 9] {
    let section = |key, label, icon, for_admin| Section { key, label, icon, for_admin };
    [
        section("feeds", "Feeds", icons::Feed, true),
        section("site", "Site", icons::Place, true),
        section("model", "Model", icons::Model, true),
        section("alerts", say!(alerts.title), icons::Alerts, true),
        section("privacy", say!(privacy.title), icons::Privacy, true),
        section("audit", say!(audit.title), icons::Audit, true),
        section("notifications", say!(alerts.preferences), icons::Alerts, false),
        section("account", "Account", icons::Key, false),
        section("appearance", "Appearance", icons::Appearance, false),
    ]
}

/// One section of the settings, beside the list of those that the user may open.
#[component]
pub fn SettingsPage(section: String) -> impl IntoView {
    let admin = use_desk().is_admin();
    let open: Vec<Section> = sections().into_iter().filter(|section| admin || !section.for_admin).collect();
    let here = if section.is_empty() { open.first().map(|first| first.key) } else { None };
    let here = here.or(open.iter().map(|section| section.key).find(|key| *key == section));
    let content = match here {
        Some("feeds") => view! { <feeds::FeedsSection /> }.into_any(),
        Some("site") => view! { <site::SiteSection /> }.into_any(),
        Some("model") => view! { <model::ModelSection /> }.into_any(),
        Some("privacy") => view! { <PrivacySection /> }.into_any(),
        Some("alerts") => view! { <AlertsSection /> }.into_any(),
        Some("notifications") => view! { <PreferencesSection /> }.into_any(),
        Some("audit") => view! { <AuditSection /> }.into_any(),
        Some("account") => view! { <account::AccountSection /> }.into_any(),
        Some(_) => view! { <appearance::AppearanceSection /> }.into_any(),
        None => {
            view! {
                <Empty icon=icons::Settings title="There is no such setting" text="Or it is not for you to change.">
                    <a class="btn" href="/settings">"Go to Settings"</a>
                </Empty>
            }
            .into_any()
        }
    };
    view! {
        <div class="content">
            <header class="page-head">
                <h1 class="page-title">"Settings"</h1>
            </header>
            <div class="settings">
                <nav class="settings-nav" aria-label="Settings">
                    {open
                        .into_iter()
                        .map(|section| {
                            view! {
                                <a
                                    class="settings-link"
                                    href=format!("/settings/{}", section.key)
                                    aria-current=(Some(section.key) == here).then_some("page")
                                >
                                    <Icon icon=section.icon />
                                    {section.label}
                                </a>
                            }
                        })
                        .collect_view()}
                </nav>
                <div class="settings-body">{content}</div>
            </div>
        </div>
    }
}
