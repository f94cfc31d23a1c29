//! The inputs of liquidation.

use async_graphql::{ID, InputObject, OneofObject};
use entity::prelude::{self, Currency};
use platform::path;
use services::{
    liquidation::{
        core::{Approval, Criteria, SupplierTerms},
        shell::{PlanAdvance, PlanApprove, PlanCreate, SettingsSet},
    },
    replenishment::core::TransferCost,
};

use super::enums::LiquidationAction;
use crate::{
    catalog::{StoreRef, SupplierRef},
    graphql::{reading::InputErrors, refusal::Path, scalars::Long},
    purchasing::links::MoneyInput,
    references::Names,
};

/// Terms on which a supplier takes goods back and lets orders be cut.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationTermsInput {
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: Option<ID>,
    /// Supplier. Required, unless the deprecated `supplierId` is given.
    pub supplier: Option<SupplierRef>,
    /// Percent of the cost that is credited, from 1 to 100; 0 with `cancelDays` of a supplier that takes nothing back.
    pub credit_percent: i32,
    /// Cost of one return, in the company's currency. Null for nothing.
    pub freight: Option<MoneyInput>,
    /// Days before its delivery, from 0 to 365, until which the supplier lets an order be cut. Null: never.
    pub cancel_days: Option<i32>,
}

/// Cost of one line of a transfer from a store.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationTransferCostInput {
    /// Store that sends.
    pub from_store: StoreRef,
    /// Store that receives. Null for each that has no cost of its own.
    pub to_store: Option<StoreRef>,
    /// Cost of one line, in the company's currency.
    pub freight: MoneyInput,
    /// ID of `fromStore`, once it is parsed.
    #[graphql(skip)]
    from_store_id: Option<ID>,
    /// ID of `toStore`, once it is parsed.
    #[graphql(skip)]
    to_store_id: Option<ID>,
}

/// Criteria of liquidation. A field that is left out gets its default.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationSettingsSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the criteria that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Days without a sale after which stock is dead, from 1 to 3,650. Default 90.
    #[graphql(default = 90)]
    pub days_without_sale: i32,
    /// Days of supply beyond which stock is slow, from 1 to 3,650; 180 are usual. Null: days of supply make nothing slow.
    pub slow_days_of_supply: Option<i32>,
    /// Whole units a month below which a product is slow, from 1 to 1,000,000. Null: velocity makes nothing slow.
    pub slow_monthly_units: Option<i32>,
    /// True if stock is listed that expires before it is sold. Default true.
    #[graphql(default = true)]
    pub is_expiring_listed: bool,
    /// Deprecated name of `isExpiringListed`.
    #[graphql(default = true, deprecation = "2026-11-27: use isExpiringListed. Removed after 2027-11-27.")]
    pub expiring: bool,
    /// Cost of a product's units in a store below which they are not listed, in the company's currency. Null for nothing.
    pub least_value: Option<MoneyInput>,
    /// Steps of a markdown in percent off the price, ascending, one to five of them from 1 to 95. Default 20, 40, 60.
    #[graphql(default_with = "vec![20, 40, 60]")]
    pub markdown_percents: Vec<i32>,
    /// Lowest price of a markdown, in percent of the cost, from 0 to 200. Default 0.
    #[graphql(default = 0)]
    pub floor_percent: i32,
    /// Last two digits of prices in minor units, from 0 to 99, as 99 for 4.99. Null: any.
    pub price_ending: Option<i32>,
    /// Cost of keeping stock for a year, in percent of its cost, from 0 to 100. Default 25.
    #[graphql(default = 25)]
    pub holding_percent: i32,
    /// Percent of the cost that a write-off brings, as by its tax, from 0 to 100. Default 0.
    #[graphql(default = 0)]
    pub salvage_percent: i32,
    /// Cost of one line of a transfer between stores without a cost in `transferCosts`, in the company's currency. Null for nothing. Plans of
    /// replenishment count it, too.
    pub transfer_freight: Option<MoneyInput>,
    /// Costs of one line of a transfer from stores that are named, at most 1,000, each pair once. Empty by default.
    #[graphql(default)]
    pub transfer_costs: Vec<LiquidationTransferCostInput>,
    /// Percent by which a product is cheaper in a bundle than by itself, from 1 to 95; 10 are usual. Null: no bundles are proposed.
    pub bundle_percent: Option<i32>,
    /// Cost of making one bundle, in the company's currency. Null for nothing.
    pub bundle_cost: Option<MoneyInput>,
    /// Cost of a product's dead or slow units in a store from which on a DEAD_STOCK alert is opened, in the company's currency, above 0. Null: no alerts.
    pub alert_value: Option<MoneyInput>,
    /// Suppliers that take goods back or let orders be cut, at most 250, each once. Empty by default.
    #[graphql(default)]
    pub supplier_terms: Vec<LiquidationTermsInput>,
}

/// A plan that is wanted now.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationPlanCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(default, deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Vec<ID>,
    /// Stores whose stock is planned for, at most 250; all of yours when it is empty or null. Goods are sent to any store that you may buy for.
    pub stores: Option<Vec<StoreRef>>,
    /// Best actions to include. Null for all; KEEP has no lines.
    pub actions: Option<Vec<LiquidationAction>>,
}

/// Lines of a plan, in one of two ways.
#[derive(Debug, Clone, OneofObject)]
pub enum LiquidationLineChoice {
    /// True for all proposed lines, the 1,000 of the largest value. Left out where lines are named; null is refused.
    All(bool),
    /// IDs of the lines, at most 500.
    Ids(Vec<ID>),
}

/// Lines of a plan to approve.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationPlanApproveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Plan.
    pub plan: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Lines.
    pub lines: LiquidationLineChoice,
}

/// A plan that is to be followed.
#[derive(Debug, Clone, InputObject)]
pub struct LiquidationPlanAdvanceInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Plan.
    pub plan: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// True if a job advances the plan each night from now on, in your name and with the permissions that you have then. False ends that, null leaves it
    /// as it is. True and false take a member, not an integration, with product.write for all stores.
    pub is_automatic: Option<bool>,
    /// Deprecated name of `isAutomatic`.
    #[graphql(deprecation = "2026-11-27: use isAutomatic. Removed after 2027-11-27.")]
    pub automatic: Option<bool>,
}

/// An amount in the company's currency; 0 where it is left out.
fn parse_minor_amount(
    reader: &mut InputErrors,
    amount: Option<&MoneyInput>,
    own_currency: Currency,
    field: impl Fn() -> Path,
) -> i64 {
    let read: Option<prelude::Money> = reader.money(amount, &field);
    if read.is_some_and(|money| money.currency != own_currency) {
        reader.invalid("the company's own currency is expected", field);
    }
    read.map_or(0, |money| money.minor)
}

impl LiquidationSettingsSetInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        let terms = self.supplier_terms.iter_mut().enumerate();
        let names = terms.fold(Names::of(path!["input"]), |names, (index, term)| {
            let term_names = Names::of(path!["input", "supplierTerms", index]);
            names.and(term_names.required(("supplier", term.supplier.take()), ("supplierId", &mut term.supplier_id)))
        });
        self.transfer_costs.iter_mut().enumerate().fold(names, |names, (index, term)| {
            let term_names = Names::of(path!["input", "transferCosts", index]);
            let from =
                term_names.optional(("fromStore", Some(term.from_store.clone())), ("fromStoreId", &mut term.from_store_id));
            names.and(from.optional(("toStore", term.to_store.take()), ("toStoreId", &mut term.to_store_id)))
        })
    }
    pub(super) fn read(self, reader: &mut InputErrors, own_currency: Currency) -> SettingsSet {
        let mut terms = Vec::with_capacity(self.supplier_terms.len());
        for (index, term) in self.supplier_terms.iter().enumerate() {
            terms.push(SupplierTerms {
                supplier: reader
                    .id_opt(term.supplier_id.as_ref(), || path!["input", "supplierTerms", index, "supplierId"])
                    .unwrap_or(prelude::SupplierId::NIL),
                credit_percent: term.credit_percent,
                freight_minor: parse_minor_amount(reader, term.freight.as_ref(), own_currency, || {
                    path!["input", "supplierTerms", index, "freight"]
                }),
                cancel_days: term.cancel_days,
            });
        }
        let mut costs = Vec::with_capacity(self.transfer_costs.len());
        for (index, term) in self.transfer_costs.iter().enumerate() {
            let cost_path = |name: &'static str| path!["input", "transferCosts", index, name];
            costs.push(TransferCost {
                from: reader.id_opt(term.from_store_id.as_ref(), || cost_path("fromStoreId")).unwrap_or(prelude::StoreId::NIL),
                to: reader.id_opt(term.to_store_id.as_ref(), || cost_path("toStoreId")),
                freight_minor: parse_minor_amount(reader, Some(&term.freight), own_currency, || cost_path("freight")),
            });
        }
        SettingsSet {
            idempotency_key: self.idempotency_key,
            expected_version: self.expected_version.map(|version| version.0),
            criteria: Criteria {
                days_without_sale: self.days_without_sale,
                slow_days_of_supply: self.slow_days_of_supply,
                slow_monthly_units: self.slow_monthly_units,
                expiring: self.is_expiring_listed && self.expiring,
                least_value_minor: parse_minor_amount(reader, self.least_value.as_ref(), own_currency, || {
                    path!["input", "leastValue"]
                }),
                markdown_percents: self.markdown_percents,
                floor_percent: self.floor_percent,
                price_ending: self.price_ending,
                holding_percent: self.holding_percent,
                salvage_percent: self.salvage_percent,
                transfer_freight_minor: parse_minor_amount(reader, self.transfer_freight.as_ref(), own_currency, || {
                    path!["input", "transferFreight"]
                }),
                transfer_costs: costs,
                bundle_percent: self.bundle_percent,
                bundle_cost_minor: parse_minor_amount(reader, self.bundle_cost.as_ref(), own_currency, || {
                    path!["input", "bundleCost"]
                }),
                alert_value_minor: self
                    .alert_value
                    .as_ref()
                    .map(|value| parse_minor_amount(reader, Some(value), own_currency, || path!["input", "alertValue"])),
                supplier_terms: terms,
            },
        }
    }
}

impl LiquidationPlanCreateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).or_empty(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> PlanCreate {
        PlanCreate {
            idempotency_key: self.idempotency_key,
            stores: reader.ids(Some(self.store_ids), "storeIds"),
            actions: self.actions.map(|actions| actions.into_iter().map(Into::into).collect()),
        }
    }
}

impl LiquidationPlanApproveInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> PlanApprove {
        let approval = match self.lines {
            LiquidationLineChoice::All(true) => Approval::All,
            LiquidationLineChoice::All(false) => {
                reader.invalid("true is expected: name lines by ids to approve some", || path!["input", "lines", "all"]);
                Approval::All
            }
            LiquidationLineChoice::Ids(ids) => {
                let ids = ids.iter().enumerate();
                Approval::Ids(ids.map(|(index, id)| reader.id(id, || path!["input", "lines", "ids", index])).collect())
            }
        };
        PlanApprove {
            idempotency_key: self.idempotency_key,
            plan: reader.id(&self.plan, || path!["input", "plan"]),
            expected_version: self.expected_version.0,
            approval,
        }
    }
}

impl LiquidationPlanAdvanceInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> PlanAdvance {
        PlanAdvance {
            idempotency_key: self.idempotency_key,
            plan: reader.id(&self.plan, || path!["input", "plan"]),
            expected_version: self.expected_version.0,
            automatic: self.is_automatic.or(self.automatic),
        }
    }
}
