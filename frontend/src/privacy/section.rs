//! The settings of privacy.

use leptos::prelude::*;

use super::retention::RetentionPart;
use super::texts::ConsentTexts;
use crate::language::say;
use crate::ui::{Icon, icons};

/// Where the text on privacy lies.
const DOCUMENT: &str = "/privacy.txt";

/// What people agree to, how long data is kept, and where all of it is written down.
#[component]
pub fn PrivacySection() -> impl IntoView {
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(privacy.title)}</h2>
                <p class="text-soft">{say!(privacy.text)}</p>
            </div>
            <a class="btn" href=DOCUMENT target="_blank" rel="noopener" hreflang="en">
                <Icon icon=icons::Note />
                {say!(privacy.document)}
            </a>
        </header>
        <ConsentTexts />
        <RetentionPart />
    }
}
