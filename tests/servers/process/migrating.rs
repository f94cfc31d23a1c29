//! `entrepot migrate` that is killed half way, and the next one.

use std::{process::Stdio, time::Duration};

use migration::{Migrator, MigratorTrait};
use tokio::time::sleep;

use super::server::{Server, Site, command, entrepot};

/// Returns how many of all migrations the database lacks, as the binary reports.
async fn missing(site: &Site, all: usize) -> usize {
    let checked = entrepot(&["version", "--check", "--database-url", &site.url]).await;
    if checked.has_succeeded() {
        return 0;
    }
    let Some((_, lacks)) = checked.out.split_once("it lacks ") else {
        checked.assert_failed(&["there is no database at"]);
        return all;
    };
    lacks.split(' ').next().unwrap().parse().unwrap()
}

/// Migrates, and kills that (kill -9) a little later each time, until a run is done before: how many migrations were missing after each kill.
async fn killed_until_done(site: &Site, all: usize) -> Vec<usize> {
    let (mut wait, mut left) = (Duration::from_millis(20), Vec::new());
    loop {
        let args = ["migrate", "--database-url", &site.url];
        let mut run = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(wait).await;
        let is_running = run.try_wait().unwrap().is_none();
        let _ = run.kill();
        let status = run.wait().unwrap();
        if !is_running {
            assert!(status.success(), "{status} after {left:?}");
            return left;
        }
        left.push(missing(site, all).await);
        wait *= 2;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_killed_half_way_goes_on_with_the_next_run() {
    let all = Migrator::migrations().len();
    for site in [Some(Site::empty_sqlite()), Site::empty_postgres().await].into_iter().flatten() {
        let left = killed_until_done(&site, all).await;
        if site.url.starts_with("sqlite") {
            // One transaction has all of them: nothing is half done.
            assert!(!left.is_empty() && left.iter().all(|missing| [0, all].contains(missing)), "{left:?} of {all}");
        } else {
            assert!(left.iter().any(|missing| (1..all).contains(missing)), "none was killed half way: {left:?} of {all}");
            assert!(left.is_sorted_by(|before, after| before >= after), "what was done is undone: {left:?}");
        }
        let again = entrepot(&["migrate", "--database-url", &site.url]).await;
        assert!(again.has_succeeded() && again.out.contains("up to date"), "{again:?}");
        let server = Server::start(&site).await;
        server.tenant().await;
        drop(server);
        site.verify().await;
    }
}
