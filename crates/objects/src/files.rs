//! GraphQL of files.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use entity::prelude::FileId;
use iam::access::{ChangedValue, kind};
use macros::resolvers;
use platform::path;
use services::{
    exchange::Exchange,
    files::{
        FileError, Files, NewFile,
        core::{self},
        events::FILE_CREATED,
    },
};

use crate::{
    access::{CreatedResult, KeyUse, may_receive_result},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        once::{EarlierCall, ReplayablePayload},
        refusal::{ErrorCode, UserError},
        scalars::{DateTime, Long},
        session::SUSPENDED,
    },
};

/// Purpose of a file that is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FilePurpose {
    /// Rows of an import: CSV, JSON lines or an XLSX workbook, at most 512 MiB.
    Import,
    /// A picture: PNG, JPEG, WebP or GIF, at most 20 MiB and 25 million pixels.
    Image,
    /// A PDF, a text, a picture or an office document, at most 50 MiB.
    Document,
}

impl From<FilePurpose> for core::Purpose {
    fn from(purpose: FilePurpose) -> Self {
        match purpose {
            FilePurpose::Import => Self::Import,
            FilePurpose::Image => Self::Image,
            FilePurpose::Document => Self::Document,
        }
    }
}

/// State of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::State")]
pub enum FileStatus {
    /// The bytes have not been uploaded yet.
    #[graphql(name = "UPLOADING")]
    Awaited,
    /// The bytes are stored and do not change any more.
    Ready,
    /// The file has expired, and its bytes were deleted.
    #[graphql(name = "DELETED")]
    Gone,
}

/// File that a caller has uploaded, or that was created for them.
#[derive(Debug, Clone)]
pub struct File(Arc<core::File>);

impl From<core::File> for File {
    fn from(file: core::File) -> Self {
        Self(Arc::new(file))
    }
}

/// File that was uploaded, or generated for a caller. Only the caller who created it can download
/// it; of an integration, each key that has all permissions and stores of the key that created it,
/// and if the integration is bound to a channel, files that were created since it was last changed.
#[resolvers]
impl File {
    /// TypeID of the file, which begins with fil_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name of the file, without a path.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// State of the file.
    #[field(was("state", "2026-11-25"))]
    async fn status(&self) -> FileStatus {
        self.0.state.into()
    }
    /// Media type that was detected from the file's bytes, whatever its name; null before the upload.
    async fn media_type(&self) -> Option<&str> {
        Some(self.0.media_type.as_str()).filter(|text| !text.is_empty())
    }
    /// Size of the file in bytes; 0 before the upload.
    async fn size(&self) -> Long {
        Long(self.0.size)
    }
    /// SHA-256 over its bytes, in hex; null before they have come.
    async fn sha256(&self) -> Option<String> {
        self.0.sha256.as_ref().map(hex::encode)
    }
    /// Path on this server from which the file can be downloaded with GET for 15 minutes; null when
    /// there is nothing to download, or when another caller created the file.
    async fn download_url(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        if ctx.caller()?.actor != self.0.maker {
            return Ok(None);
        }
        Ok(ctx.required_data::<Files>()?.fetch_link(&self.0))
    }
    /// Time at which the file was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time at which the file's bytes are deleted; null for a file that is kept.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }
}

/// The file, if the caller created it and may have it now: a key needs at least the rights of the
/// key that the file was created with, and an integration must be bound to the same channel as
/// then.
pub async fn filter_accessible_file(ctx: &Context<'_>, candidate: Option<core::File>) -> Answer<Option<core::File>> {
    let actor = ctx.caller()?.actor;
    let Some(file) = candidate.filter(|file| file.maker == actor) else { return Ok(None) };
    Ok(may_receive_result(ctx, CreatedResult { with: file.key, at: file.created_at }).await?.then_some(file))
}

/// A file with an ID, if the caller created it.
pub async fn find_file(ctx: &Context<'_>, id: FileId) -> Answer<Option<File>> {
    let permit = ctx.permit::<kind::FileWrite>()?;
    let stored_file = ctx.required_data::<Files>()?.find(&permit, id).await?;
    let Some(file) = filter_accessible_file(ctx, stored_file).await? else { return Ok(None) };
    // A program may lack the permissions of a result's key: a result from before files stored their
    // key may belong to a key with more permissions, and a job may have read data long before its
    // result was begun.
    let is_of_program = ctx.data_opt::<KeyUse>().is_some() && (file.key.is_none() || permit.channel().is_some());
    if file.purpose == core::Purpose::Result
        && is_of_program
        && let Some(run) = ctx.required_data::<Exchange>()?.run_of_result(&permit, id).await?
        && !may_receive_result(ctx, CreatedResult { with: run.key, at: run.created_at }).await?
    {
        return Ok(None);
    }
    Ok(Some(file.into()))
}

/// A file that you are going to send.
#[derive(Debug, Clone, InputObject)]
pub struct FileUploadCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Purpose of the file.
    pub purpose: FilePurpose,
    /// Name of the file; a path before the name is removed.
    pub name: String,
    /// Size of the file in bytes, for an early refusal of a file that is too large; null leaves
    /// it unchecked before the upload.
    pub size: Option<Long>,
}

/// Result of a request to upload a file.
#[derive(SimpleObject, Default)]
pub struct FileUploadPayload {
    /// The file, whose bytes are to be uploaded; null when the request was refused.
    pub file: Option<File>,
    /// Path on this server to which the bytes are to be sent with PUT within the hour; null when the request was refused, and in
    /// the answer to an earlier call with the same key once the bytes are there. The link needs no token: it is one.
    pub upload_url: Option<String>,
    /// Reasons for which the request was refused; empty when it was accepted.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for FileUploadPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl ReplayablePayload for FileUploadPayload {
    /// A repeated call gets a newly sealed link, valid for another hour.
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let (permit, files) = (ctx.permit::<kind::FileWrite>()?, ctx.required_data::<Files>()?);
        let stored_file = match earlier.id::<FileId>() {
            Some(id) => filter_accessible_file(ctx, files.find(&permit, id).await?).await?,
            None => None,
        };
        let upload_url = stored_file.as_ref().and_then(|file| files.send_link(file));
        let file = stored_file.map(File::from);
        Ok(Self { file, upload_url, replayed: true, seq: earlier.seq().map(Long), ..Self::default() })
    }
}

/// Converts an error of files into a user error; a fault becomes a top-level error.
pub fn refuse(error: FileError, field: Vec<String>) -> Result<UserError, TopError> {
    let mebibytes = |bytes: u64| bytes >> 20;
    let (code, message) = match error {
        FileError::NotFound => (ErrorCode::NotFound, "there is no such file".to_owned()),
        FileError::Suspended => (ErrorCode::TenantSuspended, SUSPENDED.to_owned()),
        FileError::NotAwaited => (ErrorCode::InvalidState, "the bytes of this file are not awaited any more".to_owned()),
        FileError::NotReady => (ErrorCode::InvalidState, "the bytes of this file are not there: send them first".to_owned()),
        FileError::Held => (ErrorCode::InvalidState, "this file is already attached to an object: upload it again".to_owned()),
        FileError::NoName => (ErrorCode::Required, "a name of a file is needed, as in prices.csv".to_owned()),
        FileError::OddName => (ErrorCode::Invalid, "a name of a file is expected, as in prices.csv".to_owned()),
        FileError::NoBytes => (ErrorCode::OutOfRange, "a file has at least one byte".to_owned()),
        FileError::TooLarge { most } => (ErrorCode::LimitExceeded, format!("at most {} MiB are taken", mebibytes(most))),
        FileError::Quota { most } => (
            ErrorCode::LimitExceeded,
            format!("all files of the tenant together may have {} MiB, and that would be more", mebibytes(most)),
        ),
        FileError::WrongKind(purpose) => (ErrorCode::Invalid, purpose.expected().to_owned()),
        FileError::TooManyPixels(area) => (ErrorCode::LimitExceeded, area.too_large()),
        FileError::Broken | FileError::TooSlow => (ErrorCode::Invalid, "the bytes did not come whole".to_owned()),
        FileError::Full | FileError::Away | FileError::Busy | FileError::Crowded { .. } => return Err(TopError::Unavailable),
        FileError::Fault(fault) => return Err(fault.into()),
    };
    Ok(UserError::new(code, message, field))
}

#[derive(Default)]
pub struct FileMutation;

#[resolvers]
impl FileMutation {
    /// Creates a file and returns the URL for its bytes: PUT them as they are, within the hour.
    /// Unused files are deleted after seven days.
    #[mutation(permit = FileWrite, once, emits(FILE_CREATED))]
    async fn file_upload_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "File to upload.")] input: FileUploadCreateInput,
    ) -> Answer<FileUploadPayload> {
        let new = NewFile { purpose: input.purpose.into(), name: input.name, size: input.size.map(|size| size.0) };
        Ok(match ctx.required_data::<Files>()?.create(permit, new).await {
            Ok(ChangedValue { value: (file, link), seq }) => FileUploadPayload {
                file: Some(file.into()),
                upload_url: Some(link),
                seq: seq.map(Long),
                ..FileUploadPayload::default()
            },
            Err(error) => {
                let field = match error {
                    FileError::NoName | FileError::OddName => path!["input", "name"],
                    _ => path!["input", "size"],
                };
                FileUploadPayload { user_errors: vec![refuse(error, field)?], ..FileUploadPayload::default() }
            }
        })
    }
}
