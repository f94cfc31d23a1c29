//! Adding and changing notes. The API has resolved the note's object and checked the right to read
//! it.

use entity::prelude::*;
use iam::access::Caller;
use platform::{
    audit::Target,
    clock::Clock,
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal, with_retries,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{Note, Refusal, may_change, mentions, text},
    events::{NOTE_ADDED, NOTE_UPDATED, NoteEvent},
    rows,
};

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Really,
    DryRun,
}

/// Permission that reading a note's object takes, for one of its stores if it has any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readers {
    pub permission: Option<&'static str>,
    pub stores: Vec<StoreId>,
}

/// Input of a note. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct NewNote {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub target: Target,
    pub node_id: String,
    pub text: String,
    pub audience: NoteAudience,
    pub mentions: Vec<MemberId>,
}

/// A change of a note; `None` keeps the mentions.
#[derive(Debug, Clone)]
pub struct NoteChange {
    pub id: NoteId,
    pub expected_version: i64,
    pub text: String,
    pub mentions: Option<Vec<MemberId>>,
}

/// Result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteResult {
    pub note: Note,
    pub is_replayed: bool,
    pub seq: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    note: NoteId,
    seq: Option<i64>,
}

/// Adds a note.
pub async fn add(
    db: &Database,
    clock: &Clock,
    (caller, readers): (&Caller, &Readers),
    new: NewNote,
    write: Write,
) -> Result<Result<NoteResult, Refusal>, Fault> {
    let key = Key { owner: caller.actor.id, mutation: "noteAdd", key: new.idempotency_key.clone(), hash: hash_of(&new) };
    let checked = text(&new.text).and_then(|body| Ok((body, mentions(new.mentions)?)));
    let (body, mentions) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let now = clock.now();
    let note = Note {
        id: clock.id(),
        target: new.target,
        audience: new.audience,
        body,
        author: caller.actor,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let scope = db.tenant(caller.tenant);
    let (key, note, mentions) = (&key, &note, mentions.as_slice());
    let decide = |mut work: Work| async move {
        let decided = apply_once(&mut work, key, (note, mentions), readers).await;
        (work, decided)
    };
    let is_to_keep = |decided: &Result<NoteResult, Refusal>| {
        write == Write::Really && decided.as_ref().is_ok_and(|result| !result.is_replayed)
    };
    let (answer, is_written) = with_retries(&scope, decide, is_to_keep).await?;
    if is_written {
        return Ok(answer);
    }
    Ok(answer.map(|result| NoteResult { seq: result.seq.filter(|_| result.is_replayed), ..result }))
}

async fn apply_once(
    work: &mut Work,
    key: &Key,
    (note, mentions): (&Note, &[MemberId]),
    readers: &Readers,
) -> Result<Result<NoteResult, Refusal>, Fault> {
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(Refusal::KeyReused)),
        Some(KeyUse::Same(receipt)) => {
            let corrupt_receipt = || Fault::corrupt("idempotency", "a receipt of a note names it");
            let receipt: Receipt = serde_json::from_str(&receipt).map_err(|_| corrupt_receipt())?;
            let note = rows::by_id(work, receipt.note).await?.ok_or_else(corrupt_receipt)?;
            return Ok(Ok(NoteResult { note, is_replayed: true, seq: receipt.seq }));
        }
    }
    rows::insert(work, note, mentions).await?;
    let seq = journal::append(work, vec![NOTE_ADDED.event(&event(note, mentions, readers))], note.created_at).await?;
    idempotency::keep(work, key, &Receipt { note: note.id, seq }, note.created_at).await?;
    Ok(Ok(NoteResult { note: note.clone(), is_replayed: false, seq }))
}

/// Changes the text and the mentions of a note. The old text is kept. An equal input writes
/// nothing.
pub async fn update(
    db: &Database,
    clock: &Clock,
    (caller, readers): (&Caller, &Readers),
    change: NoteChange,
    write: Write,
) -> Result<Result<NoteResult, Refusal>, Fault> {
    let checked = text(&change.text).and_then(|body| Ok((body, change.mentions.map(mentions).transpose()?)));
    let (body, new_mentions) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut work = db.tenant(caller.tenant).begin().await?;
    let locked_note = rows::lock(&work, change.id).await?.ok_or(Refusal::NotFound);
    let before = match locked_note.and_then(|note| may_change(&note, caller.actor, change.expected_version).map(|()| note)) {
        Ok(note) => note,
        Err(refusal) => {
            work.rollback().await?;
            return Ok(Err(refusal));
        }
    };
    let old_mentions = rows::mentions_of(&work, &[before.id]).await?.remove(&before.id).unwrap_or_default();
    let new_mentions = new_mentions.unwrap_or_else(|| old_mentions.clone());
    if body == before.body && new_mentions == old_mentions {
        work.rollback().await?;
        return Ok(Ok(NoteResult { note: before, is_replayed: false, seq: None }));
    }
    let now = clock.now();
    let after = Note { body, version: before.version + 1, updated_at: now, ..before.clone() };
    if write == Write::DryRun {
        work.rollback().await?;
        return Ok(Ok(NoteResult { note: after, is_replayed: false, seq: None }));
    }
    rows::change(&work, &before, &after, &new_mentions).await?;
    let seq = journal::append(&mut work, vec![NOTE_UPDATED.event(&event(&after, &new_mentions, readers))], now).await?;
    work.commit().await?;
    Ok(Ok(NoteResult { note: after, is_replayed: false, seq }))
}

fn event(note: &Note, mentions: &[MemberId], readers: &Readers) -> NoteEvent {
    NoteEvent {
        id: note.id,
        version: note.version,
        node_id: note.target.to_string(),
        audience: note.audience,
        mentions: mentions.to_vec(),
        permission: readers.permission.map(ToOwned::to_owned),
        stores: readers.stores.clone(),
    }
}

/// Reads a note by ID.
pub async fn find(reads: &impl Reads, id: NoteId) -> Result<Option<Note>, Fault> {
    rows::by_id(reads, id).await
}
