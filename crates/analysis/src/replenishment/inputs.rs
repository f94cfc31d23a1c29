//! The inputs of replenishment.

use async_graphql::{ID, InputObject, OneofObject};
use platform::path;
use services::replenishment::{
    core::{BudgetScope, Choice, PolicyFields, PolicyScope},
    shell::{BudgetSet, PlanApprove, PlanCreate, PolicyRemoval, PolicySet, RuleSet},
};

use super::{
    enums::{ReplenishmentPolicyKind, SafetyStockMethod, xyz_word},
    purchase_budget::ReplenishmentBudgetPeriod,
};
use crate::{
    catalog::{CategoryRef, ProductRef, StoreRef, SupplierRef},
    counts::AbcClass,
    graphql::{
        reading::InputErrors,
        scalars::{Date, Long},
    },
    purchasing::links::MoneyInput,
    references::Names,
    reports::XyzClass,
};

/// A policy. A product, classes or a supplier is named, or none of them for a store or the whole tenant; a store alone, or beside a product, an ABC class or a
/// supplier.
#[derive(Debug, Clone, InputObject)]
pub struct ReplenishmentPolicySetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Policy to change. Null makes a new one; a scope that has one already is refused as DUPLICATE.
    pub id: Option<ID>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Kind of rule.
    pub kind: ReplenishmentPolicyKind,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product that the policy is for. Null for no single one.
    pub product: Option<ProductRef>,
    /// Deprecated form of `store`: its ID.
    #[graphql(deprecation = "2026-11-26: use store. Removed after 2027-11-26.")]
    pub store_id: Option<ID>,
    /// Store that the policy is for: for all of its products, or with a product, an ABC class or a supplier. Needed unless your rights are for all stores.
    /// Null for all stores.
    pub store: Option<StoreRef>,
    /// ABC class that the policy is for. Null for all classes.
    pub abc_class: Option<AbcClass>,
    /// XYZ class that the policy is for; with `abcClass`, only products of both. In one store only with `abcClass`.
    /// Null for all classes.
    pub xyz_class: Option<XyzClass>,
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: Option<ID>,
    /// Supplier whose products the policy is for; with a store, only in that store. Null for all suppliers.
    pub supplier: Option<SupplierRef>,
    /// Share of order cycles without running out, from 0.5 to 0.999; of units met with the method FILL_RATE. Needed for REORDER_POINT and PERIODIC, null
    /// for other kinds.
    pub service_level: Option<f64>,
    /// Days of demand that an order covers beyond the point, from 0 to 365, for REORDER_POINT and SERVICE. Null for 14.
    pub cover_days: Option<i32>,
    /// Days from one review to the next, from 1 to 182. Needed for PERIODIC, null for other kinds.
    pub review_days: Option<i32>,
    /// Date of one of the review days, of PERIODIC. Null for a Monday.
    pub review_from: Option<Date>,
    /// Days of mean demand beyond the lead time at which the product is ordered, from 0 to 365, for TARGET_DAYS. Null for 0.
    pub safety_days: Option<i32>,
    /// Days of mean demand beyond the lead time up to which stock is filled, from 1 to 365, no fewer than `safetyDays`. Needed
    /// for TARGET_DAYS, null for other kinds.
    pub target_days: Option<i32>,
    /// Cost of one order, above 0, for REORDER_POINT and SERVICE: an order is then at least the economic lot, at a holding cost
    /// of 25 % a year. Null for none.
    pub order_cost: Option<MoneyInput>,
    /// Method by which stock is found that keeps the service level, for REORDER_POINT, PERIODIC and SERVICE. With FILL_RATE the service level is a
    /// share of units. Null for QUANTILE.
    pub safety_stock_method: Option<SafetyStockMethod>,
}

/// A policy that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct ReplenishmentPolicyRemoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Policy.
    pub id: ID,
}

/// A plan that is wanted now.
#[derive(Debug, Clone, InputObject)]
pub struct ReplenishmentPlanCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `stores`: their IDs.
    #[graphql(default, deprecation = "2026-11-26: use stores. Removed after 2027-11-26.")]
    pub store_ids: Vec<ID>,
    /// Stores that are planned for, at most 250; all of yours when it is empty or null. Other stores that you may buy for can still send stock.
    pub stores: Option<Vec<StoreRef>>,
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: Option<ID>,
    /// Supplier whose products are included. Null for all.
    pub supplier: Option<SupplierRef>,
    /// Limit of what purchases may cost together. Those that save the most margin for the money come first, and others are CUT. Null for what is left of
    /// `replenishmentBudget`, which also holds if it is less; no limit where none is set.
    pub budget: Option<MoneyInput>,
}

/// Lines of a plan, in one of three ways.
#[derive(Debug, Clone, OneofObject)]
pub enum PlanLineChoice {
    /// True for all open lines, the most urgent 5,000. Left out where lines are chosen otherwise; null is refused.
    All(bool),
    /// IDs of the lines, at most 500. Lines that are CUT as `OVER_BUDGET` or `OTHER_CURRENCY` are approved as well.
    Ids(Vec<ID>),
    /// Transfers, and purchases and cuts that are worth no more than this in its currency; the most urgent 5,000. Left out where
    /// lines are chosen otherwise; null is refused.
    Under(MoneyInput),
}

/// Lines of a plan to approve.
#[derive(Debug, Clone, InputObject)]
pub struct ReplenishmentPlanApproveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Plan.
    pub plan: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Lines.
    pub lines: PlanLineChoice,
    /// True to place the purchase orders of these lines, too, and to send them to their suppliers by e-mail, at most 200 a call. It takes a member, and
    /// purchase.approve in their stores. An order that is not sent stays in the state that it has reached, and is in `unsent`. Transfers stay drafts. Default false.
    #[graphql(default = false)]
    pub is_sending: bool,
}

/// The rule by which lines of the plan of each night are approved without a person.
#[derive(Debug, Clone, InputObject)]
#[expect(clippy::struct_excessive_bools, reason = "three choices, each under two names")]
pub struct ReplenishmentRuleSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the rule that you saw, 0 before it was first set; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// True if the rule approves lines from the next plan on. Default true.
    #[graphql(default = true)]
    pub is_enabled: bool,
    /// Deprecated name of `isEnabled`.
    #[graphql(default = true, deprecation = "2026-11-27: use isEnabled. Removed after 2027-11-27.")]
    pub enabled: bool,
    /// Limit of what the purchases of one plan may cost together, above 0, in the currency of `supplierAmount`. Null: purchases wait.
    pub plan_amount: Option<MoneyInput>,
    /// Limit of what the purchases from one supplier may cost in one plan, above 0. An order above it waits as a whole. Null: purchases wait.
    pub supplier_amount: Option<MoneyInput>,
    /// True if transfers are approved. Default true.
    #[graphql(default = true)]
    pub has_transfers: bool,
    /// Deprecated name of `hasTransfers`.
    #[graphql(default = true, deprecation = "2026-11-27: use hasTransfers. Removed after 2027-11-27.")]
    pub transfers: bool,
    /// Least data quality of a line's forecast, from 0 to 1. A line without a forecast waits. Default 0.8.
    #[graphql(default_with = "0.8")]
    pub confidence: f64,
    /// True if the rule also places the purchase orders that it makes and sends them to suppliers with an e-mail address, in the name of the member
    /// who sets it. Requires purchase.approve for all stores. Default false.
    #[graphql(default = false)]
    pub is_sending: bool,
    /// Deprecated name of `isSending`.
    #[graphql(default = false, deprecation = "2026-11-27: use isSending. Removed after 2027-11-27.")]
    pub sends: bool,
}

/// Limit of what purchases may cost, for the whole company, or for a supplier, a category or a store.
#[derive(Debug, Clone, InputObject)]
pub struct ReplenishmentBudgetSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the budget that you saw, 0 before it was first set; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Supplier whose purchases are limited. Null for all.
    pub supplier: Option<SupplierRef>,
    #[graphql(skip)]
    pub supplier_id: Option<ID>,
    /// Category whose products are limited, with all categories below it. Not together with a supplier. Null for all.
    pub category: Option<CategoryRef>,
    #[graphql(skip)]
    pub category_id: Option<ID>,
    /// Store whose purchases are limited. Not together with a supplier or a category. Null for all.
    pub store: Option<StoreRef>,
    #[graphql(skip)]
    pub store_id: Option<ID>,
    /// Limit of what the goods that are bought in a period may cost together, 0 or more, in the company's currency. Null: no limit.
    pub amount: Option<MoneyInput>,
    /// Period of the amount. Default MONTH.
    #[graphql(default_with = "ReplenishmentBudgetPeriod::Month")]
    pub period: ReplenishmentBudgetPeriod,
}

impl ReplenishmentBudgetSetInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("supplier", self.supplier.take()), ("supplierId", &mut self.supplier_id))
            .optional(("category", self.category.take()), ("categoryId", &mut self.category_id))
            .optional(("store", self.store.take()), ("storeId", &mut self.store_id))
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> BudgetSet {
        let supplier = reader.id_opt(self.supplier_id.as_ref(), || path!["input", "supplierId"]);
        let category = reader.id_opt(self.category_id.as_ref(), || path!["input", "categoryId"]);
        let store = reader.id_opt(self.store_id.as_ref(), || path!["input", "storeId"]);
        let scope = match (supplier, category, store) {
            (None, None, None) => BudgetScope::Company,
            (Some(id), None, None) => BudgetScope::Supplier(id),
            (None, Some(id), None) => BudgetScope::Category(id),
            (None, None, Some(id)) => BudgetScope::Store(id),
            _ => {
                reader.invalid("name a supplier, a category or a store, and none of them for the company", || path!["input"]);
                BudgetScope::Company
            }
        };
        BudgetSet {
            idempotency_key: self.idempotency_key,
            expected_version: self.expected_version.map(|version| version.0),
            scope,
            amount: reader.money(self.amount.as_ref(), || path!["input", "amount"]),
            period: self.period.into(),
        }
    }
}

impl ReplenishmentRuleSetInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> RuleSet {
        RuleSet {
            idempotency_key: self.idempotency_key,
            expected_version: self.expected_version.map(|version| version.0),
            is_on: self.is_enabled && self.enabled,
            plan: reader.money(self.plan_amount.as_ref(), || path!["input", "planAmount"]),
            supplier: reader.money(self.supplier_amount.as_ref(), || path!["input", "supplierAmount"]),
            transfers: self.has_transfers && self.transfers,
            confidence: self.confidence,
            sends: self.is_sending || self.sends,
        }
    }
}

impl ReplenishmentPolicySetInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("product", self.product.take()), ("productId", &mut self.product_id))
            .optional(("store", self.store.take()), ("storeId", &mut self.store_id))
            .optional(("supplier", self.supplier.take()), ("supplierId", &mut self.supplier_id))
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> PolicySet {
        let scope = PolicyScope {
            product: reader.id_opt(self.product_id.as_ref(), || path!["input", "productId"]),
            store: reader.id_opt(self.store_id.as_ref(), || path!["input", "storeId"]),
            class: self.abc_class.map(Into::into),
            xyz: self.xyz_class.map(xyz_word),
            supplier: reader.id_opt(self.supplier_id.as_ref(), || path!["input", "supplierId"]),
        };
        PolicySet {
            idempotency_key: self.idempotency_key,
            id: reader.id_opt(self.id.as_ref(), || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            fields: PolicyFields {
                scope,
                kind: self.kind.into(),
                service: self.service_level,
                cover_days: self.cover_days,
                review_days: self.review_days,
                review_from: self.review_from.map(|day| day.0),
                safety_days: self.safety_days,
                target_days: self.target_days,
                order_cost: reader.money(self.order_cost.as_ref(), || path!["input", "orderCost"]),
                method: self.safety_stock_method.map(Into::into),
            },
        }
    }
}

impl ReplenishmentPolicyRemoveInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> PolicyRemoval {
        PolicyRemoval { idempotency_key: self.idempotency_key, id: reader.id(&self.id, || path!["input", "id"]) }
    }
}

impl ReplenishmentPlanCreateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .or_empty(("stores", self.stores.take()), ("storeIds", &mut self.store_ids))
            .optional(("supplier", self.supplier.take()), ("supplierId", &mut self.supplier_id))
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> PlanCreate {
        PlanCreate {
            idempotency_key: self.idempotency_key,
            stores: reader.ids(Some(self.store_ids), "storeIds"),
            supplier: reader.id_opt(self.supplier_id.as_ref(), || path!["input", "supplierId"]),
            budget: reader.money(self.budget.as_ref(), || path!["input", "budget"]),
        }
    }
}

impl ReplenishmentPlanApproveInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> PlanApprove {
        let choice = match self.lines {
            PlanLineChoice::All(true) => Choice::All,
            PlanLineChoice::All(false) => {
                reader.invalid("true is expected: name lines by ids or under to approve some", || path!["input", "lines", "all"]);
                Choice::All
            }
            PlanLineChoice::Ids(ids) => {
                let ids = ids.iter().enumerate();
                Choice::Ids(ids.map(|(index, id)| reader.id(id, || path!["input", "lines", "ids", index])).collect())
            }
            PlanLineChoice::Under(max_amount) => {
                // Without an amount that can be read the reading has refused the call.
                let max_amount = reader.money(Some(&max_amount), || path!["input", "lines", "under"]);
                max_amount.map_or_else(|| Choice::Ids(Vec::new()), Choice::Under)
            }
        };
        PlanApprove {
            idempotency_key: self.idempotency_key,
            plan: reader.id(&self.plan, || path!["input", "plan"]),
            expected_version: self.expected_version.0,
            choice,
            is_sending: self.is_sending,
        }
    }
}
