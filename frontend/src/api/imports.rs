//! Calls about imports of people and photos.

use gloo_net::http::Method;
use types::{ImportId, ImportRow, ImportVerdict, ImportView, Page, PhotoImportView};
use web_sys::FormData;

use super::{Api, Body, Coming, push_query};

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
}
