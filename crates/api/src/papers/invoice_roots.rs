//! Mutations and queries of invoices, credit notes, and the companies that issue them.

use async_graphql::{Context, ID, InputObject};
use entity::prelude::{InvoiceId, LegalEntityId, OrderId, OrderLineId};
use iam::access::{Permit, kind};
use inventory::{catalog::core::archiving::Step, ledger::Mode};
use macros::resolvers;
use platform::{paging::Key, path, storage::idempotency::CallResult};
use services::papers::{
    Papers, core,
    events::{CREDIT_NOTE_ISSUED, INVOICE_ISSUED, LEGAL_ENTITY_ARCHIVED, LEGAL_ENTITY_RESTORED, LEGAL_ENTITY_UPDATED},
    shell::{CreditNoteIssue, InvoiceError, InvoiceIssue, MAX_REASON},
};

use super::{
    Invoice, InvoiceConnection, InvoiceScope, LegalEntity, LegalEntityArchiveInput, LegalEntityRestoreInput,
    LegalEntityUpsertInput,
    invoice_list::{
        InvoiceFilter, InvoiceListArgs, InvoiceOwner, InvoiceRef, InvoiceSort, find_invoice_by_ref, invoices as invoices_page,
    },
    legal_entity::{LegalEntityConnection, LegalEntityFilter, LegalEntitySort},
    refusal::invoice_error,
};
use crate::{
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        nested::read_nested,
        reading::{InputErrors, read},
        refusal::user_errors_of,
        scalars::{Cursor, Long, Quantity},
    },
    named,
    orders::{OrderRef, links::argument, load_order},
    payload,
    periods::resolve_filter_periods,
    purchasing::check_key,
    references::{Names, resolve_argument_references},
    short_lists::{IdAndTextFilter, ShortList, is_within, matches_archived},
};

/// An invoice to issue.
#[derive(Debug, Clone, InputObject)]
pub struct InvoiceIssueInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `order`: its ID.
    #[graphql(deprecation = "2026-11-27: use order. Removed after 2027-11-27.")]
    pub order_id: Option<ID>,
    /// Order that is invoiced. Required, unless the deprecated `orderId` is given.
    pub order: Option<OrderRef>,
    /// Share of the order that is invoiced, less what is invoiced already. Default SHIPPED.
    #[graphql(default_with = "InvoiceScope::Shipped")]
    pub scope: InvoiceScope,
}

impl InvoiceIssueInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("order", self.order.take()), ("orderId", &mut self.order_id))
    }
    fn read(self, reader: &mut InputErrors) -> InvoiceIssue {
        check_key(reader, &self.idempotency_key);
        let order = reader.id_opt(self.order_id.as_ref(), || path!["input", "orderId"]).unwrap_or(OrderId::NIL);
        InvoiceIssue { idempotency_key: self.idempotency_key, order, scope: self.scope.into() }
    }
}

/// A line of a credit note.
#[derive(Debug, Clone, InputObject)]
pub struct CreditNoteLineInput {
    /// ID of the order's line, which is on the invoice.
    pub order_line_id: ID,
    /// Quantity that is credited, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// A credit note to issue.
#[derive(Debug, Clone, InputObject)]
pub struct CreditNoteIssueInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `invoice`: its ID.
    #[graphql(deprecation = "2026-11-27: use invoice. Removed after 2027-11-27.")]
    pub invoice_id: Option<ID>,
    /// Invoice that is credited. Required, unless the deprecated `invoiceId` is given.
    pub invoice: Option<InvoiceRef>,
    /// Quantities that are credited; null for all that is left of the invoice.
    pub lines: Option<Vec<CreditNoteLineInput>>,
    /// Reason, which is printed; at most 1,000 characters. Null for none.
    pub reason: Option<String>,
}

payload!(InvoicePayload, invoice: Invoice, "invoice");
payload!(LegalEntityPayload, legal_entity: LegalEntity, "legal entity");

impl InvoicePayload {
    fn of(ctx: &Context<'_>, outcome: Result<CallResult<core::Invoice>, InvoiceError>, id: &str) -> Answer<Self> {
        let CallResult { value, seq, is_replayed } = match outcome {
            Ok(acted) => acted,
            Err(error) => return Ok(user_errors_of(error, |refusal| invoice_error(refusal, id))?.into()),
        };
        // The right to issue invoices does not include that to see them.
        let invoice = Some(value).filter(|_| ctx.holds::<kind::OrderRead>()).map(Invoice::from);
        Ok(Self { invoice, user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) })
    }
}

impl CreditNoteIssueInput {
    fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("invoice", self.invoice.take()), ("invoiceId", &mut self.invoice_id))
    }
    fn read(self, reader: &mut InputErrors) -> CreditNoteIssue {
        check_key(reader, &self.idempotency_key);
        if self.reason.as_ref().is_some_and(|reason| reason.chars().nth(MAX_REASON).is_some() || reason.contains('\0')) {
            reader.invalid("a text of at most 1,000 characters is expected", || path!["input", "reason"]);
        }
        let lines: Option<Vec<(OrderLineId, i64)>> = self.lines.map(|lines| {
            let line = |(index, line): (usize, CreditNoteLineInput)| {
                (reader.id(&line.order_line_id, || path!["input", "lines", index, "orderLineId"]), line.quantity.0.get())
            };
            lines.into_iter().enumerate().map(line).collect()
        });
        let invoice = reader.id_opt(self.invoice_id.as_ref(), || path!["input", "invoiceId"]).unwrap_or(InvoiceId::NIL);
        CreditNoteIssue { idempotency_key: self.idempotency_key, invoice, lines, reason: self.reason }
    }
}

impl LegalEntityPayload {
    fn of(outcome: Result<CallResult<core::LegalEntity>, InvoiceError>) -> Answer<Self> {
        Ok(match outcome {
            Ok(CallResult { value, seq, is_replayed }) => {
                Self { legal_entity: Some(value.into()), user_errors: Vec::new(), replayed: is_replayed, seq: seq.map(Long) }
            }
            Err(error) => user_errors_of(error, |refusal| invoice_error(refusal, "code"))?.into(),
        })
    }
}

/// Archives or restores a legal entity.
async fn change_archived_state(
    ctx: &Context<'_>,
    permit: Permit<kind::TenantWrite>,
    (input, step): (LegalEntityArchiveInput, Step),
    mode: Mode,
) -> Answer<LegalEntityPayload> {
    let input = match read(|reader| {
        check_key(reader, &input.idempotency_key);
        input.read(reader, step)
    }) {
        Ok(input) => input,
        Err(errors) => return Ok(errors.into()),
    };
    LegalEntityPayload::of(Box::pin(ctx.required_data::<Papers>()?.entity_turn(permit, input, mode)).await)
}

/// Root fields that query invoices.
#[derive(Default)]
pub struct InvoiceQuery;

#[resolvers]
impl InvoiceQuery {
    /// Invoices and credit notes, the newest first unless another order is asked for. Null when `order` names no order, or one that is not yours.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Deprecated form of `order`: its ID.",
            deprecation = "2026-11-27: use order. Removed after 2027-11-27."
        )]
        order_id: Option<ID>,
        #[graphql(desc = "Order that the invoices are of. Null for invoices of all orders.")] order: Option<OrderRef>,
        #[graphql(desc = "Filter of the invoices; all invoices by default.")] filter: Option<InvoiceFilter>,
        #[graphql(desc = "Sort of the invoices. Null for ISSUED_AT, DESC.")] sort: Option<InvoiceSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<Option<InvoiceConnection>> {
        let mut order_id = order_id;
        let reference_paths =
            resolve_argument_references(ctx, Names::of(Vec::new()).optional(("order", order), ("orderId", &mut order_id)))
                .await?;
        let owner = match order_id {
            None => InvoiceOwner::All,
            Some(id) => {
                let order: OrderId = argument(&id, || reference_paths.at(path!["orderId"]))?;
                let is_seen = permit.channel().is_none() && load_order(ctx, order).await?.is_some();
                if !is_seen {
                    return Ok(None);
                }
                InvoiceOwner::Order(order)
            }
        };
        let args = PageArgs { first, after, last, before };
        Box::pin(invoices_page(ctx, &permit, InvoiceListArgs { of: owner, filter, sort }, &args)).await.map(Some)
    }

    /// An invoice or a credit note; null when there is none or it is not yours.
    #[field(permit = OrderRead)]
    async fn invoice(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Invoice to find: by its ID, or by its number as it is printed.")] by: InvoiceRef,
    ) -> Option<Answer<Invoice>> {
        find_invoice_by_ref(ctx, &permit, by).await.transpose()
    }

    /// Legal entities that issue the tenant's invoices, by their codes, at most 100.
    #[field(
        permit = TenantWrite,
        list_size(assumed = 10),
        deprecation = "2026-11-26: use legalEntitiesList, which has pages. Removed after 2027-11-26."
    )]
    async fn legal_entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Legal entities to include, at most 250. Null: all. Empty: none.")] ids: Option<Vec<ID>>,
        #[graphql(
            desc = "True for archived legal entities, false for those in use, null for both. Default false.",
            default_with = "Some(false)"
        )]
        is_archived: Option<bool>,
    ) -> Answer<Vec<LegalEntity>> {
        let requested_ids = ids.map(|ids| entity_ids(&ids)).transpose()?;
        let all = ctx.required_data::<Papers>()?.entities(&permit).await?;
        let is_requested =
            |entity: &core::LegalEntity| requested_ids.as_ref().is_none_or(|requested_ids| requested_ids.contains(&entity.id));
        let is_in_state = |entity: &core::LegalEntity| matches_archived(entity.archived_at, is_archived);
        Ok(all.into_iter().filter(is_requested).filter(is_in_state).map(LegalEntity::from).collect())
    }

    /// Legal entities that issue the tenant's invoices, by their codes unless another order is asked for.
    #[field(permit = TenantWrite, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn legal_entities_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "True for archived legal entities, false for those in use, null for both. Default false.",
            default_with = "Some(false)"
        )]
        is_archived: Option<bool>,
        #[graphql(desc = "Filter of the legal entities, in addition to isArchived; all legal entities by default.")]
        filter: Option<LegalEntityFilter>,
        #[graphql(desc = "Sort of the legal entities. Null for CODE, ASC.")] sort: Option<LegalEntitySort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<LegalEntityConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "legalEntities", sort.map(LegalEntitySort::name_and_direction), &args)?;
        let filter = read_nested(
            resolve_filter_periods(ctx, filter).await?.unwrap_or_default(),
            &mut |filter: LegalEntityFilter, path| {
                Ok((IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, path)?, filter.created_at, filter.updated_at))
            },
        )?;
        let all = ctx.required_data::<Papers>()?.entities(&permit).await?.into_iter();
        let is_sought = |entity: &core::LegalEntity| {
            filter.holds(&|(id_and_text, created, updated)| {
                id_and_text.matches_row(entity.id, &[&entity.fields.code, &entity.fields.name])
                    && is_within(created.as_ref(), entity.created_at)
                    && is_within(updated.as_ref(), entity.updated_at)
            })
        };
        let all = all.filter(|entity| matches_archived(entity.archived_at, is_archived));
        let matching = all.filter(is_sought).map(|entity| {
            let first = sort.map_or_else(|| Key::Text(entity.fields.code.clone()), |sort| sort.key(&entity));
            let keys = vec![first, Key::from(entity.id)];
            (LegalEntity::from(entity), keys)
        });
        Ok(list.page(matching).into())
    }
}

/// The most IDs of legal entities that one call may name.
const MAX_IDS: usize = 250;

fn entity_ids(ids: &[ID]) -> Answer<Vec<LegalEntityId>> {
    if ids.len() > MAX_IDS {
        return Err(TopError::limit_exceeded(format!("at most {MAX_IDS} IDs, not {}", ids.len()), path!["ids"]));
    }
    ids.iter().enumerate().map(|(index, id)| argument(id, || path!["ids", index])).collect()
}

/// The root fields that issue invoices.
#[derive(Default)]
pub struct InvoiceMutation;

#[resolvers]
impl InvoiceMutation {
    /// Issues an invoice of an order under the next number of the store's legal entity, and freezes its lines, its totals and its buyer.
    #[mutation(permit = InvoiceIssue, emits(INVOICE_ISSUED), dry_run)]
    async fn invoice_issue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Invoice.")] input: InvoiceIssueInput,
    ) -> Answer<InvoicePayload> {
        named!(ctx, input, InvoicePayload, {
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<Papers>()?.invoice_issue(permit, input, dry_run)).await;
            InvoicePayload::of(ctx, outcome, "orderId")
        })
    }

    /// Issues a credit note of an invoice, or of some of its lines. All credit notes of a line together give back at most what the invoice has of it.
    #[mutation(permit = InvoiceIssue, emits(CREDIT_NOTE_ISSUED), dry_run)]
    async fn credit_note_issue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Credit note.")] input: CreditNoteIssueInput,
    ) -> Answer<InvoicePayload> {
        named!(ctx, input, InvoicePayload, {
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(ctx.required_data::<Papers>()?.credit_note_issue(permit, input, dry_run)).await;
            InvoicePayload::of(ctx, outcome, "invoiceId")
        })
    }

    /// Creates a legal entity, or changes the one with the code. Invoices that were issued stay as they are.
    #[mutation(permit = TenantWrite, emits(LEGAL_ENTITY_UPDATED), step_up, dry_run)]
    async fn legal_entity_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Legal entity.")] input: LegalEntityUpsertInput,
    ) -> Answer<LegalEntityPayload> {
        named!(ctx, input, LegalEntityPayload, {
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            LegalEntityPayload::of(Box::pin(ctx.required_data::<Papers>()?.entity_upsert(permit, input, dry_run)).await)
        })
    }

    /// Takes a legal entity out of use: lists leave it out, and it does not change any more. Refused while stores sell for it. Its invoices stay,
    /// and can be credited.
    #[mutation(permit = TenantWrite, emits(LEGAL_ENTITY_ARCHIVED), step_up, dry_run)]
    async fn legal_entity_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Legal entity to archive, with its expected version.")] input: LegalEntityArchiveInput,
    ) -> Answer<LegalEntityPayload> {
        Box::pin(change_archived_state(ctx, permit, (input, Step::Archive), dry_run)).await
    }

    /// Takes an archived legal entity back into use. No store sells for it until it is named in legalEntityUpsert.
    #[mutation(permit = TenantWrite, emits(LEGAL_ENTITY_RESTORED), step_up, dry_run)]
    async fn legal_entity_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Legal entity to restore, with its expected version.")] input: LegalEntityRestoreInput,
    ) -> Answer<LegalEntityPayload> {
        Box::pin(change_archived_state(ctx, permit, (input.into(), Step::Restore), dry_run)).await
    }
}
