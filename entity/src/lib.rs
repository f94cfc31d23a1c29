//! Rows, and the values in them: ids, quantities, money, moments and words. No behaviour beyond exact arithmetic.

pub mod actor;
pub mod cached;
pub mod id;
pub mod money;
pub mod quantity;
pub mod time;
pub mod enums;

pub mod app_user;
pub mod barcode;
pub mod category;
pub mod channel;
pub mod customer;
pub mod member;
pub mod product;
pub mod product_family;
pub mod secret_key;
pub mod signing_key;
pub mod store;
pub mod supplier;
pub mod tenant;

/// Everything that a row is made of.
pub mod prelude {
    pub use crate::{
        actor::Actor,
        enums::*,
        id::*,
        money::{Currency, Money, MoneyError},
        quantity::Quantity,
        time::{Day, Timestamp},
    };
}

/// A table whose rows belong to a tenant: the column that says which.
pub trait Tenanted: sea_orm::EntityTrait {
    const TENANT: Self::Column;
}
