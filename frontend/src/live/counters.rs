//! Today in a few figures.

use leptos::prelude::*;
use types::Today;

use crate::arrivals::Arrivals;
use crate::language::say;
use crate::loading::Load;
use crate::review::Waiting;
use crate::ui::When;

use super::count::LiveFeeds;
use super::unknown::{UnknownShown, Whose};

#[component]
pub fn Counters() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    // None where the reader may not review.
    let waiting = expect_context::<Waiting>().count;
    let shown = expect_context::<UnknownShown>().0;
    let feeds = expect_context::<LiveFeeds>().counted();
    view! {
        <dl class="counters" aria-label=say!(words.today)>
            <Counter label=say!(live.present) value=|today| today.present.to_string() note=share_of_expected />
            <Counter label=say!(attendance.late) value=|today| today.late.to_string() note=|_| String::new() />
            <Counter label=say!(live.expected) value=|today| today.expected.to_string() note=|_| say!(live.enrolled).to_owned() />
            <Counter label=say!(live.arrivals) value=|today| today.arrivals.to_string() note=|_| say!(live.today).to_owned() />
            <Figure
                label=say!(live.cameras)
                value=Signal::derive(move || feeds.get().map(|(live, _)| live.to_string()))
                note=Signal::derive(move || feeds.get().map(|(_, all)| say!(live.of_live, all = all)))
            />
            <When is=move || { waiting.get() > 0 }>
                <div class="counter counter-unknown">
                    <dt class="counter-label">{say!(live.unknown_waiting)}</dt>
                    <dd class="counter-value">
                        <button
                            type="button"
                            class="counter-button"
                            data-testid="unknown-waiting"
                            aria-label=move || say!(live.unknown_open, number = waiting.get())
                            on:click=move |_| shown.set(Some(Whose::Everywhere))
                        >
                            {move || waiting.get()}
                        </button>
                    </dd>
                </div>
            </When>
        </dl>
        {move || match arrivals.today.get() {
            Load::Failed(failure) => {
                Some(view! { <p class="problem px-4 pb-2">{failure.message()}</p> })
            }
            _ => None,
        }}
    }
}

fn share_of_expected(today: &Today) -> String {
    if today.expected == 0 {
        return String::new();
    }
    say!(words.percent, number = (today.present * 100 + today.expected / 2) / today.expected)
}

#[component]
fn Counter(label: &'static str, value: fn(&Today) -> String, note: fn(&Today) -> String) -> impl IntoView {
    let today = expect_context::<Arrivals>().today;
    let show =
        move |part: fn(&Today) -> String| Signal::derive(move || today.value().map(|today| part(&today)));
    view! { <Figure label value=show(value) note=show(note) /> }
}

#[component]
fn Figure(label: &'static str, value: Signal<Option<String>>, note: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div class="counter">
            <dt class="counter-label">{label}</dt>
            <dd class="counter-value">
                <span>{move || value.get().unwrap_or_else(|| "–".to_owned())}</span>
                <span class="counter-note">{move || note.get()}</span>
            </dd>
        </div>
    }
}
