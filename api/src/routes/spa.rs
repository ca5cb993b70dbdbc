//! The front end: its files, read once at the start, and the page itself for every other address, since the
//! browser routes.
//!
//! A browser on https gets what the build compressed with Brotli (a `.br` beside the file); for the others a
//! file is compressed with gzip at the start.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

const PAGE: &str = "index.html";
/// Files here carry a hash of their content in their name: they never change.
const LASTING: &str = "assets/";
/// What the build compressed with Brotli ends in this.
const BROTLI_ENDING: &str = ".br";

struct File {
    kind: String,
    plain: Bytes,
    /// Smaller forms with the name of their coding, smallest first.
    packed: Vec<(&'static str, Bytes)>,
}

/// The built front end, in memory.
#[derive(Clone)]
pub struct Spa {
    files: Arc<HashMap<String, File>>,
}

impl Spa {
    /// Reads the folder.
    ///
    /// # Errors
    /// When it holds no `index.html` or cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = HashMap::new();
        let shown = folder.display();
        read_into(&mut files, folder, "")
            .with_context(|| format!("ATTENDANCE_SPA: {shown} cannot be read"))?;
        ensure!(
            files.contains_key(PAGE),
            "ATTENDANCE_SPA: {shown} holds no {PAGE}; build the front end with `make frontend`"
        );
        Ok(Self { files: Arc::new(files) })
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.path().trim_start_matches('/');
        let lasting = path.starts_with(LASTING);
        let file = match self.files.get(path) {
            Some(file) => file,
            // A file of an earlier build: the page in its place would only confuse.
            None if lasting => {
                return HttpResponse::NotFound().content_type("text/plain").body("no such file\n");
            }
            None => &self.files[PAGE],
        };
        let caching = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut response = HttpResponse::Ok();
        response
            .content_type(file.kind.as_str())
            .insert_header((header::CACHE_CONTROL, caching))
            .insert_header((header::VARY, "Accept-Encoding"));
        let accepted = request.headers().get(header::ACCEPT_ENCODING);
        match file.packed.iter().find(|(coding, _)| accepts(accepted, coding)) {
            Some((coding, body)) => {
                response.insert_header((header::CONTENT_ENCODING, *coding)).body(body.clone())
            }
            None => response.body(file.plain.clone()),
        }
    }
}

/// Serves `spa` for every address that no route before it has.
pub fn configure(config: &mut web::ServiceConfig, spa: Spa) {
    let answer = move |request: HttpRequest| std::future::ready(spa.answer(&request));
    config.route("/{path:.*}", web::get().to(answer.clone())).route("/{path:.*}", web::head().to(answer));
}

fn accepts(header: Option<&HeaderValue>, wanted: &str) -> bool {
    let Some(text) = header.and_then(|value| value.to_str().ok()) else { return false };
    text.split(',').any(|part| {
        let (coding, quality) = part.split_once(';').unwrap_or((part, "q=1"));
        coding.trim() == wanted && !matches!(quality.trim(), "q=0" | "q=0.0")
    })
}

fn read_into(files: &mut HashMap<String, File>, folder: &Path, prefix: &str) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_into(files, &entry.path(), &format!("{name}/"))?;
            continue;
        }
        if name.ends_with(BROTLI_ENDING) {
            continue;
        }
        let plain = std::fs::read(entry.path())?;
        let kind = mime_guess::from_path(&name).first_or_octet_stream().to_string();
        let mut packed = vec![("gzip", Bytes::from(gzip(&plain)?))];
        match std::fs::read(folder.join(entry.file_name()).with_added_extension("br")) {
            Ok(brotli) => packed.push(("br", brotli.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        packed.retain(|(_, body)| body.len() < plain.len());
        packed.sort_by_key(|(_, body)| body.len());
        files.insert(name, File { kind, plain: plain.into(), packed });
    }
    Ok(())
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn files_are_served_compressed_and_every_other_address_is_the_page() {
        let folder = tempfile::tempdir().expect("tempdir");
        std::fs::create_dir(folder.path().join("assets")).expect("mkdir");
        assert!(Spa::read(folder.path()).is_err_and(|error| error.to_string().contains("make frontend")));
        std::fs::write(folder.path().join(PAGE), "<!doctype html>").expect("write");
        std::fs::write(folder.path().join("kiosk-worker.js"), "self").expect("write");
        std::fs::write(folder.path().join("assets/app-0a1b.wasm"), vec![0; 4096]).expect("write");
        std::fs::write(folder.path().join("assets/app-0a1b.wasm.br"), "small").expect("write");
        let spa = Spa::read(folder.path()).expect("read");
        let get = |path: &str, encoding: &str| {
            spa.answer(
                &TestRequest::get().uri(path).insert_header(("Accept-Encoding", encoding)).to_http_request(),
            )
        };
        let wasm = get("/assets/app-0a1b.wasm", "br, gzip;q=0.8");
        assert_eq!(wasm.headers().get("content-encoding").and_then(|value| value.to_str().ok()), Some("br"));
        assert_eq!(to_bytes(wasm.into_body()).await.expect("body"), "small");
        assert_eq!(get("/assets/app-0a1b.wasm.br", "").status(), 404, "not a file of its own");
        let wasm = get("/assets/app-0a1b.wasm", "br;q=0, gzip;q=0.8");
        let header = |name: &str| wasm.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("content-type"), Some("application/wasm"));
        assert_eq!(header("content-encoding"), Some("gzip"));
        assert!(header("cache-control").is_some_and(|value| value.contains("immutable")));
        assert!(to_bytes(wasm.into_body()).await.expect("body").len() < 100);
        assert_eq!(
            to_bytes(get("/assets/app-0a1b.wasm", "gzip;q=0").into_body()).await.expect("body").len(),
            4096
        );
        let page = get("/people/42", "");
        let header = |name: &str| page.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!((header("content-type"), header("cache-control")), (Some("text/html"), Some("no-cache")));
        let worker = get("/kiosk-worker.js", "");
        let header = |name: &str| worker.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("cache-control"), Some("no-cache"), "a new build is a new worker at once");
        assert_eq!(header("content-type"), Some("text/javascript"));
        assert_eq!(get("/assets/app-old.js", "").status(), 404);
        assert_eq!(
            to_bytes(get("/../../etc/passwd", "").into_body()).await.expect("body"),
            "<!doctype html>"
        );
    }
}
