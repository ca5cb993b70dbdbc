//! A recognizer whose faces are scripted: each image it has made shows the people it was made for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use image::{ImageFormat, Rgb, RgbImage};
use recognizer_types::{
    BoundingBox, DetectedFace, Embedding, FacesAnswer, HeadPose, LivenessCues, OperatingPoint, PackView,
    Quality, QualityReason, RecognizerError, RecognizerErrorDetail,
};

pub const DIMENSIONS: usize = 32;
pub const THRESHOLD: f32 = 0.6;
/// A pack that gives liveness.
pub const LIVE_PACK: &str = "scripted-live";

/// A face in a scripted image.
#[derive(Debug, Clone)]
pub struct Face {
    pub embedding: Vec<f32>,
    pub reasons: Vec<QualityReason>,
    /// A pack that does not find it.
    pub hidden_from: Option<&'static str>,
    /// A pack that would not have it enrolled.
    pub poor_for: Option<&'static str>,
    /// The person whose track it took over, seen by the recognizer: it is embedded although the track is settled.
    pub in_track_of: Option<usize>,
    /// Passive evidence, and over how many frames.
    pub live: Option<(f32, u32)>,
    pub pose: Option<HeadPose>,
}

impl Face {
    /// A face with passive liveness evidence over so many frames.
    pub fn live(self, evidence: f32, frames: u32) -> Self {
        Self { live: Some((evidence, frames)), ..self }
    }

    /// A face whose head is turned, nodded and tilted, in degrees.
    pub fn held(self, [yaw, pitch, roll]: [f32; 3]) -> Self {
        Self { pose: Some(HeadPose { yaw, pitch, roll, ..HeadPose::default() }), ..self }
    }
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
    let embedding = embedding.iter().map(|v| v / length).collect();
    Face {
        embedding,
        reasons: Vec::new(),
        hidden_from: None,
        poor_for: None,
        in_track_of: None,
        live: None,
        pose: None,
    }
}

/// A face that cannot be enrolled.
pub fn poor(n: usize, reasons: &[QualityReason]) -> Face {
    Face { reasons: reasons.to_vec(), ..person(n) }
}

#[derive(Default)]
struct Script {
    /// What each image shows, by its number.
    images: Mutex<Vec<Vec<Face>>>,
    epoch: AtomicUsize,
    down: AtomicBool,
    /// Refuses photos (requests without a stream) as overloaded.
    busy: AtomicBool,
    packs: Mutex<Vec<&'static str>>,
    /// The query of each request.
    asked: Mutex<Vec<HashMap<String, String>>>,
}

impl Script {
    /// What an image shows. Its number is its colour, which survives being encoded anew.
    fn faces_in(&self, image: &[u8]) -> Option<Vec<Face>> {
        let image = image::load_from_memory(image).ok()?.into_rgb8();
        let pixel = image.get_pixel(image.width() / 2, image.height() / 2).0;
        let number = pixel.iter().rev().fold(0, |number, level| number * 32 + usize::from(level / 8));
        self.images.lock().unwrap().get(number).cloned()
    }
}

/// The colour of image `number`: 32 levels a channel, in the middle of eight values each.
fn colour(number: usize) -> Rgb<u8> {
    Rgb([0, 1, 2].map(|channel| u8::try_from(number / 32usize.pow(channel) % 32).unwrap() * 8 + 4))
}

/// The same face in another pack: the numbers stand elsewhere, so comparing across packs finds nobody.
fn by_pack(embedding: &[f32], pack: &str) -> Vec<f32> {
    let mut embedding = embedding.to_vec();
    if pack != "scripted-1" {
        embedding.rotate_right(DIMENSIONS / 2);
    }
    embedding
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
        *script.packs.lock().unwrap() = vec!["scripted-1"];
        let data = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(32 * 1024 * 1024))
                .route("/v1/faces", web::post().to(faces))
                .route("/v1/models", web::get().to(models))
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
        let mut images = self.script.images.lock().unwrap();
        let mut png = Vec::new();
        let picture = RgbImage::from_pixel(8, 8, colour(images.len()));
        picture.write_to(&mut std::io::Cursor::new(&mut png), ImageFormat::Png).unwrap();
        images.push(faces.to_vec());
        png
    }

    /// As after a restart: new track ids.
    pub fn restart(&self) {
        self.script.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub fn set_down(&self, down: bool) {
        self.script.down.store(down, Ordering::SeqCst);
    }

    pub fn set_busy(&self, busy: bool) {
        self.script.busy.store(busy, Ordering::SeqCst);
    }

    pub fn set_packs(&self, packs: &[&'static str]) {
        *self.script.packs.lock().unwrap() = packs.to_vec();
    }

    /// A parameter of the last request.
    pub fn last_asked(&self, parameter: &str) -> String {
        let asked = self.script.asked.lock().unwrap();
        asked.last().and_then(|query| query.get(parameter).cloned()).unwrap_or_default()
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

async fn models(script: web::Data<Script>) -> HttpResponse {
    let items: Vec<PackView> = script.packs.lock().unwrap().iter().map(|id| pack_view(id)).collect();
    HttpResponse::Ok().json(serde_json::json!({ "items": items }))
}

fn pack_view(id: &str) -> PackView {
    PackView {
        id: id.to_owned(),
        name: "Scripted".to_owned(),
        dimensions: DIMENSIONS,
        threshold: THRESHOLD,
        margin: 0.05,
        passive_liveness: id == LIVE_PACK,
        liveness_live: (id == LIVE_PACK).then_some(0.7),
        liveness_spoof: (id == LIVE_PACK).then_some(0.3),
        challenge: id == LIVE_PACK,
        measured: "nothing: the test says who is who".to_owned(),
        operating_points: [(0.3, 0.05), (0.4, 0.01), (0.5, 1e-3), (THRESHOLD, 1e-4), (0.8, 1e-6)]
            .map(|(threshold, false_match_rate)| OperatingPoint {
                threshold,
                false_match_rate,
                false_non_match_rate: 0.02,
            })
            .to_vec(),
        files: Vec::new(),
    }
}

fn error(status: StatusCode, code: &str) -> HttpResponse {
    let error = RecognizerErrorDetail { code: code.to_owned(), message: "As scripted.".to_owned() };
    HttpResponse::build(status).json(RecognizerError { error })
}

async fn faces(request: HttpRequest, script: web::Data<Script>, body: web::Bytes) -> HttpResponse {
    if script.down.load(Ordering::SeqCst) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let Some(faces) = script.faces_in(&body) else {
        return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_an_image");
    };
    let query: HashMap<String, String> =
        web::Query::<HashMap<String, String>>::from_query(request.query_string()).unwrap().into_inner();
    script.asked.lock().unwrap().push(query.clone());
    let pack = query["pack"].clone();
    if !script.packs.lock().unwrap().contains(&pack.as_str()) {
        return error(StatusCode::NOT_FOUND, "unknown_pack");
    }
    if !query.contains_key("stream") && script.busy.load(Ordering::SeqCst) {
        return error(StatusCode::TOO_MANY_REQUESTS, "overloaded");
    }
    let settled = query.get("settled").cloned().unwrap_or_default();
    let settled: Vec<&str> = settled.split(',').collect();
    let epoch = script.epoch.load(Ordering::SeqCst);
    let faces = faces.iter().filter(|face| face.hidden_from != Some(pack.as_str()));
    let faces = faces.enumerate().map(|(index, face)| {
        // One track per person and stream, whatever the stream: as a tracker that never loses anybody.
        let strongest = (0..DIMENSIONS).max_by(|a, b| face.embedding[*a].total_cmp(&face.embedding[*b]));
        let stream = query.get("stream");
        let track = face.in_track_of.or(strongest).unwrap();
        let track = stream.map(|stream| format!("{stream}{pack}{epoch}-{track}"));
        let known =
            track.as_deref().is_some_and(|track| settled.contains(&track)) && face.in_track_of.is_none();
        let mut reasons = face.reasons.clone();
        reasons.extend(face.poor_for.filter(|poor| *poor == pack).map(|_| QualityReason::Blurred));
        let x = 10.0 * index as f32;
        DetectedFace {
            track,
            bounding_box: BoundingBox { x, y: 1.0, width: 8.0, height: 8.0 },
            landmarks: [[x, 2.0]; 5],
            score: 0.99,
            quality: Quality { ok: reasons.is_empty(), reasons },
            liveness: face.live.map(|(evidence, _)| evidence),
            cues: face.live.map(|(_, frames)| LivenessCues { frames, ..LivenessCues::default() }),
            pose: face.pose,
            embedding: (!known).then(|| Embedding(by_pack(&face.embedding, &pack))),
        }
    });
    let faces = faces.collect();
    HttpResponse::Ok().json(FacesAnswer {
        model: pack.clone(),
        width: 640,
        height: 480,
        faces,
        timings_ms: Default::default(),
    })
}
