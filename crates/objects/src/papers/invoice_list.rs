//! The list of invoices and credit notes: its filter, its order, and its pages.

use async_graphql::{Context, Enum, ID, InputObject, OneofObject};
use entity::prelude::{CustomerId, InvoiceId, Numbered, OrderId};
use iam::access::{Caller, Permission, Permit, Reach, kind};
use inventory::{
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::{SearchTest, SearchWord, TextTest, TotalTest, add_merged},
};
use platform::{
    paging::{CursorSigner, PageRequest},
    path,
    storage::{Nested, Reads, TenantScope},
};
use services::papers::{
    Papers, core,
    rows::{self, InvoiceSearch, InvoiceTest, InvoicesSorted},
};

use super::{Invoice, InvoiceConnection, InvoiceKind};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{MoneyFilter, refuse_nul, searchable},
        nested::{NestedFilter, read_nested},
        refusal::Path,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        filters::{below, ids, span, texts},
        links::{DateTimeFilter, IdFilter, MAX_PAGE_SIZE, StringFilter, argument},
        require_customer_access,
    },
};

/// An invoice or a credit note by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum InvoiceRef {
    /// ID of the invoice.
    Id(ID),
    /// Number of the invoice as it is printed, such as INV-7.
    Number(String),
}

/// Filter of invoices and credit notes. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct InvoiceFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<InvoiceFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<InvoiceFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<InvoiceFilter>>,
    /// Invoices and credit notes to include.
    pub id: Option<IdFilter>,
    /// Number as it is printed, or its beginning; or the number of the order, or the beginning of the order's reference. Texts are looked for as they are
    /// written, in capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole number or reference. An
    /// empty text finds nothing.
    pub search: Option<String>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<InvoiceKind>>,
    /// Code of the legal entity that issued the invoice, compared exactly.
    pub legal_entity: Option<StringFilter>,
    /// Stores that sold the order.
    pub store: Option<IdFilter>,
    /// Orders to include.
    pub order: Option<IdFilter>,
    /// Customers of the orders. Needs customer.read.
    pub customer: Option<IdFilter>,
    /// Number as it is printed, compared exactly.
    pub number: Option<StringFilter>,
    /// Range of the time of the issue.
    pub issued_at: Option<DateTimeFilter>,
    /// Total with tax, of a credit note the amount that it credits.
    pub total: Option<MoneyFilter>,
}

::graphql::nested_filter!(InvoiceFilter);
crate::keyed_filter!(
    InvoiceFilter, "store" store StoreCode, "customer" customer CustomerExternalRef, "order" order OrderNumber;
    [store] "issuedAt" issued_at
);

/// Sort order of a list of invoices; rows with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct InvoiceSort {
    /// Field by which the list is sorted.
    pub field: InvoiceSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of invoices can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::InvoiceSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum InvoiceSortField {
    /// Time of the issue.
    IssuedAt,
    /// Number in the series of its legal entity and kind, without its prefix.
    Number,
}

crate::sorts::rows_sorted!(InvoiceSort => InvoicesSorted);

impl InvoiceFilter {
    fn read(self, caller: &Caller, patterns: &Patterns) -> Result<Nested<Vec<InvoiceTest>>, TopError> {
        read_nested(self, &mut |filter: Self, at| filter.tests((caller, patterns), at))
    }

    fn tests(self, (caller, patterns): (&Caller, &Patterns), at: &Path) -> Result<Vec<InvoiceTest>, TopError> {
        let mut conditions = Vec::new();
        let invoices = ids::<entity::id::kind::InvoiceId>(self.id, &below(at, "id"))?;
        conditions.extend(invoices.into_iter().map(InvoiceTest::Ids));
        if let Some(text) = self.search {
            searchable(&text, || below(at, "search"))?;
            conditions.push(InvoiceTest::Search(search(text.trim(), patterns)));
        }
        conditions.extend(self.kind.map(|list| InvoiceTest::Kind(list.into_iter().map(Into::into).collect())));
        conditions.extend(texts(self.legal_entity, &below(at, "legalEntity"))?.into_iter().map(InvoiceTest::LegalEntity));
        let stores = ids::<entity::id::kind::StoreId>(self.store, &below(at, "store"))?;
        conditions.extend(stores.into_iter().map(InvoiceTest::Store));
        let orders = ids::<entity::id::kind::OrderId>(self.order, &below(at, "order"))?;
        conditions.extend(orders.into_iter().map(InvoiceTest::Order));
        for test in ids::<entity::id::kind::CustomerId>(self.customer, &below(at, "customer"))? {
            require_customer_access(caller).map_err(|error| error.at(below(at, "customer")))?;
            conditions.push(InvoiceTest::Customer(test));
        }
        conditions.extend(texts(self.number, &below(at, "number"))?.into_iter().map(InvoiceTest::Number));
        conditions.extend(self.issued_at.map(|test| InvoiceTest::IssuedAt(span(&test))));
        if let Some(test) = self.total {
            let range = test.range(&below(at, "total"))?;
            conditions.push(InvoiceTest::Total(TotalTest { currency: range.currency, least: range.least, most: range.most }));
        }
        Ok(conditions)
    }
}

/// The search of a text that names an invoice or its order.
fn search(text: &str, patterns: &Patterns) -> InvoiceSearch {
    let word = SearchWord { text: text.to_owned(), number: patterns.number(Numbered::Order, text), blind: None };
    InvoiceSearch { number: text.to_owned(), orders: SearchTest { words: vec![word], sees_customers: false } }
}

/// Owner of the listed invoices, beside their filter.
#[derive(Debug, Clone, Copy)]
pub enum InvoiceOwner {
    All,
    Order(OrderId),
    Customer(CustomerId),
}

/// Selection and sort of a list of invoices.
pub struct InvoiceListArgs {
    pub of: InvoiceOwner,
    pub filter: Option<InvoiceFilter>,
    pub sort: Option<InvoiceSort>,
}

/// Limits the tests to invoices that a permit covers. Invoices belong to no channel: a caller bound
/// to one sees none.
fn within<P: Permission>(permit: &Permit<P>, tests: &mut Nested<Vec<InvoiceTest>>) {
    if let Reach::Stores(stores) = permit.reach() {
        tests.own.push(InvoiceTest::Store(stores.iter().map(|id| id.uuid()).collect()));
    }
    if permit.channel().is_some() {
        tests.own.push(InvoiceTest::Store(Vec::new()));
    }
}

/// Reads a page of invoices. For the invoices of one order, the caller checks that the order is
/// visible.
pub async fn invoices(
    ctx: &Context<'_>,
    permit: &Permit<kind::OrderRead>,
    list_args: InvoiceListArgs,
    args: &PageArgs,
) -> Answer<InvoiceConnection> {
    let signer = ctx.required_data::<CursorSigner>()?;
    let scope: TenantScope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let InvoiceListArgs { of: owner, filter, sort } = list_args;
    let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
    let patterns = numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.search.is_some())).await?;
    let mut tests = filter.read(ctx.caller()?, &patterns)?;
    let sorted = InvoiceSort::sorted(sort);
    let mut kind = sorted.kind("invoices");
    match owner {
        InvoiceOwner::All => {}
        InvoiceOwner::Order(order) => {
            tests.own.push(InvoiceTest::Order(vec![order.uuid()]));
            // As cursors of an order's list were bound before there were others.
            if sorted == InvoicesSorted::default() {
                kind = format!("invoices:{order}");
            }
        }
        InvoiceOwner::Customer(customer) => tests.own.push(InvoiceTest::Customer(vec![customer.uuid()])),
    }
    within(permit, &mut tests);
    let customers = tests.all_mut().into_iter().flatten().filter_map(|test| match test {
        InvoiceTest::Customer(ids) => Some(ids),
        _ => None,
    });
    add_merged(&scope, customers.collect()).await?;
    let request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
    let source = rows::invoices_source(scope.backend(), &tests);
    let page = rows::invoices_page(&scope, source.clone(), sorted, &request).await?;
    let nodes = page.into_iter().map(|invoice| {
        let keys = sorted.keys(&invoice);
        (Invoice::from(invoice), keys)
    });
    Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope.clone(), source).into())
}

/// The invoice or credit note that a reference names, if it belongs to one of the caller's stores.
/// None if two legal entities have issued the same number.
pub async fn find_invoice_by_ref(ctx: &Context<'_>, permit: &Permit<kind::OrderRead>, by: InvoiceRef) -> Answer<Option<Invoice>> {
    let number = match by {
        InvoiceRef::Id(id) => {
            let id: InvoiceId = argument(&id, || path!["by", "id"])?;
            return Ok(ctx.required_data::<Papers>()?.invoice(permit, id).await?.map(Invoice::from));
        }
        InvoiceRef::Number(number) => number,
    };
    refuse_nul(&number, || path!["by", "number"])?;
    let mut invoices = load_invoices_by_number(ctx, permit, number).await?;
    if invoices.len() > 1 {
        let message = "several legal entities have given this number: name the invoice by its ID, which invoices(filter: { number, legalEntity }) tells";
        return Err(TopError::bad_input(message, path!["by", "number"]));
    }
    Ok(invoices.pop().map(Invoice::from))
}

/// The invoices and credit notes of a number, at most two, of the stores that a permit is for.
pub async fn load_invoices_by_number<P: Permission>(
    ctx: &Context<'_>,
    permit: &Permit<P>,
    number: String,
) -> Answer<Vec<core::Invoice>> {
    // Postgres refuses a text with a NUL character; no number has one.
    if number.contains('\0') {
        return Ok(Vec::new());
    }
    let mut tests = Nested { own: vec![InvoiceTest::Number(TextTest::In(vec![number]))], and: Vec::new(), or: None, not: None };
    within(permit, &mut tests);
    let scope: TenantScope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let source = rows::invoices_source(scope.backend(), &tests);
    let request = PageRequest { limit: 1, backward: false, after: None, before: None };
    Ok(rows::invoices_page(&scope, source, InvoicesSorted::default(), &request).await?)
}
