//! Sums of earlier and of later documents, side by side.

use platform::storage::{Backend, Fault, Reads, SideBySide};

use super::{group_sums::sales_at, packed::packed_halves, query::SalesQuery};
use crate::insight::{
    core::SalesByGroup,
    rows::halves::{IdRange, SplitPoint, SplitSetting, middle_moment, middle_order, read_consistent},
};

/// Returns the point at which documents are divided, if they are summed in two halves: each half
/// uses a processor, and a document belongs to one half, so that counts of distinct documents add
/// up. SQLite finds documents by their times, Postgres reads lines in the order of their documents'
/// IDs.
pub(super) async fn find_split_point(reads: &impl Reads, query: &SalesQuery) -> Result<Option<SplitPoint>, Fault> {
    let period = (query.from, query.to);
    Ok(match (SplitSetting::of(reads), reads.backend()) {
        (SplitSetting::Never, _) => None,
        (SplitSetting::At(split_point), _) => Some(split_point),
        (SplitSetting::From(min_orders), Backend::Sqlite) => middle_moment(reads, period, min_orders).await?.map(SplitPoint::At),
        (SplitSetting::From(min_orders), Backend::Postgres) => middle_order(reads, period, min_orders).await?.map(SplitPoint::By),
    })
}

/// The sums of the documents of both halves, by two concurrent statements; None if these read two
/// states of the database.
pub async fn sales_in_halves(
    reads: &impl Reads,
    query: &SalesQuery,
    split_point: SplitPoint,
) -> Result<Option<SalesByGroup>, Fault> {
    let reads = &SideBySide(reads);
    let [earlier, later] = match split_point {
        SplitPoint::At(middle) => {
            let (to, from) = (query.to.map_or(middle, |to| to.min(middle)), query.from.map_or(middle, |from| from.max(middle)));
            [SalesQuery { to: Some(to), ..query.clone() }, SalesQuery { from: Some(from), ..query.clone() }]
        }
        SplitPoint::By(middle) => {
            [IdRange::Before(middle), IdRange::From(middle)].map(|part| SalesQuery { part: Some(part), ..query.clone() })
        }
    };
    let packed_sales = packed_halves(reads, [&earlier, &later]).await?;
    let halves = match packed_sales {
        None => None,
        Some([Some(earlier_sales), Some(later_sales)]) => Some([earlier_sales, later_sales]),
        // The database sums lines that are too many for the memory.
        Some(_) => read_consistent(sales_at(reads, &earlier, true), sales_at(reads, &later, true)).await?,
    };
    let Some([mut earlier_sales, later_sales]) = halves else { return Ok(None) };
    earlier_sales.add(later_sales);
    query.truncate_to_span(&mut earlier_sales.groups);
    Ok(Some(earlier_sales))
}
