//! Updates of a followed view, and reasons why a view cannot be followed.

use async_graphql::SimpleObject;
use platform::path;
use services::saved_views::shell::{SubscribeRefusal, ViewResult};

use super::{
    live_refusals::not_live_message,
    query::{SavedViewError, view_error},
};
use crate::{
    graphql::{
        fault::TopError,
        scalars::{Cursor, Json, Long},
    },
    live::stream::{ResetReason, StreamPhase},
};

/// An item of the stream of a saved view: all that the view shows, or the end of the stream.
#[derive(SimpleObject)]
pub struct SavedViewUpdate {
    /// Phase of the stream: READY with the first data, LIVE with data that differs from the data before, RESET at the end.
    pub phase: StreamPhase,
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    pub cursor: Option<Cursor>,
    /// Data as the document selects it, whole in each item. Null when an error takes all of it away, and in a RESET.
    pub data: Option<Json>,
    /// Fields that the reader may not see, and fields that failed, at most 10. They are null in the data.
    pub errors: Vec<SavedViewError>,
    /// Number of the tenant's last event before the data was read: the data is no older. Null in a RESET.
    pub seq: Option<Long>,
    /// SHA-256 of the data, as 64 hexadecimal digits. Null in a RESET.
    pub hash: Option<String>,
    /// Reason for which the stream ends; null in every phase but RESET.
    pub reset: Option<ResetReason>,
}

impl SavedViewUpdate {
    pub(super) fn of(phase: StreamPhase, cursor: Cursor, result: ViewResult) -> Self {
        Self {
            phase,
            cursor: Some(cursor),
            errors: result.errors.iter().map(view_error).collect(),
            data: Some(result.data).filter(|data| !data.is_null()).map(Json),
            seq: Some(Long(result.seq)),
            hash: Some(result.hash),
            reset: None,
        }
    }

    pub(super) fn reset_update(reason: ResetReason) -> Self {
        Self {
            phase: StreamPhase::Reset,
            cursor: None,
            data: None,
            errors: Vec::new(),
            seq: None,
            hash: None,
            reset: Some(reason),
        }
    }
}

pub(super) fn subscribe_error(reason: SubscribeRefusal) -> TopError {
    let is_too_dear = matches!(reason, SubscribeRefusal::TooDear(_));
    match not_live_message(reason) {
        Ok(message) if is_too_dear => TopError::limit_exceeded(message, Vec::new()),
        Ok(message) => TopError::bad_input(message, path!["view"]),
        Err(fault) => fault.into(),
    }
}
