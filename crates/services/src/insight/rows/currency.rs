//! The currency of reports.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

/// The tenant's own currency.
pub async fn default_currency(reads: &impl Reads) -> Result<Currency, Fault> {
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    let code: Option<String> = rows.first().map(|row| Row::new(row).take()).transpose()?;
    let known = code.as_deref().and_then(Currency::parse);
    known.ok_or_else(|| Fault::corrupt("tenant", "its currency is an ISO 4217 code"))
}
