//! Calls about groups, sheets, corrections and who is on site.

use chrono::NaiveDate;
use gloo_net::http::Method;
use types::{
    AskCorrection, CorrectionId, CorrectionView, DecideCorrection, GroupId, GroupView, MarkRow, OnSite, Page,
    ScheduleId, Sheet,
};

use super::{Api, Coming, json, push_query};

/// Which sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetKey {
    /// The group.
    pub group: GroupId,
    /// The day.
    pub day: NaiveDate,
    /// The period; none takes the first, or the one that is now.
    pub slot: Option<(ScheduleId, i16)>,
}

impl std::fmt::Display for SheetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "group={}&day={}", self.group, self.day)?;
        match self.slot {
            Some((schedule, slot)) => write!(f, "&schedule={schedule}&slot={slot}"),
            None => Ok(()),
        }
    }
}

impl Api {
    pub fn groups(self) -> Coming<Page<GroupView>> {
        self.get("groups?limit=200".to_owned())
    }

    pub fn sheet(self, key: &SheetKey) -> Coming<Sheet> {
        self.get(format!("attendance?{key}"))
    }

    pub fn save_sheet(self, key: &SheetKey, rows: &[MarkRow]) -> Coming<Sheet> {
        self.read(Method::PUT, format!("attendance?{key}"), json(&rows))
    }

    pub fn on_site(self) -> Coming<OnSite> {
        self.get("attendance/on-site".to_owned())
    }

    pub fn corrections(self, open: bool, after: Option<&str>) -> Coming<Page<CorrectionView>> {
        let mut path = format!("corrections?open={open}");
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn ask_correction(self, request: &AskCorrection) -> Coming<()> {
        self.done(Method::POST, "corrections".to_owned(), json(request))
    }

    pub fn decide_correction(self, id: CorrectionId, decision: &DecideCorrection) -> Coming<()> {
        self.done(Method::POST, format!("corrections/{id}/decision"), json(decision))
    }
}
