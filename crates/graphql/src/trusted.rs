//! Documents that an operator has listed, by the SHA-256 of their text: clients send only the ID,
//! and a node or a key can be restricted to them.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

/// The listed documents.
#[derive(Debug, Default)]
pub struct TrustedDocuments {
    by_digest: HashMap<[u8; 32], Arc<str>>,
}

/// Reason that a list of trusted documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustedError {
    #[error("the trusted documents cannot be read: {0}: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("{0} should be a JSON map from SHA-256 to document: {1}")]
    NotAMap(PathBuf, serde_json::Error),
    #[error("{0}: the id {1} is not the SHA-256 of its document, in hexadecimal")]
    WrongId(PathBuf, String),
    #[error("{0} holds no document")]
    Nothing(PathBuf),
}

impl TrustedDocuments {
    /// Loads a file that maps IDs to documents, as code generators write it
    /// (`persisted-documents.json`), or the `.graphql` files of a folder, one document each.
    ///
    /// # Errors
    /// The path cannot be read, or its content is invalid.
    pub fn load(path: &Path) -> Result<Self, TrustedError> {
        let trusted = if path.is_dir() { Self::of_folder(path)? } else { Self::of_file(path)? };
        if trusted.by_digest.is_empty() {
            return Err(TrustedError::Nothing(path.to_owned()));
        }
        Ok(trusted)
    }

    fn of_file(path: &Path) -> Result<Self, TrustedError> {
        let bytes = fs::read(path).map_err(|error| TrustedError::Unreadable(path.to_owned(), error))?;
        let documents: HashMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|error| TrustedError::NotAMap(path.to_owned(), error))?;
        let mut trusted = Self::default();
        for (id, text) in documents {
            if digest_of(&id) != Some(digest(&text)) {
                return Err(TrustedError::WrongId(path.to_owned(), id));
            }
            trusted.add(&text);
        }
        Ok(trusted)
    }

    fn of_folder(path: &Path) -> Result<Self, TrustedError> {
        let unreadable = |error| TrustedError::Unreadable(path.to_owned(), error);
        let mut trusted = Self::default();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|extension| extension == "graphql" || extension == "gql") {
                trusted.add(&fs::read_to_string(&file).map_err(|error| TrustedError::Unreadable(file.clone(), error))?);
            }
        }
        Ok(trusted)
    }

    pub fn add(&mut self, text: &str) {
        self.by_digest.insert(digest(text), text.into());
    }

    /// The document of an id: 64 hexadecimal digits, with `sha256:` before them or without.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.by_digest.get(&digest_of(id)?).map(AsRef::as_ref)
    }

    /// Whether this exact text is listed.
    pub fn holds(&self, text: &str) -> bool {
        self.by_digest.contains_key(&digest(text))
    }

    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn digest_of(id: &str) -> Option<[u8; 32]> {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let digit = |index: usize| char::from(pair[index]).to_digit(16);
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `{ ping }`, computed by another program.
    const PING: &str = "6cd3bf61757c6bee6e943d50a381a002447236bf3f15d3730400b931e9cf323f";

    #[test]
    fn a_document_is_found_by_its_digest_and_nothing_else() {
        let mut trusted = TrustedDocuments::default();
        trusted.add("{ ping }");
        for id in [PING, &format!("sha256:{PING}"), &PING.to_uppercase()] {
            assert_eq!(trusted.get(id), Some("{ ping }"));
        }
        for wrong in ["", "sha256:", &PING[1..], &format!("{PING}0"), &"0".repeat(64), &"zz".repeat(32)] {
            assert_eq!(trusted.get(wrong), None, "{wrong}");
        }
        assert!(trusted.holds("{ ping }") && !trusted.holds("{ ping } "));
    }
}
