//! Poolers in front of Postgres: one in transaction mode is refused whatever the settings, one in
//! session mode is accepted.

use std::{
    collections::VecDeque,
    fs, io,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use entrepot::storage::{Database, Fault, Options, Pooling, RowSecurity};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::server::{Site, entrepot, free_address};

/// The question for TLS, which a client sends before its first message.
const TLS: u32 = 80_877_103;

/// Free connection that a pooler gives to the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Newest,
    Oldest,
}

/// A minimal pooler in transaction mode. Each login adds a connection to Postgres, up to its
/// maximum.
struct Pooler {
    target: SocketAddr,
    next: Next,
    room: Semaphore,
    turns: Semaphore,
    free: Mutex<VecDeque<TcpStream>>,
}

impl Pooler {
    async fn before(target: SocketAddr, connections: usize, next: Next) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let room = Semaphore::new(connections);
        let pooler = Arc::new(Self { target, next, room, turns: Semaphore::new(0), free: Mutex::default() });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let pooler = pooler.clone();
                tokio::spawn(async move { pooler.serve(client).await });
            }
        });
        address
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        self.login(&mut client).await?;
        loop {
            let mut message = read(&mut client).await?;
            if message[0] == b'X' {
                return Ok(());
            }
            let mut server = self.take().await;
            // Until Postgres is in no transaction.
            loop {
                server.write_all(&message).await?;
                // Postgres answers a simple query or a Sync to the end, and other messages with that Sync.
                if matches!(message[0], b'Q' | b'S') {
                    let ready = answered(&mut server, &mut client).await?;
                    if ready[5] == b'I' {
                        // Before the client is answered: its next transaction finds this connection
                        // among the free ones.
                        self.put(server);
                        client.write_all(&ready).await?;
                        break;
                    }
                    client.write_all(&ready).await?;
                }
                message = read(&mut client).await?;
            }
        }
    }

    /// Logs in to Postgres with the client's own answers.
    async fn login(&self, client: &mut TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(self.target).await?;
        server.set_nodelay(true)?;
        let first = loop {
            let length = client.read_u32().await?;
            let mut message = vec![0; length.saturating_sub(4) as usize];
            client.read_exact(&mut message).await?;
            if message != TLS.to_be_bytes() {
                break [length.to_be_bytes().to_vec(), message].concat();
            }
            client.write_all(b"N").await?;
        };
        server.write_all(&first).await?;
        loop {
            let message = read(&mut server).await?;
            if message[0] == b'Z' {
                if let Ok(room) = self.room.try_acquire() {
                    room.forget();
                    self.put(server);
                }
                return client.write_all(&message).await;
            }
            client.write_all(&message).await?;
            // A question for a password.
            if message[0] == b'R' && matches!(message[8], 3 | 5 | 10 | 11) {
                server.write_all(&read(client).await?).await?;
            }
        }
    }

    async fn take(&self) -> TcpStream {
        self.turns.acquire().await.unwrap().forget();
        let mut free = self.free.lock().unwrap();
        match self.next {
            Next::Newest => free.pop_back(),
            Next::Oldest => free.pop_front(),
        }
        .unwrap()
    }

    fn put(&self, server: TcpStream) {
        self.free.lock().unwrap().push_back(server);
        self.turns.add_permits(1);
    }
}

/// A message after the first one, with its kind and its length.
async fn read(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (kind, length) = (from.read_u8().await?, from.read_u32().await?);
    let mut message = vec![0; length as usize + 1];
    message[0] = kind;
    message[1..5].copy_from_slice(&length.to_be_bytes());
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}

/// Hands an answer on up to its last message, which has whether Postgres is in a transaction.
async fn answered(server: &mut TcpStream, client: &mut TcpStream) -> io::Result<Vec<u8>> {
    loop {
        let message = read(server).await?;
        if message[0] == b'Z' {
            return Ok(message);
        }
        client.write_all(&message).await?;
    }
}

/// The database of a site by another address.
fn by_way_of(site: &Site, address: SocketAddr) -> String {
    let (login, place) = site.url.rsplit_once('@').unwrap();
    let (_, name) = place.split_once('/').unwrap();
    format!("{login}@{address}/{name}")
}

/// Without row security connections have no roles, whose absence would show a pooler, too.
fn without_roles() -> Options {
    Options { row_security: RowSecurity::Off, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_ones_own_keep_their_sessions() {
    let sqlite = Site::sqlite().await;
    let db = Database::open(&sqlite.url, without_roles()).await.unwrap();
    assert_eq!(db.pooling().await, None);
    db.close().await.unwrap();
    let Some(site) = Site::postgres().await else { return };
    let db = Database::open(&site.url, without_roles()).await.unwrap();
    let direct = Some(Pooling::Session);
    assert_eq!(tokio::join!(db.pooling(), db.pooling()), (direct.clone(), direct), "two that look at once");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_is_refused() {
    let Some(site) = Site::postgres().await else { return };
    for (connections, next) in [(32, Next::Newest), (32, Next::Oldest), (2, Next::Newest), (2, Next::Oldest), (1, Next::Newest)] {
        let address = Pooler::before(site.postgres_address(), connections, next).await;
        match Database::open(&by_way_of(&site, address), without_roles()).await {
            Err(Fault::Pooled(seen)) => assert!(seen.contains("process"), "{connections} {next:?}: {seen}"),
            other => panic!("{connections} {next:?}: {:?}", other.map(drop)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_the_doctor_say_what_to_do_about_a_pooler() {
    let Some(site) = Site::postgres().await else { return };
    let url = by_way_of(&site, Pooler::before(site.postgres_address(), 32, Next::Newest).await);
    let (listen, keys) = (free_address().to_string(), site.keys());
    let at = ["--database-url", &url, "--row-security", "off"];
    for words in [&["migrate"][..], &["verify"], &["serve", "--listen", &listen, "--keys-file", &keys]] {
        let output = entrepot(&[words, &at].concat()).await;
        output.assert_failed(&["a connection pooler in transaction mode", "--database-url", "pool_mode = session"]);
    }
    let output = entrepot(&[&["doctor", "--format", "json", "--keys-file", &keys][..], &at].concat()).await;
    let report: Value = serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{output:?}"));
    let found = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "pooler").unwrap();
    assert_eq!((output.code, found["verdict"].as_str()), (Some(1), Some("FAIL")), "{report}");
    assert!(found["advice"].as_str().unwrap().contains("--database-url"), "{found}");
}

/// The real one.
struct PgBouncer(Child);

impl PgBouncer {
    /// Returns the pooler and the database's address through it. `None`, with a message, if the
    /// program is not installed.
    async fn before(site: &Site, mode: &str) -> Option<(Self, String)> {
        let (folder, address, postgres) = (site.folder.join(mode), free_address(), site.postgres_address());
        fs::create_dir_all(&folder).unwrap();
        let (login, place) = site.url.split_once("://").unwrap().1.rsplit_once('@').unwrap();
        let name = place.split_once('/').unwrap().1.split('?').next().unwrap();
        let login = login.replacen(':', " password=", 1);
        let config = format!(
            "[databases]\n{name} = host={} port={} user={login}\n\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\nignore_startup_parameters = extra_float_digits,options\n",
            postgres.ip(),
            postgres.port(),
            address.ip(),
            address.port()
        );
        let (file, log) = (folder.join("pgbouncer.ini"), folder.join("pgbouncer.log"));
        fs::write(&file, config).unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses to run as root.
        if fs::metadata(&folder).unwrap().uid() == 0 {
            command.args(["-u", "nobody"]);
        }
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        let Ok(child) = command.spawn() else {
            eprintln!("SKIPPED: PgBouncer is not installed");
            return None;
        };
        let (bouncer, started_at) = (Self(child), Instant::now());
        while TcpStream::connect(address).await.is_err() {
            let reported_log = fs::read_to_string(&log).unwrap();
            assert!(started_at.elapsed() < Duration::from_secs(10), "PgBouncer does not answer: {reported_log}");
            sleep(Duration::from_millis(20)).await;
        }
        Some((bouncer, by_way_of(site, address)))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_is_refused_in_transaction_mode_and_taken_in_session_mode() {
    let Some(site) = Site::postgres().await else { return };
    let Some((_bouncer, url)) = PgBouncer::before(&site, "transaction").await else { return };
    match Database::open(&url, without_roles()).await {
        Err(Fault::Pooled(_)) => {}
        other => panic!("{:?}", other.map(drop)),
    }
    let Some((_bouncer, url)) = PgBouncer::before(&site, "session").await else { return };
    let db = Database::open(&url, without_roles()).await.unwrap();
    assert_eq!(db.pooling().await, Some(Pooling::Session));
    db.close().await.unwrap();
}
