//! Products: re-exports of the row as everyone reads it, of the fields that callers may send, and
//! of their check and decision.

pub use super::{
    check::MoneyText,
    product_check::check,
    product_decide::{ExistingProduct, ProductContext, variant_key},
    product_fields::{ProductCommand, ProductFields, Unit, UnitText},
    product_row::{Barcode, ProductDoc, ProductOption, ProductRow},
};
