//! Pages of exported products, suppliers and categories, and the choice of the page of a noun.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{category, product, supplier},
};
use inventory::catalog::{
    core::goods::GoodsValue,
    rows::{
        Clause,
        product::{GoodsRow, barcodes_of},
    },
};
use platform::storage::{Fault, Reads};

use super::{
    customers, export_facts, export_orders,
    export_page::{ExportScope, Page, PageKey, money, push_id_condition, push_time_condition, read},
    export_stock,
};
use crate::exchange::core::{ExportOptions, Noun, barcodes, cells::Item};

/// A page of a noun.
pub async fn page(
    reads: &impl Reads,
    noun: Noun,
    (export_scope, options): (&ExportScope, &ExportOptions),
    after: &PageKey,
) -> Result<Page, Fault> {
    match noun {
        Noun::Products => products(reads, export_scope, options, after).await,
        Noun::Stock => export_stock::stock(reads, export_scope, options, after).await,
        Noun::Movements => export_stock::movements(reads, export_scope, options, after).await,
        Noun::Orders => export_orders::orders(reads, export_scope, options, after).await,
        Noun::Suppliers => suppliers(reads, options, after).await,
        Noun::Categories => categories(reads, options, after).await,
        Noun::Customers => customers::page(reads, export_scope, options, after).await,
        Noun::DemandFacts => export_facts::facts(reads, export_scope, options, after).await,
        Noun::StockChanges => Ok(Page { rows: Vec::new(), next: None, contacts: Vec::new() }),
    }
}

/// Index of barcodes in a row of a product.
const BARCODES: usize = 5;

#[derive(Record)]
#[record(of = product)]
struct ProductNames {
    sku_key: String,
    id: ProductId,
    sku: String,
    name: String,
    description: Option<String>,
    unit_code: String,
    unit_decimals: i32,
}

#[derive(Record)]
#[record(of = product)]
struct ProductRules {
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    low_stock_threshold: Option<Quantity>,
    tracking: Tracking,
    minimum_remaining_days: Option<i32>,
    status: ProductStatus,
    stock_policy: StockPolicy,
    metadata: String,
}

#[derive(Record)]
struct ProductRow {
    #[record(alias = "p")]
    names: ProductNames,
    #[record(of = category, alias = "c", column = "slug", outer)]
    category: Option<String>,
    #[record(of = supplier, alias = "s", column = "code", outer)]
    supplier: Option<String>,
    #[record(alias = "p")]
    rules: ProductRules,
    #[record(alias = "p")]
    goods: GoodsRow,
}

impl ProductRow {
    /// Cells of the product, with an empty one for its barcodes.
    fn items(self, sees_costs: bool) -> Result<Vec<Item>, Fault> {
        let Self { names, category, supplier, rules, goods } = self;
        let price = money(rules.price_minor, rules.price_currency, true)?;
        let cost = money(rules.cost_minor, rules.cost_currency, sees_costs)?;
        let goods = goods.goods();
        let mut items: Vec<Item> = vec![names.sku.into(), names.name.into(), names.description.into(), names.unit_code.into()];
        items.extend([i64::from(names.unit_decimals).into(), Item::None, category.into(), supplier.into()]);
        items.extend(price.into_iter().chain(cost));
        items.extend([
            rules.low_stock_threshold.map(Quantity::get).into(),
            rules.tracking.as_str().into(),
            rules.minimum_remaining_days.map(i64::from).into(),
            rules.status.as_str().into(),
            rules.stock_policy.as_str().into(),
            rules.metadata.into(),
        ]);
        items.extend(goods.named_fields().map(|(_, value)| match value {
            GoodsValue::Whole(number) => Item::from(number.map(i64::from)),
            GoodsValue::Text(text) => Item::from(text),
        }));
        items.push((!goods.tags.is_empty()).then(|| goods.tags.join("|")).into());
        Ok(items)
    }
}

async fn products(
    reads: &impl Reads,
    export_scope: &ExportScope,
    options: &ExportOptions,
    after: &PageKey,
) -> Result<Page, Fault> {
    let select = format!(
        "SELECT {} FROM product p
        LEFT JOIN category c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
        LEFT JOIN supplier s ON s.tenant_id = p.tenant_id AND s.id = p.supplier_id WHERE p.tenant_id = $1",
        ProductRow::SELECT
    );
    let mut clause = Clause::new(reads.backend());
    push_id_condition(&mut clause, "p.category_id", options.categories.as_deref());
    push_id_condition(&mut clause, "p.id", options.products.as_deref());
    push_time_condition(&mut clause, "p.updated_at", options);
    let mut ids: Vec<ProductId> = Vec::new();
    let mut page = read(reads, &select, clause, &["p.sku_key"], after, |row: ProductRow| {
        ids.push(row.names.id);
        let key = row.names.sku_key.clone();
        Ok((row.items(export_scope.sees_costs)?, vec![key.into()]))
    })
    .await?;
    let codes = barcodes_of(reads, ids.iter().copied()).await?;
    for (items, id) in page.rows.iter_mut().zip(&ids) {
        let Some(codes) = codes.get(id) else { continue };
        items[BARCODES] = barcodes::join_codes(codes).into();
    }
    Ok(page)
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct SupplierRow {
    code_key: String,
    code: String,
    name: String,
    lead_time_days: Option<i32>,
    email: Option<String>,
    minimum_order_minor: Option<i64>,
    minimum_order_currency: Option<String>,
}

async fn suppliers(reads: &impl Reads, options: &ExportOptions, after: &PageKey) -> Result<Page, Fault> {
    let select = format!("SELECT {} FROM supplier s WHERE s.tenant_id = $1", SupplierRow::SELECT);
    let mut clause = Clause::new(reads.backend());
    push_time_condition(&mut clause, "s.updated_at", options);
    read(reads, &select, clause, &["s.code_key"], after, |row: SupplierRow| {
        let mut items: Vec<Item> =
            vec![row.code.into(), row.name.into(), row.lead_time_days.map(i64::from).into(), row.email.into()];
        items.extend(money(row.minimum_order_minor, row.minimum_order_currency, true)?);
        Ok((items, vec![row.code_key.into()]))
    })
    .await
}

#[derive(Record)]
struct CategoryRow {
    #[record(of = category, alias = "c")]
    slug: String,
    #[record(of = category, alias = "c")]
    name: String,
    #[record(of = category, alias = "u", column = "slug", outer)]
    parent: Option<String>,
    #[record(of = category, alias = "c")]
    position: i32,
    #[record(of = category, alias = "c")]
    image_url: Option<String>,
    #[record(of = category, alias = "c")]
    metadata: String,
    #[record(of = category, alias = "c")]
    description: Option<String>,
    #[record(of = category, alias = "c")]
    is_active: bool,
    #[record(of = category, alias = "c")]
    seo_title: Option<String>,
    #[record(of = category, alias = "c")]
    seo_description: Option<String>,
}

async fn categories(reads: &impl Reads, options: &ExportOptions, after: &PageKey) -> Result<Page, Fault> {
    let select = format!(
        "SELECT {} FROM category c
        LEFT JOIN category u ON u.tenant_id = c.tenant_id AND u.id = c.parent_id WHERE c.tenant_id = $1",
        CategoryRow::SELECT
    );
    let mut clause = Clause::new(reads.backend());
    push_id_condition(&mut clause, "c.id", options.categories.as_deref());
    push_time_condition(&mut clause, "c.updated_at", options);
    read(reads, &select, clause, &["c.slug"], after, |row: CategoryRow| {
        let items = vec![
            row.slug.as_str().into(),
            row.name.into(),
            row.parent.into(),
            i64::from(row.position).into(),
            row.image_url.into(),
            row.metadata.into(),
            row.description.into(),
            row.is_active.to_string().into(),
            row.seo_title.into(),
            row.seo_description.into(),
        ];
        Ok((items, vec![row.slug.into()]))
    })
    .await
}
