//! Rows, and the values in them: ids, quantities, money, moments and words. No behaviour beyond exact arithmetic.

pub mod actor;
pub mod cached;
pub mod id;
pub mod money;
pub mod quantity;
pub mod record;
pub mod tables;
pub mod time;
pub mod enums;

pub mod app_user;
pub mod customer;
pub mod member;
pub mod product;
pub mod tenant;

pub use tables::{barcode, category, channel, product_family, secret_key, signing_key, store, supplier};

// Code that `derive(Record)` generates names this crate, also in here.
extern crate self as entity;

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

/// A table whose rows belong to a tenant, with the column of the tenant.
pub trait Tenanted: sea_orm::EntityTrait {
    const TENANT: Self::Column;
}
