//! A chunk of stock. The ledger takes all lines of a call or none, so a refused line is left out
//! and the rest is retried. The left out line is stored first, so that a worker that takes over
//! from a dead one sends the same call under the same key.

use entity::prelude::*;
use iam::access::{Caller, kind, permit};
use inventory::{
    ledger::{
        LotRef, Mode, ProductRef, Stop, StoreRef,
        shell::{AdjustInput, ChangeInput, SetInput, SetItemInput, stock_adjust, stock_set},
    },
    stock::core::{At, Compare, Field, Reason, Rejection, Shortage, find_command_movement},
};
use platform::{clock, jobs::Lease, storage::Fault};

use super::{
    apply::{ParsedRows, key_of, parse_rows},
    halt::Halt,
    service::Exchange,
};
use crate::exchange::core::{
    Counts, ImportOptions, Noun, Refusal, Refused, Run, WriteMode,
    record::{Cells, Record, ResolvedNames},
};

/// A row as a line of the ledger.
#[derive(Debug, Clone)]
struct Line {
    product: ProductRef,
    store: StoreRef,
    quantity: Quantity,
    cost: Option<Money>,
    note: Option<String>,
    lot: Option<LotRef>,
}

/// The lot of a row, with the dates of a new one.
fn lot(row: &Record, cells: &Cells<'_>) -> Result<Option<LotRef>, Refused> {
    let day = |field: &str| {
        let Some(text) = cells.text(field).map(str::trim) else { return Ok(None) };
        let day = clock::parse_day(text);
        day.map(Some).ok_or_else(|| Refused::new(row.number, field, Refusal::NoDay))
    };
    let (made_on, expires_on) = (day("madeOn")?, day("expiresOn")?);
    let Some(code) = cells.text("lot") else {
        let date_field = if made_on.is_some() { "madeOn" } else { "expiresOn" };
        let has_dates = made_on.is_some() || expires_on.is_some();
        return if has_dates { Err(Refused::new(row.number, date_field, Refusal::DatesWithoutLot)) } else { Ok(None) };
    };
    Ok(Some(LotRef::Code { code: code.trim().to_owned(), made_on, expires_on }))
}

fn line(noun: Noun, row: &Record, names: &ResolvedNames) -> Result<Line, Refused> {
    let cells = Cells::of(noun, row)?;
    let (product, store) = (cells.product(names)?, cells.store(names)?);
    let field = if noun == Noun::Stock { "onHand" } else { "delta" };
    let quantity = Quantity::new(cells.number(field)?).ok_or_else(|| Refused::new(row.number, field, Refusal::OutOfRange))?;
    let is_change = noun == Noun::StockChanges;
    Ok(Line {
        product: ProductRef::Id(product),
        store: StoreRef::Id(store),
        quantity,
        cost: if is_change { cells.amount("unitCost", "costCurrency", names)? } else { None },
        note: if is_change { cells.text("note").map(str::to_owned) } else { None },
        lot: lot(row, &cells)?,
    })
}

impl Exchange {
    pub(super) async fn apply_stock(
        &self,
        lease: Lease,
        run: &Run,
        (options, caller, names): (&ImportOptions, &Caller, &ResolvedNames),
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an import has a noun"))?;
        let is_dry = options.earnest == WriteMode::DryRun;
        let mut refused_numbers = if is_dry { Vec::new() } else { self.refused_before(run, rows).await? };
        // Counted, but kept already.
        let mut counts = Counts { refused: refused_numbers.len() as i64, ..Counts::default() };
        let ParsedRows { mut good, refused } = parse_rows(rows, |row| line(noun, row, names));
        good.retain(|(number, _)| !refused_numbers.contains(number));
        let mut new_refusals: Vec<Refused> = refused.into_iter().filter(|row| !refused_numbers.contains(&row.number)).collect();
        let mut dry_refusals: Vec<Refused> = Vec::new();
        let key = key_of(run, rows);
        loop {
            if !new_refusals.is_empty() {
                counts.refused += new_refusals.len() as i64;
                refused_numbers.extend(new_refusals.iter().map(|row| row.number));
                if is_dry {
                    dry_refusals.append(&mut new_refusals);
                } else {
                    self.store_refused(lease, run, &new_refusals).await?;
                    new_refusals.clear();
                }
            }
            if good.is_empty() {
                return Ok((counts, dry_refusals));
            }
            let lines: Vec<&Line> = good.iter().map(|(_, line)| line).collect();
            match self.post(run, (options, caller), &key, &lines).await {
                Ok(changed_count) => {
                    counts.updated += changed_count.min(good.len()) as i64;
                    counts.unchanged += good.len().saturating_sub(changed_count) as i64;
                    return Ok((counts, dry_refusals));
                }
                // The chunk was executed just before its worker died, and its names resolve to
                // other IDs now: it is finished.
                Err(Stop::Refused(rejections)) if matches!(rejections.as_slice(), [Rejection { why: Reason::KeyReused, .. }]) => {
                    counts.unchanged += good.len() as i64;
                    return Ok((counts, dry_refusals));
                }
                Err(Stop::Refused(rejections)) => new_refusals = self.refusals(&rejections, &mut good)?,
                Err(Stop::Denied(denied)) => return Err(denied.into()),
                Err(Stop::Fault(fault)) => return Err(fault.into()),
            }
        }
    }

    /// Submits lines to the ledger; returns how many of them changed something.
    async fn post(
        &self,
        run: &Run,
        (options, caller): (&ImportOptions, &Caller),
        key: &str,
        lines: &[&Line],
    ) -> Result<usize, Stop> {
        let mode = if options.earnest == WriteMode::DryRun { Mode::Validate } else { Mode::Commit };
        let idempotency_key = key.to_owned();
        let note = Some(format!("import {}", run.id));
        let receipt = if run.noun == Some(Noun::Stock) {
            let items = lines.iter().map(|line| SetItemInput {
                product: line.product.clone(),
                store: line.store.clone(),
                on_hand: line.quantity,
                compare: Compare::Unconditional,
                lot: line.lot.clone(),
            });
            let items = items.collect();
            let input = SetInput { idempotency_key, reason: options.reason, note, on_shortage: Shortage::Refuse, items };
            let permit = permit::<kind::StockSet>(caller)?;
            self.run_as_requester(run, "import.stock", Box::pin(stock_set(&self.0.ledger, permit, input, mode))).await?
        } else {
            let changes = lines.iter().map(|line| ChangeInput {
                product: line.product.clone(),
                store: line.store.clone(),
                delta: line.quantity,
                expected_version: None,
                unit_cost: line.cost,
                note: line.note.clone(),
                lot: line.lot.clone(),
            });
            let input = AdjustInput {
                idempotency_key,
                kind: MovementKind::Adjustment,
                reason: options.reason,
                note,
                external_ref: None,
                occurred_at: None,
                on_shortage: Shortage::Refuse,
                changes: changes.collect(),
            };
            let permit = permit::<kind::StockAdjust>(caller)?;
            self.run_as_requester(run, "import.stock", Box::pin(stock_adjust(&self.0.ledger, permit, input, mode))).await?
        };
        // The answer to an earlier call names no levels: all of its lines were carried out.
        let is_replayed = receipt.stored.is_some();
        let entries = find_command_movement(&receipt.movements).map_or(0, |nth| receipt.movements[nth].entries.len());
        Ok(if is_replayed { lines.len() } else { entries })
    }

    /// Takes the lines out that refusals are about.
    fn refusals(&self, rejections: &[Rejection], good: &mut Vec<(i64, Line)>) -> Result<Vec<Refused>, Halt> {
        let mut refused_lines: Vec<(usize, Refused)> = Vec::new();
        for rejection in rejections {
            let (code, words) = self.0.refusal_text.stock_text(&rejection.why);
            let Some((_, at)) = rejection.at.row.filter(|(_, at)| *at < good.len()) else { return Err(Halt::Failed(words)) };
            let field = column(rejection.at).to_owned();
            if refused_lines.iter().all(|(other_index, _)| *other_index != at) {
                refused_lines.push((at, Refused { number: good[at].0, field, why: Refusal::ByRoom { code, words } }));
            }
        }
        refused_lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, _) in &refused_lines {
            good.remove(*at);
        }
        if refused_lines.is_empty() {
            return Err(Fault::Broken("a refusal without a reason".to_owned()).into());
        }
        Ok(refused_lines.into_iter().map(|(_, refused)| refused).collect())
    }
}

/// The column of a field of a line; empty for the line as a whole.
fn column(at: At) -> &'static str {
    match at.field {
        Some(Field::Product) => "product",
        Some(Field::Store) => "store",
        Some(Field::Delta) => "delta",
        Some(Field::OnHand) => "onHand",
        Some(Field::UnitCost) => "unitCost",
        Some(Field::Note) => "note",
        Some(Field::Lot | Field::LotCode | Field::LotExpiresOn) => "lot",
        Some(_) | None => "",
    }
}
