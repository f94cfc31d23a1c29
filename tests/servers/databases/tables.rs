//! Every struct of `entity::tables` against the schema that the migrations make, and rows through them in both directions.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Cells, Column, ColumnKind, Record, Selected, TableRecord},
    tables::{ALL, ApiKey, AuditEntry, api_key},
};
use entrepot::storage::{Backend, Bulk, Rows};
use migration::months::PARTED;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use super::{Home, connect};

/// A column as a database describes it.
#[derive(Debug, PartialEq, Eq)]
struct Described {
    data_type: String,
    may_be_null: bool,
}

type Schema = BTreeMap<String, BTreeMap<String, Described>>;

/// The type of a column on SQLite and on Postgres, and whether it may be null.
fn types(kind: ColumnKind) -> (&'static str, &'static str, bool) {
    match kind {
        ColumnKind::Id => ("BLOB", "uuid", false),
        ColumnKind::IdOrNull => ("BLOB", "uuid", true),
        ColumnKind::Int => ("INTEGER", "bigint", false),
        ColumnKind::IntOrNull => ("INTEGER", "bigint", true),
        ColumnKind::Small => ("INTEGER", "integer", false),
        ColumnKind::SmallOrNull => ("INTEGER", "integer", true),
        ColumnKind::Text => ("TEXT", "text", false),
        ColumnKind::TextOrNull => ("TEXT", "text", true),
        ColumnKind::Bytes => ("BLOB", "bytea", false),
        ColumnKind::BytesOrNull => ("BLOB", "bytea", true),
        ColumnKind::Bool => ("BOOLEAN", "boolean", false),
        ColumnKind::BoolOrNull => ("BOOLEAN", "boolean", true),
    }
}

fn structs(backend: DbBackend) -> Schema {
    let column = |column: &Column| {
        let (sqlite, postgres, may_be_null) = types(column.1);
        let data_type = if backend == DbBackend::Sqlite { sqlite } else { postgres }.to_owned();
        (column.0.to_owned(), Described { data_type, may_be_null })
    };
    ALL.iter().map(|table| (table.name.to_owned(), table.columns.iter().map(column).collect())).collect()
}

/// SQLite allows null in columns of a primary key unless they are declared NOT NULL; no row has
/// such a key.
const SQLITE: &str = "SELECT t.name, c.name, c.type, CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 0 ELSE 1 END, c.pk
    FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'product_search%' AND t.name <> 'seaql_migrations'";
const POSTGRES: &str = "SELECT c.table_name::text, c.column_name::text, c.data_type::text,
      CASE WHEN c.is_nullable = 'NO' THEN 0 ELSE 1 END,
      CASE WHEN EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indisprimary AND i.indrelid = to_regclass(c.table_name::text) AND a.attname = c.column_name) THEN 1 ELSE 0 END
    FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'seaql_migrations'
      AND c.table_name !~ '_([0-9]{4}_[0-9]{2}|before)$'";

async fn schema(connection: &DatabaseConnection) -> (Schema, BTreeMap<String, BTreeSet<String>>) {
    let backend = connection.get_database_backend();
    let sql = if backend == DbBackend::Sqlite { SQLITE } else { POSTGRES };
    let (mut schema, mut keys) = (Schema::new(), BTreeMap::<String, BTreeSet<String>>::new());
    for row in connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap() {
        let [table, column, data_type]: [String; 3] = [0, 1, 2].map(|index| row.try_get_by_index(index).unwrap());
        let [may_be_null, key]: [i32; 2] = [3, 4].map(|index| row.try_get_by_index(index).unwrap());
        if key > 0 {
            keys.entry(table.clone()).or_default().insert(column.clone());
        }
        let described = Described { data_type, may_be_null: may_be_null == 1 };
        schema.entry(table).or_default().insert(column, described);
    }
    (schema, keys)
}

async fn structs_are_the_schema(home: &Home) {
    let connection = connect(&home.url).await;
    let backend = connection.get_database_backend();
    let (schema, keys) = schema(&connection).await;
    let structs = structs(backend);
    assert!(structs.len() > 100, "{}", structs.len());
    assert_eq!(structs.keys().collect::<Vec<_>>(), schema.keys().collect::<Vec<_>>());
    for (table, columns) in &structs {
        assert_eq!(columns, &schema[table], "{table}");
    }
    for table in ALL {
        let mut key: BTreeSet<String> = table.key.iter().map(|column| (*column).to_owned()).collect();
        // Postgres wants the column that a table is parted by in each of its keys.
        let parted = PARTED.iter().find(|parted| backend == DbBackend::Postgres && parted.table == table.name);
        key.extend(parted.map(|parted| parted.column.to_owned()));
        assert_eq!(Some(&key), keys.get(table.name), "{}", table.name);
    }
    connection.close().await.unwrap();
}

/// Some columns of a key, under another name, and one that no table has.
#[derive(Debug, PartialEq, Eq, Record)]
struct KeyShown {
    #[record(alias = "k")]
    key: KeyName,
    #[record(of = api_key, alias = "k", column = "trusted_documents_only")]
    is_trusted: bool,
    #[record(sql = "k.budget_points * 2")]
    doubled: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Record)]
#[record(of = api_key)]
struct KeyName {
    id: ApiKeyId,
    name: String,
    scope: Option<String>,
}

/// Lets rows of `table` be written for this connection without those that they refer to, and without a tenant's role.
async fn alone(connection: &DatabaseConnection, table: &str) {
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "PRAGMA foreign_keys = OFF".to_owned(),
        _ => format!("CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING DEFAULTS)"),
    };
    connection.execute_unprepared(&sql).await.unwrap();
}

async fn write(connection: &DatabaseConnection, bulk: Bulk, tenant: TenantId) {
    let backend = if connection.get_database_backend() == DbBackend::Sqlite { Backend::Sqlite } else { Backend::Postgres };
    for statement in bulk.into_statements(backend, tenant).unwrap() {
        connection.execute_raw(statement).await.unwrap();
    }
}

async fn read<R: Record>(connection: &DatabaseConnection, sql: String) -> Vec<R> {
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| R::read(&mut Cells::new(row)).unwrap()).collect()
}

fn key(tenant: TenantId, number: u128) -> ApiKey {
    let is_even = number.is_multiple_of(2);
    ApiKey {
        tenant_id: tenant,
        id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
        integration_id: IntegrationId::from_uuid(Uuid::from_u128(7)),
        name: format!("key {number}"),
        prefix: "entk".to_owned(),
        permissions: None,
        scope: is_even.then(|| "all".to_owned()),
        cidrs: "[]".to_owned(),
        expires_at: is_even.then_some(Timestamp(1)),
        last_used_at: None,
        revoked_at: None,
        created_at: Timestamp(2),
        trusted_documents_only: is_even,
        budget_points: is_even.then_some(5),
        budget_restored: None,
        leaked_at: None,
    }
}

async fn rows_come_back_as_they_were_written(home: &Home) {
    let connection = connect(&home.url).await;
    alone(&connection, "api_key").await;
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let written: Vec<ApiKey> = (1..=5).map(|number| key(tenant, number)).collect();
    let mut rows = Rows::<ApiKey>::insert(tenant);
    rows.extend(written.clone());
    write(&connection, rows.into(), tenant).await;
    let sql = format!("SELECT {} FROM api_key k ORDER BY k.id", ApiKey::select("k"));
    assert_eq!(read::<ApiKey>(&connection, sql).await, written);

    let sql = format!("SELECT {} FROM api_key k ORDER BY k.id", KeyShown::SELECT);
    let shown = |key: ApiKey| KeyShown {
        doubled: key.budget_points.map(|points| points * 2),
        is_trusted: key.trusted_documents_only,
        key: KeyName { id: key.id, name: key.name, scope: key.scope },
    };
    assert_eq!(read::<KeyShown>(&connection, sql).await, written.into_iter().map(shown).collect::<Vec<_>>());

    // A projection changes its own columns, of the rows that it names.
    let mut rows = Rows::<KeyName>::update(tenant);
    rows.push(KeyName { id: ApiKeyId::from_uuid(Uuid::from_u128(2)), name: "other".to_owned(), scope: None });
    write(&connection, rows.into(), tenant).await;
    let sql = format!("SELECT {} FROM api_key k ORDER BY k.id", ApiKey::select("k"));
    let changed = read::<ApiKey>(&connection, sql).await;
    assert_eq!(changed[0], key(tenant, 1));
    assert_eq!(changed[1], ApiKey { name: "other".to_owned(), scope: None, ..key(tenant, 2) });
    connection.close().await.unwrap();
}

async fn bytes_come_back(home: &Home) {
    let connection = connect(&home.url).await;
    alone(&connection, "audit_entry").await;
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let entry = AuditEntry {
        tenant_id: tenant,
        id: AuditId::from_uuid(Uuid::from_u128(3)),
        at: Timestamp(4),
        actor_kind: "SYSTEM".to_owned(),
        actor_id: Uuid::nil(),
        session_id: Some(SessionId::from_uuid(Uuid::from_u128(5))),
        action: "store.create".to_owned(),
        outcome: "DONE".to_owned(),
        target_kind: None,
        target_id: None,
        request_id: "r".to_owned(),
        changes: "{}".to_owned(),
        ip: None,
        ip_salt: None,
        ip_commitment: Some(vec![1, 2, 3]),
        mac_key: "k".to_owned(),
        mac: vec![4, 5],
        seq: None,
        prev_hash: None,
        hash: None,
    };
    let mut rows = Rows::<AuditEntry>::insert(tenant);
    rows.push(entry.clone());
    write(&connection, rows.into(), tenant).await;
    let sql = format!("SELECT {} FROM audit_entry e", AuditEntry::select("e"));
    assert_eq!(read::<AuditEntry>(&connection, sql).await, [entry]);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn structs_and_rows_agree_with_sqlite() {
    let home = Home::sqlite().await;
    structs_are_the_schema(&home).await;
    rows_come_back_as_they_were_written(&home).await;
    bytes_come_back(&home).await;
}

#[tokio::test]
async fn structs_and_rows_agree_with_postgres() {
    let Some(home) = Home::postgres().await else { return };
    structs_are_the_schema(&home).await;
    rows_come_back_as_they_were_written(&home).await;
    bytes_come_back(&home).await;
}
