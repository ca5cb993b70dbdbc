//! The browser's camera: asking for it, and what to say when there is none.

use crate::language::say;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaDeviceInfo, MediaDeviceKind,
    MediaDevices, MediaStream, MediaStreamConstraints,
};

/// Quality of a JPEG, 0 to 1: above this a face does not become clearer.
const JPEG_QUALITY: f64 = 0.85;

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The user or a policy said no.
    Refused,
    /// No camera is connected.
    Missing,
    /// Another program holds it, or it failed.
    Busy,
    /// The page is not on https or localhost, so the browser gives no camera to it.
    Insecure,
}

impl Trouble {
    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Refused => say!(errors.camera_refused),
            Self::Missing => say!(errors.camera_missing),
            Self::Busy => say!(errors.camera_busy),
            Self::Insecure => say!(errors.camera_insecure),
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Refused => say!(errors.camera_refused_advice),
            Self::Missing => say!(errors.camera_missing_advice),
            Self::Busy => say!(errors.camera_busy_advice),
            Self::Insecure => say!(errors.camera_insecure_advice),
        }
    }

    fn of(error: &JsValue) -> Self {
        let name = error.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::name);
        match name.as_deref() {
            Some("NotAllowedError" | "SecurityError") => Self::Refused,
            Some("NotFoundError" | "OverconstrainedError") => Self::Missing,
            _ => Self::Busy,
        }
    }
}

/// A camera that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The browser's id for it.
    pub id: String,
    /// Its name, or a number where the browser keeps the name to itself.
    pub label: String,
}

/// Opens a camera: the one with the id, or for `None` the browser's choice, the one that `facing` names where there is
/// one (`user` is beside the screen).
pub async fn open(device: Option<&str>, facing: Option<&str>) -> Result<MediaStream, Trouble> {
    let devices = devices()?;
    let video = js_sys::Object::new();
    set(&video, "width", &ideal(1280.0.into()));
    set(&video, "height", &ideal(720.0.into()));
    if let Some(facing) = facing {
        set(&video, "facingMode", &ideal(facing.into()));
    }
    if let Some(device) = device {
        let exact = js_sys::Object::new();
        set(&exact, "exact", &device.into());
        set(&video, "deviceId", &exact);
    }
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&video);
    constraints.set_audio(&JsValue::FALSE);
    let asked = devices.get_user_media_with_constraints(&constraints).map_err(|error| Trouble::of(&error))?;
    let stream = JsFuture::from(asked).await.map_err(|error| Trouble::of(&error))?;
    stream.dyn_into().map_err(|_| Trouble::Busy)
}

/// The cameras there are; their names are known once one has been opened.
pub async fn choices() -> Vec<Choice> {
    let Ok(Ok(asked)) = devices().map(|devices| devices.enumerate_devices()) else { return Vec::new() };
    let Ok(list) = JsFuture::from(asked).await else { return Vec::new() };
    js_sys::Array::from(&list)
        .iter()
        .filter_map(|device| device.dyn_into::<MediaDeviceInfo>().ok())
        .filter(|device| device.kind() == MediaDeviceKind::Videoinput && !device.device_id().is_empty())
        .enumerate()
        .map(|(index, device)| {
            let label = device.label();
            let label = if label.is_empty() { say!(errors.camera_number, number = index + 1) } else { label };
            Choice { id: device.device_id(), label }
        })
        .collect()
}

/// Whether the camera looks at whoever looks at the screen: all but a telephone's rear camera do.
pub fn faces_user(stream: &MediaStream) -> bool {
    let track = stream.get_video_tracks().get(0).dyn_into::<web_sys::MediaStreamTrack>();
    let facing =
        track.ok().and_then(|track| js_sys::Reflect::get(&track.get_settings(), &"facingMode".into()).ok());
    facing.and_then(|facing| facing.as_string()).as_deref() != Some("environment")
}

/// Lets the camera go.
pub fn close(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<web_sys::MediaStreamTrack>() {
            track.set_onended(None);
            track.stop();
        }
    }
}

/// Draws the video's newest picture onto `canvas`, at most `widest` pixels along its longer side. False while the
/// video has no picture.
pub fn draw(video: &HtmlVideoElement, canvas: &HtmlCanvasElement, widest: f64) -> bool {
    let (width, height) = (f64::from(video.video_width()), f64::from(video.video_height()));
    let pen = canvas.get_context("2d").ok().flatten();
    let Some(pen) = pen.and_then(|pen| pen.dyn_into::<CanvasRenderingContext2d>().ok()) else { return false };
    if width < 1.0 || height < 1.0 {
        return false;
    }
    let scale = (widest / width.max(height)).min(1.0);
    let size = ((width * scale).round(), (height * scale).round());
    if f64::from(canvas.width()) != size.0 || f64::from(canvas.height()) != size.1 {
        canvas.set_width(size.0 as u32);
        canvas.set_height(size.1 as u32);
    }
    pen.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, size.0, size.1).is_ok()
}

/// The canvas as a JPEG; `None` if the browser cannot encode it.
pub async fn encode(canvas: &HtmlCanvasElement) -> Option<Blob> {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let asked =
            canvas.to_blob_with_type_and_encoder_options(&resolve, "image/jpeg", &JPEG_QUALITY.into());
        if asked.is_err() {
            // Calling the promise's own function does not fail.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    JsFuture::from(promise).await.ok()?.dyn_into().ok()
}

/// A canvas that is not on the page.
pub fn hidden_canvas() -> Option<HtmlCanvasElement> {
    document().create_element("canvas").ok()?.dyn_into().ok()
}

fn devices() -> Result<MediaDevices, Trouble> {
    let devices = window().navigator().media_devices().map_err(|_| Trouble::Insecure)?;
    // Outside a secure context the property is undefined rather than an error.
    if devices.is_undefined() { Err(Trouble::Insecure) } else { Ok(devices) }
}

fn ideal(value: JsValue) -> JsValue {
    let wish = js_sys::Object::new();
    set(&wish, "ideal", &value);
    wish.into()
}

fn set(object: &js_sys::Object, name: &str, value: &JsValue) {
    // Setting a property of a fresh plain object does not fail.
    let _ = js_sys::Reflect::set(object, &name.into(), value);
}
