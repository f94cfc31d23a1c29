//! Opaque tokens: 256 random bits that the client keeps, and of which only the SHA-256 is stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::clock::Clock;
use sha2::{Digest, Sha256};

/// Purpose of a token, which its prefix states: a reader of a log recognises it, and a scanner can
/// search for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Refresh,
    /// A login that waits for a second factor.
    Challenge,
    /// A new password.
    Reset,
    /// An address that is confirmed.
    Verify,
    /// An invitation.
    Invite,
    /// Token of a device that a user has logged in from.
    Device,
}

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "epr_",
            Self::Challenge => "epc_",
            Self::Reset => "epw_",
            Self::Verify => "epv_",
            Self::Invite => "epi_",
            Self::Device => "epd_",
        }
    }
}

/// A new token, and the hash to store.
pub fn generate_token(clock: &Clock, purpose: Purpose) -> (String, [u8; 32]) {
    let mut bytes = [0u8; 32];
    clock.fill(&mut bytes);
    encode_token(bytes, purpose)
}

/// The token made of these bytes, and the hash to store.
pub fn encode_token(bytes: [u8; 32], purpose: Purpose) -> (String, [u8; 32]) {
    let token = format!("{}{}", purpose.prefix(), URL_SAFE_NO_PAD.encode(bytes));
    let hash = digest(&token);
    (token, hash)
}

/// Returns the hash that is stored of a token for this purpose; None if the text cannot be such a
/// token, which then costs no query.
pub fn hash_token(token: &str, purpose: Purpose) -> Option<[u8; 32]> {
    let text = token.strip_prefix(purpose.prefix())?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == 32).then(|| digest(token))
}

/// Returns the hash that is stored of a short code, bound to a token: without the token the codes
/// cannot be tried one by one.
pub fn hash_code(token: &str, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(token.as_bytes()).chain_update([0]).chain_update(code.as_bytes()).finalize().into()
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_junk_by_its_form() {
        let clock = Clock::system();
        let (token, hash) = generate_token(&clock, Purpose::Refresh);
        assert_eq!(hash_token(&token, Purpose::Refresh), Some(hash));
        assert_ne!(generate_token(&clock, Purpose::Refresh).1, hash);
        for junk in ["", "epr_", "epr_AAAA", &token[1..], &token[..token.len() - 1], &format!("{token}A")] {
            assert_eq!(hash_token(junk, Purpose::Refresh), None, "{junk}");
        }
    }
}
