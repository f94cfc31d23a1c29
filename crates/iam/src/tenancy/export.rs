//! A tenant's rows as files: one line of JSON per row, one file per table, and a manifest with the
//! hash of each file.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

use entity::{prelude::*, tables::ALL};
use platform::{
    clock,
    storage::{Backend, Database, Fault, Reads, Row, Snapshot, journal, schema_head},
};
use sea_orm::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    manifest::{FORMAT, Manifest, OmittedTable, WrittenTable},
    persons,
    tables::{self, Column, Kind, Table},
};

const PAGE_ROWS: usize = 2_000;
/// Rows of a tenant's members, which belong to the deployment, with the columns that are exported.
const MEMBERS: &str =
    "SELECT u.id, u.email, u.display_name, u.created_at, u.locale, u.time_zone, u.password_hash <> '' AS joined FROM app_user u
    JOIN member m ON m.user_id = u.id WHERE m.tenant_id = $1 ORDER BY u.id";

/// Writes an export into a new folder. All files show the same snapshot; the server may keep
/// running meanwhile.
pub async fn export(db: &Database, tenant: TenantId, slug: &str, now: Timestamp, folder: &Path) -> Result<Manifest, Fault> {
    let failed = |err: std::io::Error| Fault::Broken(format!("the export cannot be written to {}: {err}", folder.display()));
    fs::create_dir(folder).map_err(failed)?;
    let mut tables = tables::of_tenants(&db.global()).await?;
    tables.retain(|table| !tables::is_excluded(&table.name));
    // Accounts belong to no tenant, so the deployment's snapshot reads them, together with the
    // tenant's rows.
    let snapshot = db.global().snapshot_for(tenant).await?;
    let mut files = vec![
        rows(&snapshot, folder, "tenant", "SELECT * FROM tenant WHERE id = $1", &tenant_columns()).await?,
        rows(&snapshot, folder, "user", MEMBERS, &user_columns()).await?,
    ];
    for table in &tables {
        files.push(table_file(&snapshot, folder, table).await?);
    }
    let head = journal::head(&snapshot).await?.seq;
    let audit_head = platform::audit::rows::head(&snapshot).await?.map(|head| hex::encode(head.chain.hash));
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        schema: schema_head(),
        tenant,
        slug: slug.to_owned(),
        exported_at: clock::rfc3339(now),
        head,
        audit_head,
        left_out: omitted_tables(),
        files,
    };
    // The manifest is written last: a folder without it is unfinished.
    manifest.write(folder)?;
    Ok(manifest)
}

fn omitted_tables() -> Vec<OmittedTable> {
    let entry = |(table, reason): &(&str, &str)| OmittedTable { table: (*table).to_owned(), why: (*reason).to_owned() };
    tables::EXCLUDED_TABLES.iter().map(entry).collect()
}

/// All columns of the tenant's own row.
fn tenant_columns() -> Vec<Column> {
    ALL.iter().find(|table| table.name == "tenant").map(tables::columns_of).unwrap_or_default()
}

fn user_columns() -> Vec<Column> {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    vec![
        column("id", Kind::Id),
        column("email", Kind::Text),
        column("display_name", Kind::Text),
        column("created_at", Kind::Int),
        column("locale", Kind::Text),
        column("time_zone", Kind::Text),
        column("joined", Kind::Bool),
    ]
}

/// A file of few rows.
async fn rows(snapshot: &Snapshot, folder: &Path, name: &str, sql: &str, columns: &[Column]) -> Result<WrittenTable, Fault> {
    let mut file = Lines::create(folder, name)?;
    let sql = format!("SELECT {} FROM ({sql}) x", text_columns(snapshot.backend(), columns));
    for row in &snapshot.rows(&sql, vec![]).await? {
        file.line(columns, &read_texts(row, columns)?)?;
    }
    file.finish()
}

/// A file of a table, read along its primary key.
async fn table_file(snapshot: &Snapshot, folder: &Path, table: &Table) -> Result<WrittenTable, Fault> {
    let mut file = Lines::create(folder, &table.name)?;
    let keys: Vec<&Column> = table
        .keys
        .iter()
        .filter_map(|key| table.columns.iter().find(|c| c.name == *key))
        .filter(|c| c.name != "tenant_id")
        .collect();
    let names = keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut last_key: Option<Vec<Value>> = None;
    loop {
        let (mut bound_sql, order) = (String::new(), if names.is_empty() { String::new() } else { format!(" ORDER BY {names}") });
        let values = last_key.clone().unwrap_or_default();
        if last_key.is_some() {
            let placeholders: Vec<String> = (0..values.len()).map(|n| format!("${}", n + 2)).collect();
            bound_sql = format!(" AND ({names}) > ({})", placeholders.join(", "));
        }
        let select_list = text_columns(snapshot.backend(), &table.columns);
        let sql = format!("SELECT {select_list} FROM {} WHERE tenant_id = $1{bound_sql}{order} LIMIT {PAGE_ROWS}", table.name);
        let page = snapshot.rows(&sql, values).await?;
        let mut lines = page.iter().map(|row| read_texts(row, &table.columns)).collect::<Result<Vec<_>, _>>()?;
        blank_secrets(table, &mut lines);
        persons::open(snapshot, table, &mut lines).await?;
        for line in &lines {
            file.line(&table.columns, line)?;
        }
        let last = lines.pop().unwrap_or_default();
        if page.len() < PAGE_ROWS || keys.is_empty() {
            return file.finish();
        }
        let position = |key: &Column| table.columns.iter().position(|c| c.name == key.name);
        let value =
            |key: &&Column| position(key).and_then(|at| last[at].as_deref()).map_or(Value::from(""), |text| bind(key.kind, text));
        last_key = Some(keys.iter().map(value).collect());
    }
}

/// Empties columns with secrets of the deployment.
fn blank_secrets(table: &Table, lines: &mut [Vec<Option<String>>]) {
    let secrets = tables::SECRET_COLUMNS.iter().filter(|(name, _)| *name == table.name);
    for index in secrets.filter_map(|(_, secret)| table.columns.iter().position(|column| column.name == *secret)) {
        for value in lines.iter_mut().filter_map(|line| line[index].as_mut()) {
            value.clear();
        }
    }
}

/// The columns as texts that both databases write alike.
fn text_columns(backend: Backend, columns: &[Column]) -> String {
    let select_column = |column: &Column| {
        let name = &column.name;
        match (backend, column.kind) {
            (Backend::Sqlite, Kind::Id | Kind::Bytes) => format!("lower(hex({name}))"),
            (Backend::Postgres, Kind::Id) => format!("replace({name}::text, '-', '')"),
            (Backend::Postgres, Kind::Bytes) => format!("encode({name}, 'hex')"),
            (Backend::Postgres, Kind::Bool) => format!("{name}::int::text"),
            (Backend::Sqlite, _) => format!("CAST({name} AS TEXT)"),
            (Backend::Postgres, _) => format!("{name}::text"),
        }
    };
    // `hex(NULL)` is an empty text on SQLite, so null needs a case of its own.
    let nullable_column =
        |column: &Column| format!("CASE WHEN {0} IS NULL THEN NULL ELSE {1} END", column.name, select_column(column));
    columns.iter().map(nullable_column).collect::<Vec<_>>().join(", ")
}

fn read_texts(row: &sea_orm::QueryResult, columns: &[Column]) -> Result<Vec<Option<String>>, Fault> {
    let mut row = Row::new(row);
    columns.iter().map(|_| row.take()).collect()
}

fn bind(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Id => Uuid::parse_str(text).unwrap_or_default().into(),
        Kind::Int => text.parse::<i64>().unwrap_or_default().into(),
        Kind::Bool => (text == "1").into(),
        Kind::Bytes => (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap_or_default())
            .collect::<Vec<u8>>()
            .into(),
        Kind::Text => text.into(),
    }
}

/// A file that counts and hashes its lines as they are written.
struct Lines<'a> {
    folder: &'a Path,
    name: String,
    file: BufWriter<File>,
    hash: Sha256,
    rows: u64,
    bytes: u64,
}

impl<'a> Lines<'a> {
    fn create(folder: &'a Path, table: &str) -> Result<Self, Fault> {
        let name = format!("{table}.jsonl");
        let file = File::create(folder.join(&name)).map_err(|err| Fault::Broken(format!("{name}: {err}")))?;
        Ok(Self { folder, name, file: BufWriter::new(file), hash: Sha256::new(), rows: 0, bytes: 0 })
    }

    fn line(&mut self, columns: &[Column], values: &[Option<String>]) -> Result<(), Fault> {
        let mut line = String::from("{");
        for (column, value) in columns.iter().zip(values) {
            if line.len() > 1 {
                line.push(',');
            }
            let json = match (value, column.kind) {
                (None, _) => "null".to_owned(),
                (Some(text), Kind::Int) => text.clone(),
                (Some(text), Kind::Bool) => (text == "1").to_string(),
                (Some(text), _) => serde_json::Value::from(text.as_str()).to_string(),
            };
            line.push_str(&format!("\"{}\":{json}", column.name));
        }
        line.push_str("}\n");
        self.hash.update(line.as_bytes());
        self.rows += 1;
        self.bytes += line.len() as u64;
        self.file.write_all(line.as_bytes()).map_err(|err| Fault::Broken(format!("{}: {err}", self.name)))
    }

    fn finish(mut self) -> Result<WrittenTable, Fault> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|err| Fault::Broken(format!("{}: {err}", self.folder.join(&self.name).display())))?;
        Ok(WrittenTable { file: self.name, rows: self.rows, bytes: self.bytes, sha256: hex::encode(self.hash.finalize()) })
    }
}
