//! Whether moving goods between stores saves more than it costs.

use entity::prelude::*;

use super::{
    product::{Basis, LevelState, ProductState},
    propose::{HOLDING, stock_days},
    reason::{Reason, ReasonCode, shown},
};

/// Surplus is kept no longer than this, for all that anybody knows.
const YEAR_DAYS: f64 = 365.0;

/// What moving some units costs and saves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worth {
    pub freight: Money,
    pub saving: Money,
    /// A purchase would arrive after the stock of the store has ended.
    is_late: bool,
}

impl Worth {
    /// Of units that another store has too many of and that would last it so many days. None where moving costs nothing, and where nothing can be compared:
    /// nobody sells the product, or its cost is unknown or in another currency.
    pub(super) fn of(
        basis: &Basis,
        product: &ProductState,
        (from, to): (StoreId, &LevelState),
        (units, lasts_days): (i64, f64),
    ) -> Option<Self> {
        let freight = basis.terms.freight((from, to.store))?;
        product.supplier?;
        let in_currency = |cost: &Money| cost.currency == freight.currency;
        let own = product.cost.filter(in_currency)?.minor as f64;
        let bought = product.cost_at(Quantity::new(units)?).filter(in_currency)?.minor as f64;
        let whole = units as f64 / 10_f64.powi(product.decimals.into());
        // The goods need not be bought, and are kept by who has too many of them no longer.
        let kept = own * HOLDING * lasts_days.min(YEAR_DAYS) / YEAR_DAYS;
        let saving = Money::new((whole * (bought - own + kept)).round() as i64, freight.currency);
        let arrival = product.leads.days_to_arrival(basis.today, 0);
        let is_late = stock_days(basis, to).is_some_and(|days| f64::from(days) < arrival);
        Some(Self { freight, saving, is_late })
    }

    /// Whether they are moved: it saves as much as it costs, or a purchase comes too late.
    pub(super) fn pays(&self) -> bool {
        self.is_late || self.saving.minor >= self.freight.minor
    }
}

/// Why a purchase buys what another store has. No amounts: costs are not for everybody.
pub(super) fn too_dear(units: i64, decimals: u8) -> Option<Reason> {
    let text = format!("moving {} from other stores would cost more than it saves", shown(units, decimals));
    (units > 0).then(|| Reason::new(ReasonCode::TransportTooDear, text, &[("surplus", units as f64)]))
}
