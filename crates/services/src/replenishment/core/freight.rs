//! Whether moving goods between stores saves more than it costs.

use entity::prelude::*;

use super::{
    product::{Basis, LevelState, ProductState},
    reason::{Reason, ReasonCode, format_units},
    risk::stock_days,
    target::HOLDING_COST_RATE,
};

/// Maximum days for which holding cost of surplus is counted.
const YEAR_DAYS: f64 = 365.0;

/// Cost and saving of a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TransferSavings {
    pub freight: Money,
    pub saving: Money,
    /// A purchase would arrive after the stock of the store has ended.
    is_late: bool,
}

impl TransferSavings {
    /// Returns the worth of moving surplus units that would last the giver `lasts_days`. None if
    /// the transfer is free, or cannot be compared: no supplier sells the product, or its cost is
    /// unknown or in another currency.
    pub(super) fn of(
        basis: &Basis,
        product: &ProductState,
        (from, to): (StoreId, &LevelState),
        (units, lasts_days): (i64, f64),
    ) -> Option<Self> {
        let freight = basis.terms.freight((from, to.store))?;
        product.supplier?;
        let in_currency = |cost: &Money| cost.currency == freight.currency;
        let giver_cost = product.cost.filter(in_currency)?.minor as f64;
        let purchase_cost = product.cost_at(Quantity::new(units)?).filter(in_currency)?.minor as f64;
        let unit_count = units as f64 / 10_f64.powi(product.decimals.into());
        // The goods need not be bought, and the giver saves the holding cost of its surplus.
        let holding_cost = giver_cost * HOLDING_COST_RATE * lasts_days.min(YEAR_DAYS) / YEAR_DAYS;
        let saving = Money::new((unit_count * (purchase_cost - giver_cost + holding_cost)).round() as i64, freight.currency);
        let arrival = product.leads.days_to_arrival(basis.today, 0);
        let is_late = stock_days(basis, to).is_some_and(|days| f64::from(days) < arrival);
        Some(Self { freight, saving, is_late })
    }

    /// Whether the transfer pays: it saves at least its cost, or a purchase would arrive too late.
    pub(super) fn is_worthwhile(&self) -> bool {
        self.is_late || self.saving.minor >= self.freight.minor
    }
}

/// Returns the reason to purchase units that another store has as surplus. It has no amounts: not
/// every caller may see costs.
pub(super) fn freight_reason(units: i64, decimals: u8) -> Option<Reason> {
    let text = format!("moving {} from other stores would cost more than it saves", format_units(units, decimals));
    (units > 0).then(|| Reason::new(ReasonCode::TransportTooDear, text, &[("surplus", units as f64)]))
}
