//! The mappings of the program's own file, as `/proc/self/smaps` lists them (`proc_pid_smaps(5)`).

use std::{
    ffi::c_void,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    ptr,
};

use rustix::mm::Advice;

/// A private mapping that the process cannot write to. Sizes are in kB, and None where the system does not list them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mapping {
    start: usize,
    end: usize,
    /// Pages in memory.
    resident: Option<u64>,
    /// Pages that are the process's own and no longer the file's: relocations, breakpoints of a debugger.
    anonymous: Option<u64>,
    /// Own pages that are in swap.
    swapped: Option<u64>,
}

impl Mapping {
    /// Parses an entry's head: `55d0c2a00000-55d0c2c00000`, `r-xp 00200000 08:01 1234 /program`.
    /// None if the mapping is writable or shared.
    fn of(range: &str, rest: &str) -> Option<Self> {
        let (start, end) = addresses(range)?;
        let is_read_only = rest.starts_with("r--p ") || rest.starts_with("r-xp ");
        (is_read_only && start < end).then_some(Self { start, end, ..Self::default() })
    }

    fn set_size(&mut self, field: &str, size: &str) {
        let kilobytes = size.trim().strip_suffix(" kB").and_then(|number| number.parse().ok());
        match field {
            "Rss" => self.resident = kilobytes,
            "Anonymous" => self.anonymous = kilobytes,
            "Swap" => self.swapped = kilobytes,
            _ => {}
        }
    }

    /// Whether each of its pages is as in the file. Not asked is whether a page is dirty: one of a file that was written a moment ago is, and is the
    /// file's all the same.
    fn is_as_in_file(&self) -> bool {
        self.anonymous == Some(0) && self.swapped == Some(0)
    }
}

fn addresses(range: &str) -> Option<(usize, usize)> {
    let address = |text: &str| usize::from_str_radix(text, 16).ok();
    let (start, end) = range.split_once('-')?;
    Some((address(start)?, address(end)?))
}

/// The mappings of this program from which nothing is lost: those that the system made at the start, which are together, one of them with this code. The file
/// may be mapped once more, for the names in a backtrace: such a mapping may be gone at any time, and its addresses be somebody else's. Reading ends behind the
/// program's own: the system walks the pages of each mapping that is read.
fn unchanged_mappings(smaps: impl BufRead, program: &str, code: usize) -> io::Result<Vec<Mapping>> {
    let (mut found, mut has_code, mut is_open) = (Vec::<Mapping>::new(), false, false);
    for line in smaps.lines() {
        let line = line?;
        let (first, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        if let Some(field) = first.strip_suffix(':') {
            if let Some(mapping) = found.last_mut().filter(|_| is_open) {
                mapping.set_size(field, rest);
            }
            continue;
        }
        let is_ours = line.find('/').is_some_and(|at| &line[at..] == program);
        // A mapping of the file's first bytes begins another map of it.
        if !is_ours || rest.split(' ').nth(1).is_some_and(|offset| offset.bytes().all(|digit| digit == b'0')) {
            if has_code {
                break;
            }
            found.clear();
        }
        has_code |= is_ours && addresses(first).is_some_and(|(start, end)| (start..end).contains(&code));
        let mapping = if is_ours { Mapping::of(first, rest) } else { None };
        is_open = mapping.is_some();
        found.extend(mapping);
    }
    found.retain(Mapping::is_as_in_file);
    Ok(if has_code { found } else { Vec::new() })
}

pub fn release() -> io::Result<u64> {
    // With " (deleted)" behind it where the file was replaced, in both.
    let program = fs::read_link("/proc/self/exe")?;
    let Some(program) = program.to_str() else { return Ok(0) };
    let (code, mut kilobytes) = ((release as *const ()).addr(), 0);
    for mapping in unchanged_mappings(BufReader::new(File::open("/proc/self/smaps")?), program, code)? {
        drop_pages(&mapping)?;
        kilobytes += mapping.resident.unwrap_or_default();
    }
    Ok(kilobytes << 10)
}

/// Takes the pages of a mapping from this process. The next access maps them again.
#[expect(unsafe_code, reason = "the one call of the system here that no crate offers as a safe function")]
fn drop_pages(mapping: &Mapping) -> io::Result<()> {
    let start = ptr::with_exposed_provenance_mut::<c_void>(mapping.start);
    // SAFETY: MADV_DONTNEED changes what is read only where a page is the process's own. This mapping is private, of a file, and had no such page, in memory or
    // in swap; the process makes none afterwards, as it cannot write there and nothing in it makes the program's code or constants writable. It is together
    // with the code that runs, so its addresses are still its own. So all its pages are those of the page cache, and an access maps the same ones again, of
    // the same inode: what the system itself does whenever it is short of memory. A new binary that is renamed into its place is another inode, and a write to
    // the file would change the mapped pages whether they were dropped or not.
    unsafe { rustix::mm::madvise(start, mapping.end - mapping.start, Advice::LinuxDontNeed) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of an entry, and the lines that count here.
    fn entry(range: &str, access: &str, path: &str, sizes: [u64; 3]) -> String {
        let [resident, anonymous, swapped] = sizes;
        format!(
            "{range} {access} 00200000 08:01 1234                       {path}\nSize:               8192 kB\nRss:            {resident:8} kB\n\
             Anonymous:      {anonymous:8} kB\nSwap:           {swapped:8} kB\nVmFlags: rd ex mr mw me sd\n"
        )
    }

    fn find_unchanged(smaps: &str) -> Vec<(usize, usize, Option<u64>)> {
        let mappings = unchanged_mappings(smaps.as_bytes(), "/opt/a program", 0x2100).unwrap();
        mappings.iter().map(|mapping| (mapping.start, mapping.end, mapping.resident)).collect()
    }

    #[test]
    fn code_and_constants_as_in_the_file_are_released_and_nothing_else() {
        let smaps = [
            entry("1000-2000", "r--p", "/opt/a program", [4, 0, 0]),
            entry("2000-8000", "r-xp", "/opt/a program", [16, 0, 0]),
            entry("8000-9000", "r--p", "/opt/a program", [4, 4, 0]),
            entry("9000-a000", "r--p", "/opt/a program", [0, 0, 4]),
            entry("a000-b000", "rw-p", "/opt/a program", [4, 0, 0]),
            entry("b000-c000", "r--s", "/opt/a program", [4, 0, 0]),
            entry("c000-d000", "rw-p", "", [4, 4, 0]),
            entry("e000-f000", "r-xp", "/opt/a program", [4, 0, 0]),
        ];
        assert_eq!(find_unchanged(&smaps.concat()), [(0x1000, 0x2000, Some(4)), (0x2000, 0x8000, Some(16))]);
    }

    #[test]
    fn another_map_of_the_same_file_is_left_alone_as_it_may_end_at_any_time() {
        let first = |range: &str| entry(range, "r--p", "/opt/a program", [4, 0, 0]).replacen("00200000", "00000000", 1);
        let code = entry("2000-8000", "r-xp", "/opt/a program", [16, 0, 0]);
        let own = [(0x1000, 0x2000, Some(4)), (0x2000, 0x8000, Some(16))];
        let library = entry("900-a00", "r-xp", "/lib/libc.so", [4, 0, 0]);
        assert_eq!(
            find_unchanged(&[first("100-900"), first("1000-2000"), code.clone(), first("8000-f000")].concat()),
            own,
            "beside its own"
        );
        assert_eq!(find_unchanged(&[first("100-900"), library, first("1000-2000"), code].concat()), own, "apart from its own");
        assert!(find_unchanged(&first("8000-f000")).is_empty(), "the program's own are not listed");
    }

    #[test]
    fn what_the_system_does_not_list_is_not_released() {
        assert!(find_unchanged("2000-3000 r-xp 00000000 08:01 1234   /opt/a program\nRss:  4 kB\nAnonymous:  0 kB\n").is_empty());
        assert!(find_unchanged("2000-3000 r-xp 00000000 08:01 1234   /opt/a program\n").is_empty());
        assert!(find_unchanged(&entry("2000-3000", "r-xp", "/opt/a program (deleted)", [4, 0, 0])).is_empty());
        assert!(find_unchanged(&entry("3000-2000", "r-xp", "/opt/a program", [4, 0, 0])).is_empty());
        assert!(find_unchanged("").is_empty());
    }

    #[test]
    fn this_program_goes_on_with_the_same_code_and_constants() {
        let text = include_bytes!("mappings.rs");
        let sum = || text.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        let before = sum();
        for _ in 0..3 {
            assert!(release().unwrap() > 0, "the code that runs is in memory");
            assert_eq!(sum(), before);
        }
    }
}
