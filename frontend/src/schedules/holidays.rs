//! Days on which nobody is expected, a year at a time.

use chrono::{Datelike, NaiveDate};
use leptos::{ev, prelude::*, task::spawn_local};
use types::{CreateHoliday, GroupView, HolidayView};

use super::create::HeadProblems;
use super::list::SchedulesHead;
use crate::api::use_api;
use crate::calendar::{self, DayStyle};
use crate::language::say;
use crate::loading::Loader;
use crate::session::use_desk;
use crate::ui::{
    Act, Empty, Icon, Modal, ModalHead, Problem, Removal, SaveButton, SelectField, TextField, When, icons,
    listed, use_toasts,
};

const FORM: &str = "holiday-form";

/// Everybody's holidays, and those of groups that the user sees.
#[component]
pub fn HolidaysPage() -> impl IntoView {
    let (api, desk) = (use_api(), use_desk());
    let year = RwSignal::new(calendar::today(desk).year());
    let holidays = Loader::<Vec<HolidayView>>::new();
    let fetch = move || {
        let first = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
        let year = year.get_untracked();
        let (from, to) = (first(year), first(year + 1));
        holidays.run(async move { api.holidays(from, to).await.map(|page| page.items) });
    };
    fetch();
    let step = move |years: i32| {
        year.update(|year| *year += years);
        holidays.reset();
        fetch();
    };
    let (adding, going) = (RwSignal::new(false), RwSignal::new(None::<HolidayView>));
    let changed = Callback::new(move |()| fetch());
    view! {
        <div class="content">
            <SchedulesHead here="/schedules/holidays">
                <When is=move || desk.is_admin()>
                    <button
                        type="button"
                        class="btn btn-primary ms-auto"
                        data-testid="holiday-add"
                        on:click=move |_| adding.set(true)
                    >
                        <Icon icon=icons::Plus />
                        {say!(schedules.add_holiday)}
                    </button>
                </When>
            </SchedulesHead>
            <div class="toolbar">
                <div class="stepper">
                    <button type="button" class="icon-btn" aria-label=say!(schedules.year_before) on:click=move |_| step(-1)>
                        <Icon icon=icons::Back class="icon turns" />
                    </button>
                    <h2 class="cal-title tabular" aria-live="polite">{year}</h2>
                    <button type="button" class="icon-btn" aria-label=say!(schedules.year_after) on:click=move |_| step(1)>
                        <Icon icon=icons::Forward class="icon turns" />
                    </button>
                </div>
            </div>
            {listed(
                holidays,
                changed,
                5,
                || {
                    view! {
                        <Empty icon=icons::Holiday title=say!(schedules.no_holidays) text=say!(schedules.no_holidays_text) />
                    }
                        .into_any()
                },
                move |holidays| view! { <HolidayTable holidays going /> }.into_any(),
            )}
        </div>
        <When is=move || adding.get()>
            <AddHoliday on_change=changed on_close=Callback::new(move |()| adding.set(false)) />
        </When>
        {move || {
            let holiday = going.get()?;
            let id = holiday.id;
            Some(
                view! {
                    <Removal
                        title=say!(schedules.delete_holiday_title, name = holiday.name)
                        text=say!(schedules.delete_holiday_text)
                        act=Act::new(move || api.delete_holiday(id))
                        on_done=Callback::new(move |()| {
                            going.try_set(None);
                            changed.try_run(());
                        })
                        on_close=Callback::new(move |()| going.set(None))
                    />
                },
            )
        }}
    }
}

#[component]
fn HolidayTable(holidays: Vec<HolidayView>, going: RwSignal<Option<HolidayView>>) -> impl IntoView {
    let desk = use_desk();
    let row = move |holiday: HolidayView| {
        let last = holiday.until_day.pred_opt().unwrap_or(holiday.from_day);
        let first = calendar::write(holiday.from_day, DayStyle::Medium);
        let when = if last == holiday.from_day {
            first
        } else {
            say!(groups.span, from = first, last = calendar::write(last, DayStyle::Medium))
        };
        let label = say!(schedules.delete_holiday, name = holiday.name.clone());
        let whose = holiday
            .group
            .as_ref()
            .map_or_else(|| say!(words.everyone).to_owned(), |group| group.name.clone());
        let name = holiday.name.clone();
        let delete = desk.is_admin().then(move || {
            view! {
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=label
                    on:click=move |_| going.set(Some(holiday.clone()))
                >
                    <Icon icon=icons::Delete />
                </button>
            }
        });
        view! {
            <tr data-testid="holiday-row">
                <td><span class="row-name">{name}</span></td>
                <td class="tabular">{when}</td>
                <td class="wide-only text-soft">{whose}</td>
                <td class="text-right">{delete}</td>
            </tr>
        }
    };
    view! {
        <table class="list-table members">
            <thead>
                <tr>
                    <th scope="col">{say!(words.name)}</th>
                    <th scope="col">{say!(words.dates)}</th>
                    <th scope="col" class="wide-only">{say!(schedules.whose)}</th>
                    <th scope="col"><span class="sr-only">{say!(words.delete)}</span></th>
                </tr>
            </thead>
            <tbody>{holidays.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn AddHoliday(on_change: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let (api, desk, toasts) = (use_api(), use_desk(), use_toasts());
    let name = RwSignal::new(String::new());
    let group = RwSignal::new(String::new());
    let first = RwSignal::new(calendar::today(desk).to_string());
    let last = RwSignal::new(calendar::today(desk).to_string());
    let problems = HeadProblems::new();
    let busy = RwSignal::new(false);
    let groups = Loader::<Vec<GroupView>>::new();
    groups.run(async move { api.groups().await.map(|page| page.items) });
    let choices = Signal::derive(move || {
        let everyone = (String::new(), say!(words.everyone).to_owned());
        let groups = groups.value().unwrap_or_default().into_iter();
        std::iter::once(everyone)
            .chain(groups.map(|group| (group.id.to_string(), group.name)))
            .collect::<Vec<_>>()
    });
    // A last day before the first is never meant.
    Effect::new(move |_| {
        let begins = first.get();
        if !begins.is_empty() && last.with_untracked(|last| *last < begins) {
            last.set(begins);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problems.clear();
        let wanted = name.get_untracked().trim().to_owned();
        let day = |text: RwSignal<String>| text.get_untracked().parse::<NaiveDate>().ok();
        let (from, until) = (day(first), day(last).and_then(|last| last.succ_opt()));
        if wanted.is_empty() {
            problems.set("name", say!(schedules.enter_name).to_owned());
        }
        if from.is_none() {
            problems.set("from_day", say!(schedules.give_day).to_owned());
        }
        if until.is_none() {
            problems.set("until_day", say!(schedules.give_day).to_owned());
        }
        let backwards = from.zip(until).is_some_and(|(from, until)| until <= from);
        if backwards {
            problems.set("until_day", say!(schedules.last_before_first).to_owned());
        }
        let fits = !wanted.is_empty() && !backwards && !busy.get_untracked();
        let Some((from_day, until_day)) = from.zip(until).filter(|_| fits) else {
            return;
        };
        let group = group.with_untracked(|id| id.parse().ok());
        let request = CreateHoliday { group, name: wanted, from_day, until_day };
        busy.set(true);
        spawn_local(async move {
            match api.create_holiday(&request).await {
                Ok(_) => {
                    toasts.show(say!(words.saved));
                    on_close.run(());
                    on_change.run(());
                }
                Err(failure) => {
                    problems.take(&failure, failure.field("until_day").is_some());
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=say!(schedules.add_holiday) on_close>
            <ModalHead title=say!(schedules.add_holiday) on_close />
            <form id=FORM class="dialog-content" on:submit=submit novalidate>
                <TextField
                    id="holiday-name"
                    label=say!(words.name)
                    value=name
                    problem=problems.of("name")
                    required=true
                    testid="holiday-name"
                />
                <div class="field-pair">
                    <TextField
                        id="holiday-first"
                        label=say!(schedules.first_day)
                        value=first
                        kind="date"
                        problem=problems.of("from_day")
                        required=true
                    />
                    <TextField
                        id="holiday-last"
                        label=say!(groups.last_day)
                        value=last
                        kind="date"
                        problem=problems.of("until_day")
                        required=true
                    />
                </div>
                <SelectField id="holiday-group" label=say!(schedules.whose) value=group choices />
                <Problem text=problems.other />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton words=say!(words.add) busy_words=say!(words.saving) busy form=FORM testid="holiday-save" />
            </footer>
        </Modal>
    }
}
