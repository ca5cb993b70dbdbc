//! From settings to a running service.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use actix_web::dev::Server;
use anyhow::{Context as _, bail};
use models::pack::{self, LoadedPack};
use ort::environment::Environment;
use recognizer_types::{OperatingPoint, PackFile, PackView};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::sync::oneshot;

use crate::{
    config::{Listen, Models},
    network::NetworkError,
    pool::Pool,
    server::{self, Service},
};

/// ONNX Runtime allows one environment per process, so the first one that is opened is kept.
static RUNTIME: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// Opens the ONNX Runtime library; a process can use one only.
pub fn open_runtime(path: &Path) -> anyhow::Result<Environment> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((opened, environment)) = &*runtime {
        if opened != path {
            bail!("this process already uses ONNX Runtime from {}", opened.display());
        }
        return Ok(environment.clone());
    }
    let advice = || {
        format!("cannot load ONNX Runtime from {}; run `make setup` or set RECOGNIZER_ORT", path.display())
    };
    let builder = ort::init_from(path).with_context(advice)?;
    let environment = builder.with_name("recognizer").with_telemetry(false).build().with_context(advice)?;
    *runtime = Some((path.to_owned(), environment.clone()));
    Ok(environment)
}

/// Forbids core dumps: they would hold frames and embeddings.
pub fn forbid_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be forbidden");
    }
}

/// Reads and checks the first pack.
pub fn open_pack(models: &Models) -> anyhow::Result<LoadedPack> {
    let folder = models.packs.first().context("no model pack is named; set RECOGNIZER_PACK")?;
    open(folder)
}

/// Reads and checks every pack.
pub fn open_packs(models: &Models) -> anyhow::Result<Vec<LoadedPack>> {
    let mut packs: Vec<LoadedPack> = vec![];
    for folder in &models.packs {
        let pack = open(folder)?;
        let id = pack.pack.id();
        if packs.iter().any(|other| other.pack.id() == id) {
            bail!(
                "the model pack in {} is {id}, which RECOGNIZER_PACK names twice: leave one out",
                folder.display()
            );
        }
        packs.push(pack);
    }
    Ok(packs)
}

fn open(folder: &Path) -> anyhow::Result<LoadedPack> {
    pack::load(folder).with_context(|| format!("the model pack in {}", folder.display()))
}

/// What `GET /v1/model` says of a pack.
pub fn describe(pack: &LoadedPack) -> PackView {
    let pack = &pack.pack;
    let decision = pack.liveness.as_ref().and_then(|liveness| liveness.decision.as_ref());
    let files = pack.files().into_iter().map(|(role, model)| PackFile {
        role: role.into(),
        file: model.file.clone(),
        sha256: model.sha256.clone(),
        source: model.source.clone(),
        license: model.license.clone(),
    });
    PackView {
        id: pack.id(),
        name: pack.title.clone(),
        dimensions: pack.embedder.dimensions,
        threshold: pack.matching.threshold,
        margin: pack.matching.margin,
        passive_liveness: decision.is_some(),
        liveness_live: decision.map(|decision| decision.live),
        liveness_spoof: decision.map(|decision| decision.spoof),
        challenge: pack.pose.is_some(),
        measured: pack.matching.measured.clone(),
        operating_points: pack.matching.operating_points.iter().map(operating_point).collect(),
        files: files.collect(),
    }
}

fn operating_point(point: &models::pack::OperatingPoint) -> OperatingPoint {
    let models::pack::OperatingPoint { threshold, false_match_rate, false_non_match_rate } = *point;
    OperatingPoint { threshold, false_match_rate, false_non_match_rate }
}

/// A service that listens.
pub struct Application {
    server: Server,
    port: u16,
    failed: oneshot::Receiver<NetworkError>,
}

impl Application {
    /// Loads the packs, starts the workers and binds.
    pub fn build(models: &Models, listen: &Listen, workers: usize) -> anyhow::Result<Self> {
        forbid_core_dumps();
        listen.check()?;
        let secret = listen.secret()?;
        let packs = open_packs(models)?;
        let environment = open_runtime(&models.ort)?;
        let views: Vec<PackView> = packs.iter().map(describe).collect();
        let ids: Vec<String> = views.iter().map(|view| view.id.clone()).collect();
        let (pool, failed) = Pool::start(&environment, packs.into(), workers);
        let (server, port) = server::serve(Service { pool, views, secret }, listen)?;
        tracing::info!(packs = ids.join(", "), host = %listen.host, port, workers, "listening");
        Ok(Self { server, port, failed })
    }

    /// The port, for those who asked for port 0.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until a signal, or until a worker cannot start.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let handle = self.server.handle();
        let failed = self.failed;
        tokio::select! {
            ended = self.server => ended.context("the server ended"),
            // The sender is dropped without a word when every worker has started.
            Ok(error) = failed => {
                handle.stop(false).await;
                Err(anyhow::Error::new(error).context("the model pack does not work"))
            }
        }
    }
}
