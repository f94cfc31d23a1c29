//! Summaries of sales and movements: a total, and rows in pages beside it.

use async_graphql::{Context, Enum, InputType};
use entity::prelude::{self, ProductId};
use iam::access::{Permission, Permit, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key},
    storage::Reads,
};
use services::insight::{
    core::{Group, Measure},
    rows::{self, SalesFilter},
    shell::{self, MovementSheet, MovementsRequest, SalesSheet, SalesSort, SalesSpec},
};
use tokio::sync::OnceCell;

use super::{
    convert::{checked_currency, report_error, units},
    sales_row::{SalesGroup, SalesMeasure, SalesRow},
};
use crate::{
    catalog::{Money, Product, ProductFilter, products_within},
    costing::parse_span,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{CurrencyCode, Cursor, DateTime, Long, Quantity},
    },
    keyed_filters::resolve_filter_keys,
    orders::{
        OrderFilter,
        links::{self, MAX_PAGE_SIZE},
        orders_within, require_customer_access,
    },
    stock::{MovementFilter, MovementKind, movements_within, resolve_document_numbers},
};

crate::connection!(counted SalesRowConnection, SalesRowEdge, SalesRow, "rows of a sales summary");
crate::connection!(counted MovementSummaryRowConnection, MovementSummaryRowEdge, MovementSummaryRow, "rows of a summary of movements");

/// Documents that amounts are of, and the currency that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CurrencyBasis {
    /// Documents in one currency; amounts are in it.
    Document,
    /// Documents in all currencies; amounts are in the currency of the books, each document converted by its own exchange rate and rounded once.
    Books,
}

/// Orders and returns that a summary is of.
pub struct SalesSummary {
    permit: Permit<kind::ReportRead>,
    spec: SalesSpec,
    /// The grouping of rows beside which the total or their number is selected: documents are read once for all of these.
    shared: Option<Group>,
    /// The rows of the shared grouping; None where there are too many of them.
    sheet: OnceCell<Option<SalesSheet>>,
}

impl SalesSummary {
    /// Returns all rows of a grouping if they are shared.
    async fn sheet(&self, ctx: &Context<'_>, group: Group) -> Answer<Option<&SalesSheet>> {
        if self.shared != Some(group) {
            return Ok(None);
        }
        let db = ctx.required_data::<Ledger>()?.database();
        let load_sheet = || Box::pin(shell::sales_sheet(self.permit.clone(), db, self.spec.clone(), group));
        Ok(self.sheet.get_or_try_init(load_sheet).await.map_err(report_error)?.as_ref())
    }
}

/// The grouping of the rows beside which their number or the total is selected. Rows of another grouping are read by themselves.
fn selected_group<G: InputType>(ctx: &Context<'_>) -> Option<G> {
    let lookahead = ctx.look_ahead();
    let rows = lookahead.field("rows");
    if !lookahead.field("total").exists() && !rows.field("totalCount").exists() {
        return None;
    }
    let row_arguments = rows.selection_fields().first()?.arguments().ok()?;
    let (_, group) = row_arguments.into_iter().find(|(name, _)| name.as_str() == "groupBy")?;
    G::parse(Some(group)).ok()
}

fn sales_nodes(rows: Vec<(shell::SalesRow, Vec<Key>)>) -> Vec<(SalesRow, Vec<Key>)> {
    rows.into_iter().map(|(row, keys)| (SalesRow { row }, keys)).collect()
}

/// Exact sums over orders and returns: the total, and its rows in pages. The rows of all pages sum to the total in money, units and lines; an order
/// with several products counts in the row of each.
#[resolvers(requires = ReportRead)]
impl SalesSummary {
    /// Sums over everything that fits. Its key is null.
    #[field(cost = "50")]
    async fn total(&self, ctx: &Context<'_>) -> Answer<SalesRow> {
        if let Some(group) = self.shared
            && let Some(sheet) = self.sheet(ctx, group).await?
        {
            return Ok(SalesRow { row: sheet.total().map_err(report_error)? });
        }
        let db = ctx.required_data::<Ledger>()?.database();
        let row = Box::pin(shell::sales_total(self.permit.clone(), db, self.spec.clone())).await.map_err(report_error)?;
        Ok(SalesRow { row })
    }

    /// Rows by group, in the order of their keys or of `topBy`. Charges have no product and no category: they are in the row whose key is null,
    /// and left out if the summary is of some products.
    #[field(cost = "50", list_size(assumed = 50, arguments("first"), fields("nodes", "edges")))]
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Meaning of a row.")] group_by: SalesGroup,
        #[graphql(
            desc = "Measure to sort by, the largest first and then by key. Null sorts by key, with the row without a key last."
        )]
        top_by: Option<SalesMeasure>,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Answer<SalesRowConnection> {
        if group_by == SalesGroup::Customer {
            require_customer_access(ctx.caller()?).map_err(|denied| denied.at(vec!["groupBy".to_owned()]))?;
        }
        let sorted = SalesSort { group: group_by.into(), top_by: top_by.map(Measure::from) };
        let (kind, signer) = (sorted.kind(), ctx.required_data::<CursorSigner>()?);
        let request = PageArgs { first, after, ..PageArgs::default() }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let cursor_and_limit = (request.after.clone(), request.limit as usize);
        if let Some(sheet) = self.sheet(ctx, sorted.group).await? {
            let page = sheet.page(sorted, cursor_and_limit).map_err(report_error)?;
            return Ok(Page::forward(sales_nodes(page.rows), page.has_next, &request, kind, signer)
                .with_total(sheet.count())
                .into());
        }
        let (permit, db) = (self.permit.clone(), ctx.required_data::<Ledger>()?.database());
        let page =
            Box::pin(shell::sales_rows(permit, db, self.spec.clone(), sorted, cursor_and_limit)).await.map_err(report_error)?;
        let rows = sales_nodes(page.rows);
        let (permit, db, spec) = (self.permit.clone(), db.clone(), self.spec.clone());
        let page = Page::forward(rows, page.has_next, &request, kind, signer).with_count(move |max_count| {
            let (permit, db, spec) = (permit.clone(), db.clone(), spec.clone());
            async move {
                let counting = Box::pin(shell::sales_row_count(permit, &db, spec, sorted, max_count));
                Ok::<i64, TopError>(i64::try_from(counting.await.map_err(report_error)?).unwrap_or(i64::MAX))
            }
        });
        Ok(page.into())
    }
}

/// Meaning of a row of a summary of movements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::MovementGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MovementGroup {
    /// The report has one row for everything; its key is null.
    None,
    /// Kind of movement.
    Kind,
    /// Calendar day of the store, as 2011-11-30.
    Day,
    /// Product, by ID.
    Product,
    /// Store, by ID.
    Store,
}

/// Movements that a summary is of.
pub struct MovementSummary {
    permit: Permit<kind::ReportRead>,
    request: MovementsRequest,
    /// The grouping of rows beside which the total or their number is selected: entries are read once for all of these.
    shared: Option<rows::MovementGroup>,
    /// The rows of the shared grouping; None where there are too many of them.
    sheet: OnceCell<Option<MovementSheet>>,
}

impl MovementSummary {
    /// Returns all rows of a grouping if they are shared.
    async fn sheet(&self, ctx: &Context<'_>, group: rows::MovementGroup) -> Answer<Option<&MovementSheet>> {
        if self.shared != Some(group) {
            return Ok(None);
        }
        let db = ctx.required_data::<Ledger>()?.database();
        let load_sheet = || Box::pin(shell::movement_sheet(self.permit.clone(), db, &self.request, group));
        Ok(self.sheet.get_or_try_init(load_sheet).await.map_err(report_error)?.as_ref())
    }
}

fn movement_nodes(rows: Vec<(shell::MovementSummaryRow, Vec<Key>)>) -> Vec<(MovementSummaryRow, Vec<Key>)> {
    rows.into_iter().map(|(row, keys)| (MovementSummaryRow(row), keys)).collect()
}

/// Exact sums over the ledger: the total, and its rows in pages. The rows of all pages sum to the total in units, values and entries; a movement with
/// entries of several groups counts in the row of each.
#[resolvers(requires = ReportRead)]
impl MovementSummary {
    /// Sums over all entries that fit. Its key is null.
    #[field(cost = "20")]
    async fn total(&self, ctx: &Context<'_>) -> Answer<MovementSummaryRow> {
        if let Some(group) = self.shared
            && let Some(sheet) = self.sheet(ctx, group).await?
        {
            return Ok(MovementSummaryRow(sheet.total().map_err(report_error)?));
        }
        let db = ctx.required_data::<Ledger>()?.database();
        let row = Box::pin(shell::movement_total(self.permit.clone(), db, &self.request)).await.map_err(report_error)?;
        Ok(MovementSummaryRow(row))
    }

    /// Rows by group, in the order of their keys.
    #[field(cost = "20", list_size(assumed = 50, arguments("first"), fields("nodes", "edges")))]
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Meaning of a row.")] group_by: MovementGroup,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Answer<MovementSummaryRowConnection> {
        let kind = match group_by {
            MovementGroup::None => "movementSummary:NONE",
            MovementGroup::Kind => "movementSummary:KIND",
            MovementGroup::Day => "movementSummary:DAY",
            MovementGroup::Product => "movementSummary:PRODUCT",
            MovementGroup::Store => "movementSummary:STORE",
        };
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, ..PageArgs::default() }.check(kind, signer, MAX_PAGE_SIZE)?;
        let cursor_and_limit = (request.after.clone(), request.limit as usize);
        if let Some(sheet) = self.sheet(ctx, group_by.into()).await? {
            let page = sheet.page(cursor_and_limit).map_err(report_error)?;
            let page = Page::forward(movement_nodes(page.rows), page.has_next, &request, kind.to_owned(), signer)
                .with_total(sheet.count());
            return Ok(page.into());
        }
        let (permit, db) = (self.permit.clone(), ctx.required_data::<Ledger>()?.database());
        let page = Box::pin(shell::movement_rows(permit, db, &self.request, group_by.into(), cursor_and_limit))
            .await
            .map_err(report_error)?;
        let rows = movement_nodes(page.rows);
        let (permit, db, movements_request) = (self.permit.clone(), db.clone(), self.request.clone());
        let page = Page::forward(rows, page.has_next, &request, kind.to_owned(), signer).with_count(move |max_count| {
            let (permit, db, movements_request) = (permit.clone(), db.clone(), movements_request.clone());
            async move {
                let counting = Box::pin(shell::movement_row_count(permit, &db, &movements_request, group_by.into(), max_count));
                Ok::<i64, TopError>(i64::try_from(counting.await.map_err(report_error)?).unwrap_or(i64::MAX))
            }
        });
        Ok(page.into())
    }
}

/// Sums of one group of movements.
pub struct MovementSummaryRow(shell::MovementSummaryRow);

/// Sums of one group of movements.
#[resolvers(requires = ReportRead)]
impl MovementSummaryRow {
    /// ID, kind or day of the group. Null for the total, and without groups.
    async fn key(&self) -> Option<String> {
        self.0.key_text()
    }
    /// Kind of movement. Null unless rows are grouped by kind.
    async fn kind(&self) -> Option<MovementKind> {
        self.0.kind().map(MovementKind::from)
    }
    /// Product. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let id = self.0.id(rows::MovementGroup::Product)?;
        Some(links::product(ctx, ProductId::from_uuid(id)).await)
    }
    /// Number of movements with an entry that fits.
    async fn movements(&self) -> Long {
        Long(self.0.sums.movements)
    }
    /// Number of entries that fit.
    async fn entries(&self) -> Long {
        Long(self.0.sums.entries)
    }
    /// Units that came in, in the products' smallest units.
    async fn units_in(&self) -> Quantity {
        units(self.0.sums.units_in)
    }
    /// Units that went out, in the products' smallest units, as a number above 0.
    async fn units_out(&self) -> Quantity {
        units(self.0.sums.units_out)
    }
    /// Value of the entries at the cost they were booked with, in or out, in the tenant's currency. Entries in another currency, or without a cost,
    /// count as 0. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(prelude::Money::new(self.0.sums.value, self.0.currency).into())
    }
}

/// The root fields of summaries.
#[derive(Default)]
pub struct SummaryQuery;

#[resolvers]
impl SummaryQuery {
    /// Exact sums over orders and returns, in one currency, by the store's local business date. An order counts from its confirmation on and unless it
    /// was cancelled or expired; a return from its receipt on. A filter is asked of returns too: by their own store, customer and moment, by the
    /// channel of the order they were matched with, as FULFILLED, and as having no external reference.
    ///
    /// With BOOKS as `currencyBasis`, an order is converted by `Order.exchangeRate`; a return by the rate of the first order that it was matched with, else by
    /// that of its own day, as known when it was created. Parts of a document add up to the converted whole.
    ///
    /// Requires report.read. Costs 1, and 50 for the total and for each page of rows.
    #[field(permit = ReportRead)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn sales_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Start: only orders placed, and returns made, at this moment or later. Null has no start.")]
        from: Option<DateTime>,
        #[graphql(desc = "End: only orders placed, and returns made, before this moment. Null has no end.")] to: Option<DateTime>,
        #[graphql(desc = "Currency of the documents, by its ISO 4217 code. Default: the tenant's own.")] currency: Option<
            CurrencyCode,
        >,
        #[graphql(desc = "Orders to sum, and the returns that fit. Null sums all.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Products whose lines are summed. Null sums all lines, charges included.")] product: Option<
            ProductFilter,
        >,
        #[graphql(
            desc = "Documents to sum, and the currency of the amounts. BOOKS takes no `currency`. Default DOCUMENT.",
            default_with = "CurrencyBasis::Document"
        )]
        currency_basis: CurrencyBasis,
    ) -> Answer<SalesSummary> {
        let is_in_books = currency_basis == CurrencyBasis::Books;
        if is_in_books && currency.is_some() {
            return Err(TopError::bad_input(
                "amounts are in the currency of the books: leave it out",
                vec!["currency".to_owned()],
            ));
        }
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let (from, to) = parse_span(from, to)?;
        let products = products_within(ctx, product, None).await?;
        let filter = orders_within(&permit, OrderFilter::compile_sales_filter(ctx, filter).await?);
        let (condition, values) = inventory::orders::rows::compile(
            &inventory::orders::rows::include_merged_customers(&scope, &filter).await?,
            scope.backend(),
            SalesFilter::FIRST_PARAMETER + products.values.len(),
        );
        let filter = SalesFilter { condition, values };
        let currency = checked_currency(currency)?;
        let spec = SalesSpec { from, to, filter, products, currency, is_in_books };
        let shared = selected_group::<SalesGroup>(ctx).map(Group::from);
        Ok(SalesSummary { permit, spec, shared, sheet: OnceCell::new() })
    }

    /// Exact sums over the ledger's movements. For a caller of some stores, those stores' entries alone.
    ///
    /// Requires report.read. Costs 1, and 20 for the total and for each page of rows.
    #[field(permit = ReportRead)]
    async fn movement_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Movements to sum. Null sums all.")] filter: Option<MovementFilter>,
        #[graphql(desc = "Products whose entries are summed. Null sums all entries.")] product: Option<ProductFilter>,
    ) -> Answer<MovementSummary> {
        if permit.channel().is_some() {
            // The ledger has no channels: the movements of one cannot be separated.
            return Err(TopError::Forbidden(kind::StockMovementRead::info().code));
        }
        let resolved_filter = resolve_filter_keys(ctx, resolve_document_numbers(ctx, filter).await?, "filter").await?;
        let spec = movements_within(&permit, MovementFilter::spec(resolved_filter.as_ref())?);
        let products = products_within(ctx, product, None).await?;
        let shared = selected_group::<MovementGroup>(ctx).map(rows::MovementGroup::from);
        Ok(MovementSummary { permit, request: MovementsRequest { spec, products }, shared, sheet: OnceCell::new() })
    }
}
