//! What can be asked on the command line.

pub mod list;
pub mod run;
pub mod test;

use clap::{Parser, Subcommand};

use crate::config::Flags;
use crate::logging::LogFormat;

/// Takes pictures from cameras, chooses those that show motion, and sends them to Attendance. While the server is away,
/// they wait on disk, sealed so that only the server opens them.
#[derive(Debug, Parser)]
#[command(
    name = "attendance-camera",
    version,
    after_help = "Begin with `attendance-camera test`: it says what is wrong and \
    what to do. The manual is docs/CAMERAS.md."
)]
pub struct CommandLine {
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t, env = "ATTENDANCE_CAMERA_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the webcams of this machine: the number that the configuration calls `device`, name and formats.
    List,
    /// Opens each camera, takes a picture, and calls the server; says what is wrong and what to do. Run it while the
    /// agent is stopped: a webcam serves one program. Exit code 0: all is well.
    Test(test::Arguments),
    /// Runs until it is stopped (SIGTERM, Ctrl-C).
    Run {
        /// What to run.
        #[command(flatten)]
        flags: Flags,
    },
}
