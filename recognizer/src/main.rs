//! The recognizer's commands: `serve` (the default), `evaluate` and `healthcheck`.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use recognizer::{
    config::{Listen, Models},
    evaluate::{evaluate, trial::evaluate_clips},
    startup::Application,
};

#[derive(Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Answers `POST /v1/faces`; the default.
    Serve(Serve),
    /// Asks a running recognizer whether it is ready; exit code 0 means yes.
    Healthcheck(Listen),
    /// Measures how well the pack tells people apart, on pairs of pictures or on clips.
    Evaluate(Evaluate),
}

#[derive(Args)]
struct Evaluate {
    #[command(flatten)]
    models: Models,
    /// CSV with the columns a, b, same (1 or 0) and, if wanted, fold; a and b are files below --images, named
    /// `identity/file` or `identity_0001.jpg`.
    #[arg(long, requires = "images", required_unless_present = "clips", conflicts_with = "clips")]
    pairs: Option<PathBuf>,
    /// Folder of the pictures.
    #[arg(long, requires = "pairs")]
    images: Option<PathBuf>,
    /// Folder for the report, the ROC (CSV and SVG), the pictures without a face and the thresholds for pack.toml.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folder of clips with a labels.csv: clip, person, use (enrol or recognise). Wants ffmpeg.
    #[arg(long)]
    clips: Option<PathBuf>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    models: Models,
    #[command(flatten)]
    listen: Listen,
    /// Worker threads [default: one per core].
    #[arg(long, env = "RECOGNIZER_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let format = telemetry::LogFormat::from_env()?;
    let _spans = telemetry::start("attendance-recognizer", env!("CARGO_PKG_VERSION"), format);
    let arguments = Arguments::parse();
    match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(Serve { models, listen, workers }) => {
            let cores = || std::thread::available_parallelism().map_or(1, usize::from);
            let workers = workers.map_or_else(cores, usize::from);
            Application::build(&models, &listen, workers)?.run_until_stopped().await
        }
        Command::Healthcheck(listen) => check_health(&listen).await,
        Command::Evaluate(arguments) => measure(&arguments),
    }
}

fn measure(Evaluate { models, pairs, images, out, clips }: &Evaluate) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    if let (Some(pairs), Some(images)) = (pairs, images) {
        let report = evaluate(models, pairs, images)?;
        write!(stdout, "{report}")?;
        out.as_ref().map_or(Ok(()), |folder| report.write(folder))?;
    }
    if let Some(clips) = clips {
        let report = evaluate_clips(models, clips)?;
        write!(stdout, "{report}")?;
        out.as_ref().map_or(Ok(()), |folder| report.write(folder))?;
    }
    Ok(())
}

async fn check_health(listen: &Listen) -> anyhow::Result<()> {
    let scheme = if listen.tls_cert.is_some() { "https" } else { "http" };
    let host = match listen.host {
        host if host.is_unspecified() => "127.0.0.1".to_owned(),
        std::net::IpAddr::V6(host) => format!("[{host}]"),
        host => host.to_string(),
    };
    let url = format!("{scheme}://{host}:{}/readyz", listen.port);
    // The client cannot be built without a provider; one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The HTTP client brings no cryptography of its own; a provider that is there already does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The certificate names the host that others use; nothing secret is sent or believed here.
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .timeout(std::time::Duration::from_secs(5))
        .no_proxy()
        .build()?;
    let answer = client.get(&url).send().await.with_context(|| format!("{url} does not answer"))?;
    if !answer.status().is_success() {
        bail!("{url} answers {}", answer.status());
    }
    Ok(())
}
