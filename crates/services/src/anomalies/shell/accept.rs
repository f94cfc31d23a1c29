//! Acceptance of anomalies ("This is fine").

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    clock::Clock,
    storage::{Database, Fault, once},
};

use crate::anomalies::{
    core::{Acceptance, Anomaly, Changes, Origin},
    rows,
};

/// Maximum characters of a note.
const MAX_NOTE: usize = 1_000;

/// Input of an acceptance: an anomaly and a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptInput {
    pub id: AnomalyId,
    pub note: Option<String>,
}

/// Reason to refuse an acceptance.
#[derive(Debug)]
pub enum AcceptError {
    /// The anomaly does not exist, or the permit does not cover its store.
    NotFound,
    /// The anomaly is about documents of the caller.
    OwnDocuments,
    /// The note has more characters than are allowed.
    NoteTooLong {
        most: usize,
    },
    /// The note has a NUL character.
    NoteInvalid,
    Fault(Fault),
}

impl From<Fault> for AcceptError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Accepts an anomaly. An accepted one stays unchanged, with its first note, so that a repeated
/// call changes nothing.
pub async fn accept(
    permit: &Permit<kind::AlertWrite>,
    db: &Database,
    clock: &Clock,
    input: AcceptInput,
) -> Result<Anomaly, AcceptError> {
    let note = input.note.filter(|note| !note.is_empty());
    if note.as_ref().is_some_and(|note| note.chars().nth(MAX_NOTE).is_some()) {
        return Err(AcceptError::NoteTooLong { most: MAX_NOTE });
    }
    if note.as_ref().is_some_and(|note| note.contains('\0')) {
        return Err(AcceptError::NoteInvalid);
    }
    let work = permit.scope(db).begin().await?;
    let locked_anomaly = rows::lock(&work, input.id).await?.filter(|anomaly| permit.covers(anomaly.found.key.store));
    let Some(anomaly) = locked_anomaly else {
        work.rollback().await?;
        return Err(AcceptError::NotFound);
    };
    let origin = anomaly.found.pattern.as_ref().and_then(|pattern| pattern.origin.as_ref());
    if origin.and_then(Origin::person) == Some(permit.actor()) {
        work.rollback().await?;
        return Err(AcceptError::OwnDocuments);
    }
    if anomaly.acceptance.is_some() {
        work.rollback().await?;
        return Ok(anomaly);
    }
    let acceptance = Acceptance { at: clock.now(), by: permit.actor(), note };
    let accepted = Anomaly { acceptance: Some(acceptance), ..anomaly };
    rows::write_changes(&work, Changes { changed: vec![accepted.clone()], ..Changes::default() }).await?;
    once::set_subject(&accepted.id);
    work.commit().await?;
    Ok(accepted)
}
