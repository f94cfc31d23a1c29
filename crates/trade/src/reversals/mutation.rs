//! Undoing a document.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::id::{Id, Kind, kind, prefix_of};
use iam::access::{Permit, kind as may};
use inventory::{
    counts::{events::COUNT_REVERSED, shell as counts},
    fulfilment::{
        events::{FULFILMENT_CANCELLED, WORK_CHANGED, WORK_CREATED},
        shell as fulfilment,
    },
    ledger::{Ledger, Mode, Receipt, SubmitResult},
    orders::{
        events::{ORDER_CANCELLED, ORDER_UPDATED},
        shell as orders,
    },
    purchasing::{
        events::{BLANKET_ORDER_UPDATED, PURCHASE_ORDER_UPDATED},
        shell as purchasing,
    },
    returns::{events::RETURN_REOPENED, shell as returns},
    reversals::{
        StoredReversal,
        core::{Refusal, ReversalDecision},
        events::DOCUMENT_REVERSED,
        rows,
        shell::{DocumentReverse, answer_unknown_document, can_see, document_not_found},
    },
    stock::{
        core::{At, Field, RoomRefusal},
        events::STOCK_CHANGED,
    },
    transfers::{events::TRANSFER_UPDATED, shell as transfers},
};
use macros::resolvers;
use platform::storage::TenantScope;

use super::{inputs::DocumentReverseInput, packs::convert_packs, reversal::DocumentReversal};
use crate::{
    graphql::{context::ContextExt, fault::Answer, reading::read},
    named,
    references::is_unknown,
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// Reversal as it was written, or with validateOnly as it would be.
    DocumentReversalPayload(reversal: Option<DocumentReversal>) {
        /// Reversal of the document; null exactly when there are userErrors, or when you may not see movements of its stores.
        async fn document_reversal(&self, ctx: &Context<'_>) -> Option<Answer<DocumentReversal>> {
            let reversal = self.reversal.clone()?;
            match ctx.permit::<may::StockMovementRead>().map(|permit| can_see(&permit, reversal.row())) {
                Ok(true) => Some(Ok(reversal)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl ReceiptPayload for DocumentReversalPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let reversal = match receipt.stored.as_ref().map(|stored| stored.part::<StoredReversal>().reversal) {
            None => {
                let new_reversal = receipt.documents.take().map(|decision: ReversalDecision| decision.reversal);
                let movements = std::mem::take(&mut receipt.movements).into_iter().filter(|movement| movement.reverses.is_some());
                new_reversal.map(|reversal| DocumentReversal::with_movements(reversal, movements.map(Arc::new).collect()))
            }
            Some(id) => rows::reversals(scope, id.as_slice()).await?.pop().map(DocumentReversal::from_row),
        };
        Ok(Some(reversal.ok_or_else(|| missing_document("document_reversal"))?))
    }
}

/// The root field that undoes documents.
#[derive(Default)]
pub struct ReversalMutation;

/// Mutations that reverse documents.
#[resolvers]
impl ReversalMutation {
    /// Undoes a document whose goods are still there, whole or in part: stock, what is expected, states and costs go back, by a document with a number of its own
    /// that is dated now. Nothing is cascaded: documents that rest on it are named in the refusal (IN_USE). A dry run gives exactly the effects of the real one.
    ///
    /// Requires document.reverse in each store that it touches, and the permission that made the document: purchase.receive for goods receipts and returns to
    /// suppliers, transfer.ship or transfer.receive for steps of transfers, count.approve for counts, order.write for sales over the counter, fulfilment.ship for
    /// shipments, or order.fulfil where they left without a work, return.approve for closed returns, order.return for inspections of returns
    /// and for what came in with them.
    #[mutation(
        permit = DocumentReverse,
        emits(
            DOCUMENT_REVERSED,
            PURCHASE_ORDER_UPDATED,
            BLANKET_ORDER_UPDATED,
            TRANSFER_UPDATED,
            COUNT_REVERSED,
            ORDER_CANCELLED,
            ORDER_UPDATED,
            RETURN_REOPENED,
            FULFILMENT_CANCELLED,
            WORK_CHANGED,
            WORK_CREATED,
            STOCK_CHANGED
        ),
        dry_run
    )]
    async fn document_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Document, and how much of it.")] input: DocumentReverseInput,
    ) -> Answer<DocumentReversalPayload> {
        named!(ctx, input, DocumentReversalPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let pack_errors = convert_packs(ctx, &permit, &mut input).await?;
            if !pack_errors.is_empty() {
                return Ok(pack_errors.into());
            }
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(reverse(ledger, &permit, &input, dry_run)).await;
            DocumentReversalPayload::of(ctx, &permit.scope(ledger.database()), outcome).await
        })
    }
}

/// Passes the call to the room of the document.
async fn reverse(ledger: &Ledger, permit: &Permit<may::DocumentReverse>, input: &DocumentReverse, mode: Mode) -> SubmitResult {
    let refused = |refusal: Refusal| Err(refusal.at(At::input(Field::Document)).into());
    let Some((prefix, id)) = prefix_of(&input.document) else { return Err(document_not_found()) };
    // True for the number of a document that does not exist, whatever its kind.
    let is_unknown = is_unknown(&ID(input.document.clone()));
    if input.register.is_some() && prefix != kind::OrderId::PREFIX && !is_unknown {
        return Err(Refusal::NotAtRegister.at(At::input(Field::Register)).into());
    }
    match prefix {
        kind::GoodsReceiptId::PREFIX => purchasing::goods_receipt_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::SupplierReturnId::PREFIX => {
            purchasing::supplier_return_reverse(ledger, permit, input, Id::from_uuid(id), mode).await
        }
        kind::MovementId::PREFIX => transfers::movement_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::TransferId::PREFIX => transfers::transfer_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::CountId::PREFIX => counts::count_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::OrderId::PREFIX => orders::sale_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::FulfilmentId::PREFIX => fulfilment::shipment_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::ReturnId::PREFIX => returns::return_reverse(ledger, permit, input, Id::from_uuid(id), mode).await,
        kind::ReversalId::PREFIX => refused(Refusal::OfReversal),
        _ if is_unknown => answer_unknown_document(ledger, permit, input).await,
        _ => refused(Refusal::NotReversible),
    }
}
