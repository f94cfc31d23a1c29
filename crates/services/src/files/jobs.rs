//! Jobs that remove expired files and draw small versions of pictures.

use std::time::Duration;

use platform::{
    jobs::{Failure, Registry},
    storage::Fault,
};

use super::{
    Files,
    shell::{FileError, THUMBNAIL_JOB, ThumbnailRequest},
};

const CHECK_INTERVAL: Duration = Duration::from_mins(10);
/// Faults of the server, the disk or the bucket after which a picture gets no small versions.
const MAX_FAILURES: i64 = 12;

/// Registers the jobs of this room.
pub fn register(registry: Registry, files: &Files) -> Registry {
    let (forgetting, drawing) = (files.clone(), files.clone());
    registry
        .periodic("file.forget", CHECK_INTERVAL, move |_| {
            let files = forgetting.clone();
            async move {
                let outcome = files.delete_expired_files().await;
                files.remove_killed_import_files().await?;
                outcome.map(drop)
            }
        })
        .queued(THUMBNAIL_JOB, MAX_FAILURES, move |_, job| {
            let files = drawing.clone();
            async move {
                let order: ThumbnailRequest = serde_json::from_str(&job.payload)
                    .map_err(|error| Failure::Hopeless(format!("the job's payload cannot be read: {error}")))?;
                match files.draw(job.tenant, order.id).await {
                    Ok(()) => Ok(()),
                    Err(FileError::Fault(fault)) => Err(Failure::Fault(fault)),
                    Err(other) => Err(Failure::Fault(Fault::Broken(format!("{} was not drawn: {other:?}", order.id)))),
                }
            }
        })
}
