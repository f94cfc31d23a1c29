//! Attaches files and removes attachments. The API has resolved the object and checked the right to
//! read it.

use entity::{
    id::{Kind, kind},
    prelude::*,
};
use iam::access::Caller;
use inventory::catalog::rows::{
    customer,
    merge::{merged_customers, merged_suppliers},
};
use platform::{
    audit::{self, Target},
    paging::{ListPage, PageRequest},
    storage::{
        Database, Fault, Nested, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    core::{Attachment, MAX_ATTACHMENTS, MAX_NAME, Refusal, parse_description, parse_name},
    events::{ATTACHMENT_ADDED, ATTACHMENT_REMOVED, AttachmentEvent},
    rows::{self, AttachmentTest, AttachmentsSorted},
};
use crate::{
    files::{FileError, Files, core::Purpose},
    notes::shell::{Readers, Write},
};

/// Error of a call that wrote nothing.
#[derive(Debug)]
pub enum AttachmentError {
    Refused(Refusal),
    /// The file cannot be attached.
    File(FileError),
    Fault(Fault),
}
impl From<Refusal> for AttachmentError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<Fault> for AttachmentError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<FileError> for AttachmentError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            other => Self::File(other),
        }
    }
}

/// A file to attach. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct NewAttachment {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub target: Target,
    pub node_id: String,
    pub file: FileId,
    /// `None` for the name of the file.
    pub name: Option<String>,
    pub description: String,
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    attachment: AttachmentId,
    seq: Option<i64>,
}

/// Result of a call: the attachment, or `None` if it no longer exists.
pub type Outcome = Result<CallResult<Option<Attachment>>, AttachmentError>;

/// Attaches a file that its maker has uploaded.
pub async fn add(
    (db, files): (&Database, &Files),
    (caller, readers): (&Caller, &Readers),
    new_attachment: NewAttachment,
    write: Write,
) -> Outcome {
    let key = Key {
        owner: caller.actor.id,
        mutation: "attachmentAdd",
        key: new_attachment.idempotency_key.clone(),
        hash: hash_of(&new_attachment),
    };
    audit::set_target(new_attachment.target.clone());
    let mut work = db.tenant(caller.tenant).begin().await?;
    let outcome = apply_addition(&mut work, files, &key, (caller.actor, readers), new_attachment).await;
    settle(work, outcome, write == Write::DryRun).await
}

async fn apply_addition(
    work: &mut Work,
    files: &Files,
    key: &Key,
    (author, readers): (Actor, &Readers),
    new_attachment: NewAttachment,
) -> Outcome {
    match idempotency::lock_and_look_up::<Receipt>(work, key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(Refusal::KeyReused.into()),
        EarlierUse::Same(Receipt { attachment, seq }) => {
            return Ok(CallResult { value: rows::by_id(work, attachment).await?, seq, is_replayed: true });
        }
    }
    if is_erased(work, &new_attachment.target).await? {
        return Err(Refusal::Erased.into());
    }
    let name = new_attachment.name.as_deref().map(parse_name).transpose()?;
    let description = parse_description(&new_attachment.description)?;
    // Under the lock of the tenant's counter, so that concurrent calls are counted one after the
    // other.
    if rows::count(work, new_attachment.target.id).await? >= MAX_ATTACHMENTS {
        return Err(Refusal::TooMany.into());
    }
    let file = files.claim_upload(work, (new_attachment.file, Purpose::Document), author).await?;
    let (id, created_at) = (files.clock().id(), files.clock().now());
    let name = name.unwrap_or_else(|| file.name.chars().take(MAX_NAME).collect());
    let attachment =
        Attachment { id, target: new_attachment.target, file: new_attachment.file, name, description, author, created_at };
    rows::insert(work, &attachment).await?;
    let seq = journal::append(work, vec![ATTACHMENT_ADDED.event(&event(&attachment, readers))], created_at).await?;
    idempotency::keep(work, key, &Receipt { attachment: id, seq }, created_at).await?;
    Ok(CallResult { value: Some(attachment), seq, is_replayed: false })
}

/// Whether the target is an erased customer, who gets no new data. While the tenant's counter is
/// locked, no customer is erased.
///
/// # Errors
/// The database fails.
pub async fn is_erased(work: &Work, target: &Target) -> Result<bool, Fault> {
    if target.kind != kind::CustomerId::PREFIX {
        return Ok(false);
    }
    let customer_row = customer::by_id(work, CustomerId::from_uuid(target.id)).await?;
    Ok(customer_row.is_none_or(|customer| !customer.is_known()))
}

/// Removes an attachment. Its bytes are removed later. `readers` is `None` if the attachment does
/// not exist: then only a repeated call succeeds.
pub async fn remove(
    (db, files): (&Database, &Files),
    (caller, readers): (&Caller, Option<&Readers>),
    (idempotency_key, id): (String, AttachmentId),
    write: Write,
) -> Outcome {
    let key = Key { owner: caller.actor.id, mutation: "attachmentRemove", key: idempotency_key, hash: hash_of(&id) };
    let mut work = db.tenant(caller.tenant).begin().await?;
    let outcome = apply_removal(&mut work, files, &key, (id, readers)).await;
    settle(work, outcome, write == Write::DryRun).await
}

async fn apply_removal(work: &mut Work, files: &Files, key: &Key, (id, readers): (AttachmentId, Option<&Readers>)) -> Outcome {
    match idempotency::lock_and_look_up::<Receipt>(work, key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(Refusal::KeyReused.into()),
        EarlierUse::Same(Receipt { seq, .. }) => return Ok(CallResult { value: None, seq, is_replayed: true }),
    }
    let (Some(attachment), Some(readers)) = (rows::by_id(work, id).await?, readers) else {
        return Err(Refusal::NotFound.into());
    };
    audit::set_target(attachment.target.clone());
    rows::remove(work, id).await?;
    files.expire_file(work, attachment.file).await?;
    let now = files.clock().now();
    let seq = journal::append(work, vec![ATTACHMENT_REMOVED.event(&event(&attachment, readers))], now).await?;
    idempotency::keep(work, key, &Receipt { attachment: id, seq }, now).await?;
    Ok(CallResult { value: None, seq, is_replayed: false })
}

fn event(attachment: &Attachment, readers: &Readers) -> AttachmentEvent {
    AttachmentEvent {
        id: attachment.id,
        node_id: attachment.target.to_string(),
        file_id: attachment.file,
        permission: readers.permission.map(ToOwned::to_owned),
        stores: readers.stores.clone(),
    }
}

/// Reads an attachment by ID.
pub async fn find(reads: &impl Reads, id: AttachmentId) -> Result<Option<Attachment>, Fault> {
    rows::by_id(reads, id).await
}

/// Reads a page of an object's attachments that match the test; for a customer or a supplier,
/// including those of rows that were merged into it.
pub async fn page(
    reads: &impl Reads,
    target: &Target,
    selection: (&Nested<AttachmentTest>, AttachmentsSorted),
    request: &PageRequest,
) -> Result<ListPage<Attachment>, Fault> {
    let merged_ids: Vec<Uuid> = match target.kind.as_str() {
        kind::CustomerId::PREFIX => {
            let merged_ids = merged_customers(reads, &[CustomerId::from_uuid(target.id)]).await?;
            merged_ids.into_iter().map(|(_, one)| one.uuid()).collect()
        }
        kind::SupplierId::PREFIX => {
            let merged_ids = merged_suppliers(reads, &[SupplierId::from_uuid(target.id)]).await?;
            merged_ids.into_iter().map(|(_, one)| one.uuid()).collect()
        }
        _ => Vec::new(),
    };
    let targets: Vec<Uuid> = std::iter::once(target.id).chain(merged_ids).collect();
    rows::page(reads, &targets, selection, request).await
}
