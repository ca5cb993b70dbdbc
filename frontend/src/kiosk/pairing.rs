//! A tablet that is no kiosk yet: the code that an admin reads out or shows.

use leptos::{prelude::*, task::spawn_local};

use super::code::{LENGTH, is_whole, normalised};
use super::keys::{BackKey, Key, Keys, hear};
use crate::api::{Failure, kiosk as server};
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// What codes are made of: nothing that is taken for something else.
const CHARACTERS: &str = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Takes the code, typed or brought by the address.
#[component]
pub fn Pairing(
    /// The code that came with the address.
    brought: Option<String>,
    /// Whether this tablet was a kiosk until now.
    revoked: bool,
    /// It is paired.
    on_paired: Callback<()>,
) -> impl IntoView {
    let code = RwSignal::new(brought.unwrap_or_default());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<&'static str>);
    let submit = move || {
        let wanted = code.get_untracked();
        if busy.get_untracked() || !is_whole(&wanted) {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let paired = server::pair_kiosk(wanted).await;
            busy.try_set(false);
            match paired {
                Ok(()) => on_paired.run(()),
                Err(failure) => {
                    problem.try_set(Some(words(&failure)));
                    if failure.status() != 0 {
                        code.try_set(String::new());
                    }
                }
            }
        });
    };
    let on_key = Callback::new(move |key: Key| match key {
        Key::Letter(letter) => {
            problem.set(None);
            code.update(|code| *code = normalised(&format!("{code}{letter}")));
            submit();
        }
        Key::Back => code.update(|code| {
            code.pop();
        }),
        Key::Enter => submit(),
        Key::Escape => code.set(String::new()),
    });
    hear(on_key);
    submit();
    let boxes = move || {
        let code = code.get();
        (0..LENGTH)
            .map(|at| {
                let letter = code.chars().nth(at).map(String::from).unwrap_or_default();
                view! { <span class="kiosk-box" data-next=(at == code.len()).to_string()>{letter}</span> }
            })
            .collect_view()
    };
    view! {
        <div class="kiosk-pairing" data-testid="kiosk-pairing">
            <div class="kiosk-pairing-head">
                <span class="kiosk-mark"><Icon icon=icons::Mark /></span>
                <h1 class="kiosk-title">{say!(kiosk.pair_title)}</h1>
                <p class="kiosk-text">{if revoked { say!(kiosk.unpaired_text) } else { say!(kiosk.pair_text) }}</p>
            </div>
            <p class="kiosk-boxes tabular" dir="ltr" role="status" data-testid="kiosk-code" aria-label=move || {
                say!(kiosk.code_so_far, code = code.get())
            }>
                {boxes}
            </p>
            <p class="kiosk-problem" role="alert" data-testid="kiosk-problem">
                <When is=move || problem.with(Option::is_some)>
                    <Icon icon=icons::Alert />
                    <span>{move || problem.get()}</span>
                </When>
                <When is=move || busy.get()>
                    <span>{say!(kiosk.pairing)}</span>
                </When>
            </p>
            <div class="kiosk-keys kiosk-keys-all" dir="ltr">
                <Keys letters=CHARACTERS on_key />
                <BackKey on_key />
            </div>
        </div>
    }
}

fn words(failure: &Failure) -> &'static str {
    match failure.status() {
        0 => say!(kiosk.pair_offline),
        429 => say!(kiosk.too_often),
        400..500 => say!(kiosk.code_wrong),
        _ => say!(kiosk.pair_failed),
    }
}
