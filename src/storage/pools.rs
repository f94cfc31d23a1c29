//! How the connections to the database stand, for the node's figures.

use sea_orm::DatabaseConnection;

use super::{Backend, Database};

/// A pool of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub name: &'static str,
    pub open: usize,
    pub idle: usize,
    pub most: usize,
}

impl Database {
    /// Those of this handle; a ledger's lanes have connections of their own.
    pub fn pools(&self) -> Vec<Pool> {
        let mut pools = vec![self.pool("write", &self.writer), self.pool("read", &self.reader)];
        // On SQLite the steward is the writer under another name.
        if self.backend == Backend::Postgres {
            pools.push(self.pool("steward", &self.steward));
        }
        if let Some(doors) = &self.doors {
            for (name, sessions) in [("tenants", &doors.tenants), ("across", &doors.across), ("long", &doors.long)] {
                let (open, idle, most) = sessions.standing();
                pools.push(Pool { name, open, idle, most });
            }
        }
        pools
    }

    fn pool(&self, name: &'static str, connection: &DatabaseConnection) -> Pool {
        let (open, idle, most) = match self.backend {
            Backend::Sqlite => {
                let pool = connection.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
            Backend::Postgres => {
                let pool = connection.get_postgres_connection_pool();
                (pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
        };
        Pool { name, open: open as usize, idle, most: most as usize }
    }
}
