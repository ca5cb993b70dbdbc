//! A recognizer whose faces are scripted: each image it has made shows the people it was made for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use image::{ImageFormat, Rgb, RgbImage};
use recognizer_types::{
    BoundingBox, DetectedFace, Embedding, FacesAnswer, PackView, Quality, QualityReason, RecognizerError,
    RecognizerErrorDetail,
};

pub const DIMENSIONS: usize = 32;
pub const THRESHOLD: f32 = 0.6;

/// A face in a scripted image.
#[derive(Debug, Clone)]
pub struct Face {
    pub embedding: Vec<f32>,
    pub reasons: Vec<QualityReason>,
}

/// The face of person `n`: everybody's lie at right angles, so strangers score 0.
pub fn person(n: usize) -> Face {
    mixed(&[(n, 1.0)])
}

/// A face between several people.
pub fn mixed(parts: &[(usize, f32)]) -> Face {
    let mut embedding = [0.0; DIMENSIONS];
    parts.iter().for_each(|(n, weight)| embedding[*n] = *weight);
    let length = embedding.iter().map(|v| v * v).sum::<f32>().sqrt();
    Face { embedding: embedding.iter().map(|v| v / length).collect(), reasons: Vec::new() }
}

/// A face that cannot be enrolled.
pub fn poor(n: usize, reasons: &[QualityReason]) -> Face {
    Face { reasons: reasons.to_vec(), ..person(n) }
}

#[derive(Default)]
struct Script {
    images: Mutex<HashMap<Vec<u8>, Vec<Face>>>,
    serial: AtomicU64,
    epoch: AtomicUsize,
    down: AtomicBool,
    pack: Mutex<String>,
    /// `settled` of each request.
    settled: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub struct Recognizer {
    script: Arc<Script>,
    pub url: String,
    handle: ServerHandle,
}

impl Recognizer {
    pub fn start() -> Self {
        let script = Arc::new(Script::default());
        *script.pack.lock().unwrap() = "scripted-1".to_owned();
        let data = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(32 * 1024 * 1024))
                .route("/v1/faces", web::post().to(faces))
                .route("/v1/model", web::get().to(model))
                .route("/readyz", web::get().to(ready))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { script, url, handle }
    }

    /// A small PNG that shows `faces`; no two are the same bytes.
    pub fn image(&self, faces: &[Face]) -> Vec<u8> {
        let serial = self.script.serial.fetch_add(1, Ordering::SeqCst);
        let [a, b, c, ..] = serial.to_le_bytes();
        let mut png = Vec::new();
        let picture = RgbImage::from_pixel(8, 8, Rgb([a, b, c]));
        picture.write_to(&mut std::io::Cursor::new(&mut png), ImageFormat::Png).unwrap();
        self.script.images.lock().unwrap().insert(png.clone(), faces.to_vec());
        png
    }

    /// As after a restart: new track ids.
    pub fn restart(&self) {
        self.script.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub fn set_down(&self, down: bool) {
        self.script.down.store(down, Ordering::SeqCst);
    }

    pub fn set_pack(&self, pack: &str) {
        *self.script.pack.lock().unwrap() = pack.to_owned();
    }

    pub fn last_settled(&self) -> String {
        self.script.settled.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

async fn ready(script: web::Data<Script>) -> HttpResponse {
    if script.down.load(Ordering::SeqCst) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Ok().finish()
}

async fn model(script: web::Data<Script>) -> HttpResponse {
    HttpResponse::Ok().json(PackView {
        id: script.pack.lock().unwrap().clone(),
        name: "Scripted".to_owned(),
        dimensions: DIMENSIONS,
        threshold: THRESHOLD,
        margin: 0.05,
        passive_liveness: false,
        challenge: false,
        measured: "nothing: the test says who is who".to_owned(),
        files: Vec::new(),
    })
}

async fn faces(request: HttpRequest, script: web::Data<Script>, body: web::Bytes) -> HttpResponse {
    if script.down.load(Ordering::SeqCst) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let Some(faces) = script.images.lock().unwrap().get(body.as_ref()).cloned() else {
        let error = RecognizerErrorDetail {
            code: "not_an_image".to_owned(),
            message: "This is not a JPEG, PNG or WebP image.".to_owned(),
        };
        return HttpResponse::UnsupportedMediaType().json(RecognizerError { error });
    };
    let query: HashMap<String, String> =
        web::Query::<HashMap<String, String>>::from_query(request.query_string()).unwrap().into_inner();
    let settled = query.get("settled").cloned().unwrap_or_default();
    script.settled.lock().unwrap().push(settled.clone());
    let settled: Vec<&str> = settled.split(',').collect();
    let epoch = script.epoch.load(Ordering::SeqCst);
    let faces = faces.iter().enumerate().map(|(index, face)| {
        // One track per person and stream, whatever the stream: as a tracker that never loses anybody.
        let strongest = (0..DIMENSIONS).max_by(|a, b| face.embedding[*a].total_cmp(&face.embedding[*b]));
        let stream = query.get("stream");
        let track = stream.map(|stream| format!("{stream}{epoch}-{}", strongest.unwrap()));
        let known = track.as_deref().is_some_and(|track| settled.contains(&track));
        let x = 10.0 * index as f32;
        DetectedFace {
            track,
            bounding_box: BoundingBox { x, y: 1.0, width: 8.0, height: 8.0 },
            landmarks: [[x, 2.0]; 5],
            score: 0.99,
            quality: Quality { ok: face.reasons.is_empty(), reasons: face.reasons.clone() },
            liveness: None,
            embedding: (!known).then(|| Embedding(face.embedding.clone())),
        }
    });
    HttpResponse::Ok().json(FacesAnswer {
        model: script.pack.lock().unwrap().clone(),
        width: 640,
        height: 480,
        faces: faces.collect(),
        timings_ms: Default::default(),
    })
}
