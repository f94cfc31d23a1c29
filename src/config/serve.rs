//! Settings of `entrepot serve`.

use std::net::SocketAddr;

use api::graphql::quota::{BudgetText, LimitOrOff};
use clap::Args;
use uuid::Uuid;

use super::{
    EmailArgs, JobArgs, MetricsArgs, RedisArgs, Registration, ReplicaArgs, RunJobs, TlsArgs, TraceArgs,
    database::{DatabaseArgs, KeyArgs},
    origins::parse_origin,
};

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Serve {
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Serve this database although it was, or is being, copied to another one: the copy is given up. Right only while nothing was written there.
    #[arg(long)]
    pub anyway: bool,
    /// Address to listen on.
    #[arg(long, env = "ENTREPOT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub tls: TlsArgs,
    /// People who may register a company: anyone, anyone with a confirmed address, or no one. When not given: anyone where only this machine
    /// reaches the node, without --proxy and --public-url; elsewhere anyone with a confirmed address, or no one without --mail. `open` reveals to strangers which addresses have an account.
    #[arg(long, env = "ENTREPOT_REGISTRATION", value_enum)]
    pub registration: Option<Registration>,
    #[command(flatten)]
    pub emails: EmailArgs,
    /// Mebibytes of products, stores, categories and suppliers that this node may remember, so that it need not read them again; 0 for none.
    /// With --redis-url they are shared between nodes too, sealed.
    #[arg(long, env = "ENTREPOT_CACHE_MIB", default_value_t = 32, value_parser = clap::value_parser!(u64).range(0..=65_536))]
    pub cache_mib: u64,
    /// A file of passwords that nobody may have, one a line: those that were stolen elsewhere.
    #[arg(long, env = "ENTREPOT_DENIED_PASSWORDS")]
    pub denied_passwords: Option<std::path::PathBuf>,
    /// Minutes that an access token lives.
    #[arg(long, env = "ENTREPOT_ACCESS_TOKEN_MINUTES", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=1440))]
    pub access_token_minutes: i64,
    /// Web pages of other sites that may call the API: https://shop.example, or http://localhost:* for all ports of this machine
    #[arg(long = "origin", env = "ENTREPOT_ORIGINS", value_delimiter = ',', value_parser = parse_origin)]
    pub origins: Vec<String>,
    /// Addresses and networks of proxies whose X-Forwarded-For names the client: 192.0.2.7, 10.0.0.0/8, fd00::/8. The client is the last address there that is none of theirs.
    #[arg(long = "proxy", env = "ENTREPOT_PROXIES", value_delimiter = ',')]
    pub proxies: Vec<server::TrustedProxy>,
    /// Answer introspection queries.
    #[arg(long, env = "ENTREPOT_INTROSPECTION", default_value_t = true, action = clap::ArgAction::Set)]
    pub introspection: bool,
    /// Serve GraphiQL at /graphql.
    #[arg(long, env = "ENTREPOT_GRAPHIQL", default_value_t = true, action = clap::ArgAction::Set)]
    pub graphiql: bool,
    /// Budget of each member and each integration: POINTS/POINTS_PER_SECOND, or off.
    #[arg(long, env = "ENTREPOT_BUDGET", default_value = "10000/1000")]
    pub budget: BudgetText,
    /// Budget of a tenant as a whole: POINTS/POINTS_PER_SECOND, or off.
    #[arg(long, env = "ENTREPOT_TENANT_BUDGET", default_value = "100000/10000")]
    pub tenant_budget: BudgetText,
    /// A member or an integration, by its id, whose own budget is lifted: mem_…, int_…
    #[arg(long = "lift-budget", env = "ENTREPOT_LIFT_BUDGET", value_delimiter = ',', value_parser = parse_credential_id)]
    pub lift_budget: Vec<Uuid>,
    /// Requests without a token that an address may make in 15 minutes, or off.
    #[arg(long, env = "ENTREPOT_ANONYMOUS_REQUESTS", default_value = "100")]
    pub anonymous_requests: LimitOrOff,
    /// Operations of one tenant that run at once on this node, or off.
    #[arg(long, env = "ENTREPOT_TENANT_OPERATIONS", default_value = "32")]
    pub tenant_operations: LimitOrOff,
    /// Requests to GraphQL that this node works on at once however long they take, or off. Beyond it as many as it answers in 0.3 s; further ones are
    /// refused before they are read.
    #[arg(long, env = "ENTREPOT_REQUESTS_IN_FLIGHT", default_value = "256")]
    pub requests_in_flight: LimitOrOff,
    /// Points that a single operation may cost.
    #[arg(long, env = "ENTREPOT_OPERATION_POINTS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub operation_points: u32,
    #[command(flatten)]
    pub redis: RedisArgs,
    #[command(flatten)]
    pub replicas: ReplicaArgs,
    /// Documents that clients may name by their SHA-256: a JSON map from it to the document, or a folder of .graphql files.
    #[arg(long, env = "ENTREPOT_TRUSTED_DOCUMENTS")]
    pub trusted_documents: Option<std::path::PathBuf>,
    /// Serve no other documents.
    #[arg(long, env = "ENTREPOT_ONLY_TRUSTED", requires = "trusted_documents")]
    pub only_trusted: bool,
    /// Seconds between the signal to stop and the end of accepting connections.
    #[arg(long, env = "ENTREPOT_DRAIN_SECONDS", default_value_t = 0)]
    pub drain_seconds: u64,
    /// Whether this node runs jobs beside requests. If it is off on all nodes, run `entrepot worker`.
    #[arg(long = "jobs", env = "ENTREPOT_JOBS", value_enum, default_value_t = RunJobs::On)]
    pub run_jobs: RunJobs,
    #[command(flatten)]
    pub jobs: JobArgs,
    /// Seconds over which the sockets of a node that stops are sent to others.
    #[arg(long, env = "ENTREPOT_SOCKET_DRAIN_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=600))]
    pub socket_drain_seconds: u64,
    /// Sockets accepted at once, and how many more each second: AT_ONCE/PER_SECOND, or off. Other clients get a time after which to retry.
    #[arg(long, env = "ENTREPOT_SOCKETS_ENTERING", default_value = "10000/500")]
    pub sockets_entering: BudgetText,
    #[command(flatten)]
    pub metrics_server: MetricsArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
    /// Run each command in a transaction of its own: only to measure what grouping costs a lone client.
    #[arg(long, env = "ENTREPOT_UNGROUPED", hide = true)]
    pub ungrouped: bool,
}

impl Serve {
    /// Whether others than this machine's own come: it listens for them, or something in front of it does.
    pub fn is_publicly_reachable(&self) -> bool {
        !self.listen.ip().is_loopback() || !self.proxies.is_empty() || self.emails.public_url.is_some()
    }
    /// Returns the registration mode: the operator's choice, or the safe one for the node's
    /// listener.
    pub fn registration_mode(&self) -> Registration {
        match self.registration {
            Some(chosen) => chosen,
            None if !self.is_publicly_reachable() => Registration::Open,
            None if self.emails.mail.is_configured() => Registration::Verified,
            None => Registration::Closed,
        }
    }
}

/// Reads the id of a member or an integration.
fn parse_credential_id(id: &str) -> Result<Uuid, &'static str> {
    match entity::id::prefix_of(id) {
        Some(("mem" | "int", uuid)) => Ok(uuid),
        _ => Err("the id of a member or an integration is expected: mem_…, int_…"),
    }
}
