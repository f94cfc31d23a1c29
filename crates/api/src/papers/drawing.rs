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
    request::{Drawn, PaperRequest, corrupt},
    slips::{bins_of, collect_slip, of_return, of_wave},
};
use crate::{
    catalog::loads,
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
pub(super) async fn draw(ctx: &Context<'_>, papers: &Papers, new: &NewPaper, document: &Document) -> Drawn {
    let request = PaperRequest { papers, scope: papers.scope(ctx.caller()?), new };
    let node = match document {
        Document::Node(node) => &**node,
        Document::Wave(wave) => return of_wave(ctx, &request, wave).await,
    };
    match node {
        Node::FulfilmentWork(work) => of_work(ctx, &request, work).await,
        Node::Fulfilment(fulfilment) => of_fulfilment(ctx, &request, fulfilment).await,
        Node::Order(order) => of_order(ctx, &request, order).await,
        Node::Invoice(invoice) => of_invoice(ctx, &request, invoice).await,
        Node::PurchaseOrder(order) => of_purchase(ctx, &request, order).await,
        Node::Return(sales_return) => of_return(ctx, &request, sales_return).await,
        _ => Ok(Err(UserError::not_found("document", path!["input", "documentId"]))),
    }
}

async fn of_work(ctx: &Context<'_>, request: &PaperRequest<'_>, work: &FulfilmentWork) -> Drawn {
    let (head, scope) = (work.row(), &request.scope);
    let work = works::works(scope, &[head.id]).await?.pop().ok_or_else(|| corrupt("fulfilment_work"))?;
    let facts = works::order_facts(scope, &[head.order]).await?.pop().ok_or_else(|| corrupt("sales_order"))?;
    let order = numbering::shown(ctx, Numbered::Order, facts.number).await?;
    let frame = request.frame(ctx, head.store, order).await?;
    let names: Vec<Goods> = works::goods_names(scope, &[head.order]).await?.into_iter().map(goods).collect();
    let number = WorkHead::number(facts.number, head.nth);
    let sheet = match request.new.kind {
        PaperKind::PickingList => {
            let bins = bins_of(scope, std::slice::from_ref(&work)).await?;
            frame.picking_list(&number, &work, &names, &bins)
        }
        PaperKind::CollectSlip => collect_slip(ctx, scope, (&frame, number.as_str()), (&work, names.as_slice())).await?,
        _ => {
            let lots: Vec<LotId> = work.parcels.iter().flat_map(|parcel| &parcel.lots).map(|lot| lot.lot).collect();
            let codes = works::lot_codes(scope, &lots).await?;
            let to = lines(work_address(ctx, scope, head).await?.as_ref());
            frame.packing_slip(&number, &work, (&names, &codes), to)
        }
    };
    Ok(PaperRequest::done(number, Some(head.order), sheet))
}

fn goods(name: works::GoodsName) -> Goods {
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

fn lines(address: Option<&Address>) -> Vec<String> {
    address.map(address_lines).unwrap_or_default()
}

async fn of_fulfilment(ctx: &Context<'_>, request: &PaperRequest<'_>, fulfilment: &Fulfilment) -> Drawn {
    let (scope, id, of) = (&request.scope, FulfilmentId::from_uuid(request.new.target.id), fulfilment.order_id());
    let order = orders::orders(scope, &[of]).await?.pop().ok_or_else(|| corrupt("sales_order"))?;
    let all = orders::fulfilments_of(scope, &[of]).await?;
    let place = all.iter().position(|one| one.id == id).ok_or_else(|| corrupt("fulfilment"))?;
    let one = &all[place];
    let shown = numbering::shown(ctx, Numbered::Order, order.number.get()).await?;
    let frame = request.frame(ctx, one.store, shown).await?;
    let store = links::store(ctx, one.store).await?;
    let shipped = one.shipped_at.map(|at| day_text(local_day(at, &store.0.time_zone)));
    let (_, personal) = load_details(ctx, of).await?;
    let number = format!("{}-{}", order.number, place + 1);
    let to = lines(personal.shipping_address.as_ref());
    let sheet = frame.delivery_note(&number, (&order, one), to, shipped);
    Ok(PaperRequest::done(number, Some(of), Ok(sheet)))
}

async fn of_order(ctx: &Context<'_>, request: &PaperRequest<'_>, order: &Order) -> Drawn {
    let order = order.row();
    let number = numbering::shown(ctx, Numbered::Order, order.number.get()).await?;
    let frame = request.frame(ctx, order.store, number.clone()).await?;
    let (detail, personal) = load_details(ctx, order.id).await?;
    let zone = links::store(ctx, order.store).await?.0.time_zone.clone();
    let mut bill = lines(personal.billing_address.as_ref());
    if bill.is_empty() {
        bill = personal.contact.as_ref().map(contact_lines).unwrap_or_default();
    }
    if let Some(customer) = order.customer.filter(|_| bill.is_empty() && ctx.holds::<kind::CustomerRead>()) {
        bill.extend(links::customer(ctx, customer).await?.0.name.clone());
    }
    let said = OrderTexts {
        requested_for: detail.requested_for.map(|at| day_text(local_day(at, &zone))),
        note: detail.note_for_customer.clone(),
    };
    let parties = (lines(personal.shipping_address.as_ref()), bill);
    let sheet = frame.order_confirmation(order, parties, said);
    Ok(PaperRequest::done(number, Some(order.id), sheet))
}

async fn of_purchase(ctx: &Context<'_>, request: &PaperRequest<'_>, order: &PurchaseOrder) -> Drawn {
    if !ctx.caller()?.sees_costs() {
        return Err(TopError::Forbidden(kind::ProductCostRead::info().code));
    }
    let order = order.row();
    let number = numbering::shown(ctx, Numbered::PurchaseOrder, order.number.get()).await?;
    let frame = request.frame(ctx, order.store, number.clone()).await?;
    let printed = purchases::printed(&request.scope, order.id).await?.ok_or_else(|| corrupt("purchase_order"))?;
    let (supplier, store) = (printed.supplier, printed.store);
    let sheet = frame.purchase_order(order, vec![supplier.name, supplier.code], vec![store.name, store.code]);
    Ok(PaperRequest::done(number, None, sheet))
}

async fn of_invoice(ctx: &Context<'_>, request: &PaperRequest<'_>, invoice: &Invoice) -> Drawn {
    let invoice = &invoice.0;
    let is_credit = invoice.kind == InvoiceKind::CreditNote;
    if is_credit != (request.new.kind == PaperKind::CreditNote) {
        let message = if is_credit { "the document is a credit note" } else { "the document is an invoice" };
        return Ok(Err(UserError::new(ErrorCode::Invalid, message, path!["input", "kind"])));
    }
    let mut to = Vec::new();
    if invoice.personal.is_some() && ctx.holds::<kind::CustomerContactRead>() {
        // The audit log records that the caller was shown this order's address.
        loads(ctx)?.record_order_disclosure(invoice.order);
        to = buyer(&request.scope, invoice)?;
    }
    let order = numbering::shown(ctx, Numbered::Order, invoice.facts.order_number).await?;
    let sheet = invoice_sheet(Phrases::of(request.new.locale), invoice, order, to, day_text);
    Ok(PaperRequest::done(invoice.label.clone(), Some(invoice.order), Ok(sheet)))
}
