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
const MAX_SHORT_TEXT_LENGTH: usize = 120;
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

    pub(super) fn check(&self, checker: &mut Checker) -> ContactColumns {
        let contacts = match &self.contacts {
            Patch::Clear => Patch::Set("[]".to_owned()),
            other => checker.optional_patch(other, |checker, list| contacts(checker, list)),
        };
        ContactColumns { contacts, address: checker.optional_patch(&self.address, address) }
    }
}

impl TermsFields {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, checker: &mut Checker) -> TermsColumns {
        let tax_ids = match &self.tax_ids {
            Patch::Clear => Patch::Set("[]".to_owned()),
            other => checker.optional_patch(other, |checker, list| tax_ids(checker, list)),
        };
        TermsColumns { tax_ids, payment_terms: checker.optional_patch(&self.payment_terms, payment_terms) }
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

fn field_path(at: &[String], field: &str) -> InputPath {
    at.iter().cloned().chain([field.to_owned()]).collect()
}

/// Checks an optional text; an empty one counts as absent.
fn check_optional_line(checker: &mut Checker, at: InputPath, value: Option<&String>, max_length: usize) -> Option<String> {
    let value = value.filter(|text| !text.trim().is_empty())?;
    checker.line(at, value, max_length)
}

pub(super) fn contacts(checker: &mut Checker, list: &[Contact]) -> Option<String> {
    if list.len() > MAX_CONTACTS {
        checker.refuse(input_path!["contacts"], Rejection::TooMany { most: MAX_CONTACTS });
        return None;
    }
    let mut checked_contacts: Vec<Contact> = Vec::with_capacity(list.len());
    for (index, contact) in list.iter().enumerate() {
        let at = input_path!["contacts", index];
        let email = contact.email.as_ref().filter(|text| !text.trim().is_empty());
        let checked = Contact {
            name: check_optional_line(checker, field_path(&at, "name"), contact.name.as_ref(), MAX_SHORT_TEXT_LENGTH),
            email: email.and_then(|text| checker.email(field_path(&at, "email"), text)),
            phone: check_optional_line(checker, field_path(&at, "phone"), contact.phone.as_ref(), MAX_SHORT_TEXT_LENGTH),
            role: check_optional_line(checker, field_path(&at, "role"), contact.role.as_ref(), MAX_SHORT_TEXT_LENGTH),
        };
        let identifying_texts = [&contact.name, &contact.email, &contact.phone];
        if identifying_texts.into_iter().flatten().all(|text| text.trim().is_empty()) {
            checker.refuse(at, Rejection::Required);
        }
        checked_contacts.push(checked);
    }
    serde_json::to_string(&checked_contacts).ok()
}

fn address(checker: &mut Checker, input: &Address) -> Option<String> {
    let at = input_path!["address"];
    let checked_address = check_address(checker, &at, input)?;
    serde_json::to_string(&checked_address).ok()
}

pub(super) fn addresses(checker: &mut Checker, list: &[Address]) -> Option<String> {
    if list.len() > MAX_ADDRESSES {
        checker.refuse(input_path!["addresses"], Rejection::TooMany { most: MAX_ADDRESSES });
        return None;
    }
    let mut checked_addresses: Vec<Address> = Vec::with_capacity(list.len());
    for (index, address) in list.iter().enumerate() {
        let at = input_path!["addresses", index];
        checked_addresses.extend(check_address(checker, &at, address));
    }
    serde_json::to_string(&checked_addresses).ok()
}

/// Checks an address at this path of the input; at least one of its fields must have a text.
fn check_address(checker: &mut Checker, at: &[String], address: &Address) -> Option<Address> {
    let at_lines = field_path(at, "lines");
    if address.lines.len() > MAX_LINES {
        checker.refuse(at_lines, Rejection::TooMany { most: MAX_LINES });
        return None;
    }
    let mut lines: Vec<String> = Vec::with_capacity(address.lines.len());
    for (index, line) in address.lines.iter().enumerate() {
        lines.extend(check_optional_line(checker, field_path(&at_lines, &index.to_string()), Some(line), MAX_SHORT_TEXT_LENGTH));
    }
    let mut checked_line = |field: &str, value: Option<&String>, max_length: usize| {
        check_optional_line(checker, field_path(at, field), value, max_length)
    };
    let checked_address = Address {
        name: checked_line("name", address.name.as_ref(), MAX_SHORT_TEXT_LENGTH),
        company: checked_line("company", address.company.as_ref(), MAX_SHORT_TEXT_LENGTH),
        lines,
        city: checked_line("city", address.city.as_ref(), MAX_SHORT_TEXT_LENGTH),
        region: checked_line("region", address.region.as_ref(), MAX_SHORT_TEXT_LENGTH),
        postal_code: checked_line("postalCode", address.postal_code.as_ref(), MAX_SHORT_TEXT_LENGTH),
        country: checked_line("country", address.country.as_ref(), MAX_COUNTRY).map(country_code),
        phone: checked_line("phone", address.phone.as_ref(), MAX_SHORT_TEXT_LENGTH),
    };
    if checked_address == Address::default() && !checker.problems.iter().any(|problem| problem.at.starts_with(at)) {
        checker.refuse(at.to_vec(), Rejection::Required);
    }
    Some(checked_address)
}

pub(super) fn tax_ids(checker: &mut Checker, list: &[TaxId]) -> Option<String> {
    if list.len() > MAX_TAX_IDS {
        checker.refuse(input_path!["taxIds"], Rejection::TooMany { most: MAX_TAX_IDS });
        return None;
    }
    let mut checked_tax_ids: Vec<TaxId> = Vec::with_capacity(list.len());
    for (index, tax_id) in list.iter().enumerate() {
        let country = tax_id.country.trim().to_ascii_uppercase();
        let is_code = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let country = checker.check_required(input_path!["taxIds", index, "country"], country, Form::Country, is_code);
        let kind = checker.line(input_path!["taxIds", index, "kind"], &tax_id.kind, MAX_KIND);
        let number: String = tax_id.number.split_whitespace().collect::<String>().to_uppercase();
        let number = checker.check_required(input_path!["taxIds", index, "number"], number, Form::TaxNumber, is_tax_number);
        if let (Some(country), Some(kind), Some(number)) = (country, kind, number) {
            checked_tax_ids.push(TaxId { country, kind, number });
        }
    }
    serde_json::to_string(&checked_tax_ids).ok()
}

/// Letters and digits with points, hyphens and slashes between them; the number is not verified.
fn is_tax_number(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/'))
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

pub(super) fn payment_terms(checker: &mut Checker, terms: &PaymentTerms) -> Option<String> {
    let mut days = |field: &str, value: Option<i32>| {
        let value = checker.range(input_path!["paymentTerms", field], i64::from(value?), 0, MAX_DAYS)?;
        i32::try_from(value).ok()
    };
    let (net_days, early_payment_days) = (days("days", terms.days), days("discountDays", terms.discount_days));
    let at = input_path!["paymentTerms", "discountPercent"];
    let discount_percent = match terms.discount_percent.as_deref() {
        None => None,
        Some(text) => match parse_hundredths(text.trim()) {
            Some(points @ 0..=10_000) => Some(format!("{}.{:02}", points / 100, points % 100)),
            Some(_) => {
                checker.refuse(at, Rejection::OutOfRange { least: 0, most: 100 });
                None
            }
            None => {
                checker.refuse(at, Rejection::Malformed(Form::Amount));
                None
            }
        },
    };
    let text = check_optional_line(checker, input_path!["paymentTerms", "text"], terms.text.as_ref(), MAX_TERMS);
    if *terms == PaymentTerms::default() {
        checker.refuse(input_path!["paymentTerms"], Rejection::Required);
    }
    serde_json::to_string(&PaymentTerms { days: net_days, discount_days: early_payment_days, discount_percent, text }).ok()
}

/// A decimal number with at most two decimals, in hundredths.
fn parse_hundredths(text: &str) -> Option<u32> {
    let (whole_part, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole_part) || !is_digits(part) || part.len() > 2 {
        return None;
    }
    let part: u32 = format!("{part:0<2}").parse().ok()?;
    whole_part.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part)
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
