//! Where master keys come from: a text that was given, a file, or a store of the operator's.

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

/// A place that keeps the text of the keys. Reads are rare: at start, and when a value names a key that is not known.
pub trait SecretStore: Send + Sync + 'static {
    /// What it is, for messages; never the keys.
    fn name(&self) -> String;
    /// The text, or none when there is none yet.
    fn read(&self) -> Result<Option<String>, Fault>;
    /// Keeps the text in place of the one before, whole or not at all.
    fn write(&self, text: &str) -> Result<(), Fault>;
    /// Keeps the first text, unless another process that starts at the same time has kept one; gives the one that is kept.
    fn begin(&self, text: String) -> Result<String, Fault> {
        self.write(&text)?;
        Ok(text)
    }
    /// How often it is worth a look whether the keys are others.
    fn every(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// Keys that were given as they are, by the environment. They are changed where they come from.
pub struct Given(pub String);

impl SecretStore for Given {
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

/// How long a program may take to print the keys: some ask a store over a network first.
const COMMAND_TIME: Duration = Duration::from_secs(20);
/// How often it is looked whether the program has ended.
const STEP: Duration = Duration::from_millis(10);
/// Bytes that are read of what it prints.
const MOST_PRINTED: u64 = 1 << 20;

/// A program of the operator's that prints the keys: any other store has one that reads from it. They are changed where it reads them.
pub struct Command(pub Vec<String>);

impl SecretStore for Command {
    fn name(&self) -> String {
        format!("the command {}", self.0.first().map_or("", String::as_str))
    }
    fn read(&self) -> Result<Option<String>, Fault> {
        let failed = |why: String| Fault::Broken(format!("{} gives no keys: {why}", self.name()));
        let (program, arguments) = self.0.split_first().ok_or_else(|| failed("it has no name".to_owned()))?;
        let text = printed(std::process::Command::new(program).args(arguments), COMMAND_TIME).map_err(failed)?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }
    fn write(&self, _: &str) -> Result<(), Fault> {
        let name = self.name();
        Err(Fault::Broken(format!(
            "keys given by {name} are changed where it reads them: put the new key first and keep the old one behind it"
        )))
    }
    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// What a program prints, if it ends well and within `time`.
fn printed(command: &mut std::process::Command, time: Duration) -> Result<String, String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().map_err(|err| err.to_string())?;
    let pipe = child.stdout.take().ok_or_else(|| "it has no output".to_owned())?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        tell.send(pipe.take(MOST_PRINTED).read_to_end(&mut bytes).map(|_| bytes)).ok()
    });
    // What it has started itself may hold the pipe open longer than it lives.
    let bytes = told.recv_timeout(time);
    for _ in 0..=time.as_millis() / STEP.as_millis() {
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
        std::thread::sleep(STEP);
    }
    child.kill().and_then(|()| child.wait()).map_err(|err| err.to_string())?;
    Err(format!("it did not end within {time:?}"))
}

/// A file that only its owner may read.
pub struct KeyFile {
    path: PathBuf,
    /// As it was when it was last said that others may read it.
    warned: Mutex<Option<Look>>,
}

/// How a file looks from outside: its mode, and when it was last changed.
type Look = (u32, i64, i64);

impl KeyFile {
    pub fn at(path: PathBuf) -> Self {
        Self { path, warned: Mutex::default() }
    }

    fn failed(&self, what: &str, err: &std::io::Error) -> Fault {
        Fault::Broken(format!("the key file {} cannot be {what}: {err}", self.path.display()))
    }

    /// Orchestrators mount secrets with modes of their own, so this is said, not refused; and once, until the file is another.
    fn warn_if_open(&self) {
        let look = fs::metadata(&self.path).ok().map(|meta| look(&meta));
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if look.is_some_and(|(mode, ..)| mode & 0o007 != 0) && *warned != look {
            *warned = look;
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
            Err(err) => Err(self.failed("read", &err)),
        }
    }

    fn write(&self, text: &str) -> Result<(), Fault> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let written = (|| {
            let mut file = private(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            sync_folder(&self.path)
        })();
        written.map_err(|err| {
            // Half a file of keys must not lie about; what was there before is untouched.
            let _ = fs::remove_file(&beside);
            self.failed("written", &err)
        })
    }

    fn begin(&self, text: String) -> Result<String, Fault> {
        // Two processes that start at once write two files.
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{:016x}.new", RandomState::new().build_hasher().finish()));
        let beside = PathBuf::from(beside);
        let linked = (|| {
            let mut file = private(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // A link is never put over what is there.
            fs::hard_link(&beside, &self.path)?;
            sync_folder(&self.path)
        })();
        let _ = fs::remove_file(&beside);
        match linked {
            Ok(()) => Ok(text),
            Err(err) if err.kind() == ErrorKind::AlreadyExists => self.read()?.ok_or_else(|| self.failed("read", &err)),
            // Where there are no links, two that start at once may differ still.
            Err(_) => {
                self.write(&text)?;
                Ok(text)
            }
        }
    }
}

#[cfg(unix)]
fn look(meta: &fs::Metadata) -> Look {
    use std::os::unix::fs::MetadataExt;
    (meta.mode(), meta.ctime(), meta.ctime_nsec())
}
#[cfg(not(unix))]
fn look(_: &fs::Metadata) -> Look {
    (0, 0, 0)
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::remove_file(path);
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
#[cfg(not(unix))]
fn private(path: &Path) -> std::io::Result<fs::File> {
    fs::File::create(path)
}

/// A file's name is durable when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Where the keys of a deployment are: as the operator says it, else beside an embedded database.
#[derive(Debug, Clone)]
pub enum KeySource {
    Given(String),
    File(PathBuf),
    Command(Vec<String>),
    #[cfg(feature = "aws-secrets")]
    Aws(super::AwsSecret),
    /// Nothing was said, and there is no embedded database to put a file beside.
    Nowhere,
}

impl KeySource {
    /// What the operator gave, the keys themselves before a file; else a file beside the SQLite file.
    pub fn choose(keys: Option<String>, file: Option<PathBuf>, database_url: &str) -> Self {
        match (keys.filter(|keys| !keys.trim().is_empty()), file) {
            (Some(keys), _) => Self::Given(keys),
            (None, Some(file)) => Self::File(file),
            (None, None) => match database_url.strip_prefix("sqlite:") {
                Some(path) => {
                    let path = path.trim_start_matches("//");
                    Self::File(PathBuf::from(format!("{}.keys", path.split('?').next().unwrap_or(path))))
                }
                None => Self::Nowhere,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_to_end_soon_and_well() {
        let shell = |script: &str| printed(std::process::Command::new("sh").args(["-c", script]), Duration::from_secs(2));
        assert_eq!(shell("echo keys"), Ok("keys\n".to_owned()));
        assert_eq!(shell("echo keys; exit 3"), Err("exit status: 3".to_owned()));
        std::thread::scope(|scope| {
            for slow in ["sleep 5", "exec 1>&-; sleep 5", "sleep 5 & echo keys"] {
                scope.spawn(move || assert_eq!(shell(slow), Err("it did not end within 2s".to_owned()), "{slow}"));
            }
        });
    }
}
