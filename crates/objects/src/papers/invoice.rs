//! Invoices and credit notes as clients see them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, SimpleObject};
use entity::prelude::InvoiceId;
use iam::access::kind;
use macros::resolvers;
use services::papers::{Papers, core};

use crate::{
    currency::FrozenRate,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Decimal, Quantity},
    },
    history::HistoryActor,
    orders::{
        Order, customer_of_order,
        links::{self, Customer, Money, Store},
        load_order,
    },
};

use super::{Paper, loaders::paper_of};

/// Kind of a numbered legal paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "entity::enums::InvoiceKind")]
pub enum InvoiceKind {
    /// An invoice of an order.
    Invoice,
    /// A credit note of an invoice.
    CreditNote,
}

/// Share of an order that is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::Scope")]
pub enum InvoiceScope {
    /// Goods that have left and did not come back, and all charges.
    Shipped,
    /// All lines, without what was cancelled and what came back.
    All,
}

/// An invoice's row, with its lines.
#[derive(Debug, Clone)]
pub struct Invoice(pub Arc<core::Invoice>);

impl From<core::Invoice> for Invoice {
    fn from(invoice: core::Invoice) -> Self {
        Self(Arc::new(invoice))
    }
}

/// Line of an order on an invoice or a credit note.
#[derive(SimpleObject)]
pub struct InvoiceLine {
    /// ID of the order's line.
    pub order_line_id: ID,
    /// SKU, as it was when the order was placed.
    pub sku: String,
    /// Name, as it was when the order was placed.
    pub name: String,
    /// Quantity, in the product's smallest unit; above 0 on credit notes, too.
    pub quantity: Quantity,
    /// Price of one whole unit, before discount and tax.
    pub unit_price: Money,
    /// Discount on the whole quantity of the line.
    pub discount: Money,
    /// Tax on the whole quantity of the line.
    pub tax: Money,
    /// Tax rate of the line, as a fraction of its price less the discount, from 0 to 1: 0.2 is 20 %. Null where the tax was stated
    /// as an amount, and on invoices that were issued before rates were kept.
    pub tax_rate: Option<Decimal>,
    /// Price of the quantity, less the discount, with the tax.
    pub total: Money,
}

/// Tax of an invoice at one rate.
#[derive(SimpleObject)]
pub struct InvoiceTax {
    /// Tax rate, as a fraction from 0 to 1: 0.2 is 20 %. Null for the lines without a rate.
    pub rate: Option<Decimal>,
    /// Sum of the lines at the rate, without tax.
    pub net: Money,
    /// Sum of the tax of the lines at the rate.
    pub tax: Money,
    /// Sum of the tax of the lines at the rate in the currency of the books; all rows add up to `taxInBooks` of the invoice. Null where the invoice has no
    /// exchange rate.
    pub tax_in_books: Option<Money>,
}

crate::connection!(counted InvoiceConnection, InvoiceEdge, Invoice, "invoices and credit notes");

/// Invoice of an order, or credit note of an invoice. It never changes. Its amounts are above 0 on credit notes, too.
#[resolvers(requires = OrderRead)]
impl Invoice {
    /// ID of the invoice.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind: an invoice, or a credit note of one.
    async fn kind(&self) -> InvoiceKind {
        self.0.kind.into()
    }
    /// Number as it is printed: a prefix, and 1, 2, 3 … for each legal entity and kind, without gaps. In a dry run
    /// the prefix and a dot: INV-·.
    async fn number(&self) -> &str {
        &self.0.label
    }
    /// Name and address of the legal entity that issued the invoice, as they were then, 1 to 7 lines.
    async fn seller(&self) -> &[String] {
        &self.0.facts.seller
    }
    /// Tax ID of the legal entity, as it was then. Null when it had none.
    async fn tax_id(&self) -> Option<&str> {
        self.0.facts.tax_id.as_deref()
    }
    /// ID of the legal entity that issued the invoice.
    async fn legal_entity_id(&self) -> ID {
        ID(self.0.entity.to_string())
    }
    /// Store that sold the order.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.store).await
    }
    /// Order of the invoice, as it is now. Null where you may not see it.
    async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
        Box::pin(load_order(ctx, self.0.order)).await.transpose()
    }
    /// Customer of the order, as it is now. Null for an anonymous sale, and without customer.read.
    #[field(mask = CustomerRead)]
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        Box::pin(customer_of_order(ctx, self.0.order)).await.transpose()
    }
    /// Latest paper of the invoice. Null when none was drawn. Its files are for the caller who drew it: paperCreate draws one of
    /// your own.
    async fn paper(&self, ctx: &Context<'_>) -> Answer<Option<Paper>> {
        paper_of(ctx, self.0.id).await
    }
    /// ID of the order.
    async fn order_id(&self) -> ID {
        ID(self.0.order.to_string())
    }
    /// ID of the invoice that a credit note belongs to. Null for an invoice.
    async fn credits_id(&self) -> Option<ID> {
        self.0.credits.map(|id| ID(id.to_string()))
    }
    /// Lines, in the order of the order's lines.
    async fn lines(&self) -> Vec<InvoiceLine> {
        let line = |line: &core::InvoiceLine| InvoiceLine {
            order_line_id: ID(self.0.order.line::<entity::id::kind::OrderLineId>(line.position).to_string()),
            sku: line.sku.clone(),
            name: line.name.clone(),
            quantity: Quantity(line.quantity),
            unit_price: line.unit_price.into(),
            discount: line.discount.into(),
            tax: line.tax.into(),
            tax_rate: line.rate.map(|rate| Decimal(rate.to_string())),
            total: line.total.into(),
        };
        self.0.lines.iter().map(line).collect()
    }
    /// Sum of the invoice's lines without tax.
    async fn net(&self) -> Money {
        self.0.totals.net.into()
    }
    /// Sum of the tax of the invoice's lines.
    async fn tax(&self) -> Money {
        self.0.totals.tax.into()
    }
    /// Tax of the invoice by its rates, the highest rate first: the sums of net and of tax are those of the invoice.
    async fn taxes(&self) -> Vec<InvoiceTax> {
        let rows = core::by_rate(&self.0.lines, self.0.totals.total.currency).unwrap_or_default();
        let in_books = self.0.in_books.as_ref().map(|books| books.taxes(&rows)).unwrap_or_default();
        let row = |(rate_index, row): (usize, core::RateTotals)| InvoiceTax {
            rate: row.rate.map(|rate| Decimal(rate.to_string())),
            net: row.net.into(),
            tax: row.tax.into(),
            tax_in_books: in_books.get(rate_index).copied().map(Money::from),
        };
        rows.into_iter().enumerate().map(row).collect()
    }
    /// Total of the invoice: the sum of its lines with tax.
    async fn total(&self) -> Money {
        self.0.totals.total.into()
    }
    /// Exchange rate to the currency of the books, of the day of the issue; of a credit note that of its invoice. Null where the invoice is in the
    /// currency of the books, where it has no tax and there was no rate, and on invoices that were issued before rates were kept.
    async fn rate(&self) -> Option<FrozenRate> {
        self.0.in_books.as_ref().map(|books| FrozenRate::from(&books.rate))
    }
    /// Sum of the invoice's lines without tax in the currency of the books: `totalInBooks` less `taxInBooks`. Null where `rate` is.
    async fn net_in_books(&self) -> Option<Money> {
        self.0.in_books.as_ref().map(|books| books.totals.net.into())
    }
    /// Sum of the tax of the invoice's lines in the currency of the books, as tax authorities want it of invoices in another currency. Credit notes of a whole invoice
    /// together have its amount. Null where `rate` is.
    async fn tax_in_books(&self) -> Option<Money> {
        self.0.in_books.as_ref().map(|books| books.totals.tax.into())
    }
    /// Total of the invoice in the currency of the books. Null where `rate` is.
    async fn total_in_books(&self) -> Option<Money> {
        self.0.in_books.as_ref().map(|books| books.totals.total.into())
    }
    /// True if the name and the address of the buyer were lost with the keys of the deployment. False after the customer was erased.
    async fn is_personal_data_lost(&self) -> bool {
        self.0.is_lost
    }
    /// Reason for the credit note; null of an invoice, and when none was given.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }
    /// Day of the issue, in the store's own time; that of the last number of the same legal entity and kind, or of the credited invoice, if it is later.
    async fn issued_on(&self) -> Date {
        Date(self.0.issued_on)
    }
    /// Time at which the invoice was issued.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.issued_at)
    }
    /// Member or integration that issued the invoice.
    async fn issued_by(&self) -> HistoryActor {
        HistoryActor(Some(self.0.actor))
    }
}

/// The invoice or credit note with an ID, if it belongs to one of the caller's stores.
pub async fn find_invoice(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<Invoice>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    let invoice_row = ctx.required_data::<Papers>()?.invoice(&permit, InvoiceId::from_uuid(id)).await?;
    Ok(invoice_row.map(Invoice::from))
}
