//! Orders written straight to JSON: see `graphql/direct_json.rs`.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value, dataloader::DataLoader, parser::types::Field,
    registry::Registry,
};
use entity::prelude::{ChannelId, CustomerId, Money, Numbered, OrderId, ProductId, StoreId};
use iam::access::Caller;
use inventory::{
    catalog::{
        core::{channel::ChannelRow, customer::CustomerRow, product::ProductRow, store::StoreRow},
        rows::product::ProductName,
    },
    numbering::core::Patterns,
    orders::{
        core::{self, Action},
        rows::selected_columns::{ColumnValue, SelectedLine, is_column, lines_with_columns},
    },
};

use super::{actions::allowed_actions, loaders::Rows, order::Order};
use crate::{
    catalog::{CatalogLoaders, direct_json as catalog},
    graphql::{
        connection::Page,
        direct_json::{ChildSelection, Json, SelectionView},
        fault::Answer,
        lazy::Lazy,
        lean_list::DirectList,
    },
    numbering::Numbers,
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
        match Box::pin(write_orders(ctx, field, &self.0.nodes)).await {
            Some(answer) => answer,
            None => self.0.nodes.as_slice().resolve(ctx, field).await,
        }
    }
}

/// The fields of an order that its own row has.
pub const ORDER_FIELDS: [&str; 11] = [
    "id",
    "number",
    "status",
    "shippingCountry",
    "register",
    "externalRef",
    "placedAt",
    "expiresAt",
    "version",
    "createdAt",
    "updatedAt",
];

/// Whether the writer supports a field with its selection; lines only if `reads_lines` says that
/// just their selected columns are read.
fn supports_field(field: &str, below: ChildSelection<'_>, reads_lines: bool) -> bool {
    match field {
        "total" | "allowedActions" => true,
        "store" => below.on("Store").is_within(&catalog::STORE_FIELDS),
        "channel" => below.on("Channel").is_within(&catalog::CHANNEL_FIELDS),
        "customer" => below.on("Customer").is_within(&catalog::CUSTOMER_FIELDS),
        "lines" => reads_lines && below.on("OrderLine").is_known(supports_line_field),
        field => ORDER_FIELDS.contains(&field),
    }
}

fn supports_line_field(field: &str, below: ChildSelection<'_>) -> bool {
    match field {
        "id" => true,
        "product" => below.on("Product").is_within(&catalog::PRODUCT_FIELDS),
        field => is_column(field),
    }
}

/// Whether only the selected columns of these orders' lines are read.
pub fn reads_lines(orders: SelectionView<'_>) -> bool {
    DirectList::on(orders, |field, below| supports_field(field, below, true))
        .is_some_and(|direct_list| direct_list.writes("lines"))
}

/// Objects that the orders of a page refer to.
#[derive(Default)]
struct PageReferences<'a> {
    lines: HashMap<OrderId, Vec<SelectedLine>>,
    /// The fields that lines were read with.
    fields: Vec<&'a str>,
    /// None if the caller may not see customers.
    customers: Option<HashMap<CustomerId, Arc<CustomerRow>>>,
    stores: HashMap<StoreId, Arc<StoreRow>>,
    channels: HashMap<ChannelId, Arc<ChannelRow>>,
    products: HashMap<ProductId, Arc<ProductRow>>,
    /// Names instead of whole products, if only names are selected.
    names: HashMap<ProductId, Arc<ProductName>>,
    actions: HashMap<OrderId, Vec<&'static str>>,
    /// Patterns of numbers.
    patterns: Arc<Patterns>,
}

async fn write_orders(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, nodes: &[Order]) -> Option<ServerResult<Value>> {
    // Lines that are loaded already need no second query.
    let reads_lines = !nodes.iter().any(Order::has_lines);
    let direct_list = DirectList::of(ctx, "Order", |field, below| supports_field(field, below, reads_lines))?;
    let references = PageReferences::read(ctx, &direct_list, nodes).await?;
    let remaining_values = match direct_list.resolve_remaining(ctx, field, nodes).await {
        Ok(remaining_values) => remaining_values,
        Err(error) => return Some(Err(error)),
    };
    let lines: usize = references.lines.values().map(Vec::len).sum();
    let bytes = 256 * (nodes.len() + lines);
    let write = |out: &mut Json, row: usize, field: &str, below: ChildSelection<'_>| {
        write_order_field(out, nodes[row].row(), field, below, &references)
    };
    direct_list.answer(remaining_values, nodes.len(), bytes, write).map(Ok)
}

impl<'a> PageReferences<'a> {
    /// Reads the rows that the selection needs. None if ordinary resolvers have to report an error.
    async fn read(ctx: &ContextSelectionSet<'_>, direct_list: &DirectList<'a>, nodes: &[Order]) -> Option<Self> {
        let loads = ctx.data_opt::<Lazy>()?.get::<CatalogLoaders>();
        let caller = ctx.data_opt::<Caller>()?;
        let rows = || nodes.iter().map(Order::row);
        let mut references = Self::default();
        if caller.sees_customers() && direct_list.writes("customer") {
            references.customers = Some(loads.load_customers(rows().filter_map(|row| row.customer).collect()).await.ok()?);
        }
        if direct_list.writes("number") {
            let last_number = rows().map(|row| row.number.get()).max().unwrap_or_default();
            references.patterns =
                ctx.data_opt::<Lazy>()?.get::<Numbers>().patterns_covering(Numbered::Order, last_number).await.ok()?;
        }
        if direct_list.writes("store") {
            references.stores = loads.load_stores(rows().map(|row| row.store).collect()).await.ok()?;
        }
        if direct_list.writes("channel") {
            references.channels = loads.load_channels(rows().map(|row| row.channel).collect()).await.ok()?;
        }
        if let Some(lines) = direct_list.below("lines", "OrderLine") {
            references.fields = lines.names().into_iter().filter(|name| is_column(name)).collect();
            if direct_list.writes("allowedActions") && !references.fields.contains(&OPEN) {
                references.fields.push(OPEN);
            }
            references.read_lines(loads, rows().map(|row| row.id).collect(), lines).await.ok()?;
        }
        if direct_list.writes("allowedActions") {
            let open = references.open_orders(loads, caller, nodes).await.ok()?;
            let row_loader = ctx.data_opt::<Lazy>()?.get::<DataLoader<Rows>>();
            references.actions = allowed_actions(caller, nodes, &open, row_loader).await.ok()?;
        }
        Some(references)
    }

    async fn read_lines(&mut self, loads: &CatalogLoaders, orders: Vec<OrderId>, selection: SelectionView<'a>) -> Answer<()> {
        self.lines = lines_with_columns(loads.scope(), &orders, &self.fields).await?;
        let products = || self.lines.values().flatten().filter_map(|line| line.product).collect();
        if let Some(product) = selection.below("product", "Product") {
            if product.is_within(&catalog::NAMES) {
                self.names = loads.load_product_names(products()).await?;
            } else {
                self.products = loads.load_products(products()).await?;
            }
        }
        Ok(())
    }

    /// The orders that the caller may ship by their states, and that have an open line.
    async fn open_orders(&self, loads: &CatalogLoaders, caller: &Caller, nodes: &[Order]) -> Answer<HashSet<OrderId>> {
        let fulfillable = || nodes.iter().filter(|node| node.actions(caller).any(|action| action == Action::Fulfil));
        let (complete_orders, to_read): (Vec<&Order>, Vec<&Order>) = fulfillable().partition(|node| node.has_lines());
        let mut open: HashSet<OrderId> =
            complete_orders.iter().filter(|node| node.row().has_open()).map(|node| node.row().id).collect();
        if to_read.is_empty() {
            return Ok(open);
        }
        let ids: Vec<OrderId> = to_read.iter().map(|node| node.row().id).collect();
        let is_open =
            |line: &SelectedLine, column: usize| matches!(line.values.get(column), Some(ColumnValue::Int(open)) if *open > 0);
        if let Some(column) = self.fields.iter().position(|name| *name == OPEN) {
            let has_open = |id: &OrderId| self.lines.get(id).is_some_and(|lines| lines.iter().any(|line| is_open(line, column)));
            open.extend(ids.into_iter().filter(has_open));
        } else {
            let lines = lines_with_columns(loads.scope(), &ids, &[OPEN]).await?;
            let has_open = |(_, lines): &(OrderId, Vec<SelectedLine>)| lines.iter().any(|line| is_open(line, 0));
            open.extend(lines.into_iter().filter(has_open).map(|(id, _)| id));
        }
        Ok(open)
    }
}

/// The field of a line with the quantity that can be shipped.
const OPEN: &str = "open";

fn write_order_field(
    out: &mut Json,
    row: &core::Order,
    field: &str,
    below: ChildSelection<'_>,
    references: &PageReferences<'_>,
) -> Option<()> {
    match field {
        "id" => out.id(row.id),
        "number" => out.word(&references.patterns.text(Numbered::Order, row.number.get())),
        "status" => out.word(row.status.as_str()),
        "store" => catalog::write_store(out, references.stores.get(&row.store)?, below.on("Store"))?,
        "channel" => catalog::write_channel(out, references.channels.get(&row.channel)?, below.on("Channel"))?,
        "customer" => match (row.customer, &references.customers) {
            (Some(id), Some(visible_customers)) => {
                catalog::write_customer(out, visible_customers.get(&id)?, below.on("Customer"))?;
            }
            _ => out.null(),
        },
        "shippingCountry" => out.option(row.country.as_deref(), Json::text),
        "register" => out.option(row.register.as_deref(), Json::text),
        "lines" => {
            let lines = references.lines.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            out.list(lines, |out, order_line| write_line(out, row, order_line, below.on("OrderLine"), references))?;
        }
        "total" => out.money(row.total, below.on("Money"))?,
        "externalRef" => out.option(row.external_ref.as_deref(), Json::text),
        "allowedActions" => out.texts(references.actions.get(&row.id)?),
        "placedAt" => out.time(row.placed_at),
        "expiresAt" => out.option(row.expires_at, Json::time),
        "version" => out.number(row.version),
        "createdAt" => out.time(row.created_at),
        "updatedAt" => out.time(row.updated_at),
        _ => return None,
    }
    Some(())
}

fn write_line(
    out: &mut Json,
    order: &core::Order,
    row: &SelectedLine,
    selection: SelectionView<'_>,
    references: &PageReferences<'_>,
) -> Option<()> {
    selection.object(out, |out, field, below| {
        match field {
            "id" => out.id(order.line_id(row.position)),
            "product" => match row.product {
                Some(id) => match references.names.get(&id) {
                    Some(name) => catalog::write_product_name(out, name, below.on("Product"))?,
                    None => catalog::write_product(out, references.products.get(&id)?, below.on("Product"))?,
                },
                None => out.null(),
            },
            field => match &row.values[references.fields.iter().position(|name| *name == field)?] {
                ColumnValue::Int(number) => out.number(*number),
                ColumnValue::Text(text) => out.text(text),
                ColumnValue::Money(minor) => out.money(Money::new(*minor, order.total.currency), below.on("Money"))?,
            },
        }
        Some(())
    })
}
