//! The operator's own listener: figures for Prometheus, and the probes. What is not counted when it happens is looked at when somebody asks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use api::{
    graphql::limits::Limits,
    http::{self, Readiness},
    live::drain::Drain,
};
use inventory::ledger::Ledger;
use platform::{clock, gauges, jobs::Jobs, storage::Database};
use services::webhooks::Webhooks;
use tokio::net::TcpListener;

use super::StartError;

/// Rooms that count for themselves, and are asked.
pub struct Counting {
    pub db: Database,
    pub ledger: Ledger,
    pub jobs: Jobs,
    pub webhooks: Webhooks,
}

/// Connections of those who scrape and probe.
const CONNECTIONS: usize = 32;
/// Between two tidyings of a node that nobody scrapes.
const TIDY: Duration = Duration::from_secs(10);

/// A listener whose process has begun to count.
pub struct Desk {
    listener: TcpListener,
    counted: gauges::Figures,
}

impl Desk {
    pub async fn open(address: SocketAddr) -> Result<Self, StartError> {
        let listener = TcpListener::bind(address).await.map_err(|err| StartError::Listen(address, err))?;
        let counted = gauges::install().map_err(|err| std::io::Error::other(err.to_string()))?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "figures are told to whoever asks here: keep this address inside");
        }
        Ok(Self { listener, counted })
    }

    /// Answers until the process ends: a node that stops is still looked at.
    pub async fn serve(self, rooms: Counting, readiness: Arc<dyn Readiness>, drain: Drain) {
        let counted = self.counted.clone();
        let figures = Arc::new(Sampled { counted: self.counted, rooms });
        let routes = http::figures(figures).merge(http::health(readiness, drain));
        let limits = Limits { connections: CONNECTIONS, connections_per_address: CONNECTIONS, ..Limits::default() };
        let serving = http::serve(self.listener, routes, limits, Drain::default(), std::future::pending());
        let tidying = async {
            loop {
                clock::sleep(TIDY).await;
                counted.tidy();
            }
        };
        tokio::select! {
            ended = serving => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "figures are not told any more");
                }
            }
            () = tidying => {}
        }
    }
}

struct Sampled {
    counted: gauges::Figures,
    rooms: Counting,
}

impl http::Figures for Sampled {
    fn text(&self) -> String {
        let Counting { db, ledger, jobs, webhooks } = &self.rooms;
        gauges::statements(db.statements());
        let jobs = jobs.figures().now();
        gauges::jobs(jobs.runs.saturating_sub(jobs.failures), jobs.failures, jobs.died, jobs.taken_over, jobs.held);
        let sent = webhooks.figures().now();
        gauges::webhooks(sent.delivered, sent.failed, sent.disabled);
        for pool in db.pools() {
            gauges::pool(pool.name, pool.open, pool.idle, pool.most);
        }
        for (lane, standing) in ledger.standing().into_iter().enumerate() {
            gauges::lane(lane, standing.waiting, standing.aside);
        }
        if let Some(process) = gauges::Process::now() {
            gauges::process(&process);
        }
        self.counted.text()
    }
}
