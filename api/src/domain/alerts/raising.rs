//! From a cause to rows of the outbox, in the transaction of the cause: what rules ask for, to whom, and when.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::PgConnection;
use serde_json::{Value, json};
use types::{AlertChannel, AlertKind, AlertPreferences, Digest, MessageKind, QuietHours, Recipients};
use uuid::Uuid;

use super::timing;
use crate::domain::attendance::days;
use crate::domain::messengers::phone;
use crate::error::ApiError;
use crate::models;
use crate::models::alert_rules::{Account, Rule};
use crate::models::attendance_days::Day;
use crate::models::outbox::NewMessage;

/// Nobody is told of what was over for so long: a schedule that is worked out again says nothing new.
const STALE: TimeDelta = TimeDelta::days(2);
/// A feed has to be silent for so long more before anybody is told, and feeds that fall silent together share a message.
const HOLD: TimeDelta = TimeDelta::seconds(60);
/// A feed that comes and goes is told of once in this time, and so are unknown faces at a feed.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(30);
const FACES_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(10);
/// More than so many times what is usual at an hour waits for somebody's release,
const UNUSUAL: i64 = 5;
/// and so many are never unusual.
const NEVER_UNUSUAL: i64 = 200;

/// Something that rules may ask to be told.
#[derive(Debug, Clone)]
struct Cause {
    kind: MessageKind,
    /// Tells it from everything else.
    key: String,
    person: Option<Uuid>,
    /// The group through which it is the person's.
    group: Option<Uuid>,
    feed: Option<Uuid>,
    instance: Option<(Uuid, NaiveDate, i16)>,
    payload: Value,
    /// When it came about, or will.
    at: DateTime<Utc>,
}

/// Writes down what is to be told of days that changed, and withdraws what is not so any more.
///
/// # Errors
/// When the database fails.
pub fn days_changed<'a>(
    conn: &mut PgConnection,
    people: &[Uuid],
    changed: impl Iterator<Item = &'a Day>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    models::outbox::withdraw_untrue(conn, people)?;
    let mut causes: BTreeMap<AlertKind, Vec<Cause>> = BTreeMap::new();
    for day in changed.filter(|day| now - day.ends_at <= STALE) {
        let kind = match day.state.as_str() {
            "absent" => AlertKind::Absence,
            _ if day.was_late() => AlertKind::Lateness,
            _ => continue,
        };
        causes.entry(kind).or_default().push(of_day(kind, day, now));
    }
    for (kind, causes) in &causes {
        raise(conn, *kind, causes, now, |_| true)?;
    }
    Ok(())
}

fn of_day(kind: AlertKind, day: &Day, now: DateTime<Utc>) -> Cause {
    let (person, schedule, slot) = (day.person_id, day.schedule_id, day.slot);
    let mut payload = json!({ "starts_at": stamp(day.starts_at), "ends_at": stamp(day.ends_at) });
    if kind == AlertKind::Lateness {
        payload["late_minutes"] = day.late_minutes.into();
    }
    Cause {
        kind: kind.into(),
        key: format!("{}:{person}:{schedule}:{}:{slot}", kind.name(), day.day),
        person: Some(person),
        group: day.group_id,
        feed: None,
        instance: Some((schedule, day.day, slot)),
        payload,
        // Whoever is marked absent while the period lasts may still come.
        at: if kind == AlertKind::Absence { day.ends_at.max(now) } else { now },
    }
}

/// Writes down that a feed sends nothing since a moment, and what its device reports, where it calls.
///
/// # Errors
/// When the database fails.
pub fn camera_silent(
    conn: &mut PgConnection,
    feed: Uuid,
    (since, reported): (DateTime<Utc>, Option<String>),
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let last = models::outbox::last_of_feed(conn, feed, MessageKind::CameraSilent.name())?;
    let again = last.map_or(now, |last| last + AGAIN_AFTER);
    let mut cause = of_feed(MessageKind::CameraSilent, feed, since, (now + HOLD).max(again));
    if let Some(reported) = reported {
        cause.payload["reported"] = reported.into();
    }
    raise(conn, AlertKind::CameraSilent, &[cause], now, |_| true)
}

/// Writes down that a feed is back that was silent from `begun` to `at`, for those who were told of it; the others are
/// told of neither.
///
/// # Errors
/// When the database fails.
pub fn camera_back(
    conn: &mut PgConnection,
    feed: Uuid,
    (begun, at): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    models::outbox::withdraw_silence(conn, feed)?;
    let told: HashSet<(String, String)> =
        models::outbox::told_of_silence(conn, feed, begun)?.into_iter().collect();
    if told.is_empty() {
        return Ok(());
    }
    let cause = of_feed(MessageKind::CameraBack, feed, at, now);
    raise(conn, AlertKind::CameraSilent, &[cause], now, |row| {
        told.contains(&(row.channel.clone(), row.target.clone()))
    })
}

fn of_feed(kind: MessageKind, feed: Uuid, since: DateTime<Utc>, at: DateTime<Utc>) -> Cause {
    Cause {
        kind,
        key: format!("{}:{feed}:{}", kind.name(), stamp(since)),
        person: None,
        group: None,
        feed: Some(feed),
        instance: None,
        payload: json!({ "since": stamp(since) }),
        at,
    }
}

/// Writes down that the review queue took a new face at a feed, now and then only.
///
/// # Errors
/// When the database fails.
pub fn unknown_face(
    conn: &mut PgConnection,
    feed: Uuid,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let last = models::outbox::last_of_feed(conn, feed, MessageKind::UnknownFace.name())?;
    if last.is_some_and(|last| now - last < FACES_AGAIN_AFTER) {
        return Ok(());
    }
    let cause = Cause {
        payload: json!({ "seen_at": stamp(seen_at) }),
        ..of_feed(MessageKind::UnknownFace, feed, seen_at, now)
    };
    raise(conn, AlertKind::UnknownFace, &[cause], now, |_| true)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A rule, read.
struct Asked {
    group: Option<Uuid>,
    feed: Option<Uuid>,
    channels: Vec<AlertChannel>,
    recipients: Recipients,
    quiet: Option<QuietHours>,
    digest: Digest,
}

impl Asked {
    fn read(rule: Rule) -> Result<Self, ApiError> {
        let read = |value: Value| serde_json::from_value(value);
        let failed = anyhow::Error::from;
        Ok(Self {
            group: rule.group_id,
            feed: rule.feed_id,
            channels: serde_json::from_value(rule.channels).map_err(failed)?,
            recipients: serde_json::from_value(rule.recipients).map_err(failed)?,
            quiet: rule.quiet_hours.map(read).transpose().map_err(failed)?,
            digest: serde_json::from_value(rule.digest).map_err(failed)?,
        })
    }
}

/// Writes rows of the outbox for some causes of a kind, as far as `wanted`.
fn raise(
    conn: &mut PgConnection,
    kind: AlertKind,
    causes: &[Cause],
    now: DateTime<Utc>,
    wanted: impl Fn(&NewMessage) -> bool,
) -> Result<(), ApiError> {
    let rules = models::alert_rules::enabled(conn, kind.name())?;
    if rules.is_empty() || causes.is_empty() {
        return Ok(());
    }
    let rules: Vec<Asked> = rules.into_iter().map(Asked::read).collect::<Result<_, _>>()?;
    let zone = days::site_zone(conn)?;
    let known = Known::read(conn, &rules, causes, zone, now)?;
    let mut rows: BTreeMap<String, NewMessage> = BTreeMap::new();
    for cause in causes {
        for rule in rules.iter().filter(|rule| known.is_about(rule, cause)) {
            for row in known.told(rule, cause, now) {
                // Of two rules that tell somebody the same, the sooner one does.
                match rows.get(&row.key) {
                    Some(other) if other.not_before <= row.not_before => {}
                    _ => _ = rows.insert(row.key.clone(), row),
                }
            }
        }
    }
    let mut rows: Vec<NewMessage> = rows.into_values().filter(wanted).collect();
    if rows.is_empty() {
        return Ok(());
    }
    if kind.is_of_person() {
        let (last_hour, usual) = models::outbox::usual(conn, kind.name(), zone.name(), now)?;
        let coming = last_hour.saturating_add(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        if coming > NEVER_UNUSUAL.max(UNUSUAL * usual) {
            tracing::warn!(
                messages.count = rows.len(),
                messages.usual = usual,
                "unusually many alerts are held"
            );
            rows.iter_mut().for_each(|row| row.state = "held".to_owned());
        }
    }
    models::outbox::insert(conn, &rows)?;
    Ok(())
}

/// Everything that recipients follow from.
struct Known {
    zone: Tz,
    accounts: HashMap<Uuid, Account>,
    managed: HashMap<Uuid, HashSet<Uuid>>,
    webhooks: HashSet<Uuid>,
    /// Where people can be told.
    contacts: HashMap<Uuid, (Option<String>, Option<String>)>,
    /// The groups that people belong to.
    groups: HashMap<Uuid, HashSet<Uuid>>,
    /// The groups that feeds serve.
    served: HashMap<Uuid, Vec<Uuid>>,
    of_users: HashMap<Uuid, AlertPreferences>,
    of_people: HashMap<Uuid, AlertPreferences>,
}

/// Somebody who is told, by one way.
struct Told<'a> {
    channel: AlertChannel,
    target: String,
    webhook: Option<Uuid>,
    user: Option<Uuid>,
    to_person: bool,
    preferences: Option<&'a AlertPreferences>,
}

impl Told<'_> {
    /// An address that has no preferences.
    fn at(channel: AlertChannel, target: String) -> Self {
        Self { channel, target, webhook: None, user: None, to_person: false, preferences: None }
    }
}

impl Known {
    fn read(
        conn: &mut PgConnection,
        rules: &[Asked],
        causes: &[Cause],
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let people: Vec<Uuid> = causes.iter().filter_map(|cause| cause.person).collect();
        let mut groups: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
        if !people.is_empty() {
            let day = now.with_timezone(&zone).date_naive();
            for (person, group) in models::alert_rules::groups_on(conn, &people, day)? {
                groups.entry(person).or_default().insert(group);
            }
        }
        let mut served = HashMap::new();
        for feed in causes.iter().filter_map(|cause| cause.feed).collect::<HashSet<_>>() {
            served.insert(feed, models::alert_rules::groups_of_feed(conn, feed)?);
        }
        let mut managed: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
        for (user, group) in models::alert_rules::managed_groups(conn)? {
            managed.entry(user).or_default().insert(group);
        }
        let mut users: HashSet<Uuid> =
            rules.iter().flat_map(|rule| &rule.recipients.users).map(|user| user.0).collect();
        if rules.iter().any(|rule| rule.recipients.managers) {
            users.extend(managed.keys());
        }
        let users: Vec<Uuid> = users.into_iter().collect();
        let accounts = models::alert_rules::accounts(conn, &users)?;
        let to_people = rules.iter().any(|rule| rule.recipients.person);
        let contacts = if to_people { models::alert_rules::contacts(conn, &people)? } else { Vec::new() };
        let mut known = Self {
            zone,
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            managed,
            webhooks: models::webhooks::list(conn)?
                .into_iter()
                .filter(|webhook| webhook.enabled)
                .map(|webhook| webhook.id)
                .collect(),
            contacts: contacts.into_iter().map(|(id, email, phone)| (id, (email, phone))).collect(),
            groups,
            served,
            of_users: HashMap::new(),
            of_people: HashMap::new(),
        };
        known.read_preferences(conn, &users, if to_people { &people } else { &[] })?;
        Ok(known)
    }

    /// What accounts and people want; of a person with an account, what the account says counts.
    fn read_preferences(
        &mut self,
        conn: &mut PgConnection,
        users: &[Uuid],
        people: &[Uuid],
    ) -> Result<(), ApiError> {
        let linked = models::alert_rules::users_of_people(conn, people)?;
        let all: Vec<Uuid> = users.iter().copied().chain(linked.iter().map(|(_, user)| *user)).collect();
        for (user, person, preferences) in models::alert_rules::preferences(conn, &all, people)? {
            let preferences = serde_json::from_value(preferences).map_err(anyhow::Error::from)?;
            match (user, person) {
                (Some(user), _) => _ = self.of_users.insert(user, preferences),
                (None, Some(person)) => _ = self.of_people.insert(person, preferences),
                (None, None) => {}
            }
        }
        for (person, user) in linked {
            if let Some(own) = self.of_users.get(&user) {
                self.of_people.insert(person, own.clone());
            }
        }
        Ok(())
    }

    /// Whether a rule is about a cause.
    fn is_about(&self, rule: &Asked, cause: &Cause) -> bool {
        let of_group = rule.group.is_none_or(|group| {
            cause.group == Some(group) || cause.person.is_some_and(|person| self.belongs(person, group))
        });
        of_group && rule.feed.is_none_or(|feed| cause.feed == Some(feed))
    }

    fn belongs(&self, person: Uuid, group: Uuid) -> bool {
        self.groups.get(&person).is_some_and(|groups| groups.contains(&group))
    }

    /// The groups that a cause is about.
    fn groups_of(&self, cause: &Cause) -> Vec<Uuid> {
        let served = cause.feed.and_then(|feed| self.served.get(&feed)).cloned().unwrap_or_default();
        served.into_iter().chain(cause.group).collect()
    }

    /// Whether an account may see whom or what a cause is about.
    fn may_see(&self, account: &Account, cause: &Cause) -> bool {
        let in_charge = |group: &Uuid| self.managed.get(&account.id).is_some_and(|own| own.contains(group));
        match (account.role.as_str(), cause.person, cause.feed) {
            ("admin" | "guard", ..) => true,
            ("manager", Some(person), _) => {
                self.groups.get(&person).is_some_and(|groups| groups.iter().any(in_charge))
            }
            ("manager", None, Some(feed)) => {
                self.served.get(&feed).is_none_or(|groups| groups.is_empty() || groups.iter().any(in_charge))
            }
            (_, Some(person), _) => account.person_id == Some(person),
            _ => false,
        }
    }

    /// The rows that a rule asks for.
    fn told(&self, rule: &Asked, cause: &Cause, now: DateTime<Utc>) -> Vec<NewMessage> {
        let to = self.recipients(rule, cause);
        to.into_iter().filter_map(|told| self.row(rule, cause, told, now)).collect()
    }

    fn recipients(&self, rule: &Asked, cause: &Cause) -> Vec<Told<'_>> {
        let Recipients { users, managers, person, emails, phones, webhooks } = &rule.recipients;
        let mut ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
        if *managers {
            let groups = self.groups_of(cause);
            let in_charge = |own: &HashSet<Uuid>| groups.iter().any(|group| own.contains(group));
            ids.extend(self.managed.iter().filter(|(_, own)| in_charge(own)).map(|(user, _)| *user));
        }
        let mut told = Vec::new();
        for account in ids.iter().filter_map(|id| self.accounts.get(id)) {
            if self.may_see(account, cause) {
                let preferences = self.of_users.get(&account.id);
                for (channel, target) in ways(&rule.channels, Some(&account.email), account.phone.as_deref())
                {
                    told.push(Told { user: Some(account.id), preferences, ..Told::at(channel, target) });
                }
            }
        }
        if let Some((id, (email, phone))) =
            cause.person.filter(|_| *person).and_then(|id| Some((id, self.contacts.get(&id)?)))
        {
            let preferences = self.of_people.get(&id);
            for (channel, target) in ways(&rule.channels, email.as_deref(), phone.as_deref()) {
                told.push(Told { to_person: true, preferences, ..Told::at(channel, target) });
            }
        }
        told.extend(emails.iter().map(|email| Told::at(AlertChannel::Email, email.clone())));
        told.extend(phones.iter().map(|phone| Told::at(AlertChannel::Sms, phone.clone())));
        for webhook in webhooks.iter().filter(|webhook| self.webhooks.contains(&webhook.0)) {
            let told_by = Told::at(AlertChannel::Webhook, webhook.to_string());
            told.push(Told { webhook: Some(webhook.0), ..told_by });
        }
        told
    }

    fn row(&self, rule: &Asked, cause: &Cause, told: Told<'_>, now: DateTime<Utc>) -> Option<NewMessage> {
        let mut quiet: Vec<QuietHours> = rule.quiet.into_iter().collect();
        if let Some(preferences) = told.preferences {
            let kind = alert_kind(cause.kind);
            let muted = |muted: &types::Muted| Some(muted.kind) == kind && muted.channel == told.channel;
            if preferences.opted_out || preferences.muted.iter().any(muted) {
                return None;
            }
            quiet.extend(preferences.quiet_hours);
        }
        let bundle = match rule.digest {
            Digest::AtOnce => cause.kind.name().to_owned(),
            Digest::Hourly | Digest::Daily { .. } => "digest".to_owned(),
        };
        let (schedule_id, day, slot) = cause
            .instance
            .map_or((None, None, None), |(schedule, day, slot)| (Some(schedule), Some(day), Some(slot)));
        Some(NewMessage {
            id: Uuid::now_v7(),
            key: format!("{}:{}:{}", cause.key, told.channel.name(), told.target.to_lowercase()),
            kind: cause.kind.name().to_owned(),
            channel: told.channel.name().to_owned(),
            target: told.target,
            webhook_id: told.webhook,
            user_id: told.user,
            person_id: cause.person,
            feed_id: cause.feed,
            report_schedule_id: None,
            to_person: told.to_person,
            schedule_id,
            day,
            slot,
            payload: cause.payload.clone(),
            bundle,
            state: "pending".to_owned(),
            created_at: now,
            not_before: timing::not_before(cause.at, rule.digest, &quiet, self.zone),
        })
    }
}

/// The ways of `channels` that somebody has an address for.
fn ways(channels: &[AlertChannel], email: Option<&str>, number: Option<&str>) -> Vec<(AlertChannel, String)> {
    let way = |channel: &AlertChannel| {
        let target = match channel {
            AlertChannel::Email => email.map(str::to_owned),
            AlertChannel::Sms => number.and_then(phone),
            AlertChannel::Webhook => None,
        };
        Some((*channel, target?))
    };
    channels.iter().filter_map(way).collect()
}

/// The kind that somebody would mute.
fn alert_kind(kind: MessageKind) -> Option<AlertKind> {
    match kind {
        MessageKind::CameraBack => Some(AlertKind::CameraSilent),
        kind => AlertKind::ALL.into_iter().find(|alert| MessageKind::from(*alert) == kind),
    }
}
