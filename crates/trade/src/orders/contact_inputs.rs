//! Inputs of the person to reach about an order, and of its addresses.

use async_graphql::InputObject;
use inventory::orders::core;

/// A person to reach about an order: at least one field. Fields that are left out or null are empty. Sealed under a key
/// of the order's own.
#[derive(Debug, Clone, InputObject)]
pub struct ContactInput {
    /// The name; at most 120 characters.
    pub name: Option<String>,
    /// The e-mail address; at most 254 characters.
    pub email: Option<String>,
    /// The telephone number; at most 120 characters.
    pub phone: Option<String>,
    /// Role of the person in the order; at most 120 characters.
    pub role: Option<String>,
}

/// Shipping or billing address of an order: at least one field, each of at most 120 characters. Fields that are left
/// out or null are empty. Encrypted with a key of the order's own.
#[derive(Debug, Clone, InputObject)]
pub struct AddressInput {
    /// Name at the address.
    pub name: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// Street and house; at most 6 lines.
    pub lines: Option<Vec<String>>,
    /// Town of the address.
    pub city: Option<String>,
    /// State or county of the address.
    pub region: Option<String>,
    /// Postal code of the address.
    pub postal_code: Option<String>,
    /// Country of the address: an ISO 3166 code, or a name of at most 64 characters.
    pub country: Option<String>,
    /// Telephone number at the address.
    pub phone: Option<String>,
}

impl From<ContactInput> for core::Contact {
    fn from(input: ContactInput) -> Self {
        Self { name: input.name, email: input.email, phone: input.phone, role: input.role }
    }
}

impl From<AddressInput> for core::Address {
    fn from(input: AddressInput) -> Self {
        Self {
            name: input.name,
            company: input.company,
            lines: input.lines.unwrap_or_default(),
            city: input.city,
            region: input.region,
            postal_code: input.postal_code,
            country: input.country,
            phone: input.phone,
        }
    }
}
