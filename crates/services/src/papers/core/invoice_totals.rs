//! Totals of invoices and credit notes.

use entity::prelude::*;
use inventory::orders::core::TaxRate;

/// Totals of the lines of one tax rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateTotals {
    /// `None` for lines whose tax was entered as an amount.
    pub rate: Option<TaxRate>,
    pub net: Money,
    pub tax: Money,
}

/// Totals of all lines of a document: net + tax is the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub net: Money,
    pub tax: Money,
    pub total: Money,
}
