//! The settings of privacy.

use leptos::prelude::*;

use super::document::PrivacyDocument;
use super::retention::RetentionPart;
use super::texts::ConsentTexts;
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// What people agree to, how long data is kept, and where all of it is written down.
#[component]
pub fn PrivacySection() -> impl IntoView {
    let reading = RwSignal::new(false);
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(privacy.title)}</h2>
                <p class="text-soft">{say!(privacy.text)}</p>
            </div>
            <button type="button" class="btn" data-testid="privacy-read" on:click=move |_| reading.set(true)>
                <Icon icon=icons::Note />
                {say!(privacy.document)}
            </button>
        </header>
        <ConsentTexts />
        <RetentionPart />
        <When is=move || reading.get()>
            <PrivacyDocument on_close=Callback::new(move |()| reading.set(false)) />
        </When>
    }
}
