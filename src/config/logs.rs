//! How log lines are written.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Time, level, target, message and fields, in colours on a terminal.
    Text,
    /// An object a line: `timestamp` (RFC 3339, UTC), `level`, `target`, and in `fields` the message with what is told beside it, as `request_id`.
    Json,
}
