//! `models build`: makes the default pack.

use std::{io::Write as _, path::PathBuf, time::Instant};

use clap::{Parser, Subcommand};
use models::default_pack::{Built, build};

#[derive(Parser)]
#[command(version, about = "Makes model packs from published weights")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the default pack; does nothing when it is there already.
    Build {
        /// Folder in which `npm ci` was run.
        #[arg(long, default_value = "models")]
        npm: PathBuf,
        /// Folder of the pack.
        #[arg(long, default_value = "target/packs/default")]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let Command::Build { npm, out } = Arguments::parse().command;
    let start = Instant::now();
    let text = match build(&npm, &out)? {
        Built::UpToDate => format!("{} is up to date", out.display()),
        Built::Written => format!("{} written in {:.1} s", out.display(), start.elapsed().as_secs_f32()),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
