//! The topology as an operator starts it: by `scripts/cluster.sh`, from local binaries.

use std::{collections::HashMap, fs, path::PathBuf, process::Stdio, time::Duration};

use entrepot::demo::generate::{self, Settings};
use tokio::time::timeout;

use super::{
    client::Client,
    replay::{counts, reached, replay, words},
    server::{Site, command, entrepot},
    shop::Shop,
    stream::{State, Stream, StreamOptions},
};
use crate::databases::random;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LIFTED: &str = "--budget off --tenant-budget off --anonymous-requests off --tenant-operations off --registration open";
const ROWS: u32 = 4_000;

/// Directory of the script's files.
struct Cluster(PathBuf);

impl Cluster {
    fn script(&self, args: &[&str]) -> std::process::Command {
        let mut script = std::process::Command::new("scripts/cluster.sh");
        script.args(args).current_dir(ROOT).stdin(Stdio::null());
        script
            .env("ENTREPOT_CLUSTER_DIR", &self.0)
            .env("ENTREPOT_BIN", env!("CARGO_BIN_EXE_entrepot"))
            .env("ENTREPOT_CLUSTER_FLAGS", LIFTED);
        script
    }

    /// Returns the script's output for these arguments; it must succeed.
    async fn run_script(&self, args: &[&str]) -> String {
        let running = tokio::process::Command::from(self.script(args)).kill_on_drop(true).output();
        let output = timeout(Duration::from_mins(3), running).await.expect("the script to end").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Returns the variables that it prints for a shell.
    async fn variables(&self) -> HashMap<String, String> {
        let lines = self.run_script(&["env"]).await;
        let variable = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.replace('\\', "")))
        };
        lines.lines().filter_map(variable).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.script(&["stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_starts_nodes_that_go_on_when_one_is_killed() {
    let Some(site) = Site::postgres().await else { return };
    let cluster = Cluster(site.folder.join("cluster"));
    cluster.run_script(&["start", "3"]).await;
    let variables = cluster.variables().await;
    let nodes: Vec<&str> = variables["ENTREPOT_NODES"].split(' ').collect();
    assert_eq!(nodes.len(), 3, "{variables:?}");
    let client = Client::register(&variables["ENTREPOT_URL"], &format!("shop-{:x}", random())).await;
    let file = site.folder.join("year.csv");
    generate::write(&Settings { rows: ROWS, ..Settings::default() }, fs::File::create(&file).unwrap()).unwrap();

    // A stream on the node that will be killed is resumed at another from its last position.
    let mut state = State::default();
    let mut stream = Stream::open(&client.at(nodes[1]), &StreamOptions::default()).await;
    stream.snapshot(&mut state).await;
    let other = client.at(nodes[2]);
    let watching = tokio::spawn(async move {
        while let Some(item) = stream.next().await {
            state.take(&item);
        }
        let before = state.news;
        let mut stream = Stream::open(&other, &StreamOptions { after: state.cursor.clone(), ..StreamOptions::default() }).await;
        while let Ok(Some(item)) = timeout(Duration::from_secs(8), stream.next()).await {
            state.take(&item);
        }
        (before, state)
    });

    let mut child = command(&words(&client, &file, None)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert!(reached(child.stdout.take().unwrap(), 30).await, "the replay ended before a node could die");
    cluster.run_script(&["kill", "2"]).await;
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(status.success(), "the replay did not go on at the others: {status}");
    cluster.run_script(&["revive", "2"]).await;
    assert_eq!(cluster.run_script(&["status"]).await.matches(": ready on").count(), 3);

    let again = replay(&client.at(nodes[1]), &file, None).await;
    assert!(again.has_succeeded(), "{again:?}");
    let (sent, there) = counts(&again);
    assert_eq!(sent, there, "all of it had arrived, nothing of it twice");
    let (before, state) = watching.await.unwrap();
    assert!(0 < before && before < state.news, "{before} of {} changes came from the node that died", state.news);
    let shop = Shop { client: client.clone(), stores: Vec::new(), products: Vec::new(), opening: Vec::new() };
    assert_eq!(state.figures(), shop.levels().await, "what the subscriber was told is how things stand");
    let proved = entrepot(&["verify", "--database-url", &variables["ENTREPOT_DATABASE_URL"]]).await;
    assert!(proved.has_succeeded(), "{proved:?}");
    cluster.run_script(&["stop"]).await;
    assert!(!cluster.0.exists(), "it leaves nothing behind");
}
