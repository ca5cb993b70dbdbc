//! Calls about people's rights, and about the audit.

use chrono::{DateTime, Utc};
use gloo_net::http::Method;
use serde_json::Value;
use types::{
    AuditEntry, ConsentRecord, ConsentText, EraseRequest, ErasureReport, NewConsentText, Page, PersonId,
    Retention,
};

use super::{Api, Coming, json, push_query};

/// Which entries of the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// The id of a user or feed: by them.
    pub actor: Option<String>,
    /// The id of a person, group, feed and so on: to it.
    pub subject: Option<String>,
    /// An action, or all of a kind; empty is any.
    pub action: String,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
}

impl AuditQuery {
    fn push_to(&self, path: &mut String) {
        let moment = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
        push_query(path, "actor", self.actor.as_deref());
        push_query(path, "subject", self.subject.as_deref());
        push_query(path, "action", Some(self.action.as_str()).filter(|action| !action.is_empty()));
        push_query(path, "from", moment(self.from).as_deref());
        push_query(path, "to", moment(self.to).as_deref());
    }

    /// The path of these entries as a file.
    pub fn file(&self) -> String {
        let mut path = "audit/export".to_owned();
        self.push_to(&mut path);
        path
    }
}

impl Api {
    pub fn audit(
        self,
        query: &AuditQuery,
        limit: u32,
        after: Option<&str>,
    ) -> Coming<Page<AuditEntry<Value>>> {
        let mut path = format!("audit?limit={limit}");
        query.push_to(&mut path);
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn consents(self, person: PersonId) -> Coming<Page<ConsentRecord>> {
        self.get(format!("people/{person}/consents"))
    }

    pub fn erase(self, person: PersonId, request: &EraseRequest) -> Coming<ErasureReport> {
        self.read(Method::POST, format!("people/{person}/erasure"), json(request))
    }

    pub fn consent_texts(self) -> Coming<Page<ConsentText>> {
        self.get("consent-texts".to_owned())
    }

    pub fn add_consent_text(self, text: &NewConsentText) -> Coming<Page<ConsentText>> {
        self.read(Method::PUT, "consent-texts".to_owned(), json(text))
    }

    pub fn retention(self) -> Coming<Retention> {
        self.get("retention".to_owned())
    }

    pub fn save_retention(self, retention: &Retention) -> Coming<Retention> {
        self.read(Method::PUT, "retention".to_owned(), json(retention))
    }
}
