//! `entrepot watch`: live stock on a terminal, or as lines of JSON for the next program. A client: it knows the public API and nothing inside.
//!
//! It holds the cursor of what it has printed. Whatever happens to the connection or the server, it comes back by itself and goes on behind
//! that cursor, so nothing is missed; what it prints before it is told to stop is where the next watch goes on.

mod args;
mod backoff;
mod print;
mod session;
mod wire;

use std::process::ExitCode;

use tokio::signal;

use self::{
    backoff::Backoff,
    print::Printer,
    session::{End, Watch},
};

pub use args::{Format, WatchArgs};

/// Why a watch ended that was not told to.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("{0} is not the address of a server: {1}")]
    Address(String, String),
    #[error("{0}: {1}")]
    Refused(String, String),
    #[error("there is no {0} {1} that this token may see")]
    Unknown(&'static str, String),
    #[error("the server's answer is not what the schema promises: {0}")]
    Nonsense(String),
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

/// Watches until it is told to stop, or may not go on.
pub async fn run(args: WatchArgs) -> Result<ExitCode, WatchError> {
    let mut printer = Printer::new(args.format);
    let mut watch = Watch::new(&args)?;
    let outcome = tokio::select! {
        outcome = follow(&mut watch, &mut printer) => outcome,
        () = told_to_stop() => Ok(()),
    };
    if let Some(cursor) = watch.cursor() {
        eprintln!("entrepot: go on with --after {cursor}");
    }
    match outcome {
        // Whoever read our lines has enough of them.
        Err(WatchError::Output(err)) if err.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        outcome => outcome.map(|()| ExitCode::SUCCESS),
    }
}

async fn follow(watch: &mut Watch, printer: &mut Printer) -> Result<(), WatchError> {
    let mut backoff = Backoff::default();
    loop {
        match watch.session(printer, &mut backoff).await? {
            End::Lost { why, come_back } => {
                let pause = backoff.next(come_back);
                eprintln!("entrepot: {why}; again in {:.1} s", pause.as_secs_f32());
                tokio::time::sleep(pause).await;
            }
            End::Reset(reason) => {
                eprintln!("entrepot: the cursor is no good any more ({reason}): beginning anew");
            }
        }
    }
}

/// Done when somebody presses Ctrl-C, or the process is asked to end.
async fn told_to_stop() {
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
