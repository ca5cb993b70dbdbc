//! Schedules and holidays.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use types::{
    AssignSchedule, AssignmentId, CreateHoliday, CreateSchedule, HolidayId, HolidayView, InstanceView, Page,
    ScheduleGroup, ScheduleId, ScheduleVersion, ScheduleView, UpdateSchedule,
};

use crate::auth::{Admin, After, Viewer};
use crate::domain::attendance::schedules;
use crate::error::ApiError;
use crate::state::App;

/// Lists schedules with their rules and the groups that the caller sees.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules", responses(
    (status = 200, body = Page<ScheduleView>)))]
pub async fn list_schedules(app: web::Data<App>, viewer: Viewer) -> Result<HttpResponse, ApiError> {
    let items = schedules::list(&app, viewer.0.scope).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds a schedule with its first rules.
#[utoipa::path(post, path = "/api/v1/schedules", tag = "schedules", request_body = CreateSchedule, responses(
    (status = 201, body = ScheduleView), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_schedule(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<CreateSchedule>>,
) -> Result<HttpResponse, ApiError> {
    let schedule = schedules::create(&app, admin.0.id, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(schedule))
}

/// Shows a schedule with all its rules.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}", tag = "schedules",
    params(("schedule" = uuid::Uuid, Path,)), responses(
    (status = 200, body = ScheduleView), (status = 404, body = types::ErrorBody)))]
pub async fn get_schedule(
    app: web::Data<App>,
    After(viewer, id): After<Viewer, web::Path<ScheduleId>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(schedules::find(&app, viewer.0.scope, *id).await?))
}

/// Changes a schedule's name, or its zone before its rules begin.
#[utoipa::path(patch, path = "/api/v1/schedules/{schedule}", tag = "schedules", request_body = UpdateSchedule,
    params(("schedule" = uuid::Uuid, Path,)), responses(
    (status = 200, body = ScheduleView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_schedule(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<ScheduleId>, web::Json<UpdateSchedule>)>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(schedules::update(&app, admin.0.id, *id, body.into_inner()).await?))
}

/// Deletes a schedule: it ends with today, and what was stays.
#[utoipa::path(delete, path = "/api/v1/schedules/{schedule}", tag = "schedules",
    params(("schedule" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_schedule(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<ScheduleId>>,
) -> Result<HttpResponse, ApiError> {
    schedules::delete(&app, admin.0.id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds rules that hold from a day on: today or later once rules have begun.
#[utoipa::path(post, path = "/api/v1/schedules/{schedule}/versions", tag = "schedules",
    request_body = ScheduleVersion, params(("schedule" = uuid::Uuid, Path,)), responses(
    (status = 201, body = ScheduleView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn add_schedule_version(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<ScheduleId>, web::Json<ScheduleVersion>)>,
) -> Result<HttpResponse, ApiError> {
    let schedule = schedules::add_version(&app, admin.0.id, *id, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(schedule))
}

/// Deletes rules that have not begun.
#[utoipa::path(delete, path = "/api/v1/schedules/{schedule}/versions/{day}", tag = "schedules",
    params(("schedule" = uuid::Uuid, Path,), ("day" = NaiveDate, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn delete_schedule_version(
    app: web::Data<App>,
    After(admin, path): After<Admin, web::Path<(ScheduleId, NaiveDate)>>,
) -> Result<HttpResponse, ApiError> {
    let (id, day) = path.into_inner();
    schedules::delete_version(&app, admin.0.id, id, day).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a schedule to a group.
#[utoipa::path(post, path = "/api/v1/schedules/{schedule}/groups", tag = "schedules",
    request_body = AssignSchedule, params(("schedule" = uuid::Uuid, Path,)), responses(
    (status = 201, body = ScheduleGroup), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn assign_schedule(
    app: web::Data<App>,
    After(admin, (id, body)): After<Admin, (web::Path<ScheduleId>, web::Json<AssignSchedule>)>,
) -> Result<HttpResponse, ApiError> {
    let assigned = schedules::assign(&app, admin.0.id, *id, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(assigned))
}

/// Takes a schedule from a group, from today on.
#[utoipa::path(delete, path = "/api/v1/schedules/{schedule}/groups/{assignment}", tag = "schedules",
    params(("schedule" = uuid::Uuid, Path,), ("assignment" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Ended"), (status = 404, body = types::ErrorBody)))]
pub async fn unassign_schedule(
    app: web::Data<App>,
    After(admin, path): After<Admin, web::Path<(ScheduleId, AssignmentId)>>,
) -> Result<HttpResponse, ApiError> {
    let (id, assignment) = path.into_inner();
    schedules::unassign(&app, admin.0.id, id, assignment).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A range of days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DaysQuery {
    /// The first day.
    from: NaiveDate,
    /// The day after the last; at most 366 days later.
    to: NaiveDate,
}

/// Lists when a schedule's slots happen.
#[utoipa::path(get, path = "/api/v1/schedules/{schedule}/preview", tag = "schedules",
    params(("schedule" = uuid::Uuid, Path,), DaysQuery), responses(
    (status = 200, body = Page<InstanceView>), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn preview_schedule(
    app: web::Data<App>,
    After(_, (id, query)): After<Viewer, (web::Path<ScheduleId>, web::Query<DaysQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let items = schedules::preview(&app, *id, query.from, query.to).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Which holidays.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HolidaysQuery {
    /// The first day; today by default.
    from: Option<NaiveDate>,
    /// The day after the last; a year later by default and at most.
    to: Option<NaiveDate>,
}

/// Lists holidays: everybody's, and those of groups that the caller sees.
#[utoipa::path(get, path = "/api/v1/holidays", tag = "schedules", params(HolidaysQuery), responses(
    (status = 200, body = Page<HolidayView>), (status = 422, body = types::ErrorBody)))]
pub async fn list_holidays(
    app: web::Data<App>,
    After(viewer, query): After<Viewer, web::Query<HolidaysQuery>>,
) -> Result<HttpResponse, ApiError> {
    let items = schedules::holidays(&app, viewer.0.scope, query.from, query.to).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds a holiday.
#[utoipa::path(post, path = "/api/v1/holidays", tag = "schedules", request_body = CreateHoliday, responses(
    (status = 201, body = HolidayView), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_holiday(
    app: web::Data<App>,
    After(admin, body): After<Admin, web::Json<CreateHoliday>>,
) -> Result<HttpResponse, ApiError> {
    let holiday = schedules::add_holiday(&app, admin.0.id, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(holiday))
}

/// Deletes a holiday.
#[utoipa::path(delete, path = "/api/v1/holidays/{holiday}", tag = "schedules",
    params(("holiday" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_holiday(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<HolidayId>>,
) -> Result<HttpResponse, ApiError> {
    schedules::delete_holiday(&app, admin.0.id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
