//! Reports, on screen and as files.

use std::fs::File;
use std::io::Read;

use actix_web::body::SizedStream;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use types::{GroupId, PersonId, ReportFormat, ReportKind, ReportView};

use super::clamp_limit;
use crate::auth::{After, Reader};
use crate::domain::reports::{self, ReportFile, Request};
use crate::error::ApiError;
use crate::state::App;

/// What a file is sent in.
const CHUNK: u64 = 64 * 1024;

/// Which report, as what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// The first day, in the site's zone.
    #[param(value_type = chrono::NaiveDate)]
    from: String,
    /// The day after the last: at most 366 days later, 92 for the register and hours, one for the day sheet.
    #[param(value_type = chrono::NaiveDate)]
    to: String,
    /// One group's; a group without schedules of its own stands for its members.
    #[param(value_type = Option<uuid::Uuid>)]
    group: Option<GroupId>,
    /// One person's.
    #[param(value_type = Option<uuid::Uuid>)]
    person: Option<PersonId>,
    /// `json` in pages; `csv`, `xlsx` and `pdf` are files of the whole.
    #[serde(default)]
    #[param(inline)]
    format: ReportFormat,
    /// Rows of a page: 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Makes a report.
#[utoipa::path(get, path = "/api/v1/reports/{kind}", tag = "reports",
    params(("kind" = ReportKind, Path,), ReportQuery), responses(
    (status = 200, body = ReportView, description = "Or the file, with its name in Content-Disposition"),
    (status = 403, body = types::ErrorBody), (status = 404, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody), (status = 429, body = types::ErrorBody)))]
pub async fn get_report(
    app: web::Data<App>,
    After(Reader(user), (kind, query)): After<Reader, (web::Path<ReportKind>, web::Query<ReportQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let ReportQuery { from, to, group, person, format, limit, after } = query.into_inner();
    let request = Request { kind: kind.into_inner(), from, to, group, person };
    if format == ReportFormat::Json {
        let limit = clamp_limit(limit)?;
        let page = move |conn: &mut _, data_of| {
            reports::page(conn, data_of, &user.scope, &request, after.as_deref(), limit)
        };
        return Ok(HttpResponse::Ok().json(app.db.read(page).await?));
    }
    if limit.is_some() || after.is_some() {
        return Err(ApiError::invalid(
            "format",
            "A file holds the whole report: leave out `limit` and `after`.",
        ));
    }
    // A file leaves the house; a key with the scope was given for just that.
    if user.session().is_ok() {
        user.check_fresh()?;
    }
    let file = reports::file(&app, user.id, user.scope, request, format).await?;
    download(file, format)
}

fn download(ReportFile { name, file }: ReportFile, format: ReportFormat) -> Result<HttpResponse, ApiError> {
    let length = file.metadata().map_err(unreadable)?.len();
    Ok(HttpResponse::Ok()
        .content_type(reports::content_type(format))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(disposition(&name))
        .body(SizedStream::new(length, stream::try_unfold(file, next_chunk))))
}

/// The name twice: in plain letters, and in full for those who read it.
fn disposition(name: &str) -> ContentDisposition {
    let plain = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let full = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(full)],
    }
}

async fn next_chunk(file: File) -> Result<Option<(Bytes, File)>, ApiError> {
    let read = web::block(move || {
        let mut bytes = Vec::new();
        (&file).take(CHUNK).read_to_end(&mut bytes).map(|_| (bytes, file))
    });
    let (bytes, file) = read.await.map_err(|error| ApiError::Internal(error.into()))?.map_err(unreadable)?;
    Ok((!bytes.is_empty()).then(|| (Bytes::from(bytes), file)))
}

fn unreadable(error: std::io::Error) -> ApiError {
    ApiError::Internal(anyhow::Error::new(error).context("a report cannot be read"))
}
