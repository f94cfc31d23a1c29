//! Release of the page caches of idle SQLite connections.

use sea_orm::sqlx::{self, Sqlite};

use super::{Database, Fault, transaction::Connections};

impl Database {
    /// Frees the cached pages of idle SQLite connections, one connection after the other: the
    /// system's cache serves the next reads. It waits for no connection, and a writer waits for one
    /// statement at most. Nothing on Postgres.
    ///
    /// Returns the number of connections that were freed.
    ///
    /// # Errors
    /// A connection refuses the statement.
    pub async fn free_idle_pages(&self) -> Result<usize, Fault> {
        let mut freed = 0;
        for connections in [&self.writer, &self.reader] {
            let Connections::Sqlite(database) = connections else { continue };
            let pool = database.get_sqlite_connection_pool();
            // The connection that has been idle longest comes first, and goes to the end when it is
            // returned: so many turns reach each once. The idle count can wrap if one is taken
            // while it is returned, so it is limited to the pool's size.
            for _ in 0..pool.num_idle().min(pool.size() as usize) {
                let Some(mut connection) = pool.try_acquire() else { break };
                // https://www.sqlite.org/pragma.html#pragma_shrink_memory
                let shrink = sqlx::query::<Sqlite>("PRAGMA shrink_memory").persistent(false);
                let result = shrink.execute(&mut *connection).await;
                result.map_err(|error| Fault::Broken(format!("a connection did not free its pages: {error}")))?;
                freed += 1;
            }
        }
        Ok(freed)
    }
}
