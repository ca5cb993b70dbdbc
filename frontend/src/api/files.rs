//! Files that the server makes: fetched rather than followed as links, so that a refusal can be told.

use gloo_net::http::{Request, Response};
use leptos::prelude::*;
use types::codes;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Api, Coming, Failure, refusal, url};

/// A file on its way to the reader's disk.
#[derive(Debug, Clone)]
pub struct ServedFile {
    /// What the server calls it.
    pub name: String,
    /// What is in it; the browser holds it, on disk where it is large.
    pub content: Blob,
}

impl Api {
    /// Fetches a file; `path` is without the API's prefix.
    pub fn file(self, path: String) -> Coming<ServedFile> {
        Box::pin(async move {
            let response = Request::get(&url(&path)).send().await.map_err(|_| Failure::Unreachable)?;
            if !response.ok() {
                let failure = refusal(response).await;
                if failure.status() == 401 && failure.code() != codes::WRONG_CREDENTIALS {
                    self.signed_out.set(true);
                }
                return Err(failure);
            }
            let name = name_of(&response).unwrap_or_else(|| "download".to_owned());
            let content = content_of(response).await.ok_or(Failure::Unreachable)?;
            Ok(ServedFile { name, content })
        })
    }
}

/// Address of a file, to be opened by the browser itself.
pub fn file_address(path: &str) -> String {
    url(path)
}

fn name_of(response: &Response) -> Option<String> {
    let disposition = response.headers().get("Content-Disposition")?;
    let (full, plain) = names_in(&disposition);
    let full = full.and_then(|name| js_sys::decode_uri_component(name).ok()).map(String::from);
    full.or_else(|| plain.map(str::to_owned))
}

/// The name in full, still percent-encoded, and the one in plain letters.
fn names_in(disposition: &str) -> (Option<&str>, Option<&str>) {
    let part = |prefix: &str| {
        disposition
            .split(';')
            .find_map(|part| part.trim().strip_prefix(prefix))
            .map(|name| name.trim_matches('"'))
    };
    (part("filename*=UTF-8''"), part("filename="))
}

async fn content_of(response: Response) -> Option<Blob> {
    let blob = web_sys::Response::from(response).blob().ok()?;
    JsFuture::from(blob).await.ok()?.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_full_where_it_is_given() {
        let both = "attachment; filename=\"day-sheet_7_.csv\"; filename*=UTF-8''day-sheet_7%C3%84.csv";
        assert_eq!(names_in(both), (Some("day-sheet_7%C3%84.csv"), Some("day-sheet_7_.csv")));
        assert_eq!(names_in("attachment; filename=\"audit.jsonl\""), (None, Some("audit.jsonl")));
        assert_eq!(names_in("inline"), (None, None));
    }
}
