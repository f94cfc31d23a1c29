//! `entrepot watch`: live stock on a terminal, or as lines of JSON for the next program. A client:
//! it uses the public API and no internals.
//!
//! It holds the cursor of the last printed change. After any loss of the connection or the server
//! it reconnects automatically and resumes after that cursor, so no change is missed; the last
//! printed cursor is where the next watch can resume.

mod args;
mod backoff;
mod error;
mod print;
mod session;
mod wire;

use std::process::ExitCode;

use tokio::signal;

use self::{backoff::Backoff, error::End, print::Printer, session::Watch};

pub use args::{Format, WatchArgs};
pub use error::WatchError;

/// Watches until it is stopped, or cannot continue.
pub async fn run(args: WatchArgs) -> Result<ExitCode, WatchError> {
    let mut printer = Printer::new(args.format);
    let mut watch = Watch::new(&args)?;
    let outcome = tokio::select! {
        outcome = watch_stock(&mut watch, &mut printer) => outcome,
        () = wait_for_stop() => Ok(()),
    };
    if let Some(cursor) = watch.cursor() {
        eprintln!("entrepot: go on with --after {cursor}");
    }
    match outcome {
        // A closed pipe means that the reader of the lines has enough.
        Err(WatchError::Output(err)) if err.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        outcome => outcome.map(|()| ExitCode::SUCCESS),
    }
}

async fn watch_stock(watch: &mut Watch, printer: &mut Printer) -> Result<(), WatchError> {
    let mut backoff = Backoff::default();
    loop {
        match watch.run_session(printer, &mut backoff).await? {
            End::Lost { reason: message, come_back } => {
                let pause = backoff.next_delay(come_back);
                eprintln!("entrepot: {message}; again in {:.1} s", pause.as_secs_f32());
                tokio::time::sleep(pause).await;
            }
            End::Reset(reason) => {
                eprintln!("entrepot: the cursor is no longer valid ({reason}): starting over");
            }
        }
    }
}

/// Completes on Ctrl-C, or when the process is asked to terminate.
async fn wait_for_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = signal::ctrl_c().await;
}
