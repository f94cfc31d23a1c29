//! Sums over orders and returns.

mod by_document;
pub(super) mod documents;
mod group_sums;
pub(super) mod halves;
pub(super) mod book_currency;
mod large;
mod packed;
mod query;
mod return_settlements;
mod side;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use self::group_sums::sales_at;
pub use self::query::{GroupSpan, SalesFilter, SalesQuery};
use crate::insight::core::SalesByGroup;

/// Sums by group; months by their days. Both sides come from one statement, and so from one state of the database; many documents by category from two
/// statements of one state.
pub async fn sales(reads: &impl Reads, query: &SalesQuery) -> Result<SalesByGroup, Fault> {
    if let Some(split_point) = halves::find_split_point(reads, query).await?
        && let Some(sales_by_group) = halves::sales_in_halves(reads, query, split_point).await?
    {
        return Ok(sales_by_group);
    }
    Ok(sales_at(reads, query, false).await?.0)
}

/// The tenant's own currency.
pub async fn default_currency(reads: &impl Reads) -> Result<Currency, Fault> {
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    let code: Option<String> = rows.first().map(Row::scalar).transpose()?;
    let currency = code.as_deref().and_then(Currency::parse);
    currency.ok_or_else(|| Fault::corrupt("tenant", "its currency is an ISO 4217 code"))
}
