//! Taking away what is over, and making pictures small.

use std::time::Duration;

use platform::{
    jobs::{Failure, Registry},
    storage::Fault,
};

use super::{
    Files,
    shell::{DRAW, Draw, FileError},
};

const EVERY: Duration = Duration::from_mins(10);
/// A picture has no small versions for good after so many faults of ours, of the disk or of the bucket.
const MOST_FAILURES: i64 = 12;

/// Adds what this room knows how to do.
pub fn register(registry: Registry, files: &Files) -> Registry {
    let (forgetting, drawing) = (files.clone(), files.clone());
    registry
        .periodic("file.forget", EVERY, move |_| {
            let files = forgetting.clone();
            async move {
                let forgotten = files.forget_old().await;
                files.forget_killed_imports().await?;
                forgotten.map(drop)
            }
        })
        .queued(DRAW, MOST_FAILURES, move |_, job| {
            let files = drawing.clone();
            async move {
                let order: Draw = serde_json::from_str(&job.payload)
                    .map_err(|error| Failure::Hopeless(format!("the job's payload cannot be read: {error}")))?;
                match files.draw(job.tenant, order.id).await {
                    Ok(()) => Ok(()),
                    Err(FileError::Fault(fault)) => Err(Failure::Fault(fault)),
                    Err(other) => Err(Failure::Fault(Fault::Broken(format!("{} was not drawn: {other:?}", order.id)))),
                }
            }
        })
}
