//! Contacts, address, tax IDs and payment terms of suppliers and stores. They are stored
//! unencrypted, because data of companies is not secret.

use serde::{Deserialize, Serialize};

use super::{
    check::{Checker, input_path},
    patch::Patch,
    rejection::{Form, InputPath, Rejection},
    text::country_code,
};

const MAX_CONTACTS: usize = 20;
const MAX_ADDRESSES: usize = 20;
const MAX_TAX_IDS: usize = 10;
const MAX_LINES: usize = 6;
/// Characters of a name, a town or a telephone number.
const MAX_WORDS: usize = 120;
const MAX_COUNTRY: usize = 64;
const MAX_KIND: usize = 32;
const MAX_TERMS: usize = 500;
/// Ten years, as a supplier's lead time.
const MAX_DAYS: i64 = 3_650;

/// A person or department to contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Contact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub role: Option<String>,
}

/// Postal address of a supplier or a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    pub name: Option<String>,
    pub company: Option<String>,
    pub lines: Vec<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    /// A code of ISO 3166, or a name.
    pub country: Option<String>,
    pub phone: Option<String>,
}

/// Registration number of the company at a tax office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaxId {
    /// A code of ISO 3166.
    pub country: String,
    pub kind: String,
    pub number: String,
}

/// Payment terms of a supplier, as stored and as in the input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PaymentTerms {
    pub days: Option<i32>,
    pub discount_days: Option<i32>,
    /// A decimal number with at most two decimals.
    pub discount_percent: Option<String>,
    pub text: Option<String>,
}

/// Contacts and address in the input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReachFields {
    pub contacts: Patch<Vec<Contact>>,
    pub address: Patch<Address>,
}

/// Tax IDs and payment terms in the input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TermsFields {
    pub tax_ids: Patch<Vec<TaxId>>,
    pub payment_terms: Patch<PaymentTerms>,
}

/// Checked: the texts of the columns.
#[derive(Debug, Clone)]
pub struct ContactColumns {
    contacts: Patch<String>,
    address: Patch<String>,
}

/// Checked: the texts of the columns.
#[derive(Debug, Clone)]
pub struct TermsColumns {
    tax_ids: Patch<String>,
    payment_terms: Patch<String>,
}

impl ReachFields {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, c: &mut Checker) -> ContactColumns {
        let contacts = match &self.contacts {
            Patch::Clear => Patch::Set("[]".to_owned()),
            other => c.optional_patch(other, |c, list| contacts(c, list)),
        };
        ContactColumns { contacts, address: c.optional_patch(&self.address, address) }
    }
}

impl TermsFields {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, c: &mut Checker) -> TermsColumns {
        let tax_ids = match &self.tax_ids {
            Patch::Clear => Patch::Set("[]".to_owned()),
            other => c.optional_patch(other, |c, list| tax_ids(c, list)),
        };
        TermsColumns { tax_ids, payment_terms: c.optional_patch(&self.payment_terms, payment_terms) }
    }
}

impl ContactColumns {
    pub(super) fn apply(&self, contacts: &mut String, address: &mut Option<String>) {
        self.contacts.apply_value(contacts);
        self.address.apply(address);
    }
}

impl TermsColumns {
    pub(super) fn apply(&self, tax_ids: &mut String, payment_terms: &mut Option<String>) {
        self.tax_ids.apply_value(tax_ids);
        self.payment_terms.apply(payment_terms);
    }
}

/// Parses a JSON column; the default if it is empty or invalid.
pub fn read<T: Default + serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

fn below(at: &[String], field: &str) -> InputPath {
    at.iter().cloned().chain([field.to_owned()]).collect()
}

/// Checks an optional text; an empty one counts as absent.
fn words(c: &mut Checker, at: InputPath, value: Option<&String>, most: usize) -> Option<String> {
    let value = value.filter(|text| !text.trim().is_empty())?;
    c.line(at, value, most)
}

pub(super) fn contacts(c: &mut Checker, list: &[Contact]) -> Option<String> {
    if list.len() > MAX_CONTACTS {
        c.refuse(input_path!["contacts"], Rejection::TooMany { most: MAX_CONTACTS });
        return None;
    }
    let mut kept: Vec<Contact> = Vec::with_capacity(list.len());
    for (index, contact) in list.iter().enumerate() {
        let at = input_path!["contacts", index];
        let email = contact.email.as_ref().filter(|text| !text.trim().is_empty());
        let checked = Contact {
            name: words(c, below(&at, "name"), contact.name.as_ref(), MAX_WORDS),
            email: email.and_then(|text| c.email(below(&at, "email"), text)),
            phone: words(c, below(&at, "phone"), contact.phone.as_ref(), MAX_WORDS),
            role: words(c, below(&at, "role"), contact.role.as_ref(), MAX_WORDS),
        };
        let said = [&contact.name, &contact.email, &contact.phone];
        if said.into_iter().flatten().all(|text| text.trim().is_empty()) {
            c.refuse(at, Rejection::Required);
        }
        kept.push(checked);
    }
    serde_json::to_string(&kept).ok()
}

fn address(c: &mut Checker, given: &Address) -> Option<String> {
    let at = input_path!["address"];
    let kept = place(c, &at, given)?;
    serde_json::to_string(&kept).ok()
}

pub(super) fn addresses(c: &mut Checker, list: &[Address]) -> Option<String> {
    if list.len() > MAX_ADDRESSES {
        c.refuse(input_path!["addresses"], Rejection::TooMany { most: MAX_ADDRESSES });
        return None;
    }
    let mut kept: Vec<Address> = Vec::with_capacity(list.len());
    for (index, one) in list.iter().enumerate() {
        let at = input_path!["addresses", index];
        kept.extend(place(c, &at, one));
    }
    serde_json::to_string(&kept).ok()
}

/// Checks an address at this path of the input; at least one of its fields must have a text.
fn place(c: &mut Checker, at: &[String], given: &Address) -> Option<Address> {
    let at_lines = below(at, "lines");
    if given.lines.len() > MAX_LINES {
        c.refuse(at_lines, Rejection::TooMany { most: MAX_LINES });
        return None;
    }
    let mut lines: Vec<String> = Vec::with_capacity(given.lines.len());
    for (index, line) in given.lines.iter().enumerate() {
        lines.extend(words(c, below(&at_lines, &index.to_string()), Some(line), MAX_WORDS));
    }
    let mut one = |field: &str, value: Option<&String>, most: usize| words(c, below(at, field), value, most);
    let kept = Address {
        name: one("name", given.name.as_ref(), MAX_WORDS),
        company: one("company", given.company.as_ref(), MAX_WORDS),
        lines,
        city: one("city", given.city.as_ref(), MAX_WORDS),
        region: one("region", given.region.as_ref(), MAX_WORDS),
        postal_code: one("postalCode", given.postal_code.as_ref(), MAX_WORDS),
        country: one("country", given.country.as_ref(), MAX_COUNTRY).map(country_code),
        phone: one("phone", given.phone.as_ref(), MAX_WORDS),
    };
    if kept == Address::default() && !c.problems.iter().any(|problem| problem.at.starts_with(at)) {
        c.refuse(at.to_vec(), Rejection::Required);
    }
    Some(kept)
}

pub(super) fn tax_ids(c: &mut Checker, list: &[TaxId]) -> Option<String> {
    if list.len() > MAX_TAX_IDS {
        c.refuse(input_path!["taxIds"], Rejection::TooMany { most: MAX_TAX_IDS });
        return None;
    }
    let mut kept: Vec<TaxId> = Vec::with_capacity(list.len());
    for (index, tax_id) in list.iter().enumerate() {
        let country = tax_id.country.trim().to_ascii_uppercase();
        let is_code = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let country = c.given(input_path!["taxIds", index, "country"], country, Form::Country, is_code);
        let kind = c.line(input_path!["taxIds", index, "kind"], &tax_id.kind, MAX_KIND);
        let number: String = tax_id.number.split_whitespace().collect::<String>().to_uppercase();
        let number = c.given(input_path!["taxIds", index, "number"], number, Form::TaxNumber, is_tax_number);
        if let (Some(country), Some(kind), Some(number)) = (country, kind, number) {
            kept.push(TaxId { country, kind, number });
        }
    }
    serde_json::to_string(&kept).ok()
}

/// Letters and digits with points, hyphens and slashes between them; the number is not verified.
fn is_tax_number(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/'))
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

pub(super) fn payment_terms(c: &mut Checker, given: &PaymentTerms) -> Option<String> {
    let mut days = |field: &str, value: Option<i32>| {
        let value = c.range(input_path!["paymentTerms", field], i64::from(value?), 0, MAX_DAYS)?;
        i32::try_from(value).ok()
    };
    let (net, early) = (days("days", given.days), days("discountDays", given.discount_days));
    let at = input_path!["paymentTerms", "discountPercent"];
    let discount_percent = match given.discount_percent.as_deref() {
        None => None,
        Some(text) => match parse_hundredths(text.trim()) {
            Some(points @ 0..=10_000) => Some(format!("{}.{:02}", points / 100, points % 100)),
            Some(_) => {
                c.refuse(at, Rejection::OutOfRange { least: 0, most: 100 });
                None
            }
            None => {
                c.refuse(at, Rejection::Malformed(Form::Amount));
                None
            }
        },
    };
    let text = words(c, input_path!["paymentTerms", "text"], given.text.as_ref(), MAX_TERMS);
    if *given == PaymentTerms::default() {
        c.refuse(input_path!["paymentTerms"], Rejection::Required);
    }
    serde_json::to_string(&PaymentTerms { days: net, discount_days: early, discount_percent, text }).ok()
}

/// A decimal number with at most two decimals, in hundredths.
fn parse_hundredths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > 2 {
        return None;
    }
    let part: u32 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_exact_to_the_hundredth() {
        let cases = [
            ("2", Some(200)),
            ("2.5", Some(250)),
            ("0.05", Some(5)),
            ("100.00", Some(10_000)),
            ("2.555", None),
            ("-1", None),
            ("", None),
            (".5", None),
            ("2,5", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse_hundredths(text), wanted, "{text}");
        }
    }

    #[test]
    fn terms_are_kept_as_they_are_read_again() {
        let mut c = Checker::default();
        let given = PaymentTerms { days: Some(30), discount_days: Some(10), discount_percent: Some("2".to_owned()), text: None };
        let text = payment_terms(&mut c, &given).unwrap();
        assert!(c.problems.is_empty());
        assert_eq!(read::<PaymentTerms>(&text), PaymentTerms { discount_percent: Some("2.00".to_owned()), ..given });
        assert_eq!((read::<Vec<Contact>>(""), read::<Vec<Contact>>("[]")), (Vec::new(), Vec::new()));
    }

    #[test]
    fn each_wrong_part_is_named() {
        let mut c = Checker::default();
        contacts(
            &mut c,
            &[
                Contact { name: Some("Ana".to_owned()), email: Some("nowhere".to_owned()), ..Contact::default() },
                Contact::default(),
            ],
        );
        address(&mut c, &Address { lines: vec![" ".to_owned()], ..Address::default() });
        tax_ids(&mut c, &[TaxId { country: "Spain".to_owned(), kind: "VAT".to_owned(), number: "ES B-12".to_owned() }]);
        payment_terms(
            &mut c,
            &PaymentTerms { days: Some(-1), discount_percent: Some("101".to_owned()), ..PaymentTerms::default() },
        );
        let paths: Vec<String> = c.problems.iter().map(|problem| problem.at.join(".")).collect();
        let wanted = [
            "contacts.0.email",
            "contacts.1",
            "address",
            "taxIds.0.country",
            "paymentTerms.days",
            "paymentTerms.discountPercent",
        ];
        assert_eq!(paths, wanted);
    }
}
