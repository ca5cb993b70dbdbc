//! Who is greeted, and what whoever is not recognised is told: read from three metres.

use leptos::prelude::*;
use types::{KioskGreeting, Passage};

use super::day_part::DayPart;
use super::hint::Hint;
use super::state::{Kiosk, Panel};
use crate::api::kiosk::greeting_photo;
use crate::clock::{self, Style};
use crate::draft::initials;
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// The card of whoever has just arrived, or a sentence in its place.
#[component]
pub fn Greeting(kiosk: Kiosk) -> impl IntoView {
    let first = Memo::new(move |_| kiosk.greetings.with(|greetings| greetings.front().cloned()));
    let alone = move || first.with(Option::is_none);
    view! {
        <div class="kiosk-middle" role="status" aria-live="assertive" aria-atomic="true">
            {move || first.get().map(|greeting| view! { <Card kiosk greeting /> })}
            <When is=move || alone() && kiosk.notice.with(Option::is_some)>
                <p class="kiosk-notice" data-testid="kiosk-notice">{move || kiosk.notice.get()}</p>
            </When>
        </div>
    }
}

#[component]
fn Card(kiosk: Kiosk, greeting: KioskGreeting) -> impl IntoView {
    let KioskGreeting { arrival_id, name, passage, at, photo, provisional } = greeting;
    let hour = kiosk.view.with_untracked(|view| clock::format(at, &view.timezone, Style::Hour));
    let digits: String = hour.chars().take_while(char::is_ascii_digit).collect();
    let hello = DayPart::of(digits.parse().unwrap_or(12)).greeting(&name);
    let time = kiosk.time_of(at);
    let recorded = match passage {
        Passage::In => say!(kiosk.checked_in, time = time),
        Passage::Out => say!(kiosk.checked_out, time = time),
    };
    let broken = RwSignal::new(false);
    view! {
        <div class="kiosk-card" data-testid="kiosk-greeting">
            <span class="kiosk-photo" aria-hidden="true">
                <span>{initials(&name)}</span>
                {photo
                    .then(|| {
                        view! {
                            <img
                                src=greeting_photo(arrival_id)
                                alt=""
                                class:hidden=move || broken.get()
                                on:error=move |_| broken.set(true)
                            />
                        }
                    })}
            </span>
            <p class="kiosk-hello" dir="auto">{hello}</p>
            <p class="kiosk-recorded tabular">
                <Icon icon=icons::Good />
                <span>{recorded}</span>
            </p>
            {provisional.then(|| view! { <p class="kiosk-later">{say!(kiosk.provisional)}</p> })}
        </div>
    }
}

/// What to do, at the lower edge of the picture.
#[component]
pub fn Advice(kiosk: Kiosk) -> impl IntoView {
    let words = Memo::new(move |_| {
        let busy =
            kiosk.greetings.with(|greetings| !greetings.is_empty()) || kiosk.panel.get() != Panel::Nothing;
        if busy { None } else { kiosk.view.with(|view| words(kiosk.hint.get(), view.pin, view.badge)) }
    });
    view! {
        <p class="kiosk-advice" role="status" data-testid="kiosk-advice" data-shown=move || {
            words.with(Option::is_some).to_string()
        }>
            {move || words.get()}
        </p>
    }
}

fn words(hint: Hint, pin: bool, badge: bool) -> Option<&'static str> {
    match hint {
        Hint::Nothing => None,
        Hint::Look => Some(say!(kiosk.look)),
        Hint::Closer => Some(say!(kiosk.closer)),
        Hint::Recorded => Some(say!(kiosk.recorded)),
        Hint::Offer if pin && badge => Some(say!(kiosk.use_pin_or_badge)),
        Hint::Offer if pin => Some(say!(kiosk.use_pin)),
        Hint::Offer if badge => Some(say!(kiosk.use_badge)),
        Hint::Offer | Hint::Desk => Some(say!(kiosk.ask_desk)),
    }
}
