//! Sheets, people's days, and who is on site.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use types::{DayView, GroupId, MarkRow, OnSite, Page, PersonId, ScheduleId, Sheet};

use crate::auth::{After, Manager, Reader, Viewer};
use crate::domain::attendance::sheet::{self, Which};
use crate::domain::attendance::{records, roll_call};
use crate::error::ApiError;
use crate::state::App;

/// Which sheet.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    /// The group.
    #[param(value_type = uuid::Uuid)]
    group: GroupId,
    /// The day.
    day: NaiveDate,
    /// The schedule; by default the first of the day.
    #[param(value_type = Option<uuid::Uuid>)]
    schedule: Option<ScheduleId>,
    /// The slot; by default the first of the schedule.
    slot: Option<i16>,
}

impl SheetQuery {
    fn which(&self) -> Which {
        let Self { group, day, schedule, slot } = *self;
        Which { group, day, schedule, slot }
    }
}

/// Shows the sheet of a group: one row for each member, with what the cameras saw filled in.
#[utoipa::path(get, path = "/api/v1/attendance", tag = "attendance", params(SheetQuery), responses(
    (status = 200, body = Sheet), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn get_sheet(
    app: web::Data<App>,
    After(manager, query): After<Manager, web::Query<SheetQuery>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(sheet::find(&app, manager.0.scope, query.which()).await?))
}

/// Saves marks, all of them or none; 409 with the marks that stand where somebody else marked meanwhile.
#[utoipa::path(put, path = "/api/v1/attendance", tag = "attendance", params(SheetQuery),
    request_body = Vec<MarkRow>, responses(
    (status = 200, body = Sheet), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn put_sheet(
    app: web::Data<App>,
    After(manager, (query, rows)): After<Manager, (web::Query<SheetQuery>, web::Json<Vec<MarkRow>>)>,
) -> Result<HttpResponse, ApiError> {
    let by = (manager.0.id, manager.0.scope);
    Ok(HttpResponse::Ok().json(sheet::save(&app, by, query.which(), rows.into_inner()).await?))
}

/// Whose days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PersonDaysQuery {
    /// The person; a member sees their own days alone.
    #[param(value_type = uuid::Uuid)]
    person: PersonId,
    /// The first day.
    from: NaiveDate,
    /// The day after the last; at most 366 days later.
    to: NaiveDate,
}

/// Lists what a person's days were.
#[utoipa::path(get, path = "/api/v1/attendance/days", tag = "attendance", params(PersonDaysQuery), responses(
    (status = 200, body = Page<DayView>), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn list_days(
    app: web::Data<App>,
    After(Reader(user), query): After<Reader, web::Query<PersonDaysQuery>>,
) -> Result<HttpResponse, ApiError> {
    let items = records::days_of(&app, user.scope, query.person, (query.from, query.to)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Lists who came and was not seen to leave: the roll call.
#[utoipa::path(get, path = "/api/v1/attendance/on-site", tag = "attendance", responses(
    (status = 200, body = OnSite)))]
pub async fn get_on_site(app: web::Data<App>, viewer: Viewer) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(roll_call::on_site(&app, viewer.0.scope).await?))
}
