//! State of the connections to the database, for the node's metrics.

use super::{Backend, Database, transaction::Connections};

/// A pool of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub name: &'static str,
    pub open: usize,
    pub idle: usize,
    pub most: usize,
}

impl Database {
    /// Returns the pools of this handle; a ledger's lanes have connections of their own.
    pub fn pools(&self) -> Vec<Pool> {
        let mut pools = vec![pool("write", &self.writer), pool("read", &self.reader)];
        // On SQLite the other handles are these two pools.
        if self.backend == Backend::Postgres {
            pools.extend([pool("steward", &self.maintenance), pool("proofs", &self.proofs)]);
        }
        if let Some(connection_pools) = &self.connection_pools {
            for (name, sessions) in
                [("tenants", &connection_pools.tenants), ("across", &connection_pools.across), ("long", &connection_pools.long)]
            {
                let (open, idle, most) = sessions.connection_counts();
                pools.push(Pool { name, open, idle, most });
            }
        }
        if let Some(replicas) = self.replicas.get() {
            for (name, (open, idle, most)) in ["replicas", "replicas_long"].into_iter().zip(replicas.pools()) {
                pools.push(Pool { name, open, idle, most });
            }
        }
        pools
    }
}

fn pool(name: &'static str, connections: &Connections) -> Pool {
    let (open, idle, most) = connections.connection_counts();
    Pool { name, open, idle, most }
}
