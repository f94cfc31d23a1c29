//! `entrepot schema`, `entrepot schema diff` and `entrepot schema examples`.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use api::schema;
use reference::{
    Reference, ReferenceError,
    diff::{Diff, DiffError, ExceptionError, Exceptions},
};

use crate::config::{DiffFormat, SchemaAction, SchemaArgs, SchemaDiffArgs};

/// Reason for which nothing was printed, or for which compared schemas do not fit.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("{} cannot be read: {source}", .path.display())]
    Unread { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Diff(#[from] DiffError),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error("the exceptions in {} cannot be read. {source}", .path.display())]
    Exceptions { path: PathBuf, source: ExceptionError },
    #[error("{0} breaking changes are not allowed. Take them back, or list them with a reason.")]
    Breaking(usize),
    #[error(transparent)]
    Unwritten(#[from] io::Error),
}

/// Prints the schema, the differences of two, or the examples of the reference.
pub fn run(args: &SchemaArgs) -> Result<(), SchemaError> {
    match &args.action {
        None => print(&schema::sdl()).map_err(SchemaError::from),
        Some(SchemaAction::Diff(args)) => compare(args),
        Some(SchemaAction::Examples) => print(&examples()?).map_err(SchemaError::from),
    }
}

/// The operations of the reference, for generators of clients.
fn examples() -> Result<String, ReferenceError> {
    let reference = Reference::new(&schema::sdl(), &[])?;
    let documents: Vec<_> = reference.examples().map(|example| example.document).collect();
    Ok(documents.join("\n\n") + "\n")
}

fn compare(args: &SchemaDiffArgs) -> Result<(), SchemaError> {
    let diff = Diff::between(&read(&args.old)?, &read(&args.new)?)?;
    let exceptions = match &args.exceptions {
        Some(path) => Exceptions::parse(&read(path)?).map_err(|source| SchemaError::Exceptions { path: path.clone(), source })?,
        None => Exceptions::default(),
    };
    print(&match args.format {
        DiffFormat::Text => diff.text(),
        DiffFormat::Markdown => diff.markdown(),
        DiffFormat::Json => diff.json(),
    })?;
    let unlisted = exceptions.unlisted_changes(&diff).len();
    if args.check && unlisted > 0 { Err(SchemaError::Breaking(unlisted)) } else { Ok(()) }
}

fn read(path: &Path) -> Result<String, SchemaError> {
    fs::read_to_string(path).map_err(|source| SchemaError::Unread { path: path.to_owned(), source })
}

fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // A reader may close the pipe early.
        Err(err) if err.kind() != ErrorKind::BrokenPipe => Err(err),
        _ => Ok(()),
    }
}
