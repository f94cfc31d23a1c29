//! Application of the tenant's look to a drawn paper, with the document's data that the look's
//! texts need.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;
use inventory::catalog::core::company;
use platform::clock::day_text;
use services::papers::{
    Papers,
    core::{GoodsColumn, Invoice, Look, PaperDesign},
    rows::{GoodsSource, Settings, goods_details},
    shell::{Drawing, NewPaper},
};

use super::{document::Document, settings::printed_logo};
use crate::{
    catalog::loads,
    graphql::{context::ContextExt, fault::Answer},
    orders::customer_of_order,
    schema::Node,
};

/// Puts the look on a drawing.
pub(super) async fn apply_look(
    ctx: &Context<'_>,
    papers: &Papers,
    (new, document): (&NewPaper, &Document),
    settings: &Settings,
    drawing: &mut Drawing,
) -> Answer<()> {
    let look = &settings.look;
    let marks = match goods_of(document, drawing).filter(|_| look.shows(GoodsColumn::Barcode) || look.shows(GoodsColumn::Unit)) {
        Some(of) => goods_details(&papers.scope(ctx.caller()?), of).await?,
        None => Vec::new(),
    };
    let due = match document.node() {
        Some(Node::Invoice(invoice)) if needs_due_date(look, new.kind) => {
            due_on(ctx, &invoice.0, look.payment_days).await?.map(day_text)
        }
        _ => None,
    };
    let dressing = PaperDesign {
        look,
        logo: printed_logo(settings),
        kind: new.kind,
        locale: new.locale,
        number: &drawing.number,
        due,
        marks: &marks,
    };
    dressing.apply(&mut drawing.sheet);
    Ok(())
}

/// The lines that its goods are of.
fn goods_of(document: &Document, drawing: &Drawing) -> Option<GoodsSource> {
    let node = match document {
        Document::Wave(wave) => return Some(GoodsSource::Wave(wave.row().id)),
        Document::Node(node) => &**node,
    };
    match node {
        Node::PurchaseOrder(order) => Some(GoodsSource::PurchaseOrder(order.row().id)),
        Node::Return(sales_return) => Some(GoodsSource::Return(sales_return.row().id)),
        _ => drawing.order.map(GoodsSource::Order),
    }
}

fn needs_due_date(look: &Look, kind: PaperKind) -> bool {
    look.text(kind).is_some_and(|text| text.contains("due.date"))
}

/// Returns the day by which an invoice is to be paid: by its customer's terms, if the caller may
/// see them, else by the tenant's.
async fn due_on(ctx: &Context<'_>, invoice: &Invoice, days: Option<i32>) -> Answer<Option<i32>> {
    let mut own = None;
    if ctx.holds::<kind::CustomerRead>()
        && ctx.holds::<kind::CustomerContactRead>()
        && let Some(customer) = Box::pin(customer_of_order(ctx, invoice.order)).await?
        && let Some(terms) = customer.0.particulars.payment_terms.as_deref()
    {
        // The audit log records that the caller was shown this customer's data.
        loads(ctx)?.record_contact_disclosure(customer.0.id);
        own = company::read::<company::PaymentTerms>(terms).days;
    }
    Ok(own.or(days).map(|days| invoice.issued_on.saturating_add(days)))
}
