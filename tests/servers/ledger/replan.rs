//! A log that grows while a batch is planned: the batch is planned again, and run with locks if the
//! log has grown again.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entity::prelude::*;
use entrepot::{
    audit::{self, AuditWriter, verify},
    ledger::{Books, Command, Decide, Decision, Grouping, Ledger, Needs},
    stock::core::{Draft, Rejection},
    storage::{Backend, HeadBoundRows, Link, journal},
};
use tokio::time::{sleep, timeout};

use super::{
    by_database::by_database,
    world::{MUG, World, new_tenant},
};
use crate::world::ring;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command whose decision takes, each time, until it is released.
#[derive(Debug, Clone)]
struct Gated {
    command: Command,
    begun: Arc<AtomicUsize>,
    released: Arc<AtomicUsize>,
}

impl Gated {
    fn new(command: Command) -> Self {
        Self { command, begun: Arc::default(), released: Arc::default() }
    }
    async fn is_decided_for_the(&self, time: usize) {
        let is_begun = async {
            while self.begun.load(Ordering::SeqCst) < time {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, is_begun).await.expect("it is decided");
    }
    fn release(&self) {
        self.released.fetch_add(1, Ordering::SeqCst);
    }
    /// Opens the gate for good: the command never waits.
    fn open(self) -> Self {
        self.released.store(usize::MAX, Ordering::SeqCst);
        self
    }
}

impl Decide for Gated {
    fn name(&self) -> &'static str {
        self.command.name()
    }
    fn weight(&self) -> usize {
        self.command.weight()
    }
    fn needs(&self, needs: &mut Needs) {
        self.command.needs(needs);
    }
    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let time = self.begun.fetch_add(1, Ordering::SeqCst);
        while self.released.load(Ordering::SeqCst) <= time {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.command.decide(draft, books)
    }
}

async fn log_writer(world: &World) -> AuditWriter {
    AuditWriter::new(ring(&world.db, &world.clock).await, world.clock.clone())
}

fn audited(world: &World, audit_writer: &AuditWriter) -> Ledger {
    let (db, clock) = (world.db.clone(), world.clock.clone());
    Ledger::with_audit_writer(db, clock, Grouping::Together, entrepot::documents(), audit_writer.clone()).unwrap()
}

fn login(audit_writer: &AuditWriter, tenant: TenantId) -> audit::Entry {
    audit_writer.system_entry(tenant, "login", None, "", audit::changes(None, None))
}

/// Adds a login at the end of a tenant's log, as its sealer does.
async fn grow(world: &World, audit_writer: &AuditWriter, tenant: TenantId) {
    let work = world.db.tenant(tenant).begin().await.unwrap();
    audit::rows::append(&work, audit_writer, [(login(audit_writer, tenant), None)]).await.unwrap();
    work.commit().await.unwrap();
}

async fn a_batch_whose_log_grew_is_planned_once_more_before_it_takes_locks(world: World) {
    let audit_writer = log_writer(&world).await;
    let ledger = audited(&world, &audit_writer);
    // The log begins with a command that is run under locks.
    let receipt = world.make.adjust(MovementKind::Receipt, &[(MUG, 0, 100)]);
    ledger.submit(world.tenant, receipt, None).await.unwrap().unwrap();
    let sell = |gated: &Gated| {
        let (ledger, tenant, command) = (ledger.clone(), world.tenant, Command::of(gated.clone()));
        tokio::spawn(async move { ledger.submit(tenant, command, None).await })
    };
    let (mut sales, mut entries) = (0, 1);
    // Number of new log entries, and number of decisions of the sale: the third time it is decided
    // with the log locked, when the log cannot grow.
    for (logins, decisions) in [(0, 1), (1, 2), (2, 3)] {
        // A decision that waits stops its thread, and with it the return of SQLite's one write
        // connection: the sale is tried again.
        let mut is_whole = false;
        for _ in 0..20 {
            let gated = Gated::new(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)]));
            let (sold, mut grown) = (sell(&gated), 0);
            while grown < logins {
                gated.is_decided_for_the(grown + 1).await;
                if timeout(PATIENCE / 20, grow(&world, &audit_writer, world.tenant)).await.is_err() {
                    break;
                }
                gated.release();
                grown += 1;
            }
            is_whole = grown == logins;
            let gated = gated.open();
            timeout(PATIENCE, sold).await.expect("it is sold").unwrap().unwrap().unwrap();
            (sales, entries) = (sales + 1, entries + 1 + grown);
            if is_whole {
                assert_eq!(gated.begun.load(Ordering::SeqCst), decisions, "after {logins} logins");
                break;
            }
        }
        assert!(is_whole, "the log is held each time while a batch is planned");
    }
    assert_eq!(world.level(world.mugs()).await, [100 - sales, 0, 0]);
    let log = verify::verify_chain(&world.scope(), None, None).await.unwrap();
    assert!(log.is_ok() && log.entries == u64::try_from(entries).unwrap(), "{log:?}");
    world.verify().await;
}

async fn what_was_planned_behind_a_batch_whose_log_grew_comes_behind_it_again(world: World) {
    let audit_writer = log_writer(&world).await;
    let ledger = audited(&world, &audit_writer);
    let receipt = world.make.adjust(MovementKind::Receipt, &[(MUG, 0, 10)]);
    ledger.submit(world.tenant, receipt, None).await.unwrap().unwrap();
    let work = world.scope().begin().await.unwrap();
    let entries = [(login(&audit_writer, world.tenant), None)];
    audit::rows::append(&work, &audit_writer, entries).await.unwrap();
    // The first is planned and waits for the end of the log, the second is planned after it.
    let (mut sales, mut sold) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let gated = Gated::new(world.make.adjust(MovementKind::Sale, &[(MUG, 0, -1)])).open();
        let (ledger, tenant, command) = (ledger.clone(), world.tenant, Command::of(gated.clone()));
        sold.push(tokio::spawn(async move { ledger.submit(tenant, command, None).await }));
        gated.is_decided_for_the(1).await;
        sales.push(gated);
    }
    work.commit().await.unwrap();
    let mut numbers = Vec::new();
    for sale in sold {
        numbers.push(timeout(PATIENCE, sale).await.expect("it is sold").unwrap().unwrap().unwrap().seq);
    }
    assert!(numbers[0].is_some() && numbers[0] < numbers[1], "{numbers:?}");
    let decided: Vec<usize> = sales.iter().map(|gated| gated.begun.load(Ordering::SeqCst)).collect();
    assert_eq!(decided, [2, 2]);
    assert_eq!(world.level(world.mugs()).await, [8, 0, 0]);
    let log = verify::verify_chain(&world.scope(), None, None).await.unwrap();
    assert!(log.is_ok() && log.entries == 4, "{log:?}");
    world.verify().await;
}

async fn a_log_that_grew_is_told_from_a_head_that_moved(world: World) {
    let audit_writer = log_writer(&world).await;
    let ledger = audited(&world, &audit_writer);
    let (mut tenants, mut planned) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (tenant, make) = new_tenant(&world.db, &world.clock).await;
        let receipt = || make.adjust(MovementKind::Receipt, &[(MUG, 0, 1)]);
        ledger.submit(tenant, receipt(), None).await.unwrap().unwrap();
        let scope = world.db.tenant(tenant);
        let head = scope.head().await.unwrap();
        let mut chain = audit::rows::head(&scope).await.unwrap().unwrap().chain;
        let from = chain.seq;
        let rows = audit::rows::chained_rows(&audit_writer, &mut chain, [(login(&audit_writer, tenant), None)]);
        let link = Link { table: "audit_head", from, to: chain.seq, hash: chain.hash.to_vec(), rows };
        let event = entrepot::catalog::events::PRODUCT_UPDATED.with_text("{}".to_owned());
        let events = vec![event.with_seq(head.seq + 1, world.clock.now())];
        let want = journal::CounterRequest::events(1);
        let at_head = HeadBoundRows { head: head.seq, epoch: head.epoch, want, rows: vec![], events, link: Some(link) };
        planned.push((tenant, at_head));
        tenants.push((tenant, receipt()));
    }
    let [(first, _), (second, _), (third, receipt)] = <[_; 3]>::try_from(tenants).unwrap();
    grow(&world, &audit_writer, second).await;
    ledger.submit(third, receipt, None).await.unwrap().unwrap();
    let written = world.db.write_at(world.db.prepare(planned).unwrap()).await.unwrap();
    // On Postgres one chain makes the whole statement fail, without saying which chain it was.
    let (chain_moved, overtaken) = match world.backend() {
        Backend::Sqlite => (HashSet::from([second]), HashSet::from([third])),
        Backend::Postgres => (HashSet::from([first, second, third]), HashSet::new()),
    };
    assert_eq!((written.chain_moved, written.overtaken), (chain_moved, overtaken));
}

by_database!(
    a_batch_whose_log_grew_is_planned_once_more_before_it_takes_locks,
    what_was_planned_behind_a_batch_whose_log_grew_comes_behind_it_again,
    a_log_that_grew_is_told_from_a_head_that_moved,
);
