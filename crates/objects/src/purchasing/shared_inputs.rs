//! Parts of inputs that other rooms read as well.

use inventory::purchasing::rows::ProductName;
use platform::{path, storage::idempotency};

use super::links::ProductRef;
use crate::graphql::{reading::InputErrors, refusal::UserError};

/// Refuses a key that is not kept.
pub fn check_key(reading: &mut InputErrors, key: &str) {
    if let Err(why) = idempotency::check_key(key) {
        reading.note(UserError::invalid_key(why, path!["input", "idempotencyKey"]));
    }
}

/// A product by whichever name it was given.
pub fn product_name(reading: &mut InputErrors, product: ProductRef, field: impl FnOnce() -> Vec<String>) -> ProductName {
    match product {
        ProductRef::Id(id) => ProductName::Id(reading.id(&id, || [field(), path!["id"]].concat())),
        ProductRef::Sku(sku) => ProductName::Sku(sku),
        ProductRef::Barcode(code) => ProductName::Barcode(code),
    }
}
