//! A scheduled report: which, of which days, to whom, how often.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{
    Cadence, ReportFormat, ReportKind, ReportRange, ReportScheduleView, SaveReportSchedule, Weekday,
};

use super::fields::{Checks, Lines, Tick, Tickbox, TimeField, accounts, ids, lines, missing, refusal, time};
use super::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::Loader;
use crate::reports::kind_name;
use crate::session::fresh;
use crate::ui::{Modal, ModalHead, Problem, SaveButton, SelectField, TextField, When};

const NAMES: [&str; 9] =
    ["kind", "range", "group", "format", "users", "emails", "cadence", "cadence.day", "time"];
const FORMATS: [(&str, &str, ReportFormat); 3] = [
    ("xlsx", "XLSX", ReportFormat::Xlsx),
    ("csv", "CSV", ReportFormat::Csv),
    ("pdf", "PDF", ReportFormat::Pdf),
];

/// The form of a scheduled report; a new one where none is given.
#[component]
pub fn ScheduleDialog(
    /// As it stands.
    schedule: Option<ReportScheduleView>,
    /// It was saved.
    on_saved: Callback<()>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let id = schedule.as_ref().map(|schedule| schedule.id);
    let title = if id.is_some() { say!(alerts.schedule_edit) } else { say!(alerts.schedule_add) };
    let stands = schedule.as_ref();
    let text =
        |text: Option<String>, otherwise: &str| RwSignal::new(text.unwrap_or_else(|| otherwise.to_owned()));
    let name = text(stands.map(|stands| stands.name.clone()), "");
    let kind = text(stands.map(|stands| stands.kind.name().to_owned()), ReportKind::Late.name());
    let range = text(stands.map(|stands| stands.range.name().to_owned()), ReportRange::LastWeek.name());
    let group = text(stands.and_then(|stands| stands.group.as_ref()).map(|group| group.id.to_string()), "");
    let format_key = |format: ReportFormat| FORMATS.iter().find(|(_, _, other)| *other == format);
    let format =
        text(stands.and_then(|stands| format_key(stands.format)).map(|(key, ..)| (*key).to_owned()), "xlsx");
    let users = RwSignal::new(
        stands
            .map(|stands| stands.users.iter().map(|user| user.id.to_string()).collect::<Vec<_>>())
            .unwrap_or_default(),
    );
    let emails = text(stands.map(|stands| stands.emails.join("\n")), "");
    let at = text(stands.map(|stands| stands.time.to_string()), "07:00");
    let (every, weekday, day) = match stands.map(|stands| stands.cadence) {
        Some(Cadence::Day) => ("day", 0, 1),
        Some(Cadence::Week { weekday }) => {
            ("week", Weekday::ALL.iter().position(|day| *day == weekday).unwrap_or(0), 1)
        }
        Some(Cadence::Month { day }) => ("month", 0, day),
        None => ("week", 0, 1),
    };
    let every = RwSignal::new(every.to_owned());
    let weekday = RwSignal::new(weekday.to_string());
    let day = RwSignal::new(day.to_string());
    let enabled = RwSignal::new(stands.is_none_or(|stands| stands.enabled));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let name_problem = RwSignal::new(None::<String>);
    let known = accounts();
    let groups = Loader::<Vec<Tick>>::new();
    groups.run(async move {
        let groups = api.groups().await?.items.into_iter();
        Ok(groups.map(|group| (group.id.to_string(), group.name)).collect())
    });
    let group_choices = Signal::derive(move || {
        let mut choices = vec![(String::new(), say!(reports.all_groups).to_owned())];
        choices.extend(groups.value().unwrap_or_default());
        choices
    });
    let tick = |key: &str, words: &str| (key.to_owned(), words.to_owned());
    let kinds: Vec<Tick> = ReportKind::ALL.iter().map(|kind| tick(kind.name(), kind_name(*kind))).collect();
    let ranges = Signal::derive(move || {
        let one_day = kind.with(|kind| kind == ReportKind::DaySheet.name());
        let days = |range: &ReportRange| matches!(range, ReportRange::Today | ReportRange::Yesterday);
        let shown = ReportRange::ALL.into_iter().filter(|range| !one_day || days(range));
        shown.map(|range| (range.name().to_owned(), words::range(range).to_owned())).collect::<Vec<Tick>>()
    });
    // A day sheet is of one day: a longer range would be refused.
    Effect::new(move |_| {
        ranges.with(|ranges| {
            if !ranges.iter().any(|(key, _)| range.with_untracked(|range| range == key)) {
                range.set(ReportRange::Yesterday.name().to_owned());
            }
        });
    });
    let formats: Vec<Tick> = FORMATS.iter().map(|(key, words, _)| tick(key, words)).collect();
    let cadences: Vec<Tick> = vec![
        tick("day", say!(alerts.every_day)),
        tick("week", say!(alerts.every_week)),
        tick("month", say!(alerts.every_month)),
    ];
    let weekdays: Vec<Tick> = Weekday::ALL
        .iter()
        .enumerate()
        .map(|(place, weekday)| (place.to_string(), words::weekday(*weekday)))
        .collect();
    let days: Vec<Tick> = (1..=31).map(|day: u8| (day.to_string(), day.to_string())).collect();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let trimmed = name.get_untracked().trim().to_owned();
        name_problem.set(trimmed.is_empty().then(|| say!(alerts.name_missing).to_owned()));
        let Some(time) = time(&at.get_untracked()) else {
            problem.set(Some(say!(alerts.time_wrong).to_owned()));
            return;
        };
        if trimmed.is_empty() || busy.get_untracked() {
            return;
        }
        let place = weekday.with_untracked(|place| place.parse::<usize>().unwrap_or(0));
        let cadence = match every.get_untracked().as_str() {
            "day" => Cadence::Day,
            "month" => Cadence::Month { day: day.with_untracked(|day| day.parse().unwrap_or(1)) },
            _ => Cadence::Week { weekday: Weekday::ALL.get(place).copied().unwrap_or(Weekday::Mon) },
        };
        let (kind, range, format) = (kind.get_untracked(), range.get_untracked(), format.get_untracked());
        let request = SaveReportSchedule {
            name: trimmed,
            kind: ReportKind::ALL.into_iter().find(|one| one.name() == kind).unwrap_or(ReportKind::Late),
            range: ReportRange::ALL
                .into_iter()
                .find(|one| one.name() == range)
                .unwrap_or(ReportRange::Yesterday),
            group: group.get_untracked().parse().ok(),
            format: FORMATS
                .iter()
                .find(|(key, ..)| *key == format)
                .map_or(ReportFormat::Xlsx, |(_, _, format)| *format),
            users: ids(users),
            emails: lines(&emails.get_untracked()),
            cadence,
            time,
            enabled: enabled.get_untracked(),
        };
        busy.set(true);
        spawn_local(async move {
            match fresh(api, || api.save_report_schedule(id, &request)).await {
                Ok(()) => {
                    on_saved.try_run(());
                }
                Err(failure) => {
                    let of_name = failure.field("name");
                    if of_name.is_none() {
                        problem.try_set(Some(refusal(&failure, &NAMES)));
                    }
                    name_problem.try_set(of_name);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Modal label=title kind="sheet" on_close>
            <ModalHead title on_close />
            <form id="schedule-form" class="sheet-columns" on:submit=submit novalidate>
                <div class="sheet-column">
                    <TextField
                        id="schedule-name"
                        label=say!(words.name)
                        value=name
                        problem=name_problem
                        hint=say!(alerts.schedule_name_hint)
                        required=true
                    />
                    <SelectField id="schedule-kind" label=say!(reports.kind) value=kind choices=kinds />
                    <SelectField id="schedule-range" label=say!(reports.presets) value=range choices=ranges />
                    <SelectField id="schedule-group" label=say!(words.group) value=group choices=group_choices />
                    <SelectField id="schedule-format" label=say!(alerts.format) value=format choices=formats />
                </div>
                <div class="sheet-column">
                    <SelectField id="schedule-every" label=say!(alerts.how_often) value=every choices=cadences />
                    <When is=move || every.with(|every| every == "week")>
                        <SelectField
                            id="schedule-weekday"
                            label=say!(words.day)
                            value=weekday
                            choices=weekdays.clone()
                        />
                    </When>
                    <When is=move || every.with(|every| every == "month")>
                        <SelectField
                            id="schedule-day"
                            label=say!(words.day)
                            value=day
                            choices=days.clone()
                            hint=say!(alerts.last_day_hint)
                        />
                    </When>
                    <TimeField id="schedule-time" label=say!(words.time) value=at />
                    <Checks
                        label=say!(alerts.accounts)
                        value=users
                        choices=Signal::derive(move || known.value().unwrap_or_default())
                        empty=missing(known, say!(words.none))
                    />
                    <Lines id="schedule-emails" label=say!(alerts.other_emails) value=emails />
                    <Tickbox words=say!(alerts.enabled) value=enabled />
                </div>
            </form>
            <div class="px-6"><Problem text=problem boxed=true /></div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(words.save)
                    busy_words=say!(words.saving)
                    busy
                    form="schedule-form"
                    testid="schedule-save"
                />
            </footer>
        </Modal>
    }
}
