//! Editing an order: one command with all that changes.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, kind};
use serde::Serialize;

use super::{
    create::lines_of,
    detail::{self, OrderDetailFields, resealed},
    input::{MAX_LINES, MAX_SOURCED_LINES, NewOrderLine},
    ownership::{resolve_channel, visible_order},
    sourced::{Search, submit_sourced},
};
use crate::{
    catalog::core::{Patch, customer::country_code},
    ledger::{
        Checks, Command, Ledger, MAX_NAME, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Stop, StoreRef, SubmitResult,
        check_key, document_ids, key_of, load_known_store, stored_answer_or, submit, submit_with_missing,
    },
    orders::{
        core::{DraftChanges, OrderCommand, Refusal, SetLine, Sourcing, SourcingOptions, Update},
        rows,
    },
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

/// Edit of an order; fields that are left out stay. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct OrderUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: i64,
    pub customer: Patch<CustomerId>,
    pub external_ref: Patch<String>,
    pub detail: OrderDetailFields,
    pub set_lines: Vec<SetLine>,
    pub add_lines: Vec<NewOrderLine>,
    /// None to reserve added units where their line has reservations already, else at the order's
    /// store.
    pub sourcing: Option<SourcingOptions>,
    pub reason: Option<String>,
    /// The next four fields can change a draft only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<Timestamp>,
    /// Sourcing of the draft on its confirmation; cleared to reserve all of it at the order's
    /// store.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub draft_sourcing: Patch<SourcingOptions>,
}

impl OrderUpdate {
    fn is_empty(&self) -> bool {
        let no_lines = self.set_lines.is_empty() && self.add_lines.is_empty();
        let no_place = self.store.is_none() && self.channel.is_none() && self.placed_at.is_none();
        let no_names = self.customer.is_keep() && self.external_ref.is_keep();
        no_lines && no_place && no_names && self.draft_sourcing.is_keep() && self.detail.is_empty()
    }
    /// True if the input has prices, discounts or taxes of existing lines, or a product's price.
    fn has_price_changes(&self) -> bool {
        let is_taxed = |set: &SetLine| set.tax.is_some() || set.tax_rate.is_some();
        let is_priced = |set: &SetLine| set.unit_price.is_some() || set.discount.is_some() || is_taxed(set);
        let overrides = |new_line: &NewOrderLine| new_line.kind == LineKind::Product && new_line.unit_price.is_some();
        self.set_lines.iter().any(is_priced) || self.add_lines.iter().any(overrides)
    }
}

/// Changes an order, whole or not at all. Needs `order.price` if the input has prices, discounts or
/// taxes.
pub async fn order_update(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderUpdate, mode: Mode) -> SubmitResult {
    check(&input)?;
    let key = key_of(&permit, "orderUpdate", &input.idempotency_key, &input);
    let command = |update| Command::of(OrderCommand::Update(Box::new(update)));
    match prepare_update(ledger, &permit, input).await {
        Err(stop) => stored_answer_or(ledger, &permit, &key, stop).await,
        Ok((update, _, missing)) if missing.has_any() => {
            submit_with_missing(ledger, &permit, Ok((command(update), missing)), key, mode).await
        }
        Ok((update, None, _)) => submit(ledger, &permit, command(update), key, mode).await,
        Ok((update, Some(search), _)) => {
            let sourced = |sourcing| command(Update { sourcing: Some(sourcing), ..update.clone() });
            submit_sourced(ledger, &permit, search, (key, mode), sourced).await
        }
    }
}

/// Returns the command, and the search for its stock if it is sourced.
async fn prepare_update(
    ledger: &Ledger,
    permit: &Permit<kind::OrderWrite>,
    input: OrderUpdate,
) -> Result<(Update, Option<Search>, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let order = visible_order(ledger, permit, input.order).await?;
    // An unknown order gets the nil store here, and is rejected by the ledger.
    let selling_store = rows::places_of(&scope, &[order]).await?.first().map_or(StoreId::NIL, |(_, store, _)| *store);
    let mut missing = MissingReferences::default();
    let redraft = resolve_draft_changes(ledger, permit, &mut missing, &input).await?;
    let store = redraft.store.unwrap_or(selling_store);
    if input.has_price_changes() {
        let price_permit = permit.also::<kind::OrderPrice>()?;
        if [selling_store, store].iter().any(|priced_store| *priced_store != StoreId::NIL && !price_permit.covers(*priced_store))
        {
            return Err(Denied(kind::OrderPrice::info().code).into());
        }
    }
    let add_lines = lines_of(&scope, &mut missing, (&input.add_lines, Field::AddLines)).await?;
    let mut detail = input.detail.patch();
    let (personal, whereabouts) = resealed(&scope, order, &input.detail).await?;
    detail.personal = personal;
    let country = input.detail.shipping_address.set().and_then(|address| address.country.clone());
    let mut update = Update {
        order,
        expected_version: input.expected_version,
        store,
        redraft,
        customer: input.customer,
        external_ref: input.external_ref,
        country: country.map(country_code),
        detail,
        whereabouts,
        set_lines: input.set_lines,
        add_lines,
        sourcing: None,
        reason: input.reason,
        actor: permit.actor(),
        by_channel: permit.channel().is_some(),
        movements: document_ids(ledger),
        fulfilment: ledger.clock().id(),
    };
    let Some(request) = input.sourcing else { return Ok((update, None, missing)) };
    let (rule, destination) = (rows::sourcing_rule(&scope).await?.with(&request), request.destination);
    update.sourcing = Some(Sourcing { rule, destination, stores: Vec::new() });
    let lines = rows::orders(&scope, &[order]).await?.pop().map_or_else(Vec::new, |order| order.lines);
    // A line keeps the parts of its kit; an added kit has its current parts.
    let changed_lines = lines.iter().filter(|line| update.set_lines.iter().any(|set| set.line == order.line(line.position)));
    let changed_products = changed_lines.flat_map(|line| line.goods().map(|(product, _)| product));
    let products: BTreeSet<ProductId> = changed_products.chain(update.add_lines.iter().filter_map(|line| line.product)).collect();
    Ok((update, Some(Search { rule, destination, products, reserved: Vec::new() }), missing))
}

/// Resolves the changes that only a draft allows. The caller needs `order.write` in the new store
/// as in the old one, and cannot leave the channel that the caller is bound to.
async fn resolve_draft_changes(
    ledger: &Ledger,
    permit: &Permit<kind::OrderWrite>,
    missing: &mut MissingReferences,
    input: &OrderUpdate,
) -> Result<DraftChanges, Stop> {
    let scope = permit.scope(ledger.database());
    let store = match &input.store {
        None => None,
        Some(store_ref) => {
            let store_id = load_known_store(&scope, store_ref, &permit.reach()).await?.map(|store| store.id);
            Some(missing.or_nil(store_id.ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store)))))
        }
    };
    let sourcing = match &input.draft_sourcing {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(request) => Patch::Set((rows::sourcing_rule(&scope).await?.with(request), request.destination)),
    };
    Ok(DraftChanges {
        store,
        channel: input.channel.and_then(|channel| resolve_channel(ledger, permit, Some(channel))),
        placed_at: input.placed_at,
        sourcing,
    })
}

fn check(input: &OrderUpdate) -> Result<(), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.set().map(String::as_str), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(input.reason.as_deref(), MAX_NOTE, || At::input(Field::Reason));
    detail::check(&mut checks, &input.detail, Field::TagsAdd);
    let max_lines = if input.sourcing.is_some() { MAX_SOURCED_LINES } else { MAX_LINES };
    checks.items(input.set_lines.len(), max_lines, || At::input(Field::SetLines));
    checks.items(input.add_lines.len(), max_lines, || At::input(Field::AddLines));
    for (index, line) in input.add_lines.iter().enumerate().take(max_lines) {
        checks.text(line.name.as_deref(), MAX_NAME, || At::row(Field::AddLines, index).field(Field::Name));
    }
    if input.is_empty() {
        checks.refuse(Refusal::NothingToChange.at(At::INPUT));
    }
    checks.done()
}
