//! `models build` makes the default pack, `models make` one of networks that others publish.

use std::{io::Write as _, path::PathBuf, time::Instant};

use clap::{Parser, Subcommand};
use models::{default_pack, pack::Written, published};

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
    /// Makes the pack that a description tells of.
    Make {
        /// The description, for example `models/packs/yunet-sface.toml`.
        description: PathBuf,
        /// Folder with ONNX files, of any name; what it lacks is fetched from where it is published.
        #[arg(long)]
        from: Option<PathBuf>,
        /// Folder of the pack.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let start = Instant::now();
    let (written, out) = match Arguments::parse().command {
        Command::Build { npm, out } => (default_pack::build(&npm, &out)?, out),
        Command::Make { description, from, out } => {
            (published::make(&description, from.as_deref(), &out)?, out)
        }
    };
    let text = match written {
        Written::UpToDate => format!("{} is up to date", out.display()),
        Written::New => format!("{} written in {:.1} s", out.display(), start.elapsed().as_secs_f32()),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
