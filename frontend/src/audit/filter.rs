//! Which entries: by whom, of which kind, to what, on which days.

use chrono::NaiveDate;
use leptos::prelude::*;

use super::words;
use crate::api::{AuditQuery, use_api};
use crate::calendar;
use crate::language::say;
use crate::loading::Loader;
use crate::ui::{Icon, icons};

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The id of a user or feed; empty is anybody.
    pub actor: String,
    /// The kind of what was done; empty is any.
    pub area: String,
    /// The id and name of what it was done to.
    pub subject: Option<(String, String)>,
    /// The first day.
    pub first: Option<NaiveDate>,
    /// The last day.
    pub last: Option<NaiveDate>,
}

impl Chosen {
    /// The same as a query; days are those of `zone`.
    pub fn query(&self, zone: &str) -> AuditQuery {
        AuditQuery {
            actor: Some(self.actor.clone()).filter(|actor| !actor.is_empty()),
            subject: self.subject.as_ref().map(|(id, _)| id.clone()),
            action: self.area.clone(),
            from: self.first.map(|day| calendar::first_moment(day, zone)),
            to: self.last.and_then(|day| day.succ_opt()).map(|day| calendar::first_moment(day, zone)),
        }
    }

    /// Whether the last day is before the first.
    pub fn is_backwards(&self) -> bool {
        self.first.zip(self.last).is_some_and(|(first, last)| last < first)
    }
}

/// The fields; a change counts at once.
#[component]
pub fn Filter(
    /// What is chosen.
    chosen: RwSignal<Chosen>,
) -> impl IntoView {
    let api = use_api();
    let actors = Loader::<Vec<(String, String)>>::new();
    actors.run(async move {
        let users = api.users().await?.items.into_iter().map(|user| (user.id.to_string(), user.email));
        let mut actors: Vec<_> = users.collect();
        let feeds = api.feeds().await?.items.into_iter();
        actors.extend(feeds.map(|feed| (feed.id.to_string(), say!(audit.feed_named, name = feed.name))));
        Ok(actors)
    });
    let date = move |id: &'static str, words: &'static str, last: bool| {
        let shown = move || {
            chosen.with(|chosen| if last { chosen.last } else { chosen.first }).map(|day| day.to_string())
        };
        let take = move |text: String| {
            let day = text.parse().ok();
            chosen.update(|chosen| if last { chosen.last = day } else { chosen.first = day });
        };
        view! {
            <span class="days-field">
                <label class="days-label" for=id>{words}</label>
                <input
                    id=id
                    class="input"
                    type="date"
                    prop:value=move || shown().unwrap_or_default()
                    aria-invalid=move || chosen.with(Chosen::is_backwards).then_some("true")
                    aria-describedby="audit-days-problem"
                    on:change:target=move |event| take(event.target().value())
                />
            </span>
        }
    };
    view! {
        <div class="report-filters">
            <select
                class="input group-field"
                aria-label=say!(audit.by)
                data-testid="audit-actor"
                on:change:target=move |event| chosen.update(|chosen| chosen.actor = event.target().value())
            >
                <option value="">{say!(audit.by_anybody)}</option>
                {move || {
                    actors
                        .value()
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(id, name)| view! { <option value=id>{name}</option> })
                        .collect_view()
                }}
            </select>
            <select
                class="input group-field"
                aria-label=say!(audit.area)
                data-testid="audit-area"
                on:change:target=move |event| chosen.update(|chosen| chosen.area = event.target().value())
            >
                <option value="">{say!(audit.any_area)}</option>
                {words::AREAS
                    .into_iter()
                    .map(|area| view! { <option value=area>{words::area(area)}</option> })
                    .collect_view()}
            </select>
            <div class="days">
                <div class="days-row">
                    {date("audit-first", say!(words.from), false)} {date("audit-last", say!(words.until), true)}
                </div>
                <p id="audit-days-problem" class="note problem" role="alert">
                    {move || chosen.with(Chosen::is_backwards).then_some(say!(reports.backwards))}
                </p>
            </div>
            {move || {
                let (_, name) = chosen.with(|chosen| chosen.subject.clone())?;
                Some(
                    view! {
                        <span class="chosen-person">
                            <bdi class="truncate">{name}</bdi>
                            <button
                                type="button"
                                class="icon-btn"
                                aria-label=say!(audit.everything_again)
                                title=say!(audit.everything_again)
                                on:click=move |_| chosen.update(|chosen| chosen.subject = None)
                            >
                                <Icon icon=icons::Close />
                            </button>
                        </span>
                    },
                )
            }}
        </div>
    }
}
