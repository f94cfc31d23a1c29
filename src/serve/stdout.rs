//! Lines of commands on standard output.

use std::io::{self, ErrorKind, Write};

/// Prints a line. The reader may have closed the pipe, which is not an error.
pub fn print_stdout(line: &str) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(err) if err.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}
