//! Drawing of a paper, with the data that the caller may see.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::{Permission, kind};
use inventory::{
    fulfilment::{core::WorkHead, rows as works},
    orders::{core::Address, rows as orders},
    purchasing::rows as purchases,
};
use platform::{
    clock::{day_text, local_day},
    path,
    storage::TenantScope,
};
use services::papers::{
    Papers,
    core::{Goods, OrderTexts, Phrases, address_lines, contact_lines, invoice_sheet},
    shell::{NewPaper, buyer},
};

use super::{
    Invoice,
    document::Document,
    request::{DrawResult, PaperRequest, missing_row_fault},
    slips::{collect_slip, draw_return_label, draw_wave_list, load_bins},
};
use crate::{
    catalog::catalog_loaders,
    fulfilment::FulfilmentWork,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        refusal::{ErrorCode, UserError},
    },
    numbering,
    orders::{Fulfilment, Order, delivery_address_of, links, load_details},
    purchasing::PurchaseOrder,
    schema::Node,
};

/// Draws the requested paper of a document.
pub(super) async fn draw_paper(ctx: &Context<'_>, papers: &Papers, new: &NewPaper, document: &Document) -> DrawResult {
    let request = PaperRequest { papers, scope: papers.scope(ctx.caller()?), new };
    let node = match document {
        Document::Node(node) => &**node,
        Document::Wave(wave) => return draw_wave_list(ctx, &request, wave).await,
    };
    match node {
        Node::FulfilmentWork(work) => draw_work(ctx, &request, work).await,
        Node::Fulfilment(fulfilment) => draw_fulfilment(ctx, &request, fulfilment).await,
        Node::Order(order) => draw_order(ctx, &request, order).await,
        Node::Invoice(invoice) => draw_invoice(ctx, &request, invoice).await,
        Node::PurchaseOrder(order) => draw_purchase_order(ctx, &request, order).await,
        Node::Return(sales_return) => draw_return_label(ctx, &request, sales_return).await,
        _ => Ok(Err(UserError::not_found("document", path!["input", "documentId"]))),
    }
}

async fn draw_work(ctx: &Context<'_>, request: &PaperRequest<'_>, work: &FulfilmentWork) -> DrawResult {
    let (head, scope) = (work.row(), &request.scope);
    let work = works::load_works(scope, &[head.id]).await?.pop().ok_or_else(|| missing_row_fault("fulfilment_work"))?;
    let facts = works::order_facts(scope, &[head.order]).await?.pop().ok_or_else(|| missing_row_fault("sales_order"))?;
    let order = numbering::format_number(ctx, Numbered::Order, facts.number).await?;
    let frame = request.frame(ctx, head.store, order).await?;
    let names: Vec<Goods> = works::goods_names(scope, &[head.order]).await?.into_iter().map(to_goods).collect();
    let number = WorkHead::number(facts.number, head.nth);
    let sheet = match request.new.kind {
        PaperKind::PickingList => {
            let bins = load_bins(scope, std::slice::from_ref(&work)).await?;
            frame.picking_list(&number, &work, &names, &bins)
        }
        PaperKind::CollectSlip => collect_slip(ctx, scope, (&frame, number.as_str()), (&work, names.as_slice())).await?,
        _ => {
            let lots: Vec<LotId> = work.parcels.iter().flat_map(|parcel| &parcel.lots).map(|lot| lot.lot).collect();
            let codes = works::lot_codes(scope, &lots).await?;
            let to = printed_address(work_address(ctx, scope, head).await?.as_ref());
            frame.packing_slip(&number, &work, (&names, &codes), to)
        }
    };
    Ok(PaperRequest::finish(number, Some(head.order), sheet))
}

fn to_goods(name: works::GoodsName) -> Goods {
    Goods { position: name.position, product: name.product, sku: name.sku, name: name.name, decimals: name.decimals }
}

/// Returns the address that the goods of a work go to; None if the work is rejected or cancelled,
/// or the caller may not read addresses in its store.
async fn work_address(ctx: &Context<'_>, scope: &TenantScope, work: &WorkHead) -> Answer<Option<Address>> {
    let is_over = matches!(work.status, WorkStatus::Rejected | WorkStatus::Cancelled);
    let may = ctx.permit::<kind::FulfilmentAddressRead>();
    if is_over || !may.is_ok_and(|permit| permit.channel().is_none() && permit.covers(work.store)) {
        return Ok(None);
    }
    delivery_address_of(ctx, scope, work.order).await
}

fn printed_address(address: Option<&Address>) -> Vec<String> {
    address.map(address_lines).unwrap_or_default()
}

async fn draw_fulfilment(ctx: &Context<'_>, request: &PaperRequest<'_>, fulfilment: &Fulfilment) -> DrawResult {
    let (scope, id, parent_order_id) = (&request.scope, FulfilmentId::from_uuid(request.new.target.id), fulfilment.order_id());
    let order = orders::orders(scope, &[parent_order_id]).await?.pop().ok_or_else(|| missing_row_fault("sales_order"))?;
    let all = orders::fulfilments_of(scope, &[parent_order_id]).await?;
    let index = all.iter().position(|one| one.id == id).ok_or_else(|| missing_row_fault("fulfilment"))?;
    let one = &all[index];
    let order_number = numbering::format_number(ctx, Numbered::Order, order.number.get()).await?;
    let frame = request.frame(ctx, one.store, order_number).await?;
    let store = links::store(ctx, one.store).await?;
    let shipped = one.shipped_at.map(|at| day_text(local_day(at, &store.0.time_zone)));
    let (_, personal) = load_details(ctx, parent_order_id).await?;
    let number = format!("{}-{}", order.number, index + 1);
    let to = printed_address(personal.shipping_address.as_ref());
    let sheet = frame.delivery_note(&number, (&order, one), to, shipped);
    Ok(PaperRequest::finish(number, Some(parent_order_id), Ok(sheet)))
}

async fn draw_order(ctx: &Context<'_>, request: &PaperRequest<'_>, order: &Order) -> DrawResult {
    let order = order.row();
    let number = numbering::format_number(ctx, Numbered::Order, order.number.get()).await?;
    let frame = request.frame(ctx, order.store, number.clone()).await?;
    let (detail, personal) = load_details(ctx, order.id).await?;
    let zone = links::store(ctx, order.store).await?.0.time_zone.clone();
    let mut bill_to = printed_address(personal.billing_address.as_ref());
    if bill_to.is_empty() {
        bill_to = personal.contact.as_ref().map(contact_lines).unwrap_or_default();
    }
    if let Some(customer) = order.customer.filter(|_| bill_to.is_empty() && ctx.holds::<kind::CustomerRead>()) {
        bill_to.extend(links::customer(ctx, customer).await?.0.name.clone());
    }
    let order_texts = OrderTexts {
        requested_for: detail.requested_for.map(|at| day_text(local_day(at, &zone))),
        note: detail.note_for_customer.clone(),
    };
    let parties = (printed_address(personal.shipping_address.as_ref()), bill_to);
    let sheet = frame.order_confirmation(order, parties, order_texts);
    Ok(PaperRequest::finish(number, Some(order.id), sheet))
}

async fn draw_purchase_order(ctx: &Context<'_>, request: &PaperRequest<'_>, order: &PurchaseOrder) -> DrawResult {
    if !ctx.caller()?.sees_costs() {
        return Err(TopError::Forbidden(kind::ProductCostRead::info().code));
    }
    let order = order.row();
    let number = numbering::format_number(ctx, Numbered::PurchaseOrder, order.number.get()).await?;
    let frame = request.frame(ctx, order.store, number.clone()).await?;
    let printed =
        purchases::load_printed_parties(&request.scope, order.id).await?.ok_or_else(|| missing_row_fault("purchase_order"))?;
    let (supplier, store) = (printed.supplier, printed.store);
    let sheet = frame.purchase_order(order, vec![supplier.name, supplier.code], vec![store.name, store.code]);
    Ok(PaperRequest::finish(number, None, sheet))
}

async fn draw_invoice(ctx: &Context<'_>, request: &PaperRequest<'_>, invoice: &Invoice) -> DrawResult {
    let invoice = &invoice.0;
    let is_credit = invoice.kind == InvoiceKind::CreditNote;
    if is_credit != (request.new.kind == PaperKind::CreditNote) {
        let message = if is_credit { "the document is a credit note" } else { "the document is an invoice" };
        return Ok(Err(UserError::new(ErrorCode::Invalid, message, path!["input", "kind"])));
    }
    let mut to = Vec::new();
    if invoice.personal.is_some() && ctx.holds::<kind::CustomerContactRead>() {
        // The audit log records that the caller was shown this order's address.
        catalog_loaders(ctx)?.record_order_disclosure(invoice.order);
        to = buyer(&request.scope, invoice)?;
    }
    let order = numbering::format_number(ctx, Numbered::Order, invoice.facts.order_number).await?;
    let sheet = invoice_sheet(Phrases::of(request.new.locale), invoice, order, to, day_text);
    Ok(PaperRequest::finish(invoice.label.clone(), Some(invoice.order), Ok(sheet)))
}
