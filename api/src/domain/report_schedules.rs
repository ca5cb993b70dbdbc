//! Reports that are sent by themselves: when one is due, a row of the outbox for each recipient says which days it is
//! about; the file is made when it is sent, with what that recipient may see.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{Connection, PgConnection};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{
    Cadence, ClockTime, GroupId, GroupRef, ReportFormat, ReportKind, ReportRange, ReportScheduleId,
    ReportScheduleView, Role, SaveReportSchedule, UserId, UserRef,
};
use uuid::Uuid;

use crate::domain::alerts::rules::{read, stored};
use crate::domain::alerts::{check_users, each_once, email, timing, valid};
use crate::domain::attendance::days;
use crate::domain::reports::{self, ReportFile};
use crate::domain::{names, sessions};
use crate::error::{ApiError, missing};
use crate::models;
use crate::models::audit::Actor;
use crate::models::outbox::{Message, NewMessage};
use crate::models::report_schedules::{Named, NewReportSchedule, ReportSchedule};
use crate::models::scope::Scope;
use crate::state::App;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a row of the outbox says about a report.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Payload {
    name: String,
    report: ReportKind,
    from: NaiveDate,
    to: NaiveDate,
    group: Option<GroupId>,
    format: ReportFormat,
}

/// A report that was made to be sent.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Made {
    pub file: ReportFile,
    pub content_type: &'static str,
    pub title: &'static str,
    /// The days it is about, in words.
    pub days: String,
}

/// All scheduled reports, by name.
///
/// # Errors
/// 503.
pub fn list(conn: &mut PgConnection) -> Result<Vec<ReportScheduleView>, ApiError> {
    let rows = models::report_schedules::list(conn)?;
    rows.into_iter().map(|row| view(conn, row)).collect()
}

/// Adds one.
///
/// # Errors
/// 409 for a name that is taken, 422.
pub fn create(
    conn: &mut PgConnection,
    by: UserId,
    request: &SaveReportSchedule,
) -> Result<ReportScheduleView, ApiError> {
    conn.transaction(|conn| {
        let row = checked(conn, Uuid::now_v7(), request)?;
        models::report_schedules::insert(conn, &row)?;
        audit(conn, by, "report_schedule.created", (row.id, &row.name))?;
        let named = models::report_schedules::find(conn, row.id)?;
        view(conn, named)
    })
}

/// Replaces one.
///
/// # Errors
/// 404, 409, 422.
pub fn update(
    conn: &mut PgConnection,
    by: UserId,
    id: ReportScheduleId,
    request: &SaveReportSchedule,
) -> Result<ReportScheduleView, ApiError> {
    conn.transaction(|conn| {
        find(conn, id)?;
        let row = checked(conn, id.0, request)?;
        models::report_schedules::update(conn, &row)?;
        audit(conn, by, "report_schedule.changed", (row.id, &row.name))?;
        let named = models::report_schedules::find(conn, id.0)?;
        view(conn, named)
    })
}

/// Deletes one and what waits to be sent of it.
///
/// # Errors
/// 404.
pub fn delete(conn: &mut PgConnection, by: UserId, id: ReportScheduleId) -> Result<(), ApiError> {
    conn.transaction(|conn| {
        let (row, _) = find(conn, id)?;
        models::report_schedules::delete(conn, id.0)?;
        audit(conn, by, "report_schedule.deleted", (row.id, &row.name))
    })
}

/// Hands one to the outbox now, whether it is switched on or not; when it is due next stays as it is.
///
/// # Errors
/// 404.
pub fn run_now(
    conn: &mut PgConnection,
    by: UserId,
    id: ReportScheduleId,
) -> Result<ReportScheduleView, ApiError> {
    conn.transaction(|conn| {
        let (row, _) = find(conn, id)?;
        let now = Utc::now();
        hand_over(conn, &row, now, now)?;
        models::report_schedules::ran(conn, row.id, now, row.next_run_at)?;
        audit(conn, by, "report_schedule.run", (row.id, &row.name))?;
        let named = models::report_schedules::find(conn, id.0)?;
        view(conn, named)
    })
}

fn find(conn: &mut PgConnection, id: ReportScheduleId) -> Result<Named, ApiError> {
    models::report_schedules::find(conn, id.0).map_err(|error| missing(error, "scheduled report"))
}

fn audit(
    conn: &mut PgConnection,
    by: UserId,
    action: &str,
    (id, name): (Uuid, &str),
) -> Result<(), ApiError> {
    let subject = ("report_schedule", Some(id));
    Ok(models::audit::insert(conn, Actor::User(by.0), action, subject, json!({ "name": name }))?)
}

fn checked(
    conn: &mut PgConnection,
    id: Uuid,
    request: &SaveReportSchedule,
) -> Result<NewReportSchedule, ApiError> {
    let mut wrong = BTreeMap::new();
    let name = names::tidy(&request.name);
    names::check(&mut wrong, "name", &name, 100);
    let one_day = matches!(request.range, ReportRange::Today | ReportRange::Yesterday);
    if request.kind == ReportKind::DaySheet && !one_day {
        wrong.insert("range".to_owned(), "A day sheet is of one day: today or yesterday.".to_owned());
    }
    if request.format == ReportFormat::Json {
        wrong.insert("format".to_owned(), "Use csv, xlsx or pdf.".to_owned());
    }
    if let Some(group) = request.group
        && models::reports::group_name(conn, group.0)?.is_none()
    {
        wrong.insert("group".to_owned(), "There is no such group.".to_owned());
    }
    let users = each_once(&mut wrong, "users", &request.users);
    check_users(conn, &mut wrong, "users", &users)?;
    let emails: Vec<String> = request.emails.iter().map(|text| email(&mut wrong, "emails", text)).collect();
    let emails = each_once(&mut wrong, "emails", &emails);
    if users.is_empty() && emails.is_empty() {
        wrong.insert("users".to_owned(), "Say who gets it.".to_owned());
    }
    if let Cadence::Month { day } = request.cadence
        && !(1..=31).contains(&day)
    {
        wrong.insert("cadence".to_owned(), "Give a day from 1 to 31.".to_owned());
    }
    valid(wrong)?;
    let zone = days::site_zone(conn)?;
    let next = timing::next_run(Utc::now(), request.cadence, request.time, zone);
    Ok(NewReportSchedule {
        id,
        name,
        kind: request.kind.name().to_owned(),
        range: request.range.name().to_owned(),
        group_id: request.group.map(|group| group.0),
        format: format_name(request.format).to_owned(),
        users: stored(&users)?,
        emails: stored(&emails)?,
        cadence: stored(&request.cadence)?,
        at_minute: i16::try_from(request.time.minutes()).unwrap_or_default(),
        enabled: request.enabled,
        next_run_at: request.enabled.then_some(next),
    })
}

fn format_name(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Json => "json",
        ReportFormat::Csv => "csv",
        ReportFormat::Xlsx => "xlsx",
        ReportFormat::Pdf => "pdf",
    }
}

/// A scheduled report as it is stored, read.
struct Stored {
    kind: ReportKind,
    range: ReportRange,
    format: ReportFormat,
    users: Vec<UserId>,
    emails: Vec<String>,
    cadence: Cadence,
    time: ClockTime,
}

impl Stored {
    fn read(row: &ReportSchedule) -> Result<Self, ApiError> {
        let formats = [ReportFormat::Csv, ReportFormat::Xlsx, ReportFormat::Pdf];
        let damaged = || anyhow::anyhow!("a scheduled report is damaged");
        let minute = u16::try_from(row.at_minute).ok().and_then(ClockTime::from_minutes);
        Ok(Self {
            kind: ReportKind::ALL.into_iter().find(|kind| kind.name() == row.kind).ok_or_else(damaged)?,
            range: ReportRange::ALL
                .into_iter()
                .find(|range| range.name() == row.range)
                .ok_or_else(damaged)?,
            format: formats.into_iter().find(|one| format_name(*one) == row.format).ok_or_else(damaged)?,
            users: read(row.users.clone())?,
            emails: read(row.emails.clone())?,
            cadence: read(row.cadence.clone())?,
            time: minute.ok_or_else(damaged)?,
        })
    }
}

fn view(conn: &mut PgConnection, (row, group): Named) -> Result<ReportScheduleView, ApiError> {
    let Stored { kind, range, format, users, emails, cadence, time } = Stored::read(&row)?;
    let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    // Accounts that are gone get nothing any more.
    let users = models::alert_rules::emails_of(conn, &ids)?;
    Ok(ReportScheduleView {
        id: ReportScheduleId(row.id),
        name: row.name,
        kind,
        range,
        group: row.group_id.map(|id| GroupRef { id: GroupId(id), name: group.unwrap_or_default() }),
        format,
        users: users.into_iter().map(|(id, email)| UserRef { id: UserId(id), email: Some(email) }).collect(),
        emails,
        cadence,
        time,
        enabled: row.enabled,
        last_run_at: row.last_run_at,
        next_run_at: row.next_run_at,
        created_at: row.created_at,
    })
}

/// Hands over reports that are due until the server stops.
pub async fn run(app: App) {
    let mut stopping = app.stopping.subscribe();
    let mut every = tokio::time::interval(LOOK_EVERY);
    let mut said = false;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        match app.db.run(|conn| hand_over_due(conn, Utc::now())).await {
            Ok(_) => said = false,
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::warn!(error.cause = %error, "scheduled reports are not sent; trying again");
                }
            }
        }
    }
}

/// Hands reports that are due to the outbox; says how many. What was missed while nobody was there is sent once.
///
/// # Errors
/// When the database fails.
pub fn hand_over_due(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<usize, ApiError> {
    let mut count = 0;
    loop {
        let any = conn.transaction(|conn| {
            let Some(row) = models::report_schedules::due(conn, now)? else {
                return Ok::<_, ApiError>(false);
            };
            let stored = Stored::read(&row)?;
            hand_over(conn, &row, row.next_run_at.unwrap_or(now), now)?;
            let next = timing::next_run(now, stored.cadence, stored.time, days::site_zone(conn)?);
            models::report_schedules::ran(conn, row.id, now, Some(next))?;
            Ok(true)
        })?;
        if !any {
            return Ok(count);
        }
        count += 1;
    }
}

/// Writes a row of the outbox for each recipient of a report that was due at `due`.
fn hand_over(
    conn: &mut PgConnection,
    row: &ReportSchedule,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let stored = Stored::read(row)?;
    let day = due.with_timezone(&days::site_zone(conn)?).date_naive();
    let (from, to) = timing::days_of(stored.range, day);
    let payload = Payload {
        name: row.name.clone(),
        report: stored.kind,
        from,
        to,
        group: row.group_id.map(GroupId),
        format: stored.format,
    };
    let payload = serde_json::to_value(payload).map_err(anyhow::Error::from)?;
    let ids: Vec<Uuid> = stored.users.iter().map(|user| user.0).collect();
    let mut to: HashMap<String, (String, Option<Uuid>)> = HashMap::new();
    for account in models::alert_rules::accounts(conn, &ids)? {
        // Guards see no reports.
        if account.role != Role::Guard.name() {
            to.insert(account.email.to_lowercase(), (account.email, Some(account.id)));
        }
    }
    for email in stored.emails {
        to.entry(email.to_lowercase()).or_insert((email, None));
    }
    let rows: Vec<NewMessage> = to
        .into_iter()
        .map(|(lower, (target, user_id))| {
            let key = format!("report:{}:{}:email:{lower}", row.id, due.timestamp_micros());
            NewMessage {
                id: Uuid::now_v7(),
                bundle: key.clone(),
                key,
                kind: "report".to_owned(),
                channel: "email".to_owned(),
                target,
                webhook_id: None,
                user_id,
                person_id: None,
                feed_id: None,
                report_schedule_id: Some(row.id),
                to_person: false,
                schedule_id: None,
                day: None,
                slot: None,
                payload: payload.clone(),
                state: "pending".to_owned(),
                created_at: now,
                not_before: now,
            }
        })
        .collect();
    models::outbox::insert(conn, &rows)?;
    Ok(())
}

/// Makes the report that a row of the outbox is about, as its recipient may see it.
///
/// # Errors
/// 404 for a group that they may not see, 422 for what cannot be printed, 429, 503.
pub async fn make(app: &App, row: &Message) -> Result<Made, ApiError> {
    let payload: Payload = read(row.payload.clone())?;
    let scope = match row.user_id {
        Some(user) => app.db.run(move |conn| scope_of(conn, user)).await?,
        None => Scope::Everyone,
    };
    let request = reports::Request {
        kind: payload.report,
        from: payload.from.to_string(),
        to: payload.to.to_string(),
        group: payload.group,
        person: None,
    };
    let file = reports::file_to_send(app, scope, request, payload.format).await?;
    let last = payload.to.pred_opt().unwrap_or(payload.to);
    Ok(Made {
        file,
        content_type: reports::content_type(payload.format),
        title: payload.report.title(),
        days: if payload.from == last { last.to_string() } else { format!("{} to {last}", payload.from) },
    })
}

fn scope_of(conn: &mut PgConnection, user: Uuid) -> Result<Scope, ApiError> {
    let account = models::users::find(conn, user).map_err(|error| missing(error, "account"))?;
    match sessions::role(&account.role) {
        _ if account.disabled_at.is_some() => Err(ApiError::Forbidden("This account is disabled.")),
        Role::Guard => Err(ApiError::Forbidden("A guard sees no reports.")),
        role => sessions::scope(conn, role, user),
    }
}
