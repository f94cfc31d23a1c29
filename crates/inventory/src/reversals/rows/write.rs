//! Rows of a batch's reversals, and of the reversed quantities of entries.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{document_reversal_effect, document_reversal_line},
};
use platform::storage::{Bulk, Fault, Finds, Reads, Rows};
use uuid::Uuid;

use super::load::ReversalRow;
use crate::reversals::core::{Effect, Reversal, ReversalLine};

#[derive(Record)]
#[record(of = document_reversal_line, alias = "l")]
pub(super) struct LineRow {
    pub reversal_id: ReversalId,
    pub position: i32,
    pub line_id: Uuid,
    pub movement_id: MovementId,
    pub movement_line: i32,
    pub product_id: ProductId,
    pub quantity: i64,
    pub mirror_id: MovementId,
}

#[derive(Record)]
#[record(of = document_reversal_effect, alias = "e")]
pub(super) struct EffectRow {
    pub reversal_id: ReversalId,
    pub position: i32,
    pub subject: String,
    pub kind: ReversalEffect,
    pub quantity_delta: Option<i64>,
    pub money_minor: Option<i64>,
    pub currency: Option<String>,
    pub status_before: Option<String>,
    pub status_after: Option<String>,
}

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

impl LineRow {
    fn of(reversal: ReversalId, position: i32, line: &ReversalLine) -> Self {
        Self {
            reversal_id: reversal,
            position,
            line_id: line.line,
            movement_id: line.movement,
            movement_line: line.movement_line.into(),
            product_id: line.product,
            quantity: line.quantity,
            mirror_id: line.mirror,
        }
    }
}

impl EffectRow {
    fn of(reversal: ReversalId, position: i32, effect: &Effect) -> Self {
        let (status_before, status_after) = effect.status.clone().unzip();
        Self {
            reversal_id: reversal,
            position,
            subject: effect.subject.clone(),
            kind: effect.kind,
            quantity_delta: effect.quantity,
            money_minor: effect.money.map(|money| money.minor),
            currency: effect.money.map(|money| money.currency.to_string()),
            status_before,
            status_after,
        }
    }
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
