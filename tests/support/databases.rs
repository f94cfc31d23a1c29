//! A new database for each test: a copy of a migrated one, dropped at the end. Migrating an empty
//! database takes seconds on Postgres, copying one a tenth of a second.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use entrepot::{
    clock::Clock,
    storage::{Backend, Database, Options},
};
use rustix::fs::{Access, access, statvfs};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest, Sha256};

/// A database and a folder, both gone when this is.
pub struct Home {
    pub url: String,
    /// Folder of the SQLite file, and of the test's other files.
    pub folder: PathBuf,
    /// The Postgres to ask for the database's end, and its name.
    pub postgres: Option<(String, String)>,
}

impl Home {
    /// A migrated file.
    pub async fn sqlite() -> Self {
        let home = Self::empty_sqlite();
        fs::copy(template_file().await, home.folder.join(FILE)).unwrap();
        home
    }

    /// A migrated database. `None`, with a message, if no Postgres is configured; on CI that is a
    /// failure.
    pub async fn postgres() -> Option<Self> {
        let server = server()?;
        let connection = connect(&server).await;
        let template = template(&connection, &server).await;
        let strategy = strategy(&connection).await;
        Some(Self::create(server, connection, &format!(" TEMPLATE {template} STRATEGY {strategy}")).await)
    }

    /// Without a file yet.
    pub fn empty_sqlite() -> Self {
        let folder = folder();
        Self { url: format!("sqlite://{}", folder.join(FILE).display()), folder, postgres: None }
    }

    /// Without tables. None as for a migrated one.
    pub async fn empty_postgres() -> Option<Self> {
        let server = server()?;
        let connection = connect(&server).await;
        Some(Self::create(server, connection, "").await)
    }

    /// A database of this server, with how to create it behind its name.
    pub async fn create(server: String, connection: DatabaseConnection, clause: &str) -> Self {
        let name = format!("entrepot_it_{:x}", random());
        run(&connection, &format!("CREATE DATABASE {name}{clause}")).await;
        connection.close().await.unwrap();
        Self { url: sibling(&server, &name), folder: folder(), postgres: Some((server, name)) }
    }

    /// Runs what only the owner of the tables can.
    pub async fn run_sql(&self, sql: &str) {
        run_sql(&self.url, sql).await;
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some((server, name)) = self.postgres.take() {
            // A separate runtime: the test's may be shutting down.
            let dropping = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(run_sql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
            });
            let _ = dropping.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub const FILE: &str = "it.sqlite";

/// Opens a single connection, so that its settings persist, without the storage layer.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

/// Runs SQL with the rights of whom the address names.
pub async fn run_sql(url: &str, sql: &str) {
    let connection = connect(url).await;
    run(&connection, sql).await;
    connection.close().await.unwrap();
}

pub fn random() -> u64 {
    let mut bytes = [0; 8];
    Clock::system().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Directory of the databases and files of tests: in memory if it has room, as for Postgres
/// (`scripts/services.sh`). On a disk each commit of SQLite waits a millisecond, hundreds of times
/// a test; only a crash of the whole machine would show the difference.
pub fn scratch_folder() -> PathBuf {
    const ROOM: u64 = 6 << 30;
    let memory = Path::new("/dev/shm");
    let free = statvfs(memory).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    if free >= ROOM && access(memory, Access::WRITE_OK).is_ok() { memory.to_owned() } else { env::temp_dir() }
}

/// Creates a folder with a unique name.
fn folder() -> PathBuf {
    let folder = scratch_folder().join(format!("entrepot-it-{:x}", random()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns the URL of the tests' Postgres. `None`, with a message, if there is none; on CI that is
/// a failure.
pub fn server() -> Option<String> {
    let given = env::var("ENTREPOT_TEST_POSTGRES_URL").ok();
    if given.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI runs every scenario on Postgres: set ENTREPOT_TEST_POSTGRES_URL");
        eprintln!("SKIPPED on Postgres: ENTREPOT_TEST_POSTGRES_URL is not set");
    }
    given
}

/// Returns the URL of another database on the same server.
fn sibling(server: &str, name: &str) -> String {
    let (address, rest) = server.rsplit_once('/').unwrap();
    let options = rest.find('?').map_or("", |at| &rest[at..]);
    format!("{address}/{name}{options}")
}

pub async fn run(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap();
}

pub async fn migrate(url: &str) {
    let db = Database::make(url, Options { readers: 1, writers: 1, ..Options::default() }).await.unwrap();
    db.migrate().await.unwrap();
    let is_postgres = db.backend() == Backend::Postgres;
    db.close().await.unwrap();
    if is_postgres {
        run_sql(url, LATER).await;
    }
}

/// A part for all that comes after the months that a deployment makes ahead: tests move their clocks by years.
const LATER: &str = "DO $later$
DECLARE t record;
BEGIN
  FOR t IN SELECT h.inhparent::regclass::text AS name,
      max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO [(]''([0-9]+)''[)]'))[1]::bigint) AS upto
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE c.relkind = 'r' GROUP BY 1
  LOOP
    EXECUTE format('CREATE TABLE %s_9999_12 PARTITION OF %s FOR VALUES FROM (%s) TO (MAXVALUE)', t.name, t.name, t.upto);
    EXECUTE format('ALTER TABLE %s_9999_12 ALTER COLUMN tenant_id SET (n_distinct = 1)', t.name);
  END LOOP;
END $later$";

/// A migrated database to copy, made once for each text of what migrates. Tests are processes of their own: the server itself is the lock.
async fn template(connection: &DatabaseConnection, server: &str) -> String {
    let name = format!("entrepot_template_{}", text_of_migrations());
    if is_there(connection, &name).await {
        return name;
    }
    run(connection, "SELECT pg_advisory_lock(7170152)").await;
    if !is_there(connection, &name).await {
        // Under another name first: an aborted migration never counts as complete.
        let making = format!("{name}_making");
        run(connection, &format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await;
        run(connection, &format!("CREATE DATABASE {making}")).await;
        migrate(&sibling(server, &making)).await;
        run(connection, &format!("ALTER DATABASE {making} RENAME TO {name}")).await;
    }
    run(connection, "SELECT pg_advisory_unlock(7170152)").await;
    name
}

pub async fn is_there(connection: &DatabaseConnection, name: &str) -> bool {
    let sql = format!("SELECT 1 AS there FROM pg_database WHERE datname = '{name}'");
    let found = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    !found.is_empty()
}

/// A copy of files is half the work, but begins and ends with a checkpoint, which waits for the disk where the server is durable.
pub async fn strategy(connection: &DatabaseConnection) -> &'static str {
    let sql = "SELECT 1 AS durable WHERE current_setting('fsync') = 'on'";
    let found = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    if found.is_empty() { "FILE_COPY" } else { "WAL_LOG" }
}

/// Returns the template as an SQLite file. The first process makes it; if several do, the last
/// one's file stays, and all are alike.
async fn template_file() -> PathBuf {
    let file = scratch_folder().join(format!("entrepot-template-{}.sqlite", text_of_migrations()));
    if !file.exists() {
        let making = folder();
        let template = making.join(FILE);
        migrate(&format!("sqlite://{}", template.display())).await;
        assert!(!making.join(format!("{FILE}-wal")).exists(), "closed, and all of it is in the file");
        fs::rename(template, &file).unwrap();
        fs::remove_dir_all(making).unwrap();
    }
    file
}

/// A digest of all that has a part in migrating. It is noted for each build of the tests, so that not every test reads hundreds of files.
pub fn text_of_migrations() -> String {
    let noted = scratch_folder().join(format!("entrepot-migrations-{}", program()));
    if let Ok(digest) = fs::read_to_string(&noted) {
        return digest;
    }
    let mut hasher = Sha256::new();
    for folder in ["migration/src", "crates/platform/src/storage"] {
        digest(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut hasher);
    }
    let digest: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Several processes at once write the same, and under another name first, so that none reads
    // half of it.
    let making = folder();
    fs::write(making.join("digest"), &digest).unwrap();
    fs::rename(making.join("digest"), noted).unwrap();
    fs::remove_dir_all(making).unwrap();
    digest
}

/// Identifies this build of the tests by its modification time and size.
pub fn program() -> String {
    let program = fs::metadata(env::current_exe().unwrap()).unwrap();
    let modified_at = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    format!("{:x}-{:x}", modified_at.as_nanos(), program.len())
}

fn digest(path: &Path, hasher: &mut Sha256) {
    let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            digest(&entry, hasher);
        } else {
            hasher.update(fs::read(&entry).unwrap());
        }
    }
}
