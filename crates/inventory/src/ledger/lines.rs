//! Lines of calls on stock, the check of a call's form, and heads of the movements that calls
//! cause.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, Reach};
use platform::storage::Reads;

use crate::{
    ledger::{Checks, Ledger, MissingReferences, Names, ProductRef, Stop, StoreRef, check_key, store_of},
    stock::core::{At, Field, LevelKey, MovementHead, Reference},
};

/// Maximum lines of a call.
pub const MAX_LINES: usize = 500;

/// Products and stores of a call's lines, by their references. Stores beyond the caller's reach are
/// not found.
pub(crate) struct Lines {
    products: Names,
    stores: HashMap<String, StoreId>,
    reach: Reach,
}

impl Lines {
    pub(crate) async fn look_up<'a, I>(reads: &impl Reads, reach: Reach, lines: I) -> Result<Self, Stop>
    where
        I: Iterator<Item = (&'a ProductRef, &'a StoreRef)> + Clone,
    {
        let store_refs: Vec<&StoreRef> = lines.clone().map(|(_, store)| store).collect();
        let (products, mut stores) = Names::with_stores(reads, lines.map(|(product, _)| product), &store_refs).await?;
        stores.retain(|_, store| reach.covers(*store));
        Ok(Self { products, stores, reach })
    }
    /// Returns the level that a line refers to, with nil IDs for unknown references.
    pub(crate) fn key(&self, missing: &mut MissingReferences, (product, store): (&ProductRef, &StoreRef), line: At) -> LevelKey {
        let product = self.products.product(product, || line.field(Field::Product));
        let store = store_of(store, &self.stores, || line.field(Field::Store));
        LevelKey { product: missing.or_nil(product), store: self.reach.or_nil(missing.or_nil(store)) }
    }
}

/// Common fields of stock movements that are created through the API; `occurred_at` is None for
/// now.
pub(crate) struct Head<'a> {
    pub kind: MovementKind,
    pub reason: Option<ReasonCode>,
    pub note: Option<&'a String>,
    pub external_ref: Option<&'a String>,
    pub reference: Option<Reference>,
    pub occurred_at: Option<Timestamp>,
}

pub(crate) fn build_head<P>(ledger: &Ledger, permit: &Permit<P>, new_head: Head<'_>) -> MovementHead {
    MovementHead {
        id: ledger.clock().document_id(),
        kind: new_head.kind,
        reason: new_head.reason,
        note: new_head.note.cloned(),
        external_ref: new_head.external_ref.cloned(),
        reference: new_head.reference,
        actor: permit.actor(),
        reverses: None,
        occurred_at: new_head.occurred_at.unwrap_or_else(|| ledger.clock().now()),
    }
}

pub(crate) fn check_call(key: &str, lines: usize, list: Field, texts: &[(Option<&String>, usize, Field)]) -> Checks {
    let mut checks = Checks::default();
    check_key(&mut checks, key);
    checks.items(lines, MAX_LINES, || At::input(list));
    for (text, max_chars, name) in texts {
        checks.text(text.map(String::as_str), *max_chars, || At::input(*name));
    }
    checks
}
