//! The catalogue's rows written straight to JSON: see `graphql/direct_json.rs`.

mod referenced;

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ScalarType, ServerResult, Value, parser::types::Field, registry::Registry,
};
use entity::prelude::{CategoryId, Money, ProductId, Quantity, SupplierId};
use iam::access::{Caller, Permission, kind};
use inventory::catalog::core::{
    category::CategoryRow,
    product::{Barcode, ProductOption, ProductRow},
    supplier::SupplierRow,
};

use super::{Product, loads::CatalogLoaders};
use crate::{
    graphql::{
        connection::Page,
        direct_json::{ChildSelection, Json, SelectionView},
        lazy::Lazy,
        lean_list::DirectList,
        scalars,
    },
    stock::{self, direct_json::LevelsOfPage},
};

pub use referenced::{
    CHANNEL_FIELDS, CUSTOMER_FIELDS, NAMES, STORE_FIELDS, write_channel, write_customer, write_product_name, write_store,
};

/// The products of a page.
pub struct Products(pub Arc<Page<Product>>);

impl OutputType for Products {
    fn type_name() -> Cow<'static, str> {
        <Vec<Product> as OutputType>::type_name()
    }
    fn qualified_type_name() -> String {
        <Vec<Product> as OutputType>::qualified_type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Product> as OutputType>::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match Box::pin(write_products(ctx, field, &self.0.nodes)).await {
            Some(answer) => answer,
            None => self.0.nodes.as_slice().resolve(ctx, field).await,
        }
    }
}

/// The fields of a product that its own row has.
pub const PRODUCT_FIELDS: [&str; 17] = [
    "id",
    "sku",
    "formerSkus",
    "name",
    "description",
    "status",
    "stockPolicy",
    "options",
    "unit",
    "price",
    "lowStockThreshold",
    "tracking",
    "minimumRemainingDays",
    "metadata",
    "version",
    "updatedAt",
    "createdAt",
];
const CATEGORY_FIELDS: [&str; 9] =
    ["id", "name", "slug", "sortIndex", "position", "imageUrl", "archivedAt", "version", "updatedAt"];
const SUPPLIER_FIELDS: [&str; 8] = ["id", "code", "name", "leadTimeDays", "email", "archivedAt", "version", "updatedAt"];

/// Objects that the products of a page refer to.
struct PageReferences {
    categories: HashMap<CategoryId, Arc<CategoryRow>>,
    suppliers: HashMap<SupplierId, Arc<SupplierRow>>,
    barcodes: HashMap<ProductId, Arc<Vec<Barcode>>>,
    stock: Option<LevelsOfPage>,
    sees_costs: bool,
}

async fn write_products(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    nodes: &[Product],
) -> Option<ServerResult<Value>> {
    let rows = || nodes.iter().map(|node| node.row.as_ref());
    let caller = ctx.data_opt::<Caller>()?;
    let sees_products = caller.permissions.holds(kind::ProductRead::INDEX);
    // The cost of a kit is computed from its components, which are not loaded here.
    let is_cost_known = !caller.sees_costs() || !rows().any(|row| row.is_kit);
    let direct_list = DirectList::of(ctx, "Product", |field, below| match field {
        "barcodes" => true,
        "category" => sees_products && below.on("Category").is_within(&CATEGORY_FIELDS),
        "supplier" => sees_products && below.on("Supplier").is_within(&SUPPLIER_FIELDS),
        "unitCost" => is_cost_known,
        "stock" => stock::direct_json::supports_selection(below),
        field => PRODUCT_FIELDS.contains(&field),
    })?;
    let references = PageReferences::read(ctx, &direct_list, nodes).await?;
    let remaining_values = match direct_list.resolve_remaining(ctx, field, nodes).await {
        Ok(remaining_values) => remaining_values,
        Err(error) => return Some(Err(error)),
    };
    let bytes = 256 * nodes.len() + references.stock.as_ref().map_or(0, LevelsOfPage::bytes);
    let write =
        |out: &mut Json, row: usize, field: &str, below: ChildSelection<'_>| references.write(out, &nodes[row].row, field, below);
    direct_list.answer(remaining_values, nodes.len(), bytes, write).map(Ok)
}

impl PageReferences {
    /// Reads the rows that the selection needs. None if ordinary resolvers have to report an error.
    async fn read(ctx: &ContextSelectionSet<'_>, direct_list: &DirectList<'_>, nodes: &[Product]) -> Option<Self> {
        let loads = ctx.data_opt::<Lazy>()?.get::<CatalogLoaders>();
        let rows = || nodes.iter().map(|node| node.row.as_ref());
        let ids = || rows().map(|row| row.id).collect::<Vec<_>>();
        let mut references = Self {
            categories: HashMap::new(),
            suppliers: HashMap::new(),
            barcodes: HashMap::new(),
            stock: None,
            sees_costs: ctx.data_opt::<Caller>().is_some_and(Caller::sees_costs),
        };
        if direct_list.writes("category") {
            references.categories = loads.load_categories(rows().filter_map(|row| row.category_id).collect()).await.ok()?;
        }
        if direct_list.writes("supplier") {
            references.suppliers = loads.load_suppliers(rows().filter_map(|row| row.supplier_id).collect()).await.ok()?;
        }
        if direct_list.writes("barcodes") {
            references.barcodes = loads.load_barcodes(ids()).await.ok()?;
        }
        if let Some(levels) = direct_list.below("stock", "StockLevel") {
            references.stock = Some(LevelsOfPage::read(ctx, levels, ids()).await?);
        }
        Some(references)
    }

    fn write(&self, out: &mut Json, row: &ProductRow, field: &str, below: ChildSelection<'_>) -> Option<()> {
        match field {
            "category" => match row.category_id {
                Some(id) => write_category(out, self.categories.get(&id)?, below.on("Category"))?,
                None => out.null(),
            },
            "supplier" => match row.supplier_id {
                Some(id) => write_supplier(out, self.suppliers.get(&id)?, below.on("Supplier"))?,
                None => out.null(),
            },
            "barcodes" => {
                let barcodes = self.barcodes.get(&row.id).map(|rows| rows.as_slice()).unwrap_or_default();
                out.list(barcodes, |out, code| write_barcode(out, code, below.on("Barcode")))?;
            }
            "stock" => self.stock.as_ref()?.write(out, row.id, below.on("StockLevel"))?,
            "unitCost" => write_money_or_null(out, row.unit_cost.filter(|_| self.sees_costs), below)?,
            field => write_product_field(out, row, field, below)?,
        }
        Some(())
    }
}

fn write_money_or_null(out: &mut Json, money: Option<Money>, below: ChildSelection<'_>) -> Option<()> {
    if let Some(money) = money {
        return out.money(money, below.on("Money"));
    }
    out.null();
    Some(())
}

/// The fields of `PRODUCT_FIELDS`.
fn write_product_field(out: &mut Json, row: &ProductRow, field: &str, below: ChildSelection<'_>) -> Option<()> {
    match field {
        "id" => out.id(row.id),
        "sku" => out.text(&row.sku),
        "formerSkus" => out.texts(&row.former_sku_list()),
        "name" => out.text(&row.name),
        "description" => out.text(row.description.as_deref().unwrap_or_default()),
        "status" => out.word(row.status.as_str()),
        "stockPolicy" => out.word(row.stock_policy.as_str()),
        "options" => out.list(row.option_list(), |out, option| write_option(out, &option, below.on("ProductOption")))?,
        "unit" => write_unit(out, row, below.on("Unit"))?,
        "price" => write_money_or_null(out, row.price, below)?,
        "lowStockThreshold" => {
            out.option(row.low_stock_threshold.and_then(Quantity::new), |out, threshold| out.number(threshold.get()));
        }
        "tracking" => out.word(row.tracking.as_str()),
        "minimumRemainingDays" => out.number(row.minimum_remaining_days.unwrap_or_default().into()),
        "metadata" => out.value(&scalars::Json::from_text(&row.metadata).to_value()),
        "version" => out.number(row.version),
        "updatedAt" => out.time(row.updated_at),
        "createdAt" => out.time(row.created_at),
        _ => return None,
    }
    Some(())
}

/// Writes the fields `PRODUCT_FIELDS` of a product that another object refers to.
pub fn write_product(out: &mut Json, row: &ProductRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, below| write_product_field(out, row, field, below))
}

fn write_unit(out: &mut Json, row: &ProductRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "code" => out.text(&row.unit_code),
            "decimals" => out.number(row.unit_decimals.into()),
            _ => return None,
        }
        Some(())
    })
}

fn write_option(out: &mut Json, option: &ProductOption, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "name" => out.text(&option.name),
            "value" => out.text(&option.value),
            _ => return None,
        }
        Some(())
    })
}

fn write_barcode(out: &mut Json, barcode: &Barcode, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "code" => out.text(&barcode.code),
            "packQuantity" => out.number(Quantity::new(barcode.pack_quantity).unwrap_or(Quantity::ONE).get()),
            _ => return None,
        }
        Some(())
    })
}

fn write_category(out: &mut Json, row: &CategoryRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "name" => out.text(&row.name),
            "slug" => out.text(&row.slug),
            "sortIndex" | "position" => out.number(i64::from(row.position)),
            "imageUrl" => out.option(row.image_url.as_deref(), Json::text),
            "archivedAt" => out.option(row.archived_at, Json::time),
            "version" => out.number(row.version),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}

fn write_supplier(out: &mut Json, row: &SupplierRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "code" => out.text(&row.code),
            "name" => out.text(&row.name),
            "leadTimeDays" => out.option(row.lead_time_days, |out, days| out.number(days.into())),
            "email" => out.option(row.email.as_deref(), Json::text),
            "archivedAt" => out.option(row.archived_at, Json::time),
            "version" => out.number(row.version),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}
