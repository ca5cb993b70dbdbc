//! The settings of alerts, in four parts.

use leptos::prelude::*;

use super::channels::Channels;
use super::outbox::Outbox;
use super::rules::Rules;
use super::schedules::Schedules;
use super::webhooks::Webhooks;
use crate::language::say;
use crate::router::use_router;
use crate::ui::reveal;

/// Rules, channels with webhooks, messages, scheduled reports; the address keeps which.
#[component]
pub fn AlertsSection() -> impl IntoView {
    let router = use_router();
    let parts = [
        ("rules", say!(alerts.rules)),
        ("channels", say!(alerts.channels)),
        ("messages", say!(alerts.messages)),
        ("reports", say!(alerts.schedules)),
    ];
    let here = Memo::new(move |_| {
        let query = router.query.get();
        let asked = query.strip_prefix("?part=").unwrap_or_default();
        parts.iter().map(|(key, _)| *key).find(|key| *key == asked).unwrap_or("rules")
    });
    Effect::new(move |_| {
        here.track();
        reveal(".alert-tabs", "[aria-current]");
    });
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(alerts.title)}</h2>
                <p class="text-soft">{say!(alerts.text)}</p>
            </div>
        </header>
        <nav class="tabs alert-tabs" aria-label=say!(alerts.title)>
            {parts
                .into_iter()
                .map(|(key, words)| {
                    view! {
                        <a
                            class="tab"
                            href=format!("/settings/alerts?part={key}")
                            data-testid=format!("alerts-{key}")
                            aria-current=move || (here.get() == key).then_some("page")
                        >
                            {words}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {move || match here.get() {
            "channels" => view! { <Channels /> <Webhooks /> }.into_any(),
            "messages" => view! { <Outbox /> }.into_any(),
            "reports" => view! { <Schedules /> }.into_any(),
            _ => view! { <Rules /> }.into_any(),
        }}
    }
}
