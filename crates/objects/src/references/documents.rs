//! Documents that an input names: an order by its number or by its reference in a channel, a return
//! by its number or by its reference, an invoice by its number. These are looked up in the whole
//! tenant: the mutation refuses a document that the caller may not see with the same message as one
//! that does not exist. A return is looked up among those of orders that the caller may record
//! payments of. The number of a document of any kind, and the document of a step, are looked up
//! among those that the caller sees.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, ID};
use entity::prelude::{ChannelId, InvoiceId, Numbered, OrderId, ReturnId};
use iam::access::kind;
use inventory::{
    catalog::rows::keys::{KeyKind, ids_by_keys},
    numbering::core::Patterns,
    orders::rows::OrderName,
    payments::rows::orders_by_name,
    returns::rows::{load_order_places, returns_by_number, returns_by_reference},
};
use platform::path;
use services::scan::core::{Kind, WorkNumber, parse_number};

use super::{
    ids::{UnknownIds, select_id},
    names::{DocumentName, Name},
    reference::{NamedReference, ResolvedReference, conflicting_id},
};
use crate::{
    catalog::{ChannelRef, catalog_loaders},
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, Path, UserError},
    },
    keyed_filters::visible_keys,
    numbering::patterns,
    orders::ExternalRef,
    papers::load_invoices_by_number,
    scan::{node_id, node_of, permitted_scope},
};

/// Kinds of documents that a number may be of.
const KINDS: [Kind; 9] = [
    Kind::Order,
    Kind::PurchaseOrder,
    Kind::Transfer,
    Kind::Stocktake,
    Kind::Return,
    Kind::SupplierReturn,
    Kind::BlanketOrder,
    Kind::Invoice,
    Kind::FulfilmentWork,
];

/// Error of the channel of a reference, with its place below the reference.
enum ChannelError {
    Missing,
    Differing,
    NoId(String, Path),
}

impl ChannelError {
    /// Returns the refusal of a reference at a path.
    fn refusal(self, at: &[String]) -> UserError {
        let below = |last: Path| [at, last.as_slice()].concat();
        let channel = || below(path!["external", "channel"]);
        match self {
            Self::Missing => UserError::new(ErrorCode::Required, "a channel is needed: you are bound to none", channel()),
            Self::Differing => conflicting_id(channel(), &below(path!["external", "channelId"])),
            Self::NoId(message, last) => UserError::new(ErrorCode::Invalid, message, below(last)),
        }
    }
}

/// Documents by the names in one call.
#[derive(Default)]
pub struct Documents {
    /// The channel that the caller is bound to.
    bound: Option<ChannelId>,
    patterns: Arc<Patterns>,
    /// Channels by their codes, as they were sent.
    channels: HashMap<String, ChannelId>,
    orders: HashMap<OrderName, OrderId>,
    /// Invoices and credit notes by their numbers: several companies may have given one.
    invoices: HashMap<String, Vec<InvoiceId>>,
    returns: HashMap<i64, ReturnId>,
    /// Returns by their references in external systems.
    referenced: HashMap<String, ReturnId>,
    /// Documents of any kind that the caller sees, by their numbers, as they were sent.
    any: HashMap<String, Vec<String>>,
    /// Documents of one kind by their numbers, as they were sent: those that the caller sees.
    of_kind: HashMap<(Kind, String), Vec<String>>,
    /// Returns that the caller sees, by their references in external systems.
    seen_returns: HashMap<String, ReturnId>,
}

impl Documents {
    /// Looks up the documents that the references name. No statement without any.
    pub async fn of(ctx: &Context<'_>, references: &[NamedReference<'_>]) -> Answer<Self> {
        let documents =
            references.iter().filter_map(|reference| if let Name::Document(name) = &reference.name { Some(name) } else { None });
        let documents: Vec<&DocumentName> = documents.collect();
        if documents.is_empty() {
            return Ok(Self::default());
        }
        Box::pin(Self::read(ctx, &documents)).await
    }

    async fn read(ctx: &Context<'_>, documents: &[&DocumentName]) -> Answer<Self> {
        let mut resolved = Self::default();
        let has_number = |name: &&DocumentName| {
            matches!(name, DocumentName::OrderNumber(_) | DocumentName::ReturnNumber(_) | DocumentName::Number(_))
        };
        if documents.iter().any(has_number) {
            resolved.patterns = patterns(ctx).await?;
        }
        let is_of_order = |name: &&DocumentName| {
            matches!(name, DocumentName::OrderNumber(_) | DocumentName::ExternalOrder(_) | DocumentName::SeenExternalOrder(_))
        };
        if documents.iter().any(is_of_order) {
            resolved.read_orders(ctx, documents).await?;
        }
        let numbers: Vec<i64> = documents.iter().filter_map(|name| resolved.return_number(name)).collect();
        if !numbers.is_empty() {
            resolved.returns =
                retain_visible_returns(ctx, returns_by_number(catalog_loaders(ctx)?.scope(), &numbers).await?).await?;
        }
        let references = documents.iter().filter_map(|name| match name {
            DocumentName::ReturnReference(reference) => Some(reference.as_str()),
            _ => None,
        });
        let references: Vec<&str> = references.collect();
        if !references.is_empty() {
            resolved.referenced =
                retain_visible_returns(ctx, returns_by_reference(catalog_loaders(ctx)?.scope(), &references).await?).await?;
        }
        for name in documents {
            match name {
                DocumentName::InvoiceNumber(number) => {
                    let permit = ctx.permit::<kind::InvoiceIssue>()?;
                    let invoices = load_invoices_by_number(ctx, &permit, number.clone()).await?;
                    resolved.invoices.insert(number.clone(), invoices.into_iter().map(|invoice| invoice.id).collect());
                }
                DocumentName::Number(number) => {
                    let ids = visible_keys::documents(ctx, std::slice::from_ref(number), &KINDS).await?;
                    resolved.any.insert(number.clone(), ids.into_iter().map(|id| id.0).collect());
                }
                DocumentName::NumberOf(kind, number) => {
                    permitted_scope(ctx, *kind)?;
                    let ids = visible_keys::documents(ctx, std::slice::from_ref(number), &[*kind]).await?;
                    resolved.of_kind.insert((*kind, number.clone()), ids.into_iter().map(|id| id.0).collect());
                }
                DocumentName::SeenReturnReference(reference) => {
                    let (scope, _) = permitted_scope(ctx, Kind::Return)?;
                    let return_id = returns_by_reference(&scope, &[reference.as_str()]).await?.remove(reference);
                    if let Some(id) = return_id
                        && Box::pin(node_of(ctx, Kind::Return, id.uuid())).await?.is_some()
                    {
                        resolved.seen_returns.insert(reference.clone(), id);
                    }
                }
                DocumentName::SeenExternalOrder(_) => resolved.remove_hidden_order(ctx, name).await?,
                DocumentName::OrderNumber(_)
                | DocumentName::ExternalOrder(_)
                | DocumentName::ReturnNumber(_)
                | DocumentName::ReturnReference(_) => {}
            }
        }
        Ok(resolved)
    }

    async fn read_orders(&mut self, ctx: &Context<'_>, documents: &[&DocumentName]) -> Answer<()> {
        let scope = catalog_loaders(ctx)?.scope();
        self.bound = ctx.caller()?.channel;
        let code = |name: &&DocumentName| match name {
            DocumentName::ExternalOrder(external) | DocumentName::SeenExternalOrder(external) => match &external.channel {
                Some(ChannelRef::Code(code)) => Some(code.clone()),
                _ => None,
            },
            _ => None,
        };
        let codes: Vec<String> = documents.iter().filter_map(code).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let channels = ids_by_keys(scope, KeyKind::ChannelCode, &codes).await?;
        self.channels = channels.into_iter().map(|(code, id)| (code, ChannelId::from_uuid(id))).collect();
        let names: Vec<OrderName> = documents.iter().filter_map(|name| self.order_name(name).ok().flatten()).collect();
        self.orders = orders_by_name(scope, &names).await?;
        Ok(())
    }

    /// Leaves an order out that the caller does not see: its reference is that of none.
    async fn remove_hidden_order(&mut self, ctx: &Context<'_>, name: &DocumentName) -> Answer<()> {
        permitted_scope(ctx, Kind::Order)?;
        let Ok(Some(order)) = self.order_name(name) else { return Ok(()) };
        let Some(id) = self.orders.get(&order).copied() else { return Ok(()) };
        if Box::pin(node_of(ctx, Kind::Order, id.uuid())).await?.is_none() {
            self.orders.remove(&order);
        }
        Ok(())
    }

    /// The name to look an order up by; None if the name is invalid or of another kind of document.
    fn order_name(&self, name: &DocumentName) -> Result<Option<OrderName>, ChannelError> {
        Ok(match name {
            DocumentName::OrderNumber(number) => self.patterns.number(Numbered::Order, number).map(OrderName::Number),
            DocumentName::ExternalOrder(external) | DocumentName::SeenExternalOrder(external) => {
                let channel = self.channel(external)?;
                // Postgres refuses a text with a NUL character; no reference has one.
                let reference = Some(external.reference.clone()).filter(|text| !text.contains('\0'));
                channel.zip(reference).map(|(channel, reference)| OrderName::External(channel, reference))
            }
            DocumentName::InvoiceNumber(_)
            | DocumentName::ReturnNumber(_)
            | DocumentName::ReturnReference(_)
            | DocumentName::Number(_)
            | DocumentName::NumberOf(..)
            | DocumentName::SeenReturnReference(_) => None,
        })
    }

    /// The number to look a return up by; None if it is no number of a return, or the name is of
    /// another kind of document.
    fn return_number(&self, name: &DocumentName) -> Option<i64> {
        let DocumentName::ReturnNumber(number) = name else { return None };
        self.patterns.number(Numbered::Return, number)
    }

    /// The channel of a reference; None for an unknown code.
    fn channel(&self, external: &ExternalRef) -> Result<Option<ChannelId>, ChannelError> {
        let sibling_id = external.channel_id.as_ref().map(|id| channel_id(id, &["external", "channelId"])).transpose()?;
        let referenced_id = match &external.channel {
            None => return sibling_id.or(self.bound).map(Some).ok_or(ChannelError::Missing),
            Some(ChannelRef::Id(id)) => Some(channel_id(id, &["external", "channel", "id"])?),
            Some(ChannelRef::Code(code)) => self.channels.get(code).copied(),
        };
        if sibling_id.is_some() && sibling_id != referenced_id { Err(ChannelError::Differing) } else { Ok(referenced_id) }
    }

    /// Resolves a document's name, at the path of its reference and beside an ID: to the document's
    /// ID, or to a new one that no document has.
    pub fn resolve_name(
        &self,
        name: &DocumentName,
        (at, sibling_id): (&[String], Option<&ID>),
        unknown: &mut UnknownIds,
    ) -> Result<ResolvedReference, UserError> {
        let order = |last: Path, unknown: &mut UnknownIds| {
            let name = self.order_name(name).map_err(|error| error.refusal(at))?;
            let known_id = name.and_then(|name| self.orders.get(&name).copied());
            let id = known_id.unwrap_or_else(|| OrderId::from_uuid(unknown.next_id()));
            Ok(ResolvedReference { id: ID(id.to_string()), last, shared: None })
        };
        match name {
            DocumentName::OrderNumber(_) => order(path!["number"], unknown),
            DocumentName::ExternalOrder(_) | DocumentName::SeenExternalOrder(_) => order(path!["external", "ref"], unknown),
            DocumentName::InvoiceNumber(number) => {
                let candidates = self.invoices.get(number).map(Vec::as_slice).unwrap_or_default();
                let (id, is_shared) = select_id(candidates, sibling_id, || InvoiceId::from_uuid(unknown.next_id()));
                let message = "several legal entities have given this number: name the invoice by its ID";
                Ok(ResolvedReference { id, last: path!["number"], shared: is_shared.then(|| message.to_owned()) })
            }
            DocumentName::ReturnNumber(_) => {
                let known_id = self.return_number(name).and_then(|number| self.returns.get(&number).copied());
                Ok(resolve_return(known_id, path!["number"], unknown))
            }
            DocumentName::ReturnReference(reference) => {
                Ok(resolve_return(self.referenced.get(reference).copied(), path!["externalRef"], unknown))
            }
            DocumentName::Number(number) => {
                let candidates = self.any.get(number).map(Vec::as_slice).unwrap_or_default();
                Ok(resolve_number(candidates, self.kind_of(number), sibling_id, unknown))
            }
            DocumentName::NumberOf(kind, number) => {
                let candidates = self.of_kind.get(&(*kind, number.clone())).map(Vec::as_slice).unwrap_or_default();
                Ok(resolve_number(candidates, *kind, sibling_id, unknown))
            }
            DocumentName::SeenReturnReference(reference) => {
                Ok(resolve_return(self.seen_returns.get(reference).copied(), path!["externalRef"], unknown))
            }
        }
    }

    /// The kind of document whose pattern a number has, so that an unknown number is refused like
    /// an ID of that kind. A number that fits no pattern, or several, counts as an invoice's:
    /// invoices cannot be reversed, so the call needs no permission before it reports that there is
    /// no such document.
    fn kind_of(&self, number: &str) -> Kind {
        let pattern_kind = parse_number(number, &self.patterns).and_then(|(_, kinds)| <[Kind; 1]>::try_from(kinds).ok());
        let work_kind = || WorkNumber::parse(number, &self.patterns).map(|_| Kind::FulfilmentWork);
        pattern_kind.map(|[kind]| kind).or_else(work_kind).unwrap_or(Kind::Invoice)
    }
}

/// Resolves the number of a document, beside an ID, which chooses one of several. A number that no
/// document has resolves to a new ID of the kind.
fn resolve_number(candidates: &[String], kind: Kind, sibling_id: Option<&ID>, unknown: &mut UnknownIds) -> ResolvedReference {
    let (id, is_shared) = select_id(candidates, sibling_id, || node_id(kind, unknown.next_id()));
    let message = "several documents have this number: give it with its letters, as in TR-000007, or use id";
    ResolvedReference { id, last: path!["number"], shared: is_shared.then(|| message.to_owned()) }
}

/// Resolves the name of a return: to the return's ID, or to a new one that no return has.
fn resolve_return(return_id: Option<ReturnId>, last: Path, unknown: &mut UnknownIds) -> ResolvedReference {
    let id = return_id.unwrap_or_else(|| ReturnId::from_uuid(unknown.next_id()));
    ResolvedReference { id: ID(id.to_string()), last, shared: None }
}

/// Keeps those of the returns, by their names, that the caller may find this way. A number or a
/// reference can be guessed, unlike an ID: a caller who records payments of some stores or of a
/// channel finds only the returns of orders there.
async fn retain_visible_returns<K>(ctx: &Context<'_>, mut returns: HashMap<K, ReturnId>) -> Answer<HashMap<K, ReturnId>> {
    let (permit, scope) = (ctx.permit::<kind::PaymentWrite>()?, catalog_loaders(ctx)?.scope());
    if permit.is_limited() && !returns.is_empty() {
        let ids: Vec<ReturnId> = returns.values().copied().collect();
        let places = load_order_places(scope, &ids).await?.into_iter();
        let own_returns = places.filter(|(_, store, channel)| permit.covers_document(*store, *channel));
        let own_returns: HashSet<ReturnId> = own_returns.map(|(id, ..)| id).collect();
        returns.retain(|_, id| own_returns.contains(&*id));
    }
    Ok(returns)
}

fn channel_id(id: &ID, last: &[&str]) -> Result<ChannelId, ChannelError> {
    id.parse().map_err(|error: entity::id::IdError| {
        ChannelError::NoId(error.to_string(), last.iter().map(ToString::to_string).collect())
    })
}
