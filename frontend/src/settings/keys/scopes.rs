//! What a key can be given, in words. The areas are the server's.

use crate::language::say;

/// An area with its name and what it holds.
#[derive(Clone, Copy)]
pub struct Area {
    /// Its name in a scope.
    pub key: &'static str,
    /// Its name on screen.
    pub name: &'static str,
    /// What it holds.
    pub text: &'static str,
}

/// Dating frames back without limit.
pub const BACKFILL: &str = "backfill";
/// Sending frames to any feed.
pub const SEND: &str = "frames:send";

/// Every area that is read and changed.
pub fn areas() -> [Area; 13] {
    let area = |key, name, text| Area { key, name, text };
    [
        area("people", say!(keys.people), say!(keys.people_text)),
        area("groups", say!(keys.groups), say!(keys.groups_text)),
        area("feeds", say!(keys.feeds), say!(keys.feeds_text)),
        area("arrivals", say!(keys.arrivals), say!(keys.arrivals_text)),
        area("watch", say!(keys.watch), say!(keys.watch_text)),
        area("attendance", say!(keys.attendance), say!(keys.attendance_text)),
        area("schedules", say!(keys.schedules), say!(keys.schedules_text)),
        area("reports", say!(keys.reports), say!(keys.reports_text)),
        area("alerts", say!(keys.alerts), say!(keys.alerts_text)),
        area("review", say!(keys.review), say!(keys.review_text)),
        area("model", say!(keys.model), say!(keys.model_text)),
        area("settings", say!(keys.settings), say!(keys.settings_text)),
        area("audit", say!(keys.audit), say!(keys.audit_text)),
    ]
}

/// Scopes in words, one for each area; what has no words is shown as it is.
pub fn summary(scopes: &[String]) -> Vec<String> {
    let has = |scope: String| scopes.contains(&scope);
    let mut words: Vec<String> = Vec::new();
    for area in areas() {
        let (reads, writes) = (has(format!("{}:read", area.key)), has(format!("{}:write", area.key)));
        match (reads, writes) {
            (true, true) => words.push(say!(keys.reads_and_changes, area = area.name)),
            (true, false) => words.push(say!(keys.reads, area = area.name)),
            (false, true) => words.push(say!(keys.changes, area = area.name)),
            (false, false) => {}
        }
    }
    for scope in scopes {
        match scope.as_str() {
            SEND => words.push(say!(keys.send).to_owned()),
            BACKFILL => words.push(say!(keys.backfill).to_owned()),
            other if areas().iter().any(|area| other.split(':').next() == Some(area.key)) => {}
            other => words.push(other.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_words() {
        let scopes = ["people:read", "people:write", "alerts:read", "lifts:read"].map(str::to_owned);
        assert_eq!(summary(&scopes), ["People: read and change", "Alerts: read", "lifts:read"]);
    }
}
