//! The frame of the attendance pages: which group, which day, which part.

use chrono::{Days, NaiveDate};
use leptos::prelude::*;
use types::{GroupId, GroupView};

use super::corrections::Corrections;
use super::on_site::OnSiteList;
use super::sheet::SheetView;
use crate::api::{SheetKey, use_api};
use crate::clock::{self, Style};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Empty, Failed, Icon, Skeleton, icons};

/// The sheet of a group on a day; `on-site` and `corrections` are parts of their own.
#[component]
pub fn AttendancePage(section: String) -> impl IntoView {
    let (desk, here) = (use_desk(), section.clone());
    let tab = move |key: &'static str, label: &'static str| {
        let href = if key.is_empty() { "/attendance".to_owned() } else { format!("/attendance/{key}") };
        view! { <a class="tab" href=href aria-current=(key == here).then_some("page")>{label}</a> }
    };
    view! {
        <div class="content">
            <header class="page-head">
                <h1 class="page-title">
                    {if desk.marks() { say!(attendance.title) } else { say!(attendance.on_site) }}
                </h1>
                {desk
                    .marks()
                    .then(|| {
                        view! {
                            <nav class="tabs ms-auto" aria-label=say!(attendance.title)>
                                {tab("", say!(attendance.sheet))}
                                {tab("on-site", say!(attendance.on_site))}
                                {tab("corrections", say!(attendance.corrections))}
                            </nav>
                        }
                    })}
            </header>
            {match section.as_str() {
                "" => view! { <ClassSheet /> }.into_any(),
                "on-site" => view! { <OnSiteList /> }.into_any(),
                "corrections" => view! { <Corrections /> }.into_any(),
                _ => {
                    view! {
                        <Empty icon=icons::Search title=say!(shell.no_such_page)>
                            <a class="btn" href="/attendance">{say!(attendance.go_to_sheet)}</a>
                        </Empty>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

/// A value of the address's query.
fn asked(query: &str, name: &str) -> Option<String> {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
}

#[component]
fn ClassSheet() -> impl IntoView {
    let (api, desk, router) = (use_api(), use_desk(), use_router());
    let groups = Loader::<Vec<GroupView>>::new();
    let fetch = move || groups.run(async move { api.groups().await.map(|page| page.items) });
    fetch();
    let today = move || {
        let key = clock::format_ms(desk.now_ms.get_untracked(), &desk.timezone(), Style::Key);
        key.parse::<NaiveDate>().unwrap_or_default()
    };
    let key = Memo::new(move |_| {
        let groups = groups.value()?;
        let query = router.query.get();
        let wanted: Option<GroupId> = asked(&query, "group").and_then(|id| id.parse().ok());
        let group =
            wanted.filter(|id| groups.iter().any(|group| group.id == *id)).or(Some(groups.first()?.id))?;
        let day = asked(&query, "day").and_then(|day| day.parse().ok()).unwrap_or_else(today);
        let slot = asked(&query, "schedule")
            .and_then(|id| id.parse().ok())
            .zip(asked(&query, "slot").and_then(|slot| slot.parse().ok()));
        Some(SheetKey { group, day, slot })
    });
    let go = Callback::new(move |key: SheetKey| router.go(&format!("/attendance?{key}")));
    move || match groups.get() {
        Load::Waiting => view! { <Skeleton rows=8 /> }.into_any(),
        Load::Failed(failure) => {
            view! { <Failed failure retry=Callback::new(move |()| fetch()) /> }.into_any()
        }
        Load::Ready(groups) if groups.is_empty() => view! {
            <Empty
                icon=icons::People
                title=say!(attendance.no_groups)
                text=say!(attendance.no_groups_text)
            >
                <a class="btn" href="/people">{say!(attendance.go_to_people)}</a>
            </Empty>
        }
        .into_any(),
        Load::Ready(groups) => view! {
            <Chooser groups key today=today() go />
            {move || key.get().map(|key| view! { <SheetView key go /> })}
        }
        .into_any(),
    }
}

/// The group and the day; a step leads to the day before or after.
#[component]
fn Chooser(
    groups: Vec<GroupView>,
    key: Memo<Option<SheetKey>>,
    today: NaiveDate,
    go: Callback<SheetKey>,
) -> impl IntoView {
    let to_day = move |day: Option<NaiveDate>| {
        if let (Some(key), Some(day)) = (key.get_untracked(), day) {
            go.run(SheetKey { day, slot: None, ..key });
        }
    };
    let day = move || key.get().map(|key| key.day);
    let step = move |days: i64| {
        let day = key.get_untracked().map(|key| key.day);
        let by = Days::new(days.unsigned_abs());
        to_day(
            day.and_then(|day| if days < 0 { day.checked_sub_days(by) } else { day.checked_add_days(by) }),
        );
    };
    let choose_group = move |id: String| {
        if let (Some(key), Ok(group)) = (key.get_untracked(), id.parse()) {
            go.run(SheetKey { group, slot: None, ..key });
        }
    };
    view! {
        <div class="toolbar sheet-toolbar">
            <select
                class="input sheet-group"
                aria-label=say!(words.group)
                data-testid="sheet-group"
                on:change:target=move |event| choose_group(event.target().value())
            >
                {groups
                    .into_iter()
                    .map(|group| {
                        let id = group.id;
                        let chosen = move || key.with(|key| key.as_ref().is_some_and(|key| key.group == id));
                        let words = say!(attendance.group_members, group = group.name.clone(), members = group.members);
                        view! { <option value=id.to_string() selected=chosen>{words}</option> }
                    })
                    .collect_view()}
            </select>
            <div class="stepper">
                <button type="button" class="icon-btn" aria-label=say!(attendance.day_before) on:click=move |_| step(-1)>
                    <Icon icon=icons::Back class="icon turns" />
                </button>
                <input
                    class="input"
                    type="date"
                    aria-label=say!(words.day)
                    data-testid="sheet-day"
                    prop:value=move || day().map(|day| day.to_string())
                    on:change:target=move |event| to_day(event.target().value().parse().ok())
                />
                <button type="button" class="icon-btn" aria-label=say!(attendance.day_after) on:click=move |_| step(1)>
                    <Icon icon=icons::Forward class="icon turns" />
                </button>
            </div>
            <button
                type="button"
                class="btn"
                disabled=move || day() == Some(today)
                on:click=move |_| to_day(Some(today))
            >
                {say!(words.today)}
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_which_sheet() {
        let query = "?group=a&day=2026-11-21&slot=2";
        assert_eq!(asked(query, "day").as_deref(), Some("2026-11-21"));
        assert_eq!(asked(query, "schedule"), None);
        assert_eq!(asked("", "group"), None);
    }
}
