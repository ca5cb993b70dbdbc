//! From settings to a running service.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::dev::Server;
use anyhow::{Context as _, bail};
use models::pack::{self, LoadedPack};
use ort::environment::Environment;
use recognizer_types::{PackFile, PackView};
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

/// Reads and checks the pack.
pub fn open_pack(models: &Models) -> anyhow::Result<LoadedPack> {
    pack::load(&models.pack).with_context(|| format!("the model pack in {}", models.pack.display()))
}

/// What `GET /v1/model` says of a pack.
pub fn describe(pack: &LoadedPack) -> PackView {
    let pack = &pack.pack;
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
        passive_liveness: pack.liveness.is_some(),
        challenge: pack.landmarks.is_some(),
        measured: pack.matching.measured.clone(),
        files: files.collect(),
    }
}

/// A service that listens.
pub struct Application {
    server: Server,
    port: u16,
    failed: oneshot::Receiver<NetworkError>,
}

impl Application {
    /// Loads the pack, starts the workers and binds.
    pub fn build(models: &Models, listen: &Listen, workers: usize) -> anyhow::Result<Self> {
        forbid_core_dumps();
        listen.check()?;
        let secret = listen.secret()?;
        let pack = Arc::new(open_pack(models)?);
        let environment = open_runtime(&models.ort)?;
        let view = describe(&pack);
        let id = view.id.clone();
        let (pool, failed) = Pool::start(&environment, pack, workers);
        let (server, port) = server::serve(Service { pool, view, secret }, listen)?;
        tracing::info!(pack = id, host = %listen.host, port, workers, "listening");
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
