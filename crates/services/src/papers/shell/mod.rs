//! Stores papers that were drawn. The API has resolved the document and checked the right to read
//! it.

mod call;
mod entities;
mod invoices;
mod service;
mod settings;

use entity::prelude::*;
use iam::access::Caller;
use platform::{
    audit::{self, Target},
    storage::{
        Fault, Reads, Work, commit_hook,
        idempotency::{self, Key, KeyProblem, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    core::{Paper, Sheet, file, page, stored_kinds},
    events::{PAPER_ISSUED, PaperEvent},
    rows,
};
use crate::{
    files::{FileError, ResultFile},
    notes::shell::{Readers, Write},
};

pub use call::{InvoiceError, InvoiceRefusal};
pub use entities::{EntityStatusChange, EntityUpsert, MAX_ENTITIES};
pub use invoices::{CreditNoteIssue, InvoiceIssue, MAX_REASON, buyer};
pub use service::Papers;
pub use settings::{SettingsError, SettingsRefusal, SettingsSet};

/// Maximum retries of a call whose key another call took first.
const MAX_TRIES: u32 = 3;
const MUTATION: &str = "paperCreate";

/// Input of a paper. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct NewPaper {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: PaperKind,
    #[serde(skip)]
    pub target: Target,
    pub document_id: String,
    /// The requested language; English for none, which was the default once and is part of the hash
    /// of earlier calls.
    #[serde(rename = "locale")]
    pub said: PaperLocale,
    /// Language of the paper.
    #[serde(skip)]
    pub locale: PaperLocale,
}

/// Drawing of a document.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// The printed number.
    pub number: String,
    /// The order of the document, if it has one.
    pub order: Option<OrderId>,
    pub sheet: Sheet,
}

/// Result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperResult {
    pub paper: Paper,
    pub is_replayed: bool,
    pub seq: Option<i64>,
}

/// Error of a call that stored no paper.
#[derive(Debug)]
pub enum PaperError {
    BadKey(KeyProblem),
    KeyReused,
    /// The files could not be stored, or another fault.
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

/// The files of a paper, with their bytes.
struct Bytes {
    html: ResultFile,
    pdf: Option<ResultFile>,
}

impl Papers {
    /// Returns the result of an earlier call with the same key, before anything is decided.
    pub async fn replayed_result(&self, caller: &Caller, new: &NewPaper) -> Result<Option<PaperResult>, PaperError> {
        idempotency::check_key(&new.idempotency_key).map_err(PaperError::BadKey)?;
        let (key, scope) = (key_of(caller, new), self.scope(caller));
        match idempotency::key_use(&key, &idempotency::look_up(&scope, [&key]).await?) {
            None => Ok(None),
            Some(prior_use) => load_replayed(&scope, prior_use).await.map(Some),
        }
    }

    /// Stores the files of a paper, and its row.
    pub async fn store_paper(
        &self,
        (caller, readers): (&Caller, &Readers),
        new: &NewPaper,
        drawing: Drawing,
        write: Write,
    ) -> Result<PaperResult, PaperError> {
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
            return Ok(PaperResult { paper, is_replayed: false, seq: None });
        }
        audit::set_target(paper.target.clone());
        let name = format!("{}-{}", new.kind.as_str().to_lowercase().replace('_', "-"), paper.number.replace(['/', '\\'], "-"));
        let html = self.store_file(caller, (format!("{name}.html"), "text/html; charset=utf-8"), html.into_bytes()).await?;
        let pdf = match pdf {
            Some(bytes) => Some(self.store_file(caller, (format!("{name}.pdf"), "application/pdf"), bytes).await?),
            None => None,
        };
        (paper.html, paper.pdf) = (html.id(), pdf.as_ref().map(ResultFile::id));
        self.write(caller, (&key_of(caller, new), readers), (&paper, &Bytes { html, pdf })).await
    }

    async fn store_file(&self, caller: &Caller, file_info: (String, &str), bytes: Vec<u8>) -> Result<ResultFile, FileError> {
        // The audit entry is written with the paper, not with the row of a file.
        commit_hook::run_without_hook(async {
            let mut writer = self.0.files.write(caller.tenant, (caller.actor, caller.key), file_info).await?;
            writer.write(bytes.into()).await?;
            writer.finish().await
        })
        .await
    }

    async fn write(
        &self,
        caller: &Caller,
        (key, readers): (&Key, &Readers),
        document: (&Paper, &Bytes),
    ) -> Result<PaperResult, PaperError> {
        let scope = self.scope(caller);
        let mut tries = 0;
        loop {
            let mut work = scope.begin().await?;
            tries += 1;
            match write_once(&mut work, key, document, readers).await {
                Ok(result) if result.is_replayed => {
                    work.rollback().await?;
                    return Ok(result);
                }
                Ok(result) => {
                    work.commit().await?;
                    return Ok(result);
                }
                Err(error) => {
                    // The first error is returned even if the rollback fails: the connection rolls
                    // back when it is next used.
                    let _ = work.rollback().await;
                    let is_taken =
                        matches!(&error, PaperError::File(FileError::Fault(fault)) if fault.unique_violation().is_some());
                    if !is_taken || tries >= MAX_TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }
}

async fn write_once(
    work: &mut Work,
    key: &Key,
    (paper, bytes): (&Paper, &Bytes),
    readers: &Readers,
) -> Result<PaperResult, PaperError> {
    if let Some(key_use) = idempotency::before(work, key).await? {
        return load_replayed(work, key_use).await;
    }
    bytes.html.keep(work).await?;
    if let Some(pdf) = &bytes.pdf {
        pdf.keep(work).await?;
    }
    rows::insert(work, paper).await?;
    let (kind, later_kind) = stored_kinds(paper.kind);
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
    Ok(PaperResult { paper: paper.clone(), is_replayed: false, seq })
}

async fn load_replayed(reads: &impl Reads, key_use: KeyUse) -> Result<PaperResult, PaperError> {
    let KeyUse::Same(receipt) = key_use else { return Err(PaperError::KeyReused) };
    let corrupt_receipt = || Fault::corrupt("idempotency", "a receipt of a paper names it");
    let receipt: Receipt = serde_json::from_str(&receipt).map_err(|_| corrupt_receipt())?;
    let paper = rows::by_id(reads, receipt.paper).await?.ok_or_else(corrupt_receipt)?;
    Ok(PaperResult { paper, is_replayed: true, seq: receipt.seq })
}

fn key_of(caller: &Caller, new: &NewPaper) -> Key {
    Key { owner: caller.actor.id, mutation: MUTATION, key: new.idempotency_key.clone(), hash: hash_of(new) }
}

/// Reads a paper by ID. The caller must check the right to read its document.
pub async fn find(reads: &impl Reads, id: PaperId) -> Result<Option<Paper>, Fault> {
    rows::by_id(reads, id).await
}
