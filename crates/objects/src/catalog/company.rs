//! Contacts and addresses of suppliers, stores and customers, and payment terms of suppliers and
//! customers.

use async_graphql::{InputObject, SimpleObject};
use inventory::catalog::core::company;

use crate::graphql::scalars::Decimal;

/// Person or desk to reach at a supplier, a store or a customer.
#[derive(Debug, Clone, SimpleObject)]
pub struct PartyContact {
    /// Name of the person or desk. Null when none was given.
    pub name: Option<String>,
    /// E-mail address of the contact. Null when none was given.
    pub email: Option<String>,
    /// Telephone number of the contact, as it was given. Null when none was.
    pub phone: Option<String>,
    /// Task of the contact, such as orders or invoices. Null when none was given.
    pub role: Option<String>,
}

/// Address of a supplier, a store or a customer.
#[derive(Debug, Clone, SimpleObject)]
pub struct PartyAddress {
    /// Name on the address. Null when none was given.
    pub name: Option<String>,
    /// Company on the address. Null when none was given.
    pub company: Option<String>,
    /// Street and house, 0 to 6 lines.
    pub lines: Vec<String>,
    /// Town of the address. Null when none was given.
    pub city: Option<String>,
    /// State or county of the address. Null when none was given.
    pub region: Option<String>,
    /// Postal code of the address. Null when none was given.
    pub postal_code: Option<String>,
    /// Country of the address: an ISO 3166 code, or a name as it was given. Null when none was.
    pub country: Option<String>,
    /// Telephone number at the address, as it was given. Null when none was.
    pub phone: Option<String>,
}

/// Number under which a tax office knows a supplier or a customer.
#[derive(Debug, Clone, SimpleObject)]
pub struct TaxId {
    /// Country of the tax office: an ISO 3166 code of two letters.
    pub country: String,
    /// Kind of the number, such as VAT or EORI.
    pub kind: String,
    /// The number, in capitals and without spaces.
    pub number: String,
}

/// Agreement on when invoices are paid.
#[derive(Debug, Clone, SimpleObject)]
pub struct PaymentTerms {
    /// Days from the invoice to the payment, 0 to 3,650. Null when they are not agreed.
    pub days: Option<i32>,
    /// Days from the invoice in which a payment has the discount, 0 to 3,650. Null without one.
    pub discount_days: Option<i32>,
    /// Discount for an early payment, in percent with 2 decimals, 0 to 100. Null without one.
    pub discount_percent: Option<Decimal>,
    /// Further terms in words. Null when there are none.
    pub text: Option<String>,
}

/// Person or desk to reach at a supplier, a store or a customer: at least a name, an e-mail address or a telephone
/// number. Fields that are left out or null are empty.
#[derive(Debug, Clone, InputObject)]
pub struct PartyContactInput {
    /// Name of the person or desk, at most 120 characters.
    pub name: Option<String>,
    /// E-mail address of the contact, at most 254 characters.
    pub email: Option<String>,
    /// Telephone number of the contact, at most 120 characters.
    pub phone: Option<String>,
    /// Task of the contact, such as orders or invoices; at most 120 characters.
    pub role: Option<String>,
}

/// Address of a supplier, a store or a customer: at least one field, each of at most 120 characters. Fields that are
/// left out or null are empty.
#[derive(Debug, Clone, InputObject)]
pub struct PartyAddressInput {
    /// Name on the address.
    pub name: Option<String>,
    /// Company on the address.
    pub company: Option<String>,
    /// Street and house, at most 6 lines.
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

/// Number under which a tax office knows a supplier or a customer. Its form is checked; it is not looked up.
#[derive(Debug, Clone, InputObject)]
pub struct TaxIdInput {
    /// Country of the tax office: an ISO 3166 code of two letters; case is ignored.
    pub country: String,
    /// Kind of the number, such as VAT or EORI; at most 32 characters.
    pub kind: String,
    /// The number: 2 to 32 letters and digits, with points, hyphens and strokes between them. Spaces are left out.
    pub number: String,
}

/// Agreement on when invoices are paid: at least one field.
#[derive(Debug, Clone, InputObject)]
pub struct PaymentTermsInput {
    /// Days from the invoice to the payment, 0 to 3,650. Null when none are agreed.
    pub days: Option<i32>,
    /// Days from the invoice in which a payment has the discount, 0 to 3,650. Null when there is none.
    pub discount_days: Option<i32>,
    /// Discount for an early payment, in percent with at most 2 decimals, 0 to 100. Null when there is none.
    pub discount_percent: Option<Decimal>,
    /// Further terms in words, at most 500 characters. Null for none.
    pub text: Option<String>,
}

/// The contacts in a column.
pub fn contacts(text: &str) -> Vec<PartyContact> {
    let to_contact = |contact: company::Contact| PartyContact {
        name: contact.name,
        email: contact.email,
        phone: contact.phone,
        role: contact.role,
    };
    company::read::<Vec<company::Contact>>(text).into_iter().map(to_contact).collect()
}

/// The address in a column.
pub fn address(text: &str) -> PartyAddress {
    to_party_address(company::read(text))
}

fn to_party_address(address: company::Address) -> PartyAddress {
    PartyAddress {
        name: address.name,
        company: address.company,
        lines: address.lines,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        country: address.country,
        phone: address.phone,
    }
}

/// The addresses in a text.
pub fn addresses(text: &str) -> Vec<PartyAddress> {
    company::read::<Vec<company::Address>>(text).into_iter().map(to_party_address).collect()
}

/// The tax numbers in a column.
pub fn tax_ids(text: &str) -> Vec<TaxId> {
    let to_tax_id = |tax_id: company::TaxId| TaxId { country: tax_id.country, kind: tax_id.kind, number: tax_id.number };
    company::read::<Vec<company::TaxId>>(text).into_iter().map(to_tax_id).collect()
}

/// The terms in a column.
pub fn payment_terms(text: &str) -> PaymentTerms {
    let terms: company::PaymentTerms = company::read(text);
    PaymentTerms {
        days: terms.days,
        discount_days: terms.discount_days,
        discount_percent: terms.discount_percent.map(Decimal),
        text: terms.text,
    }
}

impl From<PartyContactInput> for company::Contact {
    fn from(input: PartyContactInput) -> Self {
        Self { name: input.name, email: input.email, phone: input.phone, role: input.role }
    }
}

impl From<PartyAddressInput> for company::Address {
    fn from(input: PartyAddressInput) -> Self {
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

impl From<TaxIdInput> for company::TaxId {
    fn from(input: TaxIdInput) -> Self {
        Self { country: input.country, kind: input.kind, number: input.number }
    }
}

impl From<PaymentTermsInput> for company::PaymentTerms {
    fn from(input: PaymentTermsInput) -> Self {
        let discount_percent = input.discount_percent.map(|percent| percent.0);
        Self { days: input.days, discount_days: input.discount_days, discount_percent, text: input.text }
    }
}

/// Converts each item of a list to the core's type.
pub fn all<T: Into<U>, U>(list: Vec<T>) -> Vec<U> {
    list.into_iter().map(Into::into).collect()
}
