//! Files that belong to something, and the small versions of pictures.

use entity::prelude::*;
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::{
    jobs,
    storage::{Fault, TenantScope, Work},
};
use serde::{Deserialize, Serialize};

use super::{FileError, Files, Opened};
use crate::files::{
    core::{
        File, Purpose, State, Thumbnails,
        limits::FETCH_SECONDS,
        link::{Size, Verb},
        sniff,
    },
    draw, rows,
};

/// The kind of job that makes a picture's small versions.
pub const DRAW: &str = "file.draw";
/// What such a job is given.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Draw {
    pub id: FileId,
}

/// Seconds that a file must still have: whoever takes away what is over has looked a moment ago.
const MARGIN_SECONDS: i64 = 60;

/// Where a small version lies, beside the picture.
fn variant_of(blob: &str, pixels: u32) -> String {
    format!("{blob}-{pixels}")
}

impl Files {
    /// Keeps a file that somebody has sent for good, in the transaction of what it belongs to from now on. What somebody else has sent looks
    /// like what nobody has.
    pub async fn hold(&self, work: &Work, (id, purpose): (FileId, Purpose), maker: Actor) -> Result<File, FileError> {
        let found = rows::lock(work, id).await?.filter(|file| file.maker == maker && file.purpose == purpose);
        let file = found.ok_or(FileError::NotFound)?;
        if file.state != State::Ready {
            return Err(FileError::NotReady);
        }
        let end = file.expires_at.ok_or(FileError::Held)?;
        if end < self.0.clock.now().plus_seconds(MARGIN_SECONDS) {
            return Err(FileError::NotReady);
        }
        let held = File { expires_at: None, ..file };
        rows::change(work, &held).await?;
        if purpose == Purpose::Image {
            jobs::enqueue(work, &self.0.clock, DRAW, &Draw { id }).await?;
        }
        Ok(held)
    }

    /// Lets go of a file that was held: its bytes are taken away by whoever takes away what is over.
    pub async fn let_go(&self, work: &Work, id: FileId) -> Result<(), Fault> {
        match rows::lock(work, id).await? {
            Some(file) => rows::change(work, &File { expires_at: Some(self.0.clock.now()), ..file }).await,
            None => Err(Fault::corrupt("file", "a file that is held is there")),
        }
    }

    /// Files of a tenant, for rooms whose things they belong to.
    pub async fn of_ids(scope: &TenantScope, ids: &[FileId]) -> Result<Vec<File>, Fault> {
        rows::by_ids(scope, ids).await
    }

    /// A link to a picture in a size; to the original where there is no smaller one. Whoever hands it out has looked who may see it.
    pub fn picture_link(&self, file: &File, size: Size) -> Option<String> {
        let size = if file.thumbnails == Some(Thumbnails::Made) { size } else { Size::Original };
        (file.state == State::Ready).then(|| self.link(Verb::Fetch(size), file, FETCH_SECONDS))
    }

    /// A small version; None where the original is meant, or there is no other.
    pub(super) async fn thumbnail(&self, file: &File, size: Size) -> Result<Option<Opened>, FileError> {
        let (Some(pixels), Some(blob), Some(Thumbnails::Made)) = (size.pixels(), file.blob.as_deref(), file.thumbnails) else {
            return Ok(None);
        };
        let bytes = self.store()?.read(&variant_of(blob, pixels)).await?;
        let bytes = bytes.try_fold(Vec::new(), gathered).await?;
        let file = File { media_type: sniff(&bytes).as_str().to_owned(), size: bytes.len() as i64, ..file.clone() };
        Ok(Some(Opened { file, bytes: stream::iter([Ok(bytes.into())]).boxed() }))
    }

    /// Makes a picture's small versions, once. One that cannot be drawn has none, and is shown as it is.
    pub async fn draw(&self, tenant: TenantId, id: FileId) -> Result<(), FileError> {
        let found = self.of_tenant(tenant, id).await?.filter(|file| file.state == State::Ready && file.thumbnails.is_none());
        let Some(file) = found else { return Ok(()) };
        let blob = file.blob.clone().ok_or(FileError::NotReady)?;
        let drawn = {
            let _alone = self.0.drawing.acquire().await.map_err(|_| Fault::ShuttingDown)?;
            let bytes = self.read(&file).await?.try_fold(Vec::new(), gathered).await?;
            let drawing = tokio::task::spawn_blocking(move || draw::thumbnails(&bytes));
            // A decoder that panics has met a picture that it cannot read.
            drawing.await.unwrap_or_default()
        };
        for (size, bytes) in drawn.iter().flatten() {
            let mut sink = self.store_to_change()?.write(&variant_of(&blob, size.pixels().unwrap_or_default())).await?;
            if let Err(error) = sink.write(bytes.clone().into()).await {
                sink.abort().await;
                return Err(error.into());
            }
            sink.finish().await?;
        }
        self.note_drawn(&file, if drawn.is_some() { Thumbnails::Made } else { Thumbnails::None }).await
    }

    /// Says what became of the drawing, unless the picture has gone meanwhile: then so do its small versions.
    async fn note_drawn(&self, file: &File, thumbnails: Thumbnails) -> Result<(), FileError> {
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

pub(super) async fn gathered(mut all: Vec<u8>, part: bytes::Bytes) -> Result<Vec<u8>, crate::files::store::StoreError> {
    all.extend_from_slice(&part);
    Ok(all)
}
