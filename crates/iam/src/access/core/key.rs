//! The secret of an API key: `epk_live_` or `epk_test_`, 32 characters of base 62 (190 bits), and a
//! checksum of six characters. With the checksum a mistyped or made-up key is refused without a
//! query, and secret scanners recognize a key: `epk_(live|test)_[0-9A-Za-z]{38}`.

use std::fmt;

use sha2::{Digest, Sha256};

const LIVE_PREFIX: &str = "epk_live_";
const TEST_PREFIX: &str = "epk_test_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;
/// Characters of the body that are shown for ever.
const VISIBLE_LENGTH: usize = 6;

/// Whether the tenant of a key is for trying things out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Live,
    Test,
}

/// A secret, to be shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.prefix())
    }
}

/// Returns the kind of tenant that a secret opens, read from its prefix.
pub fn kind_of(secret: &str) -> Kind {
    if secret.starts_with(TEST_PREFIX) { Kind::Test } else { Kind::Live }
}

/// Whether a bearer token is meant as a key, right or wrong.
pub fn has_key_prefix(token: &str) -> bool {
    token.starts_with("epk_")
}

impl Secret {
    /// Creates a secret from random bytes, which `fill_random` supplies. Bytes beyond the largest multiple
    /// of 62 are drawn again, so that every character is equally likely.
    pub fn make(kind: Kind, mut fill_random: impl FnMut(&mut [u8])) -> Self {
        let mut text = String::from(match kind {
            Kind::Live => LIVE_PREFIX,
            Kind::Test => TEST_PREFIX,
        });
        let end = text.len() + BODY_LENGTH;
        while text.len() < end {
            let mut bytes = [0; BODY_LENGTH];
            fill_random(&mut bytes);
            let characters =
                bytes.into_iter().filter(|byte| *byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte) % 62]));
            let remaining = end - text.len();
            text.extend(characters.take(remaining));
        }
        let check = checksum(text.as_bytes());
        text.extend(check.map(char::from));
        Self(text)
    }

    /// A token that has the form and the checksum of a key.
    pub fn parse(token: &str) -> Option<Self> {
        let body = token.strip_prefix(LIVE_PREFIX).or_else(|| token.strip_prefix(TEST_PREFIX))?;
        let is_formed = body.len() == BODY_LENGTH + CHECKSUM_LENGTH && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (payload, check) = token.as_bytes().split_at_checked(token.len().checked_sub(CHECKSUM_LENGTH)?)?;
        (is_formed && checksum(payload) == check).then(|| Self(token.to_owned()))
    }

    pub fn text(&self) -> &str {
        &self.0
    }
    /// Returns the kind of tenant that it opens.
    pub fn kind(&self) -> Kind {
        kind_of(&self.0)
    }
    /// Returns the part of the secret that is always shown.
    pub fn prefix(&self) -> &str {
        &self.0[..LIVE_PREFIX.len() + VISIBLE_LENGTH]
    }
    /// Returns the hash that is stored. A secret of 190 random bits needs no password hash.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// CRC-32 (ISO 3309) of everything before it, in base 62, the largest digit first.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut rest = !crc;
    let mut digits = [0; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        let mut next = 0u8;
        Secret::make(Kind::Live, |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(17).wrapping_add(91);
                *byte = next;
            }
        })
    }

    #[test]
    fn a_secret_is_known_by_its_checksum() {
        let secret = secret();
        assert_eq!(secret.text().len(), 47);
        assert_eq!(Secret::parse(secret.text()).as_ref(), Some(&secret));
        assert_eq!((secret.prefix().len(), secret.kind()), (15, Kind::Live));
        assert!(!format!("{secret:?}").contains(&secret.text()[15..]), "a secret does not get into logs");
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let right = secret().text().to_owned();
        for at in 0..right.len() {
            for other in ALPHABET.iter().chain(b"%_-.").filter(|other| **other != right.as_bytes()[at]) {
                let mut wrong = right.clone().into_bytes();
                wrong[at] = *other;
                assert_eq!(Secret::parse(std::str::from_utf8(&wrong).unwrap()), None, "at {at}");
            }
        }
        for junk in
            ["", "epk_", "epk_live_", "epk_live_short", &right[1..], &format!("{right}0"), &right.to_uppercase(), "epk_liveé"]
        {
            assert_eq!(Secret::parse(junk), None, "{junk}");
        }
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        // The check value of CRC-32/ISO-HDLC is 0xcbf43926 for "123456789".
        let digits = checksum(b"123456789");
        let value = digits.iter().fold(0u64, |n, digit| n * 62 + ALPHABET.iter().position(|c| c == digit).unwrap() as u64);
        assert_eq!(value, 0xcbf4_3926);
    }
}
