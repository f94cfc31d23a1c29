//! Web pages that may open sockets at `entrepot demo`: those of this machine, at every port, those that are listed, and no others.

use std::{process::Stdio, time::Duration};

use serde_json::json;

use super::{
    client::Socket,
    server::{Site, command, free_address},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_lets_pages_of_this_machine_and_listed_ones_open_sockets() {
    let (site, listen) = (Site::empty_sqlite(), free_address().to_string());
    let listed = "https://shop.example";
    let words = ["demo", "--plain", "--rows", "50", "--listen", &listen, "--origin", listed];
    let mut demo = tokio::process::Command::from(command(&words));
    let demo = demo.current_dir(&site.folder).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let _running = demo.spawn().unwrap();
    let url = format!("http://{listen}");
    let is_up = async || reqwest::get(format!("{url}/livez")).await.is_ok_and(|answer| answer.status() == 200);
    for _ in 0..600 {
        if is_up().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let of_host = |host: &str| [format!("http://{host}:5173"), format!("https://{host}:5173"), format!("https://{host}")];
    let local = ["localhost", "127.0.0.1", "[::1]"].into_iter().flat_map(of_host);
    for origin in local.chain([listed.to_owned()]) {
        let mut socket = Socket::of_page(&url, &origin).await;
        socket.send_message(json!({ "type": "ping" })).await;
        assert_eq!(socket.receive_message().await.map(|message| message["type"].clone()), Some(json!("pong")), "{origin}");
    }
    for origin in ["https://localhost.evil.example", "https://shop.example:8443", "https://other.example", "null"] {
        assert_eq!(Socket::of_page(&url, origin).await.closing().await.0, 4401, "{origin}");
    }
}
