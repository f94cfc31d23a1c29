//! The catalogue's rows written straight to JSON: see `graphql/direct_json.rs`.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field, registry::Registry};
use entity::prelude::{CategoryId, SupplierId};
use inventory::catalog::{
    core::{category::CategoryRow, customer::CustomerRow, product::ProductRow, store::StoreRow, supplier::SupplierRow},
    rows::product::ProductName,
};

use super::{Product, loads::Loads};
use crate::{
    graphql::{
        connection::Page,
        direct_json::{Json, SelectionView, raw},
        lazy::Lazy,
    },
    stock::direct_json::LevelsOfPage,
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
        match Box::pin(products(ctx, &self.0.nodes)).await {
            Some(json) => Ok(raw(json)),
            None => self.0.nodes.as_slice().resolve(ctx, field).await,
        }
    }
}

async fn products(ctx: &ContextSelectionSet<'_>, nodes: &[Product]) -> Option<String> {
    let selected = SelectionView::of(ctx, "Product")?;
    let known = [
        "id",
        "sku",
        "name",
        "description",
        "status",
        "stockPolicy",
        "price",
        "category",
        "supplier",
        "version",
        "updatedAt",
        "createdAt",
        "stock",
        "__typename",
    ];
    if !selected.is_within(&known) {
        return None;
    }
    let loads = ctx.data_opt::<Lazy<Loads>>()?.get();
    let rows = || nodes.iter().map(|node| node.row.as_ref());
    let mut categories = HashMap::new();
    if selected.below("category", "Category").is_some() {
        categories = loads.known_categories(rows().filter_map(|row| row.category_id).collect()).await.ok()?;
    }
    let mut suppliers = HashMap::new();
    if selected.below("supplier", "Supplier").is_some() {
        suppliers = loads.known_suppliers(rows().filter_map(|row| row.supplier_id).collect()).await.ok()?;
    }
    let stock = match selected.below("stock", "StockLevel") {
        Some(levels) => Some(LevelsOfPage::read(ctx, levels, rows().map(|row| row.id).collect()).await?),
        None => None,
    };
    let mut out = Json::with_capacity(256 * nodes.len() + stock.as_ref().map_or(0, LevelsOfPage::bytes));
    out.list(rows(), |out, row| product(out, row, selected, &categories, &suppliers, stock.as_ref()))?;
    Some(out.into_string())
}

fn product(
    out: &mut Json,
    row: &ProductRow,
    selected: SelectionView<'_>,
    categories: &HashMap<CategoryId, Arc<CategoryRow>>,
    suppliers: &HashMap<SupplierId, Arc<SupplierRow>>,
    stock: Option<&LevelsOfPage>,
) -> Option<()> {
    selected.object(out, |out, field, below| {
        match field {
            "category" => match row.category_id {
                Some(id) => category(out, categories.get(&id)?, below.on("Category"))?,
                None => out.null(),
            },
            "supplier" => match row.supplier_id {
                Some(id) => supplier(out, suppliers.get(&id)?, below.on("Supplier"))?,
                None => out.null(),
            },
            "stock" => stock?.write(out, row.id, below.on("StockLevel"))?,
            "price" => match row.price {
                Some(price) => out.money(price, below.on("Money"))?,
                None => out.null(),
            },
            field => plain_product(out, row, field)?,
        }
        Some(())
    })
}

fn plain_product(out: &mut Json, row: &ProductRow, field: &str) -> Option<()> {
    match field {
        "id" => out.id(row.id),
        "sku" => out.text(&row.sku),
        "name" => out.text(&row.name),
        "description" => out.text(row.description.as_deref().unwrap_or_default()),
        "status" => out.word(row.status.as_str()),
        "stockPolicy" => out.word(row.stock_policy.as_str()),
        "version" => out.number(row.version),
        "updatedAt" => out.time(row.updated_at),
        "createdAt" => out.time(row.created_at),
        _ => return None,
    }
    Some(())
}

/// A product that something else refers to: what the product alone knows of itself.
pub fn product_alone(out: &mut Json, row: &ProductRow, selected: SelectionView<'_>) -> Option<()> {
    product(out, row, selected, &HashMap::new(), &HashMap::new(), None)
}

/// The same where its name is all that is asked for: `NAMES`.
pub fn product_name(out: &mut Json, row: &ProductName, selected: SelectionView<'_>) -> Option<()> {
    selected.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "sku" => out.text(&row.sku),
            "name" => out.text(&row.name),
            _ => return None,
        }
        Some(())
    })
}
/// What `product_name` writes.
pub const NAMES: [&str; 4] = ["id", "sku", "name", "__typename"];

fn category(out: &mut Json, row: &CategoryRow, selected: SelectionView<'_>) -> Option<()> {
    selected.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "name" => out.text(&row.name),
            "slug" => out.text(&row.slug),
            "position" => out.number(i64::from(row.position)),
            "version" => out.number(row.version),
            _ => return None,
        }
        Some(())
    })
}

fn supplier(out: &mut Json, row: &SupplierRow, selected: SelectionView<'_>) -> Option<()> {
    selected.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "code" => out.text(&row.code),
            "name" => out.text(&row.name),
            "version" => out.number(row.version),
            _ => return None,
        }
        Some(())
    })
}

/// A store that something else refers to.
pub fn store(out: &mut Json, row: &StoreRow, selected: SelectionView<'_>) -> Option<()> {
    selected.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "code" => out.text(&row.code),
            "name" => out.text(&row.name),
            "kind" => out.word(row.kind.as_str()),
            "timeZone" => out.text(&row.time_zone),
            "version" => out.number(row.version),
            _ => return None,
        }
        Some(())
    })
}

/// A customer that something else refers to; how to reach them is behind a permission, so it is not written here.
pub fn customer(out: &mut Json, row: &CustomerRow, selected: SelectionView<'_>) -> Option<()> {
    selected.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "externalRef" => out.option(row.external_ref.as_deref(), Json::text),
            "name" => out.option(row.name.as_deref(), Json::text),
            "country" => out.option(row.country.as_deref(), Json::text),
            "version" => out.number(row.version),
            _ => return None,
        }
        Some(())
    })
}
