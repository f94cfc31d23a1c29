//! Rows of a batch's reversals, and of the reversed quantities of entries.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::document_reversal_line,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};

use super::records::{EffectRow, LineRow, ReversalRow};
use crate::reversals::core::Reversal;

/// Reversed quantity of an entry.
#[derive(Record)]
struct ReversedRow {
    #[record(of = document_reversal_line, alias = "l")]
    movement_id: MovementId,
    #[record(of = document_reversal_line, alias = "l")]
    movement_line: i32,
    #[record(sql = "CAST(sum(l.quantity) AS bigint)")]
    quantity: i64,
}

/// Returns the rows of new reversals, with their lines and effects.
pub fn reversal_rows(tenant: TenantId, reversals: &[&Reversal]) -> [Bulk; 3] {
    let mut heads = Rows::<ReversalRow>::insert(tenant);
    let (mut lines, mut effects) = (Rows::<LineRow>::insert(tenant), Rows::<EffectRow>::insert(tenant));
    for &reversal in reversals {
        heads.push(reversal.into());
        lines.extend(reversal.lines.iter().zip(1..).map(|(line, position)| LineRow::of(reversal.id, position, line)));
        effects.extend(reversal.effects.iter().zip(1..).map(|(effect, position)| EffectRow::of(reversal.id, position, effect)));
    }
    [heads.into(), lines.into(), effects.into()]
}

/// Reads the reversed quantity of each entry of these movements; entries without any are left out.
pub async fn reversed_quantities(reads: &impl Reads, movements: &[MovementId]) -> Result<HashMap<(MovementId, u16), i64>, Fault> {
    if movements.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM document_reversal_line l WHERE l.tenant_id = $1 AND {of} GROUP BY l.movement_id, l.movement_line",
        select = ReversedRow::SELECT,
        of = backend.in_ids("l.movement_id", 2)
    );
    let rows = reads.records::<ReversedRow>(&sql, vec![backend.ids(movements.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| ((row.movement_id, row.movement_line as u16), row.quantity)).collect())
}
