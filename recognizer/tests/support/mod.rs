//! Pictures and a running service for the tests.

#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

use image::{ImageEncoder as _, RgbImage, codecs::jpeg::JpegEncoder, imageops};
use recognizer::{
    config::{Listen, Models},
    startup::Application,
};

/// `${XDG_CACHE_HOME:-$HOME/.cache}/attendance`, where set-up keeps what it fetched.
fn cache() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("attendance")
}

/// The pack and the runtime, or None with a line that says what is missing.
pub fn models() -> Option<Models> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let pack = from_env("RECOGNIZER_PACK").unwrap_or_else(|| root.join("target/packs/default"));
    let ort =
        from_env("RECOGNIZER_ORT").unwrap_or_else(|| cache().join("onnxruntime/libonnxruntime.so.1.31.1"));
    for (path, advice) in [(pack.join("pack.toml"), "make models"), (ort.clone(), "make setup")] {
        if !path.exists() {
            eprintln!("skipped: {} is missing ({advice})", path.display());
            return None;
        }
    }
    Some(Models { packs: vec![pack], ort })
}

/// A copy of the first pack in `folder` with `pack.toml` changed.
pub fn changed(models: &Models, folder: &Path, change: impl Fn(&str) -> String) -> Models {
    for entry in std::fs::read_dir(&models.packs[0]).expect("the pack") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
    }
    let path = folder.join("pack.toml");
    let text = std::fs::read_to_string(&path).expect("pack.toml");
    let other = change(&text);
    assert_ne!(text, other, "the change must change something");
    std::fs::write(&path, other).expect("pack.toml");
    Models { packs: vec![folder.to_owned()], ort: models.ort.clone() }
}

/// A photo that set-up fetched, or None with a line that says that it is missing.
pub fn photo(name: &str) -> Option<Vec<u8>> {
    let path = cache().join("photos").join(name);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("skipped: the photo {} is missing (make setup)", path.display());
    }
    bytes
}

/// A service on a free port of this machine.
pub struct Running {
    pub url: String,
    pub client: reqwest::Client,
}

impl Running {
    /// Starts a service with `workers` and waits until it is ready.
    pub async fn start(models: &Models, workers: usize) -> Self {
        let running = Self::start_with(models, listen(), workers);
        running.wait_until_ready().await;
        running
    }

    /// Starts a service.
    pub fn start_with(models: &Models, listen: Listen, workers: usize) -> Self {
        let application = Application::build(models, &listen, workers).expect("a working pack");
        let url = format!("http://127.0.0.1:{}", application.port());
        actix_web::rt::spawn(application.run_until_stopped());
        Self { url, client: client() }
    }

    /// Polls `/readyz`.
    pub async fn wait_until_ready(&self) {
        for _ in 0..300 {
            let answer = self.client.get(format!("{}/readyz", self.url)).send().await.expect("listening");
            if answer.status() == 200 {
                return;
            }
            assert_eq!(answer.status(), 503);
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not ready in 15 s");
    }

    /// Posts a picture.
    pub async fn post(&self, query: &str, bytes: Vec<u8>) -> reqwest::Response {
        let url = format!("{}/v1/faces{query}", self.url);
        self.client.post(url).body(bytes).send().await.expect("an answer")
    }

    /// Posts a picture that is in order.
    pub async fn faces(&self, query: &str, bytes: Vec<u8>) -> recognizer_types::FacesAnswer {
        let answer = self.post(query, bytes).await;
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("faces")
    }
}

/// An HTTP client. It brings no cryptography of its own.
pub fn client() -> reqwest::Client {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("client")
}

/// A free port on loopback, without secret and TLS.
pub fn listen() -> Listen {
    let host = std::net::Ipv4Addr::LOCALHOST.into();
    Listen { host, port: 0, secret_file: None, tls_cert: None, tls_key: None }
}

/// Two pictures side by side, each fitted into half of 1280×720.
pub fn side_by_side(left: &[u8], right: &[u8]) -> RgbImage {
    let mut canvas = RgbImage::from_pixel(1280, 720, image::Rgb([90, 90, 90]));
    for (bytes, x) in [(left, 0), (right, 640)] {
        let picture = image::load_from_memory(bytes).expect("a picture").to_rgb8();
        let scale = (640.0 / picture.width() as f32).min(720.0 / picture.height() as f32);
        let size = [picture.width(), picture.height()].map(|side| (side as f32 * scale) as u32);
        let fitted = imageops::resize(&picture, size[0], size[1], imageops::FilterType::Triangle);
        imageops::replace(&mut canvas, &fitted, x, 0);
    }
    canvas
}

/// `photo` on a canvas of this size, so that the face is a fifth of its height.
pub fn scene(photo: &[u8], width: u32, height: u32) -> Vec<u8> {
    let picture = image::load_from_memory(photo).expect("a photo").to_rgb8();
    let new_height = height * 9 / 10;
    let new_width = picture.width() * new_height / picture.height();
    let small = imageops::resize(&picture, new_width, new_height, imageops::FilterType::Triangle);
    // Slopes instead of one colour: a plain background decodes faster than a room does.
    let mut canvas = RgbImage::from_fn(width, height, |x, y| {
        let texture = (x * 7 + y * 13) % 7;
        image::Rgb([(x * 200 / width + texture) as u8, (y * 200 / height + texture) as u8, 120])
    });
    imageops::replace(&mut canvas, &small, i64::from(width - new_width) / 2, i64::from(height - new_height));
    jpeg(&canvas)
}

/// A picture in which every pixel can be told from its neighbours.
pub fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 60])
    })
}

/// As JPEG.
pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(picture).expect("jpeg");
    bytes
}

/// As JPEG with an EXIF orientation.
pub fn jpeg_turned(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut tiff = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg(picture);
    let length = (tiff.len() as u16 + 2).to_be_bytes();
    let segment = [&[0xff, 0xe1], &length[..], &tiff].concat();
    bytes.splice(2..2, segment);
    bytes
}

/// As PNG.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = vec![];
    picture.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).expect("png");
    bytes
}

/// As lossless WebP.
pub fn webp(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = vec![];
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes)
        .write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .expect("webp");
    bytes
}

/// A PNG of two frames.
pub fn animated_png() -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(2, 0).expect("animation");
    let mut writer = encoder.write_header().expect("header");
    writer.write_image_data(&[9; 12]).expect("frame 1");
    writer.write_image_data(&[99; 12]).expect("frame 2");
    writer.finish().expect("end");
    bytes
}

/// A WebP with the animation flag, one animation header and one frame.
pub fn animated_webp() -> Vec<u8> {
    let still = webp(&gradient(2, 2));
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let mut chunk = [&name[..], &(data.len() as u32).to_le_bytes(), data].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let extended = chunk(b"VP8X", &[0x02, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    let animation = chunk(b"ANIM", &[0; 6]);
    let frame_header = [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 100, 0, 0, 0];
    let frame = chunk(b"ANMF", &[&frame_header[..], &still[12..]].concat());
    let body = [&b"WEBP"[..], &extended, &animation, &frame].concat();
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// A JPEG header of four components with Adobe's mark, then an empty scan.
pub fn cmyk_jpeg() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend(b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00");
    bytes.extend(b"\xff\xdb\x00\x43\x00");
    bytes.extend([16; 64]);
    bytes.extend(b"\xff\xc0\x00\x14\x08\x00\x10\x00\x10\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00");
    bytes.extend(b"\xff\xda\x00\x0e\x04\x01\x00\x02\x00\x03\x00\x04\x00\x00\x3f\x00");
    bytes.extend([0; 16]);
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// A PNG header that claims 30,000×30,000 pixels.
pub fn huge_png() -> Vec<u8> {
    let mut bytes = png(&gradient(4, 4));
    bytes[16..20].copy_from_slice(&30_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&30_000u32.to_be_bytes());
    bytes
}

/// A JPEG header that claims 30,000×30,000 pixels.
pub fn huge_jpeg() -> Vec<u8> {
    let mut bytes = jpeg(&gradient(16, 16));
    let at = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame header");
    bytes[at + 5..at + 7].copy_from_slice(&30_000u16.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&30_000u16.to_be_bytes());
    bytes
}
