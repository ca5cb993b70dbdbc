//! Consent to the storage of biometric data, asked for with photos.

use leptos::prelude::*;

use crate::language::say;

/// The box to tick.
#[component]
pub fn ConsentCheck(
    /// Whether it is ticked.
    consent: RwSignal<bool>,
    /// Why it must be.
    #[prop(into)]
    problem: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="check">
                <input
                    type="checkbox"
                    data-testid="person-consent"
                    prop:checked=consent
                    aria-describedby="consent-note"
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    on:change:target=move |event| consent.set(event.target().checked())
                />
                <span>
                    <span class="font-medium">{say!(people.consent_given)}</span>
                    <span class="note block">
                        {say!(people.consent_text)}
                    </span>
                </span>
            </label>
            <p id="consent-note" class="note problem" role="alert">{move || problem.get()}</p>
        </div>
    }
}
