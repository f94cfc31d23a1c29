//! Application of the tenant's look to a drawn paper, with the document's data that the look's
//! texts need.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;
use inventory::catalog::core::company;
use platform::clock::day_text;
use services::papers::{
    Papers,
    core::{DesignSettings, GoodsColumn, Invoice, PaperDesign},
    rows::{GoodsSource, Settings, goods_details},
    shell::{Drawing, NewPaper},
};

use super::{document::Document, settings::logo_with_bytes};
use crate::{
    catalog::catalog_loaders,
    graphql::{context::ContextExt, fault::Answer},
    orders::customer_of_order,
    schema::Node,
};

/// Puts the look on a drawing.
pub(super) async fn apply_paper_design(
    ctx: &Context<'_>,
    papers: &Papers,
    (new, document): (&NewPaper, &Document),
    settings: &Settings,
    drawing: &mut Drawing,
) -> Answer<()> {
    let design = &settings.design;
    let marks =
        match goods_of(document, drawing).filter(|_| design.shows(GoodsColumn::Barcode) || design.shows(GoodsColumn::Unit)) {
            Some(goods) => goods_details(&papers.scope(ctx.caller()?), goods).await?,
            None => Vec::new(),
        };
    let due = match document.node() {
        Some(Node::Invoice(invoice)) if needs_due_date(design, new.kind) => {
            due_day(ctx, &invoice.0, design.payment_days).await?.map(day_text)
        }
        _ => None,
    };
    let dressing = PaperDesign {
        design,
        logo: logo_with_bytes(settings),
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

fn needs_due_date(design: &DesignSettings, kind: PaperKind) -> bool {
    design.text(kind).is_some_and(|text| text.contains("due.date"))
}

/// Returns the day by which an invoice is to be paid: by its customer's terms, if the caller may
/// see them, else by the tenant's.
async fn due_day(ctx: &Context<'_>, invoice: &Invoice, days: Option<i32>) -> Answer<Option<i32>> {
    let mut own_text = None;
    if ctx.holds::<kind::CustomerRead>()
        && ctx.holds::<kind::CustomerContactRead>()
        && let Some(customer) = Box::pin(customer_of_order(ctx, invoice.order)).await?
        && let Some(terms) = customer.0.particulars.payment_terms.as_deref()
    {
        // The audit log records that the caller was shown this customer's data.
        catalog_loaders(ctx)?.record_contact_disclosure(customer.0.id);
        own_text = company::read::<company::PaymentTerms>(terms).days;
    }
    Ok(own_text.or(days).map(|days| invoice.issued_on.saturating_add(days)))
}
