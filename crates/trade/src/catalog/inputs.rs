//! Inputs of products, and how they become fields of the core.

use async_graphql::{ID, InputObject, MaybeUndefined};
use inventory::catalog::core::{
    Patch,
    goods::GoodsFields,
    product::{self, MoneyText, ProductFields, UnitText},
};

use super::{
    enums,
    money_input::MoneyInput,
    refs::{CategoryRef, ProductFamilyRef, StoreRef, SupplierRef},
};
use crate::{
    graphql::{
        reading::patch,
        scalars::{Json, Long, Quantity},
    },
    stock::LotRef,
};

/// Unit in which a product is counted.
#[derive(Debug, Clone, InputObject)]
pub struct UnitInput {
    /// Code of the unit, such as each, kg or m; at most 16 characters.
    pub code: String,
    /// Number of decimals of the unit, 0 to 9: one whole unit is 10 to the power of this many
    /// smallest units. Default 0.
    #[graphql(default)]
    pub decimals: i32,
}

/// A code printed on a product or on a pack of it.
#[derive(Debug, Clone, InputObject)]
pub struct BarcodeInput {
    /// A GTIN of 8, 12, 13 or 14 digits, whose check digit is verified, or any other code of at most 64 characters. A GTIN is
    /// the same with zeros in front: a UPC-A and its EAN-13 are one code.
    pub code: String,
    /// Number of smallest units in the pack, above 0. Default 1.
    #[graphql(default_with = "Quantity(entity::prelude::Quantity::ONE)")]
    pub pack_quantity: Quantity,
}

/// A value of one of the family's options.
#[derive(Debug, Clone, InputObject)]
pub struct ProductOptionInput {
    /// The option's name.
    pub name: String,
    /// Value of the option for this product.
    pub value: String,
}

/// Stock of a new product in one store.
#[derive(Debug, Clone, InputObject)]
pub struct OpeningStockInput {
    /// Store that holds the stock.
    pub store: StoreRef,
    /// Quantity on hand, above 0, in the product's smallest unit.
    pub quantity: Quantity,
    /// Cost of one whole unit. Null for the product's unit cost. A cost in another currency is converted by the rate of today. Without one, a
    /// stated cost is refused with RATE_MISSING, and the product's unit cost counts as unknown.
    pub unit_cost: Option<MoneyInput>,
    /// The new lot or serial number, where the product is tracked; null where it is not. A serial number is one line of quantity 1.
    pub lot: Option<LotRef>,
}

/// A new product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// SKU, at most 64 characters, unique in the tenant; case is ignored.
    pub sku: String,
    /// Name of the product, at most 255 characters.
    pub name: String,
    /// Description of the product, at most 10,000 characters. Null for none.
    pub description: Option<String>,
    /// Unit in which the product is counted. Default: each, without decimals.
    pub unit: Option<UnitInput>,
    /// Barcodes of the product and of its packs, at most 50. Null for none.
    pub barcodes: Option<Vec<BarcodeInput>>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<ID>,
    /// The product's category. Null for none.
    pub category: Option<CategoryRef>,
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: Option<ID>,
    /// Supplier from which the product is bought. Null for none.
    pub supplier: Option<SupplierRef>,
    /// Deprecated form of `family`: its ID.
    #[graphql(deprecation = "2026-11-28: use family. Removed after 2027-11-28.")]
    pub family_id: Option<ID>,
    /// The family of which the product is a variant. Null for none.
    pub family: Option<ProductFamilyRef>,
    /// A value for each of the family's options. Null for none.
    pub options: Option<Vec<ProductOptionInput>>,
    /// Selling price of one whole unit. Null for none.
    pub price: Option<MoneyInput>,
    /// Cost of one whole unit. Null for none.
    pub unit_cost: Option<MoneyInput>,
    /// Available quantity, in smallest units, at or below which stock is low. Null for none.
    pub low_stock_threshold: Option<Quantity>,
    /// Status of the product. Default ACTIVE.
    #[graphql(default_with = "enums::ProductStatus::Active")]
    pub status: enums::ProductStatus,
    /// Stock policy of the product. Default TRACKED.
    #[graphql(default_with = "enums::StockPolicy::Tracked")]
    pub stock_policy: enums::StockPolicy,
    /// Tracking of the product's stock: by lots or serial numbers. Null for NONE.
    pub tracking: Option<enums::Tracking>,
    /// Days that must remain until a lot expires for it to be picked for a sale: 0 to 36,500. Null for 0.
    pub minimum_remaining_days: Option<i32>,
    /// Weight of one whole unit with its packaging, in grams: 0 to 1,000,000,000. Null when unknown.
    pub weight_grams: Option<i32>,
    /// Length of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when unknown.
    pub length_mm: Option<i32>,
    /// Width of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when unknown.
    pub width_mm: Option<i32>,
    /// Height of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when unknown.
    pub height_mm: Option<i32>,
    /// Country in which the product was made: an ISO 3166 code of two letters; case is ignored. Null when unknown.
    pub origin_country: Option<String>,
    /// Number of the product in the customs tariff, 6 to 10 digits; points and spaces are left out. Null when unknown.
    pub tariff_number: Option<String>,
    /// Tags of the product, at most 50 of 64 characters each, without |. Repeats count once; case is ignored. Null for none.
    pub tags: Option<Vec<String>>,
    /// Custom data: a JSON object of at most 16 KiB. Null for {}.
    pub metadata: Option<Json>,
    /// Stock that the product begins with, at most 100 lines. Each line is received with the reason OPENING, under the same key: idempotencyKey is
    /// needed, and the permission stock.adjust in each store. Null for none.
    pub opening_stock: Option<Vec<OpeningStockInput>>,
}

/// A change of a product. Fields that are left out stay as they are. Null clears a field, and is refused with REQUIRED
/// where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct ProductUpdateInput {
    /// The product.
    pub id: ID,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// SKU of the product. The previous one is kept in formerSkus.
    pub sku: MaybeUndefined<String>,
    /// Name of the product, at most 255 characters.
    pub name: MaybeUndefined<String>,
    /// Description of the product, at most 10,000 characters.
    pub description: MaybeUndefined<String>,
    /// Unit in which the product is counted. Fixed after the first movement. Before it, another unit is refused with IN_USE
    /// while quantities are set: reorder points, maximums, safety stock, thresholds of alert rules, pack sizes, minimum orders
    /// and price breaks of suppliers, and the low stock threshold and barcodes of packs, unless the same call gives these two.
    pub unit: MaybeUndefined<UnitInput>,
    /// Barcodes of the product and of its packs, at most 50.
    pub barcodes: MaybeUndefined<Vec<BarcodeInput>>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: MaybeUndefined<ID>,
    /// The product's category.
    pub category: MaybeUndefined<CategoryRef>,
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: MaybeUndefined<ID>,
    /// Supplier from which the product is bought.
    pub supplier: MaybeUndefined<SupplierRef>,
    /// Deprecated form of `family`: its ID.
    #[graphql(deprecation = "2026-11-28: use family. Removed after 2027-11-28.")]
    pub family_id: MaybeUndefined<ID>,
    /// The family of which the product is a variant. Null clears it, with the options.
    pub family: MaybeUndefined<ProductFamilyRef>,
    /// A value for each of the family's options.
    pub options: MaybeUndefined<Vec<ProductOptionInput>>,
    /// Selling price of one whole unit. Null for none.
    pub price: MaybeUndefined<MoneyInput>,
    /// Cost of one whole unit. Null for none.
    pub unit_cost: MaybeUndefined<MoneyInput>,
    /// Available quantity, in smallest units, at or below which stock is low. Null clears.
    pub low_stock_threshold: MaybeUndefined<Quantity>,
    /// Status of the product. ARCHIVED is accepted only when no stock remains.
    pub status: MaybeUndefined<enums::ProductStatus>,
    /// Stock policy of the product. UNTRACKED is accepted only when no stock remains.
    pub stock_policy: MaybeUndefined<enums::StockPolicy>,
    /// Tracking of the product's stock: none, by lots or by serial numbers. Fixed after the first movement.
    pub tracking: MaybeUndefined<enums::Tracking>,
    /// Days that must remain until a lot expires for it to be picked for a sale: 0 to 36,500. Null for 0.
    pub minimum_remaining_days: MaybeUndefined<i32>,
    /// Weight of one whole unit with its packaging, in grams: 0 to 1,000,000,000. Null clears.
    pub weight_grams: MaybeUndefined<i32>,
    /// Length of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub length_mm: MaybeUndefined<i32>,
    /// Width of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub width_mm: MaybeUndefined<i32>,
    /// Height of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub height_mm: MaybeUndefined<i32>,
    /// Country in which the product was made: an ISO 3166 code of two letters; case is ignored.
    pub origin_country: MaybeUndefined<String>,
    /// Number of the product in the customs tariff, 6 to 10 digits; points and spaces are left out.
    pub tariff_number: MaybeUndefined<String>,
    /// Tags of the product, at most 50 of 64 characters each, without |. Repeats count once; case is ignored.
    pub tags: MaybeUndefined<Vec<String>>,
    /// Custom data: a JSON object of at most 16 KiB.
    pub metadata: MaybeUndefined<Json>,
}

/// A product to be made, or changed where there is one with this SKU. Fields that are left out stay as they are. Null
/// clears a field, and is refused with REQUIRED where one must have a value.
#[derive(Debug, Clone, InputObject)]
pub struct ProductUpsertInput {
    /// Finds the product.
    pub sku: String,
    /// Name of the product, at most 255 characters. Required when the row creates one.
    pub name: MaybeUndefined<String>,
    /// Description of the product, at most 10,000 characters.
    pub description: MaybeUndefined<String>,
    /// Unit in which the product is counted. Fixed after the first movement. Before it, another unit is refused with IN_USE
    /// while quantities are set: reorder points, maximums, safety stock, thresholds of alert rules, pack sizes, minimum orders
    /// and price breaks of suppliers, and the low stock threshold and barcodes of packs, unless the same call gives these two.
    pub unit: MaybeUndefined<UnitInput>,
    /// Barcodes of the product and of its packs, at most 50.
    pub barcodes: MaybeUndefined<Vec<BarcodeInput>>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: MaybeUndefined<ID>,
    /// The product's category.
    pub category: MaybeUndefined<CategoryRef>,
    /// Deprecated form of `supplier`: its ID.
    #[graphql(deprecation = "2026-11-26: use supplier. Removed after 2027-11-26.")]
    pub supplier_id: MaybeUndefined<ID>,
    /// Supplier from which the product is bought.
    pub supplier: MaybeUndefined<SupplierRef>,
    /// Deprecated form of `family`: its ID.
    #[graphql(deprecation = "2026-11-28: use family. Removed after 2027-11-28.")]
    pub family_id: MaybeUndefined<ID>,
    /// The family of which the product is a variant.
    pub family: MaybeUndefined<ProductFamilyRef>,
    /// A value for each of the family's options.
    pub options: MaybeUndefined<Vec<ProductOptionInput>>,
    /// Selling price of one whole unit. Null for none.
    pub price: MaybeUndefined<MoneyInput>,
    /// Cost of one whole unit. Null for none.
    pub unit_cost: MaybeUndefined<MoneyInput>,
    /// Available quantity, in smallest units, at or below which stock is low. Null clears.
    pub low_stock_threshold: MaybeUndefined<Quantity>,
    /// Status of the product.
    pub status: MaybeUndefined<enums::ProductStatus>,
    /// Stock policy of the product.
    pub stock_policy: MaybeUndefined<enums::StockPolicy>,
    /// Tracking of the product's stock: none, by lots or by serial numbers. Fixed after the first movement.
    pub tracking: MaybeUndefined<enums::Tracking>,
    /// Days that must remain until a lot expires for it to be picked for a sale: 0 to 36,500. Null for 0.
    pub minimum_remaining_days: MaybeUndefined<i32>,
    /// Weight of one whole unit with its packaging, in grams: 0 to 1,000,000,000. Null clears.
    pub weight_grams: MaybeUndefined<i32>,
    /// Length of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub length_mm: MaybeUndefined<i32>,
    /// Width of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub width_mm: MaybeUndefined<i32>,
    /// Height of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null clears.
    pub height_mm: MaybeUndefined<i32>,
    /// Country in which the product was made: an ISO 3166 code of two letters; case is ignored.
    pub origin_country: MaybeUndefined<String>,
    /// Number of the product in the customs tariff, 6 to 10 digits; points and spaces are left out.
    pub tariff_number: MaybeUndefined<String>,
    /// Tags of the product, at most 50 of 64 characters each, without |. Repeats count once; case is ignored.
    pub tags: MaybeUndefined<Vec<String>>,
    /// Custom data: a JSON object of at most 16 KiB.
    pub metadata: MaybeUndefined<Json>,
}

/// Products to be made or changed, at most 500.
#[derive(Debug, Clone, InputObject)]
pub struct ProductBulkUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// The products, each answered by itself.
    pub rows: Vec<ProductUpsertInput>,
}

pub fn text(value: MaybeUndefined<String>) -> Patch<String> {
    patch(value, |text| text)
}
pub(super) fn money(input: MoneyInput) -> MoneyText {
    MoneyText { amount: input.amount.0, currency: input.currency_code.0 }
}
fn unit(input: UnitInput) -> UnitText {
    UnitText { code: input.code, decimals: input.decimals }
}
fn barcodes(list: Vec<BarcodeInput>) -> Vec<product::Barcode> {
    list.into_iter()
        .map(|barcode| product::Barcode { code: barcode.code, pack_quantity: barcode.pack_quantity.0.get() })
        .collect()
}
fn options(list: Vec<ProductOptionInput>) -> Vec<product::ProductOption> {
    list.into_iter().map(|option| product::ProductOption { name: option.name, value: option.value }).collect()
}

impl From<ProductCreateInput> for ProductFields {
    fn from(input: ProductCreateInput) -> Self {
        Self {
            sku: Patch::Set(input.sku),
            name: Patch::Set(input.name),
            description: input.description.into(),
            unit: input.unit.map(unit).into(),
            barcodes: input.barcodes.map(barcodes).into(),
            category_id: input.category_id.map(|id| id.0).into(),
            supplier_id: input.supplier_id.map(|id| id.0).into(),
            family_id: input.family_id.map(|id| id.0).into(),
            options: input.options.map(options).into(),
            price: input.price.map(money).into(),
            unit_cost: input.unit_cost.map(money).into(),
            low_stock_threshold: input.low_stock_threshold.map(|quantity| quantity.0.get()).into(),
            status: Patch::Set(input.status.into()),
            stock_policy: Patch::Set(input.stock_policy.into()),
            tracking: input.tracking.map(Into::into).into(),
            minimum_remaining_days: input.minimum_remaining_days.map(i64::from).into(),
            goods: GoodsFields {
                weight_grams: input.weight_grams.map(i64::from).into(),
                length_mm: input.length_mm.map(i64::from).into(),
                width_mm: input.width_mm.map(i64::from).into(),
                height_mm: input.height_mm.map(i64::from).into(),
                origin_country: input.origin_country.into(),
                tariff_number: input.tariff_number.into(),
                tags: input.tags.into(),
                add_tags: Vec::new(),
            },
            metadata: input.metadata.map(|json| json.0).into(),
        }
    }
}

macro_rules! product_fields {
    ($input:ident, $sku:expr) => {
        ProductFields {
            sku: $sku,
            name: text($input.name),
            description: text($input.description),
            unit: patch($input.unit, unit),
            barcodes: patch($input.barcodes, barcodes),
            category_id: patch($input.category_id, |id| id.0),
            supplier_id: patch($input.supplier_id, |id| id.0),
            family_id: patch($input.family_id, |id| id.0),
            options: patch($input.options, options),
            price: patch($input.price, money),
            unit_cost: patch($input.unit_cost, money),
            low_stock_threshold: patch($input.low_stock_threshold, |quantity| quantity.0.get()),
            status: patch($input.status, Into::into),
            stock_policy: patch($input.stock_policy, Into::into),
            tracking: patch($input.tracking, Into::into),
            minimum_remaining_days: patch($input.minimum_remaining_days, i64::from),
            goods: GoodsFields {
                weight_grams: patch($input.weight_grams, i64::from),
                length_mm: patch($input.length_mm, i64::from),
                width_mm: patch($input.width_mm, i64::from),
                height_mm: patch($input.height_mm, i64::from),
                origin_country: text($input.origin_country),
                tariff_number: text($input.tariff_number),
                tags: patch($input.tags, |tags| tags),
                add_tags: Vec::new(),
            },
            metadata: patch($input.metadata, |json| json.0),
        }
    };
}
impl From<ProductUpdateInput> for ProductFields {
    fn from(input: ProductUpdateInput) -> Self {
        product_fields!(input, text(input.sku))
    }
}
impl From<ProductUpsertInput> for ProductFields {
    fn from(input: ProductUpsertInput) -> Self {
        product_fields!(input, Patch::Set(input.sku))
    }
}
