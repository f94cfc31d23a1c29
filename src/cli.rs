//! Arguments to what they ask for.
//!
//! In the library, because the body of an asynchronous function is compiled where it is first waited for: in the binary all of Entrepot would
//! be compiled a second time.

mod bench;

use std::{
    cell::{Cell, RefCell},
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

use crate::{
    CRATES,
    config::{Cli, Command, DatabaseArgs, SigningKeyCommand},
    demo, serve,
};
use api::schema;
use clap::Parser;
use platform::storage::{Database, Fault};
use services::insight::{
    self,
    verify::{Line, Report},
};
use tools::{replay, watch};
use tracing_subscriber::EnvFilter;

/// Does what the process's arguments say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    serve::file_modes::keep_to_oneself();
    // The demo speaks for itself, and signed heads of the audit log would stand in the middle of it.
    let usual = if matches!(cli.command, Command::Demo(_)) { "warn" } else { "warn,entrepot=info" };
    let given = std::env::var("ENTREPOT_LOG").ok().and_then(|given| EnvFilter::try_new(for_all_crates(&given)).ok());
    let filter = given.unwrap_or_else(|| for_all_crates(usual).into());
    // Colours are for eyes: not for files and pipes, nor for whoever wants none (no-color.org).
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return failed(&err),
    };
    runtime.block_on(run(cli.command))
}

/// A filter of log lines, with each directive for `entrepot` or one of its rooms repeated for every crate: to operators they are one.
fn for_all_crates(filter: &str) -> String {
    let directives = filter.split(',').map(str::trim).flat_map(|directive| match directive.strip_prefix("entrepot") {
        Some(rest) => CRATES.iter().map(|name| format!("{}{rest}", name.replace('-', "_"))).collect(),
        None => vec![directive.to_owned()],
    });
    directives.collect::<Vec<_>>().join(",")
}

async fn run(command: Command) -> ExitCode {
    match command {
        Command::Serve(args) => ended(serve::run(*args).await),
        Command::Worker(args) => ended(serve::job_registry::run(*args).await),
        Command::Migrate(args) => ended(migrate(&args).await),
        Command::Demo(args) => ended(Box::pin(demo::run(args)).await),
        Command::Replay(args) => ended(replay::run(args).await.map(drop)),
        Command::Watch(args) => match watch::run(args).await {
            Ok(code) => code,
            Err(err) => failed(&err),
        },
        Command::Copy(args) => match Box::pin(serve::copy::run(*args)).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => failed(&err),
        },
        Command::Backup(args) => ended(Box::pin(serve::backup::run(args.action)).await),
        Command::Verify(args) => verify(&args).await,
        Command::Tenant(args) => ended(serve::tenant::run(args.action).await),
        Command::Epoch(args) => ended(Box::pin(serve::epoch::renew(&args)).await),
        Command::Files(args) => ended(serve::file_store::run(args).await),
        Command::Audit(args) => match serve::audit::run(args.action).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => failed(&err),
        },
        Command::Facts(args) => match serve::facts::run(args.action).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(err) => failed(&err),
        },
        Command::SigningKey(args) => match args.what {
            SigningKeyCommand::Rotate(args) => ended(serve::keys::rotate_signing(&args).await),
        },
        Command::Keys(args) => ended(serve::keys::run(args.action).await),
        Command::Forecast(args) => ended(bench::run(&args.action)),
        Command::Schema => match std::io::stdout().write_all(schema::sdl().as_bytes()) {
            // Whoever reads it may have enough of it.
            Err(err) if err.kind() != ErrorKind::BrokenPipe => failed(&err),
            _ => ExitCode::SUCCESS,
        },
    }
}

async fn migrate(args: &DatabaseArgs) -> Result<(), Fault> {
    let db = Database::make(&args.database_url, args.options()).await?;
    let pending = db.migrate().await?;
    db.prove_row_security().await?;
    let said = if pending == 0 { "the database is up to date".to_owned() } else { format!("{pending} migration(s) applied") };
    serve::say(&said).map_err(|err| Fault::Broken(err.to_string()))?;
    db.close().await
}

async fn verify(args: &DatabaseArgs) -> ExitCode {
    let (mut report, width) = (Report::default(), insight::verify::width());
    // What could not be said, and how many lines were said as they were found: the rest follow when a fault ends the proof.
    let (unsaid, said) = (RefCell::new(None::<io::Error>), Cell::new(0));
    let say = |text: &str| {
        if let Err(err) = serve::say(text) {
            unsaid.borrow_mut().get_or_insert(err);
        }
    };
    let proven = async {
        let db = Database::open(&args.database_url, args.options()).await?;
        match db.pending_migrations().await? {
            0 => {}
            pending => return Err(Fault::Broken(serve::StartError::OldSchema(pending).to_string())),
        }
        let progress = |what: &str| drop(writeln!(io::stderr(), "{what}"));
        let told = |line: &Line| {
            say(&line.text(width));
            said.set(said.get() + 1);
        };
        insight::verify::verify_into(&db, &mut report, progress, told).await
    };
    let proven = proven.await;
    report.lines.iter().skip(said.get()).for_each(|line| say(&line.text(width)));
    if let Err(fault) = proven {
        return failed(&fault);
    }
    say(&report.summary());
    match unsaid.into_inner() {
        Some(err) => failed(&err),
        None if report.is_sound() => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

fn ended<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => failed(&err),
    }
}

fn failed(err: &impl std::fmt::Display) -> ExitCode {
    // Nobody may be there to hear it.
    let _ = writeln!(io::stderr(), "entrepot: {err}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_for_entrepot_is_for_all_of_its_crates() {
        let filter = for_all_crates("warn, entrepot::storage=debug");
        assert!(
            filter.starts_with("warn,macros::storage=debug,forecast::storage=debug,reference::storage=debug,product_text::storage=debug,platform::storage=debug"),
            "{filter}"
        );
        assert!(filter.ends_with(",entrepot::storage=debug"), "{filter}");
        assert_eq!(filter.split(',').count(), 1 + CRATES.len());
        assert_eq!(for_all_crates("info,hyper=off"), "info,hyper=off");
    }
}
