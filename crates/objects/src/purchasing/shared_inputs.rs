//! Parts of inputs that other rooms read as well.

use inventory::purchasing::rows::ProductName;
use platform::{path, storage::idempotency};

use super::links::ProductRef;
use crate::graphql::{reading::InputErrors, refusal::UserError};

/// Refuses a key that is not kept.
pub fn check_key(reader: &mut InputErrors, key: &str) {
    if let Err(reason) = idempotency::check_key(key) {
        reader.add_error(UserError::invalid_key(reason, path!["input", "idempotencyKey"]));
    }
}

/// A product by whichever name it was given.
pub fn product_name(reader: &mut InputErrors, product: ProductRef, field: impl FnOnce() -> Vec<String>) -> ProductName {
    match product {
        ProductRef::Id(id) => ProductName::Id(reader.id(&id, || [field(), path!["id"]].concat())),
        ProductRef::Sku(sku) => ProductName::Sku(sku),
        ProductRef::Barcode(code) => ProductName::Barcode(code),
    }
}
