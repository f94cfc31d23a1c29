//! Connections to Postgres for single statements, by their role and the length of their reads.

use super::settings::SessionSettings;
use crate::storage::{ActiveRowSecurity, LedgerPlans, limits, sessions::Sessions};

/// Connections for exports, reports and imports: the machine works better if only a few of them run
/// at a time.
pub(super) const LONG_READ_CONNECTIONS: usize = 4;
/// Connections of lanes for global tables, which they seldom need.
const LANE_GLOBAL_CONNECTIONS: usize = 4;

/// Connections for single statements.
#[derive(Clone)]
pub(in crate::storage) struct ConnectionPools {
    /// Connections for a tenant's rows: writes always; reads if row security covers them too.
    pub tenants: Sessions,
    /// Connections for global tables, and for the rows of all tenants.
    pub across: Sessions,
    /// Connections for long reads of a tenant's rows, each planned for its own values.
    pub long: Sessions,
    /// Settings of sessions, among them whether the ledger's lanes have their statements planned once.
    pub settings: SessionSettings,
}

impl ConnectionPools {
    /// Returns other connections, for the ledger's lanes: they find rows only by their keys, by one
    /// as well as by hundreds.
    pub fn with_limit(&self, limit: usize) -> Self {
        let lanes = limits::LANES;
        let others = |sessions: &Sessions, limit: usize| match self.settings.plans {
            LedgerPlans::Server => sessions.with_limit(limit, lanes),
            LedgerPlans::Auto | LedgerPlans::Generic => sessions.with_cached_plans(limit, lanes),
        };
        let (tenants, across) = (others(&self.tenants, limit), others(&self.across, LANE_GLOBAL_CONNECTIONS));
        let (long, settings) = (self.long.with_limit(LONG_READ_CONNECTIONS, limits::LONG), self.settings.clone());
        Self { tenants, across, long, settings }
    }
    pub fn forget(&self) {
        self.tenants.forget();
        self.across.forget();
        self.long.forget();
    }
}

impl ActiveRowSecurity {
    /// Returns the connections for single reads of a tenant's rows.
    pub(in crate::storage) fn reads<'a>(&self, connection_pools: &'a ConnectionPools) -> &'a Sessions {
        match self {
            Self::Writes => &connection_pools.across,
            _ => &connection_pools.tenants,
        }
    }
}
