//! Calls about imports of people and photos, and the export of people.

use gloo_net::http::{Method, Request};
use leptos::prelude::Set;
use types::{ImportId, ImportRow, ImportVerdict, ImportView, Page, PhotoImportView};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, FormData};

use super::{Api, Body, Coming, Failure, push_query, refusal, url};

impl Api {
    /// Has a table judged; nothing of it is stored yet.
    pub fn create_import(self, form: &FormData) -> Coming<ImportView> {
        self.read(Method::POST, "imports".to_owned(), Body::Form(form.clone()))
    }

    pub fn import(self, id: ImportId) -> Coming<ImportView> {
        self.get(format!("imports/{id}"))
    }

    pub fn import_rows(
        self,
        id: ImportId,
        verdict: Option<ImportVerdict>,
        limit: u32,
        after: Option<&str>,
    ) -> Coming<Page<ImportRow>> {
        let mut path = format!("imports/{id}/rows?limit={limit}");
        push_query(&mut path, "verdict", verdict.map(ImportVerdict::name));
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn apply_import(self, id: ImportId, skip_errors: bool) -> Coming<ImportView> {
        self.read(Method::POST, format!("imports/{id}/apply?skip_errors={skip_errors}"), Body::Nothing)
    }

    pub fn create_photo_import(self, form: &FormData) -> Coming<PhotoImportView> {
        self.read(Method::POST, "photo-imports".to_owned(), Body::Form(form.clone()))
    }

    pub fn photo_import(self, id: ImportId) -> Coming<PhotoImportView> {
        self.get(format!("photo-imports/{id}"))
    }

    /// Everybody whom the caller sees, as a file of `format` (`csv` or `xlsx`).
    pub fn export_people(self, format: &str) -> Coming<Blob> {
        self.file(format!("people/export?format={format}"))
    }

    /// A file as bytes.
    fn file(self, path: String) -> Coming<Blob> {
        Box::pin(async move {
            let response = Request::get(&url(&path)).send().await.map_err(|_| Failure::Unreachable)?;
            if !response.ok() {
                let failure = refusal(response).await;
                if failure.status() == 401 {
                    self.signed_out.set(true);
                }
                return Err(failure);
            }
            let raw: web_sys::Response = response.into();
            let body = raw.blob().map_err(|_| Failure::Unreachable)?;
            let blob = JsFuture::from(body).await.map_err(|_| Failure::Unreachable)?;
            blob.dyn_into().map_err(|_| Failure::Unreachable)
        })
    }
}
