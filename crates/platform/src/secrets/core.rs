//! Master keys, and sealing with them: AES-256-GCM with a key derived for each context.
//!
//! A sealed value has two marker bytes, the length of the key's ID, the ID, twelve random bytes,
//! and the ciphertext with its tag. The ID and the context are authenticated with it, so that no
//! value opens in another row, another column or another tenant.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

/// First bytes of every sealed value: no DER, no UTF-8 text.
const MARK: [u8; 2] = [0xE5, 0x01];
/// Bytes of a master key.
pub const KEY_BYTES: usize = 32;
const MAX_ID_LENGTH: usize = 32;

/// A master key and the ID by which sealed values refer to it.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    pub id: String,
    secret: [u8; KEY_BYTES],
}

/// Master keys: the first seals, the others only open values that they sealed before.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys(Vec<MasterKey>);

/// Error in a text of keys. The text itself is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    #[error("there is no key")]
    Empty,
    #[error("key {0}: a line is the key's id, a colon, and 32 bytes in base64, as `entrepot keys new` prints it")]
    Line(usize),
    #[error("the key id {0} is given twice")]
    Twice(String),
    #[error("the key {0} is too regular to be random: make one with `entrepot keys new`")]
    Weak(String),
}

/// Reason that a value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("it is not sealed")]
    NotSealed,
    #[error("it is sealed under the key {0}, which is not among those given")]
    UnknownKey(String),
    #[error("it was changed, moved, or sealed under another key that is also called {0}")]
    Broken(String),
}

impl MasterKey {
    pub fn new(id: String, secret: [u8; KEY_BYTES]) -> Self {
        Self { id, secret }
    }

    /// The key as a line of a key file.
    pub fn line(&self) -> String {
        format!("{}:{}", self.id, STANDARD.encode(self.secret))
    }

    /// Derives bytes from the key, for one purpose and context.
    fn derive(&self, purpose: &str, context: &str) -> [u8; KEY_BYTES] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let mut text = hmac::Context::with_key(&key);
        [purpose, "\0", context].iter().for_each(|part| text.update(part.as_bytes()));
        let mut bytes = [0; KEY_BYTES];
        bytes.copy_from_slice(text.sign().as_ref());
        bytes
    }

    fn cipher(&self, context: &str) -> Option<LessSafeKey> {
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.derive("entrepot seal 1", context)).ok()?))
    }
}

impl Keys {
    pub fn of(key: MasterKey) -> Self {
        Self(vec![key])
    }

    /// Reads keys, one a line or between commas; empty lines and lines that begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        let lines = text.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for (index, line) in lines.enumerate() {
            let line_error = || KeyTextError::Line(index + 1);
            let (id, secret) = line.split_once(':').ok_or_else(line_error)?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if id.is_empty() || id.len() > MAX_ID_LENGTH || !id.chars().all(is_name) {
                return Err(line_error());
            }
            let secret: [u8; KEY_BYTES] = STANDARD.decode(secret).ok().and_then(|s| s.try_into().ok()).ok_or_else(line_error)?;
            let distinct_bytes: std::collections::BTreeSet<u8> = secret.into_iter().collect();
            if distinct_bytes.len() < KEY_BYTES / 2 {
                return Err(KeyTextError::Weak(id.to_owned()));
            }
            if keys.iter().any(|key| key.id == id) {
                return Err(KeyTextError::Twice(id.to_owned()));
            }
            keys.push(MasterKey { id: id.to_owned(), secret });
        }
        if keys.is_empty() { Err(KeyTextError::Empty) } else { Ok(Self(keys)) }
    }

    /// The keys as the text of a file.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(MasterKey::line).collect();
        format!(
            "# Keys of an Entrepot deployment. The first one seals. Without them the sealed values are lost.\n{}\n",
            lines.join("\n")
        )
    }

    /// Returns the keys with another one in front, which seals from now on.
    #[must_use]
    pub fn with_sealing_key(&self, key: MasterKey) -> Self {
        Self([key].into_iter().chain(self.0.iter().cloned()).collect())
    }
    /// Returns the keys without this one.
    #[must_use]
    pub fn without(&self, id: &str) -> Self {
        Self(self.0.iter().filter(|key| key.id != id).cloned().collect())
    }
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }
    /// Returns the key that seals. `parse` makes sure that there is one.
    pub fn first(&self) -> &MasterKey {
        &self.0[0]
    }
    pub fn get(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Seals for a context. The nonce must be random; a context's key may seal 2^32 values before a
    /// collision becomes likely.
    pub fn seal(&self, context: &str, plaintext: &[u8], nonce: [u8; NONCE_LEN]) -> Option<Vec<u8>> {
        let key = self.first();
        let mut body = plaintext.to_vec();
        let aad = associated_data(&key.id, context);
        key.cipher(context)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body).ok()?;
        Some([&MARK[..], &[key.id.len() as u8], key.id.as_bytes(), &nonce, &body].concat())
    }

    /// Opens a value that was sealed for the same context, with the key that the value names.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (id, rest) = parts(sealed).ok_or(OpenError::NotSealed)?;
        let key = self.get(id).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
        let broken_error = || OpenError::Broken(id.to_owned());
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(broken_error)?;
        let mut body = body.to_vec();
        let cipher = key.cipher(context).ok_or_else(broken_error)?;
        let aad = Aad::from(associated_data(id, context));
        let plaintext = cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut body).map_err(|_| broken_error())?;
        let length = plaintext.len();
        body.truncate(length);
        Ok(body)
    }

    /// Returns the blind index of a text that is stored sealed: under each key, the sealing one
    /// first.
    pub fn blind(&self, context: &str, text: &str) -> Vec<[u8; KEY_BYTES]> {
        let index = |key: &MasterKey| {
            let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, &key.derive("entrepot blind 1", context));
            let mut bytes = [0; KEY_BYTES];
            bytes.copy_from_slice(hmac::sign(&hmac_key, text.as_bytes()).as_ref());
            bytes
        };
        self.0.iter().map(index).collect()
    }

    /// Derives a secret of 32 bytes from the key with this ID, for other uses than sealing: signing
    /// stored data.
    pub fn derive_secret(&self, id: &str, purpose: &str) -> Option<[u8; KEY_BYTES]> {
        Some(self.get(id)?.derive("entrepot derived 1", purpose))
    }
}

fn associated_data(id: &str, context: &str) -> Vec<u8> {
    [&MARK[..], id.as_bytes(), b"\0", context.as_bytes()].concat()
}

fn parts(sealed: &[u8]) -> Option<(&str, &[u8])> {
    let rest = sealed.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first()?;
    let (id, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(id).ok()?, rest))
}

/// Returns the ID of the key that sealed a value; None if the value is not sealed.
pub fn key_of(stored: &[u8]) -> Option<&str> {
    parts(stored).map(|(id, _)| id)
}

/// A column whose values are sealed. A room lists its own, so that `entrepot keys rotate` finds them all.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// Columns of the table's primary key: all IDs, the tenant first if there is one.
    pub keys: &'static [&'static str],
    /// Column with the blind index for lookups of the value, if it has one.
    pub blind: Option<&'static str>,
    /// State of a value whose key is lost for good.
    pub loss: Loss,
}

/// Handling of a value that is given up because its key is lost for good. Further assignments of
/// its row are SQL, with `:now` for the present moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The row is deleted.
    Row,
    /// The value is null.
    Null(&'static str),
    /// The value is replaced by so many random bytes, sealed.
    Random(usize, &'static str),
}

impl SealedColumn {
    /// Returns the context to which a value of the row with this primary key is bound.
    pub fn context(&self, ids: &[Uuid]) -> String {
        let mut context = format!("{}.{}", self.table, self.column);
        ids.iter().for_each(|id| context.push_str(&format!("/{}", id.simple())));
        context
    }
    /// Returns the context of the blind index: it has the tenant, but no row, as otherwise a lookup
    /// would be impossible.
    pub fn blind_context(&self, tenant: Uuid) -> String {
        format!("{}.{}/{}", self.table, self.column, tenant.simple())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, first: u8) -> MasterKey {
        let mut secret = [0; KEY_BYTES];
        secret.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i as u8).wrapping_mul(37).wrapping_add(first));
        MasterKey::new(id.to_owned(), secret)
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_that_was_touched_or_moved() {
        let keys = Keys(vec![key("k1", 1)]);
        let sealed = keys.seal("totp.seed/a", b"seed", [9; NONCE_LEN]).unwrap();
        assert_eq!(keys.open("totp.seed/a", &sealed).unwrap(), b"seed");
        assert!(!sealed.windows(4).any(|part| part == b"seed"));
        assert_eq!(keys.open("totp.seed/b", &sealed), Err(OpenError::Broken("k1".to_owned())), "another row's context");
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert!(keys.open("totp.seed/a", &touched).is_err(), "byte {at}");
            assert!(keys.open("totp.seed/a", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(keys.open("totp.seed/a", b"seed"), Err(OpenError::NotSealed));
    }

    #[test]
    fn the_first_key_seals_and_the_others_open() {
        let old = Keys(vec![key("k1", 1)]);
        let sealed = old.seal("c", b"plain", [1; NONCE_LEN]).unwrap();
        let both = old.with_sealing_key(key("k2", 2));
        assert_eq!(both.open("c", &sealed).unwrap(), b"plain");
        assert_eq!(key_of(&both.seal("c", b"plain", [2; NONCE_LEN]).unwrap()), Some("k2"));
        assert_eq!(both.without("k1").open("c", &sealed), Err(OpenError::UnknownKey("k1".to_owned())));
        let impostor = Keys(vec![key("k1", 3)]);
        assert_eq!(impostor.open("c", &sealed), Err(OpenError::Broken("k1".to_owned())), "another key of the same name");
    }

    #[test]
    fn blind_indexes_meet_for_one_text_in_one_tenant_only() {
        let keys = Keys(vec![key("k1", 1)]);
        assert_eq!(keys.blind("email/t1", "ann@shop.example"), keys.blind("email/t1", "ann@shop.example"));
        assert_ne!(keys.blind("email/t1", "ann@shop.example"), keys.blind("email/t2", "ann@shop.example"));
        let both = keys.with_sealing_key(key("k2", 2));
        assert_eq!(both.blind("c", "a")[1], keys.blind("c", "a")[0], "what was indexed under the old key is still found");
    }

    #[test]
    fn reads_keys_and_says_what_is_wrong_without_repeating_them() {
        let one = key("k1", 1);
        let read = Keys::parse(&format!("# a file\n\n{}\n{}\n", one.line(), key("k2", 2).line())).unwrap();
        assert_eq!(read.ids().collect::<Vec<_>>(), ["k1", "k2"]);
        assert_eq!(Keys::parse(&read.text()), Ok(read));
        assert_eq!(Keys::parse(" \n#\n"), Err(KeyTextError::Empty));
        let zeros = STANDARD.encode([0; KEY_BYTES]);
        assert_eq!(Keys::parse(&format!("k1:{zeros}")), Err(KeyTextError::Weak("k1".to_owned())));
        assert_eq!(Keys::parse(&format!("{0}\n{0}", one.line())), Err(KeyTextError::Twice("k1".to_owned())));
        for line in ["k1", "k1:", "k1:c2hvcnQ=", ":AAAA", "k 1:AAAA"] {
            assert_eq!(Keys::parse(line), Err(KeyTextError::Line(1)), "{line}");
        }
    }
}
