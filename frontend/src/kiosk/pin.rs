//! Number and PIN, on keys that a finger hits. Nothing of them stays: not in the page once it is sent, closed or
//! left alone, and nowhere else unsealed.

use std::rc::Rc;
use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use types::CheckInProof;

use super::check_in::{Outcome, submit};
use super::keeper::Keeper;
use super::keys::{BackKey, CAPITALS, DIGITS, Key, Keys, SMALL, hear};
use super::state::{Kiosk, Panel};
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// Seconds after which a pad that nobody touches is cleared and closed.
const IDLE_S: u32 = 20;
/// Characters of a PIN.
const SHORTEST_PIN: usize = 4;
const LONGEST_PIN: usize = 8;
/// Characters that a number has at most.
const LONGEST_NUMBER: usize = 64;

/// What the pad shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pad {
    Digits,
    Capitals,
    Small,
}

impl Pad {
    /// What the switch leads to.
    fn next(self) -> Self {
        match self {
            Self::Digits => Self::Capitals,
            Self::Capitals => Self::Small,
            Self::Small => Self::Digits,
        }
    }

    /// The same in three characters.
    fn sign(self) -> &'static str {
        match self {
            Self::Digits => "123",
            Self::Capitals => "ABC",
            Self::Small => "abc",
        }
    }
}

/// What is being typed.
#[derive(Clone, Copy)]
struct Entry {
    kiosk: Kiosk,
    number: RwSignal<String>,
    pin: RwSignal<String>,
    /// Whether the number is complete.
    at_pin: RwSignal<bool>,
    pad: RwSignal<Pad>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<&'static str>>,
    idle_s: StoredValue<u32>,
    keeper: StoredValue<Rc<Keeper>, LocalStorage>,
}

impl Entry {
    fn press(self, key: Key) {
        self.idle_s.set_value(0);
        self.kiosk.stir();
        if self.busy.get_untracked() {
            return;
        }
        match (key, self.at_pin.get_untracked()) {
            (Key::Letter(letter), true) if letter.is_ascii_digit() => self.pin.update(|pin| {
                if pin.len() < LONGEST_PIN {
                    pin.push(letter);
                }
            }),
            (Key::Letter(_), true) => {}
            (Key::Letter(letter), false) => self.number.update(|number| {
                if number.len() < LONGEST_NUMBER {
                    number.push(letter);
                }
            }),
            (Key::Back, true) if self.pin.with_untracked(String::is_empty) => self.at_pin.set(false),
            (Key::Back, at_pin) => {
                let field = if at_pin { self.pin } else { self.number };
                field.update(|text| {
                    text.pop();
                });
            }
            (Key::Enter, _) => return self.go_on(),
            (Key::Escape, _) => return self.close(),
        }
        self.problem.set(None);
    }

    fn may_go_on(self) -> bool {
        let ready = if self.at_pin.get() {
            self.pin.with(|pin| pin.len() >= SHORTEST_PIN)
        } else {
            self.number.with(|number| !number.is_empty())
        };
        ready && !self.busy.get()
    }

    fn go_on(self) {
        if !untrack(|| self.may_go_on()) {
            return;
        }
        if !self.at_pin.get_untracked() {
            self.pad.set(Pad::Digits);
            return self.at_pin.set(true);
        }
        let proof = CheckInProof::Pin {
            number: self.number.get_untracked(),
            pin: self.pin.try_update(std::mem::take).unwrap_or_default(),
        };
        self.busy.set(true);
        let keeper = self.keeper.get_value();
        spawn_local(async move {
            let outcome = submit(self.kiosk, keeper, proof).await;
            self.busy.try_set(false);
            match outcome {
                Outcome::Welcome => self.close(),
                Outcome::Kept => {
                    self.kiosk.say(say!(kiosk.kept_notice).to_owned());
                    self.close();
                }
                Outcome::Refused(why) => {
                    self.problem.try_set(Some(why));
                    self.idle_s.try_set_value(0);
                }
            }
        });
    }

    fn close(self) {
        self.number.try_set(String::new());
        self.pin.try_set(String::new());
        if self.kiosk.panel.try_get_untracked() == Some(Panel::Pin) {
            self.kiosk.panel.set(Panel::Nothing);
        }
    }

    fn close_when_idle(self) {
        let second = move || {
            let idle = self.idle_s.try_update_value(|idle| {
                *idle += 1;
                *idle
            });
            if idle.is_some_and(|idle| idle >= IDLE_S) {
                self.close();
            }
        };
        if let Ok(timer) = set_interval_with_handle(second, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    }
}

/// The pad.
#[component]
pub fn PinPanel(kiosk: Kiosk, keeper: StoredValue<Rc<Keeper>, LocalStorage>) -> impl IntoView {
    let entry = Entry {
        kiosk,
        number: RwSignal::new(String::new()),
        pin: RwSignal::new(String::new()),
        at_pin: RwSignal::new(false),
        pad: RwSignal::new(Pad::Digits),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
        idle_s: StoredValue::new(0),
        keeper,
    };
    let on_key = Callback::new(move |key| entry.press(key));
    hear(on_key);
    entry.close_when_idle();
    let section = NodeRef::<html::Section>::new();
    // Whoever types on a keyboard types here, and not on the button that opened this.
    Effect::new(move |_| section.get().map(|section| section.focus()));
    let title = move || if entry.at_pin.get() { say!(kiosk.your_pin) } else { say!(kiosk.your_number) };
    let shown = move || {
        if entry.at_pin.get() { "●".repeat(entry.pin.with(String::len)) } else { entry.number.get() }
    };
    let spoken = move || {
        if entry.at_pin.get() {
            say!(kiosk.pin_so_far, count = entry.pin.with(String::len))
        } else {
            entry.number.get()
        }
    };
    let next = move || if entry.at_pin.get() { say!(kiosk.check_in) } else { say!(kiosk.next) };
    view! {
        <section node_ref=section class="kiosk-panel" role="dialog" tabindex="-1" aria-label=title data-testid="kiosk-pin">
            <header class="kiosk-panel-head">
                <h2 class="kiosk-title">{title}</h2>
                <button type="button" class="kiosk-round" data-testid="kiosk-close" aria-label=say!(words.cancel) on:click=move |_| entry.close()>
                    <Icon icon=icons::Close />
                </button>
            </header>
            <p class="kiosk-entry tabular" dir="ltr" role="status" aria-label=spoken data-testid="kiosk-entry">{shown}</p>
            <p class="kiosk-problem" role="alert" data-testid="kiosk-problem">
                {move || entry.problem.get()}
            </p>
            <PadKeys entry on_key />
            <button
                type="button"
                class="kiosk-go"
                data-testid="kiosk-next"
                disabled=move || !entry.may_go_on()
                on:click=move |_| entry.press(Key::Enter)
            >
                {next}
            </button>
        </section>
    }
}

#[component]
fn PadKeys(entry: Entry, on_key: Callback<Key>) -> impl IntoView {
    let pad = entry.pad;
    view! {
        <When is=move || pad.get() == Pad::Capitals>
            <div class="kiosk-keys kiosk-keys-letters" dir="ltr">
                <Keys letters=CAPITALS on_key />
            </div>
        </When>
        <When is=move || pad.get() == Pad::Small>
            <div class="kiosk-keys kiosk-keys-letters" dir="ltr">
                <Keys letters=SMALL on_key />
            </div>
        </When>
        <div class="kiosk-keys kiosk-keys-digits" dir="ltr">
            <When is=move || pad.get() == Pad::Digits>
                <Keys letters=DIGITS on_key />
            </When>
            <button
                type="button"
                class="kiosk-key kiosk-key-quiet"
                class:invisible=move || entry.at_pin.get()
                data-testid="kiosk-letters"
                aria-label=say!(kiosk.letters)
                on:click=move |_| pad.update(|pad| *pad = pad.next())
            >
                {move || pad.get().next().sign()}
            </button>
            <When is=move || pad.get() == Pad::Digits>
                <Keys letters="0" on_key />
            </When>
            <BackKey on_key />
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_goes_round() {
        assert_eq!(Pad::Digits.next().next().next(), Pad::Digits);
        assert_eq!(Pad::Digits.next().sign(), "ABC");
    }
}
