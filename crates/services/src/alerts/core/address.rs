//! E-mail addresses that people name as recipients: of alert rules, and of schedules of views.

use std::collections::BTreeMap;

/// The longest address of an e-mail, in characters.
pub const MAX_EMAIL: usize = 254;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAddress {
    /// There is none.
    Missing,
    /// It is longer than `MAX_EMAIL`.
    TooLong,
    /// It is no address, or more than one.
    Invalid,
}

/// An address has one @ with something around it, no spaces, nothing that could end a line or begin another address.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(text: &str) -> Result<(), BadAddress> {
    if text.trim().is_empty() {
        return Err(BadAddress::Missing);
    }
    if text.chars().nth(MAX_EMAIL).is_some() {
        return Err(BadAddress::TooLong);
    }
    let has_parts = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_odd = text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c));
    if has_parts && !is_odd { Ok(()) } else { Err(BadAddress::Invalid) }
}

/// What tells the mailbox of an address from others: the case of letters does not.
pub fn mailbox(address: &str) -> String {
    address.to_lowercase()
}

/// Whether two addresses are one mailbox.
pub fn is_same_address(one: &str, other: &str) -> bool {
    mailbox(one) == mailbox(other)
}

/// The addresses without repetitions, by the alphabet.
pub fn distinct_addresses(emails: &[String]) -> Vec<String> {
    let mut all: BTreeMap<String, &String> = BTreeMap::new();
    for email in emails {
        all.entry(mailbox(email)).or_insert(email);
    }
    all.into_values().cloned().collect()
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
            assert_eq!(check_address(bad), Err(BadAddress::Invalid), "{bad:?}");
        }
        assert_eq!(["", " "].map(check_address), [Err(BadAddress::Missing); 2]);
        let long = |letters: usize| format!("{}@x", "a".repeat(letters));
        assert_eq!((check_address(&long(252)), check_address(&long(253))), (Ok(()), Err(BadAddress::TooLong)));
    }

    #[test]
    fn an_address_that_is_named_twice_gets_one_e_mail() {
        let given = ["bob@x", "Ada@X", "ada@x", "bob@x"].map(str::to_owned);
        assert_eq!(distinct_addresses(&given), ["Ada@X", "bob@x"]);
        assert!(is_same_address("Ada@X", "ada@x"));
    }
}
