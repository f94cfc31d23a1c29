//! Logos: pictures that were sent, drawn small for papers. What is drawn is kept by whoever prints it, and the file goes when its time is over.

use entity::prelude::*;
use futures_util::TryStreamExt;
use platform::storage::Fault;

use super::{FileError, Files, pictures::gathered};
use crate::files::{
    core::{
        MediaType, Purpose, State,
        limits::{LOGO_BYTES, LOGO_SIDE},
        sniff,
    },
    draw::{self, DrawnLogo},
};

/// Why a picture is no logo.
#[derive(Debug)]
pub enum LogoError {
    /// It is none of a PNG and a JPEG, or cannot be drawn.
    NotDrawn,
    /// One of its sides has more pixels than this.
    TooManyPixels {
        most: u32,
    },
    File(FileError),
}
impl From<FileError> for LogoError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}
impl From<Fault> for LogoError {
    fn from(fault: Fault) -> Self {
        Self::File(fault.into())
    }
}

impl Files {
    /// A picture that its maker has sent, as a logo. What somebody else has sent looks like what nobody has.
    pub async fn logo(&self, tenant: TenantId, id: FileId, maker: Actor) -> Result<DrawnLogo, LogoError> {
        let found = self.of_tenant(tenant, id).await?;
        let file = found.filter(|file| file.maker == maker && file.purpose == Purpose::Image).ok_or(FileError::NotFound)?;
        if file.state != State::Ready {
            return Err(FileError::NotReady.into());
        }
        if file.size.unsigned_abs() > LOGO_BYTES {
            return Err(FileError::TooLarge { most: LOGO_BYTES }.into());
        }
        if file.area.is_some_and(|area| area.width.max(area.height) > LOGO_SIDE) {
            return Err(LogoError::TooManyPixels { most: LOGO_SIDE });
        }
        let bytes = self.read(&file).await?.try_fold(Vec::new(), gathered).await.map_err(FileError::from)?;
        if !matches!(sniff(&bytes), MediaType::Png | MediaType::Jpeg) {
            return Err(LogoError::NotDrawn);
        }
        let _alone = self.0.drawing.acquire().await.map_err(|_| Fault::ShuttingDown)?;
        let drawing = tokio::task::spawn_blocking(move || draw::logo(&bytes));
        // A decoder that panics has met a picture that it cannot read.
        drawing.await.unwrap_or_default().ok_or(LogoError::NotDrawn)
    }
}
