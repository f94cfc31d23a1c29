//! Three nodes on one Postgres and one Redis behind one address: a retailer's year goes in while one of them dies.

use std::{fs, process::Stdio, sync::Arc};

use entrepot::{
    demo::generate::{self, Settings},
    replay::{self, expect, intake, reader::RowReader},
};

use super::{
    front::Front,
    redis::Redis,
    replay::{counts, reached, replay, words},
    server::{Server, Site, command, free_address},
    stream::{State, Stream, StreamOptions},
};

const LIFTED: [&str; 8] =
    ["--budget", "off", "--tenant-budget", "off", "--anonymous-requests", "off", "--tenant-operations", "off"];
const ROWS: u32 = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_goes_in_through_three_nodes_while_one_dies() {
    let Some(site) = Site::postgres().await else { return };
    let Some(redis) = Redis::start().await else { return };
    let url = redis.url();
    let flags = [&LIFTED[..], &["--redis-url", &url]].concat();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Server::start_with(&site, free_address(), &flags).await);
    }
    let front = Front::over(nodes.iter().map(|node| node.address).collect()).await;
    let client = nodes[0].tenant().await.at(&front.url());
    let file = site.folder.join("year.csv");
    generate::write(&Settings { rows: ROWS, ..Settings::default() }, fs::File::create(&file).unwrap()).unwrap();

    // A stream is open on the node that stays.
    let mut stream = Stream::open(&client.at(&nodes[2].url()), &StreamOptions::default()).await;
    let mut state = State::default();
    stream.snapshot(&mut state).await;

    let mut child = command(&words(&client, &file, None)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert!(reached(child.stdout.take().unwrap(), 30).await, "the replay ended before a node could die");
    let victim = nodes.remove(1);
    let address = victim.address;
    victim.kill();
    let watching = tokio::spawn(async move {
        while let Ok(Some(item)) = tokio::time::timeout(std::time::Duration::from_secs(8), stream.next()).await {
            state.take(&item);
        }
        state
    });
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(status.success(), "the replay did not go on at the others: {status}");
    nodes.push(Server::start_with(&site, address, &flags).await);

    let again = replay(&client, &file, None).await;
    assert!(again.has_succeeded(), "{again:?}");
    let (sent, there) = counts(&again);
    assert_eq!(sent, there, "all of it had arrived, nothing of it twice");
    let plan = intake::plan(RowReader::open(&file).unwrap()).unwrap();
    let caller = Arc::new(replay::Client::new(&client.url, &client.token).unwrap());
    let compared = replay::verify(&caller, &plan, &expect::from_plan(&plan)).await.unwrap();
    assert_eq!(compared.differences(), 0, "{compared}");
    let state = watching.await.unwrap();
    let shop = super::shop::Shop { client: client.clone(), stores: Vec::new(), products: Vec::new(), opening: Vec::new() };
    assert_eq!(state.figures(), shop.levels().await, "what the subscriber was told is how things stand");
    println!("{sent} documents through three nodes, one of which died; {} changes seen by a subscriber", state.news);
    drop(nodes);
    site.verify().await;
}
