//! Keeping what was drawn. The face has looked up the document that a paper is drawn of, and who may read it.

mod call;
mod entities;
mod invoices;
mod settings;

use std::sync::Arc;

use entity::prelude::*;
use iam::access::Caller;
use platform::{
    audit::{self, Target},
    clock::Clock,
    storage::{
        Database, Fault, Reads, TenantScope, Work, commit_hook,
        idempotency::{self, Key, KeyProblem, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    core::{Paper, Sheet, file, kept_as, page},
    events::{PAPER_ISSUED, PaperEvent},
    rows,
};
use crate::{
    files::{FileError, Files, Made},
    notes::shell::{Readers, Write},
};

pub use call::{InvoiceError, InvoiceRefusal};
pub use entities::{EntityTurn, EntityUpsert, MOST_ENTITIES};
pub use invoices::{CreditNoteIssue, InvoiceIssue, MAX_REASON, buyer};
pub use settings::{SettingsError, SettingsRefusal, SettingsSet};

/// How often a call is begun again after another one took its key first.
const TRIES: u32 = 3;
const MUTATION: &str = "paperCreate";

/// A paper that is wanted. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct NewPaper {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: PaperKind,
    #[serde(skip)]
    pub target: Target,
    pub document_id: String,
    /// The language that was said, and English for none: as long as that was the default, calls had it in their hash.
    #[serde(rename = "locale")]
    pub said: PaperLocale,
    /// The language that it is drawn in.
    #[serde(skip)]
    pub locale: PaperLocale,
}

/// What was drawn of a document.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// The number that is printed on it.
    pub number: String,
    /// The order that it is about, where it is about one.
    pub order: Option<OrderId>,
    pub sheet: Sheet,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub paper: Paper,
    pub is_replayed: bool,
    pub seq: Option<i64>,
}

/// Why no paper is kept.
#[derive(Debug)]
pub enum PaperError {
    BadKey(KeyProblem),
    KeyReused,
    /// Its files could not be kept, or a fault.
    File(FileError),
}

impl From<Fault> for PaperError {
    fn from(fault: Fault) -> Self {
        Self::File(fault.into())
    }
}
impl From<FileError> for PaperError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    paper: PaperId,
    seq: Option<i64>,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Papers(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    files: Files,
}

/// The files of a paper, whose bytes are all there.
struct Bytes {
    html: Made,
    pdf: Option<Made>,
}

impl Papers {
    pub fn new(db: Database, clock: Clock, files: Files) -> Self {
        Self(Arc::new(Inner { db, clock, files }))
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn files(&self) -> &Files {
        &self.0.files
    }
    /// The rows of the caller's tenant.
    pub fn scope(&self, caller: &Caller) -> TenantScope {
        self.0.db.tenant(caller.tenant)
    }

    /// The answer to an earlier call with the same key, before anything is decided.
    pub async fn earlier(&self, caller: &Caller, new: &NewPaper) -> Result<Option<Kept>, PaperError> {
        idempotency::check_key(&new.idempotency_key).map_err(PaperError::BadKey)?;
        let (key, scope) = (key_of(caller, new), self.scope(caller));
        match idempotency::key_use(&key, &idempotency::look_up(&scope, [&key]).await?) {
            None => Ok(None),
            Some(known) => replayed(&scope, known).await.map(Some),
        }
    }

    /// Keeps the drawings of a paper, and that it was drawn.
    pub async fn keep(
        &self,
        (caller, readers): (&Caller, &Readers),
        new: &NewPaper,
        drawing: Drawing,
        write: Write,
    ) -> Result<Kept, PaperError> {
        let (html, pdf) = (page(&drawing.sheet), file(&drawing.sheet));
        let now = self.0.clock.now();
        let mut paper = Paper {
            id: self.0.clock.id(),
            kind: new.kind,
            target: new.target.clone(),
            number: drawing.number,
            order: drawing.order,
            locale: new.locale,
            html: FileId::NIL,
            pdf: None,
            html_sha256: hex::encode(Sha256::digest(html.as_bytes())),
            pdf_sha256: pdf.as_ref().map(|bytes| hex::encode(Sha256::digest(bytes))),
            actor: caller.actor,
            created_at: now,
        };
        if write == Write::DryRun {
            return Ok(Kept { paper, is_replayed: false, seq: None });
        }
        audit::set_target(paper.target.clone());
        let name = format!("{}-{}", new.kind.as_str().to_lowercase().replace('_', "-"), paper.number.replace(['/', '\\'], "-"));
        let html = self.made(caller, (format!("{name}.html"), "text/html; charset=utf-8"), html.into_bytes()).await?;
        let pdf = match pdf {
            Some(bytes) => Some(self.made(caller, (format!("{name}.pdf"), "application/pdf"), bytes).await?),
            None => None,
        };
        (paper.html, paper.pdf) = (html.id(), pdf.as_ref().map(Made::id));
        self.write(caller, (&key_of(caller, new), readers), (&paper, &Bytes { html, pdf })).await
    }

    async fn made(&self, caller: &Caller, named: (String, &str), bytes: Vec<u8>) -> Result<Made, FileError> {
        // The entry is written with the paper, not with the place of a file.
        commit_hook::without(async {
            let mut writer = self.0.files.write(caller.tenant, (caller.actor, caller.key), named).await?;
            writer.write(bytes.into()).await?;
            writer.finish().await
        })
        .await
    }

    async fn write(&self, caller: &Caller, (key, readers): (&Key, &Readers), made: (&Paper, &Bytes)) -> Result<Kept, PaperError> {
        let scope = self.scope(caller);
        let mut tries = 0;
        loop {
            let mut work = scope.begin().await?;
            tries += 1;
            match once(&mut work, key, made, readers).await {
                Ok(kept) if kept.is_replayed => {
                    work.rollback().await?;
                    return Ok(kept);
                }
                Ok(kept) => {
                    work.commit().await?;
                    return Ok(kept);
                }
                Err(error) => {
                    // What went wrong matters more than whether it could be undone: the connection undoes it when it is next used.
                    let _ = work.rollback().await;
                    let is_taken =
                        matches!(&error, PaperError::File(FileError::Fault(fault)) if fault.unique_violation().is_some());
                    if !is_taken || tries >= TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }
}

async fn once(work: &mut Work, key: &Key, (paper, bytes): (&Paper, &Bytes), readers: &Readers) -> Result<Kept, PaperError> {
    if let Some(known) = idempotency::before(work, key).await? {
        return replayed(work, known).await;
    }
    bytes.html.keep(work).await?;
    if let Some(pdf) = &bytes.pdf {
        pdf.keep(work).await?;
    }
    rows::insert(work, paper).await?;
    let (kind, later_kind) = kept_as(paper.kind);
    let event = PaperEvent {
        id: paper.id,
        kind,
        later_kind,
        document_id: paper.target.to_string(),
        permission: readers.permission.map(ToOwned::to_owned),
        stores: readers.stores.clone(),
    };
    let seq = journal::append(work, vec![PAPER_ISSUED.event(&event)], paper.created_at).await?;
    idempotency::keep(work, key, &Receipt { paper: paper.id, seq }, paper.created_at).await?;
    Ok(Kept { paper: paper.clone(), is_replayed: false, seq })
}

async fn replayed(reads: &impl Reads, known: KeyUse) -> Result<Kept, PaperError> {
    let KeyUse::Same(receipt) = known else { return Err(PaperError::KeyReused) };
    let broken = || Fault::corrupt("idempotency", "a receipt of a paper names it");
    let receipt: Receipt = serde_json::from_str(&receipt).map_err(|_| broken())?;
    let paper = rows::by_id(reads, receipt.paper).await?.ok_or_else(broken)?;
    Ok(Kept { paper, is_replayed: true, seq: receipt.seq })
}

fn key_of(caller: &Caller, new: &NewPaper) -> Key {
    Key { owner: caller.actor.id, mutation: MUTATION, key: new.idempotency_key.clone(), hash: hash_of(new) }
}

/// The paper of an id. Whoever asks has to look who may read its document.
pub async fn find(reads: &impl Reads, id: PaperId) -> Result<Option<Paper>, Fault> {
    rows::by_id(reads, id).await
}
