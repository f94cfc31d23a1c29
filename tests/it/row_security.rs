//! Row-level security of Postgres, which separates tenants even if a statement has no tenant
//! condition. (An embedded database has none.)

mod plans;
mod proof;

use entity::prelude::TenantId;
use entrepot::{
    access::Caller,
    clock::Clock,
    storage::{ActiveRowSecurity, Database, Fault, Options, Reads, RowSecurity},
};
use migration::row_security;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};

use crate::catalog::world::World;

/// A database with two tenants, each with a store of its own, and nodes that have one connection of each kind.
struct Two {
    world: World,
    one: Caller,
    other: Caller,
}

/// Tables of credentials, which are read before the tenant is known. All other tables with a
/// tenant_id have row-level security.
pub const NO_ROW_SECURITY: [&str; 4] = ["api_key_index", "invitation", "login_challenge", "session"];
const STORES: &str = "SELECT name FROM store WHERE $1 IS NOT NULL ORDER BY name";

impl Two {
    async fn new() -> Option<Self> {
        let world = World::postgres().await?;
        let (one, other) = (world.owner.clone(), world.other_tenant().await);
        for (caller, name) in [(&one, "Ours"), (&other, "Theirs")] {
            let work = world.db.tenant(caller.tenant).begin().await.unwrap();
            add_store(&work, name).await.unwrap();
            work.commit().await.unwrap();
        }
        Some(Self { world, one, other })
    }
    fn url(&self) -> String {
        self.world.url().to_owned()
    }
    async fn open(&self, row_security: RowSecurity) -> Database {
        Database::open(&self.url(), Options { readers: 1, writers: 1, row_security, ..Options::default() }).await.unwrap()
    }
    /// A connection with a role, bound to no tenant.
    async fn as_role(&self, role: &'static str) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.url());
        options.max_connections(1).sqlx_logging(false).map_sqlx_postgres_opts(move |o| o.options([("role", role)]));
        sea_orm::Database::connect(options).await.unwrap()
    }
}

async fn add_store(work: &entrepot::storage::Work, name: &str) -> Result<u64, Fault> {
    let sql = "INSERT INTO store (tenant_id, id, code, code_key, name, kind, time_zone, version, created_at, updated_at)
               VALUES ($1, gen_random_uuid(), $2, lower($2), $2, 'SHOP', 'Europe/London', 1, 0, 0)";
    work.execute(sql, vec![name.into()]).await
}

async fn stores(reads: &impl Reads) -> Vec<String> {
    let rows = reads.rows(STORES, vec![]).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn all(connection: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn refused(connection: &impl ConnectionTrait, sql: &str) -> String {
    let outcome = connection.execute_unprepared(sql).await;
    outcome.err().unwrap_or_else(|| panic!("went through: {sql}")).to_string()
}

#[tokio::test]
async fn a_statement_that_forgets_its_tenant_finds_that_tenants_rows_only() {
    let Some(two) = Two::new().await else { return };
    let db = two.open(RowSecurity::All).await;
    assert_eq!(*db.active_row_security(), ActiveRowSecurity::All);
    // Alternately on one connection: a binding never outlasts its transaction.
    for _ in 0..3 {
        assert_eq!(stores(&db.tenant(two.one.tenant)).await, ["Ours"]);
        assert_eq!(stores(&db.tenant(two.other.tenant)).await, ["Theirs"]);
        assert!(stores(&db.tenant(TenantId::NIL)).await.is_empty());
    }
    assert_eq!(stores(&db.tenant(two.one.tenant).snapshot().await.unwrap()).await, ["Ours"]);
    let work = db.tenant(two.other.tenant).begin().await.unwrap();
    assert_eq!(stores(&work).await, ["Theirs"]);
    assert_eq!(work.execute("UPDATE store SET name = 'Taken' WHERE $1 IS NOT NULL", vec![]).await.unwrap(), 1);
    work.commit().await.unwrap();
    assert_eq!(stores(&db.tenant(two.one.tenant)).await, ["Ours"]);
    assert_eq!(stores(&db.tenant(two.other.tenant)).await, ["Taken"]);
    db.close().await.unwrap();
    two.world.end().await;
}

#[tokio::test]
async fn many_requests_of_two_tenants_at_once_share_connections_and_no_rows() {
    let Some(two) = Two::new().await else { return };
    let options = Options { readers: 3, writers: 1, row_security: RowSecurity::All, ..Options::default() };
    let db = Database::open(&two.url(), options).await.unwrap();
    let asks = (0..400).map(|n| {
        let (tenant, own) = if n % 3 == 0 { (two.one.tenant, "Ours") } else { (two.other.tenant, "Theirs") };
        let scope = db.tenant(tenant);
        tokio::spawn(async move {
            // Some lose patience half-way: their connection must not come back half bound.
            if n % 7 == 0 {
                let _ = tokio::time::timeout(std::time::Duration::from_micros(50 * n), stores(&scope)).await;
            } else {
                assert_eq!(stores(&scope).await, [own]);
            }
        })
    });
    for ask in asks.collect::<Vec<_>>() {
        ask.await.unwrap();
    }
    db.close().await.unwrap();
    two.world.end().await;
}

#[tokio::test]
async fn a_connection_that_is_bound_to_nobody_finds_nothing_and_writes_nothing() {
    let Some(two) = Two::new().await else { return };
    let app = two.as_role(row_security::APP).await;
    let empty = |sql: String| {
        let app = app.clone();
        async move { assert_eq!(all(&app, &sql).await, ["0"], "{sql}") }
    };
    for table in walled(&app).await {
        if !all(&app, &format!("SELECT has_table_privilege('{table}', 'SELECT')::text")).await.contains(&"false".to_owned()) {
            empty(format!("SELECT count(*)::text FROM {table}")).await;
        }
    }
    let (one, other) = (two.one.tenant.uuid(), two.other.tenant.uuid());
    let insert = |tenant| format!("INSERT INTO policy (tenant_id, version) VALUES ('{tenant}', 7)");
    assert!(refused(&app, &insert(one)).await.contains("row-level security"));
    // After the bound transaction the setting reads as the empty text, which is no tenant either.
    let bound = app.begin().await.unwrap();
    bound.execute_unprepared(&format!("SELECT set_config('app.tenant_id', '{one}', true)")).await.unwrap();
    assert_eq!(all(&bound, "SELECT name FROM store").await, ["Ours"]);
    assert!(refused(&bound, &insert(other)).await.contains("row-level security"));
    bound.rollback().await.unwrap();
    empty("SELECT count(*)::text FROM store".to_owned()).await;
    // The ledger's connections are bound to a list of tenants, and see only their rows.
    let nobody = uuid::Uuid::from_u128(7);
    for (list, seen) in [(format!("{nobody},{one}"), "1"), (format!("{other},{one}"), "2"), (nobody.to_string(), "0")] {
        let bound = app.begin().await.unwrap();
        bound.execute_unprepared(&format!("SELECT set_config('app.tenant_ids', '{list}', true)")).await.unwrap();
        assert_eq!(all(&bound, "SELECT count(DISTINCT tenant_id)::text FROM store").await, [seen], "{list}");
        if seen != "2" {
            assert!(refused(&bound, &insert(other)).await.contains("row-level security"), "{list}");
        }
        bound.rollback().await.unwrap();
    }
    empty("SELECT count(*)::text FROM store".to_owned()).await;
    let bound = app.begin().await.unwrap();
    bound.execute_unprepared(&format!("SELECT set_config('app.tenant_id', '{one}', true)")).await.unwrap();
    let text = format!("UPDATE store SET tenant_id = '{other}'");
    assert!(refused(&bound, &text).await.contains("row-level security"));
    bound.rollback().await.unwrap();
    app.close().await.unwrap();
    two.world.end().await;
}

/// Tables of this database that need row-level security, by their columns and not by the
/// migration's list.
async fn walled(connection: &impl ConnectionTrait) -> Vec<String> {
    let sql =
        "SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
               WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let mut tables = all(connection, sql).await;
    tables.retain(|table| !NO_ROW_SECURITY.contains(&&**table));
    tables.push("tenant".to_owned());
    tables
}

#[tokio::test]
async fn every_table_of_tenants_is_forced_and_the_roles_own_nothing() {
    let Some(two) = Two::new().await else { return };
    let owner = sea_orm::Database::connect(two.url()).await.unwrap();
    let tables = walled(&owner).await;
    assert!(tables.len() > 25 && tables.contains(&"entry".to_owned()), "{tables:?}");
    let forced = "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relnamespace = 'public'::regnamespace";
    let forced = all(&owner, forced).await;
    for table in &tables {
        assert!(forced.contains(table), "{table} has no forced row-level security");
        let sql = format!(
            "SELECT count(*)::text FROM pg_policies WHERE tablename = '{table}' AND policyname = 'of_tenant' AND qual LIKE '%app.tenant_id%' AND with_check LIKE '%app.tenant_id%'"
        );
        assert_eq!(all(&owner, &sql).await, ["1"], "{table}");
    }
    let sql =
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'entrepot\\_%' AND rolname IN ('entrepot_app', 'entrepot_steward')
               AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolinherit OR rolreplication)";
    assert!(all(&owner, sql).await.is_empty());
    let owned = "SELECT relname::text FROM pg_class WHERE pg_get_userbyid(relowner) IN ('entrepot_app', 'entrepot_steward')";
    assert!(all(&owner, owned).await.is_empty());
    assert!(row_security::gaps(&owner).await.unwrap().is_empty());
    // Row-level security that is switched off for a table is detected at the next start.
    owner.execute_unprepared("ALTER TABLE entry NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let db = two.open(RowSecurity::Auto).await;
    let fault = db.prove_row_security().await.unwrap_err().to_string();
    assert!(fault.contains("entry"), "{fault}");
    db.migrate().await.unwrap();
    assert!(db.prove_row_security().await.unwrap().is_some(), "this login could lay its role down");
    db.close().await.unwrap();
    owner.close().await.unwrap();
    two.world.end().await;
}

#[tokio::test]
async fn what_is_written_once_cannot_be_changed_or_removed_by_a_request() {
    let Some(two) = Two::new().await else { return };
    let app = two.as_role(row_security::APP).await;
    for table in ["event", "movement", "entry", "idempotency", "audit_entry", "audit_checkpoint"] {
        for verb in ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"] {
            assert!(refused(&app, &verb.replace("{}", table)).await.contains("permission denied"), "{verb} {table}");
        }
    }
    for table in ["stock_level", "sales_order", "order_line", "tenant", "product", "store", "channel", "customer"] {
        assert!(refused(&app, &format!("DELETE FROM {table}")).await.contains("permission denied"), "{table}");
    }
    for table in ["signing_key", "server_secret", "secret_key"] {
        assert!(refused(&app, &format!("SELECT 1 FROM {table}")).await.contains("permission denied"), "{table}");
    }
    assert!(refused(&app, "INSERT INTO audit_checkpoint DEFAULT VALUES").await.contains("permission denied"));
    assert!(refused(&app, "DELETE FROM audit_head").await.contains("permission denied"));
    assert!(refused(&app, "ALTER TABLE store NO FORCE ROW LEVEL SECURITY").await.contains("owner"));
    app.close().await.unwrap();
    two.world.end().await;
}

/// Credentials are read before the tenant is known, by the deployment's own role; a request cannot
/// read them, even with its tenant bound.
#[tokio::test]
async fn what_people_and_programs_sign_in_with_is_out_of_a_requests_reach() {
    let Some(two) = Two::new().await else { return };
    let app = two.as_role(row_security::APP).await;
    let bound = app.begin().await.unwrap();
    let bind = format!("SELECT set_config('app.tenant_id', '{}', false)", two.one.tenant.uuid());
    bound.execute_unprepared(&bind).await.unwrap();
    bound.commit().await.unwrap();
    let walled = walled(&app).await;
    let all_tables = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY 1";
    let mut tables = all(&app, all_tables).await;
    // A node reads the list of migrations before it serves.
    tables.retain(|table| !walled.contains(table) && table != "seaql_migrations");
    for table in ["app_user", "totp", "session", "refresh_token", "link", "invitation", "api_key_index", "backup_code", "device"]
    {
        assert!(tables.contains(&table.to_owned()), "{table} is not among {tables:?}");
    }
    for table in &tables {
        let column = format!("SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 1");
        let column = all(&app, &column).await.remove(0);
        for sql in [
            format!("SELECT 1 FROM {table}"),
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("INSERT INTO {table} DEFAULT VALUES"),
            format!("TRUNCATE {table}"),
        ] {
            assert!(refused(&app, &sql).await.contains("permission denied"), "{sql}");
        }
    }
    // A right that is granted by hand is detected at the next start, and revoked by the next
    // migration.
    let owner = sea_orm::Database::connect(two.url()).await.unwrap();
    owner.execute_unprepared("GRANT SELECT ON session TO entrepot_app").await.unwrap();
    let db = two.open(RowSecurity::Auto).await;
    let fault = db.prove_row_security().await.unwrap_err().to_string();
    assert!(fault.contains("session") && fault.contains("entrepot_app"), "{fault}");
    db.migrate().await.unwrap();
    db.prove_row_security().await.unwrap();
    assert!(refused(&app, "SELECT 1 FROM session").await.contains("permission denied"));
    db.close().await.unwrap();
    owner.close().await.unwrap();
    app.close().await.unwrap();
    two.world.end().await;
}

#[tokio::test]
async fn the_steward_sees_all_tenants_and_writes_only_the_one_it_works_for() {
    let Some(two) = Two::new().await else { return };
    let global = two.world.db.global();
    let rows = global.rows("SELECT name FROM store ORDER BY name", vec![]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>(), ["Ours", "Theirs"]);
    let work = global.maintenance_for(two.one.tenant).await.unwrap();
    assert_eq!(work.execute("UPDATE store SET name = 'Renamed' WHERE $1 IS NOT NULL", vec![]).await.unwrap(), 1);
    work.rollback().await.unwrap();
    let nobodys = global.begin().await.unwrap();
    assert_eq!(nobodys.change("UPDATE store SET name = 'Renamed'", vec![]).await.unwrap(), 0);
    nobodys.rollback().await.unwrap();
    two.world.end().await;
}

#[tokio::test]
async fn with_a_wall_for_writes_alone_reads_rest_on_their_statements() {
    let Some(two) = Two::new().await else { return };
    let db = two.open(RowSecurity::Writes).await;
    assert_eq!(stores(&db.tenant(two.one.tenant)).await, ["Ours", "Theirs"]);
    let work = db.tenant(two.one.tenant).begin().await.unwrap();
    assert_eq!(stores(&work).await, ["Ours"]);
    work.rollback().await.unwrap();
    assert!(db.prove_row_security().await.is_ok());
    db.close().await.unwrap();
    two.world.end().await;
}

/// A login role with limited rights; `end` drops it with all that it owns.
struct Login {
    admin: DatabaseConnection,
    name: String,
}

impl Login {
    async fn new(two: &Two) -> Self {
        let admin = sea_orm::Database::connect(two.url()).await.unwrap();
        // Roles are the whole server's: another test may be making one.
        let name = format!("login_{}", Clock::system().uuid().simple());
        admin.execute_unprepared(&format!("CREATE ROLE {name} LOGIN PASSWORD 'x'")).await.unwrap();
        Self { admin, name }
    }
    async fn open(&self, two: &Two, row_security: RowSecurity) -> Result<Database, Fault> {
        let url = two.url().replace("//postgres@", &format!("//{}:x@", self.name));
        Database::open(&url, Options { readers: 2, writers: 2, row_security, ..Options::default() }).await
    }
    async fn run_sql(&self, sql: &str) {
        self.admin.execute_unprepared(&sql.replace("{login}", &self.name)).await.unwrap();
    }
    async fn end(self) {
        self.run_sql("REASSIGN OWNED BY {login} TO CURRENT_USER; DROP OWNED BY {login}; DROP ROLE {login}").await;
        self.admin.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_login_that_may_not_make_roles_is_served_with_a_warning_or_refused_when_the_wall_was_asked_for() {
    let Some(two) = Two::new().await else { return };
    let login = Login::new(&two).await;
    login.run_sql("DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        LOOP EXECUTE format('ALTER TABLE %I OWNER TO {login}', t); END LOOP; END $$").await;
    // As after a move to a server on which this login's roles were not created.
    login.run_sql("GRANT CREATE ON SCHEMA public TO {login}").await;
    let fault = login.open(&two, RowSecurity::All).await.err().unwrap().to_string();
    assert!(fault.contains("GRANT entrepot_app, entrepot_steward"), "{fault}");
    let db = login.open(&two, RowSecurity::Auto).await.unwrap();
    let is_advised = matches!(db.active_row_security(), ActiveRowSecurity::None(why) if why.contains("GRANT entrepot_app"));
    assert!(is_advised, "{}", db.active_row_security());
    db.close().await.unwrap();
    login.run_sql("GRANT entrepot_app, entrepot_steward TO {login}").await;
    let db = login.open(&two, RowSecurity::Auto).await.unwrap();
    assert_eq!(*db.active_row_security(), ActiveRowSecurity::All);
    // As after a restore, the policies for the owner name the login that owned the tables before.
    assert!(db.find_hidden_table().await.unwrap().is_some(), "a dump would lack rows");
    db.claim_policies().await.unwrap();
    assert_eq!(db.find_hidden_table().await.unwrap(), None);
    db.migrate().await.unwrap();
    db.prove_row_security().await.unwrap();
    assert_eq!(stores(&db.tenant(two.other.tenant)).await, ["Theirs"]);
    db.close().await.unwrap();
    login.end().await;
    two.world.end().await;
}

#[tokio::test]
async fn a_login_that_owns_nothing_serves_by_its_roles_and_has_nothing_without_them() {
    let Some(two) = Two::new().await else { return };
    let login = Login::new(&two).await;
    let db = login.open(&two, RowSecurity::Auto).await.unwrap();
    assert!(db.prove_row_security().await.unwrap_err().to_string().contains("GRANT"), "{}", db.active_row_security());
    db.close().await.unwrap();
    login.run_sql("GRANT entrepot_app, entrepot_steward TO {login}").await;
    let db = login.open(&two, RowSecurity::All).await.unwrap();
    assert_eq!(db.pending_migrations().await.unwrap(), 0);
    assert_eq!(db.prove_row_security().await.unwrap(), None, "no advice: this login can pass by nothing");
    assert_eq!(stores(&db.tenant(two.one.tenant)).await, ["Ours"]);
    let work = db.tenant(two.one.tenant).begin().await.unwrap();
    add_store(&work, "Second").await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(stores(&db.tenant(two.one.tenant)).await, ["Ours", "Second"]);
    db.close().await.unwrap();
    login.end().await;
    two.world.end().await;
}
