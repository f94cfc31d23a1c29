//! E-mail addresses that people name as recipients: of alert rules, and of schedules of views.

use std::collections::BTreeMap;

/// The longest address of an e-mail, in characters.
pub const MAX_EMAIL: usize = 254;

/// Reason to refuse an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidAddress {
    /// The address is empty.
    Missing,
    /// The address is longer than `MAX_EMAIL`.
    TooLong,
    /// The text is no address, or more than one.
    Invalid,
}

/// Accepts an address: one @ with text on both sides, no spaces, nothing that could end a line or
/// begin another address.
///
/// # Errors
/// The fault of the address.
pub fn check_address(text: &str) -> Result<(), InvalidAddress> {
    if text.trim().is_empty() {
        return Err(InvalidAddress::Missing);
    }
    if text.chars().nth(MAX_EMAIL).is_some() {
        return Err(InvalidAddress::TooLong);
    }
    let has_parts = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_invalid = text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c));
    if has_parts && !is_invalid { Ok(()) } else { Err(InvalidAddress::Invalid) }
}

/// Returns the key of an address's mailbox, which ignores the case of letters.
pub fn mailbox_key(address: &str) -> String {
    address.to_lowercase()
}

/// Whether two addresses are one mailbox.
pub fn is_same_address(one: &str, other: &str) -> bool {
    mailbox_key(one) == mailbox_key(other)
}

/// Returns the addresses without repetitions, sorted.
pub fn distinct_addresses(emails: &[String]) -> Vec<String> {
    let mut email_by_mailbox: BTreeMap<String, &String> = BTreeMap::new();
    for email in emails {
        email_by_mailbox.entry(mailbox_key(email)).or_insert(email);
    }
    email_by_mailbox.into_values().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_cannot_carry_more_than_themselves() {
        for good in ["ada@example.com", "a+b@x"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in ["ada", "@x", "a@", "a@b@c", "a b@x", "a@x\nBcc: b@y", "a@x,b@y", "Ada <a@x>"] {
            assert_eq!(check_address(bad), Err(InvalidAddress::Invalid), "{bad:?}");
        }
        assert_eq!(["", " "].map(check_address), [Err(InvalidAddress::Missing); 2]);
        let long = |letters: usize| format!("{}@x", "a".repeat(letters));
        assert_eq!((check_address(&long(252)), check_address(&long(253))), (Ok(()), Err(InvalidAddress::TooLong)));
    }

    #[test]
    fn an_address_that_is_named_twice_gets_one_e_mail() {
        let given = ["bob@x", "Ada@X", "ada@x", "bob@x"].map(str::to_owned);
        assert_eq!(distinct_addresses(&given), ["Ada@X", "bob@x"]);
        assert!(is_same_address("Ada@X", "ada@x"));
    }
}
