//! `attendance-camera`: see the library.

use std::io::Write;
use std::process::ExitCode;

use camera::commands::{Command, CommandLine, list, run, test};
use clap::Parser;

/// What is wrong with the configuration or the system; sysexits' EX_CONFIG, which systemd is told not to restart on.
const WRONG: u8 = 78;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let line = CommandLine::parse();
    let _spans = telemetry::start("attendance-camera", env!("CARGO_PKG_VERSION"), line.log_format.into());
    let done = match &line.command {
        Command::List => list::list().map(|text| (text, true)),
        Command::Test(arguments) => test::test(arguments).await.map(|report| (report.text, report.well)),
        Command::Run { flags } => run::run(flags).await.map(|()| (String::new(), true)),
    };
    match done {
        Ok((text, well)) => {
            // Whoever closed the pipe does not want to read it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "attendance-camera: {error:#}");
            ExitCode::from(WRONG)
        }
    }
}
