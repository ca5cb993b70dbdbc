//! The audit.

use actix_web::{HttpResponse, http::header, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Deserialize;
use types::{AuditEntry, Page};
use uuid::Uuid;

use super::clamp_limit;
use crate::auth::{Admin, After, Fresh};
use crate::domain::{audit, clock};
use crate::error::ApiError;
use crate::models::audit::AuditFilter;
use crate::state::App;

/// Which entries to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// By this user or feed.
    actor: Option<Uuid>,
    /// To this person, group, feed, …
    subject: Option<Uuid>,
    /// This action, for example `person.updated`, or all of a kind: `person`.
    action: Option<String>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Which entries to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditExportQuery {
    /// By this user or feed.
    actor: Option<Uuid>,
    /// To this person, group, feed, …
    subject: Option<Uuid>,
    /// This action, for example `person.updated`, or all of a kind: `person`.
    action: Option<String>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
}

fn checked(filter: AuditFilter) -> Result<AuditFilter, ApiError> {
    clock::check_range("from", filter.from)?;
    clock::check_range("to", filter.to)?;
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from >= to
    {
        return Err(ApiError::invalid("to", "It must lie after `from`."));
    }
    if filter.action.as_ref().is_some_and(|action| action.len() > 100 || action.contains('\0')) {
        return Err(ApiError::invalid("action", "Give the name of an action, for example person.updated."));
    }
    Ok(filter)
}

/// Lists who did what to whom, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, body = Page<AuditEntry<serde_json::Value>>), (status = 422, body = types::ErrorBody)))]
pub async fn list_audit(
    app: web::Data<App>,
    After(_, query): After<Admin, web::Query<AuditQuery>>,
) -> Result<HttpResponse, ApiError> {
    let AuditQuery { actor, subject, action, from, to, limit, after } = query.into_inner();
    let filter = checked(AuditFilter { actor, subject, action, from, to })?;
    let limit = clamp_limit(limit)?;
    let page = app.db.run(move |conn| audit::list(conn, &filter, limit, after.as_deref())).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// All entries, that of this export included, oldest first, one JSON object a line.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", params(AuditExportQuery), responses(
    (status = 200, content_type = "application/x-ndjson"), (status = 422, body = types::ErrorBody)))]
pub async fn export_audit(
    app: web::Data<App>,
    After(Fresh(admin), query): After<Fresh<Admin>, web::Query<AuditExportQuery>>,
) -> Result<HttpResponse, ApiError> {
    let AuditExportQuery { actor, subject, action, from, to } = query.into_inner();
    let filter = checked(AuditFilter { actor, subject, action, from, to })?;
    let app = App::clone(&app);
    let noted = filter.clone();
    app.db.run(move |conn| audit::note_export(conn, admin.0.id, &noted)).await?;
    // A failure on the way breaks the answer off, which the client sees: it has no end.
    let lines = stream::try_unfold((app, filter, 0), |(app, filter, after)| async move {
        let task = filter.clone();
        let (lines, last) = app.db.run(move |conn| audit::lines_after(conn, &task, after)).await?;
        Ok::<_, ApiError>(last.map(|last| (Bytes::from(lines), (app, filter, last))))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/x-ndjson"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .streaming(lines))
}
