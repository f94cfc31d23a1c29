//! Queries of the history of a node.

use async_graphql::{Context, ID};
use entity::id::{Kind, kind};
use iam::access::kind as may;
use inventory::{ledger::Ledger, stock::rows::MovementFilterSpec};
use macros::resolvers;
use platform::{audit::Target, paging::CursorSigner, storage::Reads};
use services::history::{
    core::EntryKind,
    shell::{self, HistoryRequest},
};

use super::{
    item::{HistoryConnection, HistoryItem, HistoryKind, to_history_kind},
    related::find_related_ids,
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::Cursor,
    },
    orders::links::MAX_PAGE_SIZE,
    schema::{self, Node},
    stock::movements_within,
};

/// Documents that commands of the ledger change: their entries are steps.
const DOCUMENTS: [&str; 10] = [
    kind::OrderId::PREFIX,
    kind::ReturnId::PREFIX,
    kind::TransferId::PREFIX,
    kind::CountId::PREFIX,
    kind::PurchaseOrderId::PREFIX,
    kind::SupplierReturnId::PREFIX,
    kind::BlanketOrderId::PREFIX,
    kind::RevaluationId::PREFIX,
    kind::MovementId::PREFIX,
    kind::ReservationId::PREFIX,
];

/// The root field of histories.
#[derive(Default)]
pub struct HistoryQuery;

#[resolvers]
impl HistoryQuery {
    /// The history of a thing, the newest first: changes of its fields, steps, movements and notes. Null when there is no such thing, or it is not yours.
    /// Refusals are in the audit log alone. Movements are those of a product, a level or a document, in stores whose movements the caller may see.
    /// An order has what was done to its payments, invoices, works, fulfilments, returns and reversals, too, a purchase order to its added charges and
    /// reversals, another document to its reversals: of each what the caller may read, at most 500 of them.
    ///
    /// Requires the permission that reading the thing requires.
    #[field(authenticated, paged)]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the thing.")] node_id: ID,
        #[graphql(desc = "Kinds to include; an empty list matches nothing. Null for all.")] kinds: Option<Vec<HistoryKind>>,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Option<Answer<HistoryConnection>> {
        page(ctx, &node_id, kinds.as_deref(), PageArgs { first, after, ..PageArgs::default() }).await.transpose()
    }
}

async fn page(
    ctx: &Context<'_>,
    node_id: &ID,
    kinds: Option<&[HistoryKind]>,
    args: PageArgs,
) -> Answer<Option<HistoryConnection>> {
    let (signer, list) = (ctx.required_data::<CursorSigner>()?, format!("history:{}", node_id.as_str()));
    let request = args.check(&list, signer, MAX_PAGE_SIZE)?;
    let Some(node) = schema::find(ctx, node_id).await? else { return Ok(None) };
    let Some(target) = Target::parse(node_id) else { return Ok(None) };
    let is_document = DOCUMENTS.contains(&target.kind.as_str());
    let is_requested = |kind: HistoryKind| kinds.is_none_or(|kinds| kinds.contains(&kind));
    let default_kind = if is_document { HistoryKind::Step } else { HistoryKind::Event };
    let entries = kinds
        .map(|_| ENTRY_KINDS.into_iter().filter(|kind| is_requested(to_history_kind(*kind, default_kind))).collect::<Vec<_>>());
    let has_related = RELATED_ENTRY_KINDS.into_iter().any(|kind| is_requested(to_history_kind(kind, default_kind)));
    let related = if has_related { Box::pin(find_related_ids(ctx, &node, target.id)).await? } else { Vec::new() };
    let permit = ctx.permit::<may::StockMovementRead>().ok().filter(|_| is_requested(HistoryKind::Movement));
    let movements = permit.zip(movements_of(&node, &target)).map(|(permit, spec)| movements_within(&permit, spec));
    let (has_notes, target) = (is_requested(HistoryKind::Note), target.id);
    let history_request = HistoryRequest { target, related, entries, movements, has_notes };
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let page_rows = Box::pin(shell::page(&scope, &history_request, &request)).await?;
    let nodes =
        page_rows.into_iter().map(|(item, place)| (HistoryItem { item, target, plain: default_kind }, shell::keys(place)));
    let sources = shell::sources(scope.backend(), &history_request);
    Ok(Some(Page::build(nodes.collect(), &request, list, signer).count_from_sources(scope, sources).into()))
}

/// Kinds of entries.
const ENTRY_KINDS: [EntryKind; 5] =
    [EntryKind::Change, EntryKind::Plain, EntryKind::Document, EntryKind::Payment, EntryKind::Paper];
/// Kinds of entries of related documents.
const RELATED_ENTRY_KINDS: [EntryKind; 3] = [EntryKind::Document, EntryKind::Payment, EntryKind::Paper];

/// The movements that belong to a node.
fn movements_of(node: &Node, target: &Target) -> Option<MovementFilterSpec> {
    let none = MovementFilterSpec::default();
    Some(match node {
        Node::Product(product) => MovementFilterSpec { products: Some(vec![product.row.id]), ..none },
        Node::StockLevel(level) => {
            let key = level.0.key;
            MovementFilterSpec { products: Some(vec![key.product]), stores: Some(vec![key.store]), ..none }
        }
        Node::Order(_)
        | Node::Return(_)
        | Node::Transfer(_)
        | Node::Stocktake(_)
        | Node::PurchaseOrder(_)
        | Node::SupplierReturn(_)
        | Node::Reservation(_)
        | Node::Lot(_) => MovementFilterSpec { references: Some(vec![target.id]), ..none },
        _ => return None,
    })
}
