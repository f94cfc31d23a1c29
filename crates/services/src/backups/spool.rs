//! Segments on the local disk next to the database, until they are in the backup location.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::core::segment::SegmentName;

/// Separates a generation from the name of its segment.
const SEPARATOR: char = '~';

/// The folder FILE.wal-spool, of bounded size. The next process continues with the files of a
/// killed one.
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    bytes: Cell<u64>,
}

impl Spool {
    /// # Errors
    /// The folder cannot be created or read.
    pub fn open(file: &Path, limit: u64) -> io::Result<Self> {
        let folder = PathBuf::from(format!("{}.wal-spool", file.display()));
        fs::create_dir_all(&folder)?;
        let spool = Self { folder, max_bytes: limit, bytes: Cell::new(0) };
        let mut bytes = 0;
        for entry in fs::read_dir(&spool.folder)? {
            let entry = entry?;
            match split_name(&entry.file_name().to_string_lossy()) {
                Some(_) => bytes += entry.metadata()?.len(),
                // Half a segment.
                None => fs::remove_file(entry.path())?,
            }
        }
        spool.bytes.set(bytes);
        Ok(spool)
    }

    /// Stores a segment durably.
    ///
    /// # Errors
    /// The disk or the spool is full.
    pub fn store_segment(&self, generation: &str, segment: &str, bytes: &[u8]) -> io::Result<()> {
        let after = self.bytes.get().saturating_add(bytes.len() as u64);
        if after > self.max_bytes {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("{} has its {} bytes", self.folder.display(), self.max_bytes),
            ));
        }
        let partial_path = self.folder.join("half");
        let mut file = File::create(&partial_path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial_path, self.folder.join(format!("{generation}{SEPARATOR}{segment}")))?;
        if cfg!(unix) {
            File::open(&self.folder)?.sync_all()?;
        }
        self.bytes.set(after);
        Ok(())
    }

    /// Returns generation and name of the oldest segment.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn first(&self) -> io::Result<Option<(String, String)>> {
        let mut first = None;
        for entry in fs::read_dir(&self.folder)? {
            let entry_name = split_name(&entry?.file_name().to_string_lossy());
            first = match (first, entry_name) {
                (Some(first), Some(entry_name)) => Some(std::cmp::min(first, entry_name)),
                (first, entry_name) => first.or(entry_name),
            };
        }
        Ok(first)
    }

    /// The bytes of a segment.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, generation: &str, segment: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(generation, segment))
    }

    /// Removes a segment.
    ///
    /// # Errors
    /// The segment cannot be removed.
    pub fn remove(&self, generation: &str, segment: &str) -> io::Result<()> {
        let path = self.path(generation, segment);
        let bytes = fs::metadata(&path)?.len();
        fs::remove_file(path)?;
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
        Ok(())
    }

    /// Removes all segments of a generation; returns their number. The last one is removed first,
    /// so that a crash leaves a chain without a gap.
    ///
    /// # Errors
    /// The folder cannot be read, or a segment cannot be removed.
    pub fn remove_all(&self, generation: &str) -> io::Result<usize> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry_name = split_name(&entry?.file_name().to_string_lossy());
            segments.extend(entry_name.filter(|(segment_generation, _)| segment_generation == generation));
        }
        segments.sort_unstable();
        for (segment_generation, segment) in segments.iter().rev() {
            self.remove(segment_generation, segment)?;
        }
        Ok(segments.len())
    }

    fn path(&self, generation: &str, segment: &str) -> PathBuf {
        self.folder.join(format!("{generation}{SEPARATOR}{segment}"))
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Whether less than half of it is used: a new generation has room.
    pub fn has_room(&self) -> bool {
        self.bytes.get() < self.max_bytes / 2
    }
}

/// Returns the read time of the oldest waiting segment of this database, in microseconds since 1970
/// UTC; `None` if none waits.
///
/// # Errors
/// The folder exists and cannot be read.
pub fn waiting_since(file: &Path) -> io::Result<Option<i64>> {
    let entries = match fs::read_dir(format!("{}.wal-spool", file.display())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut since = None;
    for entry in entries {
        let read_at = split_name(&entry?.file_name().to_string_lossy()).and_then(|(_, segment)| SegmentName::parse(&segment));
        since = since.into_iter().chain(read_at.map(|name| name.read_at)).min();
    }
    Ok(since)
}

fn split_name(name: &str) -> Option<(String, String)> {
    let (generation, segment) = name.split_once(SEPARATOR)?;
    Some((generation.to_owned(), segment.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_that_is_given_up_leaves_the_room_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("shop.sqlite"), 10).unwrap();
        for (generation, segment) in [("g1", "1"), ("g1", "2"), ("g2", "1")] {
            spool.store_segment(generation, segment, b"mug").unwrap();
        }
        assert_eq!(spool.remove_all("g1").unwrap(), 2);
        assert_eq!((spool.bytes(), spool.first().unwrap()), (3, Some(("g2".to_owned(), "1".to_owned()))));
        assert_eq!(spool.remove_all("g1").unwrap(), 0);
    }

    #[test]
    fn a_generation_that_is_half_removed_has_no_gap() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("shop.sqlite"), 100).unwrap();
        for segment in ["1", "2", "3", "4", "6", "7", "8", "9"] {
            spool.store_segment("g1", segment, b"mug").unwrap();
        }
        // A folder cannot be removed like a file: the removal ends here, as if the process were
        // killed.
        fs::create_dir(folder.path().join("shop.sqlite.wal-spool/g1~5")).unwrap();
        spool.remove_all("g1").unwrap_err();
        let is_there = |segment: &&str| spool.read("g1", segment).is_ok();
        let left: Vec<_> = ["1", "2", "3", "4", "6", "7", "8", "9"].into_iter().filter(is_there).collect();
        assert_eq!((left, spool.bytes()), (vec!["1", "2", "3", "4"], 12));
    }

    #[test]
    fn segments_wait_in_order_and_survive_their_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.sqlite");
        let spool = Spool::open(&file, 10).unwrap();
        assert_eq!(spool.first().unwrap(), None);
        spool.store_segment("g1", "2", b"later").unwrap();
        spool.store_segment("g1", "1", b"soon").unwrap();
        let full = spool.store_segment("g1", "3", b"too much").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        fs::write(folder.path().join("shop.sqlite.wal-spool/half"), "half").unwrap();
        let spool = Spool::open(&file, 10).unwrap();
        assert_eq!(spool.bytes(), 9);
        assert!(!spool.has_room());
        assert_eq!(spool.first().unwrap(), Some(("g1".to_owned(), "1".to_owned())));
        assert_eq!(spool.read("g1", "1").unwrap(), b"soon");
        assert_eq!(waiting_since(&file).unwrap(), None, "these are no names of segments");
        spool.store_segment("g1", "0000000000-1795467540123456", b"").unwrap();
        assert_eq!(waiting_since(&file).unwrap(), Some(1_795_467_540_123_456));
        spool.remove("g1", "0000000000-1795467540123456").unwrap();
        spool.remove("g1", "1").unwrap();
        spool.remove("g1", "2").unwrap();
        assert_eq!((spool.bytes(), spool.first().unwrap()), (0, None));
    }
}
