//! Lists of the stored files, whose bytes are not inside a backup: name, size and hash, to compare
//! the current files with.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Bytes of a list after which another one begins: with one more record it is still smaller than a
/// chunk.
const LIST_BYTES: usize = 2 << 20;

/// A stored file at the time of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    pub tenant: Uuid,
    pub id: Uuid,
    /// Name in the file store.
    pub blob: String,
    pub bytes: u64,
    /// In hexadecimal digits; `None` if the file was stored without a hash.
    pub sha256: Option<String>,
}

/// A list that is being written: one line for each record.
#[derive(Debug, Default)]
pub struct FileList {
    text: Vec<u8>,
}

impl FileList {
    /// Adds a file. Returns the list where it is full, which is empty then.
    ///
    /// # Errors
    /// The record cannot be written as JSON.
    pub fn add(&mut self, file: &ListedFile) -> Result<Option<Vec<u8>>, serde_json::Error> {
        serde_json::to_writer(&mut self.text, file)?;
        self.text.push(b'\n');
        Ok((self.text.len() >= LIST_BYTES).then(|| std::mem::take(&mut self.text)))
    }

    /// Returns the last list; `None` if it is empty.
    pub fn last_list(self) -> Option<Vec<u8>> {
        (!self.text.is_empty()).then_some(self.text)
    }
}

/// Parses the files of a list; `None` if the bytes are no list.
pub fn listed_files(text: &[u8]) -> Option<Vec<ListedFile>> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_they_were_listed_in_lists_of_bounded_size() {
        let file = |number: u128| ListedFile {
            tenant: Uuid::from_u128(1),
            id: Uuid::from_u128(number),
            blob: format!("{number}/a file"),
            bytes: 7,
            sha256: (number > 9).then(|| "00ff".to_owned()),
        };
        let (mut list, mut lists) = (FileList::default(), Vec::new());
        for number in 0..20_000 {
            lists.extend(list.add(&file(number)).unwrap());
        }
        lists.extend(list.last_list());
        assert!(lists.len() > 1 && lists.iter().all(|list| list.len() < LIST_BYTES + 1024), "{} lists", lists.len());
        let read: Vec<ListedFile> = lists.iter().flat_map(|list| listed_files(list).unwrap()).collect();
        assert!(read.iter().cloned().eq((0..20_000).map(file)));
        assert_eq!(listed_files(b"no list"), None);
        assert!(FileList::default().last_list().is_none());
    }
}
