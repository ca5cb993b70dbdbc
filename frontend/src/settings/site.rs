//! Name and time zone of the site.

use leptos::{ev, prelude::*, task::spawn_local};
use types::Settings;

use crate::api::use_api;
use crate::arrivals::Arrivals;
use crate::clock::{self, Style};
use crate::loading::{Load, Loader};
use crate::session::use_desk;
use crate::ui::{Failed, Problem, SaveButton, Skeleton, TextField, use_toasts};

#[component]
pub fn SiteSection() -> impl IntoView {
    let api = use_api();
    let settings = Loader::<Settings>::new();
    let read = Callback::new(move |()| settings.run(api.settings()));
    read.run(());
    view! {
        <header class="section-head">
            <h2 class="section-title">"Site"</h2>
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
    let zone = RwSignal::new(settings.timezone);
    let busy = RwSignal::new(false);
    let name_problem = RwSignal::new(None::<String>);
    let zone_problem = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let request = Settings {
            site_name: name.get_untracked().trim().to_owned(),
            timezone: zone.get_untracked().trim().to_owned(),
            admins_need_second_factor: None,
        };
        name_problem.set(request.site_name.is_empty().then(|| "Enter a name.".to_owned()));
        zone_problem.set(
            (!clock::is_zone(&request.timezone)).then(|| "Enter a zone like Europe/Helsinki.".to_owned()),
        );
        if name_problem.with_untracked(Option::is_some) || zone_problem.with_untracked(Option::is_some) {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.save_settings(&request).await {
                Ok(()) => {
                    toasts.show("Saved");
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
            .then(|| format!("There it is {} now.", clock::format_ms(desk.now_ms.get(), zone, Style::Full)))
    };
    view! {
        <form class="form" on:submit=submit novalidate>
            <TextField id="site-name" label="Name" value=name problem=name_problem required=true hint="Shown in the top bar." />
            <TextField
                id="site-zone"
                label="Time zone"
                value=zone
                problem=zone_problem
                required=true
                hint="Decides when a day begins, for everybody."
            />
            <div class="zone-row">
                <p class="note">{preview}</p>
                <button type="button" class="link note" on:click=move |_| zone.set(clock::own_zone())>
                    "Use this browser's zone"
                </button>
            </div>
            <Problem text=problem />
            <SaveButton words="Save" busy_words="Saving…" busy />
        </form>
    }
}
