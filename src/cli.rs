//! Command line: runs the command that the arguments name.
//!
//! In the library, because the body of an asynchronous function is compiled where it is first
//! awaited: in the binary all of Entrepot would be compiled a second time.

mod bench;
mod error_reports;
mod health;
mod logs;
mod schema_command;
mod traces;

use std::{
    cell::{Cell, RefCell},
    io::{self, Write},
    process::ExitCode,
};

use crate::{
    config::{BACKUP_NICE_VALUE, Cli, Command, MigrateArgs, SigningKeyCommand, VerifyArgs},
    demo, serve,
};
use clap::Parser;
use platform::{
    clock::Clock,
    priority,
    storage::{Database, Fault, Options, RowSecurity},
};
use services::insight::{
    self,
    verify::{Line, Report, StoredPapers},
};
use tokio::runtime::{Builder, Runtime};
use tools::{replay, watch};

/// Stack of a thread that runs requests: an operation may run another one, as a saved view of a report does, and without optimisation that takes more
/// than the two megabytes that threads have by default.
const STACK_BYTES: usize = 8 << 20;

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    serve::file_modes::restrict_umask();
    logs::init_logging(cli.log_format, matches!(cli.command, Command::Demo(_)));
    #[cfg(unix)]
    serve::descriptors::raise_descriptor_limit();
    // Before the first thread of the runtime: they take the priority of this one.
    if matches!(&cli.command, Command::Backup(args) if args.action.runs_beside_nodes()) {
        priority::lower(BACKUP_NICE_VALUE);
    }
    let runtime = match Builder::new_multi_thread().thread_stack_size(STACK_BYTES).enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return report_failure(&err),
    };
    let is_patient = !matches!(cli.command, Command::Doctor(_));
    run_command(runtime, run(cli.command), is_patient)
}

/// Runs a command. One that is not patient does not wait for threads that are blocked, for example
/// by a folder of an unreachable server.
fn run_command<T>(runtime: Runtime, command: impl Future<Output = T>, is_patient: bool) -> T {
    let outcome = runtime.block_on(command);
    if !is_patient {
        runtime.shutdown_background();
    }
    outcome
}

async fn run(command: Command) -> ExitCode {
    match command {
        Command::Serve(args) => {
            let (reports, spans) = (args.traces.error_reports.clone(), args.traces.clone());
            exit_code_of(
                error_reports::run_with_exporter(reports, traces::run_with_exporter(spans, Box::pin(serve::run(*args)))).await,
            )
        }
        Command::Worker(args) => {
            let (reports, spans) = (args.traces.error_reports.clone(), args.traces.clone());
            exit_code_of(
                error_reports::run_with_exporter(
                    reports,
                    traces::run_with_exporter(spans, Box::pin(serve::job_registry::run(*args))),
                )
                .await,
            )
        }
        Command::Migrate(args) => exit_code_of(migrate(&args).await),
        Command::Version(args) => check_exit_code(serve::versions::run(&args).await),
        Command::Doctor(args) => check_exit_code(Box::pin(serve::doctor::run(*args)).await),
        Command::Health(args) => check_exit_code(health::run(&args).await),
        Command::Sessions(args) => exit_code_of(Box::pin(serve::emergency::sessions(args.action)).await),
        Command::Job(args) => exit_code_of(serve::emergency::job(args.action).await),
        Command::Demo(args) => exit_code_of(Box::pin(demo::run(args)).await),
        Command::Replay(args) => exit_code_of(replay::run(args).await.map(drop)),
        Command::Watch(args) => match watch::run(args).await {
            Ok(code) => code,
            Err(err) => report_failure(&err),
        },
        Command::Copy(args) => check_exit_code(Box::pin(serve::copy::run(*args)).await),
        Command::Backup(args) => exit_code_of(Box::pin(serve::backup::run(args.action)).await),
        Command::Verify(args) => verify(&args).await,
        Command::Tenant(args) => exit_code_of(serve::tenant::run(args.action).await),
        Command::Partitions(args) => check_exit_code(Box::pin(serve::partitions::run(args.action)).await),
        Command::Epoch(args) => exit_code_of(Box::pin(serve::epoch::renew(&args)).await),
        Command::Resume(args) => exit_code_of(Box::pin(serve::emergency::resume(&args)).await),
        Command::Files(args) => exit_code_of(serve::file_store::run(args).await),
        Command::Audit(args) => check_exit_code(serve::audit::run(args.action).await),
        Command::Facts(args) => check_exit_code(serve::facts::run(args.action).await),
        Command::SigningKey(args) => match args.what {
            SigningKeyCommand::Rotate(args) => exit_code_of(serve::keys::rotate_signing(&args).await),
        },
        Command::Keys(args) => exit_code_of(serve::keys::run(args.action).await),
        Command::Forecast(args) => exit_code_of(bench::run(&args.action)),
        Command::Liquidation(args) => exit_code_of(bench::liquidation(&args)),
        Command::Schema(args) => exit_code_of(schema_command::run(&args)),
    }
}

async fn migrate(args: &MigrateArgs) -> Result<(), Fault> {
    let (url, options) = (&args.database.database_url, args.database.options());
    if args.plan {
        // Opened with row security, Postgres would be given its roles.
        let options = Options { row_security: RowSecurity::Off, ..options };
        return serve::versions::plan(&Database::open(url, options).await?).await;
    }
    let db = Database::make(url, options).await?;
    let pending = db.migrate_within(args.lock_limits()).await?;
    db.create_missing_parts(Clock::system().now()).await?;
    db.prove_row_security().await?;
    let message = if pending == 0 { "the database is up to date".to_owned() } else { format!("{pending} migration(s) applied") };
    serve::print_stdout(&message).map_err(|err| Fault::Broken(err.to_string()))?;
    db.close().await
}

async fn verify(VerifyArgs { database: args, files }: &VerifyArgs) -> ExitCode {
    let (mut report, width) = (Report::default(), insight::verify::invariant_width());
    // The first error of the output, and the number of lines printed as they were found: the rest
    // follow when a fault ends the proof.
    let (output_error, printed_count) = (RefCell::new(None::<io::Error>), Cell::new(0));
    let print_text = |text: &str| {
        if let Err(err) = serve::print_stdout(text) {
            output_error.borrow_mut().get_or_insert(err);
        }
    };
    let result = async {
        let db = Database::open(&args.database_url, args.options()).await?;
        match db.pending_migrations().await? {
            0 => {}
            pending => return Err(Fault::Broken(serve::StartError::OldSchema(pending).to_string())),
        }
        let progress = |step: &str| drop(writeln!(io::stderr(), "{step}"));
        let print_line = |line: &Line| {
            print_text(&line.text(width));
            printed_count.set(printed_count.get() + 1);
        };
        insight::verify::verify_into(&db, &mut report, progress, print_line).await?;
        let location = files.resolve_location(&args.database_url);
        insight::verify::verify_papers(&db, StoredPapers::all(&location), &mut report, progress, print_line).await
    };
    let result = result.await;
    report.lines.iter().skip(printed_count.get()).for_each(|line| print_text(&line.text(width)));
    if let Err(fault) = result {
        return report_failure(&fault);
    }
    print_text(&report.summary());
    match output_error.into_inner() {
        Some(err) => report_failure(&err),
        None if report.is_sound() => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

/// Ends with 0 where all is as it should be.
fn check_exit_code<E: std::fmt::Display>(outcome: Result<bool, E>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => report_failure(&err),
    }
}

fn exit_code_of<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => report_failure(&err),
    }
}

fn report_failure(err: &impl std::fmt::Display) -> ExitCode {
    logs::log_failure(err);
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[test]
    fn a_command_that_is_not_patient_leaves_behind_what_hangs() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let ((hold, held), (tell, told)) = (mpsc::channel::<()>(), mpsc::channel());
        let command = async move {
            let hangs = move || {
                tell.send(()).unwrap();
                held.recv_timeout(Duration::from_secs(5))
            };
            drop(tokio::task::spawn_blocking(hangs));
            told.recv().unwrap();
            7
        };
        assert_eq!(run_command(runtime, command, false), 7);
        assert!(hold.send(()).is_ok(), "the thread waits still, and nobody for it");
    }
}
