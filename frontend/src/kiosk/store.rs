//! What is kept lies in the browser's IndexedDB: one store, the sealed bytes under a key that says everything else, so
//! that a start reads the keys alone.

use js_sys::{Array, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::bounds::Kept;
use super::browser::{invoke, property};
use super::replay::Kind;

const DATABASE: &str = "attendance-kiosk";
const STORE: &str = "kept";

/// The browser would not: storage is closed or full.
#[derive(Debug)]
pub struct NotStored;

impl From<JsValue> for NotStored {
    fn from(_: JsValue) -> Self {
        Self
    }
}

/// The database of this tablet. Its methods are called by name: bindings of their own would weigh on the first page, which
/// carries those of all pages.
pub struct Store(JsValue);

impl Store {
    /// Opens it, and makes it the first time.
    ///
    /// # Errors
    /// Where storage is closed, as in a private window.
    pub async fn open() -> Result<Self, NotStored> {
        let factory = property(window().as_ref(), "indexedDB").ok_or(NotStored)?;
        let request = ask(&factory, "open", &Array::of2(&DATABASE.into(), &1.into()))?;
        let opening = request.clone();
        let made = Closure::once_into_js(move || {
            if let Some(database) = property(&opening, "result") {
                // Fails only where it is there already.
                let _ = invoke(&database, "createObjectStore", &Array::of1(&STORE.into()));
            }
        });
        Reflect::set(&request, &"onupgradeneeded".into(), &made)?;
        Ok(Self(answer(&request).await?))
    }

    /// What waits, by kind.
    ///
    /// # Errors
    /// Where the browser cannot read it.
    pub async fn keys(&self) -> Result<Vec<(Kind, Kept)>, NotStored> {
        let (_, store) = self.begin("readonly")?;
        let keys = answer(&ask(&store, "getAllKeys", &Array::new())?).await?;
        Ok(Array::from(&keys).iter().filter_map(|key| read_key(&key)).collect())
    }

    /// Keeps bytes.
    ///
    /// # Errors
    /// Where there is no room.
    pub async fn put(&self, kind: Kind, kept: Kept, sealed: &[u8]) -> Result<(), NotStored> {
        let (transaction, store) = self.begin("readwrite")?;
        ask(&store, "put", &Array::of2(&Uint8Array::from(sealed), &key(kind, kept)))?;
        done(&transaction).await
    }

    /// The bytes of one; none where they are gone.
    ///
    /// # Errors
    /// Where the browser cannot read them.
    pub async fn get(&self, kind: Kind, kept: Kept) -> Result<Option<Vec<u8>>, NotStored> {
        let (_, store) = self.begin("readonly")?;
        let found = answer(&ask(&store, "get", &Array::of1(&key(kind, kept)))?).await?;
        Ok(found.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    /// Lets one go.
    ///
    /// # Errors
    /// Where the browser cannot write.
    pub async fn remove(&self, kind: Kind, kept: Kept) -> Result<(), NotStored> {
        let (transaction, store) = self.begin("readwrite")?;
        ask(&store, "delete", &Array::of1(&key(kind, kept)))?;
        done(&transaction).await
    }

    /// Lets everything go.
    ///
    /// # Errors
    /// Where the browser cannot write.
    pub async fn clear(&self) -> Result<(), NotStored> {
        let (transaction, store) = self.begin("readwrite")?;
        ask(&store, "clear", &Array::new())?;
        done(&transaction).await
    }

    /// A transaction, and the store in it.
    fn begin(&self, mode: &str) -> Result<(JsValue, JsValue), NotStored> {
        let transaction = ask(&self.0, "transaction", &Array::of2(&STORE.into(), &mode.into()))?;
        let store = ask(&transaction, "objectStore", &Array::of1(&STORE.into()))?;
        Ok((transaction, store))
    }
}

fn ask(of: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, NotStored> {
    invoke(of, method, arguments).ok_or(NotStored)
}

fn key(kind: Kind, kept: Kept) -> JsValue {
    let kind = match kind {
        Kind::CheckIn => 0.0,
        Kind::Frame => 1.0,
    };
    // All three stay below 2^53: milliseconds since 1970, and bytes.
    [kind, kept.sequence as f64, kept.at_ms as f64, kept.bytes as f64]
        .into_iter()
        .map(JsValue::from_f64)
        .collect::<Array>()
        .into()
}

fn read_key(key: &JsValue) -> Option<(Kind, Kept)> {
    let parts = Array::from(key);
    let part = |at: u32| parts.get(at).as_f64().map(|number| number as u64);
    let kind = if part(0)? == 0 { Kind::CheckIn } else { Kind::Frame };
    Some((kind, Kept { sequence: part(1)?, at_ms: part(2)?, bytes: part(3)? }))
}

async fn answer(request: &JsValue) -> Result<JsValue, NotStored> {
    settled(request, "onsuccess", "onerror").await?;
    Ok(Reflect::get(request, &"result".into())?)
}

async fn done(transaction: &JsValue) -> Result<(), NotStored> {
    settled(transaction, "oncomplete", "onabort").await
}

/// Waits for one of two events.
async fn settled(of: &JsValue, good: &str, bad: &str) -> Result<(), NotStored> {
    let promise = Promise::new(&mut |resolve, reject| {
        // Setting a handler does not fail.
        let _ = Reflect::set(of, &good.into(), &resolve);
        let _ = Reflect::set(of, &bad.into(), &reject);
    });
    JsFuture::from(promise).await?;
    Ok(())
}
