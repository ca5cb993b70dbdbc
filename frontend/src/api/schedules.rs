//! Calls about schedules and holidays.

use chrono::NaiveDate;
use gloo_net::http::Method;
use types::{
    AssignSchedule, AssignmentId, CreateHoliday, CreateSchedule, HolidayId, HolidayView, Page, ScheduleGroup,
    ScheduleId, ScheduleVersion, ScheduleView, UpdateSchedule,
};

use super::{Api, Body, Coming, json};

impl Api {
    pub fn schedules(self) -> Coming<Page<ScheduleView>> {
        self.get("schedules".to_owned())
    }

    pub fn schedule(self, id: ScheduleId) -> Coming<ScheduleView> {
        self.get(format!("schedules/{id}"))
    }

    pub fn create_schedule(self, schedule: &CreateSchedule) -> Coming<ScheduleView> {
        self.read(Method::POST, "schedules".to_owned(), json(schedule))
    }

    pub fn update_schedule(self, id: ScheduleId, changes: &UpdateSchedule) -> Coming<ScheduleView> {
        self.read(Method::PATCH, format!("schedules/{id}"), json(changes))
    }

    pub fn delete_schedule(self, id: ScheduleId) -> Coming<()> {
        self.done(Method::DELETE, format!("schedules/{id}"), Body::Nothing)
    }

    pub fn add_schedule_version(self, id: ScheduleId, version: &ScheduleVersion) -> Coming<ScheduleView> {
        self.read(Method::POST, format!("schedules/{id}/versions"), json(version))
    }

    pub fn delete_schedule_version(self, id: ScheduleId, from: NaiveDate) -> Coming<()> {
        self.done(Method::DELETE, format!("schedules/{id}/versions/{from}"), Body::Nothing)
    }

    pub fn assign_schedule(self, id: ScheduleId, group: &AssignSchedule) -> Coming<ScheduleGroup> {
        self.read(Method::POST, format!("schedules/{id}/groups"), json(group))
    }

    pub fn unassign_schedule(self, id: ScheduleId, assignment: AssignmentId) -> Coming<()> {
        self.done(Method::DELETE, format!("schedules/{id}/groups/{assignment}"), Body::Nothing)
    }

    /// Holidays of the days `[from, to)`, a year at most.
    pub fn holidays(self, from: NaiveDate, to: NaiveDate) -> Coming<Page<HolidayView>> {
        self.get(format!("holidays?from={from}&to={to}"))
    }

    pub fn create_holiday(self, holiday: &CreateHoliday) -> Coming<HolidayView> {
        self.read(Method::POST, "holidays".to_owned(), json(holiday))
    }

    pub fn delete_holiday(self, id: HolidayId) -> Coming<()> {
        self.done(Method::DELETE, format!("holidays/{id}"), Body::Nothing)
    }
}
