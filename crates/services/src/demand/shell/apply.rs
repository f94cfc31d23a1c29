//! A page's changes, applied to days, weeks and spans in the transaction that moves the book.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    tables::{demand_day::DemandFigures, stock_span},
};
use platform::storage::{Fault, Reads, Work};

use super::day_cache::{CachedDay, DayCache};
use crate::demand::{
    core::{DayKey, Delta, Deltas, Overflow, Span, spans_from, week_of},
    rows::{self, Book, Day, LastStock, LevelChanges, Week},
};

/// Maximum days of a page from which the spans of levels are recomputed in one statement.
const MAX_START_DAYS: usize = 16;
/// Days that are read and written at once: the states of a row before and after take some kB, and a
/// page has up to 16,000 days.
const DAYS_PER_WRITE: usize = 4_000;

pub(super) fn overflow_fault(_: Overflow) -> Fault {
    Fault::Broken("a demand fact passes 64 bits".to_owned())
}

/// Adds a page's changes to their days and weeks. Days in the cache are not read.
pub(super) async fn apply(work: &Work, book: &mut Book, deltas: &Deltas, cache: &mut DayCache) -> Result<(), Fault> {
    let changed_days: Vec<(&DayKey, &Delta)> = deltas.0.iter().filter(|(_, delta)| !delta.is_nothing()).collect();
    // Days after the newest stored day have no row yet.
    let newest = rows::newest_day(work, book.generation).await?.unwrap_or(i32::MIN);
    let mut weeks: BTreeMap<(i32, ProductId, StoreId), DemandFigures> = BTreeMap::new();
    for chunk in changed_days.chunks(DAYS_PER_WRITE) {
        for (key, delta) in chunk {
            let week = weeks.entry((week_of(key.date), key.product, key.store)).or_default();
            *week = week.plus(&delta.figures, 1).ok_or_else(|| overflow_fault(Overflow))?;
        }
        apply_days(work, book, (newest, chunk), cache).await?;
    }
    apply_weeks(work, book, newest, weeks).await
}

/// Adds changes to their days.
async fn apply_days(
    work: &Work,
    book: &mut Book,
    (newest, changed_days): (i32, &[(&DayKey, &Delta)]),
    cache: &mut DayCache,
) -> Result<(), Fault> {
    let uncached = changed_days.iter().map(|(key, _)| **key).filter(|key| key.date <= newest && cache.row(key).is_none());
    let uncached: Vec<DayKey> = uncached.collect();
    let mut stored = rows::days(work, book.generation, uncached.iter()).await?;
    let uncertain_keys =
        changed_days.iter().filter(|(key, delta)| loses_largest(cache.row(key).or_else(|| stored.get(*key)), delta));
    let uncertain_keys: Vec<DayKey> = uncertain_keys.map(|(key, _)| **key).collect();
    let largest = rows::largest_lines(work, &uncertain_keys).await?;
    let mut days = Vec::with_capacity(changed_days.len());
    for &(key, delta) in changed_days {
        let old_day = cache.take(key).or_else(|| stored.remove(key).map(CachedDay::of));
        let before = old_day.as_ref().map(|old_day| &old_day.row);
        let mut row = before.cloned().unwrap_or_else(|| empty_day(work.tenant(), book.generation, key, delta));
        let figures = row.figures().plus(&delta.figures, 1).ok_or_else(|| overflow_fault(Overflow))?;
        row.set(&figures);
        row.max_line_units = if loses_largest(before, delta) {
            largest.get(key).copied().unwrap_or_default()
        } else {
            row.max_line_units.max(delta.largest_added)
        };
        row.revised_seq = row.revised_seq.max(delta.last_seq);
        let seq = row.revised_seq;
        if let Some(old_day) = &old_day {
            book.row_count -= 1;
            book.sum -= old_day.sum;
        }
        let after = (!figures.is_zero()).then_some(row);
        if let Some(row) = &after {
            let new_day = CachedDay::of(row.clone());
            book.row_count += 1;
            book.sum += new_day.sum;
            cache.insert_day(*key, new_day);
        }
        days.push(rows::DayChange { before: old_day.map(|old_day| old_day.row), after, seq });
    }
    rows::write_days(work, book.generation, days).await
}

/// Whether the row's largest line may be the one that went.
fn loses_largest(row: Option<&Day>, delta: &Delta) -> bool {
    let largest = row.map_or(0, |row| row.max_line_units);
    delta.largest_removed > 0 && delta.largest_removed >= largest && delta.largest_added < largest
}

pub(super) fn empty_day(tenant_id: TenantId, generation: i64, key: &DayKey, delta: &Delta) -> Day {
    let zero = DemandFigures::default();
    Day {
        tenant_id,
        generation,
        business_date: key.date,
        product_id: key.product,
        store_id: key.store,
        channel_id: key.channel,
        currency: key.currency.map(|code| code.to_string()).unwrap_or_default(),
        ordered_units: zero.ordered_units,
        cancelled_units: zero.cancelled_units,
        taken_back_units: zero.taken_back_units,
        returned_units: zero.returned_units,
        orders: zero.orders,
        order_lines: zero.order_lines,
        returns: zero.returns,
        return_lines: zero.return_lines,
        gross_minor: zero.gross_minor,
        discount_minor: zero.discount_minor,
        list_minor: zero.list_minor,
        cost_minor: zero.cost_minor,
        refund_minor: zero.refund_minor,
        shipped_units: zero.shipped_units,
        restocked_units: zero.restocked_units,
        received_units: zero.received_units,
        moved_in_units: zero.moved_in_units,
        moved_out_units: zero.moved_out_units,
        adjusted_in_units: zero.adjusted_in_units,
        adjusted_out_units: zero.adjusted_out_units,
        counted_in_units: zero.counted_in_units,
        counted_out_units: zero.counted_out_units,
        removed_units: zero.removed_units,
        net_units: zero.net_units,
        max_line_units: 0,
        first_seq: delta.first_seq,
        revised_seq: delta.last_seq,
    }
}

/// The figures that weeks have of days.
fn week_figures(days: &DemandFigures) -> [i64; 5] {
    [days.ordered_units, days.cancelled_units, days.taken_back_units, days.returned_units, days.shipped_units]
}

async fn apply_weeks(
    work: &Work,
    book: &mut Book,
    newest: i32,
    deltas: BTreeMap<(i32, ProductId, StoreId), DemandFigures>,
) -> Result<(), Fault> {
    // Changes of weeks without sold, returned or shipped units are skipped.
    let deltas: BTreeMap<_, _> =
        deltas.into_iter().filter(|(_, delta)| week_figures(delta).iter().any(|units| *units != 0)).collect();
    let stored_keys = deltas.keys().filter(|(week, ..)| *week <= newest);
    let mut before = rows::weeks(work, book.generation, stored_keys).await?;
    let mut weeks = Vec::new();
    for (key, delta) in deltas {
        let old_week = before.remove(&key);
        let units = |row: Option<&Week>, column: fn(&Week) -> i64, change: i64| {
            row.map_or(0, column).checked_add(change).ok_or_else(|| overflow_fault(Overflow))
        };
        let row = Week {
            tenant_id: work.tenant(),
            generation: book.generation,
            week_date: key.0,
            product_id: key.1,
            store_id: key.2,
            ordered_units: units(old_week.as_ref(), |week| week.ordered_units, delta.ordered_units)?,
            cancelled_units: units(old_week.as_ref(), |week| week.cancelled_units, delta.cancelled_units)?,
            taken_back_units: units(old_week.as_ref(), |week| week.taken_back_units, delta.taken_back_units)?,
            returned_units: units(old_week.as_ref(), |week| week.returned_units, delta.returned_units)?,
            shipped_units: units(old_week.as_ref(), |week| week.shipped_units, delta.shipped_units)?,
        };
        let figures = [row.ordered_units, row.cancelled_units, row.taken_back_units, row.returned_units, row.shipped_units];
        let new_week = figures.iter().any(|value| *value != 0).then_some(row);
        if old_week == new_week {
            continue;
        }
        let summed = |week: &Week| Week { generation: 0, ..week.clone() };
        old_week.iter().for_each(|week| book.sum.remove(week.tenant_id, summed(week)));
        new_week.iter().for_each(|week| book.sum.add(week.tenant_id, summed(week)));
        weeks.push((old_week, new_week));
    }
    rows::write_weeks(work, weeks).await
}

/// Looks again at the spans of levels that a page changed, each from the earliest day that it changed.
pub(super) async fn recompute_spans(
    work: &Work,
    book: &mut Book,
    levels: &BTreeMap<(ProductId, StoreId), LastStock>,
) -> Result<(), Fault> {
    // A level that was in stock throughout closes the newest day in stock, as before.
    let may_be_as_before = levels.values().any(|last| last.is_stocked_throughout);
    let newest = if may_be_as_before { rows::newest_day(work, book.generation).await? } else { None }.unwrap_or(i32::MAX);
    let is_as_before = |last: &LastStock| last.is_stocked_throughout && last.from >= newest;
    let changed_levels = levels.iter().filter(|(_, last)| !is_as_before(last));
    let mut sorted: Vec<_> = changed_levels.map(|(level, last)| (last.from, *level)).collect();
    sorted.sort_unstable();
    let starts: std::collections::BTreeSet<i32> = sorted.iter().map(|(from, _)| *from).collect();
    let starts: Vec<i32> = starts.into_iter().collect();
    let mut span_changes = Vec::new();
    for group in starts.chunks(starts.len().div_ceil(MAX_START_DAYS).max(1)) {
        let (Some(&first), Some(&last)) = (group.first(), group.last()) else { continue };
        let members: Vec<_> = sorted.iter().filter(|(from, _)| (first..=last).contains(from)).map(|(_, level)| *level).collect();
        let changes = rows::level_changes(work, book.generation, &members, first).await?;
        let spans = rows::spans(work, book.generation, &members, first - 1).await?;
        for level in members {
            let Some(stock) = levels.get(&level) else { continue };
            let changes: Vec<_> =
                changes.get(&level).into_iter().flatten().filter(|(day, _)| *day >= stock.from).copied().collect();
            let old_spans = spans.get(&level).map(Vec::as_slice).unwrap_or_default();
            change_spans(work.tenant(), book, level, (*stock, &changes, old_spans), &mut span_changes);
        }
    }
    rows::write_spans(work, span_changes).await
}

type LevelLastStock = ((ProductId, StoreId), LastStock);

/// Returns the changes on hand of levels on all of their days; the levels are in the order of their
/// products.
pub(super) async fn changes_of(reads: &impl Reads, generation: i64, levels: &[LevelLastStock]) -> Result<LevelChanges, Fault> {
    let (Some(((first, _), _)), Some(((last, _), _))) = (levels.first(), levels.last()) else { return Ok(LevelChanges::new()) };
    rows::product_changes(reads, generation, (*first, *last)).await
}

/// Creates the spans of levels that have none yet.
pub(super) async fn span(work: &Work, book: &mut Book, levels: &[LevelLastStock], changes: &LevelChanges) -> Result<(), Fault> {
    let mut span_changes = Vec::new();
    for (level, stock) in levels {
        let changes: Vec<_> = changes.get(level).into_iter().flatten().filter(|(day, _)| *day >= stock.from).copied().collect();
        change_spans(work.tenant(), book, *level, (*stock, &changes, &[]), &mut span_changes);
    }
    rows::write_spans(work, span_changes).await
}

type SpanChanges = Vec<(Option<stock_span::Model>, Option<stock_span::Model>)>;

fn change_spans(
    tenant_id: TenantId,
    book: &mut Book,
    (product_id, store_id): (ProductId, StoreId),
    (stock, changes, old_spans): (LastStock, &[(i32, i64)], &[Span]),
    span_changes: &mut SpanChanges,
) {
    let opening = i128::from(stock.on_hand) - changes.iter().map(|(_, by)| i128::from(*by)).sum::<i128>();
    // The span that runs into the day, or ends just before it.
    let earlier =
        old_spans.iter().rfind(|span| span.from < stock.from).filter(|span| span.to.is_none_or(|to| to >= stock.from - 1));
    let new_spans = spans_from(earlier.map(|span| (span.from, span.state)), stock.from, opening, changes);
    let generation = book.generation;
    let row = |span: &Span| stock_span::Model {
        tenant_id,
        generation,
        product_id,
        store_id,
        from_date: span.from,
        to_date: span.to,
        state: span.state,
    };
    let first = earlier.map_or(stock.from, |span| span.from);
    let mut spans: BTreeMap<i32, (Option<Span>, Option<Span>)> = BTreeMap::new();
    for span in old_spans.iter().filter(|span| span.from >= first) {
        spans.entry(span.from).or_default().0 = Some(*span);
    }
    for span in new_spans {
        spans.entry(span.from).or_default().1 = Some(span);
    }
    let summed = |span: &Span| stock_span::Model { generation: 0, ..row(span) };
    for (before, after) in spans.into_values().filter(|(before, after)| before != after) {
        before.iter().for_each(|span| book.sum.remove(tenant_id, summed(span)));
        after.iter().for_each(|span| book.sum.add(tenant_id, summed(span)));
        span_changes.push((before.as_ref().map(row), after.as_ref().map(row)));
    }
}
