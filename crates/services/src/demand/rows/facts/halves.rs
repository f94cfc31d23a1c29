//! Facts by store and channel on SQLite, also by day, read in two halves of days: in one query
//! SQLite would sort all of them on one processor, and read them again for the totals.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::demand_day::DemandFigures,
};
use platform::{
    paging::{Key, PageRequest},
    storage::{Backend, Fault, Finds, Reads, Row},
};

use super::{
    super::{days::DAY, stock::CURRENT},
    groups::{Condition, Currencies, DemandDimension, FactFilter, FactKey, FactRow, condition, figures_of, keys_of, sums},
};
use crate::insight::rows::{
    SplitPoint, SplitSetting,
    halves::{read_consistent, rows_and_state},
};

/// Maximum groups in memory; if there may be more, the database reads the page.
const MAX_GROUPS: i64 = 20_000;

/// State of the facts, by the hashes of all their rows. Facts are counted after the events, so the
/// last event does not identify it.
const FACTS_STATE_SQL: &str = "SELECT b.checksum AS known FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current";

/// The first and the last day with facts, None without any; and the number of facts, counted up to
/// a limit.
#[derive(Record)]
struct FactDays {
    #[record(
        sql = "(SELECT d.business_date FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {current} ORDER BY d.business_date LIMIT 1)"
    )]
    first: Option<i32>,
    #[record(
        sql = "(SELECT d.business_date FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {current} ORDER BY d.business_date DESC LIMIT 1)"
    )]
    last: Option<i32>,
    #[record(
        sql = "(SELECT count(*) FROM (SELECT 1 FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {current} LIMIT $2) n)"
    )]
    facts: i64,
    #[record(sql = "(SELECT count(*) FROM store s WHERE s.tenant_id = $1)")]
    stores: i64,
    #[record(sql = "(SELECT count(*) FROM channel c WHERE c.tenant_id = $1)")]
    channels: i64,
}

/// The days of a group's facts.
#[derive(Record)]
struct GroupDays {
    #[record(sql = "group_concat(DISTINCT d.business_date)")]
    days: String,
}

/// Sums of a group.
#[derive(Default)]
struct GroupSums {
    figures: DemandFigures,
    max_line_units: i64,
    others: i64,
    days: BTreeSet<i32>,
}

impl GroupSums {
    /// Adds the sums of other facts; None if a sum exceeds 64 bits.
    fn add(&mut self, other: &Self) -> Option<()> {
        self.figures = self.figures.plus(&other.figures, 1)?;
        self.max_line_units = self.max_line_units.max(other.max_line_units);
        self.others = self.others.saturating_add(other.others);
        self.days.extend(&other.days);
        Some(())
    }

    fn row(&self, keys: Vec<FactKey>) -> FactRow {
        let Self { figures, max_line_units, others, ref days } = *self;
        FactRow { keys, figures, max_line_units, others, active_days: days.len() as i64 }
    }
}

/// Returns the page of `fact_page`, and the totals. None if facts are not read in halves, if some
/// were counted between the two reads, and if a sum exceeds 64 bits (the database reports that).
pub(super) async fn page_in_halves(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    money: (Currency, Currencies),
    request: &PageRequest,
) -> Result<Option<(Vec<FactRow>, FactRow)>, Fault> {
    let is_sorted = |one: &DemandDimension| matches!(one, DemandDimension::Store | DemandDimension::Channel);
    let is_summed = group.iter().all(|one| is_sorted(one) || *one == DemandDimension::Day);
    // Days alone are read in the order of the key.
    if reads.backend() != Backend::Sqlite || !is_summed || !group.iter().any(is_sorted) {
        return Ok(None);
    }
    let Some(middle_date) = middle_day(reads, group, filter).await? else { return Ok(None) };
    let earlier = FactFilter { to: Some(filter.to.map_or(middle_date, |to| to.min(middle_date))), ..filter.clone() };
    let later =
        FactFilter { from: Some(filter.from.map_or(middle_date + 1, |from| from.max(middle_date + 1))), ..filter.clone() };
    let halves = read_consistent(read_half(reads, group, &earlier, money), read_half(reads, group, &later, money)).await?;
    Ok(halves.and_then(|halves| merge_halves(halves.into_iter().flatten(), request)))
}

/// Groups in the order of their keys, and their totals.
fn merge_halves(rows: impl Iterator<Item = (Vec<FactKey>, GroupSums)>, request: &PageRequest) -> Option<(Vec<FactRow>, FactRow)> {
    let (mut groups, mut totals) = (BTreeMap::<Vec<FactKey>, GroupSums>::new(), GroupSums::default());
    for (keys, sums) in rows {
        totals.add(&sums)?;
        groups.entry(keys).or_default().add(&sums)?;
    }
    let cursor_key = |key: &FactKey| match key {
        FactKey::Date(day) => Key::Int((*day).into()),
        FactKey::Id(id) => Key::Id(*id),
    };
    let rows = groups.into_iter().map(|(keys, sums)| {
        let cursor = keys.iter().map(cursor_key).collect();
        (sums.row(keys), cursor)
    });
    let page = request.pick(rows.collect()).into_iter().map(|(row, _)| row).collect();
    Some((page, totals.row(Vec::new())))
}

/// The last day of the earlier half; None if there are few facts, or if there may be too many
/// groups for the memory.
async fn middle_day(reads: &impl Reads, group: &[DemandDimension], filter: &FactFilter) -> Result<Option<i32>, Fault> {
    let min_facts = match SplitSetting::of(reads) {
        SplitSetting::Never | SplitSetting::At(SplitPoint::By(_)) => return Ok(None),
        SplitSetting::At(SplitPoint::At(moment)) => return Ok(Some((moment.micros().div_euclid(DAY)) as i32)),
        SplitSetting::From(min_facts) => min_facts,
    };
    let sql = format!("SELECT {}", FactDays::SELECT.replace("{current}", CURRENT));
    let Some(fact_days) = reads.records::<FactDays>(&sql, vec![min_facts.into()]).await?.pop() else { return Ok(None) };
    let FactDays { first: Some(first), last: Some(last), facts, stores, channels } = fact_days else { return Ok(None) };
    let (from, to) = (filter.from.map_or(first, |from| from.max(first)), filter.to.map_or(last, |to| to.min(last)));
    let values = |one: &DemandDimension| match one {
        DemandDimension::Day => i64::from(to.saturating_sub(from)) + 1,
        DemandDimension::Store => stores.max(1),
        // Some facts have none.
        DemandDimension::Channel => channels + 1,
        DemandDimension::Week | DemandDimension::Product => MAX_GROUPS,
    };
    let has_few_groups = group.iter().map(values).fold(1, i64::saturating_mul) <= MAX_GROUPS;
    Ok((facts >= min_facts && from < to && has_few_groups).then(|| from + (to - from) / 2))
}

/// Returns the sums of some days by group, and the state of the facts. A group keeps its set of
/// days, so that the total can count distinct days too.
async fn read_half(
    reads: &impl Reads,
    group: &[DemandDimension],
    filter: &FactFilter,
    (currency, currencies): (Currency, Currencies),
) -> Result<(Vec<(Vec<FactKey>, GroupSums)>, Option<String>), Fault> {
    let Condition { sql, values } = condition(reads, filter, Some(currency));
    let statement = format!(
        "SELECT {keys}, {sums} FROM demand_day d WHERE {sql} GROUP BY {numbers}",
        keys = group.iter().map(|one| one.column()).collect::<Vec<_>>().join(", "),
        sums = sums(currencies, GroupDays::SELECT),
        numbers = (1..=group.len()).map(|nth| nth.to_string()).collect::<Vec<_>>().join(", ")
    );
    let columns = group.len() + DemandFigures::NAMES.len() + 3;
    let (rows, state) = rows_and_state(reads, (statement.as_str(), columns), ("text", FACTS_STATE_SQL), values).await?;
    let read_row = |row| {
        let mut row = Row::new(row);
        let keys = keys_of(&mut row, group)?;
        let (figures, max_line_units, others) = figures_of(&mut row)?;
        let days = row.record::<GroupDays>()?.days.split(',').map(str::parse).collect::<Result<_, _>>();
        let days = days.map_err(|_| Fault::Broken("a group of facts has the numbers of its days".to_owned()))?;
        Ok((keys, GroupSums { figures, max_line_units, others, days }))
    };
    Ok((rows.iter().map(read_row).collect::<Result<_, Fault>>()?, state))
}
