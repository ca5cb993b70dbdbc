//! What some browsers have and others lack: asked for by name, so that its absence is an answer and not an error.

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// A property; `None` where there is none.
pub fn property(of: &JsValue, name: &str) -> Option<JsValue> {
    let found = Reflect::get(of, &name.into()).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

/// Calls a method; `None` where there is no such method or it throws.
pub fn invoke(of: &JsValue, name: &str, arguments: &Array) -> Option<JsValue> {
    let method = property(of, name)?.dyn_into::<Function>().ok()?;
    Reflect::apply(&method, of, arguments).ok()
}

/// Calls a method and waits for its promise; `None` where there is no such method or it refuses.
pub async fn call(of: &JsValue, name: &str, arguments: &Array) -> Option<JsValue> {
    let promised = invoke(of, name, arguments)?;
    JsFuture::from(Promise::resolve(&promised)).await.ok()
}

/// An object with one text in it.
pub fn with_text(name: &str, value: &str) -> Object {
    let object = Object::new();
    // Setting a property of a fresh plain object does not fail.
    let _ = Reflect::set(&object, &name.into(), &value.into());
    object
}

/// Waits until no other tab of this browser is a kiosk, and keeps others from being one for as long as this page
/// lives. Browsers without locks let every tab be one.
pub async fn only_tab() {
    let Some(locks) = property(window().navigator().as_ref(), "locks") else { return };
    let granted = Promise::new(&mut |granted, _| {
        let held = Closure::once_into_js(move || {
            // A promise's own function does not throw.
            let _ = granted.call0(&JsValue::UNDEFINED);
            // The lock is held until this promise ends, which it never does.
            Promise::new(&mut |_, _| ())
        });
        if let Some(request) = property(&locks, "request").and_then(|found| found.dyn_into::<Function>().ok())
        {
            // Refused only by a page that is being left.
            let _ = request.call2(&locks, &"attendance-kiosk".into(), &held);
        }
    });
    // This promise is never rejected.
    let _ = JsFuture::from(granted).await;
}

/// Keeps the screen on; it goes by itself when the page is hidden.
pub async fn keep_awake() {
    if let Some(lock) = property(window().navigator().as_ref(), "wakeLock") {
        call(&lock, "request", &Array::of1(&"screen".into())).await;
    }
}

/// The whole screen, where the browser gives it: after a touch.
pub async fn fill_screen() {
    if let Some(root) = document().document_element().filter(|_| document().fullscreen_element().is_none()) {
        call(root.as_ref(), "requestFullscreen", &Array::new()).await;
    }
}

/// Asks that the browser does not clear what is kept when its disk gets full.
pub async fn keep_storage() {
    if let Some(storage) = property(window().navigator().as_ref(), "storage") {
        call(&storage, "persist", &Array::new()).await;
    }
}

/// Lets the kiosk open without a network from the second time on.
pub async fn keep_program() {
    if let Some(workers) = property(window().navigator().as_ref(), "serviceWorker") {
        let options = with_text("scope", "/kiosk");
        call(&workers, "register", &Array::of2(&"/kiosk-worker.js".into(), &options)).await;
    }
}

/// Whether a newer program took the place of the one that keeps this page, which therefore loads again when nobody is
/// there.
#[derive(Clone, Copy)]
pub struct Newer(StoredValue<bool>);

impl Newer {
    /// Listens for as long as the page lives.
    pub fn listen() -> Self {
        let newer = Self(StoredValue::new(false));
        let Some(workers) = property(window().navigator().as_ref(), "serviceWorker") else { return newer };
        // The first worker of all keeps the very program that runs.
        if property(&workers, "controller").is_none() {
            return newer;
        }
        let changed = Closure::<dyn FnMut()>::new(move || {
            newer.0.try_set_value(true);
        });
        if let Some(workers) = workers.dyn_ref::<web_sys::EventTarget>() {
            // Fails only for a target that cannot be listened to, which this one can.
            let _ = workers
                .add_event_listener_with_callback("controllerchange", changed.as_ref().unchecked_ref());
        }
        changed.forget();
        newer
    }

    /// Loads the newer program where there is one, and otherwise asks the server whether there is.
    pub async fn take(self) {
        if self.0.try_get_value() == Some(true) {
            // Fails only for a page that is being left.
            let _ = window().location().reload();
        }
        let Some(workers) = property(window().navigator().as_ref(), "serviceWorker") else { return };
        if let Some(registration) = call(&workers, "getRegistration", &Array::of1(&"/kiosk".into())).await {
            call(&registration, "update", &Array::new()).await;
        }
    }
}
