//! Logos: uploaded pictures, drawn small for papers. The caller stores the drawn logo; the uploaded
//! file expires.

use entity::prelude::*;
use futures_util::TryStreamExt;
use platform::storage::Fault;

use super::{error::FileError, pictures::append_part, service::Files};
use crate::files::{
    core::{
        MediaType, Purpose, State,
        limits::{LOGO_BYTES, LOGO_SIDE},
        sniff,
    },
    draw::{self, RenderedLogo},
};

/// Reason to refuse a picture as a logo.
#[derive(Debug)]
pub enum LogoError {
    /// The picture is neither a PNG nor a JPEG, or cannot be decoded.
    NotDrawn,
    /// A side of the picture has more pixels than this.
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
    /// Draws a picture that its maker has uploaded as a logo. The upload of another actor is
    /// reported as not found.
    pub async fn logo(&self, tenant: TenantId, id: FileId, actor: Actor) -> Result<RenderedLogo, LogoError> {
        let stored_file = self.find_of_tenant(tenant, id).await?;
        let file = stored_file.filter(|file| file.maker == actor && file.purpose == Purpose::Image).ok_or(FileError::NotFound)?;
        if file.state != State::Ready {
            return Err(FileError::NotReady.into());
        }
        if file.size.unsigned_abs() > LOGO_BYTES {
            return Err(FileError::TooLarge { most: LOGO_BYTES }.into());
        }
        if file.area.is_some_and(|area| area.width.max(area.height) > LOGO_SIDE) {
            return Err(LogoError::TooManyPixels { most: LOGO_SIDE });
        }
        let bytes = self.read(&file).await?.try_fold(Vec::new(), append_part).await.map_err(FileError::from)?;
        if !matches!(sniff(&bytes), MediaType::Png | MediaType::Jpeg) {
            return Err(LogoError::NotDrawn);
        }
        let _alone = self.0.drawing.acquire().await.map_err(|_| Fault::ShuttingDown)?;
        let drawing = tokio::task::spawn_blocking(move || draw::logo(&bytes));
        // A panic of the decoder is treated as an unreadable picture.
        drawing.await.unwrap_or_default().ok_or(LogoError::NotDrawn)
    }
}
