//! Pages of SQLite's caches that its idle connections keep.

use sea_orm::sqlx::{self, Sqlite};

use super::{Database, Fault, transaction::Connections};

impl Database {
    /// Has the connections of SQLite that do nothing free the pages in their caches, one connection after the other: those are read again from the
    /// system's cache. It waits for no connection, and a writer waits for one statement at most. Nothing on Postgres.
    ///
    /// How many connections did so.
    ///
    /// # Errors
    /// A connection refuses the statement.
    pub async fn free_idle_pages(&self) -> Result<usize, Fault> {
        let mut freed = 0;
        for connections in [&self.writer, &self.reader] {
            let Connections::Sqlite(database) = connections else { continue };
            let pool = database.get_sqlite_connection_pool();
            // The one that has been idle longest comes first, and goes to the end when it is given back: so many turns reach each once. One that is taken while
            // it is put back counts as nearly all there could be, so no more are taken than there are.
            for _ in 0..pool.num_idle().min(pool.size() as usize) {
                let Some(mut connection) = pool.try_acquire() else { break };
                // https://www.sqlite.org/pragma.html#pragma_shrink_memory
                let shrink = sqlx::query::<Sqlite>("PRAGMA shrink_memory").persistent(false);
                let shrunk = shrink.execute(&mut *connection).await;
                shrunk.map_err(|error| Fault::Broken(format!("a connection did not free its pages: {error}")))?;
                freed += 1;
            }
        }
        Ok(freed)
    }
}
