//! Facts by store and channel on SQLite, also by day, in two halves of days: it would sort all of them on one processor, and read them once more for the sums of
//! everything.

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
    Condition, Currencies, DemandDimension, FactFilter, FactKey, FactRow, condition, figures_of, keys_of, sums,
};
use crate::insight::rows::{
    Cut, Halving,
    halves::{of_one_state, rows_and_known},
};

/// Groups that are held at once: of more the database gives those of a page.
const MOST_GROUPS: i64 = 20_000;

/// The state of the facts, by the hashes of all their rows. They are counted behind the journal, so the last event does not tell it.
const STATE: &str = "SELECT b.checksum AS known FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current";

/// The first and the last day with facts, None without any; and how many facts there are, counted as far as a number.
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
    /// Adds the sums of other facts; None beyond 64 bits.
    fn add(&mut self, more: &Self) -> Option<()> {
        self.figures = self.figures.plus(&more.figures, 1)?;
        self.max_line_units = self.max_line_units.max(more.max_line_units);
        self.others = self.others.saturating_add(more.others);
        self.days.extend(&more.days);
        Some(())
    }

    fn row(&self, keys: Vec<FactKey>) -> FactRow {
        let Self { figures, max_line_units, others, ref days } = *self;
        FactRow { keys, figures, max_line_units, others, active_days: days.len() as i64 }
    }
}

/// The page that `fact_page` gives, and the sums of everything. None where facts are not read in halves, where some were counted between the two, and where a
/// sum passes 64 bits, which the database says.
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
    let Some(middle) = middle_day(reads, group, filter).await? else { return Ok(None) };
    let earlier = FactFilter { to: Some(filter.to.map_or(middle, |to| to.min(middle))), ..filter.clone() };
    let later = FactFilter { from: Some(filter.from.map_or(middle + 1, |from| from.max(middle + 1))), ..filter.clone() };
    let halves = of_one_state(half(reads, group, &earlier, money), half(reads, group, &later, money)).await?;
    Ok(halves.and_then(|halves| together(halves.into_iter().flatten(), request)))
}

/// Groups in the order of their keys, and the sums of all of them.
fn together(rows: impl Iterator<Item = (Vec<FactKey>, GroupSums)>, request: &PageRequest) -> Option<(Vec<FactRow>, FactRow)> {
    let (mut groups, mut totals) = (BTreeMap::<Vec<FactKey>, GroupSums>::new(), GroupSums::default());
    for (keys, sums) in rows {
        totals.add(&sums)?;
        groups.entry(keys).or_default().add(&sums)?;
    }
    let of_page = |key: &FactKey| match key {
        FactKey::Date(day) => Key::Int((*day).into()),
        FactKey::Id(id) => Key::Id(*id),
    };
    let rows = groups.into_iter().map(|(keys, sums)| {
        let cursor = keys.iter().map(of_page).collect();
        (sums.row(keys), cursor)
    });
    let page = request.pick(rows.collect()).into_iter().map(|(row, _)| row).collect();
    Some((page, totals.row(Vec::new())))
}

/// The last day of the earlier half; None where facts are few, or groups may be too many to be held at once.
async fn middle_day(reads: &impl Reads, group: &[DemandDimension], filter: &FactFilter) -> Result<Option<i32>, Fault> {
    let least = match Halving::of(reads) {
        Halving::Never | Halving::At(Cut::By(_)) => return Ok(None),
        Halving::At(Cut::At(moment)) => return Ok(Some((moment.micros().div_euclid(DAY)) as i32)),
        Halving::From(least) => least,
    };
    let sql = format!("SELECT {}", FactDays::SELECT.replace("{current}", CURRENT));
    let Some(found) = reads.records::<FactDays>(&sql, vec![least.into()]).await?.pop() else { return Ok(None) };
    let FactDays { first: Some(first), last: Some(last), facts, stores, channels } = found else { return Ok(None) };
    let (from, to) = (filter.from.map_or(first, |from| from.max(first)), filter.to.map_or(last, |to| to.min(last)));
    let values = |one: &DemandDimension| match one {
        DemandDimension::Day => i64::from(to.saturating_sub(from)) + 1,
        DemandDimension::Store => stores.max(1),
        // Some facts have none.
        DemandDimension::Channel => channels + 1,
        DemandDimension::Week | DemandDimension::Product => MOST_GROUPS,
    };
    let has_few_groups = group.iter().map(values).fold(1, i64::saturating_mul) <= MOST_GROUPS;
    Ok((facts >= least && from < to && has_few_groups).then(|| from + (to - from) / 2))
}

/// The sums of some days by group, and the state of the facts. A group has its days, so that those of everything are told apart as well.
async fn half(
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
    let (rows, state) = rows_and_known(reads, (statement.as_str(), columns), ("text", STATE), values).await?;
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
