//! A request's body, read within its limits of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;

/// Largest part of a refused body that is still read and dropped, and the time limit for it.
/// Closing with bytes unread makes the peer's kernel throw the answer away before the client has
/// seen it.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Late,
    Broken,
}

/// Reads all of it. `content_length` is the `Content-Length`; a body that announces too much is refused unread.
///
/// # Errors
/// Too much, too slow, or the connection broke.
pub async fn read(mut body: Body, content_length: Option<u64>, max_bytes: usize, time: Duration) -> Result<Bytes, BodyError> {
    if content_length.is_some_and(|length| length > max_bytes as u64) {
        discard(body);
        return Err(BodyError::TooLarge);
    }
    let result = tokio::time::timeout(time, collect(&mut body, max_bytes)).await.unwrap_or(Err(BodyError::Late));
    if result == Err(BodyError::TooLarge) {
        discard(body);
    }
    result
}

/// Reads the whole body and drops it, within the same limits.
///
/// # Errors
/// Too much, too slow, or the connection broke.
pub async fn skip(mut body: Body, content_length: Option<u64>, max_bytes: usize, time: Duration) -> Result<(), BodyError> {
    if content_length.is_some_and(|length| length > max_bytes as u64) {
        discard(body);
        return Err(BodyError::TooLarge);
    }
    let result = tokio::time::timeout(time, drain_body(&mut body, max_bytes)).await.unwrap_or(Err(BodyError::Late));
    if result == Err(BodyError::TooLarge) {
        discard(body);
    }
    result
}

async fn drain_body(body: &mut Body, max_bytes: usize) -> Result<(), BodyError> {
    let mut remaining_bytes = max_bytes;
    while let Some(part) = next(body).await? {
        remaining_bytes = remaining_bytes.checked_sub(part.len()).ok_or(BodyError::TooLarge)?;
    }
    Ok(())
}

async fn collect(body: &mut Body, max_bytes: usize) -> Result<Bytes, BodyError> {
    let Some(first_part) = next(body).await? else { return Ok(Bytes::new()) };
    if first_part.len() > max_bytes {
        return Err(BodyError::TooLarge);
    }
    let Some(second_part) = next(body).await? else { return Ok(first_part) };
    let mut bytes = Vec::with_capacity((first_part.len() + second_part.len()) * 2);
    bytes.extend_from_slice(&first_part);
    let mut part = second_part;
    loop {
        if bytes.len() + part.len() > max_bytes {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&part);
        match next(body).await? {
            Some(next_part) => part = next_part,
            None => return Ok(bytes.into()),
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

/// Reads and drops the rest of a refused body, in a task of its own.
pub fn discard(mut body: Body) {
    tokio::spawn(tokio::time::timeout(DISCARD_TIMEOUT, async move {
        let mut remaining_bytes = MAX_DISCARDED_BYTES;
        while let Ok(Some(part)) = next(&mut body).await {
            remaining_bytes = remaining_bytes.saturating_sub(part.len());
            if remaining_bytes == 0 {
                break;
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const TIME: Duration = Duration::from_secs(1);

    fn parts(count: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 10])))))
    }

    #[tokio::test]
    async fn a_body_is_skipped_up_to_its_limit_as_it_is_read() {
        for (count, announced) in [(0, None), (3, None), (3, Some(30)), (4, None), (4, Some(40))] {
            let read = read(parts(count), announced, 30, TIME).await.map(|bytes| bytes.len());
            assert_eq!(read, if count > 3 { Err(BodyError::TooLarge) } else { Ok(count * 10) });
            assert_eq!(skip(parts(count), announced, 30, TIME).await, read.map(drop));
        }
    }
}
