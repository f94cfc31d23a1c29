//! Orders written straight to JSON: see `graphql/direct_json.rs`.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field, registry::Registry};
use entity::prelude::{CustomerId, Money, OrderId, ProductId, StoreId};
use iam::access::Caller;
use inventory::{
    catalog::{
        core::{customer::CustomerRow, product::ProductRow, store::StoreRow},
        rows::product::ProductName,
    },
    orders::{
        core,
        rows::shown::{Shown, ShownLine, is_column, shown_lines},
    },
};

use super::order::Order;
use crate::{
    catalog::{Loads, direct_json as catalog},
    graphql::{
        connection::Page,
        direct_json::{Json, SelectionView, raw},
        fault::Answer,
        lazy::Lazy,
    },
};

/// The orders of a page.
pub struct Orders(pub Arc<Page<Order>>);

impl OutputType for Orders {
    fn type_name() -> Cow<'static, str> {
        <Vec<Order> as OutputType>::type_name()
    }
    fn qualified_type_name() -> String {
        <Vec<Order> as OutputType>::qualified_type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Order> as OutputType>::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match Box::pin(orders(ctx, &self.0.nodes)).await {
            Some(json) => Ok(raw(json)),
            None => self.0.nodes.as_slice().resolve(ctx, field).await,
        }
    }
}

/// Whether the lines that are selected can be read as far as they are shown.
pub fn shows_columns(lines: SelectionView<'_>) -> bool {
    lines.names().into_iter().all(|name| matches!(name, "id" | "product" | "__typename") || is_column(name))
}

/// What the orders of a page refer to.
#[derive(Default)]
struct PageReferences<'a> {
    lines: HashMap<OrderId, Vec<ShownLine>>,
    /// The fields that lines were read with.
    fields: Vec<&'a str>,
    /// None for who may not see them.
    customers: Option<HashMap<CustomerId, Arc<CustomerRow>>>,
    stores: HashMap<StoreId, Arc<StoreRow>>,
    products: HashMap<ProductId, Arc<ProductRow>>,
    /// Instead of them, when their names are all that is asked for.
    names: HashMap<ProductId, Arc<ProductName>>,
}

async fn orders(ctx: &ContextSelectionSet<'_>, nodes: &[Order]) -> Option<String> {
    let selected = SelectionView::of(ctx, "Order")?;
    let known = [
        "id",
        "number",
        "status",
        "store",
        "customer",
        "lines",
        "total",
        "externalRef",
        "placedAt",
        "expiresAt",
        "version",
        "createdAt",
        "updatedAt",
        "__typename",
    ];
    let lines = selected.below("lines", "OrderLine");
    if !selected.is_within(&known) || lines.is_some_and(|lines| !shows_columns(lines)) {
        return None;
    }
    let loads = ctx.data_opt::<Lazy<Loads>>()?.get();
    let rows = || nodes.iter().map(Order::row);
    let mut references = PageReferences::default();
    let sees_customers = ctx.data_opt::<Caller>().is_some_and(Caller::sees_customers);
    if sees_customers && selected.below("customer", "Customer").is_some() {
        references.customers = Some(loads.known_customers(rows().filter_map(|row| row.customer).collect()).await.ok()?);
    }
    if selected.below("store", "Store").is_some() {
        references.stores = loads.known_stores(rows().map(|row| row.store).collect()).await.ok()?;
    }
    if let Some(lines) = lines {
        references.read_lines(loads, rows().map(|row| row.id).collect(), lines).await.ok()?;
    }
    let lines: usize = references.lines.values().map(Vec::len).sum();
    let mut out = Json::with_capacity(256 * (nodes.len() + lines));
    out.list(rows(), |out, row| order(out, row, selected, &references))?;
    Some(out.into_string())
}

impl<'a> PageReferences<'a> {
    async fn read_lines(&mut self, loads: &Loads, orders: Vec<OrderId>, selected: SelectionView<'a>) -> Answer<()> {
        self.fields = selected.names().into_iter().filter(|name| is_column(name)).collect();
        self.lines = shown_lines(loads.scope(), &orders, &self.fields).await?;
        let products = || self.lines.values().flatten().filter_map(|line| line.product).collect();
        if let Some(product) = selected.below("product", "Product") {
            if product.is_within(&catalog::NAMES) {
                self.names = loads.known_names(products()).await?;
            } else {
                self.products = loads.known_products(products()).await?;
            }
        }
        Ok(())
    }
}

fn order(out: &mut Json, row: &core::Order, selected: SelectionView<'_>, references: &PageReferences<'_>) -> Option<()> {
    selected.object(out, |out, field, below| {
        match field {
            "id" => out.id(row.id),
            "number" => out.word(&row.number.to_string()),
            "status" => out.word(row.status.as_str()),
            "store" => catalog::store(out, references.stores.get(&row.store)?, below.on("Store"))?,
            "customer" => match (row.customer, &references.customers) {
                (Some(id), Some(seen)) => catalog::customer(out, seen.get(&id)?, below.on("Customer"))?,
                _ => out.null(),
            },
            "lines" => {
                let lines = references.lines.get(&row.id).map(Vec::as_slice).unwrap_or_default();
                out.list(lines, |out, one| line(out, row, one, below.on("OrderLine"), references))?;
            }
            "total" => out.money(row.total, below.on("Money"))?,
            "externalRef" => out.option(row.external_ref.as_deref(), Json::text),
            "placedAt" => out.time(row.placed_at),
            "expiresAt" => out.option(row.expires_at, Json::time),
            "version" => out.number(row.version),
            "createdAt" => out.time(row.created_at),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}

fn line(
    out: &mut Json,
    order: &core::Order,
    row: &ShownLine,
    selected: SelectionView<'_>,
    references: &PageReferences<'_>,
) -> Option<()> {
    selected.object(out, |out, field, below| {
        match field {
            "id" => out.id(order.line_id(row.position)),
            "product" => match row.product {
                Some(id) => match references.names.get(&id) {
                    Some(name) => catalog::product_name(out, name, below.on("Product"))?,
                    None => catalog::product_alone(out, references.products.get(&id)?, below.on("Product"))?,
                },
                None => out.null(),
            },
            field => match &row.values[references.fields.iter().position(|name| *name == field)?] {
                Shown::Int(number) => out.number(*number),
                Shown::Text(text) => out.text(text),
                Shown::Money(minor) => out.money(Money::new(*minor, order.total.currency), below.on("Money"))?,
            },
        }
        Some(())
    })
}
