//! Fields that several forms of alerts have.

use leptos::prelude::*;
use types::{ClockTime, QuietHours};

use crate::api::{Failure, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};

/// Something to tick: its value and its words.
pub type Tick = (String, String);

/// Some of many.
#[component]
pub fn Checks(
    /// What to choose.
    label: &'static str,
    /// The ticked values.
    value: RwSignal<Vec<String>>,
    /// What there is.
    #[prop(into)]
    choices: Signal<Vec<Tick>>,
    /// What stands there while there is nothing to choose.
    #[prop(into, optional)]
    empty: Signal<String>,
) -> impl IntoView {
    let check = move |(key, words): Tick| {
        let (on, change) = (key.clone(), key);
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || value.with(|value| value.contains(&on))
                    on:change:target=move |event| {
                        let ticked = event.target().checked();
                        value.update(|value| {
                            value.retain(|other| *other != change);
                            if ticked {
                                value.push(change.clone());
                            }
                        });
                    }
                />
                <span class="truncate">{words}</span>
            </label>
        }
    };
    view! {
        <fieldset class="checks">
            <legend class="label">{label}</legend>
            {move || {
                let choices = choices.get();
                if choices.is_empty() {
                    view! { <p class="note">{empty}</p> }.into_any()
                } else {
                    choices.into_iter().map(check).collect_view().into_any()
                }
            }}
        </fieldset>
    }
}

/// Yes or no.
#[component]
pub fn Tickbox(
    /// What it says.
    #[prop(into)]
    words: String,
    /// Whether it is ticked.
    value: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=value
                on:change:target=move |event| value.set(event.target().checked())
            />
            <span>{words}</span>
        </label>
    }
}

/// Several addresses, one a line.
#[component]
pub fn Lines(
    /// Names the field in the page.
    id: &'static str,
    /// What to enter.
    label: &'static str,
    /// What is entered.
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="label" for=id>{label}</label>
            <textarea
                id=id
                class="input"
                rows="2"
                dir="ltr"
                autocomplete="off"
                aria-describedby=format!("{id}-note")
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            ></textarea>
            <p id=format!("{id}-note") class="note">{say!(alerts.one_a_line)}</p>
        </div>
    }
}

/// What stands on the lines.
pub fn lines(text: &str) -> Vec<String> {
    text.split(['\n', ',', ';']).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// A time of day as it is typed.
#[component]
pub fn TimeField(
    /// Names the field in the page.
    id: &'static str,
    /// What it is.
    label: &'static str,
    /// The time, `HH:MM`.
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="label" for=id>{label}</label>
            <input
                id=id
                class="input"
                type="time"
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
        </div>
    }
}

/// Hours in which nothing is sent, as they are typed.
#[derive(Clone, Copy)]
pub struct Quiet {
    on: RwSignal<bool>,
    from: RwSignal<String>,
    until: RwSignal<String>,
}

impl Quiet {
    /// As they stand.
    pub fn of(hours: Option<QuietHours>) -> Self {
        let text = |time: Option<ClockTime>, otherwise: &str| {
            RwSignal::new(time.map_or_else(|| otherwise.to_owned(), |time| time.to_string()))
        };
        Self {
            on: RwSignal::new(hours.is_some()),
            from: text(hours.map(|hours| hours.from), "22:00"),
            until: text(hours.map(|hours| hours.until), "06:00"),
        }
    }

    /// The hours; an error in words for what is no time.
    pub fn read(self) -> Result<Option<QuietHours>, String> {
        if !self.on.get_untracked() {
            return Ok(None);
        }
        let times = time(&self.from.get_untracked()).zip(time(&self.until.get_untracked()));
        match times.filter(|(from, until)| from != until) {
            Some((from, until)) => Ok(Some(QuietHours { from, until })),
            None => Err(say!(alerts.quiet_wrong).to_owned()),
        }
    }
}

/// A time of day.
pub fn time(text: &str) -> Option<ClockTime> {
    // Browsers may add seconds.
    ClockTime::try_from(text.get(..5)?.to_owned()).ok()
}

/// The hours in which nothing is sent.
#[component]
pub fn QuietField(
    /// As they are typed.
    quiet: Quiet,
) -> impl IntoView {
    view! {
        <fieldset class="checks">
            <legend class="label">{say!(alerts.quiet)}</legend>
            <Tickbox words=say!(alerts.quiet_on) value=quiet.on />
            <div class="field-pair" class:hidden=move || !quiet.on.get()>
                <TimeField id="quiet-from" label=say!(words.from) value=quiet.from />
                <TimeField id="quiet-until" label=say!(words.until) value=quiet.until />
            </div>
        </fieldset>
    }
}

/// Accounts to choose from, by their e-mail addresses.
pub fn accounts() -> Loader<Vec<Tick>> {
    let api = use_api();
    let accounts = Loader::new();
    accounts.run(async move {
        let users = api.users().await?.items.into_iter();
        Ok(users.filter(|user| !user.disabled).map(|user| (user.id.to_string(), user.email)).collect())
    });
    accounts
}

/// What stands in the place of choices: that they are on their way, why they cannot be had, or that there are none.
pub fn missing(choices: Loader<Vec<Tick>>, none: &'static str) -> Signal<String> {
    Signal::derive(move || match choices.get() {
        Load::Waiting => say!(words.loading).to_owned(),
        Load::Failed(failure) => failure.message(),
        Load::Ready(_) => none.to_owned(),
    })
}

/// Ids as they were ticked.
pub fn ids<T: std::str::FromStr>(ticked: RwSignal<Vec<String>>) -> Vec<T> {
    ticked.with_untracked(|ticked| ticked.iter().filter_map(|id| id.parse().ok()).collect())
}

/// What was refused: the first field of `names` that is wrong, else the whole.
pub fn refusal(failure: &Failure, names: &[&str]) -> String {
    names.iter().find_map(|name| failure.field(name)).unwrap_or_else(|| failure.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_one_a_line() {
        assert_eq!(lines(" a@x.org \n\nb@x.org,c@x.org"), ["a@x.org", "b@x.org", "c@x.org"]);
        assert_eq!(time("07:30:00").map(|time| time.to_string()).as_deref(), Some("07:30"));
        assert_eq!(time("7:30"), None);
        assert_eq!(time(""), None);
    }
}
