//! The states of people's days: read what they follow from, work them out, write them down.
//!
//! Whoever changes what a state follows from calls this in the same transaction: [`arrived`] for a sighting that is
//! written, moved or voided, [`recompute`] for marks, [`people_changed`] for people whose groups change, [`ask`] for
//! changes of schedules and holidays, whose people may be too many for a request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use types::MarkState;
use uuid::Uuid;

use super::binding::{Event, bind};
use super::instances::{ALL_DAY, Instance, Schedule, all_day, instances};
use super::presence::Sightings;
use super::rules;
use super::state::{Gap, Given, Outcome, all_away, judge};
use crate::domain::alerts::raising;
use crate::domain::devices;
use crate::domain::feeds;
use crate::error::ApiError;
use crate::models;
use crate::models::attendance_days::{Day, Locked};
use crate::models::marks::Mark;

/// People whose days are held at once while many are worked out: whoever arrives meanwhile waits for so many.
pub const BATCH: usize = 500;
/// An instance and its window reach no further over its day than this, in whatever zone.
const REACH: Days = Days::new(3);

/// A state that was worked out.
#[derive(Debug, Clone)]
pub struct Computed {
    /// Whose.
    pub person: Uuid,
    /// Of what.
    pub instance: Arc<Instance>,
    /// The group through which it is theirs.
    pub group: Option<Uuid>,
    /// Whether nobody is expected.
    pub holiday: bool,
    /// The state.
    pub outcome: Outcome,
    /// Where they were first seen to come.
    pub feed: Option<Uuid>,
    /// The newest mark, one that took an earlier one back included.
    pub mark: Option<Mark>,
    /// Whether any camera saw them.
    pub seen: bool,
    /// Whether the arrivals that say so are erased, and its row alone does.
    pub kept: bool,
}

/// The site's zone.
///
/// # Errors
/// When the database fails.
pub fn site_zone(conn: &mut PgConnection) -> Result<Tz, ApiError> {
    rules::zone(&models::settings::get(conn)?.timezone)
}

/// Today, in the site's zone.
///
/// # Errors
/// When the database fails.
pub fn today(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<NaiveDate, ApiError> {
    Ok(now.with_timezone(&site_zone(conn)?).date_naive())
}

/// Works out again what sightings of some people at `at` can have changed.
///
/// # Errors
/// When the database fails.
pub fn arrived(conn: &mut PgConnection, people: &[Uuid], at: DateTime<Utc>) -> Result<(), ApiError> {
    let day = at.date_naive();
    recompute(conn, people, (day - REACH, day + Days::new(2)), Utc::now())?;
    Ok(())
}

/// Works out again what is expected of some people from a day on, at most a year back: their groups have changed, or
/// they were archived.
///
/// # Errors
/// When the database fails.
pub fn people_changed(
    conn: &mut PgConnection,
    people: &[Uuid],
    from: Option<NaiveDate>,
) -> Result<(), ApiError> {
    let now = Utc::now();
    let today = today(conn, now)?;
    let earliest = today - Days::new(366);
    let (first, last) = (from.unwrap_or(earliest).max(earliest), today + Days::new(1));
    if first <= last {
        for part in people.chunks(BATCH) {
            recompute(conn, part, (first, last), now)?;
        }
    }
    Ok(())
}

/// Asks for the days `[from, until)` of a group's members, or of everybody, to be worked out again soon. Nothing
/// after tomorrow is known of anybody, so nothing after it is worked out.
///
/// # Errors
/// When the database fails.
pub fn ask(
    conn: &mut PgConnection,
    group: Option<Uuid>,
    from: NaiveDate,
    until: Option<NaiveDate>,
) -> Result<(), ApiError> {
    let end = today(conn, Utc::now())? + Days::new(2);
    let until = until.map_or(end, |until| until.min(end));
    if from < until {
        models::schedule_runs::ask(conn, group, from, until)?;
    }
    Ok(())
}

/// Works out the states of some people on the days from `from` to `to`, both included, and writes down what has begun,
/// was seen or was marked; says how many rows changed. Run it in a transaction: the people are held until it ends.
///
/// # Errors
/// When the database fails.
pub fn recompute(
    conn: &mut PgConnection,
    people: &[Uuid],
    (from, to): (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<usize, ApiError> {
    let held = models::attendance_days::lock(conn, people)?;
    let computed = Known::read(conn, &held, (from, to), &[])?.compute(&held, (from, to), now);
    let known = |one: &&Computed| {
        let all_day = one.instance.schedule == ALL_DAY;
        one.outcome.by_hand || one.kept || (!all_day && (one.seen || one.instance.opens_at <= now))
    };
    let rows: Vec<Day> = computed.iter().filter(known).map(row).collect();
    let mut changed = HashSet::new();
    for rows in rows.chunks(5000) {
        changed.extend(models::attendance_days::upsert(conn, rows)?);
    }
    let ids: Vec<Uuid> = held.iter().map(|(id, _)| *id).collect();
    let gone = models::attendance_days::delete_others(conn, &ids, (from, to), ALL_DAY, &rows)?;
    if !changed.is_empty() || gone > 0 {
        let written = |row: &&Day| changed.contains(&(row.person_id, row.schedule_id, row.day, row.slot));
        raising::days_changed(conn, &ids, rows.iter().filter(written), now)?;
    }
    Ok(changed.len() + gone)
}

/// Works out what the states of some people are on a day, without writing anything; those of `all_day` also for the
/// day as a whole.
///
/// # Errors
/// When the database fails.
pub fn look(
    conn: &mut PgConnection,
    people: &[Uuid],
    day: NaiveDate,
    all_day: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Computed>, ApiError> {
    let known = models::attendance_days::people(conn, people)?;
    Ok(Known::read(conn, &known, (day, day), all_day)?.compute(&known, (day, day), now))
}

fn row(one: &Computed) -> Day {
    let Outcome {
        state,
        by_hand,
        first_in,
        last_out,
        late_minutes,
        early_minutes,
        worked_minutes,
        seen_minutes,
    } = one.outcome;
    Day {
        person_id: one.person,
        schedule_id: one.instance.schedule,
        day: one.instance.day,
        slot: one.instance.slot,
        group_id: one.group,
        starts_at: one.instance.starts_at,
        ends_at: one.instance.ends_at,
        state: state.name().to_owned(),
        by_hand,
        mark_id: one.mark.as_ref().filter(|_| by_hand).map(|mark| mark.id),
        first_in,
        last_out,
        late_minutes,
        early_minutes,
        worked_minutes,
        seen_minutes,
    }
}

/// What a row says was seen, whatever a mark made of it.
fn sightings(row: &Day) -> Sightings {
    let away = row.by_hand && matches!(row.state.as_str(), "absent" | "excused");
    let worked_minutes = if away { row.seen_minutes } else { row.worked_minutes };
    Sightings { first_in: row.first_in, last_out: row.last_out, worked_minutes }
}

/// What a mark says; none where it takes an earlier one back.
pub fn marked(mark: &Mark) -> Option<MarkState> {
    let state = mark.state.as_deref()?;
    MarkState::ALL.into_iter().find(|known| known.name() == state)
}

/// Reads schedules with all their rules, deleted ones included.
///
/// # Errors
/// When the database fails.
pub fn schedules(conn: &mut PgConnection, ids: &[Uuid], site: Tz) -> Result<Vec<Schedule>, ApiError> {
    let mut versions: HashMap<Uuid, Vec<_>> = HashMap::new();
    for version in models::schedules::versions(conn, ids)? {
        let rules = serde_json::from_value(version.rules).map_err(anyhow::Error::from)?;
        versions.entry(version.schedule_id).or_default().push((version.from_day, Arc::new(rules)));
    }
    let rows = models::schedules::of_ids(conn, ids)?;
    rows.into_iter()
        .map(|row| {
            let zone = row.timezone.as_deref().map_or(Ok(site), rules::zone)?;
            let versions = versions.remove(&row.id).unwrap_or_default();
            Ok(Schedule { id: row.id, zone, versions })
        })
        .collect()
}

/// That a schedule is somebody's through a group, in `[from, until)`.
struct Theirs {
    schedule: Uuid,
    group: Uuid,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

impl Theirs {
    fn covers(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// Everything that the states of some people follow from.
struct Known {
    zone: Tz,
    instances: HashMap<Uuid, Vec<Arc<Instance>>>,
    theirs: HashMap<Uuid, Vec<Theirs>>,
    events: HashMap<Uuid, Vec<Event>>,
    /// The rows of each person that alone say what was seen: its arrivals are erased.
    kept: HashMap<Uuid, Vec<Day>>,
    marks: HashMap<(Uuid, Uuid, NaiveDate, i16), Mark>,
    /// Whose (none is everybody's), and `[from, until)`.
    holidays: Vec<(Option<Uuid>, NaiveDate, NaiveDate)>,
    /// When nobody of a group would have been seen; without a group: of one past whose feeds nothing is told.
    gaps: HashMap<Option<Uuid>, Vec<Gap>>,
    told: HashSet<Uuid>,
    all_day: HashSet<Uuid>,
}

impl Known {
    fn read(
        conn: &mut PgConnection,
        people: &[Locked],
        (from, to): (NaiveDate, NaiveDate),
        all_day: &[Uuid],
    ) -> Result<Self, ApiError> {
        let ids: Vec<Uuid> = people.iter().map(|(id, _)| *id).collect();
        let zone = site_zone(conn)?;
        // Instances of the days around compete for the same sightings.
        let (first, last) = (from - REACH, to + REACH);
        let mut theirs: HashMap<Uuid, Vec<Theirs>> = HashMap::new();
        let mut wanted = HashSet::new();
        for row in models::schedules::of_people(conn, &ids, first, last)? {
            let (from, until) = (row.from_day, row.until_day);
            wanted.insert(row.schedule_id);
            let one = Theirs { schedule: row.schedule_id, group: row.group_id, from, until };
            theirs.entry(row.person_id).or_default().push(one);
        }
        let mut known = Self {
            zone,
            instances: HashMap::new(),
            theirs,
            events: HashMap::new(),
            kept: HashMap::new(),
            marks: HashMap::new(),
            holidays: Vec::new(),
            gaps: HashMap::new(),
            told: HashSet::new(),
            all_day: all_day.iter().copied().collect(),
        };
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        if !wanted.is_empty() {
            for schedule in schedules(conn, &wanted, zone)? {
                let all = instances(&schedule, first, last).into_iter().map(Arc::new).collect();
                known.instances.insert(schedule.id, all);
            }
        }
        for mark in models::marks::newest(conn, &ids, from, to)? {
            known.marks.insert((mark.person_id, mark.schedule_id, mark.day, mark.slot), mark);
        }
        let any_all_day = !known.all_day.is_empty() || known.marks.keys().any(|key| key.1 == ALL_DAY);
        if !known.theirs.is_empty() || any_all_day {
            known.read_events(conn, &ids, (first, last))?;
            known.read_absences(conn, (first, last))?;
        }
        Ok(known)
    }

    fn read_events(
        &mut self,
        conn: &mut PgConnection,
        ids: &[Uuid],
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<(), ApiError> {
        let begin = all_day(self.zone, first).starts_at;
        let end = all_day(self.zone, last).ends_at;
        for (person, at, feed, direction) in models::attendance_days::seen(conn, ids, begin, end)? {
            let direction = feeds::direction(&direction);
            self.events.entry(person).or_default().push(Event { at, direction, feed });
        }
        // In this order: of arrivals that are erased meanwhile, either they or their rows are found.
        for row in models::attendance_days::outlasting_arrivals(conn, ids, (first, last))? {
            // That they left may be told by an arrival that is still there: it belongs to this row and to no other.
            if let Some(events) = self.events.get_mut(&row.person_id) {
                events.retain(|event| Some(event.at) != row.last_out);
            }
            self.kept.entry(row.person_id).or_default().push(row);
        }
        Ok(())
    }

    fn read_absences(
        &mut self,
        conn: &mut PgConnection,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<(), ApiError> {
        let holidays = models::holidays::between(conn, first, last)?;
        self.holidays =
            holidays.into_iter().map(|(row, _)| (row.group_id, row.from_day, row.until_day)).collect();
        let mut gaps: HashMap<Uuid, Vec<Gap>> = HashMap::new();
        let (begin, end) = (all_day(self.zone, first).starts_at, all_day(self.zone, last).ends_at);
        for (feed, from, until) in models::feed_gaps::between(conn, begin, end)? {
            gaps.entry(feed).or_default().push((from, until));
        }
        // While frames wait on a device, whoever passed may be on it.
        for (feed, from) in models::feed_devices::backlogs(conn, Utc::now() - devices::KNOWN)? {
            gaps.entry(feed).or_default().push((from, None));
        }
        for (group, feed) in models::feed_gaps::feeds_of_groups(conn)? {
            self.told.insert(group);
            self.gaps.entry(Some(group)).or_default().extend(gaps.get(&feed).into_iter().flatten());
        }
        if !gaps.is_empty() {
            let seen = models::feed_gaps::feeds_seen(conn)?;
            let of_each: Vec<Vec<Gap>> =
                seen.iter().map(|feed| gaps.get(feed).cloned().unwrap_or_default()).collect();
            self.gaps.insert(None, all_away(&of_each));
        }
        Ok(())
    }

    fn kept_of(&self, person: Uuid, instance: &Instance) -> Option<Sightings> {
        let key = (instance.schedule, instance.day, instance.slot);
        let rows = self.kept.get(&person)?;
        rows.iter().find(|row| (row.schedule_id, row.day, row.slot) == key).map(sightings)
    }

    fn gaps_of(&self, group: Option<Uuid>) -> &[Gap] {
        let group = group.filter(|group| self.told.contains(group));
        self.gaps.get(&group).map(Vec::as_slice).unwrap_or_default()
    }

    fn is_holiday(&self, group: Option<Uuid>, day: NaiveDate) -> bool {
        let holds = |(whose, from, until): &(Option<Uuid>, NaiveDate, NaiveDate)| {
            (whose.is_none() || *whose == group) && *from <= day && day < *until
        };
        self.holidays.iter().any(holds)
    }

    fn compute(
        &self,
        people: &[Locked],
        (from, to): (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Vec<Computed> {
        let whole_days: HashMap<NaiveDate, Arc<Instance>> = from
            .iter_days()
            .take_while(|day| *day <= to)
            .map(|day| (day, Arc::new(all_day(self.zone, day))))
            .collect();
        let mut computed = Vec::new();
        for (person, archived_at) in people {
            let theirs = self.instances_of(*person, *archived_at);
            let instances: Vec<&Instance> = theirs.iter().map(|(instance, _)| instance.as_ref()).collect();
            let events = self.events.get(person).map(Vec::as_slice).unwrap_or_default();
            let (bound, unbound) = bind(&instances, events);
            for ((instance, group), events) in theirs.iter().zip(&bound) {
                if (from..=to).contains(&instance.day) {
                    computed.push(self.judged(*person, (instance, *group), events, now));
                }
            }
            let mut days: Vec<_> = whole_days.iter().collect();
            days.sort_unstable_by_key(|(day, _)| **day);
            for (day, instance) in days {
                if self.all_day.contains(person) || self.marks.contains_key(&(*person, ALL_DAY, *day, 0)) {
                    let within = unbound.iter().filter(|event| instance.contains(event.at));
                    let events: Vec<Event> = within.copied().collect();
                    computed.push(self.judged(*person, (instance, None), &events, now));
                }
            }
        }
        computed
    }

    /// The instances of a person, each with the group through which it is theirs: one that has no holiday, if any.
    fn instances_of(
        &self,
        person: Uuid,
        archived_at: Option<DateTime<Utc>>,
    ) -> Vec<(Arc<Instance>, Option<Uuid>)> {
        let theirs = self.theirs.get(&person).map(Vec::as_slice).unwrap_or_default();
        let mut found = Vec::new();
        for of_schedule in theirs.chunk_by(|one, other| one.schedule == other.schedule) {
            let all = self.instances.get(&of_schedule[0].schedule).map(Vec::as_slice).unwrap_or_default();
            for instance in all {
                let day = instance.day;
                let groups = || of_schedule.iter().filter(|one| one.covers(day)).map(|one| one.group);
                let group = groups().find(|group| !self.is_holiday(Some(*group), day)).or(groups().next());
                if group.is_some() && archived_at.is_none_or(|at| instance.starts_at < at) {
                    found.push((Arc::clone(instance), group));
                }
            }
        }
        found
    }

    fn judged(
        &self,
        person: Uuid,
        (instance, group): (&Arc<Instance>, Option<Uuid>),
        events: &[Event],
        now: DateTime<Utc>,
    ) -> Computed {
        let mark = self.marks.get(&(person, instance.schedule, instance.day, instance.slot));
        let holiday = self.is_holiday(group, instance.day);
        let kept = self.kept_of(person, instance);
        let given = Given { mark: mark.and_then(marked), holiday, gaps: self.gaps_of(group), kept };
        let outcome = judge(instance, events, given, now);
        let came = events.iter().find(|event| Some(event.at) == outcome.first_in);
        Computed {
            person,
            instance: Arc::clone(instance),
            group,
            holiday,
            outcome,
            feed: came.map(|event| event.feed),
            mark: mark.cloned(),
            seen: kept.is_some() || !events.is_empty(),
            kept: kept.is_some(),
        }
    }
}
