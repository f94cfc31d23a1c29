//! Figures of the operating system on this process. Systems without /proc have none, so nothing is
//! recorded there.

use std::fs;

use metrics::{counter, gauge};

use super::{enabled::is_enabled, names};

/// Linux counts processor time in hundredths of a second, whatever the machine (`USER_HZ`).
const TICK_MILLISECONDS: u64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub resident_bytes: u64,
    pub open_files: u64,
    /// Maximum of open files; `None` without a limit.
    pub most_files: Option<u64>,
    pub cpu_milliseconds: u64,
}

impl Process {
    pub fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        Some(Self {
            resident_bytes: resident_bytes()?,
            open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            most_files: most_files(&fs::read_to_string("/proc/self/limits").ok()?),
            cpu_milliseconds: ticks(&stat)? * TICK_MILLISECONDS,
        })
    }
}

/// Records the operating system's figures on this process.
pub fn process(process: &Process) {
    if is_enabled() {
        gauge!(names::RESIDENT).set(process.resident_bytes as f64);
        gauge!(names::OPEN_FILES).set(process.open_files as f64);
        if let Some(max_files) = process.most_files {
            gauge!(names::MAX_FILES).set(max_files as f64);
        }
        counter!(names::CPU_MILLISECONDS).absolute(process.cpu_milliseconds);
    }
}

/// Sets the version of the binary, as the label of a gauge that is 1.
pub fn build_info(version: &'static str) {
    if is_enabled() {
        gauge!(names::BUILD_INFO, "version" => version).set(1.0);
    }
}

/// Memory that the process has in use.
pub fn resident_bytes() -> Option<u64> {
    parse_resident_kib(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse_resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Returns the soft limit, which is the first of the two.
fn most_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Returns user time plus system time: the 12th and 13th field after the program's name, which is
/// in brackets and may contain blanks.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Returns the memory limit of the process in bytes, if it runs in a container that states one.
pub fn memory_limit() -> Option<u64> {
    // "max", which means no limit, and any other text that is no number become None.
    fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_words_are_read() {
        assert_eq!(parse_resident_kib("Name:\tentrepot\nVmRSS:\t   10240 kB\nThreads:\t3\n"), Some(10_240 << 10));
        assert_eq!(parse_resident_kib("Name:\tentrepot\n"), None);
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("nonsense"), None);
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files  65536  1048576  files\n";
        assert_eq!(most_files(limits), Some(65_536));
        assert_eq!(most_files(&limits.replace("65536", "unlimited")), None);
        assert_eq!(most_files(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_files() {
        let now = Process::now().unwrap();
        assert!(now.resident_bytes > 1 << 20 && now.open_files > 2, "{now:?}");
        assert!(now.most_files.is_none_or(|most| most > now.open_files), "{now:?}");
    }
}
