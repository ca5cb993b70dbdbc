//! The columns of each report, what stands in them, and what is summed up.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use types::{AttendanceState, ColumnKind, ReportColumn, ReportKind};

use crate::domain::tables::{Cell, Heading};
use crate::models::reports::{Instance, LetterTotal, PersonDays, StateTotal};

/// The letters of a register: letter, key, meaning. `models::reports` says when a day has which.
pub const LETTERS: [(char, &str, &str); 9] = [
    ('P', "present", "Present"),
    ('L', "late", "Late"),
    ('D', "left_early", "Left early"),
    ('H', "half_day", "Half day, or there for a part"),
    ('A', "absent", "Absent"),
    ('E', "excused", "Excused"),
    ('U', "unconfirmed", "Unconfirmed"),
    ('O', "holiday", "Holiday, or a day off"),
    ('N', "expected", "Expected, not over yet"),
];

/// The state alone, out of what a letter means.
fn word(meaning: &str) -> &str {
    meaning.split(',').next().unwrap_or(meaning)
}

/// Those that stand for having been there.
const ATTENDED: [char; 4] = ['P', 'L', 'D', 'H'];

/// The state of a day as a whole, by its letter.
pub fn state_of_letter(letter: char) -> AttendanceState {
    let name = LETTERS.iter().find(|entry| entry.0 == letter).map_or("expected", |entry| entry.1);
    let state = AttendanceState::ALL.into_iter().find(|state| state.name() == name);
    state.unwrap_or(AttendanceState::Expected)
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    key: String,
    /// Its heading.
    pub title: String,
    kind: ColumnKind,
    /// Its width in characters.
    pub width: u16,
    field: Field,
}

/// Where a cell comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    ExternalId,
    Group,
    Day,
    Schedule,
    Starts,
    Ends,
    FirstIn,
    LastOut,
    State,
    LateMinutes,
    Times,
    Note,
    /// The letter of a day, by its distance from the first.
    Letter(usize),
    /// The minutes worked on a day.
    Worked(usize),
    /// How many days have a letter.
    Letters(char),
    Rate,
    WorkedInAll,
    Open,
}

impl Column {
    fn new(key: &str, title: &str, kind: ColumnKind, width: u16, field: Field) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), kind, width, field }
    }

    /// Its heading on paper, and its width there in points, for a report of days across. A day is headed by the two
    /// letters of its weekday and its number: its month stands above the table.
    pub fn printed(&self) -> Heading {
        let (title, width) = match self.field {
            Field::Name => (self.title.clone(), 88),
            Field::ExternalId | Field::Group | Field::Open => (self.title.clone(), 40),
            Field::Letter(_) | Field::Worked(_) => {
                let title = self.key.parse::<NaiveDate>().map(|day| {
                    let weekday: String = day.format("%a").to_string().chars().take(2).collect();
                    format!("{weekday} {}", day.format("%d"))
                });
                (
                    title.unwrap_or_else(|_| self.title.clone()),
                    if self.kind == ColumnKind::Letter { 16 } else { 17 },
                )
            }
            Field::Letters(_) => (self.title.clone(), 13),
            _ => (self.title.clone(), 36),
        };
        Heading { title, width }
    }

    /// The column as clients see it.
    pub fn view(&self) -> ReportColumn {
        ReportColumn { key: self.key.clone(), title: self.title.clone(), kind: self.kind }
    }
}

/// The columns of a report.
pub fn columns(kind: ReportKind, (from, to): (NaiveDate, NaiveDate)) -> Vec<Column> {
    use ColumnKind as K;
    let column = Column::new;
    let mut columns = vec![
        column("person", "Name", K::Text, 28, Field::Name),
        column("external_id", "Id", K::Text, 14, Field::ExternalId),
        column("group", "Group", K::Text, 16, Field::Group),
    ];
    let day = || column("day", "Day", K::Day, 11, Field::Day);
    let schedule = || column("schedule", "Schedule", K::Text, 18, Field::Schedule);
    let starts = || column("starts_at", "Starts", K::Time, 17, Field::Starts);
    let first_in = || column("first_in", "First in", K::Time, 17, Field::FirstIn);
    let state = || column("state", "State", K::State, 12, Field::State);
    let late = || column("late_minutes", "Minutes late", K::Minutes, 9, Field::LateMinutes);
    let note = || column("note", "Note", K::Text, 30, Field::Note);
    let days = |kind, width, field: fn(usize) -> Field| {
        from.iter_days().take_while(move |day| *day < to).enumerate().map(move |(number, day)| {
            Column::new(&day.to_string(), &day.format("%d %b").to_string(), kind, width, field(number))
        })
    };
    match kind {
        ReportKind::DaySheet => {
            let ends = column("ends_at", "Ends", K::Time, 17, Field::Ends);
            let last_out = column("last_out", "Last out", K::Time, 17, Field::LastOut);
            columns.extend([schedule(), starts(), ends, first_in(), last_out, state(), late(), note()]);
        }
        ReportKind::Late => {
            let times = column("times", "Times late", K::Count, 9, Field::Times);
            columns.extend([day(), schedule(), starts(), first_in(), late(), times]);
        }
        ReportKind::Absences => columns.extend([day(), schedule(), starts(), state(), note()]),
        ReportKind::Register => {
            columns.extend(days(K::Letter, 7, Field::Letter));
            let counted = LETTERS.iter().take(8);
            columns.extend(counted.map(|(letter, key, _)| {
                column(key, &letter.to_string(), K::Count, 5, Field::Letters(*letter))
            }));
            columns.push(column("rate", "Rate", K::Share, 8, Field::Rate));
        }
        ReportKind::Hours => {
            columns.extend(days(K::Minutes, 7, Field::Worked));
            columns.push(column("worked_minutes", "Total minutes", K::Minutes, 9, Field::WorkedInAll));
            columns.push(column("open", "Hours unknown", K::Count, 9, Field::Open));
        }
    }
    columns
}

/// A row as it is read.
#[derive(Debug)]
pub enum Row {
    /// The days of a person.
    Days(PersonDays),
    /// A person in a shift instance.
    Instance(Box<Instance>),
}

/// How cells are made of a row.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    columns: &'a [Column],
    first_day: NaiveDate,
    zone: Tz,
    /// States in words rather than by their names on the wire.
    words: bool,
}

impl<'a> Look<'a> {
    /// For the screen: names of the wire, times in UTC.
    pub fn screen(columns: &'a [Column], first_day: NaiveDate) -> Self {
        Self { columns, first_day, zone: Tz::UTC, words: false }
    }

    /// For a file: words, times as clocks at the site show them.
    pub fn file(columns: &'a [Column], first_day: NaiveDate, zone: Tz) -> Self {
        Self { columns, first_day, zone, words: true }
    }

    /// A cell for each column.
    pub fn cells(&self, row: &Row) -> Vec<Cell> {
        match row {
            Row::Days(row) => {
                let days = DaysOfPerson::of(row, self.first_day);
                self.columns.iter().map(|column| days.cell(column.field)).collect()
            }
            Row::Instance(row) => {
                self.columns.iter().map(|column| self.of_instance(row, column.field)).collect()
            }
        }
    }

    fn of_instance(&self, row: &Instance, field: Field) -> Cell {
        let text = |text: &String| Cell::Text(text.clone());
        let time = |at: DateTime<Utc>| Cell::Time(at.with_timezone(&self.zone).naive_local());
        match field {
            Field::Name => text(&row.name),
            Field::ExternalId => text(&row.external_id),
            Field::Group => Cell::text(row.group_name.clone()),
            Field::Day => Cell::Day(row.day),
            Field::Schedule => text(&row.schedule_name),
            Field::Starts => time(row.starts_at),
            Field::Ends => time(row.ends_at),
            Field::FirstIn => row.first_in.map_or(Cell::Empty, time),
            Field::LastOut => row.last_out.map_or(Cell::Empty, time),
            Field::State if self.words => Cell::Text(row.state.replace('_', " ")),
            Field::State => text(&row.state),
            Field::LateMinutes => Cell::Whole(i64::from(row.late_minutes)),
            Field::Times => Cell::Whole(row.times),
            Field::Note => Cell::text(row.note.clone()),
            _ => Cell::Empty,
        }
    }
}

/// A person's days at hand by their distance from the first.
struct DaysOfPerson<'a> {
    row: &'a PersonDays,
    letters: Vec<Option<char>>,
    minutes: Vec<Option<i64>>,
}

impl<'a> DaysOfPerson<'a> {
    fn of(row: &'a PersonDays, first_day: NaiveDate) -> Self {
        let number = |day: &NaiveDate| usize::try_from((*day - first_day).num_days()).unwrap_or(0);
        let length = row.days.last().map_or(0, |day| number(day) + 1);
        let (mut letters, mut minutes) = (vec![None; length], vec![None; length]);
        for ((day, letter), worked) in row.days.iter().zip(row.letters.chars()).zip(&row.minutes) {
            letters[number(day)] = Some(letter);
            minutes[number(day)] = *worked;
        }
        Self { row, letters, minutes }
    }

    fn count(&self, letter: char) -> i64 {
        i64::try_from(self.row.letters.chars().filter(|other| *other == letter).count()).unwrap_or(0)
    }

    fn cell(&self, field: Field) -> Cell {
        let whole = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Whole);
        match field {
            Field::Name => Cell::Text(self.row.name.clone()),
            Field::ExternalId => Cell::Text(self.row.external_id.clone()),
            Field::Group => Cell::text(self.row.group_name.clone()),
            Field::Letter(day) => Cell::text(self.letters.get(day).copied().flatten().map(String::from)),
            Field::Worked(day) => whole(self.minutes.get(day).copied().flatten()),
            Field::Letters(letter) => Cell::Whole(self.count(letter)),
            Field::Rate => rate(|letter| self.count(letter)),
            Field::WorkedInAll => Cell::Whole(self.row.minutes.iter().flatten().sum()),
            Field::Open => Cell::Whole(self.row.open),
            _ => Cell::Empty,
        }
    }
}

/// Days attended of those attended or missed.
fn rate(count: impl Fn(char) -> i64) -> Cell {
    let attended: i64 = ATTENDED.into_iter().map(&count).sum();
    share(attended, attended + count('A')).map_or(Cell::Empty, Cell::Share)
}

/// A part of a whole; none of nothing.
#[allow(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
pub fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A line about the whole.
#[derive(Debug, Clone)]
pub struct Total {
    /// Stable name.
    pub key: &'static str,
    /// What it is called.
    pub title: String,
    /// The number.
    pub value: Cell,
}

impl Total {
    fn new(key: &'static str, title: &str, value: Cell) -> Self {
        Self { key, title: title.to_owned(), value }
    }

    /// As a line of text.
    pub fn line(&self) -> String {
        let value = match &self.value {
            Cell::Whole(number) => number.to_string(),
            Cell::Share(share) => format!("{:.1} %", share * 100.0),
            _ => "–".to_owned(),
        };
        format!("{}: {value}", self.title)
    }
}

/// The totals of a register.
pub fn letter_totals(totals: &[LetterTotal]) -> Vec<Total> {
    let count = |letter: char| {
        let total = totals.iter().find(|total| total.letter.starts_with(letter));
        total.map_or(0, |total| total.days)
    };
    let mut lines: Vec<Total> = LETTERS
        .iter()
        .map(|(letter, key, meaning)| Total::new(key, word(meaning), Cell::Whole(count(*letter))))
        .collect();
    lines.push(Total::new("rate", "Attendance rate", rate(count)));
    lines
}

/// The totals of the other reports.
pub fn state_totals(kind: ReportKind, totals: &[StateTotal]) -> Vec<Total> {
    let sum = |of: fn(&StateTotal) -> i64| Cell::Whole(totals.iter().map(of).sum());
    match kind {
        ReportKind::Late => vec![
            Total::new("times", "Times late", sum(|total| total.late)),
            Total::new("late_minutes", "Minutes late", sum(|total| total.late_minutes)),
        ],
        ReportKind::Hours => vec![
            Total::new("worked_minutes", "Minutes worked", sum(|total| total.worked_minutes)),
            Total::new("open", "Hours unknown", sum(|total| total.open)),
        ],
        _ => LETTERS
            .iter()
            .filter(|(_, state, _)| kind != ReportKind::Absences || ABSENCES.contains(state))
            .map(|(_, state, meaning)| Total::new(state, word(meaning), Cell::Whole(count(totals, state))))
            .collect(),
    }
}

const ABSENCES: [&str; 3] = ["absent", "excused", "unconfirmed"];

fn count(totals: &[StateTotal], state: &str) -> i64 {
    totals.iter().find(|total| total.state == state).map_or(0, |total| total.instances)
}

/// How many rows a report of instances has.
pub fn listed(kind: ReportKind, totals: &[StateTotal]) -> i64 {
    match kind {
        ReportKind::Late => totals.iter().map(|total| total.late).sum(),
        ReportKind::Absences => ABSENCES.iter().map(|state| count(totals, state)).sum(),
        _ => totals.iter().map(|total| total.instances).sum(),
    }
}
