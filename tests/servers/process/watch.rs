//! `entrepot watch` on a server that dies and comes back: its output has no gap.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    keys::program,
    load::Load,
    server::{Server, Site, command, entrepot},
    shop::Shop,
};
use crate::{databases::random, world::on_both};

/// A running watch, and the lines that it has printed.
struct Watch {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    fn start(shop: &Shop, further: &[&str]) -> Self {
        Self::start_as(&shop.client.url, &shop.client.token, further)
    }

    fn start_as(url: &str, token: &str, further: &[&str]) -> Self {
        let words = [&["watch", "--url", url, "--token", token], further].concat();
        let mut child = command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let (out, kept) = (BufReader::new(child.stdout.take().unwrap()), lines.clone());
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line)));
        Self { child, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn json(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }

    /// The numbers of the changes that came live, as they came.
    fn seqs(&self) -> Vec<i64> {
        self.json().iter().filter(|line| line["phase"] == "LIVE").filter_map(|line| line["seq"].as_i64()).collect()
    }

    async fn until(&self, condition: &str, is_there: impl Fn(&Self) -> bool) {
        let started_at = Instant::now();
        while !is_there(self) {
            assert!(started_at.elapsed() < Duration::from_secs(30), "{condition}: {:?}", self.lines().last());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the line behind the levels of the last page, which are printed one by one.
    async fn ready(&self) {
        let is_behind = |line: &Value| line["phase"] == "READY" && line["cursor"].is_string() && line["product"].is_null();
        self.until("not ready", |watch| watch.json().iter().any(is_behind)).await;
    }

    /// Presses Ctrl-C; returns the final output on standard error.
    fn interrupt(mut self) -> String {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        let reported_stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{reported_stderr}");
        reported_stderr
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

on_both!(a_watch_outlives_its_server_and_misses_nothing, site: Site => {
    let mut server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 2, 3, 500).await;
    let watch = Watch::start(&shop, &["--format", "json"]);
    watch.ready().await;
    assert_eq!(watch.json().iter().filter(|line| line["phase"] == "READY" && line["sku"].is_null() && !line["product"].is_null()).count(), 6);
    let load = Load::start(&shop, std::slice::from_ref(&shop.client), 4, random());
    for _ in 0..3 {
        let seen = watch.seqs().len();
        watch.until("nothing comes", |watch| watch.seqs().len() > seen + 20).await;
        let address = server.address;
        server.kill();
        sleep(Duration::from_millis(300)).await;
        server = Server::start_on(site, address).await;
    }
    let outcomes = load.end().await;
    let changed: BTreeSet<i64> = outcomes.done.iter().filter(|done| !done.effects.is_empty()).map(|done| done.seq).collect();
    let last = changed.last().copied().unwrap();
    watch.until("the last change has not come", |watch| watch.seqs().last().is_some_and(|seq| *seq >= last)).await;
    let seqs = watch.seqs();
    assert!(seqs.windows(2).all(|two| two[0] <= two[1]), "never back");
    let seen: BTreeSet<i64> = seqs.iter().copied().collect();
    let missed: Vec<_> = changed.difference(&seen).collect();
    assert!(missed.is_empty(), "missed {missed:?}");
    println!("{} changes in {} lines over three deaths of the server", changed.len(), seqs.len());

    let output = watch.interrupt();
    assert!(output.contains("again in"), "it says that it lost the server: {output}");
    let cursor = output.trim().rsplit("--after ").next().unwrap().to_owned();
    let next = shop.adjust("while nobody watched", 0, 0, 3).await["seq"].as_i64().unwrap();
    let watch = Watch::start(&shop, &["--format", "json", "--after", &cursor]);
    watch.until("it does not go on", |watch| watch.seqs().last() == Some(&next)).await;
    assert!(watch.json().iter().all(|line| line["phase"] != "SNAPSHOT" && line["phase"] != "READY"), "it goes on, it does not begin");
    assert!(watch.seqs().iter().all(|seq| *seq > last), "what was printed is not printed again: {:?}", watch.seqs());
});

on_both!(a_watch_keeps_to_what_was_asked, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 2, 2, 500).await;
    let one = Watch::start(&shop, &["--store", "S1", "--product", "P0"]);
    one.until("not ready", |watch| watch.lines().iter().any(|line| line.contains("now live"))).await;
    let (till, ..) = program(&shop.client, "").await;
    let by_key = Watch::start_as(&till.url, &till.token, &["--format", "json", "--store", &shop.stores[0]]);
    by_key.ready().await;
    shop.adjust("elsewhere", 0, 0, 7).await;
    shop.adjust("there", 0, 1, 9).await;
    one.until("nothing comes", |watch| watch.lines().iter().any(|line| line.contains("509"))).await;
    by_key.until("nothing comes", |watch| watch.json().iter().any(|line| line["onHand"] == 507)).await;
    let lines = one.lines();
    assert!(lines.iter().filter(|line| !line.starts_with("--")).all(|line| line.contains("S1") && line.contains("P0")), "{lines:?}");
    one.interrupt();
    let url = &shop.client.url;
    entrepot(&["watch", "--url", url, "--token", &shop.client.token, "--store", "S9"]).await.assert_failed(&["no store S9"]);
    entrepot(&["watch", "--url", url, "--token", "not-a-token"]).await.assert_failed(&["closed the socket", "Forbidden"]);
    entrepot(&["watch", "--url", "ftp://shop.example", "--token", "x"]).await.assert_failed(&["http or https"]);
    let foreign = json!({ "filter": null });
    let page = shop.client.execute("{ stockLevels(first: 1) { streamCursor } }", foreign).await;
    // With a cursor of another filter the stream starts from the beginning, and reports the reset.
    let cursor = page["stockLevels"]["streamCursor"].as_str().unwrap();
    let reset = Watch::start(&shop, &["--format", "json", "--store", "S0", "--after", cursor]);
    reset.ready().await;
    assert_eq!(reset.json()[0]["reset"], "CURSOR_FOREIGN");
});
