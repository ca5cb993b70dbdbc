//! Calls about the recognizer: photos judged before anything is stored, the model packs.

use gloo_net::http::Method;
use serde::Deserialize;
use types::{MatchingRisk, PackStatus, PackView, Page};
use web_sys::FormData;

use super::{Api, Body, Coming};

/// Answer of `POST /api/v1/photo-checks`, one verdict per photo in the order sent.
#[derive(Debug, Clone, Deserialize)]
pub struct PhotoChecks {
    pub items: Vec<PhotoCheck>,
}

/// The verdict on one photo before anything is stored.
#[derive(Debug, Clone, Deserialize)]
pub struct PhotoCheck {
    pub ok: bool,
    /// What is wrong and what to do.
    pub message: Option<String>,
    /// How good the face is among others, 0 to 1; absent where there is none.
    #[serde(default)]
    pub score: Option<f32>,
}

impl Api {
    pub fn check_photos(self, form: &FormData) -> Coming<PhotoChecks> {
        self.read(Method::POST, "photo-checks".to_owned(), Body::Form(form.clone()))
    }

    pub fn model(self) -> Coming<PackView> {
        self.get("model".to_owned())
    }

    pub fn matching_risk(self) -> Coming<MatchingRisk> {
        self.get("model/risk".to_owned())
    }

    pub fn packs(self) -> Coming<Page<PackStatus>> {
        self.get("model/packs".to_owned())
    }

    /// Has the templates of a pack made in the background, or goes on where that stopped.
    pub fn prepare_pack(self, id: &str) -> Coming<()> {
        self.done(Method::POST, pack_path(id, "preparation"), Body::Nothing)
    }

    /// Removes the templates of a pack that is not in use.
    pub fn forget_pack(self, id: &str) -> Coming<()> {
        self.done(Method::DELETE, pack_path(id, "preparation"), Body::Nothing)
    }

    /// Takes a pack into use that is ready.
    pub fn use_pack(self, id: &str) -> Coming<()> {
        self.done(Method::POST, pack_path(id, "activation"), Body::Nothing)
    }
}

fn pack_path(id: &str, what: &str) -> String {
    format!("model/packs/{}/{what}", String::from(js_sys::encode_uri_component(id)))
}
