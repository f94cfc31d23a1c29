//! A bucket that returns other bytes than it was sent: objects that it stores wrongly do not count
//! as shipped.

use super::{
    Shop,
    bucket::run_backup,
    schedule::shop,
    shipping::{FLAGS, LAG, PROMISED, caught_up, lose, make_store, stores},
};
use crate::process::{
    client::Client,
    files::{Lies, lying_bucket},
    server::{Environment, Server, UNLIMITED, free_address},
    waiting::{metric, wait_until},
};

const DIFFERENCES: &str = "entrepot_wal_shipping_differences_total";
const FAILURES: &str = "entrepot_backup_failures_total";

/// A shop whose log is shipped to a bucket that returns wrong bytes on request.
struct Shipped {
    shop: Shop,
    env: Vec<(&'static str, String)>,
    lies: Lies,
    /// The address of the server's metrics.
    inside: String,
}

impl Shipped {
    async fn begin() -> (Self, Server) {
        let (shop, lies, inside) = (shop().await, Lies::default(), free_address().to_string());
        let (_, env) = lying_bucket(&shop.site, &lies).await;
        let flags = ["--backups", "s3://shop/backups/ours", "--metrics-listen", &inside];
        let flags = [&UNLIMITED[..], &flags, &FLAGS].concat();
        let environment = Environment { env: env.clone(), ..Environment::default() };
        let server = Server::start_in(&shop.site, free_address(), &flags, &environment).await;
        let shipped = Self { shop, env, lies, inside };
        wait_until("a generation", async || shipped.generations().await.len() == 1).await;
        caught_up(&shipped.inside).await;
        (shipped, server)
    }

    async fn run_backup(&self, url: &str, arguments: &[&str]) -> (bool, String) {
        run_backup(&self.shop, &self.env, url, arguments).await
    }

    /// Lines of the list that are generations which can be restored, the oldest first.
    async fn generations(&self) -> Vec<String> {
        let (_, listed) = self.run_backup(&self.shop.site.url, &["list"]).await;
        let finished = listed.lines().filter(|line| line.contains("segment(s) to") && line.contains("keys: present"));
        finished.map(str::to_owned).collect()
    }

    /// Rows of the log that are FAILED.
    async fn failed(&self) -> Vec<Vec<String>> {
        self.shop.log().await.into_iter().filter(|row| row[2] == "FAILED").collect()
    }

    /// Stores of a database that was restored from the bucket.
    async fn restored(&self, name: &str, extra: &[&str]) -> Vec<String> {
        let file = self.shop.site.folder.join(name);
        let (is_done, output) =
            self.run_backup(&format!("sqlite://{}", file.display()), &[&["restore"][..], extra].concat()).await;
        assert!(is_done, "{output}");
        stores(&file).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_reads_back_as_other_bytes_is_sent_again() {
    let (shipped, server) = Shipped::begin().await;
    let owner = Client::register(&server.url(), "once").await;
    shipped.lies.lie_for(1);
    make_store(&owner, "S-1").await;
    wait_until("the lie", async || metric(&shipped.inside, DIFFERENCES, "").await == Some(1.0)).await;
    caught_up(&shipped.inside).await;
    assert_eq!((shipped.failed().await.len(), shipped.generations().await.len()), (0, 1), "the generation goes on");
    server.kill();
    let (is_done, verified) = shipped.run_backup(&shipped.shop.site.url, &["verify"]).await;
    assert!(is_done, "{verified}");
    assert_eq!(shipped.restored("again.sqlite", &[]).await, ["S-1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_lies_twice_fails_the_generation_and_gets_another_one_after_a_pause() {
    let (shipped, server) = Shipped::begin().await;
    let owner = Client::register(&server.url(), "twice").await;
    make_store(&owner, "S-1").await;
    caught_up(&shipped.inside).await;
    shipped.lies.lie_for(2);
    make_store(&owner, "S-2").await;
    wait_until("the failure", async || !shipped.failed().await.is_empty()).await;
    wait_until("the lag", async || metric(&shipped.inside, LAG, "").await.is_some_and(|lag| lag > PROMISED)).await;
    let failed = shipped.failed().await;
    let error = failed[0].last().unwrap();
    assert!(error.contains("/wal/") && error.contains("other bytes") && error.contains("--backups"), "{failed:?}");
    wait_until("the alarm's metric", async || metric(&shipped.inside, FAILURES, "backup").await == Some(1.0)).await;
    assert_eq!(metric(&shipped.inside, DIFFERENCES, "").await, Some(2.0));

    wait_until("another generation", async || shipped.generations().await.len() == 2).await;
    let listed = shipped.generations().await;
    assert!(listed[1].contains("verified"), "it was read back as a whole: {listed:?}");
    make_store(&owner, "S-3").await;
    caught_up(&shipped.inside).await;
    server.kill();
    let first = listed[0].split('\t').next().unwrap();
    let (is_done, verified) = shipped.run_backup(&shipped.shop.site.url, &["verify", first]).await;
    assert!(is_done, "what was not kept is not left there: {verified}");
    lose(&shipped.shop);
    assert_eq!(shipped.restored("again.sqlite", &[]).await, ["S-1", "S-2", "S-3"]);
    assert_eq!(shipped.restored("first.sqlite", &[first]).await, ["S-1"]);
}
