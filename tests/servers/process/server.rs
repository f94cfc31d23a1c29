//! Starts the binary, and ends the processes that it started: by their own process IDs only, on
//! drop too.

use std::{
    fs,
    net::SocketAddr,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::client::Client;
pub use crate::support::ports::free_address;
use crate::{
    databases::{Home, random},
    identity::world::plain,
};

const BINARY: &str = env!("CARGO_BIN_EXE_entrepot");
/// Crowds of writers are what these tests are about; budgets have tests of their own.
pub const UNLIMITED: [&str; 8] =
    ["--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--tenant-operations", "off"];
/// The longest that any process may take to become ready, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A database, and the folder of the processes on it.
pub struct Site(Home);

impl Deref for Site {
    type Target = Home;
    fn deref(&self) -> &Home {
        &self.0
    }
}

impl Site {
    pub async fn sqlite() -> Self {
        Self(Home::sqlite().await)
    }

    /// `None`, with a message, if no Postgres is configured; on CI that is a failure.
    pub async fn postgres() -> Option<Self> {
        Some(Self(Home::postgres().await?))
    }

    pub async fn end(self) {}

    pub fn empty_sqlite() -> Self {
        Self(Home::empty_sqlite())
    }

    pub async fn empty_postgres() -> Option<Self> {
        Some(Self(Home::empty_postgres().await?))
    }

    /// On a server of the test's own.
    pub async fn postgres_at(server: &str) -> Self {
        Self(Home::postgres_at(server).await)
    }

    /// Returns the same Postgres under another address; dropping it does not drop the database.
    pub fn by_way_of(&self, address: SocketAddr) -> Self {
        let (login, place) = self.url.rsplit_once('@').unwrap();
        let (_, name) = place.split_once('/').unwrap();
        Self(self.0.by_way_of(format!("{login}@{address}/{name}")))
    }

    /// Returns the same Postgres under a URL of several hosts; dropping it does not drop the
    /// database.
    pub fn at_hosts(&self, hosts: &str) -> Self {
        let (login, place) = self.url.rsplit_once('@').unwrap();
        let (_, name) = place.split_once('/').unwrap();
        Self(self.0.by_way_of(format!("{login}@{hosts}/{name}?target_session_attrs=read-write")))
    }

    /// Adds a parameter to the URL.
    pub fn url_with(&mut self, parameter: &str) {
        let joint = if self.0.url.contains('?') { '&' } else { '?' };
        self.0.url = format!("{}{joint}{parameter}", self.0.url);
    }

    /// Returns the address on which Postgres listens.
    pub fn postgres_address(&self) -> SocketAddr {
        self.url.rsplit_once('@').unwrap().1.split('/').next().unwrap().parse().unwrap()
    }

    /// Returns the path of the keys of its secrets.
    pub fn keys(&self) -> String {
        self.folder.join("it.sqlite.keys").display().to_string()
    }

    /// Returns the e-mails that its nodes have sent, if they are written to the folder `letters`.
    pub fn letters(&self) -> Vec<String> {
        let files =
            fs::read_dir(self.folder.join("letters")).map(|files| files.flatten().collect::<Vec<_>>()).unwrap_or_default();
        let whole = files.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|end| end == "eml"));
        whole.map(|path| plain(&fs::read_to_string(path).unwrap())).collect()
    }

    /// Proves every invariant of the database, by the binary.
    pub async fn verify(&self) {
        let output = entrepot(&["verify", "--database-url", &self.url]).await;
        assert!(output.has_succeeded(), "{output:?}");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
            let from = log.len().saturating_sub(4_000);
            eprintln!("the server said at last: {}", log.get(from..).unwrap_or(&log));
        }
    }
}

/// Environment and limits of a process.
#[derive(Default)]
pub struct Environment {
    pub env: Vec<(&'static str, String)>,
    /// Maximum size of its files, in KiB. A write past that fails as one on a full disk does.
    pub room: Option<u64>,
    /// Limit of the address space, in KiB.
    pub memory: Option<u64>,
    /// Maximum number of open files.
    pub files: Option<u64>,
    /// The file of the authority that has signed the certificate of a server that speaks TLS.
    pub authority: Option<PathBuf>,
}

impl Environment {
    fn command(&self, args: &[&str]) -> Command {
        let limits: Vec<String> = [
            self.room.map(|room| format!("trap '' XFSZ; ulimit -f {room}; ")),
            self.memory.map(|memory| format!("ulimit -v {memory}; ")),
            self.files.map(|files| format!("ulimit -S -n {files}; ")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut command = match limits.as_slice() {
            [] => command(args),
            limits => {
                let mut shell = Command::new("bash");
                let line = format!("{}exec \"$0\" \"$@\"", limits.concat());
                shell.args(["-c", &line, BINARY]).args(args).env_clear().stdin(Stdio::null());
                shell
            }
        };
        command.envs(self.env.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }
}

/// A running `entrepot serve`.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
    /// From its start to its first answer at `/readyz`.
    pub ready_in: Duration,
}

impl Server {
    pub async fn start(site: &Site) -> Self {
        Self::start_on(site, free_address()).await
    }

    /// Starts on a given address, such as the one that clients still use after a kill.
    pub async fn start_on(site: &Site, address: SocketAddr) -> Self {
        Self::start_with(site, address, &UNLIMITED).await
    }

    /// Starts with further arguments, and with the documented limits unless they set others.
    pub async fn start_with(site: &Site, address: SocketAddr, further: &[&str]) -> Self {
        Self::start_in(site, address, further, &Environment::default()).await
    }

    /// Starts with further arguments, in an environment of its own.
    pub async fn start_in(site: &Site, address: SocketAddr, further: &[&str], environment: &Environment) -> Self {
        let log = site.folder.join("server.log");
        let err = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let listen = address.to_string();
        let keys = site.keys();
        let args =
            ["serve", "--database-url", &site.url, "--listen", &listen, "--access-token-minutes", "60", "--keys-file", &keys];
        let args = [&args[..], further].concat();
        let started_at = Instant::now();
        // Files are kept here if no option names another place.
        let child = environment.command(&args).current_dir(&site.folder).stdout(Stdio::null()).stderr(err).spawn().unwrap();
        let mut server = Self { child, address, log, ready_in: Duration::ZERO };
        server.wait_until_ready(started_at, environment.authority.as_deref()).await;
        server
    }

    async fn wait_until_ready(&mut self, started_at: Instant, authority: Option<&Path>) {
        let (http, scheme) = authority.map_or_else(|| (reqwest::Client::new(), "http"), |file| (trusting(file), "https"));
        let probe = format!("{scheme}://{}/readyz", self.address);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}: {}", self.stderr());
            }
            if let Ok(answer) = http.get(&probe).send().await
                && answer.status() == 200
            {
                self.ready_in = started_at.elapsed();
                return;
            }
            assert!(started_at.elapsed() < PATIENCE, "not ready in {PATIENCE:?}: {}", self.stderr());
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns its standard error.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for its end; the code that it ended with.
    pub async fn wait_for_exit(mut self) -> Option<i32> {
        let started_at = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started_at.elapsed() < PATIENCE, "it goes on: {}", self.stderr());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Registers a new tenant; returns a client of its owner.
    pub async fn tenant(&self) -> Client {
        Client::register(&self.url(), &format!("shop-{:x}", random())).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let log = self.stderr();
        if !std::thread::panicking() {
            assert!(!log.contains("panicked"), "the server panicked: {log}");
        }
    }
}

/// Exit code and output of a process.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn has_succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Checks that it failed properly: exit code 1 or 2, a message, no panic.
    pub fn assert_failed(&self, with: &[&str]) {
        assert!(self.code.is_some_and(|code| code == 1 || code == 2), "{self:?}");
        assert!(!self.err.contains("panicked") && !self.err.contains("RUST_BACKTRACE"), "{self:?}");
        for part in with {
            assert!(self.err.contains(part), "\"{part}\" is not in {self:?}");
        }
    }
}

/// Runs the binary to its end.
pub async fn entrepot(args: &[&str]) -> Ended {
    entrepot_in(Path::new("."), args).await
}

pub async fn entrepot_in(folder: &Path, args: &[&str]) -> Ended {
    let mut command = tokio::process::Command::from(command(args));
    let running = command.current_dir(folder).kill_on_drop(true).output();
    let output = timeout(Duration::from_mins(3), running).await.expect("the program to end").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The binary with nothing of this process's environment.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

/// A client that believes one authority alone, and has no connection yet.
pub fn trusting(authority: &Path) -> reqwest::Client {
    let certificate = reqwest::Certificate::from_pem(&fs::read(authority).unwrap()).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap()
}
