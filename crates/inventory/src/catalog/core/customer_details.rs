//! Contacts, addresses, tax numbers and payment terms of a customer. They are sealed like the name,
//! unlike those of companies.

use entity::customer::CustomerDetails;
use serde::Serialize;

use super::{
    check::Checker,
    company::{self, Address, Contact, TermsFields},
    patch::Patch,
};

/// Input form of the particulars. A list replaces the whole list; an empty one clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CustomerDetailsFields {
    pub contacts: Patch<Vec<Contact>>,
    pub addresses: Patch<Vec<Address>>,
    pub terms: TermsFields,
}

/// Checked: the texts that are sealed.
#[derive(Debug, Clone)]
pub struct CustomerDetailsCommand {
    contacts: Patch<String>,
    addresses: Patch<String>,
    tax_ids: Patch<String>,
    payment_terms: Patch<String>,
}

impl CustomerDetailsFields {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self, checker: &mut Checker) -> CustomerDetailsCommand {
        CustomerDetailsCommand {
            contacts: clear_if_empty_list(
                checker.optional_patch(&self.contacts, |checker, list| company::contacts(checker, list)),
            ),
            addresses: clear_if_empty_list(
                checker.optional_patch(&self.addresses, |checker, list| company::addresses(checker, list)),
            ),
            tax_ids: clear_if_empty_list(
                checker.optional_patch(&self.terms.tax_ids, |checker, list| company::tax_ids(checker, list)),
            ),
            payment_terms: checker.optional_patch(&self.terms.payment_terms, company::payment_terms),
        }
    }
}

fn clear_if_empty_list(list: Patch<String>) -> Patch<String> {
    match list {
        Patch::Set(text) if text == "[]" => Patch::Clear,
        other => other,
    }
}

impl CustomerDetailsCommand {
    /// Command that clears all particulars.
    pub(super) fn clear_all() -> Self {
        Self { contacts: Patch::Clear, addresses: Patch::Clear, tax_ids: Patch::Clear, payment_terms: Patch::Clear }
    }
    pub(super) fn apply(&self, to: &mut CustomerDetails) {
        self.contacts.apply(&mut to.contacts);
        self.addresses.apply(&mut to.addresses);
        self.tax_ids.apply(&mut to.tax_ids);
        self.payment_terms.apply(&mut to.payment_terms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply_details(fields: &CustomerDetailsFields, to: &mut CustomerDetails) -> Vec<String> {
        let mut checker = Checker::default();
        fields.check(&mut checker).apply(to);
        checker.problems.iter().map(|problem| problem.at.join(".")).collect()
    }

    #[test]
    fn lists_are_said_whole_and_an_empty_one_leaves_nothing() {
        let mut kept = CustomerDetails::default();
        let address = |city: &str| Address { city: Some(city.to_owned()), ..Address::default() };
        let two = CustomerDetailsFields {
            addresses: Patch::Set(vec![address("Leeds"), address("York")]),
            ..CustomerDetailsFields::default()
        };
        assert_eq!(apply_details(&two, &mut kept), Vec::<String>::new());
        let read: Vec<Address> = company::read(kept.addresses.as_deref().unwrap_or_default());
        assert_eq!(read, [address("Leeds"), address("York")]);
        // A field that is left out keeps its value.
        assert_eq!(apply_details(&CustomerDetailsFields::default(), &mut kept), Vec::<String>::new());
        assert!(kept.addresses.is_some());
        for nothing in [Patch::Set(Vec::new()), Patch::Clear] {
            let mut kept = kept.clone();
            apply_details(&CustomerDetailsFields { addresses: nothing, ..CustomerDetailsFields::default() }, &mut kept);
            assert_eq!(kept, CustomerDetails::default());
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place_in_the_list() {
        let wrong = Address { city: Some("two\nlines".to_owned()), ..Address::default() };
        let good = Address { lines: vec!["1 Kiln Lane".to_owned()], ..Address::default() };
        let addresses = Patch::Set(vec![good, wrong, Address::default()]);
        let told = apply_details(
            &CustomerDetailsFields { addresses, ..CustomerDetailsFields::default() },
            &mut CustomerDetails::default(),
        );
        assert_eq!(told, ["addresses.1.city", "addresses.2"]);
    }
}
