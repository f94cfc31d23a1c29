//! Files that the server creates: results of imports and exports, sheets to be printed.

use bytes::Bytes;
use entity::prelude::*;
use iam::access::Permit;
use platform::storage::{Work, once};

use super::{
    error::FileError,
    receive::ReceivedBytes,
    service::{Files, folder, make_ready},
};
use crate::files::{
    core::{File, Purpose, State, limits::FILE_RETENTION_SECONDS},
    rows,
    store::Sink,
};

/// A file that is being written. Without `finish` only its row is left, which expires after a day.
pub struct Writer {
    file: File,
    blob: String,
    sink: Sink,
    received: ReceivedBytes,
    files: Files,
}

/// A file whose bytes are written, and whose row is not ready yet: `keep` makes it ready.
#[derive(Debug, Clone)]
pub struct ResultFile(File);

impl Files {
    /// Begins a file of an actor; the actor is a program if there is a key. A row exists from the
    /// start, so that no bytes are without one.
    pub async fn write(
        &self,
        tenant: TenantId,
        requester: (Actor, Option<ApiKeyId>),
        name_and_type: (String, &str),
    ) -> Result<Writer, FileError> {
        self.write_as_of(tenant, requester, name_and_type, self.0.clock.now()).await
    }

    /// Does the same for data that was read at `read_at`: the file is dated from then, so that only
    /// actors who could see the data at that time get it.
    pub async fn write_as_of(
        &self,
        tenant: TenantId,
        requester: (Actor, Option<ApiKeyId>),
        (name, media_type): (String, &str),
        read_at: Timestamp,
    ) -> Result<Writer, FileError> {
        const DAY: i64 = 24 * 3_600;
        let new_file_row = self.new_file(tenant, requester, Purpose::Result, name, DAY);
        let file = File { media_type: media_type.to_owned(), created_at: read_at, ..new_file_row };
        let work = self.0.db.tenant(tenant).begin().await?;
        rows::add(&work, &file).await?;
        work.commit().await?;
        let blob = format!("{}/{}", folder(&file), self.0.clock.uuid().simple());
        let sink = self.writable_store()?.write(&blob).await?;
        Ok(Writer { file, blob, sink, received: ReceivedBytes::new(Purpose::Result), files: self.clone() })
    }
}

impl Files {
    /// Makes a whole file at once.
    pub async fn make<P>(&self, permit: &Permit<P>, name_and_type: (String, &str), bytes: Vec<u8>) -> Result<File, FileError> {
        // The row without bytes is no receipt: a repeated call begins again if the file was not
        // made.
        let requester = (permit.actor(), permit.caller().key);
        let mut writer = once::without_receipt(self.write(permit.tenant(), requester, name_and_type)).await?;
        writer.write(bytes.into()).await?;
        let result_file = writer.finish().await?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        if let Err(error) = result_file.keep(&mut work).await {
            work.rollback().await?;
            return Err(error);
        }
        work.commit().await?;
        Ok(result_file.0)
    }
}

impl Writer {
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        self.received.add(&bytes);
        let limit = Purpose::Result.max_bytes();
        if self.received.size > limit {
            return Err(FileError::TooLarge { most: limit });
        }
        Ok(self.sink.write(bytes).await?)
    }

    pub async fn finish(self) -> Result<ResultFile, FileError> {
        let now = self.files.clock().now();
        self.sink.finish().await?;
        Ok(ResultFile(File {
            size: self.received.size as i64,
            sha256: Some(self.received.digest()),
            blob: Some(self.blob),
            state: State::Ready,
            ready_at: Some(now),
            expires_at: Some(now.plus_seconds(FILE_RETENTION_SECONDS)),
            ..self.file
        }))
    }

    pub async fn abort(self) {
        self.sink.abort().await;
    }
}

impl ResultFile {
    pub fn id(&self) -> FileId {
        self.0.id
    }
    /// The hash of its bytes, in hex.
    pub fn sha256(&self) -> Option<String> {
        self.0.sha256.as_ref().map(hex::encode)
    }
    /// Makes the file ready, in the transaction of its job.
    pub async fn keep(&self, work: &mut Work) -> Result<(), FileError> {
        let now = self.0.ready_at.unwrap_or(self.0.created_at);
        make_ready(work, &self.0, now).await
    }
}
