//! Analytics.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use types::{Analytics, AnalyticsKind, GroupId, PersonId};

use crate::auth::{After, Reader};
use crate::domain::analytics::{self, Request};
use crate::error::ApiError;
use crate::state::App;

/// Of which days and people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AnalyticsQuery {
    /// The first day, in the site's zone; none for `today`.
    #[param(value_type = Option<chrono::NaiveDate>)]
    from: Option<String>,
    /// The day after the last, at most 366 days later.
    #[param(value_type = Option<chrono::NaiveDate>)]
    to: Option<String>,
    /// One group's.
    #[param(value_type = Option<uuid::Uuid>)]
    group: Option<GroupId>,
    /// One person's; a heat map needs one.
    #[param(value_type = Option<uuid::Uuid>)]
    person: Option<PersonId>,
}

/// Counts attendance for a chart.
#[utoipa::path(get, path = "/api/v1/analytics/{kind}", tag = "reports",
    params(("kind" = AnalyticsKind, Path,), AnalyticsQuery), responses(
    (status = 200, body = Analytics), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn get_analytics(
    app: web::Data<App>,
    After(Reader(user), (kind, query)): After<Reader, (web::Path<AnalyticsKind>, web::Query<AnalyticsQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let AnalyticsQuery { from, to, group, person } = query.into_inner();
    let request = Request { kind: kind.into_inner(), from, to, group, person };
    let counts = app.db.run(move |conn| analytics::count(conn, &user.scope, &request)).await?;
    Ok(HttpResponse::Ok().json(counts))
}
