//! A login with limits of its own, behind a pooler that does not forward the options of
//! connections.

use std::{io, net::SocketAddr, time::Duration};

use entity::prelude::TenantId;
use entrepot::storage::{Database, Options, Reads, RowSecurity};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use uuid::Uuid;

use super::{Home, connect, run};

/// The question for TLS, which a client sends before its first message.
const TLS: u32 = 80_877_103;

/// A pooler in session mode, as far as this needs one: the database's URL by way of it.
async fn pooled(url: &str) -> String {
    let (login, place) = url.rsplit_once('@').unwrap();
    let (target, name) = place.split_once('/').unwrap();
    let target: SocketAddr = target.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(passed_on(client, target));
        }
    });
    format!("{login}@{address}/{name}")
}

async fn passed_on(mut client: TcpStream, target: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    let first = loop {
        let mut message = vec![0; client.read_u32().await?.saturating_sub(4) as usize];
        client.read_exact(&mut message).await?;
        if message != TLS.to_be_bytes() {
            break message;
        }
        client.write_all(b"N").await?;
    };
    // The version of the protocol, then names and values, each followed by a NUL, and one more NUL.
    let mut kept = first[..4].to_vec();
    for pair in first[4..].split(|byte| *byte == 0).collect::<Vec<_>>().chunks(2) {
        if let [name, value] = pair
            && !name.is_empty()
            && *name != b"options"
        {
            for part in [name, value] {
                kept.extend_from_slice(part);
                kept.push(0);
            }
        }
    }
    kept.push(0);
    server.write_u32(kept.len() as u32 + 4).await?;
    server.write_all(&kept).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Makes new connections to this database abort statements, and transactions if Postgres has that
/// limit, after 0.3 seconds.
async fn limit(connection: &DatabaseConnection) {
    let sql = "DO $$ DECLARE setting text; BEGIN
        FOR setting IN SELECT s.name FROM pg_settings s WHERE s.name IN ('statement_timeout', 'transaction_timeout') LOOP
          EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = ''300ms''', current_user, current_database(), setting);
        END LOOP; END $$";
    run(connection, sql).await;
}

async fn text(connection: &DatabaseConnection, sql: &str) -> Option<String> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    row.map(|row| row.try_get_by_index(0).unwrap())
}

/// Returns the limits of statements and of transactions of a tenant's connection; the latter is `0`
/// if Postgres does not have it.
async fn limits(reads: &impl Reads) -> (String, String) {
    let sql = "SELECT current_setting('statement_timeout'), coalesce(current_setting('transaction_timeout', true), '0') WHERE $1::uuid IS NOT NULL";
    let rows = reads.rows(sql, vec![]).await.unwrap();
    (rows[0].try_get_by_index(0).unwrap(), rows[0].try_get_by_index(1).unwrap())
}

#[tokio::test]
async fn limits_of_the_logins_own_end_no_index_that_waits_for_a_writer() {
    let Some(home) = Home::empty_postgres().await else { return };
    let connection = connect(&home.url).await;
    let migration = "m0189_orders_by_status";
    let before = Migrator::migrations().iter().position(|one| one.name() == migration).unwrap();
    Migrator::up(&connection, Some(before as u32)).await.unwrap();
    run(&connection, "UPDATE pg_class SET reltuples = 1000000 WHERE oid = 'sales_order'::regclass").await;
    let writer = connect(&home.url).await;
    for sql in ["BEGIN", "LOCK TABLE sales_order IN ROW EXCLUSIVE MODE"] {
        run(&writer, sql).await;
    }
    limit(&connection).await;
    let through = pooled(&home.url).await;
    let limited = connect(&through).await;
    assert_eq!(text(&limited, "SHOW statement_timeout").await.as_deref(), Some("300ms"), "the login's own");
    limited.close().await.unwrap();

    let db = Database::open(&through, Options { row_security: RowSecurity::Off, ..Options::default() }).await.unwrap();
    let ends = async {
        // The login's limit counts from when the build waits, however late that is on a busy machine.
        let builds = "SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database()";
        for _ in 0..200 {
            if text(&connection, builds).await.is_some() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_secs(1)).await;
        run(&writer, "COMMIT").await;
    };
    let (applied, ()) = tokio::join!(db.migrate(), ends);
    assert_eq!(applied.unwrap(), Migrator::migrations().len() - before);
    let built =
        "SELECT indexrelid::text FROM pg_index WHERE indexrelid = to_regclass('sales_order_status_placed') AND indisvalid";
    assert!(text(&connection, built).await.is_some());
    db.close().await.unwrap();
    for connection in [connection, writer] {
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn limits_of_the_logins_own_end_no_export_and_no_proof() {
    let Some(home) = Home::postgres().await else { return };
    let connection = connect(&home.url).await;
    limit(&connection).await;
    let through = pooled(&home.url).await;
    let db = Database::open(&through, Options { row_security: RowSecurity::Off, ..Options::default() }).await.unwrap();
    let scope = db.tenant(TenantId::from_uuid(Uuid::from_u128(1)));
    assert_eq!(limits(&scope).await.0, "300ms", "requests keep what the login has");
    let limit_row = |limit: &str| (limit.to_owned(), "0".to_owned());
    assert_eq!(limits(&scope.long()).await, limit_row("10min"), "exports, reports and imports");
    let exported = scope.snapshot().await.unwrap();
    assert_eq!(limits(&exported).await, limit_row("1h"), "an export of a tenant");
    let proven = db.global().snapshot_for(scope.tenant()).await.unwrap();
    assert_eq!(limits(&proven).await, limit_row("1h"), "a proof");
    drop((exported, proven));
    db.close().await.unwrap();
    connection.close().await.unwrap();
}
