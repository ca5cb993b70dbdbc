//! Imports and the export of people; imports of photos.

use std::fs::File;
use std::io::Read;

use actix_multipart::Multipart;
use actix_web::{HttpResponse, http::header, web};
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Deserialize;
use types::{ImportId, ImportRow, ImportVerdict, ImportView, Page, PhotoImportView};

use super::{clamp_limit, offset_of, uploads};
use crate::auth::{Admin, After, CurrentUser, Fresh, Viewer};
use crate::domain::people_export::{self, TableFormat};
use crate::domain::{people_import, photo_import};
use crate::error::ApiError;
use crate::state::App;

/// A table of people.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct TableForm {
    /// CSV or XLSX, up to 10 MB and 50,000 rows. Columns: `name`, `external_id`, `email`, `phone`, `branch`, `year`,
    /// `groups` (names separated by `;`); the first two are needed.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// An archive of photos.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct ArchiveForm {
    /// ZIP, up to 500 MB: `EXTERNAL_ID.jpg`, `EXTERNAL_ID_2.png` or `EXTERNAL_ID/anything.jpg`.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// How to apply an import.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApplyQuery {
    /// `true`: rows with errors are left out.
    #[serde(default)]
    skip_errors: bool,
}

/// Which rows to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RowsQuery {
    /// Those with this verdict.
    verdict: Option<ImportVerdict>,
    /// 1 to 200, default 50.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What to export as.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `csv` (the default) or `xlsx`.
    #[serde(default)]
    #[param(inline)]
    format: TableFormat,
}

/// Reads and judges a table of people; stores nothing but the import, for a day.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports",
    request_body(content = TableForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = ImportView), (status = 413, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_import(
    app: web::Data<App>,
    After(admin, form): After<Admin, Multipart>,
) -> Result<HttpResponse, ApiError> {
    let file = uploads::read_file(form, people_import::MAX_BYTES).await?;
    let view = people_import::preview(&app, admin.0.id, file).await?;
    Ok(HttpResponse::Created().json(view))
}

/// Shows how far an import is.
#[utoipa::path(get, path = "/api/v1/imports/{import}", tag = "imports", params(("import" = uuid::Uuid, Path,)),
    responses((status = 200, body = ImportView), (status = 404, body = types::ErrorBody)))]
pub async fn get_import(
    app: web::Data<App>,
    After(_, id): After<Admin, web::Path<ImportId>>,
) -> Result<HttpResponse, ApiError> {
    let view = app.db.run(move |conn| people_import::find(conn, *id)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Lists the rows of an import with their verdicts.
#[utoipa::path(get, path = "/api/v1/imports/{import}/rows", tag = "imports",
    params(("import" = uuid::Uuid, Path,), RowsQuery), responses(
    (status = 200, body = Page<ImportRow>), (status = 404, body = types::ErrorBody)))]
pub async fn list_import_rows(
    app: web::Data<App>,
    After(_, (id, query)): After<Admin, (web::Path<ImportId>, web::Query<RowsQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let RowsQuery { verdict, limit, after } = query.into_inner();
    let (after, limit) = (offset_of(after.as_deref())?, clamp_limit(limit)?);
    let page = app.db.run(move |conn| people_import::list_rows(conn, *id, verdict, after, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Stores an import in the background, all of it or nothing.
#[utoipa::path(post, path = "/api/v1/imports/{import}/apply", tag = "imports",
    params(("import" = uuid::Uuid, Path,), ApplyQuery), responses(
    (status = 202, body = ImportView), (status = 404, body = types::ErrorBody),
    (status = 409, body = types::ErrorBody), (status = 422, body = types::ErrorBody)))]
pub async fn apply_import(
    app: web::Data<App>,
    After(admin, (id, query)): After<Admin, (web::Path<ImportId>, web::Query<ApplyQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let view = people_import::apply(&app, admin.0.id, *id, query.skip_errors).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// The people that the caller may see as a table that can be imported again.
#[utoipa::path(get, path = "/api/v1/people/export", tag = "people", params(ExportQuery), responses(
    (status = 200, content_type = "text/csv"), (status = 422, body = types::ErrorBody)))]
pub async fn export_people(
    app: web::Data<App>,
    After(Fresh(viewer), query): After<Fresh<Viewer>, web::Query<ExportQuery>>,
) -> Result<HttpResponse, ApiError> {
    let format = query.format;
    let CurrentUser { id, scope, .. } = viewer.0;
    let file = app.db.run_long(move |conn| people_export::export(conn, id, &scope, format)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.content_type()))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"people.{}\"", format.extension()),
        ))
        .streaming(file_stream(file)))
}

/// A file in parts, read beside the requests.
pub fn file_stream(file: File) -> impl Stream<Item = Result<Bytes, ApiError>> {
    stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; 64 * 1024];
            let length = file.read(&mut part).map_err(anyhow::Error::from)?;
            part.truncate(length);
            Ok::<_, ApiError>((Bytes::from(part), file))
        });
        let (part, file) = read.await.map_err(anyhow::Error::from)??;
        Ok((!part.is_empty()).then_some((part, file)))
    })
}

/// Takes photos of many people, which are judged and enrolled in the background, person by person.
#[utoipa::path(post, path = "/api/v1/photo-imports", tag = "imports",
    request_body(content = ArchiveForm, content_type = "multipart/form-data"), responses(
    (status = 202, body = PhotoImportView), (status = 413, body = types::ErrorBody),
    (status = 422, body = types::ErrorBody)))]
pub async fn create_photo_import(
    app: web::Data<App>,
    After(admin, form): After<Admin, Multipart>,
) -> Result<HttpResponse, ApiError> {
    let archive = uploads::store_file(form, &app.data, photo_import::MAX_BYTES).await?;
    let view = photo_import::begin(&app, admin.0.id, archive).await?;
    Ok(HttpResponse::Accepted().json(view))
}

/// Shows how far an import of photos is, with the verdict on each file.
#[utoipa::path(get, path = "/api/v1/photo-imports/{import}", tag = "imports",
    params(("import" = uuid::Uuid, Path,)), responses(
    (status = 200, body = PhotoImportView), (status = 404, body = types::ErrorBody)))]
pub async fn get_photo_import(
    app: web::Data<App>,
    After(_, id): After<Admin, web::Path<ImportId>>,
) -> Result<HttpResponse, ApiError> {
    let view = app.db.run(move |conn| photo_import::find(conn, *id)).await?;
    Ok(HttpResponse::Ok().json(view))
}
