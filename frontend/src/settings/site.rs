//! Name and time zone of the site, and what admins need to sign in.

use leptos::{ev, prelude::*, task::spawn_local};
use types::Settings;

use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::{fresh, use_desk};
use crate::ui::{Failed, Problem, SaveButton, SelectField, Skeleton, TextField, When, use_toasts};

#[component]
pub fn SiteSection() -> impl IntoView {
    let api = use_api();
    let settings = Loader::<Settings>::new();
    let read = Callback::new(move |()| settings.run(api.settings()));
    read.run(());
    view! {
        <header class="section-head">
            <h2 class="section-title">{say!(settings.site)}</h2>
        </header>
        {move || match settings.get() {
            Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
            Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
            Load::Ready(settings) => view! { <SiteForm settings /> }.into_any(),
        }}
    }
}

#[component]
fn SiteForm(settings: Settings) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let arrivals = expect_context::<Arrivals>();
    let name = RwSignal::new(settings.site_name);
    // A zone that the browser does not list, or has under another name, stays a choice.
    let mut zones = clock::zones();
    for named in [settings.timezone.clone(), clock::own_zone(), "UTC".to_owned()] {
        if !named.is_empty() && !zones.contains(&named) {
            zones.insert(0, named);
        }
    }
    let zone_choices: Vec<(String, String)> = zones.into_iter().map(|zone| (zone.clone(), zone)).collect();
    let zone = RwSignal::new(settings.timezone);
    let needed_before = settings.admins_need_second_factor.unwrap_or_default();
    let needed = RwSignal::new(needed_before);
    let before = StoredValue::new(needed_before);
    let busy = RwSignal::new(false);
    let name_problem = RwSignal::new(None::<String>);
    let zone_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let rule = needed.get_untracked();
        let request = Settings {
            site_name: name.get_untracked().trim().to_owned(),
            timezone: zone.get_untracked().trim().to_owned(),
            // Sent only when it changes: it takes a password given lately.
            admins_need_second_factor: Some(rule).filter(|rule| *rule != before.get_value()),
        };
        name_problem.set(request.site_name.is_empty().then(|| say!(settings.enter_name).to_owned()));
        zone_problem.set((!clock::is_zone(&request.timezone)).then(|| say!(settings.enter_zone).to_owned()));
        if name_problem.with_untracked(Option::is_some) || zone_problem.with_untracked(Option::is_some) {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.save_settings(&request)).await {
                Ok(()) => {
                    toasts.show(say!(words.saved));
                    before.try_set_value(rule);
                    desk.site.try_set(Some(request));
                    arrivals.refresh_today();
                }
                Err(failure) => {
                    name_problem.try_set(failure.field("site_name"));
                    zone_problem.try_set(failure.field("timezone"));
                    if failure.field("site_name").or(failure.field("timezone")).is_none() {
                        problem.try_set(Some(failure.message()));
                    }
                }
            }
            busy.try_set(false);
        });
    };
    let preview = move || {
        let zone = zone.get();
        let zone = zone.trim();
        clock::is_zone(zone)
            .then(|| say!(settings.zone_now, time = clock::format_ms(desk.now_ms.get(), zone, Style::Full)))
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <TextField id="site-name" label=say!(words.name) value=name problem=name_problem required=true hint=say!(settings.site_name_hint) />
            <SelectField
                id="site-zone"
                label=say!(settings.zone)
                value=zone
                choices=zone_choices
                hint=say!(settings.zone_hint)
            />
            <Problem text=zone_problem />
            <div class="zone-row">
                <p class="note">{preview}</p>
                <button type="button" class="link note" on:click=move |_| zone.set(clock::own_zone())>
                    {say!(settings.zone_own)}
                </button>
            </div>
            <FactorRule needed before=needed_before />
            <Problem text=problem />
            <SaveButton words=say!(words.save) busy_words=say!(words.saving) busy testid="site-save" />
        </form>
    }
}

/// Whether admins need a second step; who has none cannot demand it.
#[component]
fn FactorRule(needed: RwSignal<bool>, before: bool) -> impl IntoView {
    let desk = use_desk();
    let closed = move || !before && !desk.second_factor.get();
    view! {
        <div class="grid gap-1">
            <label class="check">
                <input
                    type="checkbox"
                    data-testid="site-second-factor"
                    disabled=closed
                    prop:checked=needed
                    on:change:target=move |event| needed.set(event.target().checked())
                />
                <span>
                    <span class="font-medium">{say!(settings.factor_rule)}</span>
                    <span class="note block">{say!(settings.factor_rule_text)}</span>
                </span>
            </label>
            <When is=closed>
                <p class="note">
                    {say!(settings.factor_rule_closed)} " "
                    <a class="link" href="/settings/account">{say!(settings.factor_rule_set_up)}</a>
                </p>
            </When>
        </div>
    }
}
