//! Shipping carriers, and the labels of parcels.

use entity::prelude::*;

use super::refusal::Refusal;
use crate::stock::core::{At, Field, Noun, Rejection, RoomRefusal};

/// Maximum characters of a carrier's code, and of a service's name.
pub const MAX_CODE: usize = 64;
const MAX_NAME: usize = 200;
const MAX_URL_TEMPLATE_LENGTH: usize = 1_000;
const MAX_NUMBER_PATTERN_LENGTH: usize = 64;
pub const MAX_SERVICES: usize = 50;
/// Placeholder of the tracking number in a URL template.
const NUMBER_PLACEHOLDER: &str = "{number}";

/// A carrier of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingCarrier {
    pub id: CarrierId,
    pub code: String,
    pub name: String,
    pub services: Vec<String>,
    pub url_template: Option<String>,
    pub number_pattern: Option<String>,
    pub is_active: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Input for a carrier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewCarrier {
    pub code: String,
    pub name: String,
    pub services: Vec<String>,
    pub url_template: Option<String>,
    pub number_pattern: Option<String>,
    pub is_active: bool,
}

/// Reasons to refuse the input of a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarrierProblem {
    NoCode,
    Code,
    NoName,
    Name,
    Services { most: usize },
    Service,
    Template,
    Pattern,
}

/// Carrier, service and tracking number on a parcel's label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    pub carrier: Option<CarrierId>,
    pub service: Option<String>,
    pub tracking_number: Option<String>,
}

fn is_text(text: &str, max_chars: usize) -> bool {
    !text.trim().is_empty() && text.chars().nth(max_chars).is_none() && !text.chars().any(char::is_control)
}

/// Returns all problems of a carrier's input.
pub fn check_carrier(new: &NewCarrier) -> Vec<CarrierProblem> {
    let mut problems = Vec::new();
    if new.code.trim().is_empty() {
        problems.push(CarrierProblem::NoCode);
    } else if !is_text(&new.code, MAX_CODE) {
        problems.push(CarrierProblem::Code);
    }
    if new.name.trim().is_empty() {
        problems.push(CarrierProblem::NoName);
    } else if !is_text(&new.name, MAX_NAME) {
        problems.push(CarrierProblem::Name);
    }
    if new.services.len() > MAX_SERVICES {
        problems.push(CarrierProblem::Services { most: MAX_SERVICES });
    }
    if new.services.iter().any(|service| !is_text(service, MAX_CODE)) {
        problems.push(CarrierProblem::Service);
    }
    if new.url_template.as_ref().is_some_and(|template| !is_template(template)) {
        problems.push(CarrierProblem::Template);
    }
    if new.number_pattern.as_ref().is_some_and(|pattern| !is_text(pattern, MAX_NUMBER_PATTERN_LENGTH)) {
        problems.push(CarrierProblem::Pattern);
    }
    problems
}

/// True if the text is a web address with one placeholder for the number, outside of its host.
fn is_template(template: &str) -> bool {
    let Some(address) = template.strip_prefix("https://") else { return false };
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    is_text(template, MAX_URL_TEMPLATE_LENGTH)
        && !template.contains(char::is_whitespace)
        && template.matches(NUMBER_PLACEHOLDER).count() == 1
        && !host.is_empty()
        && !host.contains(['{', '}', '@'])
}

/// True if a number matches the pattern: `#` is a digit, `@` a letter, `*` either; other characters
/// match themselves.
fn matches_pattern(number: &str, pattern: &str) -> bool {
    let fits = |(actual, expected): (char, char)| match expected {
        '#' => actual.is_ascii_digit(),
        '@' => actual.is_ascii_alphabetic(),
        '*' => actual.is_ascii_alphanumeric(),
        literal => actual == literal,
    };
    number.chars().count() == pattern.chars().count() && number.chars().zip(pattern.chars()).all(fits)
}

impl ShippingCarrier {
    /// Returns the tracking page of a parcel; None if the carrier has no template.
    pub fn url(&self, number: &str) -> Option<String> {
        let mut encoded = String::with_capacity(number.len());
        for byte in number.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        Some(self.url_template.as_ref()?.replace(NUMBER_PLACEHOLDER, &encoded))
    }

    /// Checks that a label names one of the carrier's services and a number of its form.
    pub fn check(&self, label: &Label, at: At) -> Result<(), Rejection> {
        if !self.is_active {
            return Err(Refusal::CarrierInactive { code: self.code.clone() }.at(at.field(Field::Carrier)));
        }
        let is_known = |service: &String| self.services.is_empty() || self.services.contains(service);
        if label.service.as_ref().is_some_and(|service| !is_known(service)) {
            return Err(Refusal::NoSuchService { code: self.code.clone() }.at(at.field(Field::Service)));
        }
        match (&label.tracking_number, &self.number_pattern) {
            (Some(number), Some(pattern)) if !matches_pattern(number, pattern) => {
                Err(Refusal::NumberOdd { pattern: pattern.clone() }.at(at.field(Field::TrackingNumber)))
            }
            _ => Ok(()),
        }
    }
}

impl Label {
    /// Checks it by its carrier, which is one of those that were loaded.
    pub fn check(&self, carriers: &std::collections::HashMap<CarrierId, ShippingCarrier>, at: At) -> Result<(), Rejection> {
        self.carrier_in(carriers, at)?.map_or(Ok(()), |carrier| carrier.check(self, at))
    }
    /// Returns the label's carrier, if it names one; rejects one that was not loaded.
    pub fn carrier_in<'a>(
        &self,
        carriers: &'a std::collections::HashMap<CarrierId, ShippingCarrier>,
        at: At,
    ) -> Result<Option<&'a ShippingCarrier>, Rejection> {
        let find_carrier = |id| carriers.get(&id).ok_or_else(|| Rejection::not_found(Noun::Carrier, at.field(Field::Carrier)));
        self.carrier.map(find_carrier).transpose()
    }
    /// Overwrites the fields that `other` has.
    pub fn change(&mut self, other: &Self) {
        if other.carrier.is_some() {
            self.carrier = other.carrier;
        }
        if other.service.is_some() {
            self.service.clone_from(&other.service);
        }
        if other.tracking_number.is_some() {
            self.tracking_number.clone_from(&other.tracking_number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcels() -> ShippingCarrier {
        ShippingCarrier {
            id: CarrierId::NIL,
            code: "POST".to_owned(),
            name: "Post".to_owned(),
            services: vec!["24".to_owned(), "48".to_owned()],
            url_template: Some("https://post.example/track?id={number}&lang=en".to_owned()),
            number_pattern: Some("@@#########GB".to_owned()),
            is_active: true,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn label(service: Option<&str>, number: &str) -> Label {
        Label { carrier: None, service: service.map(str::to_owned), tracking_number: Some(number.to_owned()) }
    }

    #[test]
    fn a_number_has_the_form_of_its_carrier() {
        let carrier = parcels();
        for (service, number, is_good) in [
            (Some("24"), "AB123456789GB", true),
            (None, "ab123456789GB", true),
            (None, "AB123456789DE", false),
            (None, "AB12345678GB", false),
            (None, "A1123456789GB", false),
            (Some("96"), "AB123456789GB", false),
        ] {
            assert_eq!(carrier.check(&label(service, number), At::INPUT).is_ok(), is_good, "{service:?} {number}");
        }
        let closed = ShippingCarrier { is_active: false, ..parcels() };
        assert!(closed.check(&Label::default(), At::INPUT).is_err());
    }

    #[test]
    fn a_page_has_the_number_in_its_place_and_nothing_else_of_it() {
        let carrier = parcels();
        assert_eq!(carrier.url("AB 1&x=é").unwrap(), "https://post.example/track?id=AB%201%26x%3D%C3%A9&lang=en");
        assert_eq!(ShippingCarrier { url_template: None, ..carrier }.url("1"), None);
    }

    #[test]
    fn a_template_is_a_page_of_the_web_with_one_number() {
        for (template, is_good) in [
            ("https://post.example/{number}", true),
            ("http://post.example/{number}", false),
            ("https://post.example/", false),
            ("https://post.example/{number}/{number}", false),
            ("https://{number}.example/", false),
            ("https://user@post.example/{number}", false),
            ("https:///{number}", false),
            ("https://post.example/ {number}", false),
            ("javascript:alert({number})", false),
        ] {
            assert_eq!(is_template(template), is_good, "{template}");
        }
    }
}
