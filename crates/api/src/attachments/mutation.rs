//! Attaching files and removing attachments.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::prelude::{AttachmentId, FileId};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{path, storage::idempotency::CallResult};
use services::{
    attachments::{
        core::{MAX_ATTACHMENTS, Refusal},
        events::{ATTACHMENT_ADDED, ATTACHMENT_REMOVED},
        shell::{self, AttachmentError, NewAttachment, Outcome},
    },
    files::Files,
};

use super::{Attachment, attachment::with_files};
use crate::{
    files::refuse as refuse_file,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        reading::read,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    notes::{check_write_permission, find_target_node, node_access_by_id},
    purchasing::check_key,
};

/// A file to attach.
#[derive(Debug, Clone, InputObject)]
pub struct AttachmentAddInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the thing that the file is attached to: any node but sessions, files, exchanges, papers, notes and attachments.
    pub node_id: ID,
    /// ID of the file, which the caller has uploaded with the purpose DOCUMENT and which belongs to nothing yet.
    pub file_id: ID,
    /// Name, 1 to 200 characters. Null for the name of the file.
    pub name: Option<String>,
    /// Description, at most 1,000 characters. Default empty.
    #[graphql(default)]
    pub description: String,
}

/// An attachment to remove.
#[derive(Debug, Clone, InputObject)]
pub struct AttachmentRemoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the attachment.
    pub id: ID,
}

/// Result of a change of the attachments of a thing.
#[derive(SimpleObject, Default)]
pub struct AttachmentPayload {
    /// The attachment that was added, or with validateOnly would be; null when one was removed, and when the change was refused.
    pub attachment: Option<Attachment>,
    /// Reasons for which the change was refused; empty when it was made, or with validateOnly would be.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of this change, to wait for on a stream; null when nothing was written.
    pub seq: Option<Long>,
}

impl From<Vec<UserError>> for AttachmentPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<UserError> for AttachmentPayload {
    fn from(user_error: UserError) -> Self {
        vec![user_error].into()
    }
}

/// The root fields that change attachments.
#[derive(Default)]
pub struct AttachmentMutation;

#[resolvers]
impl AttachmentMutation {
    /// Attaches an uploaded file to a thing of any kind. It is kept until it is removed; a thing has at most 50 attachments.
    ///
    /// Requires the permissions that reading and changing the thing require.
    #[mutation(authenticated, emits(ATTACHMENT_ADDED), dry_run)]
    async fn attachment_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "File to attach, and the thing that it is attached to.")] input: AttachmentAddInput,
    ) -> Answer<AttachmentPayload> {
        let file = read(|reader| {
            check_key(reader, &input.idempotency_key);
            reader.id(&input.file_id, || path!["input", "fileId"])
        });
        let file: FileId = match file {
            Ok(file) => file,
            Err(errors) => return Ok(errors.into()),
        };
        let (target, access) = match find_target_node(ctx, &input.node_id, "nothing is attached to nodes of this kind").await? {
            Ok(target_and_access) => target_and_access,
            Err(user_errors) => return Ok(user_errors.into()),
        };
        check_write_permission(&access, caller)?;
        let AttachmentAddInput { idempotency_key, name, description, .. } = input;
        let node_id = target.to_string();
        let new = NewAttachment { idempotency_key, target, node_id, file, name, description };
        let (ledger, files, readers) = (ctx.required_data::<Ledger>()?, ctx.required_data::<Files>()?, access.readers());
        let outcome = Box::pin(shell::add((ledger.database(), files), (caller, &readers), new, dry_run)).await;
        attachment_payload(ctx, outcome).await
    }

    /// Removes an attachment. Its bytes are deleted within the hour.
    ///
    /// Requires the permissions that reading and changing the thing require that the file is attached to.
    #[mutation(authenticated, emits(ATTACHMENT_REMOVED), dry_run)]
    async fn attachment_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Attachment to remove.")] input: AttachmentRemoveInput,
    ) -> Answer<AttachmentPayload> {
        let id = read(|reader| {
            check_key(reader, &input.idempotency_key);
            reader.id(&input.id, || path!["input", "id"])
        });
        let id: AttachmentId = match id {
            Ok(id) => id,
            Err(errors) => return Ok(errors.into()),
        };
        let (ledger, files) = (ctx.required_data::<Ledger>()?, ctx.required_data::<Files>()?);
        let access = match shell::find(&ledger.database().tenant(caller.tenant), id).await? {
            Some(attachment) => node_access_by_id(ctx, &attachment.target).await?,
            None => None,
        };
        if let Some(access) = &access {
            check_write_permission(access, caller)?;
        }
        let readers = access.map(|access| access.readers());
        let removal = (input.idempotency_key, id);
        let outcome = Box::pin(shell::remove((ledger.database(), files), (caller, readers.as_ref()), removal, dry_run)).await;
        attachment_payload(ctx, outcome).await
    }
}

async fn attachment_payload(ctx: &Context<'_>, outcome: Outcome) -> Answer<AttachmentPayload> {
    let CallResult { value, seq, is_replayed } = match outcome {
        Ok(acted) => acted,
        Err(error) => return Ok(refusal_error(error)?.into()),
    };
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let attachment = with_files(&scope, value.into_iter().collect()).await?.pop();
    Ok(AttachmentPayload { attachment, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
}

fn refusal_error(error: AttachmentError) -> Result<UserError, TopError> {
    let input_path = |field: &str| path!["input", field];
    let refusal = match error {
        AttachmentError::Fault(fault) => return Err(fault.into()),
        AttachmentError::File(error) => return refuse_file(error, input_path("fileId")),
        AttachmentError::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::NoName => UserError::new(ErrorCode::Required, "a name is needed, as in Delivery note", input_path("name")),
        Refusal::TooLong { field, most } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), input_path(field))
        }
        Refusal::NotPlain { field } => {
            UserError::new(ErrorCode::Invalid, "a text without NUL characters is expected", input_path(field))
        }
        Refusal::TooMany => {
            let message = format!("at most {MAX_ATTACHMENTS} files are attached to an object: remove one first");
            UserError::new(ErrorCode::LimitExceeded, message, input_path("nodeId"))
        }
        Refusal::Erased => {
            let message = "the customer is erased: nothing is kept of them any more";
            UserError::new(ErrorCode::Invalid, message, input_path("nodeId"))
        }
        Refusal::NotFound => UserError::not_found("attachment", input_path("id")),
        Refusal::KeyReused => UserError::new(
            ErrorCode::IdempotencyKeyReused,
            "this key was used before with another input",
            input_path("idempotencyKey"),
        ),
    })
}
