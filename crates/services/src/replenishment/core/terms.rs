//! Costs of transfers between stores, and suppliers' terms for cutting orders: the settings of
//! liquidation that plans use, too.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Cost of one line of a transfer from a store, in minor units of the tenant's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferCost {
    pub from: StoreId,
    /// None: to every store without an entry of its own.
    pub to: Option<StoreId>,
    pub freight_minor: i64,
}

/// Returns the cost of a line from one store to another: that of the pair, else of the sending
/// store, else the usual one.
pub fn freight_of(costs: &[TransferCost], default_freight: i64, (from, to): (StoreId, StoreId)) -> i64 {
    let cost_for = |to: Option<StoreId>| costs.iter().find(|cost| cost.from == from && cost.to == to);
    cost_for(Some(to)).or_else(|| cost_for(None)).map_or(default_freight, |cost| cost.freight_minor)
}

/// Until when a supplier takes it that an order is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelTerms {
    pub supplier: SupplierId,
    /// Minimum days before the expected delivery. None: no cuts.
    #[serde(default)]
    pub cancel_days: Option<i32>,
}

/// A tenant's terms, which are stored in the settings of liquidation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terms {
    pub transfer_freight_minor: i64,
    pub transfer_costs: Vec<TransferCost>,
    pub supplier_terms: Vec<CancelTerms>,
    /// The tenant's, which amounts are in.
    #[serde(skip)]
    pub currency: Option<Currency>,
}

impl Terms {
    /// Returns the cost of a line from one store to another; None if it is free.
    pub fn freight(&self, pair: (StoreId, StoreId)) -> Option<Money> {
        let minor = freight_of(&self.transfer_costs, self.transfer_freight_minor, pair);
        self.currency.filter(|_| minor > 0).map(|currency| Money::new(minor, currency))
    }
    /// Minimum days before a delivery for a cut by its supplier; None if the supplier accepts no
    /// cuts.
    pub fn cancel_days(&self, supplier: SupplierId) -> Option<i32> {
        self.supplier_terms.iter().find(|terms| terms.supplier == supplier)?.cancel_days
    }
    /// Whether any supplier takes cuts.
    pub fn may_cut(&self) -> bool {
        self.supplier_terms.iter().any(|terms| terms.cancel_days.is_some())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_pair_goes_before_its_store_and_that_before_the_usual() {
        let (dock, annex, shop) = (id(1), id(2), id(3));
        let costs = [
            TransferCost { from: dock, to: None, freight_minor: 500 },
            TransferCost { from: dock, to: Some(annex), freight_minor: 0 },
        ];
        let of = |pair| freight_of(&costs, 300, pair);
        assert_eq!([of((dock, annex)), of((dock, shop)), of((annex, dock))], [0, 500, 300]);
    }

    #[test]
    fn the_settings_of_liquidation_have_the_terms() {
        let (supplier, store) = (SupplierId::NIL, StoreId::NIL);
        let body = format!(
            r#"{{"daysWithoutSale":90,"transferFreightMinor":300,"transferCosts":[{{"from":"{store}","to":null,"freightMinor":500}}],
                "supplierTerms":[{{"supplier":"{supplier}","creditPercent":85,"freightMinor":0,"cancelDays":7}}]}}"#
        );
        let terms: Terms = serde_json::from_str(&body).unwrap();
        assert_eq!((terms.cancel_days(supplier), terms.may_cut()), (Some(7), true));
        assert_eq!((terms.transfer_freight_minor, terms.transfer_costs.len()), (300, 1));
        assert_eq!(terms.freight((store, store)), None, "in a currency that nobody has said");
        let older: Terms = serde_json::from_str(r#"{"transferFreightMinor":0,"supplierTerms":[]}"#).unwrap();
        assert_eq!(older, Terms::default());
    }
}
