//! A request's body, read within its limits of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;

/// How much of a body that was refused is still taken off the wire, and for how long. Closing with bytes unread makes the
/// peer's kernel throw the answer away before the client has seen it.
const LEFTOVER_BYTES: usize = 64 << 20;
const LEFTOVER_TIME: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Late,
    Broken,
}

/// Reads all of it. `declared` is the `Content-Length`; a body that announces too much is refused unread.
///
/// # Errors
/// Too much, too slow, or the connection broke.
pub async fn read(mut body: Body, declared: Option<u64>, most: usize, time: Duration) -> Result<Bytes, BodyError> {
    if declared.is_some_and(|length| length > most as u64) {
        discard(body);
        return Err(BodyError::TooLarge);
    }
    let result = tokio::time::timeout(time, collect(&mut body, most)).await.unwrap_or(Err(BodyError::Late));
    if result == Err(BodyError::TooLarge) {
        discard(body);
    }
    result
}

async fn collect(body: &mut Body, most: usize) -> Result<Bytes, BodyError> {
    let Some(first) = next(body).await? else { return Ok(Bytes::new()) };
    if first.len() > most {
        return Err(BodyError::TooLarge);
    }
    let Some(second) = next(body).await? else { return Ok(first) };
    let mut all = Vec::with_capacity((first.len() + second.len()) * 2);
    all.extend_from_slice(&first);
    let mut part = second;
    loop {
        if all.len() + part.len() > most {
            return Err(BodyError::TooLarge);
        }
        all.extend_from_slice(&part);
        match next(body).await? {
            Some(more) => part = more,
            None => return Ok(all.into()),
        }
    }
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| BodyError::Broken)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => return Ok(Some(data)),
            Err(_trailers) => {}
        }
    }
    Ok(None)
}

/// Takes the rest of a refused body off the wire, in a task of its own.
pub fn discard(mut body: Body) {
    tokio::spawn(tokio::time::timeout(LEFTOVER_TIME, async move {
        let mut left = LEFTOVER_BYTES;
        while let Ok(Some(part)) = next(&mut body).await {
            left = left.saturating_sub(part.len());
            if left == 0 {
                break;
            }
        }
    }));
}
