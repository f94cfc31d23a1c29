//! Arguments to what they ask for.
//!
//! In the library, because the body of an asynchronous function is compiled where it is first waited for: in the binary all of Entrepot would
//! be compiled a second time.

mod bench;
mod logs;

use std::{
    cell::{Cell, RefCell},
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use crate::{
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

/// Does what the process's arguments say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    serve::file_modes::keep_to_oneself();
    logs::begin(cli.log_format, matches!(cli.command, Command::Demo(_)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return failed(&err),
    };
    runtime.block_on(run(cli.command))
}

async fn run(command: Command) -> ExitCode {
    match command {
        Command::Serve(args) => ended(Box::pin(serve::run(*args)).await),
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
    logs::tell_failure(err);
    ExitCode::FAILURE
}
