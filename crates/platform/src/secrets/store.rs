//! Sources of master keys: a text that was given, a file, or a store of the operator's.

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use crate::storage::Fault;

/// Store of the keys' text. Reads are rare: at start, and when a value names an unknown key.
pub trait SecretStore: Send + Sync + 'static {
    /// Name of the store for messages; never the keys.
    fn name(&self) -> String;
    /// Reads the text; None if it does not exist yet.
    fn read(&self) -> Result<Option<String>, Fault>;
    /// Replaces the text atomically.
    fn write(&self, text: &str) -> Result<(), Fault>;
    /// Stores the first text, unless a process that starts at the same time has stored one; returns
    /// the stored one.
    fn begin(&self, text: String) -> Result<String, Fault> {
        self.write(&text)?;
        Ok(text)
    }
    /// Interval at which the keys are checked for changes.
    fn check_interval(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// Keys given as text in the environment, and changed there.
pub struct EnvironmentKeys(pub String);

impl SecretStore for EnvironmentKeys {
    fn name(&self) -> String {
        "ENTREPOT_KEYS".to_owned()
    }
    fn read(&self) -> Result<Option<String>, Fault> {
        Ok(Some(self.0.clone()))
    }
    fn write(&self, _: &str) -> Result<(), Fault> {
        Err(Fault::Broken(
            "keys given by ENTREPOT_KEYS are changed there: put the new key first and keep the old one behind it".to_owned(),
        ))
    }
}

/// Timeout of a program that prints the keys: some ask a store over a network first.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval at which the program is checked for its end.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Maximum bytes read of the program's output.
const MAX_PRINTED: u64 = 1 << 20;

/// A program of the operator that prints the keys, to connect any other store. The keys are changed
/// in that store.
pub struct Command(pub Vec<String>);

impl SecretStore for Command {
    fn name(&self) -> String {
        format!("the command {}", self.0.first().map_or("", String::as_str))
    }
    fn read(&self) -> Result<Option<String>, Fault> {
        let program_fault = |reason: String| Fault::Broken(format!("{} gives no keys: {reason}", self.name()));
        let (program, arguments) = self.0.split_first().ok_or_else(|| program_fault("it has no name".to_owned()))?;
        let text = run_command(std::process::Command::new(program).args(arguments), PROGRAM_TIMEOUT).map_err(program_fault)?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }
    fn write(&self, _: &str) -> Result<(), Fault> {
        let name = self.name();
        Err(Fault::Broken(format!(
            "keys given by {name} are changed where it reads them: put the new key first and keep the old one behind it"
        )))
    }
    fn check_interval(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Returns the output of a program that exits with success within `time`.
fn run_command(command: &mut std::process::Command, time: Duration) -> Result<String, String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().map_err(|err| err.to_string())?;
    let pipe = child.stdout.take().ok_or_else(|| "it has no output".to_owned())?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        sender.send(pipe.take(MAX_PRINTED).read_to_end(&mut bytes).map(|_| bytes)).ok()
    });
    // Child processes of the program may hold the pipe open after its end.
    let bytes = receiver.recv_timeout(time);
    for _ in 0..=time.as_millis() / EXIT_POLL_INTERVAL.as_millis() {
        if let Some(status) = child.try_wait().map_err(|err| err.to_string())? {
            if !status.success() {
                return Err(status.to_string());
            }
            if let Ok(bytes) = bytes {
                let bytes = bytes.map_err(|err| err.to_string())?;
                return String::from_utf8(bytes).map_err(|_| "it does not print text".to_owned());
            }
            break;
        }
        std::thread::sleep(EXIT_POLL_INTERVAL);
    }
    child.kill().and_then(|()| child.wait()).map_err(|err| err.to_string())?;
    Err(format!("it did not end within {time:?}"))
}

/// A file that only its owner may read.
pub struct KeyFile {
    path: PathBuf,
    /// State of the file at the last warning that others may read it.
    warned: Mutex<Option<FileVersion>>,
}

/// Mode of a file, and the time of its last change.
type FileVersion = (u32, i64, i64);

impl KeyFile {
    pub fn at(path: PathBuf) -> Self {
        Self { path, warned: Mutex::default() }
    }

    fn file_fault(&self, operation: &str, err: &std::io::Error) -> Fault {
        Fault::Broken(format!("the key file {} cannot be {operation}: {err}", self.path.display()))
    }

    /// Warns if others may read the file, once until it changes. This is no error: orchestrators
    /// mount secrets with modes of their own.
    fn warn_if_open(&self) {
        let version = fs::metadata(&self.path).ok().map(|meta| file_version(&meta));
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if version.is_some_and(|(mode, ..)| mode & 0o007 != 0) && *warned != version {
            *warned = version;
            let file = self.path.display();
            tracing::warn!(%file, "every user of this machine may read the key file: take that away with chmod 600 {file}");
        }
    }
}

impl SecretStore for KeyFile {
    fn name(&self) -> String {
        format!("the key file {}", self.path.display())
    }

    fn read(&self) -> Result<Option<String>, Fault> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                self.warn_if_open();
                Ok(Some(text))
            }
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
            Err(err) => Err(self.file_fault("read", &err)),
        }
    }

    fn write(&self, text: &str) -> Result<(), Fault> {
        let mut temporary_path = self.path.clone().into_os_string();
        temporary_path.push(".new");
        let temporary_path = PathBuf::from(temporary_path);
        let result = (|| {
            let mut file = create_private_file(&temporary_path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary_path, &self.path)?;
            sync_folder(&self.path)
        })();
        result.map_err(|err| {
            // Remove the incomplete key file; the previous one is untouched.
            let _ = fs::remove_file(&temporary_path);
            self.file_fault("written", &err)
        })
    }

    fn begin(&self, text: String) -> Result<String, Fault> {
        // Two processes that start at once write two files.
        let mut temporary_path = self.path.clone().into_os_string();
        temporary_path.push(format!(".{:016x}.new", RandomState::new().build_hasher().finish()));
        let temporary_path = PathBuf::from(temporary_path);
        let result = (|| {
            let mut file = create_private_file(&temporary_path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // A hard link never overwrites an existing file.
            fs::hard_link(&temporary_path, &self.path)?;
            sync_folder(&self.path)
        })();
        let _ = fs::remove_file(&temporary_path);
        match result {
            Ok(()) => Ok(text),
            Err(err) if err.kind() == ErrorKind::AlreadyExists => self.read()?.ok_or_else(|| self.file_fault("read", &err)),
            // On a file system without links, two processes that start at once may still end with
            // different keys.
            Err(_) => {
                self.write(&text)?;
                Ok(text)
            }
        }
    }
}

#[cfg(unix)]
fn file_version(meta: &fs::Metadata) -> FileVersion {
    use std::os::unix::fs::MetadataExt;
    (meta.mode(), meta.ctime(), meta.ctime_nsec())
}
#[cfg(not(unix))]
fn file_version(_: &fs::Metadata) -> FileVersion {
    (0, 0, 0)
}

#[cfg(unix)]
fn create_private_file(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::remove_file(path);
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
#[cfg(not(unix))]
fn create_private_file(path: &Path) -> std::io::Result<fs::File> {
    fs::File::create(path)
}

/// Syncs the folder: only then the file's name is durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_to_end_soon_and_well() {
        let shell = |script: &str| run_command(std::process::Command::new("sh").args(["-c", script]), Duration::from_secs(2));
        assert_eq!(shell("echo keys"), Ok("keys\n".to_owned()));
        assert_eq!(shell("echo keys; exit 3"), Err("exit status: 3".to_owned()));
        std::thread::scope(|scope| {
            for slow in ["sleep 5", "exec 1>&-; sleep 5", "sleep 5 & echo keys"] {
                scope.spawn(move || assert_eq!(shell(slow), Err("it did not end within 2s".to_owned()), "{slow}"));
            }
        });
    }
}
