//! An independent implementation of an RFC 6238 authenticator.

use aws_lc_rs::hmac;

/// A person's phone with an authenticator.
#[derive(Clone)]
pub(crate) struct Phone(pub Vec<u8>);

impl Phone {
    pub(crate) fn of(uri: &str) -> Self {
        let secret = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
        let mut bits = String::new();
        for letter in secret.bytes() {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
            bits.push_str(&format!("{value:05b}"));
        }
        Self(
            bits.as_bytes()
                .chunks_exact(8)
                .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
                .collect(),
        )
    }

    /// The code at a time, in seconds since 1970.
    pub(crate) fn at(&self, seconds: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let mac = hmac::sign(&key, &(seconds / 30).to_be_bytes());
        let mac = mac.as_ref();
        let offset = usize::from(mac[19] & 15);
        let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}
