//! Inputs of returns to suppliers, of suppliers' catalogues, of policies, and of reorders.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::prelude::{ReturnSource, StoreId, SupplierId};
use inventory::{
    catalog::core::archiving::Step,
    purchasing::{
        rows::{Names, PlaceName},
        shell::{self, PolicyRow, SupplyArchivingInput, SupplyRow},
    },
};
use platform::{path, storage::TenantScope};

use super::{
    check_key,
    inputs::supplier_ref,
    links::{MoneyInput, ProductRef, StoreRef, SupplierRef},
    product_name,
};
use crate::{
    graphql::{
        fault::{Answer, TopError},
        reading::InputErrors,
        scalars::{DateTime, Quantity},
    },
    packs::{PackLine, pack_lines},
    stock::{LotRef, ReasonCode, StockCondition},
};

/// A line of a return to a supplier.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierReturnLineInput {
    /// The product; that of the order's line when it is left out.
    pub product: Option<ProductRef>,
    /// ID of the purchase order's line that delivered the goods. Null when unknown.
    pub purchase_order_line_id: Option<ID>,
    /// Quantity to return, in the product's smallest unit; above 0. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
    /// Condition of the stock from which the goods are taken: AVAILABLE, or QUARANTINE for goods that are on hand and not available.
    /// Default AVAILABLE.
    #[graphql(default_with = "StockCondition::Available")]
    pub source: StockCondition,
    /// Credit for one whole unit. Null takes the cost on the order's line, else the product's cost.
    pub unit_credit: Option<MoneyInput>,
    /// The lot, where the product is tracked; the first to expire when it is left out. A line is of one lot.
    pub lot: Option<LotRef>,
}

/// Return of goods to their supplier.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierReturnCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier that receives the returned goods.
    pub supplier: SupplierRef,
    /// Store that the goods leave.
    pub store: StoreRef,
    /// The supplier's reference for the return, at most 128 characters. Null for none.
    pub external_ref: Option<String>,
    /// Reason for the return. Default DAMAGE.
    #[graphql(default_with = "ReasonCode::Damage")]
    pub reason_code: ReasonCode,
    /// Note that is kept with the return and the stock movements, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Time of the return. Null for now. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Lines of the return, at most 2,000.
    pub lines: Vec<SupplierReturnLineInput>,
}

/// Expired and recalled goods are written off, and damaged ones are set aside with the rest.
fn return_source(from: StockCondition, reader: &mut InputErrors, field: impl FnOnce() -> Vec<String>) -> ReturnSource {
    match from {
        StockCondition::Available => ReturnSource::Available,
        StockCondition::Quarantine => ReturnSource::Quarantine,
        StockCondition::Damaged | StockCondition::Expired | StockCondition::Recalled => {
            reader.invalid("AVAILABLE or QUARANTINE is expected", field);
            ReturnSource::Quarantine
        }
    }
}

impl SupplierReturnCreateInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.lines, "lines", "quantity", |line| (line.product.as_ref(), &mut line.quantity, line.packs))
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::SupplierReturnCreate {
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.into_iter().enumerate() {
            let at = |name: &str| path!["input", "lines", index, name];
            lines.push(shell::NewReturnLine {
                product: line.product.map(|product| reader.product(product, || at("product"))),
                of: reader.id_opt(line.purchase_order_line_id.as_ref(), || at("purchaseOrderLineId")),
                quantity: reader.units(line.quantity, || at("quantity")),
                source: return_source(line.source, reader, || at("source")),
                unit_credit: reader.money(line.unit_credit.as_ref(), || at("unitCredit")),
                lot: line.lot.map(|lot| reader.lot(lot, || at("lot"))),
            });
        }
        shell::SupplierReturnCreate {
            idempotency_key: self.idempotency_key,
            supplier: supplier_ref(reader, self.supplier, || path!["input", "supplier"]),
            store: reader.store(self.store, || path!["input", "store"]),
            external_ref: self.external_ref,
            reason: self.reason_code.into(),
            note: self.note,
            occurred_at: self.occurred_at.map(|at| at.0),
            lines,
        }
    }
}

/// A product and quantity to order for a store.
#[derive(Debug, Clone, InputObject)]
pub struct ReorderLineInput {
    /// The product.
    pub product: ProductRef,
    /// Store that needs the goods.
    pub store: StoreRef,
    /// Supplier of the goods. Null takes the preferred supplier, else the product's own.
    pub supplier: Option<SupplierRef>,
    /// Quantity to order, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// Products to order, for draft purchase orders.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrdersCreateFromSuggestionsInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Products to order, as suggested or otherwise; at most 2,000 lines.
    pub lines: Vec<ReorderLineInput>,
}

impl PurchaseOrdersCreateFromSuggestionsInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::ReorderOrder {
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.into_iter().enumerate() {
            let at = |name: &str| path!["input", "lines", index, name];
            lines.push(shell::ReorderLine {
                product: reader.product(line.product, || at("product")),
                store: reader.store(line.store, || at("store")),
                supplier: line.supplier.map(|supplier| supplier_ref(reader, supplier, || at("supplier"))),
                quantity: line.quantity.0,
            });
        }
        shell::ReorderOrder { idempotency_key: self.idempotency_key, lines }
    }
}

/// A price from a quantity on.
#[derive(Debug, Clone, InputObject)]
pub struct PriceBreakInput {
    /// Smallest quantity at which the price applies, in smallest units; above 0.
    pub from_quantity: Quantity,
    /// Cost of one whole unit from this quantity on, in the currency of the row.
    pub unit_cost: MoneyInput,
}

/// Row of a supplier's catalogue: a product that the supplier offers. The row replaces the earlier one; a field that is left out is empty afterwards.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierProductInput {
    /// Supplier that offers the product.
    pub supplier: SupplierRef,
    /// Product that is offered.
    pub product: ProductRef,
    /// The supplier's SKU of the product, at most 64 characters. Null for none.
    pub supplier_sku: Option<String>,
    /// Number of smallest units in a pack, above 0. Null for 1.
    pub pack_size: Option<Quantity>,
    /// Least quantity of an order, in the product's smallest unit; 0 or more. Null for 0.
    pub minimum_order: Option<Quantity>,
    /// Lead time from ordering to receiving, in days: 0 to 3,650. Null for the supplier's own.
    pub lead_time_days: Option<i32>,
    /// Cost of one whole unit.
    pub unit_cost: MoneyInput,
    /// Costs of one whole unit for larger quantities, by ascending quantity; at most 20. Empty by default.
    #[graphql(default)]
    pub price_breaks: Vec<PriceBreakInput>,
    /// True if the supplier is the preferred one of the product, in place of the previous one. Default false.
    #[graphql(default = false)]
    pub is_preferred: bool,
    /// Deprecated name of `isPreferred`.
    #[graphql(default = false, deprecation = "2026-11-27: use isPreferred. Removed after 2027-11-27.")]
    pub preferred: bool,
}

/// Rows of suppliers' catalogues.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierProductBulkUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The rows, each made, changed or refused by itself; at most 500.
    pub rows: Vec<SupplierProductInput>,
}

/// The row of a supplier's catalogue that goes out of use.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierProductArchiveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier that offers the product.
    pub supplier: SupplierRef,
    /// Product that is offered.
    pub product: ProductRef,
}

/// The row of a supplier's catalogue that comes back into use.
#[derive(Debug, Clone, InputObject)]
pub struct SupplierProductRestoreInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Supplier that offers the product.
    pub supplier: SupplierRef,
    /// Product that is offered.
    pub product: ProductRef,
}

/// Reads a row that is archived or restored.
pub(super) fn read_supply_change(
    reader: &mut InputErrors,
    idempotency_key: String,
    (supplier, product): (SupplierRef, ProductRef),
    step: Step,
) -> SupplyArchivingInput {
    check_key(reader, &idempotency_key);
    SupplyArchivingInput {
        idempotency_key,
        supplier: supplier_name(reader, supplier, || path!["input", "supplier"]),
        product: product_name(reader, product, || path!["input", "product"]),
        step,
    }
}

/// A store by its ID or code.
pub(super) fn store_name(reader: &mut InputErrors, store: StoreRef, field: impl FnOnce() -> Vec<String>) -> PlaceName<StoreId> {
    match store {
        StoreRef::Id(id) => PlaceName::Id(reader.id(&id, || [field(), path!["id"]].concat())),
        StoreRef::Code(code) => PlaceName::Code(code),
    }
}
pub(super) fn supplier_name(
    reader: &mut InputErrors,
    supplier: SupplierRef,
    field: impl FnOnce() -> Vec<String>,
) -> PlaceName<SupplierId> {
    match supplier {
        SupplierRef::Id(id) => PlaceName::Id(reader.id(&id, || [field(), path!["id"]].concat())),
        SupplierRef::Code(code) => PlaceName::Code(code),
    }
}

/// The supplier that an argument names; None if there is none.
pub(super) async fn supplier_of(scope: &TenantScope, supplier: SupplierRef) -> Answer<Option<SupplierId>> {
    let (mut reader, mut names) = (InputErrors::default(), Names::default());
    let name = supplier_name(&mut reader, supplier, || path!["supplier"]);
    if reader.end(()).is_err() {
        return Err(TopError::bad_input("an id of a supplier is expected", path!["supplier", "id"]));
    }
    names.suppliers(scope, [&name]).await?;
    Ok(names.supplier(&name))
}

impl SupplierProductInput {
    /// None if an amount is invalid: `reading` has refused the call.
    pub(super) fn read(self, index: usize, reader: &mut InputErrors) -> Option<SupplyRow> {
        let at = |name: &str| path!["input", "rows", index, name];
        let mut breaks = Vec::with_capacity(self.price_breaks.len());
        for (nth, price_break) in self.price_breaks.iter().enumerate() {
            let field = || path!["input", "rows", index, "priceBreaks", nth, "unitCost"];
            breaks.extend(reader.money(Some(&price_break.unit_cost), field).map(|cost| (price_break.from_quantity.0, cost)));
        }
        Some(SupplyRow {
            supplier: supplier_name(reader, self.supplier, || at("supplier")),
            product: product_name(reader, self.product, || at("product")),
            supplier_sku: self.supplier_sku,
            pack_size: self.pack_size.map_or(entity::prelude::Quantity::ONE, |size| size.0),
            minimum_order: self.minimum_order.map(|quantity| quantity.0).unwrap_or_default(),
            lead_time_days: self.lead_time_days,
            unit_cost: reader.money(Some(&self.unit_cost), || at("unitCost"))?,
            breaks,
            is_preferred: self.is_preferred || self.preferred,
        })
    }
}

/// Replenishment policy and bin location of a stock level. Fields that are left out stay; null clears.
#[derive(Debug, Clone, InputObject)]
pub struct ReorderPolicyInput {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// Position at or below which the product is reordered, in the product's smallest unit; at most the maximum. Null clears it.
    pub reorder_point: MaybeUndefined<Quantity>,
    /// Quantity up to which the position is filled, in the product's smallest unit. Stock above it can be transferred to another store. Null clears it.
    pub maximum: MaybeUndefined<Quantity>,
    /// Safety stock, in the product's smallest unit: a part of the stock that is not offered to channels. Null leaves it as it is.
    pub safety_stock: Option<Quantity>,
    /// Bin location: code of the place of the product in the store, as in A-03-12, 1 to 64 characters. Spaces around it are removed. Null clears it.
    pub bin_location: MaybeUndefined<String>,
}

/// Policies of levels.
#[derive(Debug, Clone, InputObject)]
pub struct ReorderPolicySetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The levels, all or none; at most 500.
    pub items: Vec<ReorderPolicyInput>,
}

impl ReorderPolicyInput {
    pub(super) fn read(self, index: usize, reader: &mut InputErrors) -> PolicyRow {
        let at = |name: &str| path!["input", "items", index, name];
        PolicyRow {
            product: product_name(reader, self.product, || at("product")),
            store: store_name(reader, self.store, || at("store")),
            reorder_point: self.reorder_point.map_value(|point| point.0).into(),
            maximum: self.maximum.map_value(|limit| limit.0).into(),
            safety_stock: self.safety_stock.map(|stock| stock.0),
            bin_location: self.bin_location.map_value(|bin| bin.trim().to_owned()).into(),
        }
    }
}
