//! Reports that are sent by themselves.

use actix_web::{HttpResponse, web};
use types::{Page, ReportScheduleId, ReportScheduleView, SaveReportSchedule};

use crate::auth::{Admin, After, Fresh};
use crate::domain::report_schedules;
use crate::error::ApiError;
use crate::state::App;

/// Lists scheduled reports.
#[utoipa::path(get, path = "/api/v1/report-schedules", tag = "reports", responses(
    (status = 200, body = Page<ReportScheduleView>)))]
pub async fn list_report_schedules(app: web::Data<App>, _: Admin) -> Result<HttpResponse, ApiError> {
    let items = app.db.run(report_schedules::list).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None, total: None }))
}

/// Adds a scheduled report.
#[utoipa::path(post, path = "/api/v1/report-schedules", tag = "reports", request_body = SaveReportSchedule,
    responses((status = 201, body = ReportScheduleView), (status = 409, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_report_schedule(
    app: web::Data<App>,
    After(Fresh(admin), body): After<Fresh<Admin>, web::Json<SaveReportSchedule>>,
) -> Result<HttpResponse, ApiError> {
    let made = app.db.run(move |conn| report_schedules::create(conn, admin.0.id, &body)).await?;
    Ok(HttpResponse::Created().json(made))
}

/// Replaces a scheduled report.
#[utoipa::path(put, path = "/api/v1/report-schedules/{report_schedule}", tag = "reports",
    request_body = SaveReportSchedule, params(("report_schedule" = uuid::Uuid, Path,)), responses(
    (status = 200, body = ReportScheduleView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn update_report_schedule(
    app: web::Data<App>,
    After(Fresh(admin), (id, body)): After<
        Fresh<Admin>,
        (web::Path<ReportScheduleId>, web::Json<SaveReportSchedule>),
    >,
) -> Result<HttpResponse, ApiError> {
    let changed = app.db.run(move |conn| report_schedules::update(conn, admin.0.id, *id, &body)).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Deletes a scheduled report.
#[utoipa::path(delete, path = "/api/v1/report-schedules/{report_schedule}", tag = "reports",
    params(("report_schedule" = uuid::Uuid, Path,)), responses(
    (status = 204, description = "Deleted"), (status = 404, body = types::ErrorBody)))]
pub async fn delete_report_schedule(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<ReportScheduleId>>,
) -> Result<HttpResponse, ApiError> {
    app.db.run(move |conn| report_schedules::delete(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sends a scheduled report now.
#[utoipa::path(post, path = "/api/v1/report-schedules/{report_schedule}/run", tag = "reports",
    params(("report_schedule" = uuid::Uuid, Path,)), responses(
    (status = 200, body = ReportScheduleView), (status = 404, body = types::ErrorBody)))]
pub async fn run_report_schedule(
    app: web::Data<App>,
    After(admin, id): After<Admin, web::Path<ReportScheduleId>>,
) -> Result<HttpResponse, ApiError> {
    let ran = app.db.run(move |conn| report_schedules::run_now(conn, admin.0.id, *id)).await?;
    Ok(HttpResponse::Ok().json(ran))
}
