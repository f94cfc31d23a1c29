//! Jobs that workers of this deployment can run, and `entrepot worker`.

use std::{future::Future, sync::Arc, time::Duration};

use graphql::live::drain::Drain;
use inventory::{
    catalog, costing, fulfilment,
    ledger::{Grouping, JobCursor},
    lots::jobs::expire_lots,
    orders::jobs::{ExpiryCursors, expire_due, fill_backorders},
    purchasing,
};
use platform::{
    clock::Clock,
    jobs::{Registry, Terms},
    secrets,
};
use services::{
    alerts, anomalies, demand, exchange, export_schedules, files, forecasting, liquidation, replenishment, saved_views, webhooks,
};

use super::{Node, StartError, wait_for_shutdown};
use crate::config::Worker;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Longest delay until lots past their date are set aside; their date refuses an earlier shipment.
const EXPIRED_LOTS_DELAY: Duration = Duration::from_mins(5);
/// Time that a stopping worker has to hand its jobs over.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Jobs with an effect outside the deployment, which are held after a restore: e-mails, webhooks,
/// scheduled reports and exports, and the jobs that create them.
pub const OUTGOING_JOBS: &[&str] = &[
    "webhook.deliver.0",
    "webhook.deliver.1",
    "webhook.deliver.2",
    "webhook.deliver.3",
    "alert.post",
    alerts::EMAIL_JOB,
    purchasing::shell::KIND,
    fulfilment::shell::READY_EMAIL,
    "view.schedule",
    saved_views::shell::SCHEDULE_JOB,
    saved_views::shell::STOPPED_JOB,
    "export.schedule",
    export_schedules::shell::JOB,
];

impl Node {
    /// The deployment's jobs, made of this node's rooms.
    pub fn job_registry(&self) -> Registry {
        let (audit, ledger, identity, db, jobs) =
            (self.audit.clone(), self.ledger.clone(), self.identity.clone(), self.db.clone(), self.jobs.clone());
        let (lot_ledger, backorder_ledger, blanket_ledger) = (ledger.clone(), ledger.clone(), ledger.clone());
        // Progress of each walk, for as long as this process runs.
        let expiry_cursors = Arc::new(ExpiryCursors::default());
        let (lot_cursor, backorder_cursor, blanket_cursor) =
            (Arc::new(JobCursor::default()), Arc::new(JobCursor::default()), Arc::new(JobCursor::default()));
        let registry = Registry::default()
            .outgoing(OUTGOING_JOBS)
            .periodic("audit.seal", Duration::from_millis(500), move |_| {
                let audit = audit.clone();
                async move { audit.seal_all().await.map(drop) }
            })
            .periodic("stock.expire", Duration::from_secs(1), move |_| {
                let (ledger, cursors) = (ledger.clone(), expiry_cursors.clone());
                async move { expire_due(&ledger, ledger.clock().now(), &cursors).await.map(drop) }
            })
            .periodic("stock.expire_lots", EXPIRED_LOTS_DELAY, move |_| {
                let (ledger, cursor) = (lot_ledger.clone(), lot_cursor.clone());
                async move { expire_lots(&ledger, ledger.clock().now(), &cursor).await.map(drop) }
            })
            .periodic("order.fill_backorders", Duration::from_secs(1), move |_| {
                let (ledger, cursor) = (backorder_ledger.clone(), backorder_cursor.clone());
                async move { fill_backorders(&ledger, &cursor).await.map(drop) }
            })
            .periodic("purchase.expire_blankets", HOUR, move |_| {
                let (ledger, cursor) = (blanket_ledger.clone(), blanket_cursor.clone());
                async move { purchasing::jobs::expire_blankets(&ledger, ledger.clock().now(), &cursor).await.map(drop) }
            })
            .periodic("identity.forget", HOUR, move |_| {
                let identity = identity.clone();
                async move { identity.forget_old().await }
            })
            .periodic("customer.seal", HOUR, move |_| catalog::jobs::seal_unsealed(db.clone()))
            .periodic("job.forget", HOUR, move |_| {
                let jobs = jobs.clone();
                async move { jobs.forget_old().await.map(drop) }
            });
        let registry = self.mail_jobs(registry);
        let registry = fulfilment::jobs::register(registry, &self.ledger);
        let registry = alerts::jobs::register(registry, &self.alerts);
        let registry = webhooks::jobs::register(registry, &self.webhooks, self.keep);
        let registry = costing::jobs::register(registry, &self.db);
        let registry = demand::jobs::register(registry, &self.db);
        let registry = forecasting::jobs::register(registry, &self.db, &self.clock, &self.alerts);
        let registry = replenishment::jobs::register(registry, &self.ledger, &self.access, self.audit.audit_writer());
        let registry = anomalies::jobs::register(registry, &self.db, &self.clock);
        let services = liquidation::shell::Rooms { ledger: &self.ledger, catalog: &self.catalog };
        let registry = liquidation::jobs::register(registry, services, &self.alerts, &self.access, self.audit.audit_writer());
        let registry = files::jobs::register(registry, &self.files);
        let registry = exchange::jobs::register(registry, &self.exchange);
        let registry = saved_views::jobs::register(registry, &self.saved_views, &self.identity);
        let exports = export_schedules::ExportSchedules::new(&self.exchange, &self.webhooks);
        let registry = export_schedules::jobs::register(registry, &exports);
        let (parts, clock) = (self.db.clone(), self.clock.clone());
        let registry = registry.periodic("partitions.make", DAY, move |_| {
            let (db, clock) = (parts.clone(), clock.clone());
            async move { db.create_missing_parts(clock.now()).await.map(drop) }
        });
        let registry = match &self.pgbackrest {
            Some(command) => command.register(registry, &self.db, &self.clock),
            None => registry,
        };
        match &self.backups {
            Some(schedule) => schedule.register(registry, &self.db, &self.clock),
            None => registry,
        }
    }

    /// Adds the e-mails that rooms of stock and orders send.
    fn mail_jobs(&self, registry: Registry) -> Registry {
        let (mailer, from) = self.identity.mailer();
        let mail = purchasing::jobs::Mail {
            db: self.db.clone(),
            clock: self.clock.clone(),
            mailer: mailer.clone(),
            from: from.to_owned(),
        };
        let registry = purchasing::jobs::register(registry, &mail);
        let ready = fulfilment::jobs::ReadyMail {
            db: self.db.clone(),
            clock: self.clock.clone(),
            mailer: mailer.clone(),
            from: from.to_owned(),
        };
        fulfilment::jobs::register_mail(registry, &ready)
    }

    /// Begins to run jobs beside the requests; the returned future stops that and waits until the
    /// jobs are handed over.
    pub(super) fn start_jobs(&self, terms: Terms) -> impl Future<Output = ()> + use<> {
        let (stop_sender, stop_signal) = tokio::sync::oneshot::channel::<()>();
        let stop_signal = async move {
            let _ = stop_signal.await;
        };
        let job_task = tokio::spawn(self.jobs.clone().work(self.job_registry(), terms, stop_signal));
        async move {
            drop(stop_sender);
            if tokio::time::timeout(HANDOVER_TIMEOUT, job_task).await.is_err() {
                tracing::warn!("timeout while the jobs were released; other workers take them when its heartbeats are missed");
            }
        }
    }

    /// Does nothing but jobs until `shutdown` is done.
    pub async fn work(mut self, terms: Terms, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
        let file_store = self.file_store();
        let mut background = vec![tokio::spawn(secrets::follow(self.ring.clone())), tokio::spawn(file_store.clone().watch())];
        background.extend(self.bus.clone().map(|bus| tokio::spawn(bus.run())));
        let metrics_server = self
            .metrics_server
            .take()
            .map(|server| server.serve(self.metrics_rooms(), self.readiness(file_store), Drain::default()));
        background.extend(metrics_server.map(tokio::spawn));
        background.extend(self.gives_memory_back.then(|| tokio::spawn(super::idle::release_memory_when_idle(self.db.clone()))));
        let end = self.start_jobs(terms);
        tracing::info!("working");
        super::systemd::ready();
        shutdown.await;
        end.await;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        drop(self.ledger);
        self.db.close().await?;
        Ok(())
    }
}

/// `entrepot worker`.
pub async fn run(args: Worker) -> Result<(), StartError> {
    let settings = args.emails.settings(|| "http://localhost".to_owned())?;
    let redis = args.redis.client()?;
    let backups = super::backup::BackupSchedule::of(&args.jobs.backups, &args.database, &args.keys, &args.jobs.files)?;
    let (url, keys) = (&args.database.database_url, args.keys.source(&args.database.database_url));
    if args.anyway {
        super::copy::give_up(url, args.database.options()).await?;
    }
    super::settings::remove_file_access(url, &keys, &args.emails, &args.jobs.files);
    let mut node =
        Node::open_with_redis((None, None), url, args.database.options(), Clock::system(), settings, Grouping::Together, &keys)
            .await?;
    node.read_from(&args.replicas, &args.database).await?;
    node.webhooks.open_networks(args.jobs.webhooks_allow.clone());
    node.keep = args.jobs.journal_retention();
    node.pgbackrest = super::backup::PgBackRest::of(&args.jobs.backups, &args.database)?;
    node.backups = backups;
    args.jobs.files.apply(&node.files)?;
    node.exchange.set_import_limits(args.jobs.import_limits());
    if let Some(redis) = &redis {
        node.bus = Some(node.connect_bus(redis).await?);
    }
    node.open_metrics_server(&args.metrics_server).await?;
    let _explaining = super::slow::start_explaining(&args.traces.slow, &node.db)?;
    node.work(args.jobs.terms(), wait_for_shutdown()).await
}
