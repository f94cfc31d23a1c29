//! Suppliers that a call names by ID or by code.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use super::input::SupplierRef;
use crate::{
    catalog::core::text::fold,
    purchasing::{
        core::Refusal,
        rows::{self, SupplierFacts},
    },
    stock::core::{At, Noun, Rejection, RoomRefusal},
};

/// The suppliers that a call names.
#[derive(Default)]
pub(super) struct Suppliers(HashMap<SupplierId, SupplierFacts>);

impl Suppliers {
    pub(super) async fn look_up<'a>(
        reads: &impl Reads,
        supplier_refs: impl IntoIterator<Item = &'a SupplierRef>,
    ) -> Result<Self, Fault> {
        let (mut ids, mut codes) = (Vec::new(), Vec::new());
        for one in supplier_refs {
            match one {
                SupplierRef::Id(id) => ids.push(*id),
                SupplierRef::Code(code) => codes.push(fold(code.trim())),
            }
        }
        let found = rows::suppliers_with_survivors(reads, &ids, &codes).await?;
        Ok(Self(found.into_iter().map(|one| (one.id, one)).collect()))
    }
    /// Finds a supplier that is in use. The code of a merged supplier finds its survivor.
    pub(super) fn find(&self, supplier_ref: &SupplierRef, field: impl FnOnce() -> At) -> Result<&SupplierFacts, Rejection> {
        let found = match supplier_ref {
            SupplierRef::Id(id) => self.0.get(id),
            SupplierRef::Code(code) => {
                let code = fold(code.trim());
                let found = self.0.values().find(|candidate| candidate.code_key == code);
                found.map(|candidate| candidate.merged_into.and_then(|into| self.0.get(&into)).unwrap_or(candidate))
            }
        };
        match found {
            None => Err(Rejection::not_found(Noun::Supplier, field())),
            Some(SupplierFacts { archived_at: Some(since), .. }) => Err(Refusal::SupplierArchived { since: *since }.at(field())),
            Some(facts) => Ok(facts),
        }
    }
}
