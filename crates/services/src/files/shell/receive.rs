//! Uploads by link: the bytes are counted, checked and hashed as they arrive, and stored only if
//! all of them are valid.

use std::time::Duration;

use bytes::Bytes;
use entity::prelude::*;
use futures_util::{Stream, StreamExt};
use platform::{
    audit::{AuditContext, Origin, Target},
    storage::journal,
};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};

use super::{
    error::FileError,
    service::{Files, folder, make_ready},
};
use crate::files::{
    core::{
        Dimensions, File, Purpose, State,
        limits::{FILE_RETENTION_SECONDS, IMAGE_HEAD_BYTES, UPLOAD_RATE, UPLOAD_WINDOW_SECONDS},
        link::LinkPurpose,
        min_speed::{RateWindow, TooSlow},
        picture_dimensions, sniff,
    },
    rows,
    store::{Sink, StoreError},
};

/// Bytes from which the media type is detected.
const SNIFF_BYTES: usize = 1_024;

/// Size, beginning and hash of the bytes that have passed.
pub(super) struct ReceivedBytes {
    pub size: u64,
    pub start: Vec<u8>,
    /// Bytes that are kept of the beginning.
    sample_limit: usize,
    hash: Sha256,
}

impl ReceivedBytes {
    pub(super) fn new(purpose: Purpose) -> Self {
        let sample_size = if purpose == Purpose::Image { IMAGE_HEAD_BYTES } else { SNIFF_BYTES };
        Self { size: 0, start: Vec::new(), sample_limit: sample_size, hash: Sha256::new() }
    }
    pub(super) fn add(&mut self, bytes: &Bytes) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
        let needed_bytes = self.sample_limit.saturating_sub(self.start.len()).min(bytes.len());
        self.start.extend_from_slice(&bytes[..needed_bytes]);
    }
    pub(super) fn digest(self) -> Vec<u8> {
        self.hash.finalize().to_vec()
    }
}

impl Files {
    /// Receives the bytes of a file that is awaited. `declared` is their number, if the sender
    /// declares it; an `Err` in them is a sender that disconnected.
    pub async fn receive<S>(&self, token: &str, declared: Option<u64>, origin: Origin, bytes: S) -> Result<File, FileError>
    where
        S: Stream<Item = Result<Bytes, ()>> + Send,
    {
        let link = self.0.signer.open(token, LinkPurpose::Send, self.0.clock.now()).ok_or(FileError::NotFound)?;
        let file = self.file_of_link(link.tenant, link.file).await?;
        if file.state != State::Awaited {
            return Err(FileError::NotAwaited);
        }
        // The slot is released when the upload ends or the sender disconnects.
        let _place = self.0.uploads.take(&file)?;
        let limit = file.purpose.max_bytes();
        if declared.is_some_and(|size| size > limit) {
            return Err(FileError::TooLarge { most: limit });
        }
        // Each attempt has a path of its own: two concurrent uploads cannot mix.
        let blob = format!("{}/{}", folder(&file), self.0.clock.uuid().simple());
        let received = self.store_upload(&blob, file.purpose, limit, bytes).await?;
        let audit_context = AuditContext::new(
            "file.upload".to_owned(),
            origin,
            self.0.audit_writer.clone(),
            Some((file.tenant, file.maker)),
            Some(Target::of(file.id)),
        );
        let outcome = audit_context.run_within(Box::pin(self.settle(file.id, file.tenant, &blob, received))).await;
        if outcome.is_err()
            && let Err(error) = self.writable_store()?.remove(&blob).await
        {
            tracing::warn!(%error, blob, "the bytes of a refused upload could not be removed; they stay until its file expires");
        }
        outcome
    }

    /// Writes the bytes where they belong, unless something is wrong with them: then nothing is left.
    async fn store_upload<S>(&self, blob: &str, purpose: Purpose, limit: u64, bytes: S) -> Result<ReceivedBytes, FileError>
    where
        S: Stream<Item = Result<Bytes, ()>> + Send,
    {
        let mut sink = self.writable_store()?.write(blob).await?;
        match write_checked(&mut sink, purpose, limit, bytes).await {
            Ok(received) => {
                sink.finish().await?;
                Ok(received)
            }
            Err(error) => {
                sink.abort().await;
                Err(error)
            }
        }
    }

    async fn settle(&self, id: FileId, tenant: TenantId, blob: &str, received: ReceivedBytes) -> Result<File, FileError> {
        let mut work = self.0.db.tenant(tenant).begin().await?;
        // Lock order: the journal before the file, as where files are attached.
        journal::hold(&work).await?;
        let Some(before) = rows::lock(&work, id).await?.filter(|file| file.state == State::Awaited) else {
            work.rollback().await?;
            return Err(FileError::NotAwaited);
        };
        let now = self.0.clock.now();
        let media = sniff(&received.start);
        let after = File {
            media_type: media.as_str().to_owned(),
            area: picture_dimensions(media, &received.start).filter(|_| before.purpose == Purpose::Image),
            size: received.size as i64,
            sha256: Some(received.digest()),
            blob: Some(blob.to_owned()),
            state: State::Ready,
            ready_at: Some(now),
            expires_at: Some(now.plus_seconds(FILE_RETENTION_SECONDS)),
            ..before
        };
        if let Err(error) = make_ready(&mut work, &after, now).await {
            work.rollback().await?;
            return Err(error);
        }
        work.commit().await?;
        Ok(after)
    }
}

/// Returns the next part, unless the upload is too slow.
async fn next_part<S>(pace: &mut RateWindow, bytes: &mut std::pin::Pin<&mut S>) -> Result<Option<Bytes>, FileError>
where
    S: Stream<Item = Result<Bytes, ()>> + Send,
{
    loop {
        let (start_time, remaining) = (Instant::now(), Duration::from_millis(pace.remaining_millis()));
        let next = timeout(remaining, bytes.next()).await;
        let waited = start_time.elapsed().as_millis() as u64;
        let (count, part) = match next {
            Ok(None) => return Ok(None),
            Ok(Some(part)) => part.map(|part| (part.len() as u64, Some(part))).map_err(|()| FileError::Broken)?,
            Err(_late) => (0, None),
        };
        pace.record_bytes(count, waited).map_err(|TooSlow| FileError::TooSlow)?;
        if part.is_some() {
            return Ok(part);
        }
    }
}

async fn write_checked<S>(sink: &mut Sink, purpose: Purpose, limit: u64, bytes: S) -> Result<ReceivedBytes, FileError>
where
    S: Stream<Item = Result<Bytes, ()>> + Send,
{
    let (mut bytes, mut received, mut is_checked) = (std::pin::pin!(bytes), ReceivedBytes::new(purpose), false);
    let mut pace = RateWindow::new(UPLOAD_RATE, UPLOAD_WINDOW_SECONDS);
    while let Some(part) = next_part(&mut pace, &mut bytes).await? {
        received.add(&part);
        if received.size > limit {
            return Err(FileError::TooLarge { most: limit });
        }
        if !is_checked && received.start.len() >= SNIFF_BYTES {
            is_checked = true;
            check(purpose, &received)?;
        }
        sink.write(part).await.map_err(|error: StoreError| FileError::from(error))?;
    }
    if received.size == 0 {
        return Err(FileError::NoBytes);
    }
    check(purpose, &received)?;
    if purpose == Purpose::Image {
        check_area(&received)?;
    }
    Ok(received)
}

/// Checks that a picture has dimensions in its header, and that they are within the limits of
/// decoding.
fn check_area(received: &ReceivedBytes) -> Result<(), FileError> {
    let area: Dimensions =
        picture_dimensions(sniff(&received.start), &received.start).ok_or(FileError::WrongKind(Purpose::Image))?;
    if area.is_within_limits() { Ok(()) } else { Err(FileError::TooManyPixels(area)) }
}

fn check(purpose: Purpose, received: &ReceivedBytes) -> Result<(), FileError> {
    if purpose.accepts(sniff(&received.start)) { Ok(()) } else { Err(FileError::WrongKind(purpose)) }
}
