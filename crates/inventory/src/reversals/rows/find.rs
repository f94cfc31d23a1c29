//! Movements that documents posted.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::{
    reversals::core::Reversal,
    stock::{
        core::{Movement, Reference},
        rows::{load_seqs, movements_by_seq},
    },
};

/// Returns the movements of a document that are of one of these kinds, in the order of their
/// events, with all their entries.
pub async fn movements_of(reads: &impl Reads, reference: Reference, kinds: &[MovementKind]) -> Result<Vec<Movement>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT m.seq FROM movement m WHERE m.tenant_id = $1 AND m.reference_id = $2 AND m.reference_kind = $3 AND {} ORDER BY m.seq",
        backend.in_texts("m.kind", 4)
    );
    let kinds = backend.texts(kinds.iter().map(|kind| kind.as_str()));
    let rows = reads.rows(&sql, vec![reference.id.into(), reference.kind.as_str().into(), kinds]).await?;
    let seqs = rows.iter().map(Row::scalar).collect::<Result<Vec<i64>, _>>()?;
    movements_by_seq(reads, &seqs).await
}

/// Returns the movements that a reversal posted, in the order of their events.
pub async fn mirror_movements_of(reads: &impl Reads, reversal: &Reversal) -> Result<Vec<Movement>, Fault> {
    let ids: BTreeSet<MovementId> = reversal.lines.iter().map(|line| line.mirror).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<MovementId> = ids.into_iter().collect();
    let mut seqs = load_seqs(reads, &ids).await?;
    seqs.sort_unstable();
    movements_by_seq(reads, &seqs).await
}
