//! What commands say on standard output.

use std::io::{self, ErrorKind, Write};

/// Says a line. Whoever reads it may have enough of it: that nobody listens is no failure.
pub fn say(line: &str) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(err) if err.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}
