//! Files that belong to other objects, and the small versions of pictures.

use entity::prelude::*;
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::{
    jobs,
    storage::{Fault, TenantScope, Work},
};
use serde::{Deserialize, Serialize};

use super::{
    error::FileError,
    service::{Files, OpenedFile},
};
use crate::files::{
    core::{
        File, Purpose, State, Thumbnails,
        limits::DOWNLOAD_LINK_SECONDS,
        link::{LinkPurpose, Size},
        sniff,
    },
    draw, rows,
};

/// Kind of the job that draws a picture's small versions.
pub const THUMBNAIL_JOB: &str = "file.draw";
/// Payload of a job that makes small versions.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ThumbnailRequest {
    pub id: FileId,
}

/// Minimum seconds until a file expires: the job that removes expired files may have read it a
/// moment ago.
const EXPIRY_MARGIN_SECONDS: i64 = 60;

/// Returns the name of a small version, next to the picture.
fn variant_of(blob: &str, pixels: u32) -> String {
    format!("{blob}-{pixels}")
}

impl Files {
    /// Keeps an uploaded file without expiry, in the transaction of the object that it belongs to.
    /// The upload of another actor is reported as not found.
    pub async fn claim_upload(&self, work: &Work, (id, purpose): (FileId, Purpose), actor: Actor) -> Result<File, FileError> {
        let own_file = rows::lock(work, id).await?.filter(|file| file.maker == actor && file.purpose == purpose);
        let file = own_file.ok_or(FileError::NotFound)?;
        if file.state != State::Ready {
            return Err(FileError::NotReady);
        }
        let end = file.expires_at.ok_or(FileError::Held)?;
        if end < self.0.clock.now().plus_seconds(EXPIRY_MARGIN_SECONDS) {
            return Err(FileError::NotReady);
        }
        let held_file = File { expires_at: None, ..file };
        rows::change(work, &held_file).await?;
        if purpose == Purpose::Image {
            jobs::enqueue(work, &self.0.clock, THUMBNAIL_JOB, &ThumbnailRequest { id }).await?;
        }
        Ok(held_file)
    }

    /// Releases a file that was held: it expires now, and the job for expired files removes its
    /// bytes.
    pub async fn expire_file(&self, work: &Work, id: FileId) -> Result<(), Fault> {
        match rows::lock(work, id).await? {
            Some(file) => rows::change(work, &File { expires_at: Some(self.0.clock.now()), ..file }).await,
            None => Err(Fault::corrupt("file", "a file that is held is there")),
        }
    }

    /// Reads files of a tenant, for the rooms whose objects they belong to.
    pub async fn of_ids(scope: &TenantScope, ids: &[FileId]) -> Result<Vec<File>, Fault> {
        rows::by_ids(scope, ids).await
    }

    /// Returns a link to a picture in a size; to the original if there is no smaller version. The
    /// caller has checked the right to see it.
    pub fn picture_link(&self, file: &File, size: Size) -> Option<String> {
        let size = if file.thumbnails == Some(Thumbnails::Made) { size } else { Size::Original };
        (file.state == State::Ready).then(|| self.link(LinkPurpose::Fetch(size), file, DOWNLOAD_LINK_SECONDS))
    }

    /// Opens a small version; `None` if the original is meant, or there is no small version.
    pub(super) async fn thumbnail(&self, file: &File, size: Size) -> Result<Option<OpenedFile>, FileError> {
        let (Some(pixels), Some(blob), Some(Thumbnails::Made)) = (size.pixels(), file.blob.as_deref(), file.thumbnails) else {
            return Ok(None);
        };
        let bytes = self.store()?.read(&variant_of(blob, pixels)).await?;
        let bytes = bytes.try_fold(Vec::new(), append_part).await?;
        let file = File { media_type: sniff(&bytes).as_str().to_owned(), size: bytes.len() as i64, ..file.clone() };
        Ok(Some(OpenedFile { file, bytes: stream::iter([Ok(bytes.into())]).boxed() }))
    }

    /// Draws a picture's small versions, once. A picture that cannot be decoded has none, and the
    /// original is shown.
    pub async fn draw(&self, tenant: TenantId, id: FileId) -> Result<(), FileError> {
        let undrawn_file =
            self.find_of_tenant(tenant, id).await?.filter(|file| file.state == State::Ready && file.thumbnails.is_none());
        let Some(file) = undrawn_file else { return Ok(()) };
        let blob = file.blob.clone().ok_or(FileError::NotReady)?;
        let variants = {
            let _alone = self.0.drawing.acquire().await.map_err(|_| Fault::ShuttingDown)?;
            let bytes = self.read(&file).await?.try_fold(Vec::new(), append_part).await?;
            let drawing = tokio::task::spawn_blocking(move || draw::thumbnails(&bytes));
            // A panic of the decoder is treated as an unreadable picture.
            drawing.await.unwrap_or_default()
        };
        for (size, bytes) in variants.iter().flatten() {
            let mut sink = self.writable_store()?.write(&variant_of(&blob, size.pixels().unwrap_or_default())).await?;
            if let Err(error) = sink.write(bytes.clone().into()).await {
                sink.abort().await;
                return Err(error.into());
            }
            sink.finish().await?;
        }
        self.record_thumbnails(&file, if variants.is_some() { Thumbnails::Made } else { Thumbnails::None }).await
    }

    /// Records the result of the drawing; if the picture was removed meanwhile, its small versions
    /// are removed too.
    async fn record_thumbnails(&self, file: &File, thumbnails: Thumbnails) -> Result<(), FileError> {
        let work = self.0.db.global().maintenance_for(file.tenant).await?;
        let Some(now) = rows::lock(&work, file.id).await?.filter(|now| now.state == State::Ready && now.blob == file.blob) else {
            work.rollback().await?;
            self.remove_bytes(file).await?;
            return Ok(());
        };
        rows::change(&work, &File { thumbnails: Some(thumbnails), ..now }).await?;
        Ok(work.commit().await?)
    }
}

pub(super) async fn append_part(mut buffer: Vec<u8>, part: bytes::Bytes) -> Result<Vec<u8>, crate::files::store::StoreError> {
    buffer.extend_from_slice(&part);
    Ok(buffer)
}
